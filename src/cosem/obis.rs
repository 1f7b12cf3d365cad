//! OBIS codes: the names of quantities (IEC 62056-6-1).
//!
//! `A-B:C.D.E`, for example `1-0:1.8.0`: A medium (0 abstract, 1 electricity), B channel, C
//! quantity, D processing, E tariff. The sixth group, F, is 255 (the current value) unless a
//! history is meant, and only then printed: `1-0:1.8.0*1`.

use core::{fmt, str::FromStr};

/// The six groups of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obis(pub [u8; 6]);

impl Obis {
    /// The clock.
    pub const CLOCK: Self = Self([0, 0, 1, 0, 0, 255]);
    /// The meter number (device ID 1).
    pub const METER_NUMBER: Self = Self([0, 0, 96, 1, 0, 255]);
    /// The meter number where device ID 1 is something else (device ID 2).
    pub const METER_NUMBER_2: Self = Self([0, 0, 96, 1, 1, 255]);
    /// The COSEM logical device name.
    pub const DEVICE_NAME: Self = Self([0, 0, 42, 0, 0, 255]);
    /// The meter address that Scandinavian lists carry as the number.
    pub const METER_ADDRESS: Self = Self([0, 0, 0, 0, 5, 255]);

    /// The same of Kamstrup.
    pub const METER_ADDRESS_1: Self = Self([1, 1, 0, 0, 5, 255]);

    /// True for a clock of any channel.
    #[must_use]
    pub fn is_clock(self) -> bool {
        self.with_channel(0) == Self::CLOCK
    }

    /// The code in the six octets of an octet-string, if its groups A and B are assigned ones.
    #[must_use]
    pub fn of(octets: &[u8]) -> Option<Self> {
        let code: [u8; 6] = octets.try_into().ok()?;
        let [medium, channel, ..] = code;
        (medium <= 15 && channel <= 199).then_some(Self(code))
    }

    /// Appends its text, without the cost of a formatter.
    pub fn write(self, text: &mut Vec<u8>) {
        let Self([a, b, c, d, e, history]) = self;
        for (group, separator) in [(a, b'-'), (b, b':'), (c, b'.'), (d, b'.')] {
            write_octet(group, text);
            text.push(separator);
        }
        write_octet(e, text);
        if history != u8::MAX {
            text.push(b'*');
            write_octet(history, text);
        }
    }

    /// The same code of another channel.
    #[must_use]
    pub const fn with_channel(self, channel: u8) -> Self {
        let Self([medium, _, c, d, e, f]) = self;
        Self([medium, channel, c, d, e, f])
    }

    /// Group B.
    #[must_use]
    pub const fn channel(self) -> u8 {
        let Self([_, channel, ..]) = self;
        channel
    }
}

impl fmt::Display for Obis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.pad(core::str::from_utf8(&text).unwrap_or_default())
    }
}

fn write_octet(number: u8, text: &mut Vec<u8>) {
    if number >= 100 {
        text.push(b'0' + number / 100);
    }
    if number >= 10 {
        text.push(b'0' + number / 10 % 10);
    }
    text.push(b'0' + number % 10);
}

/// A text that is no OBIS code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotObis;

impl fmt::Display for NotObis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an OBIS code (A-B:C.D.E, as in 1-0:1.8.0)")
    }
}

impl core::error::Error for NotObis {}

impl FromStr for Obis {
    type Err = NotObis;

    /// Reads `A-B:C.D.E`, `A-B:C.D.E*F` and `A.B.C.D.E.F`.
    fn from_str(text: &str) -> Result<Self, NotObis> {
        let parts = |text: &str| -> Option<Vec<u8>> {
            text.split(['-', ':', '.', '*']).map(|group| group.parse().ok()).collect()
        };
        let separators: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let mut groups = parts(text).ok_or(NotObis)?;
        match separators.as_str() {
            "-:.." => groups.push(255),
            "-:..*" | "....." => {}
            _ => return Err(NotObis),
        }
        groups.try_into().map(Self).map_err(|_| NotObis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_read_and_the_canonical_one_is_printed() {
        for (text, printed) in [
            ("1-0:1.8.0", "1-0:1.8.0"),
            ("1.0.1.8.0.255", "1-0:1.8.0"),
            ("1-0:1.8.0*255", "1-0:1.8.0"),
            ("1-0:1.8.0*1", "1-0:1.8.0*1"),
            ("0-0:96.1.0", "0-0:96.1.0"),
        ] {
            assert_eq!(text.parse::<Obis>().unwrap().to_string(), printed);
        }
        for text in ["", "1.8.0", "1-0:1.8", "1-0:1.8.256", "1-0-1.8.0", "a-0:1.8.0", "1.0.1.8.0"] {
            assert_eq!(text.parse::<Obis>(), Err(NotObis), "{text}");
        }
    }
}
