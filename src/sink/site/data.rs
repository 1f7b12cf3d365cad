//! `/data.json`: the values of a meter in the shape of amsleser (amsreader-firmware).
//!
//! ```text
//! {"meter":"181220000009","time":"2021-09-27T09:47:15+02:00","i":0,"e":0,"w":0,"ic":12.937,"ec":0.000,
//!  "f":1.000,"l1":{"u":233.7,"i":0.00},"l2":{"u":0.0,"i":0.00},"l3":{"u":0.0,"i":0.00}}
//! ```
//!
//! | key | value | key | value |
//! |---|---|---|---|
//! | `i`, `e` | power drawn, fed in; W | `ic`, `ec` | energy drawn, fed in; kWh |
//! | `w` | `i` less `e` | `ric`, `rec` | reactive energy; kvarh |
//! | `ri`, `re` | reactive power; var | `f` | power factor |
//! | `l1`, `l2`, `l3` | an object each: | `u`, `i`, `p`, `f` | voltage, current, power and power factor |
//!
//! Two sources fix the names and units: evcc reads `.w`, `.e`, `.ic`, `.ec`, `.l1.u`, `.l1.i` and `.l1.p`
//! (evcc-io/evcc, `templates/definition/meter/amsleser.yaml`, in version 0.99 as in commit 081349fed that
//! brought it), and the firmware writes them, and the others here (UtilitechAS/amsreader-firmware, `dataJson`
//! in `lib/SvelteUi/src/AmsWebServer.cpp`, an example in `lib/SvelteUi/app/mock-data/data.json`). `meter`,
//! `time` and `received` are our own; the firmware's values about itself are absent.
//!
//! `p` differs: the firmware writes the power drawn, and that fed in as `q`. Here `p` is negative while
//! feeding in and `q` is absent, because evcc takes the direction of a current from the sign of `p`
//! (`updateGridMeter` in `core/site.go`).

use crate::{
    format::{
        json_string,
        key::{FieldKey, Meta},
        readings::{ReadingValue, Readings},
    },
    reading::{decimal::Decimal, fields},
};

/// The page.
#[derive(Clone, Debug)]
pub struct DataPage {
    /// The chosen readings; all without a choice.
    keys: Option<Vec<FieldKey>>,
    absent: AbsentValue,
}

/// The member for a value of a phase that the meter does not send. A register or a power of the whole
/// meter is never made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentValue {
    /// Nothing.
    Omitted,
    /// A zero, as the firmware of amsleser writes it.
    Zero,
}

/// The key of a value, its published name, and the power of ten by which its unit is larger.
type DataValue = (&'static str, &'static str, i16);

#[rustfmt::skip]
const TOTALS: [DataValue; 10] = [
    ("i",   "power_import_w",              0),
    ("e",   "power_export_w",              0),
    ("w",   "power_net_w",                 0),
    ("ri",  "reactive_power_import_var",   0),
    ("re",  "reactive_power_export_var",   0),
    ("ic",  "energy_import_wh",            3),
    ("ec",  "energy_export_wh",            3),
    ("ric", "reactive_energy_import_varh", 3),
    ("rec", "reactive_energy_export_varh", 3),
    ("f",   "power_factor",                0),
];

const PHASES: [&str; 3] = ["l1", "l2", "l3"];

impl DataPage {
    /// With all readings or those selected.
    pub const fn new(keys: Option<Vec<FieldKey>>, absent: AbsentValue) -> Self {
        Self { keys, absent }
    }

    /// The page for these readings.
    pub fn of(&self, readings: &Readings) -> Vec<u8> {
        let mut object = DataObject::default();
        for meta in [Meta::Meter, Meta::Time, Meta::Received] {
            let text = readings.meta(meta);
            text.into_iter()
                .for_each(|value| json_string::write(value, object.member(meta.name())));
        }
        for (key, name, power) in TOTALS {
            object.number(key, self.number(readings, name, power));
        }
        for phase in PHASES {
            let values = self.phase(readings, phase);
            if !values.0.is_empty() {
                object.member(phase).extend_from_slice(&values.closed());
            }
        }
        let mut text = object.closed();
        text.push(b'\n');
        text
    }

