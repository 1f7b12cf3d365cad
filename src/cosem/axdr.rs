//! A-XDR data (IEC 62056-6-2, table of data types; encoding by IEC 61334-6).
//!
//! ```text
//! 06 00 00 32 89             double-long-unsigned: a tag, and as many octets as the type has
//! 09 06 01 00 01 08 00 FF    octet-string: tag, length, octets
//! 02 02  0F 00  16 1E        structure: tag, number of elements, elements
//! ```
//!
//! ```text
//! 02 02  00 03 0100010800FF 02  06 00 00 32 89    class, code and attribute without a tag, then the value
//! ```
//!
//! Meters of EG.D in Czechia send such pairs: the descriptor of an attribute stands in the structure as
//! it stands in a request. Only a structure of two may begin with one, see [`Data::head_in`].
//!
//! [`Data`] is one element over borrowed octets. Reading a structure checks everything in it,
//! without recursion; its elements are read when the caller asks for them. Every element has at
//! least one octet, which bounds every count.

use crate::{
    cosem::{
        compact,
        data_type::{DataType, MAX_DEPTH, MAX_ELEMENTS, Shape, bits, shape, span, string},
        dsmr_value::DsmrNumber,
    },
    error::{Cause, Layer, Result},
    reader::Reader,
};

/// One element: its type and its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// The type.
    pub kind: DataType,
    /// The number of elements of an array or a structure, of bits of a bit-string, else of octets.
    pub count: usize,
    /// The octets behind tag and length: the elements of a structure, the octets of a value; of a
    /// compact array the type description, the length and the values.
    pub octets: &'a [u8],
    /// Where `octets` stand in the APDU.
    pub offset: usize,
}

impl<'a> Data<'a> {
    /// Reads one element and checks everything inside it.
    ///
    /// # Errors
    /// Octets that end too soon, an unknown tag or form of a length, or a limit.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let mut data = Self::head(reader)?;
        if data.is_list() {
            data.octets = span(reader, |reader| skip(reader, &data))?;
        }
        Ok(data)
    }

    /// Reads one element, but of an array or a structure only the type and the count: the elements
    /// come next. A walk over a tree of any depth thus reads each octet once.
    ///
    /// # Errors
    /// As [`read`](Self::read), for what it reads.
    #[inline(always)]
    pub fn head(reader: &mut Reader<'a>) -> Result<Self> {
        let at = *reader;
        let kind = DataType(reader.u8("type")?);
        let (count, octets) = match shape(kind, &at)? {
            Shape::Fixed(size) => (size, reader.take(size, "value")?),
            Shape::Elements => (elements(reader)?, &[][..]),
            Shape::String => {
                let octets = string(reader)?;
                (octets.len(), octets)
            }
            Shape::Bits => bits(reader)?,
            Shape::Compact => {
                let octets = span(reader, compact::skip)?;
                (octets.len(), octets)
            }
        };
        let offset = reader.offset() - octets.len();
        Ok(Self { kind, count, octets, offset })
    }

    /// Reads the head of the element at that place of a list, from 0. The first of two in a structure
    /// may be the descriptor of an attribute, without a tag.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    #[inline(always)]
    pub fn head_in(list: &Data<'_>, place: usize, reader: &mut Reader<'a>) -> Result<Self> {
        if place == 0 && list.is_pair() && is_descriptor(reader.rest()) {
            return Self::descriptor(reader);
        }
        Self::head(reader)
    }

    fn descriptor(reader: &mut Reader<'a>) -> Result<Self> {
        let offset = reader.offset();
        let octets = reader.take(DESCRIPTOR, "attribute descriptor")?;
        let (kind, count) = (DataType::ATTRIBUTE_DESCRIPTOR, octets.len());
        Ok(Self { kind, count, octets, offset })
    }

    /// True for a structure of two elements.
    #[must_use]
    const fn is_pair(&self) -> bool {
        matches!(self.kind, DataType::STRUCTURE) && self.count == 2
    }

    /// True for an array and a structure.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(self.kind, DataType::ARRAY | DataType::STRUCTURE)
    }

    /// The elements of an array or a structure; none for any other type.
    #[must_use]
    pub fn elements(&self) -> Elements<'a> {
        let left = if self.is_list() { self.count } else { 0 };
        let reader = Reader::at(Layer::Axdr, self.octets, self.offset);
        Elements { reader, left, starts_pair: self.is_pair() }
    }

    /// The value of an integer type, of an enum, a boolean or a bcd (its two digits).
    #[must_use]
    #[inline]
    pub fn integer(&self) -> Option<i128> {
        Some(match (self.kind.0, self.octets) {
            (6 | 33, &[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]).into(),
            (18 | 32, &[a, b]) => u16::from_be_bytes([a, b]).into(),
            (3 | 17 | 22 | 31, &[octet]) => octet.into(),
            (5 | 30, &[a, b, c, d]) => i32::from_be_bytes([a, b, c, d]).into(),
            (16 | 29, &[a, b]) => i16::from_be_bytes([a, b]).into(),
            (15 | 28, &[octet]) => octet.cast_signed().into(),
            (20, octets) => i64::from_be_bytes(octets.try_into().ok()?).into(),
            (21, octets) => u64::from_be_bytes(octets.try_into().ok()?).into(),
            (13, &[octet]) => {
                let (tens, ones) = (octet >> 4, octet & 0x0f);
                (tens < 10 && ones < 10).then_some(10 * tens + ones)?.into()
            }
            (47, octets) => DsmrNumber::of(octets)?.integer,
            _ => return None,
        })
    }

    /// The octets of an octet-string.
    #[must_use]
    pub fn octet_string(&self) -> Option<&'a [u8]> {
        (self.kind == DataType::OCTET_STRING).then_some(self.octets)
    }

    /// The text of an octet-string, visible-string or utf8-string if all of it is valid and
    /// printable, without the zeros that pad it.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        let text = matches!(
            self.kind,
            DataType::OCTET_STRING
                | DataType::VISIBLE_STRING
                | DataType::UTF8_STRING
                | DataType::DSMR
        )
        .then(|| core::str::from_utf8(self.octets).ok())??;
        let text = text.trim_end_matches('\0');
        let ascii_only = self.kind != DataType::UTF8_STRING;
        let is_text = |c: char| if ascii_only { matches!(c, ' '..='~') } else { !c.is_control() };
        (!text.is_empty() && text.chars().all(is_text)).then_some(text)
    }
}

