//! Lists without OBIS codes: the tables of meter families.
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
//! A [`MeterFamily`] describes such a list element by element. It is recognised by the types and lengths
//! of all elements and by fixed octets; then each value has the code, scaler and unit of its place.

use crate::cosem::{axdr::Data, data_type::DataType, obis::Obis, unit::ScalerUnit};

/// The list of one family of meters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterFamily {
    /// Its name, for messages.
    pub name: String,
    /// The elements, in their order.
    pub elements: Vec<FamilyElement>,
}

/// One element of such a list.
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

impl MeterFamily {
    /// The family whose list that is. The first one that fits is taken.
    #[must_use]
    pub fn of(body: &Data<'_>, families: &'static [Self]) -> Option<&'static Self> {
        families.iter().find(|family| family.fits(body))
    }

    /// True if the element at that place, counted from 1, has the same octets in every telegram.
    #[must_use]
    pub fn is_fixed(&self, index: usize) -> bool {
        let element = index.checked_sub(1).and_then(|at| self.elements.get(at));
        element.is_some_and(|element| element.fixed.is_some())
    }

    fn fits(&self, body: &Data<'_>) -> bool {
        body.kind == DataType::STRUCTURE
            && body.count == self.elements.len()
            && body.elements().zip(&self.elements).all(|(data, element)| element.fits(&data))
    }
}

impl FamilyElement {
    fn fits(&self, data: &Data<'_>) -> bool {
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
            elements: vec![
                element(string, None, Some(&[0, 6, 25, 9, 0, 255]), [0, 6, 25, 9, 0, 255], None),
                element(string, Some(4), None, [0, 0, 96, 1, 0, 255], None),
                element(number, None, None, [1, 0, 32, 7, 0, 255], Some((-1, Unit::VOLT))),
                element(number, None, None, [1, 0, 52, 7, 0, 255], None),
            ],
        }])
    }

    #[test]
    fn values_have_the_codes_scalers_and_units_of_their_places() {
        let digits = "0f00000001000204 0906 0006190900ff 0904 31323334 120921 120001";
        let octets = hex::decode(digits.replace(' ', "")).unwrap();
        let telegram = Telegram::parse_with(&octets, families()).unwrap();
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
            let telegram = Telegram::parse_with(&octets, families()).unwrap();
            assert_eq!(telegram.get("voltage_l1_v"), None, "{new}");
        }
    }
}
