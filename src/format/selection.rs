//! The user's choice of fields: `--fields time,energy_import_wh,1-0:99.1.0,item_3`.

use std::collections::BTreeSet;

use crate::{
    cosem::obis::Obis,
    format::{
        key::{FieldKey, Meta},
        printable::printable,
        units::{Units, symbol},
        usage::Usage,
        words::meant,
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
    // People write 1.8.0 and mean electricity without a channel, or 1-0:1.8.0.255.
    let code = |text: String| text.parse::<Obis>().ok();
    let code = code(format!("1-0:{text}")).or_else(|| code(text.replace(['-', ':', '*'], ".")));
    let nearest = code.map(|obis| obis.to_string()).or_else(|| nearest(text).map(str::to_owned));
    let text = printable(text);
    Usage(match nearest {
        Some(nearest) => format!("no field is called {text}: did you mean {nearest}?"),
        None => format!("no field is called {text}: --list-fields prints all names"),
    })
}

/// The name that the words of a text mean, or that has nearly the same letters.
fn nearest(text: &str) -> Option<&'static str> {
    let names = || Meta::ALL.into_iter().map(Meta::name).chain(FIELDS.iter().map(|it| it.name));
    let text: String = text.chars().take(64).collect::<String>().to_lowercase();
    let close = |name: &&str| strsim::damerau_levenshtein(name, &text);
    if let Some(name) = names().min_by_key(close).filter(|name| close(name) * 6 <= name.len()) {
        return Some(name);
    }
    let parts: BTreeSet<_> = names().flat_map(|name| name.split('_')).collect();
    let words: Vec<_> = text
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(|word| meant(word, &parts).split('_'))
        .collect();
    let meant =
        |name: &&str| words.iter().filter(|word| name.split('_').any(|it| it == **word)).count();
    let most = names().map(|name| meant(&name)).max().filter(|most| *most > 0)?;
    let mut usual = USUAL.into_iter().chain(names());
    usual.find(|name| meant(name) == most)
}

/// The fields that a word alone means, the most usual one first.
const USUAL: [&str; 12] = [
    "energy_import_wh",
    "energy_export_wh",
    "power_net_w",
    "power_import_w",
    "power_export_w",
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "current_l1_a",
    "current_l2_a",
    "current_l3_a",
    "time",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{format::words::WORDS, reading::fields::of_name};

    #[test]
    fn a_code_in_another_form_is_answered_by_the_right_one() {
        for (text, code) in
            [("1.8.0", "1-0:1.8.0"), ("1-0:1.8.0.255", "1-0:1.8.0"), ("1-0:2.7.0*255", "1-0:2.7.0")]
        {
            let told = Selection::parse(text, &Units::default()).err().map(|error| error.0);
            let meant = format!("no field is called {text}: did you mean {code}?");
            assert!(told.is_none_or(|told| told == meant), "{text}");
        }
        assert!(Selection::parse("1-0:1.8.0.255", &Units::default()).is_err());
    }

    #[test]
    fn a_word_is_answered_by_its_meaning() {
        for (text, name) in [
            ("energy", "energy_import_wh"),
            ("Energy", "energy_import_wh"),
            ("power", "power_net_w"),
            ("voltage", "voltage_l1_v"),
            ("Einspeisung", "energy_export_wh"),
            ("power_in", "power_import_w"),
            ("cos_phi", "power_factor"),
            ("timestamp", "time"),
            ("energy_import", "energy_import_wh"),
            ("export", "energy_export_wh"),
            ("L2", "voltage_l2_v"),
            ("p_in", "power_import_w"),
            ("cosphi", "power_factor"),
            ("uhrzeit", "time"),
            ("import", "energy_import_wh"),
            ("verbrauch", "energy_import_wh"),
            ("zaehlerstand", "energy_import_wh"),
            ("Zählerstand", "energy_import_wh"),
            ("Zaehler", "meter"),
            ("strom", "current_l1_a"),
            ("netto", "power_net_w"),
            ("PV", "energy_export_wh"),
            ("heute", "energy_import_today_wh"),
            ("Seriennummer", "meter"),
            ("name", "device"),
            ("total", "energy_import_wh"),
            ("current_l2", "current_l2_a"),
            ("l1_voltage", "voltage_l1_v"),
            ("u_l3", "voltage_l3_v"),
            ("spanung", "voltage_l1_v"),
            ("counter", "invocation_counter"),
            ("frame_counter", "invocation_counter"),
            ("tarif", "energy_import_t1_wh"),
            ("energy_t2", "energy_import_t2_wh"),
            ("hz", "frequency_hz"),
            ("einspeisung_w", "power_export_w"),
            ("leistung_bezug", "power_import_w"),
            ("bezug_kwh", "energy_import_wh"),
            ("reactive", "reactive_energy_import_varh"),
            ("blindleistung", "reactive_power_import_var"),
            ("title", "system_title"),
            ("p_l1", "power_import_l1_w"),
            ("mean", "power_import_mean_w"),
            ("energy_imprt_wh", "energy_import_wh"),
        ] {
            assert_eq!(nearest(text), Some(name), "{text}");
        }
        for text in ["obis", "status", "unit", "value", "xyz", "item_0", "_", "99"] {
            assert_eq!(nearest(text), None, "{text}");
        }
        let all = list();
        let parts: BTreeSet<_> = all
            .lines()
            .filter_map(|line| line.split(' ').next())
            .flat_map(|name| name.split('_'))
            .collect();
        for part in WORDS.iter().flat_map(|(_, part)| part.split('_')) {
            assert!(parts.contains(part), "{part}");
        }
        for name in USUAL {
            assert!(all.lines().any(|line| line.split(' ').next() == Some(name)), "{name}");
        }
    }

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
            ("item_0", "no field is called item_0: --list-fields prints all names"),
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
