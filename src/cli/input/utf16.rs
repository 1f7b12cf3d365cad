//! An input in UTF-16, as Windows PowerShell and some editors write, read as UTF-8.

use crate::cli::{
    input::buffer::Octets,
    run::{context::Context, stage::Task, status::Stop},
};
use meterpipe::hex::detect::ByteOrder;

/// The characters of an input.
pub struct Utf16<'a> {
    octets: &'a mut dyn Octets,
    order: ByteOrder,
    /// Octets that were read and not yet handed out, and where they begin: a character in parts.
    raw: Vec<u8>,
    /// The first half of a character beyond the basic plane.
    high: Option<u16>,
    /// Characters that found no room.
    text: Vec<u8>,
}

impl<'a> Utf16<'a> {
    /// Behind the octets that were read to tell the form of the input.
    pub fn new(octets: &'a mut dyn Octets, order: ByteOrder, read: &[u8]) -> Self {
        let mut utf16 = Self { octets, order, raw: Vec::new(), high: None, text: Vec::new() };
        utf16.decode(read);
        utf16
    }

    fn decode(&mut self, octets: &[u8]) {
        self.raw.extend_from_slice(octets);
        let (pairs, rest) = self.raw.as_chunks();
        for pair in pairs {
            let unit = match self.order {
                ByteOrder::Little => u16::from_le_bytes(*pair),
                ByteOrder::Big => u16::from_be_bytes(*pair),
            };
            if let 0xd800..0xdc00 = unit {
                self.high = Some(unit);
                continue;
            }
            let units = self.high.take().into_iter().chain([unit]);
            for character in char::decode_utf16(units) {
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                self.text.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        self.raw = rest.to_vec();
    }
}

impl Octets for Utf16<'_> {
    fn read(
        &mut self,
        room: &mut [u8],
        task: &mut dyn Task,
        context: &mut Context,
    ) -> Result<usize, Stop> {
        while self.text.is_empty() {
            let mut octets = [0; 16 * 1024];
            let size = self.octets.read(&mut octets, task, context)?;
            if size == 0 {
                return Ok(0);
            }
            self.decode(octets.get(..size).unwrap_or_default());
        }
        let size = room.len().min(self.text.len());
        let rest = self.text.split_off(size);
        if let Some(room) = room.get_mut(..size) {
            room.copy_from_slice(&self.text);
        }
        self.text = rest;
        Ok(size)
    }
}
