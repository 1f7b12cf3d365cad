//! The user's choice of fields: `--fields time,energy_import_wh,1-0:99.1.0,item_3`.

use crate::{
    cosem::obis::Obis,
    format::{
        key::{FieldKey, Meta},
        printable::printable,
        units::{Units, symbol},
        usage::Usage,
    },
    reading::fields::{FIELDS, Field},
};

/// The fields to show, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    keys: Vec<FieldKey>,
}

impl Selection {
    /// Reads names between commas. Names may carry the unit that the user chose.
    ///
    /// # Errors
    /// An unknown name, with the nearest known one; a name that stands twice.
    pub fn parse(text: &str, units: &Units) -> Result<Self, Usage> {
        let mut keys = Vec::new();
        for name in text.split(',').map(str::trim) {
            let key = FieldKey::parse(name, units).ok_or_else(|| unknown(name))?;
            if keys.contains(&key) {
                return Err(Usage(format!("field {} stands twice", printable(name))));
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }

    /// The names, in their order.
    #[must_use]
    pub fn keys(&self) -> &[FieldKey] {
        &self.keys
    }
}

/// All names, a line each: the name, its OBIS code, its unit or description.
#[must_use]
pub fn list() -> String {
    let about = Meta::ALL.map(|meta| format!("{:<30}  {}\n", meta.name(), meta.about()));
    let field = |field: &Field| {
        let code = match field.code {
            Some([c, d, e]) => format!("1-0:{c}.{d}.{e}"),
            None => "computed".to_owned(),
        };
        let line = format!("{:<30}  {code:<10}  {}", field.name, symbol(field.unit));
        format!("{}\n", line.trim_end())
    };
    about.into_iter().chain(FIELDS.iter().map(field)).collect()
}

pub(super) fn unknown(text: &str) -> Usage {
    if text.is_empty() {
        return Usage("a field without a name: two commas, or one at an end".to_owned());
    }
    // People write 1.8.0 and mean electricity without a channel.
    let short: Option<Obis> = format!("1-0:{text}").parse().ok();
    let nearest = short.map(|obis| obis.to_string()).unwrap_or_else(|| nearest(text).to_owned());
    Usage(format!("no field is called {}: did you mean {nearest}?", printable(text)))
}

fn nearest(text: &str) -> &'static str {
    let metas = Meta::ALL.into_iter().map(Meta::name);
    let names = metas.chain(FIELDS.iter().map(|field| field.name));
    let text: String = text.chars().take(64).collect::<String>().to_lowercase();
    names.min_by_key(|name| strsim::damerau_levenshtein(name, &text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::fields::of_name;

    fn parse(text: &str) -> Result<Vec<FieldKey>, String> {
        let mut units = Units::default();
        units.choose("energy=kWh").unwrap();
        let selection = Selection::parse(text, &units).map_err(|usage| usage.to_string());
        selection.map(|selection| selection.keys().to_vec())
    }

    #[test]
    fn names_codes_and_places_are_taken_in_their_order() {
        let place = of_name("energy_import_wh").unwrap();
        assert_eq!(
            parse("power_net_w, time,energy_import_wh,energy_import_kwh#2,item_3").unwrap(),
            [
                FieldKey::Field(of_name("power_net_w").unwrap(), 1),
                FieldKey::Meta(Meta::Time),
                FieldKey::Field(place, 1),
                FieldKey::Field(place, 2),
                FieldKey::Item(3),
            ]
        );
        let obis = Obis([1, 0, 99, 1, 0, 255]);
        assert_eq!(parse("1-0:99.1.0").unwrap(), [FieldKey::Object(obis, 1)]);
        assert_eq!(parse("1.0.99.1.0.255#2").unwrap(), [FieldKey::Object(obis, 2)]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_one() {
        for (text, answer) in [
            (
                "time,enrgy_import",
                "no field is called enrgy_import: did you mean energy_import_wh?",
            ),
            ("Meter", "no field is called Meter: did you mean meter?"),
            ("1.8.0", "no field is called 1.8.0: did you mean 1-0:1.8.0?"),
            ("item_0", "no field is called item_0: did you mean time?"),
            ("time,,meter", "a field without a name: two commas, or one at an end"),
            ("", "a field without a name: two commas, or one at an end"),
            ("time,time", "field time stands twice"),
            ("1-0:99.1.0,1.0.99.1.0.255#1", "field 1.0.99.1.0.255#1 stands twice"),
        ] {
            assert_eq!(parse(text).unwrap_err(), answer);
        }
        for text in ["item_+3", "power_net_w#0", "power_net_w#x", "a\x1b[2J"] {
            assert!(!parse(text).unwrap_err().contains('\x1b'), "{text}");
        }
    }

    #[test]
    fn the_list_has_every_name_and_each_can_be_selected() {
        let list = list();
        let names: Vec<_> =
            list.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(names.len(), Meta::ALL.len() + FIELDS.len());
        assert_eq!(parse(&names.join(",")).unwrap().len(), names.len());
        assert_eq!(names[Meta::ALL.len()], "energy_import_wh");
        assert!(list.contains("\nenergy_import_wh                1-0:1.8.0   Wh\n"), "{list}");
        assert!(list.contains("\npower_factor                    1-0:13.7.0\n"), "{list}");
    }
}
