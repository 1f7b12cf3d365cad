//! The conventions of a country for tables.

/// The delimiter, the decimal sign, and the form of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// Comma and point.
    #[default]
    Standard,
    /// Semicolon and comma, as spreadsheets in Austria read and write them, and local dates.
    Austria,
    /// The same for Germany.
    Germany,
    /// Semicolon and point, and local dates.
    Switzerland,
    /// Comma and point, and local dates with the year first, which spreadsheets of other countries read too.
    America,
}

impl Locale {
    /// The sign between cells.
    #[must_use]
    pub const fn delimiter(self) -> u8 {
        match self {
            Self::Standard | Self::America => b',',
            Self::Austria | Self::Germany | Self::Switzerland => b';',
        }
    }

    /// The sign in front of the decimals.
    #[must_use]
    pub const fn decimal_sign(self) -> u8 {
        match self {
            Self::Standard | Self::Switzerland | Self::America => b'.',
            Self::Austria | Self::Germany => b',',
        }
    }

    /// True if times are local dates, `21.06.2026 12:00:00`, with their offset in a column of its own. A spreadsheet
    /// would take `2026-06-21T12:00:00+02:00` for a text.
    #[must_use]
    pub const fn has_local_dates(self) -> bool {
        !matches!(self, Self::Standard)
    }
}