/// The elements of an array or a structure, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    reader: Reader<'a>,
    left: usize,
    /// The next element is the first of two in a structure.
    starts_pair: bool,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Data<'a>;

    fn next(&mut self) -> Option<Data<'a>> {
        self.left = self.left.checked_sub(1)?;
        if core::mem::take(&mut self.starts_pair) && is_descriptor(self.reader.rest()) {
            return Data::descriptor(&mut self.reader).ok();
        }
        // Reading the structure has checked its elements.
        Data::read(&mut self.reader).ok()
    }
}

/// The octets of a descriptor: a class, a code and the number of an attribute.
const DESCRIPTOR: usize = 9;

/// True if octets begin with a descriptor and the tag of a value. As an element it would be null-data,
/// with an element behind it that begins with the class.
#[inline]
fn is_descriptor(octets: &[u8]) -> bool {
    octets.len() > DESCRIPTOR && fits_descriptor(octets)
}

/// True if octets begin like a descriptor, as far as they go: at the end of a telegram that breaks
/// off, a part of one must not be null-data and a value.
fn fits_descriptor(octets: &[u8]) -> bool {
    octets.iter().take(DESCRIPTOR + 1).enumerate().all(|(at, octet)| match (at, *octet) {
        (0, high) => high == 0,
        // Classes of values, and all that are no tag.
        (1, class) => matches!(class, 1 | 3..=8 | 40 | 64..=127),
        (2, medium) => medium <= 1,
        (3, channel) => channel <= 199,
        (7, history) => history == 255,
        (8, attribute) => (1..=31).contains(&attribute),
        (DESCRIPTOR, tag) => DataType(tag).shape().is_some(),
        _ => true,
    })
}

