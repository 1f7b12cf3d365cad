//! Solarview: the registers of a meter as a readout of IEC 62056-21 would show them.
//!
//! ```text
//! /?!
//! /KAIFA
//! 1.8.0(005305.034*kWh)
//! 2.8.0(000000.000*kWh)
//! !
//! ```
//!
//! Solarview reads exactly this form: LF, no channel in front of the code, ten characters a value,
//! three of them behind the point. Readers of the standard refuse it; the [strict
//! style](Style::Strict) is for them. A register that the meter did not send has no line: a zero
//! would be a wrong value.

use crate::{
    cosem::{obis::Obis, unit::Unit},
    format::{
        key::{FieldKey, Meta},
        latest::LatestReadings,
        options::FormatEntry,
        printable::printable,
        readings::{Member, ReadingValue, Readings},
        selection::Selection,
        snapshot::{Page, SnapshotFormat},
        units::Units,
        usage::Usage,
    },
    hex::canonical,
    reading::{
        decimal::Decimal,
        fields::{self, FIELDS},
    },
};

/// How the readout is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As Solarview reads it.
    #[default]
    Solarview,
    /// As the standard (also called D0) defines it: an identification, whole codes, CR LF.
    Strict,
    /// As kaifareader has written it since it lets its user choose the registers: all of them, in
    /// the units of the meter, with a `*` also without a unit, and `W` for reactive energy.
    Kaifareader,
}

/// The digits behind the point.
const DECIMALS: i16 = 3;

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "solarview",
    help: "The last energy registers in Solarview's format, at the end",
    own: &[],
    build: |options| {
        options.names.refuse("solarview")?;
        let keys = options.selection.as_ref().map(Selection::keys);
        let format = Solarview::new(keys, options.units, Style::default())?;
        Ok(Box::new(SnapshotFormat::new(format)))
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Solarview {
    keys: Vec<FieldKey>,
    units: Units,
    style: Style,
    /// The user chose no unit for reactive energy.
    is_plain_reactive: bool,
}

impl Solarview {
    /// With the registers of the style, or these in this order. The default unit of energy is kWh, and
    /// Wh in the style of kaifareader.
    ///
    /// # Errors
    /// A field without a code: it is no register.
    pub fn new(keys: Option<&[FieldKey]>, mut units: Units, style: Style) -> Result<Self, Usage> {
        let keys = keys.map_or_else(|| style.registers(), <[_]>::to_vec);
        if let Some(key) = keys.iter().find(|key| code(**key).is_none()) {
            let name = key.text(&units);
            return Err(Usage(format!("solarview: {} has no OBIS code", printable(&name))));
        }
        for unit in [Unit::WATT_HOUR, Unit::VAR_HOUR, Unit::WATT, Unit::VAR] {
            if units.power(unit) > DECIMALS {
                let symbol = units.apply(Decimal::new(0, 0), unit).1;
                let why = format!("{DECIMALS} decimals, too few for {symbol}");
                return Err(Usage(format!("solarview: numbers have {why}: choose a smaller unit")));
            }
        }
        let is_plain_reactive = !units.is_chosen(Unit::VAR_HOUR);
        for (unit, choice) in
            [(Unit::WATT_HOUR, "energy=kWh"), (Unit::VAR_HOUR, "reactive-energy=kvarh")]
        {
            if style != Style::Kaifareader && !units.is_chosen(unit) {
                units.choose(choice)?;
            }
        }
        Ok(Self { keys, units, style, is_plain_reactive })
    }

    /// Appends the readout, if any of its registers is there.
    pub fn readings(&self, readings: &Readings, text: &mut Vec<u8>) {
        let lines = self.keys.iter().filter_map(|key| self.line(readings.member(*key)?));
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return;
        }
        let (head, end) = match self.style {
            Style::Solarview | Style::Kaifareader => ("/?!\n/KAIFA\n".to_owned(), "\n"),
            Style::Strict => (format!("{}\r\n\r\n", identification(readings)), "\r\n"),
        };
        text.extend_from_slice(head.as_bytes());
        for line in lines.iter().map(String::as_str).chain(["!"]) {
            text.extend_from_slice(line.as_bytes());
            text.extend_from_slice(end.as_bytes());
        }
    }

    fn line(&self, member: &Member) -> Option<String> {
        let ReadingValue::Number(number) = member.value else {
            return None;
        };
        let Obis([a, b, c, d, e, f]) = code(member.key)?;
        let (number, unit) = match member.key {
            FieldKey::Field(place, _) => self.units.apply(number, FIELDS.get(place)?.unit),
            _ => (number, member.unit.clone()),
        };
        let (value, unit) = (padded(number)?, printable(&unit).into_owned());
        let (unit, separator) = match self.style {
            Style::Kaifareader if unit == "varh" && self.is_plain_reactive => ("W".to_owned(), "*"),
            Style::Solarview | Style::Strict if unit.is_empty() => (unit, ""),
            _ => (unit, "*"),
        };
        Some(match self.style {
            Style::Solarview | Style::Kaifareader => {
                format!("{c}.{d}.{e}({value}{separator}{unit})")
            }
            Style::Strict => format!("{a}-{b}:{c}.{d}.{e}*{f}({value}{separator}{unit})"),
        })
    }
}

