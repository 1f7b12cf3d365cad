//! The conventions of a country for tables.

/// The delimiter and the decimal sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// Comma and point.
    #[default]
    Standard,
    /// Semicolon and comma, as spreadsheets in Austria read and write them.
    Austria,
}

impl Locale {
    /// The sign between cells.
    #[must_use]
    pub const fn delimiter(self) -> u8 {
        match self {
            Self::Standard => b',',
            Self::Austria => b';',
        }
    }
}
