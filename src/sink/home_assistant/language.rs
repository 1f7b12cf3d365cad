//! Names for people, in English and in German.
//!
//! ```text
//! energy_import_t1     Energy import T1     Bezug T1
//! power_net            Power                Leistung
//! ```
//!
//! The words are those on an Austrian bill: what a house draws is its Bezug, what it feeds in its
//! Einspeisung. The name of the net power is the shortest one, since people look at it most.

/// The language of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameLanguage {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// The beginning of an identifier, and its name in both languages.
struct NameWords(&'static str, &'static str, &'static str);

#[rustfmt::skip]
const WORDS: [NameWords; 28] = [
    NameWords("energy_import_today",    "Energy import today",    "Bezug heute"),
    NameWords("energy_export_today",    "Energy export today",    "Einspeisung heute"),
    NameWords("power_import_mean",      "Power import, mean",     "Leistung Bezug, Mittel"),
    NameWords("power_export_mean",      "Power export, mean",     "Leistung Einspeisung, Mittel"),
    NameWords("power_import_forecast",  "Power import, forecast", "Leistung Bezug, Vorschau"),
    NameWords("power_export_forecast",  "Power export, forecast", "Leistung Einspeisung, Vorschau"),
    NameWords("power_import_peak",      "Power import, peak of the month", "Leistung Bezug, Spitze des Monats"),
    NameWords("reactive_power_import_mean", "Reactive power import, mean", "Blindleistung Bezug, Mittel"),
    NameWords("reactive_power_export_mean", "Reactive power export, mean", "Blindleistung Einspeisung, Mittel"),
    NameWords("energy_import",          "Energy import",          "Bezug"),
    NameWords("energy_export",          "Energy export",          "Einspeisung"),
    NameWords("reactive_energy_import", "Reactive energy import", "Blindenergie Bezug"),
    NameWords("reactive_energy_export", "Reactive energy export", "Blindenergie Einspeisung"),
    NameWords("power_net",              "Power",                  "Leistung"),
    NameWords("power_import",           "Power import",           "Leistung Bezug"),
    NameWords("power_export",           "Power export",           "Leistung Einspeisung"),
    NameWords("reactive_power_import",  "Reactive power import",  "Blindleistung Bezug"),
    NameWords("reactive_power_export",  "Reactive power export",  "Blindleistung Einspeisung"),
    NameWords("voltage",                "Voltage",                "Spannung"),
    NameWords("current",                "Current",                "Strom"),
    NameWords("power_factor",           "Power factor",           "Leistungsfaktor"),
    NameWords("frequency",              "Frequency",              "Frequenz"),
    NameWords("meter_time",             "Meter time",             "Zähleruhr"),
    NameWords("meter_number",           "Meter number",           "Zählernummer"),
    NameWords("telegrams_lost",         "Lost telegrams",         "Verlorene Telegramme"),
    NameWords("frames_damaged",         "Damaged frames",         "Fehlerhafte Datenblöcke"),
    NameWords("clock_drift",            "Clock drift",            "Abweichung der Uhr"),
    NameWords("item",                   "Item",                   "Objekt"),
];

impl NameLanguage {
    /// The name of an entity: `voltage_l1` is `Voltage L1` or `Spannung L1`.
    pub fn name(self, id: &str) -> String {
        let words = |it: &NameWords| Some((it.text(self), it.rest(id)?));
        let (text, rest) = WORDS.iter().find_map(words).unwrap_or((id, ""));
        let rest = rest.split('_').filter(|word| !word.is_empty());
        rest.fold(text.to_owned(), |name, word| format!("{name} {}", word.to_ascii_uppercase()))
    }

    /// The name of a device that nobody has named.
    pub const fn device(self) -> &'static str {
        match self {
            Self::English => "Smart meter",
            Self::German => "Stromzähler",
        }
    }
}

impl NameWords {
    const fn text(&self, language: NameLanguage) -> &'static str {
        match language {
            NameLanguage::English => self.1,
            NameLanguage::German => self.2,
        }
    }

    /// The rest of an identifier that begins with these words: a phase, a tariff, an occurrence.
    fn rest<'a>(&self, id: &'a str) -> Option<&'a str> {
        id.strip_prefix(self.0).filter(|rest| rest.is_empty() || rest.starts_with('_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_well_in_both_languages() {
        for (id, english, german) in [
            ("energy_import", "Energy import", "Bezug"),
            ("energy_export_t2", "Energy export T2", "Einspeisung T2"),
            ("reactive_energy_import_t3", "Reactive energy import T3", "Blindenergie Bezug T3"),
            ("power_net", "Power", "Leistung"),
            ("power_export_l3", "Power export L3", "Leistung Einspeisung L3"),
            ("power_factor_l2", "Power factor L2", "Leistungsfaktor L2"),
            ("current_l1", "Current L1", "Strom L1"),
            ("energy_import_2", "Energy import 2", "Bezug 2"),
            ("item_7", "Item 7", "Objekt 7"),
        ] {
            assert_eq!(NameLanguage::English.name(id), english);
            assert_eq!(NameLanguage::German.name(id), german);
        }
    }
}
