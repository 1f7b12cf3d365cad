//! The objects of a push list, recognised by structure alone.
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
//! integer and an enum behind that gives scaler and unit. In a structure of its own this is the
//! nested form, and the scaler may be missing in both. Some meters put the value and its scaler and
//! unit into a structure behind the code. A value without a code is an object on its own.
//!
//! ```text
//! defined (Landis+Gyr and Iskra in Switzerland)
//!   02 10                                            a list of 16
//!     01 10                                            first, their definitions; this array is one
//!       02 04  12 class  09 06 obis  0F attribute  12 0000
//!     06 value                                         then the values, in the same order
//! ```
//!
//! A list that begins with an array of as many definitions as it has elements has its codes from
//! there. A definition that defines nothing is an object without a code: its attribute is not a
//! value.

use crate::{
    cosem::{
        axdr::{Data, Elements},
        data_type::DataType,
        obis::Obis,
        unit::{ScalerUnit, Unit},
    },
    reading::{decimal::Decimal, family::MeterFamily},
};

/// One value of a telegram with its code and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its place among the objects of the telegram, from 1.
    pub index: usize,
    /// Its code, if the meter sends one.
    pub obis: Option<Obis>,
    /// The value.
    pub value: Data<'a>,
    /// Its power of ten and its unit, if the meter sends them.
    pub scale: Option<ScalerUnit>,
    /// True if it stands in the list itself, not in a structure of its own.
    pub flat: bool,
    /// True if power and unit come from the table of a meter family, because the meter sends none.
    pub assumed: bool,
}

impl Object<'_> {
    /// The power of ten of its value.
    #[must_use]
    pub fn scaler(&self) -> i16 {
        self.scale.map_or(0, |(scaler, _)| scaler.into())
    }

    /// True for a number that means nothing without a scaler and a unit, and has none: the value of an
    /// electrical quantity, or one without a code.
    #[must_use]
    pub fn lacks_scale(&self) -> bool {
        // C = 0 and from 96 on: numbers and states of the meter.
        let is_quantity = |Obis([medium, _, c, ..])| medium == 1 && (1..96).contains(&c);
        self.scale.is_none()
            && self.value.kind.number_size().is_some()
            && self.obis.is_none_or(is_quantity)
    }

    /// Its value with its scaler, if it is of an integer type.
    #[must_use]
    pub fn integer(&self) -> Option<Decimal> {
        Decimal::of(self.value.integer()?, self.scaler())
    }
}

/// The objects of a push list, in their order.
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    list: Level<'a>,
    /// The lists within it that are being read; the usual telegrams have none.
    inner: Vec<Level<'a>>,
    index: usize,
    alone: Option<Data<'a>>,
    /// The family whose list it is: its elements have no codes of their own.
    family: Option<&'static MeterFamily>,
    /// The elements of that list so far.
    place: usize,
}

/// The rest of a list.
#[derive(Clone, Copy, Debug)]
struct Level<'a> {
    elements: Elements<'a>,
    /// The definitions of these elements, if the list began with them.
    definitions: Option<Elements<'a>>,
}

impl<'a> Level<'a> {
    fn of(list: &Data<'a>) -> Self {
        let mut elements = list.elements();
        let mut definitions = None;
        if let Some(first) = elements.clone().next()
            && first.kind == DataType::ARRAY
            && first.count == list.count
            && first.elements().all(|element| definition(&element).is_some())
        {
            elements.next();
            definitions = Some(first.elements());
            definitions.as_mut().map(Elements::next);
        }
        Self { elements, definitions }
    }
}

impl<'a> Objects<'a> {
    /// Of the body of a notification, and the family whose list it is.
    #[must_use]
    pub fn of(body: Data<'a>, family: Option<&'static MeterFamily>) -> Self {
        let alone = (!body.is_list()).then_some(body);
        Self { list: Level::of(&body), inner: Vec::new(), index: 0, alone, family, place: 0 }
    }

    /// True for the list of a family.
    pub(super) const fn is_of_family(&self) -> bool {
        self.family.is_some()
    }

