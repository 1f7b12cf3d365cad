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
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let means = |(meanings, _): &&(&[&str], _)| {
        meanings.iter().all(|meaning| words.iter().any(|word| word == meaning))
    };
    if let Some((_, name)) = MEANINGS.iter().find(means) {
        return name;
    }
    // A name that begins so, or has the word in it, means more than one with as many letters.
    let close = names.clone().map(|name| strsim::damerau_levenshtein(name, &text)).min();
    if let Some(name) = names.clone().find(|name| name.starts_with(&text) && text.len() > 2)
        && close > Some(2)
    {
        return name;
    }
    names.min_by_key(|name| strsim::damerau_levenshtein(name, &text)).unwrap_or_default()
}

/// Words of people and of other programs, in English and German, and the field that they mean. All
/// words of a line have to be there; the longer lines come first.
const MEANINGS: [(&[&str], &str); 62] = [
    (&["energy", "export"], "energy_export_wh"),
    (&["energy", "out"], "energy_export_wh"),
    (&["energy", "import"], "energy_import_wh"),
    (&["power", "export"], "power_export_w"),
    (&["power", "out"], "power_export_w"),
    (&["power", "import"], "power_import_w"),
    (&["power", "in"], "power_import_w"),
    (&["power", "factor"], "power_factor"),
    (&["power", "net"], "power_net_w"),
    (&["p", "in"], "power_import_w"),
    (&["p", "out"], "power_export_w"),
    (&["cos", "phi"], "power_factor"),
    (&["reactive", "energy"], "reactive_energy_import_varh"),
    (&["reactive", "power"], "reactive_power_import_var"),
    (&["system", "title"], "system_title"),
    (&["u1"], "voltage_l1_v"),
    (&["u2"], "voltage_l2_v"),
    (&["u3"], "voltage_l3_v"),
    (&["i1"], "current_l1_a"),
    (&["i2"], "current_l2_a"),
    (&["i3"], "current_l3_a"),
    (&["einspeisung"], "energy_export_wh"),
    (&["lieferung"], "energy_export_wh"),
    (&["bezug"], "energy_import_wh"),
    (&["verbrauch"], "energy_import_wh"),
    (&["consumption"], "energy_import_wh"),
    (&["zählerstand"], "energy_import_wh"),
    (&["arbeit"], "energy_import_wh"),
    (&["energie"], "energy_import_wh"),
    (&["energy"], "energy_import_wh"),
    (&["kwh"], "energy_import_wh"),
    (&["wh"], "energy_import_wh"),
    (&["feedin"], "energy_export_wh"),
    (&["leistung"], "power_net_w"),
    (&["power"], "power_net_w"),
    (&["watt"], "power_net_w"),
    (&["w"], "power_net_w"),
    (&["spannung"], "voltage_l1_v"),
    (&["voltage"], "voltage_l1_v"),
    (&["strom"], "current_l1_a"),
    (&["current"], "current_l1_a"),
    (&["export"], "energy_export_wh"),
    (&["import"], "energy_import_wh"),
    (&["blindleistung"], "reactive_power_import_var"),
    (&["blindenergie"], "reactive_energy_import_varh"),
    (&["blind"], "reactive_power_import_var"),
    (&["l1"], "voltage_l1_v"),
    (&["l2"], "voltage_l2_v"),
    (&["l3"], "voltage_l3_v"),
    (&["netz"], "power_net_w"),
    (&["p"], "power_net_w"),
    (&["leistungsfaktor"], "power_factor"),
    (&["cosphi"], "power_factor"),
    (&["pf"], "power_factor"),
    (&["frequenz"], "frequency_hz"),
    (&["timestamp"], "time"),
    (&["date"], "time"),
    (&["datum"], "time"),
    (&["uhrzeit"], "time"),
    (&["zeit"], "time"),
    (&["zähler"], "meter"),
    (&["serial"], "meter"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::fields::of_name;

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
        ] {
            assert_eq!(nearest(text), name, "{text}");
        }
        for (_, name) in MEANINGS {
            assert!(list().lines().any(|line| line.split(' ').next() == Some(name)), "{name}");
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
