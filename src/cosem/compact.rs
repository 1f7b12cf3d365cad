//! Compact arrays: one type description, then the values without tags (IEC 62056-6-2; Blue Book,
//! table of data types, `compact-array`).
//!
//! ```text
//! 13  02 02 12 11  06  0001 02  0004 05     compact-array
//!     └─────────┘  └┘  └─────┘  └─────┘
//!     structure of  6  two elements
//!     long-unsigned octets
//!     and unsigned
//! ```
//!
//! In a description, an array has two octets of length and one element type, a structure one length
//! and the types of its elements; every other type is its tag alone.

use crate::{
    cosem::data_type::{DataType, MAX_DEPTH, MAX_ELEMENTS, Shape, bits, span, string},
    error::{Cause, Layer, Result},
    reader::Reader,
};

/// A compact array, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactArray<'a> {
    /// The description of an element.
    pub description: &'a [u8],
    /// The elements, without tags.
    pub values: &'a [u8],
}

impl<'a> CompactArray<'a> {
    /// From the octets of a [`Data`](crate::cosem::axdr::Data) of that type.
    #[must_use]
    pub fn of(octets: &'a [u8]) -> Option<Self> {
        parts(&mut Reader::new(Layer::Axdr, octets)).ok()
    }

    /// Every value in its order: its type and its octets. A structure of values is laid flat.
    ///
    /// `None` for elements nested more deeply and for values that do not fill their octets exactly:
    /// [`values`](Self::values) still holds them.
    #[must_use]
    pub fn scalars(&self) -> Option<Vec<(DataType, &'a [u8])>> {
        let types = match self.description {
            [2, _, types @ ..] => types,
            types => types,
        };
        let mut values = Reader::new(Layer::Axdr, self.values);
        let mut scalars = Vec::new();
        for kind in types.iter().map(|&tag| DataType(tag)).cycle() {
            if values.is_empty() {
                break;
            }
            let octets = match kind.shape()? {
                Shape::Fixed(size) => values.take(size, "value").ok()?,
                Shape::String => string(&mut values).ok()?,
                Shape::Bits => bits(&mut values).ok()?.1,
                Shape::Elements | Shape::Compact => return None,
            };
            scalars.push((kind, octets));
            // A description of nothing but null-data would never come to an end.
            if scalars.len() > MAX_ELEMENTS {
                return None;
            }
        }
        scalars.len().is_multiple_of(types.len().max(1)).then_some(scalars)
    }
}

/// Skips the description, the length and the values.
pub(crate) fn skip(reader: &mut Reader<'_>) -> Result<()> {
    parts(reader).map(drop)
}

fn parts<'a>(reader: &mut Reader<'a>) -> Result<CompactArray<'a>> {
    let description = span(reader, skip_type)?;
    let size = reader.length("length of a compact array")?;
    let values = reader.take(size, "compact array")?;
    Ok(CompactArray { description, values })
}

/// Skips one type description.
fn skip_type(reader: &mut Reader<'_>) -> Result<()> {
    // Types still to come. Each has an octet, so the octets that are left bound the sum.
    let mut remaining = 1usize;
    let mut containers = 0;
    while let Some(after) = remaining.checked_sub(1) {
        remaining = after;
        let at = *reader;
        let kind = DataType(reader.u8("type")?);
        let inner = match kind {
            DataType::ARRAY => {
                reader.take(2, "number of elements")?;
                1
            }
            DataType::STRUCTURE => usize::from(reader.u8("number of elements")?),
            _ if kind.shape().is_some() && kind != DataType::COMPACT_ARRAY => 0,
            DataType(found) => {
                let (what, expected) = ("type", "one of the Blue Book");
                return Err(at.error(Cause::Unexpected { what, found, expected }));
            }
        };
        if inner > reader.rest().len() {
            let available = reader.rest().len();
            return Err(at.error(Cause::Short { what: "types", needed: inner, available }));
        }
        containers += usize::from(inner > 0);
        if containers > MAX_DEPTH {
            return Err(at.error(Cause::Limit { what: "levels", limit: MAX_DEPTH }));
        }
        remaining = remaining.saturating_add(inner);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosem::axdr::{Data, read_whole};

    fn read(octets: &[u8]) -> Result<Data<'_>> {
        read_whole(Reader::new(Layer::Axdr, octets))
    }

    #[test]
    fn values_of_one_type_and_of_a_structure_are_laid_flat() {
        let octets = [0x13, 0x12, 0x04, 0, 1, 0, 2];
        let array = CompactArray::of(read(&octets).unwrap().octets).unwrap();
        let long = DataType::LONG_UNSIGNED;
        assert_eq!(array.scalars().unwrap(), [(long, &[0, 1][..]), (long, &[0, 2])]);

        let octets = [0x13, 0x02, 0x02, 0x12, 0x11, 0x06, 0, 1, 2, 0, 4, 5];
        let array = CompactArray::of(read(&octets).unwrap().octets).unwrap();
        let unsigned = DataType::UNSIGNED;
        assert_eq!(
            array.scalars().unwrap(),
            [(long, &[0, 1][..]), (unsigned, &[2]), (long, &[0, 4]), (unsigned, &[5])]
        );
    }

    #[test]
    fn what_does_not_fit_its_description_stays_as_octets() {
        for octets in [
            &[0x13, 0x12, 0x03, 0, 1, 0][..],            // half a value
            &[0x13, 0x02, 0x02, 0x12, 0x11, 0x02, 0, 1], // half a structure
            &[0x13, 0x00, 0x01, 0],                      // a value of no octets
            &[0x13, 0x01, 0x00, 0x02, 0x11, 0x02, 1, 2], // an array in the array
        ] {
            let data = read(octets).unwrap();
            let array = CompactArray::of(data.octets).unwrap();
            assert_eq!(array.scalars(), None, "{octets:02x?}");
            assert_eq!(array.values, &octets[octets.len() - array.values.len()..]);
        }
    }

    #[test]
    fn descriptions_are_bounded() {
        let deep = [&[0x13][..], &[2, 1].repeat(1000), &[0x11, 0]].concat();
        assert!(matches!(read(&deep).unwrap_err().cause, Cause::Limit { .. }));
        assert!(matches!(read(&[0x13, 2, 200, 0x11]).unwrap_err().cause, Cause::Short { .. }));
        assert!(matches!(read(&[0x13, 0x13, 0x11]).unwrap_err().cause, Cause::Unexpected { .. }));
    }
}