    /// The next object of a family's list.
    fn of_family(&mut self, family: &MeterFamily) -> Option<Object<'a>> {
        let Some(elements) = family.elements() else {
            let object = self.by_structure()?;
            let is_open = object.scale.is_none() && object.value.kind.number_size().is_some();
            let scale = object.obis.filter(|_| is_open).and_then(|obis| family.scale(obis));
            return Some(match scale {
                Some(_) => Object { scale, assumed: true, ..object },
                None => object,
            });
        };
        loop {
            // The values of a list within the list have no codes.
            if let Some(level) = self.inner.last_mut() {
                match level.elements.next() {
                    None => drop(self.inner.pop()),
                    Some(list) if list.is_list() => self.inner.push(Level::of(&list)),
                    Some(value) => return Some(self.object(None, value, false)),
                }
                continue;
            }
            let value = self.list.elements.next()?;
            let element = elements.get(self.place)?;
            self.place += 1;
            if value.is_list() && element.obis.is_none() {
                self.inner.push(Level::of(&value));
                continue;
            }
            let scale = element.scale;
            let object = self.object(element.obis, value, true);
            return Some(Object { scale, assumed: scale.is_some(), ..object });
        }
    }

    fn object(&mut self, obis: Option<Obis>, value: Data<'a>, flat: bool) -> Object<'a> {
        self.index += 1;
        Object { index: self.index, obis, value, scale: None, flat, assumed: false }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Object<'a>;

    #[inline]
    fn next(&mut self) -> Option<Object<'a>> {
        match self.family {
            Some(family) => self.of_family(family),
            None => self.by_structure(),
        }
    }
}

impl<'a> Objects<'a> {
    #[inline]
    fn by_structure(&mut self) -> Option<Object<'a>> {
        loop {
            if let Some(value) = self.alone.take() {
                return Some(self.object(None, value, true));
            }
            let level = self.inner.last_mut().unwrap_or(&mut self.list);
            let Level { elements, definitions } = level;
            let Some(element) = elements.next() else {
                self.inner.pop()?;
                continue;
            };
            if let Some(definitions) = definitions {
                let obis = definitions.next().and_then(|element| definition(&element));
                match element.is_list() {
                    true => self.inner.push(Level::of(&element)),
                    false => return Some(self.object(obis, element, true)),
                }
                continue;
            }
            if let Some(obis) = code(&element) {
                let mut ahead = *elements;
                let next = ahead.next();
                if let Some((value, scale)) = next.as_ref().and_then(scaled) {
                    *elements = ahead;
                    let scale = Some(scale);
                    return Some(Object { scale, ..self.object(Some(obis), value, false) });
                }
                if let Some(value) = next.filter(|value| !value.is_list()) {
                    *elements = ahead;
                    let scale = ahead.next().and_then(|data| scale(&data));
                    if scale.is_some() {
                        *elements = ahead;
                    }
                    return Some(Object { scale, ..self.object(Some(obis), value, true) });
                }
            }
            if let Some((obis, value, scale)) = nested(&element) {
                return Some(Object { scale, ..self.object(Some(obis), value, false) });
            }
            match element.is_list() && definition(&element).is_none() {
                true => self.inner.push(Level::of(&element)),
                false => return Some(self.object(None, element, true)),
            }
        }
    }
}

/// The code in an element that names the value behind it.
pub(crate) fn code(data: &Data<'_>) -> Option<Obis> {
    match (data.kind, data.octets) {
        (DataType::ATTRIBUTE_DESCRIPTOR, [_, _, code @ .., _]) => Obis::of(code),
        _ => data.octet_string().and_then(Obis::of),
    }
}

/// The code in a definition: a structure of class, code, attribute, index, and maybe more.
fn definition(data: &Data<'_>) -> Option<Obis> {
    if data.kind != DataType::STRUCTURE || data.count < 4 {
        return None;
    }
    let mut elements = data.elements();
    let (class, name) = (elements.next()?, elements.next()?);
    let (attribute, index) = (elements.next()?, elements.next()?);
    let kinds = [class.kind, attribute.kind, index.kind];
    (kinds == [DataType::LONG_UNSIGNED, DataType::INTEGER, DataType::LONG_UNSIGNED])
        .then(|| code(&name))?
}

