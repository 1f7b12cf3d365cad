//! The parity bit of the line.

use core::fmt;

/// The parity bit behind the eight data bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Parity {
    /// 8E1, as meters send.
    #[default]
    Even,
    /// 8N1.
    None,
    /// 8O1.
    Odd,
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "even",
            Self::None => "none",
            Self::Odd => "odd",
        })
    }
}
