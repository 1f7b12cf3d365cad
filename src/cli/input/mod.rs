//! Inputs that end: files, pipes and standard input, as text or as octets.
pub mod buffer;
pub mod files;
pub mod lines;
pub mod opening;
pub mod progress;
pub mod reading_lines;
pub mod timeout;
pub mod utf16;
