//! A-XDR data (IEC 62056-6-2, table of data types; encoding by IEC 61334-6).
//!
//! ```text
//! 06 00 00 32 89             double-long-unsigned: a tag, and as many octets as the type has
//! 09 06 01 00 01 08 00 FF    octet-string: tag, length, octets
//! 02 02  0F 00  16 1E        structure: tag, number of elements, elements
//! ```
//!
//! [`Data`] is one element over borrowed octets. What is in a structure is read when it is asked
//! for; that it is all there and well-formed was checked, without recursion, when the structure
//! itself was read. Every element has at least one octet, so nothing is believed from a count.

use crate::{
    cosem::compact,
    error::{Cause, Layer, Result},
    reader::Reader,
};

/// How deep elements may stand within each other. The deepest known push list has 4 levels.
pub const MAX_DEPTH: usize = 16;

/// How many elements one telegram may have. The longest known push list has 250.
pub const MAX_ELEMENTS: usize = 1024;

/// How long a string may be. The longest known in a push list has 39 octets.
pub const MAX_STRING: usize = 256;

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $text:literal, $xml:literal;)*) => {
        impl DataType {
            $($(#[$doc])* pub const $name: Self = Self($tag);)*

            /// The name in the Blue Book; nothing for a tag that it does not have.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self { $(Self::$name => Some($text),)* _ => None }
            }

            /// The name of the element in Gurux's XML.
            #[must_use]
            pub const fn xml_name(self) -> Option<&'static str> {
                match self { $(Self::$name => Some($xml),)* _ => None }
            }
        }
    };
}

/// The tag of a data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataType(pub u8);

types! {
    /// Nothing.
    NULL = 0, "null-data", "None";
    /// Elements of one type.
    ARRAY = 1, "array", "Array";
    /// Elements of any types.
    STRUCTURE = 2, "structure", "Structure";
    /// One octet, 0 is false.
    BOOLEAN = 3, "boolean", "Boolean";
    /// A number of bits, the first one most significant.
    BIT_STRING = 4, "bit-string", "BitString";
    /// Four octets, signed.
    DOUBLE_LONG = 5, "double-long", "Int32";
    /// Four octets.
    DOUBLE_LONG_UNSIGNED = 6, "double-long-unsigned", "UInt32";
    /// Octets.
    OCTET_STRING = 9, "octet-string", "OctetString";
    /// ASCII characters.
    VISIBLE_STRING = 10, "visible-string", "String";
    /// UTF-8 characters.
    UTF8_STRING = 12, "utf8-string", "StringUTF8";
    /// Two decimal digits.
    BCD = 13, "bcd", "BCD";
    /// One octet, signed.
    INTEGER = 15, "integer", "Int8";
    /// Two octets, signed.
    LONG = 16, "long", "Int16";
    /// One octet.
    UNSIGNED = 17, "unsigned", "UInt8";
    /// Two octets.
    LONG_UNSIGNED = 18, "long-unsigned", "UInt16";
    /// Elements of one type, which is given once.
    COMPACT_ARRAY = 19, "compact-array", "CompactArray";
    /// Eight octets, signed.
    LONG64 = 20, "long64", "Int64";
    /// Eight octets.
    LONG64_UNSIGNED = 21, "long64-unsigned", "UInt64";
    /// One octet with a meaning.
    ENUM = 22, "enum", "Enum";
    /// IEEE 754, four octets.
    FLOAT32 = 23, "float32", "Float32";
    /// IEEE 754, eight octets.
    FLOAT64 = 24, "float64", "Float64";
    /// Twelve octets: [`clock`](crate::cosem::clock).
    DATE_TIME = 25, "date-time", "DateTime";
    /// Five octets.
    DATE = 26, "date", "Date";
    /// Four octets.
    TIME = 27, "time", "Time";
    /// A difference, one octet, signed.
    DELTA_INTEGER = 28, "delta-integer", "DeltaInt8";
    /// A difference, two octets, signed.
    DELTA_LONG = 29, "delta-long", "DeltaInt16";
    /// A difference, four octets, signed.
    DELTA_DOUBLE_LONG = 30, "delta-double-long", "DeltaInt32";
    /// A difference, one octet.
    DELTA_UNSIGNED = 31, "delta-unsigned", "DeltaUInt8";
    /// A difference, two octets.
    DELTA_LONG_UNSIGNED = 32, "delta-long-unsigned", "DeltaUInt16";
    /// A difference, four octets.
    DELTA_DOUBLE_LONG_UNSIGNED = 33, "delta-double-long-unsigned", "DeltaUInt32";
    /// A value that does not matter.
    DONT_CARE = 255, "dont-care", "DontCare";
}

