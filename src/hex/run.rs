//! Octets in order, with the marks on some of them.

use crate::error::Mark;

/// Octets and marks from the text since the last [`clear`](HexRun::clear).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HexRun {
    /// The octets.
    pub octets: Vec<u8>,
    /// Indices into `octets`, rising: something is missing or unreadable just before such an octet.
    pub marks: Vec<(usize, Mark)>,
    /// Octets of lines in front of the last one, by their number: only that one shows that they are octets. The caller
    /// takes them out.
    pub earlier: Vec<(u64, Vec<u8>)>,
}

impl HexRun {
    /// Empties octets and marks, and keeps their room.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.marks.clear();
    }
}
