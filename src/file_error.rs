//! The errors of the system, in the same words wherever a message names them.

use std::io::{Error, ErrorKind};

/// The reason in words, without the number that the system gives it.
#[must_use]
pub fn plain(error: &Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or(&text);
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // A word in capitals stays.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The reason why a file cannot be read.
#[must_use]
pub fn unreadable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::IsADirectory => FOLDER.to_owned(),
        _ => plain(error),
    }
}

/// The reason why a file cannot be created or written. Then no file is missing, but its folder may
/// be.
#[must_use]
pub fn unwritable(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such folder".to_owned(),
        ErrorKind::IsADirectory => FOLDER.to_owned(),
        _ => plain(error),
    }
}

const FOLDER: &str = "a folder, not a file";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number() {
        for (number, text) in [(28, "no space left on device"), (98, "address already in use")] {
            assert_eq!(plain(&Error::from_raw_os_error(number)), text);
        }
        assert_eq!(plain(&Error::other("TLS ends")), "TLS ends");
    }
}