/// How a type is laid out behind its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// So many octets.
    Fixed(usize),
    /// A length and as many octets.
    String,
    /// A length in bits and as many octets as they need.
    Bits,
    /// A length and as many elements.
    Elements,
    /// A type description, a length and as many octets.
    Compact,
}

impl DataType {
    /// The octets of an integer type; nothing for another one.
    #[must_use]
    pub const fn number_size(self) -> Option<usize> {
        match self.0 {
            15 | 17 => Some(1),
            16 | 18 => Some(2),
            5 | 6 => Some(4),
            20 | 21 => Some(8),
            _ => None,
        }
    }

    /// The layout; nothing for a tag that the Blue Book does not have.
    pub(crate) const fn shape(self) -> Option<Shape> {
        Some(match self.0 {
            0 | 255 => Shape::Fixed(0),
            1 | 2 => Shape::Elements,
            3 | 13 | 15 | 17 | 22 | 28 | 31 => Shape::Fixed(1),
            4 => Shape::Bits,
            5 | 6 | 23 | 27 | 30 | 33 => Shape::Fixed(4),
            9 | 10 | 12 => Shape::String,
            16 | 18 | 29 | 32 => Shape::Fixed(2),
            19 => Shape::Compact,
            20 | 21 | 24 => Shape::Fixed(8),
            25 => Shape::Fixed(12),
            26 => Shape::Fixed(5),
            _ => return None,
        })
    }
}

/// One element: its type and its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// The type.
    pub kind: DataType,
    /// The number of elements of an array or a structure, of bits of a bit-string, else of octets.
    pub count: usize,
    /// What is behind tag and length: the elements of a structure, the octets of a value. Of a
    /// compact array it is the type description, the length and the values.
    pub octets: &'a [u8],
    /// Where `octets` stand in the APDU.
    pub offset: usize,
}

impl<'a> Data<'a> {
    /// Reads one element, and checks all that is in it.
    ///
    /// # Errors
    /// Octets that end too soon, a tag or a length form that does not exist, or a limit.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let at = *reader;
        let kind = DataType(reader.u8("type")?);
        let (count, octets) = match shape(kind, &at)? {
            Shape::Fixed(size) => (size, reader.take(size, "value")?),
            Shape::String => {
                let octets = string(reader)?;
                (octets.len(), octets)
            }
            Shape::Bits => bits(reader)?,
            Shape::Elements => {
                let count = elements(reader)?;
                (count, span(reader, |reader| skip(reader, count))?)
            }
            Shape::Compact => {
                let octets = span(reader, compact::skip)?;
                (octets.len(), octets)
            }
        };
        let offset = reader.offset() - octets.len();
        Ok(Self { kind, count, octets, offset })
    }

    /// The next element of octets that were checked before; of an array or a structure only its type
    /// and its count, since its elements are what comes next. So a tree is passed over once, however
    /// deep it is.
    #[inline]
    pub(crate) fn head(reader: &mut Reader<'a>) -> Option<Self> {
        let kind = DataType(reader.u8("type").ok()?);
        let (count, octets) = match kind.shape()? {
            Shape::Fixed(size) => (size, reader.take(size, "value").ok()?),
            Shape::Elements => (reader.length("number of elements").ok()?, &[][..]),
            Shape::String => {
                let count = reader.length("length of a string").ok()?;
                (count, reader.take(count, "string").ok()?)
            }
            Shape::Bits => bits(reader).ok()?,
            Shape::Compact => {
                let octets = span(reader, compact::skip).ok()?;
                (octets.len(), octets)
            }
        };
        let offset = reader.offset() - octets.len();
        Some(Self { kind, count, octets, offset })
    }

    /// The elements of an array or a structure; none for any other type.
    #[must_use]
    pub fn elements(&self) -> Elements<'a> {
        let (octets, left) = match self.kind {
            DataType::ARRAY | DataType::STRUCTURE => (self.octets, self.count),
            _ => (&[][..], 0),
        };
        Elements { reader: Reader::at(Layer::Axdr, octets, self.offset), left }
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
            _ => return None,
        })
    }

    /// The octets of an octet-string.
    #[must_use]
    pub fn octet_string(&self) -> Option<&'a [u8]> {
        (self.kind == DataType::OCTET_STRING).then_some(self.octets)
    }

    /// The octets of an octet-string, visible-string or utf8-string, if they are text: printable
    /// and valid. Zeros that pad it are left out.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        let text = matches!(
            self.kind,
            DataType::OCTET_STRING | DataType::VISIBLE_STRING | DataType::UTF8_STRING
        )
        .then(|| core::str::from_utf8(self.octets).ok())??;
        let text = text.trim_end_matches('\0');
        let ascii_only = self.kind != DataType::UTF8_STRING;
        let shown = |c: char| if ascii_only { matches!(c, ' '..='~') } else { !c.is_control() };
        (!text.is_empty() && text.chars().all(shown)).then_some(text)
    }
}