impl Page for Solarview {
    /// A readout has room for one meter: the last seen.
    fn write(&self, latest: &LatestReadings, text: &mut Vec<u8>) {
        if let Some(seen) = latest.pick(None) {
            self.readings(&seen.readings, text);
        }
    }

    fn is_for_one_meter(&self) -> bool {
        true
    }
}

impl Style {
    /// The registers without a choice of the user.
    fn registers(self) -> Vec<FieldKey> {
        match self {
            Self::Solarview | Self::Strict => vec![FieldKey::Field(0, 1), FieldKey::Field(1, 1)],
            Self::Kaifareader => {
                let places = KAIFAREADER.iter().filter_map(|name| fields::of_name(name));
                places.map(|place| FieldKey::Field(place, 1)).collect()
            }
        }
    }
}

/// In the order of kaifareader's sample configuration.
const KAIFAREADER: [&str; 13] = [
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "current_l1_a",
    "current_l2_a",
    "current_l3_a",
    "power_import_w",
    "power_export_w",
    "energy_import_wh",
    "energy_export_wh",
    "reactive_energy_import_varh",
    "reactive_energy_export_varh",
    "power_factor",
];

/// The code of a register.
fn code(key: FieldKey) -> Option<Obis> {
    match key {
        FieldKey::Field(place, 1) => {
            let [c, d, e] = FIELDS.get(place)?.code?;
            Some(Obis([1, 0, c, d, e, 255]))
        }
        FieldKey::Object(obis, 1) => Some(obis),
        _ => None,
    }
}

/// The number with three digits behind the point, and zeros in front up to ten characters, the sign
/// among them. A larger number is longer.
fn padded(number: Decimal) -> Option<String> {
    let text = number.with_decimals(DECIMALS)?.to_string();
    Some(match text.strip_prefix('-') {
        Some(digits) => format!("-{digits:0>9}"),
        None => format!("{text:0>10}"),
    })
}

