//! The choices of a user about a format, and the description of a format.

use crate::format::{
    entry::Format, locale::Locale, names::FieldNames, selection::Selection, units::Units,
    usage::Usage,
};

/// The choices of a user.
#[derive(Clone, Debug, Default)]
pub struct FormatOptions {
    /// The readings to show, in this order.
    pub selection: Option<Selection>,
    /// Names other than the published ones, for the formats that print those.
    pub names: FieldNames,
    /// Units other than the meter's, for `csv`, `table`, `lines` and `influx`.
    pub units: Units,
    /// Also every element of the telegram, for `json`.
    pub objects: bool,
    /// No row of names at the start, for `csv`.
    pub no_header: bool,
    /// The separators of `csv`.
    pub locale: Locale,
    /// Codes, times and texts as comments, for `xml`.
    pub comments: Option<CommentStyle>,
}

/// The form of times and texts in comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentStyle {
    /// `2021-09-27T09:47:15+02:00`, `181220000009`.
    Plain,
    /// As Gurux's translator for Python prints them on a machine with the time zone of the meter:
    /// `09/27/21 09:47:15`, `bytearray(b'181220000009')`.
    Gurux,
}

/// A format, described once.
#[derive(Debug)]
pub struct FormatEntry {
    /// Its name.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The options that mean this format and no other.
    pub own: &'static [OwnOption],
    /// Builds it.
    ///
    /// # Errors
    /// An option that the format cannot honour.
    pub build: fn(FormatOptions) -> Result<Box<dyn Format>, Usage>,
}

/// An option of one format.
#[derive(Debug)]
pub struct OwnOption {
    /// Its name on the command line.
    pub flag: &'static str,
    /// True if the user chose it.
    pub is_chosen: fn(&FormatOptions) -> bool,
    /// True if other formats ignore it instead of refusing it: its absence would not be missed.
    pub optional: bool,
}
