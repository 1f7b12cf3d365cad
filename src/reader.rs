//! A cursor over octets that cannot run past its end.
//!
//! All code that reads the wire reads through [`Reader`]. A shortfall is an [`Error`] that names
//! the thing, the place and the numbers. The cursor has no index and never gives more than is left.

use crate::error::{Cause, Error, Layer, Result};

/// A position in some octets, and the layer that reads them.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
    layer: Layer,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `octets`.
    #[must_use]
    pub const fn new(layer: Layer, octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0, layer }
    }

    /// A reader over `octets` that stand at `offset` of a larger whole.
    #[must_use]
    pub const fn at(layer: Layer, octets: &'a [u8], offset: usize) -> Self {
        Self { rest: octets, offset, layer }
    }

    /// The same place, read by another layer: offsets go on counting.
    #[must_use]
    pub const fn with_layer(self, layer: Layer) -> Self {
        Self { layer, ..self }
    }

    /// Octets read so far.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The octets that have not been read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// True if all octets have been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next octet, not read yet.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// An error at this place.
    #[must_use]
    pub const fn error(&self, cause: Cause) -> Error {
        Error::new(self.layer, self.offset, cause)
    }

    /// The next `count` octets.
    #[inline]
    pub fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8]> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.short(count, what));
        };
        self.rest = rest;
        self.offset += count;
        Ok(head)
    }

    /// The next `N` octets as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N]> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.short(N, what));
        };
        self.rest = rest;
        self.offset += N;
        Ok(head)
    }

    /// The next octet.
    #[inline]
    pub fn u8(&mut self, what: &'static str) -> Result<u8> {
        self.array::<1>(what).map(|&[octet]| octet)
    }

    /// The next octet, which has to be `expected`.
    #[inline]
    pub fn expect(&mut self, expected: u8, what: &'static str, text: &'static str) -> Result<()> {
        match self.peek() {
            Some(found) if found == expected => self.u8(what).map(drop),
            Some(found) => Err(self.error(Cause::Unexpected { what, found, expected: text })),
            None => Err(self.short(1, what)),
        }
    }

    /// The next four octets, most significant first.
    #[inline]
    pub fn u32(&mut self, what: &'static str) -> Result<u32> {
        self.array(what).map(|octets| u32::from_be_bytes(*octets))
    }

    /// A length as BER and A-XDR write it: one octet up to 127, else 81 to 84 and as many octets
    /// (IEC 62056-5-3; X.690, 8.1.3). Longer forms than needed occur and are read.
    #[inline]
    pub fn length(&mut self, what: &'static str) -> Result<usize> {
        let at = *self;
        match self.u8(what)? {
            short @ 0..=0x7f => Ok(usize::from(short)),
            form @ 0x81..=0x84 => {
                let octets = self.take(usize::from(form & 0x0f), what)?;
                let value = octets.iter().fold(0u32, |sum, &octet| sum << 8 | u32::from(octet));
                usize::try_from(value).map_err(|_| at.error(Cause::LengthForm { found: form }))
            }
            found => Err(at.error(Cause::LengthForm { found })),
        }
    }

    /// Refuses octets that are left behind `what`.
    pub const fn end(&self, what: &'static str) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            octets => Err(self.error(Cause::Leftover { what, octets })),
        }
    }

    #[cold]
    const fn short(&self, needed: usize, what: &'static str) -> Error {
        self.error(Cause::Short { what, needed, available: self.rest.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(octets: &[u8]) -> Reader<'_> {
        Reader::new(Layer::Axdr, octets)
    }

    #[test]
    fn never_runs_past_its_end() {
        let mut r = reader(&[1, 2, 3]);
        assert_eq!(r.take(2, "pair").unwrap(), [1, 2]);
        let error = r.take(2, "pair").unwrap_err();
        assert_eq!(error.offset, 2);
        assert_eq!(error.cause, Cause::Short { what: "pair", needed: 2, available: 1 });
        assert_eq!(r.u8("last").unwrap(), 3);
        assert!(r.is_empty());
    }

    #[test]
    fn octets_that_are_left_are_refused_at_their_place() {
        let mut r = Reader::at(Layer::Axdr, &[1, 2], 1);
        assert_eq!(r.u8("x").unwrap(), 1);
        assert_eq!(r.offset(), 2);
        assert_eq!(r.end("x").unwrap_err().cause, Cause::Leftover { what: "x", octets: 1 });
    }

    #[test]
    fn reads_every_form_of_a_length() {
        for (octets, value) in [
            (&[0x00][..], 0),
            (&[0x7f], 127),
            (&[0x81, 0xf8], 248),
            (&[0x81, 0x05], 5),
            (&[0x82, 0x01, 0x55], 341),
            (&[0x83, 0x01, 0x00, 0x00], 65536),
            (&[0x84, 0xff, 0xff, 0xff, 0xff], 0xffff_ffff),
        ] {
            assert_eq!(reader(octets).length("length").unwrap(), value);
        }
        for form in [0x80, 0x85, 0x88, 0xff] {
            let octets = [form; 9];
            let error = reader(&octets).length("length").unwrap_err();
            assert_eq!(error.cause, Cause::LengthForm { found: form });
        }
    }
}