    fn phase(&self, readings: &Readings, phase: &str) -> DataObject {
        let mut object = DataObject::default();
        let number = |name: &str| self.number(readings, &name.replace('*', phase), 0);
        let (import, export) = (number("power_import_*_w"), number("power_export_*_w"));
        let power = match (import, export) {
            (import, None) => import,
            (import, Some(export)) => import.unwrap_or(Decimal::new(0, 0)).minus(export),
        };
        let zero = (self.absent == AbsentValue::Zero).then_some(Decimal::new(0, 0));
        object.number("u", number("voltage_*_v").or(zero));
        object.number("i", number("current_*_a").or(zero));
        object.number("p", power.or(zero));
        object.number("f", number("power_factor_*"));
        object
    }

    fn number(&self, readings: &Readings, name: &str, power: i16) -> Option<Decimal> {
        let key = FieldKey::Field(fields::of_name(name)?, 1);
        let is_chosen = self.keys.as_ref().is_none_or(|keys| keys.contains(&key));
        match readings.get(key) {
            Some(ReadingValue::Number(number)) if is_chosen => Some(number.in_larger_unit(power)),
            _ => None,
        }
    }
}

/// A JSON object without its braces.
#[derive(Debug, Default)]
struct DataObject(Vec<u8>);

impl DataObject {
    /// Begins a member; its value follows.
    fn member(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        json_string::write(key, &mut self.0);
        self.0.push(b':');
        &mut self.0
    }

    fn number(&mut self, key: &str, number: Option<Decimal>) {
        number.into_iter().for_each(|number| number.write(self.member(key)));
    }

    fn closed(self) -> Vec<u8> {
        [b"{", self.0.as_slice(), b"}"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::units::Units;

    fn page(absent: AbsentValue, keys: Option<&[&str]>, members: &str) -> String {
        let readings = Readings::parse(format!("{{{members}}}").as_bytes()).unwrap();
        let keys = keys.map(|keys| {
            keys.iter().filter_map(|key| FieldKey::parse(key, &Units::default())).collect()
        });
        String::from_utf8(DataPage::new(keys, absent).of(&readings)).unwrap()
    }

    #[test]
    fn every_key_has_its_reading_with_its_exact_digits() {
        let members = concat!(
            r#""time":"2021-09-27T09:47:15+02:00","received":"2026-08-24T21:03:17.482Z","meter":"1\"2","#,
            r#""energy_import_wh":12937,"energy_export_wh":5,"reactive_energy_import_varh":1000,"#,
            r#""reactive_energy_export_varh":0,"power_import_w":0,"power_export_w":8615,"power_net_w":-8615,"#,
            r#""power_import_l1_w":7,"power_export_l1_w":3000,"power_import_l2_w":1.5,"power_export_l3_w":2,"#,
            r#""reactive_power_import_var":3,"reactive_power_export_var":4,"voltage_l1_v":233.70,"#,
            r#""current_l1_a":0.00,"power_factor":1.000,"power_factor_l3":0.9"#
        );
        let expected = concat!(
            r#"{"meter":"1\"2","time":"2021-09-27T09:47:15+02:00","received":"2026-08-24T21:03:17.482Z","#,
            r#""i":0,"e":8615,"w":-8615,"ri":3,"re":4,"ic":12.937,"ec":0.005,"ric":1.000,"rec":0.000,"#,
            r#""f":1.000,"l1":{"u":233.70,"i":0.00,"p":-2993},"l2":{"p":1.5},"l3":{"p":-2,"f":0.9}}"#,
            "\n"
        );
        assert_eq!(page(AbsentValue::Omitted, None, members), expected);
    }

    #[test]
    fn nothing_is_made_up_but_zeros_of_phases_on_demand() {
        let members = r#""power_net_w":5"#;
        assert_eq!(page(AbsentValue::Omitted, None, members), "{\"w\":5}\n");
        let zeros = r#"{"u":0,"i":0,"p":0}"#;
        assert_eq!(
            page(AbsentValue::Zero, None, members),
            format!("{{\"w\":5,\"l1\":{zeros},\"l2\":{zeros},\"l3\":{zeros}}}\n")
        );
    }

    #[test]
    fn a_selection_chooses_among_the_values() {
        let members =
            r#""energy_import_wh":1,"power_net_w":5,"voltage_l1_v":233.7,"voltage_l2_v":1"#;
        let keys = ["voltage_l1_v", "energy_import_wh"];
        let page = page(AbsentValue::Omitted, Some(&keys), members);
        assert_eq!(page, "{\"ic\":0.001,\"l1\":{\"u\":233.7}}\n");
    }
}