/// Skips the elements of a list and everything inside them.
fn skip(reader: &mut Reader<'_>, list: &Data<'_>) -> Result<()> {
    // Elements still to come, level by level. The limit plays the part of the stack of a recursive
    // reader.
    let mut open = [0usize; MAX_DEPTH];
    let mut level = 0usize;
    let mut remaining = list.count;
    let mut starts_pair = list.is_pair();
    let mut budget = MAX_ELEMENTS;
    loop {
        while remaining == 0 {
            let Some(outer) = level.checked_sub(1) else {
                return Ok(());
            };
            level = outer;
            remaining = open.get(level).copied().unwrap_or_default();
        }
        remaining -= 1;
        let at = *reader;
        let limit = |what, limit| at.error(Cause::Limit { what, limit });
        budget = budget.checked_sub(1).ok_or(limit("elements", MAX_ELEMENTS))?;
        let data = match core::mem::take(&mut starts_pair) && fits_descriptor(reader.rest()) {
            true => Data::descriptor(reader)?,
            false => Data::head(reader)?,
        };
        if data.is_list() {
            starts_pair = data.is_pair();
            *open.get_mut(level).ok_or(limit("levels", MAX_DEPTH))? = remaining;
            level += 1;
            remaining = data.count;
        }
    }
}

/// The number of elements. Each has an octet at least, so a larger count is damaged.
fn elements(reader: &mut Reader<'_>) -> Result<usize> {
    let count = reader.length("number of elements")?;
    match reader.rest().len() {
        available if available < count => {
            Err(reader.error(Cause::Short { what: "elements", needed: count, available }))
        }
        _ => Ok(count),
    }
}

