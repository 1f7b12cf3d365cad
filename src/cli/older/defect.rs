//! A line that cannot be read.

/// A line that cannot be read: the place and the cause, never the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldDefect {
    /// The line, from 1.
    pub line: usize,
    /// The cause.
    pub cause: String,
}

impl OldDefect {
    /// A defect of a line.
    pub fn new(line: usize, cause: impl Into<String>) -> Self {
        Self { line, cause: cause.into() }
    }
}
