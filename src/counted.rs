//! Numbers with their nouns, for messages: `1 octet`, `2 octets`.

use core::fmt;

/// A number and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    number: u64,
    one: &'static str,
    many: &'static str,
    /// The end of the plural.
    end: &'static str,
}

/// The number with a noun whose plural ends with s.
///
/// ```
/// use meterpipe::counted::counted;
///
/// assert_eq!(counted(1usize, "octet").to_string(), "1 octet");
/// assert_eq!(counted(0u64, "octet").to_string(), "0 octets");
/// ```
pub fn counted(number: impl TryInto<u64>, noun: &'static str) -> Counted {
    let number = number.try_into().unwrap_or(u64::MAX);
    Counted { number, one: noun, many: noun, end: "s" }
}

/// The number with a noun of any plural.
pub fn counted_as(number: impl TryInto<u64>, one: &'static str, many: &'static str) -> Counted {
    let number = number.try_into().unwrap_or(u64::MAX);
    Counted { number, one, many, end: "" }
}

/// The word that goes with the number: `is` or `are`.
pub fn verb<'a>(number: impl TryInto<u64>, one: &'a str, many: &'a str) -> &'a str {
    if number.try_into().is_ok_and(|number: u64| number == 1) { one } else { many }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, one, many, end } = self;
        match number {
            1 => write!(f, "1 {one}"),
            number => write!(f, "{number} {many}{end}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1u8, "frame").to_string(), "1 frame");
        assert_eq!(counted(2u8, "frame").to_string(), "2 frames");
        assert_eq!(counted_as(1u8, "Oktett", "Oktette").to_string(), "1 Oktett");
        assert_eq!(counted_as(0u8, "Oktett", "Oktette").to_string(), "0 Oktette");
        assert_eq!([verb(1usize, "is", "are"), verb(0usize, "is", "are")], ["is", "are"]);
    }
}