/// Reads one element that takes all octets of `reader`.
///
/// # Errors
/// As [`Data::read`], and [`Cause::Leftover`].
pub fn read_whole<'a>(mut reader: Reader<'a>) -> Result<Data<'a>> {
    let data = Data::read(&mut reader)?;
    reader.end("the data")?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Result<Data<'_>> {
        read_whole(Reader::new(Layer::Axdr, octets))
    }

    #[test]
    fn numbers_of_every_type_read_as_they_are() {
        for (octets, value) in [
            (&[0x03, 0x01][..], 1),
            (&[0x05, 0xff, 0xff, 0xff, 0xfe], -2),
            (&[0x06, 0xff, 0xff, 0xff, 0xff], 4_294_967_295),
            (&[0x0d, 0x42], 42),
            (&[0x0f, 0x80], -128),
            (&[0x10, 0xff, 0xff], -1),
            (&[0x11, 0xff], 255),
            (&[0x12, 0x09, 0x21], 2337),
            (&[0x14, 0x80, 0, 0, 0, 0, 0, 0, 0], i128::from(i64::MIN)),
            (&[0x15, 255, 255, 255, 255, 255, 255, 255, 255], i128::from(u64::MAX)),
            (&[0x16, 0x1e], 30),
            (&[0x1c, 0xff], -1),
            (&[0x21, 0, 0, 1, 0], 256),
        ] {
            assert_eq!(read(octets).unwrap().integer(), Some(value), "{octets:02x?}");
        }
        assert_eq!(read(&[0x0d, 0x4a]).unwrap().integer(), None);
        assert_eq!(read(&[0x09, 0x01, 0x05]).unwrap().integer(), None);
    }

    #[test]
    fn a_structure_lends_its_elements_with_their_places() {
        let octets = [0x02, 0x81, 0x03, 0x11, 0x07, 0x02, 0x01, 0x00, 0x09, 0x02, 0x41, 0x42];
        let data = read(&octets).unwrap();
        assert_eq!((data.kind, data.count), (DataType::STRUCTURE, 3));
        let found: Vec<_> = data.elements().map(|data| (data.kind, data.offset)).collect();
        assert_eq!(
            found,
            [(DataType::UNSIGNED, 4), (DataType::STRUCTURE, 7), (DataType::OCTET_STRING, 10)]
        );
        assert_eq!(data.elements().last().unwrap().text(), Some("AB"));
        assert_eq!(data.elements().nth(1).unwrap().elements().count(), 1);
    }

    /// A switch and a register of EG.D.
    const DESCRIBED: &str =
        "0102 0202 0046 000060030aff 03 1601 0202 0003 0100010700ff 02 0600000003";

    #[test]
    fn a_structure_of_two_may_begin_with_a_descriptor_without_a_tag() {
        let octets = hex::decode(DESCRIBED.replace(' ', "")).unwrap();
        let pairs: Vec<_> = read(&octets).unwrap().elements().collect();
        let kinds = |data: &Data<'_>| data.elements().map(|it| it.kind).collect::<Vec<_>>();
        let descriptor = DataType::ATTRIBUTE_DESCRIPTOR;
        assert_eq!(kinds(&pairs[0]), [descriptor, DataType::ENUM]);
        assert_eq!(kinds(&pairs[1]), [descriptor, DataType::DOUBLE_LONG_UNSIGNED]);
        let first = pairs[0].elements().next().unwrap();
        assert_eq!((first.offset, hex::encode(first.octets)), (4, "0046000060030aff03".to_owned()));
        for size in 0..octets.len() {
            assert!(read(&octets[..size]).is_err(), "cut to {size}");
        }
        for (digits, kinds_of_it) in [
            // Neither alone nor among three.
            ("0203 00 0301 0100", vec![DataType::NULL, DataType::BOOLEAN, DataType::ARRAY]),
            ("0202 00 0302", vec![DataType::NULL, DataType::BOOLEAN]),
            ("0202 00 1101", vec![DataType::NULL, DataType::UNSIGNED]),
            ("0202 00 0900", vec![DataType::NULL, DataType::OCTET_STRING]),
        ] {
            let octets = hex::decode(digits.replace(' ', "")).unwrap();
            assert_eq!(kinds(&read(&octets).unwrap()), kinds_of_it, "{digits}");
        }
        // No tag on the wire means a descriptor.
        assert!(read(&[descriptor.0]).is_err());
    }

    #[test]
    fn text_is_text_only_if_it_can_be_shown() {
        let text = |kind, octets: &[u8]| {
            read(&[&[kind, octets.len() as u8][..], octets].concat()).unwrap().text().map(str::len)
        };
        assert_eq!(text(9, b"1KFM"), Some(4));
        assert_eq!(text(9, b"1KFM\0\0"), Some(4));
        assert_eq!(text(9, b"1\0KFM"), None);
        assert_eq!(text(9, b"\0\0"), None);
        assert_eq!(text(10, b"1 a~"), Some(4));
        assert_eq!(text(12, "ä".as_bytes()), Some(2));
        assert_eq!(text(10, "ä".as_bytes()), None);
        assert_eq!(text(9, b"a\x1b"), None);
        assert_eq!(text(12, "\u{85}".as_bytes()), None);
        assert_eq!(text(9, b""), None);
    }

    #[test]
    fn nothing_is_believed_from_a_count() {
        let cause = |octets: &[u8]| read(octets).unwrap_err().cause;
        for tag in [1, 2] {
            let bomb = [tag, 0x84, 0xff, 0xff, 0xff, 0xff];
            let needed = 0xffff_ffff;
            assert_eq!(cause(&bomb), Cause::Short { what: "elements", needed, available: 0 });
        }
        assert!(matches!(cause(&[9, 0x84, 0xff, 0xff, 0xff, 0xff]), Cause::Limit { .. }));
        assert!(matches!(cause(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]), Cause::Limit { .. }));
        assert!(matches!(cause(&[9, 0x88, 0xff, 0xff]), Cause::LengthForm { found: 0x88 }));
        assert!(matches!(cause(&[0x12]), Cause::Short { .. }));
        assert!(matches!(cause(&[]), Cause::Short { .. }));
        assert_eq!(cause(&[0, 0]), Cause::Leftover { what: "the data", octets: 1 });
    }

    #[test]
    fn depth_and_number_of_elements_are_limited() {
        let nested = |levels: usize| [[2u8, 1].repeat(levels), vec![0]].concat();
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        let limit = |what, limit| Cause::Limit { what, limit };
        for levels in [MAX_DEPTH + 2, 100_000] {
            assert_eq!(read(&nested(levels)).unwrap_err().cause, limit("levels", MAX_DEPTH));
        }
        let wide =
            |count: u16| [&[1, 0x82][..], &count.to_be_bytes(), &vec![0; count.into()]].concat();
        assert!(read(&wide(1024)).is_ok());
        assert_eq!(read(&wide(1025)).unwrap_err().cause, limit("elements", MAX_ELEMENTS));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = hex::decode(concat!(
            "0207090c07e5091b01092f0f00ff8880",
            "09060100010800ff",
            "0600003289",
            "02020f00161e",
            "010211011102",
            "040aaa80",
            "130202121106000102030405",
        ))
        .unwrap();
        assert!(read(&whole).is_ok());
        for size in 0..whole.len() {
            assert!(read(&whole[..size]).is_err(), "cut to {size}");
        }
    }
}
