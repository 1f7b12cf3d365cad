//! Lists without OBIS codes, or without scalers and units: the tables of meter families.
//!
//! Some meters push bare values, whose meaning only the operator's paper tells:
//!
//! ```text
//! 02 09                              a list of nine (Wiener Netze)
//!   09 0C date-time
//!   06 value                           1-0:1.8.0 in Wh
//!   06 value                           1-0:2.8.0 in Wh …
//! ```
//!
//! Such a table describes the list element by element. It is recognised by the types and lengths of
//! all elements and by fixed octets; then each value has the code, scaler and unit of its place.
//!
//! Others send codes, but neither scaler nor unit (Landis+Gyr E450, Kamstrup). Their table is a list of
//! codes with scaler and unit, and marks: objects that this family sends and no other.

use std::sync::{
    LazyLock,
    atomic::{AtomicBool, Ordering},
};

use crate::cosem::{axdr::Data, data_type::DataType, obis::Obis, unit::ScalerUnit};

/// The tables of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeterFamilies {
    given: &'static [MeterFamily],
    /// True once a list was that of a given table.
    has_fitted: Option<&'static AtomicBool>,
    built_in: Option<&'static LazyLock<Vec<MeterFamily>>>,
}

impl MeterFamilies {
    /// The tables that a user gives.
    #[must_use]
    pub const fn of(given: &'static [MeterFamily]) -> Self {
        Self { given, has_fitted: None, built_in: None }
    }

    /// The same with a place to note that one of them fits a list.
    #[must_use]
    pub const fn noted(self, has_fitted: &'static AtomicBool) -> Self {
        Self { has_fitted: Some(has_fitted), ..self }
    }

    /// True if there are given tables and a place for notes, and no list so far was theirs.
    #[must_use]
    pub fn is_given_in_vain(self) -> bool {
        !self.given.is_empty() && self.has_fitted.is_some_and(|it| !it.load(Ordering::Relaxed))
    }

    /// Notes the table of a list.
    pub(super) fn note(self, family: &MeterFamily) {
        if let Some(has_fitted) = self.has_fitted
            && self.given.iter().any(|given| core::ptr::eq(given, family))
        {
            has_fitted.store(true, Ordering::Relaxed);
        }
    }

    /// The same, and behind them tables that are made only when a list needs one.
    #[must_use]
    pub const fn with(self, built_in: &'static LazyLock<Vec<MeterFamily>>) -> Self {
        Self { built_in: Some(built_in), ..self }
    }

    /// All tables.
    pub fn all(self) -> impl Iterator<Item = &'static MeterFamily> {
        self.given.iter().chain(self.built_in.into_iter().flat_map(|it| it.iter()))
    }

    /// Those that a list may need of which all numbers have a code, scaler and unit, or another one.
    pub(super) fn for_list(self, lacks_scales: bool) -> impl Iterator<Item = &'static MeterFamily> {
        Self { built_in: self.built_in.filter(|_| lacks_scales), ..self }.all()
    }
}

/// The list of one family of meters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterFamily {
    /// Its name, for messages.
    pub name: String,
    /// The facts known of it.
    pub table: FamilyTable,
}

/// The table of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FamilyTable {
    /// The elements of a list without codes, in their order.
    Places(Vec<FamilyElement>),
    /// Scalers and units of values that are sent with their codes.
    Codes {
        /// The objects by which the family is known, all of them.
        marks: Vec<FamilyMark>,
        /// Scaler and unit of each code, whatever its channel (group B).
        scales: Vec<(Obis, ScalerUnit)>,
    },
}

/// One element of a list without codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyElement {
    /// Its type.
    pub kind: DataType,
    /// The number of octets of a string; `None` for any number.
    pub length: Option<usize>,
    /// The octets that it always has.
    pub fixed: Option<Vec<u8>>,
    /// The code that its value has.
    pub obis: Option<Obis>,
    /// The scaler and unit of its value.
    pub scale: Option<ScalerUnit>,
}

/// An object by which a family is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyMark {
    /// Its place among the objects, from 1; `None` for any.
    pub item: Option<usize>,
    /// Its code.
    pub obis: Option<Obis>,
    /// The first octets of its value.
    pub begins: Vec<u8>,
}

impl MeterFamily {
    /// The objects by which it is known, if its list has codes.
    #[must_use]
    pub fn marks(&self) -> &[FamilyMark] {
        match &self.table {
            FamilyTable::Places(_) => &[],
            FamilyTable::Codes { marks, .. } => marks,
        }
    }

    /// The elements of its list, if it has no codes.
    #[must_use]
    pub fn elements(&self) -> Option<&[FamilyElement]> {
        match &self.table {
            FamilyTable::Places(elements) => Some(elements),
            FamilyTable::Codes { .. } => None,
        }
    }

    /// Scaler and unit of a code that is sent without.
    #[must_use]
    pub fn scale(&self, obis: Obis) -> Option<ScalerUnit> {
        let FamilyTable::Codes { scales, .. } = &self.table else {
            return None;
        };
        let known = |known: &Obis| known.with_channel(0) == obis.with_channel(0);
        scales.iter().find(|(code, _)| known(code)).map(|(_, scale)| *scale)
    }
}

