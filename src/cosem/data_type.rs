//! The data types of A-XDR: their tags, and how the octets behind a tag are laid out (Blue Book,
//! table of data types; IEC 62056-6-2).
//!
//! ```text
//! 12 09 21         long-unsigned: the size is known from the tag
//! 09 02 41 42      octet-string: a length, then as many octets
//! 04 0A AA 80      bit-string: a length in bits, then as many octets as they need
//! ```
//!
//! [`axdr`](super::axdr) reads elements with them, tag by tag; [`compact`](super::compact) reads
//! values whose tags stand apart.

use crate::{
    error::{Cause, Result},
    reader::Reader,
};

/// The deepest nesting of elements. The deepest known push list has 4 levels.
pub const MAX_DEPTH: usize = 16;

/// The most elements of a telegram. The longest known push list has 250.
pub const MAX_ELEMENTS: usize = 1024;

/// The longest string, in octets. The longest known one in a push list has 39.
pub const MAX_STRING: usize = 256;

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $text:literal, $xml:literal;)*) => {
        impl DataType {
            $($(#[$doc])* pub const $name: Self = Self($tag);)*

            /// The name in the Blue Book; `None` for a tag that it does not have.
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
    /// No value.
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
    /// No type of A-XDR: a value of a DSMR telegram ([`dsmr_value`](crate::cosem::dsmr_value)).
    DSMR = 47, "dsmr", "Dsmr";
    /// Class, code and attribute without a tag: no tag of the wire, see
    /// [`Data::head_in`](super::axdr::Data::head_in).
    ATTRIBUTE_DESCRIPTOR = 254, "attribute-descriptor", "AttributeDescriptor";
    /// A value that does not matter.
    DONT_CARE = 255, "dont-care", "DontCare";
}

/// The octets behind a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A number of octets.
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
    /// The size of an integer type in octets; `None` for other types.
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

    /// True for an integer type with a sign.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self.0, 5 | 15 | 16 | 20)
    }

    /// The layout behind the tag; `None` for a tag that the Blue Book does not have.
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

/// The layout of a type that was read at `at`, or the error that names an unknown tag.
pub(crate) fn shape(kind: DataType, at: &Reader<'_>) -> Result<Shape> {
    kind.shape().ok_or_else(|| {
        let (what, expected) = ("type", "one of the Blue Book");
        at.error(Cause::Unexpected { what, found: kind.0, expected })
    })
}

/// The octets that `pass` skips.
pub(crate) fn span<'a>(
    reader: &mut Reader<'a>,
    pass: impl FnOnce(&mut Reader<'a>) -> Result<()>,
) -> Result<&'a [u8]> {
    let start = *reader;
    pass(reader)?;
    let size = reader.offset() - start.offset();
    Ok(start.rest().get(..size).unwrap_or_default())
}

/// The octets of a string: a length, then the octets.
pub(crate) fn string<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let at = *reader;
    let length = reader.length("length of a string")?;
    if length > MAX_STRING {
        return Err(at.error(Cause::Limit { what: "length of a string", limit: MAX_STRING }));
    }
    reader.take(length, "string")
}

/// The number of bits of a bit-string, and its octets.
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