/// The elements of an array or a structure, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Data<'a>;

    fn next(&mut self) -> Option<Data<'a>> {
        self.left = self.left.checked_sub(1)?;
        // The structure was checked as a whole, so what is there reads.
        Data::read(&mut self.reader).ok()
    }
}

/// Passes over `count` elements and all that is in them.
fn skip(reader: &mut Reader<'_>, count: usize) -> Result<()> {
    // Elements that are still to come, level by level; the limit stands for the stack of a reader
    // that calls itself.
    let mut open = [0usize; MAX_DEPTH];
    let mut level = 0usize;
    let mut remaining = count;
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
        let kind = DataType(reader.u8("type")?);
        match shape(kind, &at)? {
            Shape::Fixed(size) => drop(reader.take(size, "value")?),
            Shape::String => drop(string(reader)?),
            Shape::Bits => drop(bits(reader)?),
            Shape::Compact => compact::skip(reader)?,
            Shape::Elements => {
                let count = elements(reader)?;
                *open.get_mut(level).ok_or(limit("levels", MAX_DEPTH))? = remaining;
                level += 1;
                remaining = count;
            }
        }
    }
}

/// The octets that `pass` passes over.
pub(crate) fn span<'a>(
    reader: &mut Reader<'a>,
    pass: impl FnOnce(&mut Reader<'a>) -> Result<()>,
) -> Result<&'a [u8]> {
    let start = *reader;
    pass(reader)?;
    let size = reader.offset() - start.offset();
    Ok(start.rest().get(..size).unwrap_or_default())
}

fn shape(kind: DataType, at: &Reader<'_>) -> Result<Shape> {
    kind.shape().ok_or_else(|| {
        let (what, expected) = ("type", "one of the Blue Book");
        at.error(Cause::Unexpected { what, found: kind.0, expected })
    })
}

/// The number of elements. Each has an octet at least, so a count beyond that is a damaged one.
fn elements(reader: &mut Reader<'_>) -> Result<usize> {
    let count = reader.length("number of elements")?;
    match reader.rest().len() {
        available if available < count => {
            Err(reader.error(Cause::Short { what: "elements", needed: count, available }))
        }
        _ => Ok(count),
    }
}

pub(crate) fn string<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let at = *reader;
    let length = reader.length("length of a string")?;
    if length > MAX_STRING {
        return Err(at.error(Cause::Limit { what: "length of a string", limit: MAX_STRING }));
    }
    reader.take(length, "string")
}

pub(crate) fn bits<'a>(reader: &mut Reader<'a>) -> Result<(usize, &'a [u8])> {
    let at = *reader;
    let count = reader.length("length of a bit-string")?;
    if count > 8 * MAX_STRING {
        return Err(
            at.error(Cause::Limit { what: "length of a bit-string", limit: 8 * MAX_STRING })
        );
    }
    Ok((count, reader.take(count.div_ceil(8), "bit-string")?))
}

/// Reads one element that uses up all of `reader`.
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
