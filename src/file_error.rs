//! The errors of files, in the same words wherever a message names a file.

use std::io::{Error, ErrorKind};

/// The reason why a file cannot be read.
#[must_use]
pub fn unreadable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::IsADirectory => FOLDER.to_owned(),
        _ => error.to_string(),
    }
}

/// The reason why a file cannot be created or written. Then no file is missing, but its folder may
/// be.
#[must_use]
pub fn unwritable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such folder".to_owned(),
        ErrorKind::IsADirectory => FOLDER.to_owned(),
        _ => error.to_string(),
    }
}

const FOLDER: &str = "a folder, not a file";