impl FamilyElement {
    pub(super) fn fits(&self, data: &Data<'_>) -> bool {
        data.kind == self.kind
            && self.length.is_none_or(|length| data.octets.len() == length)
            && self.fixed.as_ref().is_none_or(|fixed| data.octets == fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cosem::unit::Unit, reading::telegram::Telegram};

    fn families() -> &'static [MeterFamily] {
        let element = |kind, length, fixed: Option<&[u8]>, obis, scale| FamilyElement {
            kind,
            length,
            fixed: fixed.map(<[u8]>::to_vec),
            obis: Some(Obis(obis)),
            scale,
        };
        let (string, number) = (DataType::OCTET_STRING, DataType::LONG_UNSIGNED);
        Vec::leak(vec![MeterFamily {
            name: "example".to_owned(),
            table: FamilyTable::Places(vec![
                element(string, None, Some(&[0, 6, 25, 9, 0, 255]), [0, 6, 25, 9, 0, 255], None),
                element(string, Some(4), None, [0, 0, 96, 1, 0, 255], None),
                element(number, None, None, [1, 0, 32, 7, 0, 255], Some((-1, Unit::VOLT))),
                element(number, None, None, [1, 0, 52, 7, 0, 255], None),
            ]),
        }])
    }

    #[test]
    fn values_have_the_codes_scalers_and_units_of_their_places() {
        let digits = "0f00000001000204 0906 0006190900ff 0904 31323334 120921 120001";
        let octets = hex::decode(digits.replace(' ', "")).unwrap();
        let telegram = Telegram::parse_with(&octets, MeterFamilies::of(families())).unwrap();
        assert_eq!(telegram.meter(), Some(&b"1234"[..]));
        assert_eq!(telegram.get("voltage_l1_v").unwrap().to_string(), "233.7");
        let seen: Vec<_> = telegram.objects().map(|o| (o.obis.is_some(), o.assumed)).collect();
        assert_eq!(seen, [(true, false), (true, false), (true, true), (true, false)]);
        // Without the table the first element looks like the code of the second.
        let bare = Telegram::parse(&octets).unwrap();
        assert_eq!(bare.get("voltage_l1_v"), None);
        assert_eq!(bare.objects().count(), 3);
        assert_ne!(bare.layout(), telegram.layout());
    }

    #[test]
    fn a_list_that_differs_anywhere_is_of_another_family() {
        let good = "0204 0906 0006190900ff 0904 31323334 120921 120001";
        for (old, new) in [
            ("0204", "0104"),
            ("0006190900ff", "0006190900fe"),
            ("0904 31323334", "0903 313233"),
            ("120921", "100921"),
            ("0204", "0205 1100"),
        ] {
            let digits = format!("0f0000000100{}", good.replacen(old, new, 1));
            let octets = hex::decode(digits.replace(' ', "")).unwrap();
            let telegram = Telegram::parse_with(&octets, MeterFamilies::of(families())).unwrap();
            assert_eq!(telegram.get("voltage_l1_v"), None, "{new}");
        }
    }

    fn coded() -> &'static [MeterFamily] {
        let code = |c| Obis([1, 0, c, 8, 0, 255]);
        let marks = |begins: &str| {
            let (item, begins) = (None, begins.as_bytes().to_vec());
            vec![FamilyMark { item, obis: Some(Obis::DEVICE_NAME), begins }]
        };
        let family = |begins, scaler| MeterFamily {
            name: "example".to_owned(),
            table: FamilyTable::Codes {
                marks: marks(begins),
                scales: vec![(code(1), (scaler, Unit::WATT_HOUR))],
            },
        };
        Vec::leak(vec![family("AB1", 1), family("AB", 0)])
    }

    /// A device name, and two registers of channel 1, of which one has its scaler and unit.
    fn coded_list(name: &str) -> Vec<u8> {
        let name = hex::encode(name);
        let digits = format!(
            "0f0000000100 0207 0906 00002a0000ff 0903 {name} \
             0906 0101010800ff 0600000007 0906 0101020800ff 0600000008 0202 0f01161e"
        );
        hex::decode(digits.replace(' ', "")).unwrap()
    }

    #[test]
    fn codes_without_scaler_and_unit_have_those_of_their_family() {
        for (name, expected) in [("AB1", Some("70")), ("AB2", Some("7")), ("BB1", None)] {
            let octets = coded_list(name);
            let telegram = Telegram::parse_with(&octets, MeterFamilies::of(coded())).unwrap();
            let import = telegram.get("energy_import_wh").map(|number| number.to_string());
            assert_eq!(import.as_deref(), expected, "{name}");
            assert_eq!(telegram.get("energy_export_wh").unwrap().to_string(), "80");
            let assumed: Vec<_> = telegram.objects().map(|object| object.assumed).collect();
            assert_eq!(assumed, [false, expected.is_some(), false]);
            assert_eq!(telegram.unscaled(), usize::from(expected.is_none()));
        }
    }

    #[test]
    fn a_template_never_takes_the_list_of_another_family() {
        use crate::reading::template::Templates;
        let mut templates = Templates::with(MeterFamilies::of(coded()));
        for name in ["AB2", "AB1", "AB2", "BB1", "AB1", "BB1", "AB2"] {
            let octets = coded_list(name);
            let careful = Telegram::parse_with(&octets, MeterFamilies::of(coded())).unwrap();
            let read = templates.read(&octets).unwrap();
            assert_eq!(format!("{read:?}"), format!("{careful:?}"), "{name}");
        }
    }
}