/// `/KFM5\2181220000009`: the manufacturer as the system title names it, and the meter's number.
fn identification(readings: &Readings) -> String {
    let title = readings.meta(Meta::SystemTitle).and_then(|title| {
        let mut octets = Vec::new();
        canonical::decode(title.get(..6)?.as_bytes(), &mut octets).ok()?;
        String::from_utf8(octets).ok()
    });
    let letters = |title: &String| title.bytes().all(|octet| octet.is_ascii_uppercase());
    let maker = title.filter(letters).unwrap_or_else(|| "XXX".to_owned());
    let meter = readings.meta(Meta::Meter).unwrap_or_default().chars();
    let meter: String = meter.filter(char::is_ascii_alphanumeric).take(16).collect();
    let meter = if meter.is_empty() { "meterpipe" } else { &meter };
    format!("/{maker}5\\2{meter}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::selection::Selection;

    fn page(style: Style, fields: Option<&str>, line: &str) -> String {
        let units = Units::default();
        let fields = fields.map(|fields| Selection::parse(fields, &units).unwrap());
        let keys = fields.as_ref().map(Selection::keys);
        let mut text = Vec::new();
        let readings = Readings::parse(line.as_bytes()).unwrap();
        Solarview::new(keys, units, style).unwrap().readings(&readings, &mut text);
        String::from_utf8(text).unwrap()
    }

    fn energy(number: &str) -> String {
        let page = page(Style::Solarview, None, &format!("{{\"energy_import_wh\":{number}}}"));
        page.lines().nth(2).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_file_is_the_one_that_solarview_knows() {
        // The readout that the exporters of today publish as their example.
        let line = r#"{"meter":"1","energy_import_wh":166429,"energy_export_wh":1176026}"#;
        let expected = "/?!\n/KAIFA\n1.8.0(000166.429*kWh)\n2.8.0(001176.026*kWh)\n!\n";
        assert_eq!(page(Style::Solarview, None, line), expected);
        let mut units = Units::default();
        units.choose("energy=Wh").unwrap();
        let mut text = Vec::new();
        let watt_hours = Solarview::new(None, units, Style::Solarview).unwrap();
        watt_hours.readings(&Readings::parse(line.as_bytes()).unwrap(), &mut text);
        assert!(String::from_utf8(text).unwrap().contains("\n1.8.0(166429.000*Wh)\n"));
        let line = r#"{"energy_export_wh":0,"energy_import_wh":5305034}"#;
        let expected = "/?!\n/KAIFA\n1.8.0(005305.034*kWh)\n2.8.0(000000.000*kWh)\n!\n";
        assert_eq!(page(Style::Solarview, None, line), expected);
    }

    #[test]
    fn values_are_written_as_a_format_of_ten_signs_and_three_decimals_does() {
        // As Python prints "{:010.3F}".format(value / 1000).
        for (number, text) in [
            ("0", "000000.000"),
            ("1", "000000.001"),
            ("999999999", "999999.999"),
            ("1234567890", "1234567.890"),
            ("-1500", "-00001.500"),
            ("12937.5", "000012.938"),
            ("166429.0", "000166.429"),
        ] {
            assert_eq!(energy(number), format!("1.8.0({text}*kWh)"));
        }
    }

    #[test]
    fn a_register_that_is_missing_has_no_line_and_no_zero() {
        let line = r#"{"energy_export_wh":7}"#;
        let expected = "/?!\n/KAIFA\n2.8.0(000000.007*kWh)\n!\n";
        assert_eq!(page(Style::Solarview, None, line), expected);
        assert_eq!(page(Style::Solarview, None, r#"{"power_net_w":7}"#), "");
    }

    #[test]
    fn the_strict_style_has_an_identification_whole_codes_and_cr_lf() {
        let line = concat!(
            r#"{"meter":"181220/000009!","system_title":"4b464d6750000009","#,
            r#""energy_import_wh":166429,"power_import_w":42,"power_factor":0.912,"#,
            r#""1-0:99.1.0":12,"1-0:99.1.0_unit":"Wh\n!"}"#
        );
        let fields = "energy_import_wh,power_import_w,power_factor,1-0:99.1.0";
        assert_eq!(
            page(Style::Strict, Some(fields), line),
            "/KFM5\\2181220000009\r\n\r\n1-0:1.8.0*255(000166.429*kWh)\r\n\
             1-0:1.7.0*255(000042.000*W)\r\n1-0:13.7.0*255(000000.912)\r\n\
             1-0:99.1.0*255(000012.000*Wh\\u{a}!)\r\n!\r\n"
        );
        let nameless = page(Style::Strict, None, r#"{"energy_import_wh":1}"#);
        assert!(nameless.starts_with("/XXX5\\2meterpipe\r\n"), "{nameless}");
    }

    #[test]
    fn a_unit_that_leaves_too_few_digits_is_refused() {
        for (choice, is_taken) in
            [("energy=kWh", true), ("power=kW", true), ("energy=MWh", false), ("power=MW", false)]
        {
            for style in [Style::Solarview, Style::Strict, Style::Kaifareader] {
                let mut units = Units::default();
                units.choose(choice).unwrap();
                assert_eq!(Solarview::new(None, units, style).is_ok(), is_taken, "{choice}");
            }
        }
    }

    #[test]
    fn what_is_no_register_cannot_be_chosen() {
        for name in ["power_net_w", "item_3", "time", "energy_import_wh#2"] {
            let key = FieldKey::parse(name, &Units::default()).unwrap();
            let error = Solarview::new(Some(&[key]), Units::default(), Style::Solarview);
            assert_eq!(error.unwrap_err().0, format!("solarview: {name} has no OBIS code"));
        }
    }
}
