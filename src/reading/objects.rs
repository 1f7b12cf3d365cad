//! What in a push list belongs together, recognised by structure alone.
//!
//! ```text
//! flat (Netz NÖ)        nested (KSM-West)                  bare
//!   09 06 obis            02 03                              09 0C date-time
//!   06 value                09 06 obis                       09 0C meter number
//!   02 02 0F scaler         06 value
//!         16 unit           02 02 0F scaler 16 unit
//! ```
//!
//! An octet-string of six octets that is an OBIS code names the value behind it; a structure of an
//! integer and an enum behind that gives scaler and unit. In a structure of its own this is the nested
//! form, and the scaler may be missing in both. What has no code is an object on its own.

use crate::cosem::{
    axdr::{Data, Elements, MAX_DEPTH, Type},
    obis::Obis,
    unit::Unit,
};

/// One value of a telegram with what is said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its place among the objects of the telegram, from 1.
    pub index: usize,
    /// Its code, if the meter sends one.
    pub obis: Option<Obis>,
    /// The value.
    pub value: Data<'a>,
    /// Its power of ten and its unit, if the meter sends them.
    pub scale: Option<(i8, Unit)>,
    /// It stands in the list itself, not in a structure of its own.
    pub flat: bool,
}

/// The objects of a push list, in their order.
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    levels: [Option<Elements<'a>>; MAX_DEPTH],
    level: usize,
    index: usize,
    alone: Option<Data<'a>>,
}

impl<'a> Objects<'a> {
    /// Of the body of a notification.
    #[must_use]
    pub fn of(body: Data<'a>) -> Self {
        let mut objects = Self { levels: [None; MAX_DEPTH], level: 0, index: 0, alone: None };
        match is_list(&body) {
            true => objects.enter(&body),
            false => objects.alone = Some(body),
        }
        objects
    }

    fn enter(&mut self, list: &Data<'a>) {
        // Deeper lists do not get past the reader of A-XDR.
        if let Some(level) = self.levels.get_mut(self.level) {
            *level = Some(list.elements());
            self.level += 1;
        }
    }

    fn object(&mut self, obis: Option<Obis>, value: Data<'a>, flat: bool) -> Object<'a> {
        self.index += 1;
        Object { index: self.index, obis, value, scale: None, flat }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Object<'a>;

    fn next(&mut self) -> Option<Object<'a>> {
        loop {
            if let Some(value) = self.alone.take() {
                return Some(self.object(None, value, true));
            }
            let top = self.level.checked_sub(1)?;
            let elements = self.levels.get_mut(top)?.as_mut()?;
            let Some(element) = elements.next() else {
                self.level = top;
                continue;
            };
            if let Some(obis) = code(&element)
                && let Some(value) = elements.clone().next()
                && !is_list(&value)
            {
                elements.next();
                let scale = elements.clone().next().and_then(|data| scale(&data));
                if scale.is_some() {
                    elements.next();
                }
                return Some(Object { scale, ..self.object(Some(obis), value, true) });
            }
            if let Some((obis, value, scale)) = nested(&element) {
                return Some(Object { scale, ..self.object(Some(obis), value, false) });
            }
            match is_list(&element) {
                true => self.enter(&element),
                false => return Some(self.object(None, element, true)),
            }
        }
    }
}

fn is_list(data: &Data<'_>) -> bool {
    matches!(data.kind, Type::ARRAY | Type::STRUCTURE)
}

fn code(data: &Data<'_>) -> Option<Obis> {
    data.octet_string().and_then(Obis::of)
}

/// A structure of an integer and an enum.
fn scale(data: &Data<'_>) -> Option<(i8, Unit)> {
    // Written out, because a telegram has a dozen of them: `02 02`, then what is matched here.
    match (data.kind, data.octets) {
        (Type::STRUCTURE, &[15, scaler, 22, unit]) => Some((scaler.cast_signed(), Unit(unit))),
        _ => None,
    }
}

/// A structure of code and value, or of code, value, and scaler with unit.
fn nested<'a>(data: &Data<'a>) -> Option<(Obis, Data<'a>, Option<(i8, Unit)>)> {
    if data.kind != Type::STRUCTURE || !matches!(data.count, 2 | 3) {
        return None;
    }
    let mut elements = data.elements();
    let obis = code(&elements.next()?)?;
    let value = elements.next().filter(|value| !is_list(value))?;
    match elements.next() {
        None => Some((obis, value, None)),
        Some(last) => Some((obis, value, Some(scale(&last)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cosem::axdr::read_whole, error::Layer, reader::Reader};

    fn objects(digits: &str) -> Vec<(Option<String>, i128, Option<(i8, u8)>)> {
        let octets = hex::decode(digits.replace(' ', "")).unwrap();
        let body = read_whole(Reader::new(Layer::Axdr, &octets)).unwrap();
        let objects = Objects::of(body).enumerate().map(|(at, object)| {
            assert_eq!(object.index, at + 1);
            let number = object.value.integer().unwrap_or(-1);
            let scale = object.scale.map(|(scaler, unit)| (scaler, unit.0));
            (object.obis.map(|obis| obis.to_string()), number, scale)
        });
        objects.collect()
    }

    const A: &str = "0906 0100010800FF";
    const V: &str = "0906 0100200700FF";
    const SCALE: &str = "0202 0FFF 1623";

    #[test]
    fn flat_nested_and_bare_values_are_recognised() {
        let a = |value, scale| (Some("1-0:1.8.0".to_string()), value, scale);
        let v = |value, scale| (Some("1-0:32.7.0".to_string()), value, scale);
        let scaled = Some((-1, 35));
        for (digits, expected) in [
            (
                format!("0206 {A} 1105 {V} 120921 {SCALE} 1107"),
                vec![a(5, None), v(2337, scaled), (None, 7, None)],
            ),
            (
                format!("0202 0202 {A} 1105 0203 {V} 120921 {SCALE}"),
                vec![a(5, None), v(2337, scaled)],
            ),
            (
                format!("0102 0203 {V} 1201 00 {SCALE} 0203 {V} 120002 {SCALE}"),
                vec![v(256, scaled), v(2, scaled)],
            ),
            ("0203 1101 1102 1103".into(), vec![(None, 1, None), (None, 2, None), (None, 3, None)]),
            ("1107".into(), vec![(None, 7, None)]),
            ("0200".into(), vec![]),
            // A code at the very end names nothing.
            (format!("0202 1101 {A}"), vec![(None, 1, None), (None, -1, None)]),
            // A list within a list; a code in front of it is a value like any other.
            (
                format!("0202 {A} 0202 1101 1102"),
                vec![(None, -1, None), (None, 1, None), (None, 2, None)],
            ),
            // A third element that is no scaler makes the structure a list of its own.
            (format!("0201 0203 {A} 1105 1106"), vec![a(5, None), (None, 6, None)]),
        ] {
            assert_eq!(objects(&digits), expected, "{digits}");
        }
    }
}