/// A structure of an integer and an enum.
pub(crate) fn scale(data: &Data<'_>) -> Option<ScalerUnit> {
    // Matched as a whole, since a telegram has a dozen of them: `02 02`, then these four octets.
    match (data.kind, data.octets) {
        (DataType::STRUCTURE, &[15, scaler, 22, unit]) => Some((scaler.cast_signed(), Unit(unit))),
        _ => None,
    }
}

/// A structure of a value, and its scaler with unit.
fn scaled<'a>(data: &Data<'a>) -> Option<(Data<'a>, ScalerUnit)> {
    if data.kind != DataType::STRUCTURE || data.count != 2 {
        return None;
    }
    let mut elements = data.elements();
    let value = elements.next().filter(|value| !value.is_list())?;
    Some((value, scale(&elements.next()?)?))
}

/// A structure of code and value, or of code, value, and scaler with unit.
fn nested<'a>(data: &Data<'a>) -> Option<(Obis, Data<'a>, Option<ScalerUnit>)> {
    if data.kind != DataType::STRUCTURE || !matches!(data.count, 2 | 3) {
        return None;
    }
    let mut elements = data.elements();
    let obis = code(&elements.next()?)?;
    let value = elements.next().filter(|value| !value.is_list())?;
    match elements.next() {
        None => Some((obis, value, None)),
        Some(last) => Some((obis, value, Some(scale(&last)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cosem::{axdr::read_whole, data_type::MAX_DEPTH},
        error::Layer,
        reader::Reader,
    };

    type ExpectedObject = (Option<String>, i128, Option<(i8, u8)>);

    fn objects(digits: &str) -> Vec<ExpectedObject> {
        let octets = hex::decode(digits.replace(' ', "")).unwrap();
        let body = read_whole(Reader::new(Layer::Axdr, &octets)).unwrap();
        let objects = Objects::of(body, None).enumerate().map(|(at, object)| {
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
    fn the_deepest_list_gives_its_value() {
        assert_eq!(objects(&format!("{}1107", "0201".repeat(MAX_DEPTH + 1))), [(None, 7, None)]);
    }

    #[test]
    fn a_list_may_begin_with_the_definitions_of_its_elements() {
        let define = |code: &str| format!("0204 120003 {code} 0F02 120000");
        let push = "0906 0008190900FF";
        let definitions =
            format!("0104 {}{}{}{}", define(push), define(push), define(A), define(V));
        let named = |code: &str, value| (Some(code.to_string()), value, None);
        assert_eq!(
            objects(&format!("0204 {definitions} {push} 1105 120921")),
            [named("0-8:25.9.0", -1), named("1-0:1.8.0", 5), named("1-0:32.7.0", 2337)]
        );
        // One value too many: the codes are unknown, and no attribute becomes a value.
        assert_eq!(
            objects(&format!("0205 {definitions} 1104 1105 120921 1107")),
            [-1, -1, -1, -1, 4, 5, 2337, 7].map(|value| (None, value, None))
        );
    }

    #[test]
    fn a_descriptor_without_a_tag_names_the_value_behind_it() {
        let list = "0202 1601 0102 0202 0003 0100010800ff 02 1105 0202 0001 0000600100ff 02 090141";
        let named = |code: &str, value| (Some(code.to_string()), value, None);
        let expected = [(None, 1, None), named("1-0:1.8.0", 5), named("0-0:96.1.0", -1)];
        assert_eq!(objects(list), expected);
    }

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
            // Value and scaler in a structure of their own behind the code.
            (format!("0204 {V} 0202 120921 {SCALE} {A} 1105"), vec![v(2337, scaled), a(5, None)]),
            // A third element that is no scaler makes the structure a list of its own.
            (format!("0201 0203 {A} 1105 1106"), vec![a(5, None), (None, 6, None)]),
        ] {
            assert_eq!(objects(&digits), expected, "{digits}");
        }
    }
}
