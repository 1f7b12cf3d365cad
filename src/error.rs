//! The defects of a telegram: the layer, the place, and the cause with its values.
//!
//! An [`Error`] is small and `Copy`; its text is one line without a full stop:
//!
//! ```
//! use meterpipe::error::{Cause, Error, Layer};
//!
//! let error = Error::new(Layer::Mbus, 254, Cause::Checksum { found: 0x17, computed: 0x18 });
//! assert_eq!(error.to_string(), "mbus: checksum at octet 254: found 17, computed 18");
//! ```
//!
//! Octets are written in hex, counts in decimal. No text ever holds key material or plaintext
//! beyond the one octet that was not expected.

use core::fmt;

use crate::counted::counted;

/// The result of everything that reads octets.
pub type Result<T> = core::result::Result<T, Error>;

/// One defect, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The layer that found it.
    pub layer: Layer,
    /// Octets from the start of the layer's input: a frame, an APDU, a line.
    pub offset: usize,
    /// The cause.
    pub cause: Cause,
}

impl Error {
    /// An error of `layer` at `offset`.
    #[must_use]
    pub const fn new(layer: Layer, offset: usize, cause: Cause) -> Self {
        Self { layer, offset, cause }
    }
}

/// The layer of the protocol that found a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Text to octets.
    Hex,
    /// The record line.
    Record,
    /// The link layer: M-Bus frames and their segments.
    Mbus,
    /// The link layer: HDLC frames and their segments.
    Hdlc,
    /// The link layer: the COSEM wrapper.
    Wrapper,
    /// The link layer: DSMR telegrams.
    Dsmr,
    /// The ciphered APDU.
    Cipher,
    /// The plain APDU.
    Apdu,
    /// The data inside the plain APDU.
    Axdr,
    /// The list of objects.
    Reading,
    /// A key or a key file.
    Key,
}

impl Layer {
    /// The name in messages. Records name the link layer of an APDU by it too: `link=mbus`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Record => "record",
            Self::Mbus => "mbus",
            Self::Hdlc => "hdlc",
            Self::Wrapper => "wrapper",
            Self::Dsmr => "dsmr",
            Self::Cipher => "cipher",
            Self::Apdu => "apdu",
            Self::Axdr => "axdr",
            Self::Reading => "reading",
            Self::Key => "key",
        }
    }

    /// True for the layers of frames.
    #[must_use]
    pub const fn is_link(self) -> bool {
        matches!(self, Self::Mbus | Self::Hdlc | Self::Wrapper | Self::Dsmr)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mark on an octet, set by the UART or by the reader of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The parity bit or the stop bit was wrong: the octet differs from the one that was sent.
    Parity,
    /// Octets were lost before this one.
    Overrun,
    /// The line was held in the space state.
    Break,
    /// The text of a dump was unreadable here.
    Unreadable,
}

impl Mark {
    /// The word in the `err` attribute of a record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parity => "parity",
            Self::Overrun => "overrun",
            Self::Break => "break",
            Self::Unreadable => "unreadable",
        }
    }

    /// True for a mark that reports octets missing before this one; the octet itself is sound.
    #[must_use]
    pub const fn is_gap(self) -> bool {
        matches!(self, Self::Overrun | Self::Unreadable)
    }

    /// The mark of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Parity, Self::Overrun, Self::Break, Self::Unreadable]
            .into_iter()
            .find(|mark| mark.name() == name)
    }
}

/// The cause of an error, with the values that show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The octets end inside `what`.
    Short {
        /// The thing that was being read.
        what: &'static str,
        /// Octets it needs.
        needed: usize,
        /// Octets that are left.
        available: usize,
    },
    /// Octets are left behind `what`.
    Leftover {
        /// The thing that should have used them up.
        what: &'static str,
        /// How many.
        octets: usize,
    },
    /// An octet has a value that cannot stand there.
    Unexpected {
        /// The field.
        what: &'static str,
        /// The value.
        found: u8,
        /// The values that may stand there.
        expected: &'static str,
    },
    /// A length in a form that is not in the standard.
    LengthForm {
        /// Its first octet.
        found: u8,
    },
    /// A declared number is beyond a limit of this reader.
    Limit {
        /// The thing that is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Something that exists and is not supported here.
    Unsupported {
        /// Its name.
        what: &'static str,
    },

    /// The two length octets of an M-Bus frame differ.
    Lengths {
        /// The first.
        first: u8,
        /// The second.
        second: u8,
    },
    /// The next frame begins within a frame, which therefore lacks octets.
    FrameInFrame {
        /// The octets of the frame, as it announces them.
        size: usize,
        /// The octets to the next one.
        next: usize,
    },
    /// The sum over a frame is wrong.
    Checksum {
        /// As sent.
        found: u8,
        /// As computed.
        computed: u8,
    },
    /// A check sequence of an HDLC frame, or the CRC of a DSMR telegram, is wrong.
    CheckSequence {
        /// Its name.
        what: &'static str,
        /// As sent.
        found: u16,
        /// As computed.
        computed: u16,
    },
    /// The UART marked an octet of the frame.
    Marked(Mark),
    /// A segment came where another was due.
    Segment {
        /// Its number.
        found: u8,
        /// The number that was due.
        expected: u8,
    },
    /// A block of an APDU came where another was due.
    Block {
        /// Its number.
        found: u16,
        /// The number that was due.
        expected: u16,
    },
    /// An APDU whose last blocks never came.
    LastBlockMissing {
        /// Blocks that came.
        blocks: u16,
    },
    /// A telegram whose last segments never came.
    LastSegmentMissing {
        /// Segments that came.
        segments: u8,
    },
    /// More sources than can be kept apart: a telegram is cut off.
    Sources {
        /// How many can.
        limit: usize,
    },
    /// Octets of a text that stand between telegrams and belong to none.
    Stray {
        /// How many.
        octets: usize,
    },
    /// Another telegram begins before this one is whole.
    CutOff {
        /// Octets that are there.
        octets: usize,
    },
    /// A segment whose first never came.
    FirstSegmentMissing {
        /// Its number.
        found: u8,
    },
    /// A segment came too long after the one before it.
    SegmentLate {
        /// The pause.
        milliseconds: u64,
        /// The longest pause allowed.
        limit: u64,
    },
    /// A segment names other stations than the first one did.
    SegmentPeer,
    /// The ciphering header announces another length than there is.
    Announced {
        /// Octets announced.
        announced: usize,
        /// Octets there are.
        found: usize,
    },

    /// The plaintext is not a telegram.
    KeyOrDamage,
    /// The plaintext begins as a telegram does, and something further on is wrong.
    KeyFits {
        /// The octet of the plaintext that cannot stand there.
        damaged: usize,
    },
    /// The tag does not fit.
    Tag,
    /// The encryption key fits, the authentication key does not.
    TagOrAuthenticationKey,
    /// The tag does not fit, and the same keys verified another telegram of the meter.
    Altered,
    /// The authentication key decrypts: it stands in the place of the encryption key.
    KeysSwapped,
    /// A tag was demanded, and there is none or no key for it.
    NotAuthenticated,
    /// An APDU in a frame of which the first octets are damaged or lost.
    FrameStart,
    /// The key fits, but the APDU stands near a frame, and neither a tag nor a CRC shows that it is whole.
    NearFrame,
    /// The key fits, and is for another meter.
    OtherMeter,
    /// No key is known for the telegram.
    NoKey,
    /// The system title is missing.
    NoTitle,

    /// The closing element of the flat list is not a meter number.
    MeterNumber,
    /// A date-time that no calendar has.
    DateTime,

    /// A key with another number of digits.
    KeyDigits {
        /// Digits found.
        found: usize,
    },
    /// A character that is not a hex digit.
    NotHex,
    /// A hex digit without its partner.
    OddDigits,
    /// A line that is none of the known forms.
    NotARecord,
    /// A line is none of readings.
    NotReadings {
        /// The thing found instead.
        found: &'static str,
    },
    /// Readings without the time that an interval needs.
    NoTime,
    /// Readings whose time is no time.
    TimeForm,
    /// Readings whose clock is ahead of the readings around them.
    ClockAhead {
        /// By how many seconds.
        seconds: u64,
    },
    /// An interval that has no place here.
    Interval {
        /// Its fault, and the way out.
        fault: &'static str,
    },
    /// Rows of another kind of interval, or of their peaks: nearly always those of a whole input.
    OtherRows {
        /// Their kind, and the way out.
        fault: &'static str,
    },
    /// Readings older than those before them.
    OutOfOrder {
        /// By how many seconds.
        seconds: u64,
    },
    /// Readings of a time that has rows already.
    TimeTaken {
        /// The seconds up to the end of that time.
        seconds: u64,
    },
    /// A column of a line is wrong.
    Column {
        /// Its name.
        what: &'static str,
    },
}

impl Cause {
    /// True if the cause concerns a whole telegram that stays closed: its key, its tag or its title.
    #[must_use]
    pub const fn leaves_closed(self) -> bool {
        matches!(
            self,
            Self::KeyOrDamage
                | Self::Tag
                | Self::TagOrAuthenticationKey
                | Self::KeysSwapped
                | Self::NotAuthenticated
                | Self::OtherMeter
                | Self::NoKey
                | Self::NoTitle
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, offset, cause } = self;
        let at = format_args!("at octet {offset}");
        write!(f, "{layer}: ")?;
        match *cause {
            Cause::Short { what, needed, available } => {
                write!(f, "{what} {at}: {} needed, {available} left", counted(needed, "octet"))
            }
            Cause::Leftover { what, octets } => {
                write!(f, "{} left {at}, behind {what}", counted(octets, "octet"))
            }
            Cause::Unexpected { what, found, expected } => {
                write!(f, "{what} {at}: found {found:02x}, expected {expected}")
            }
            Cause::LengthForm { found } => {
                write!(f, "length {at}: found {found:02x}, expected 00 to 7f or 81 to 84")
            }
            Cause::Limit { what, limit } => write!(f, "{what} {at}: more than {limit}"),
            Cause::Unsupported { what } => write!(f, "not supported: {what}"),
            Cause::Lengths { first, second } => {
                write!(f, "length {at}: found {second:02x}, expected {first:02x} as before it")
            }
            Cause::FrameInFrame { size, next } => {
                write!(f, "octets are lost: a frame of {size} began, the next one after {next}")
            }
            Cause::Checksum { found, computed } => {
                write!(f, "checksum {at}: found {found:02x}, computed {computed:02x}")
            }
            Cause::CheckSequence { what, found, computed } => {
                write!(f, "{what} {at}: found {found:04x}, computed {computed:04x}")
            }
            Cause::Marked(mark) => write!(f, "{} {at}: frame damaged on the line", mark_text(mark)),
            Cause::Segment { found, expected } => {
                write!(f, "segment {found} where segment {expected} was due")
            }
            Cause::Block { found, expected } => {
                write!(f, "block {found} where block {expected} was due")
            }
            Cause::LastBlockMissing { blocks } => {
                write!(f, "a telegram broke off after block {blocks}")
            }
            Cause::Sources { limit } => {
                write!(f, "more than {limit} sources at once: a telegram that had begun is cut off")
            }
            Cause::CutOff { octets } => {
                write!(f, "a telegram breaks off after {}", counted(octets, "octet"))
            }
            Cause::LastSegmentMissing { segments: 1 } => {
                write!(f, "a telegram broke off after its first segment")
            }
            Cause::LastSegmentMissing { segments } => {
                write!(f, "a telegram broke off after {segments} segments")
            }
            Cause::FirstSegmentMissing { found } => {
                write!(f, "segment {found} without the segments before it")
            }
            Cause::SegmentLate { milliseconds, limit } => write!(
                f,
                "{milliseconds} ms between two segments, at most {limit} within one telegram"
            ),
            Cause::SegmentPeer => write!(f, "segments of different stations {at}"),
            Cause::Announced { announced, found } => {
                write!(f, "length {at}: {} announced, {found} there", counted(announced, "octet"))
            }
            Cause::KeyOrDamage => f.write_str("the key does not fit, or the telegram is damaged"),
            Cause::KeyFits { damaged } => {
                write!(f, "the key fits; damaged from octet {damaged} of the plaintext")
            }
            Cause::Tag => f.write_str("the authentication tag does not fit"),
            Cause::TagOrAuthenticationKey => f.write_str(
                "the authentication tag does not fit, though the encryption key does: \
                 the authentication key (GAK) is wrong, or the telegram was changed",
            ),
            Cause::Altered => f.write_str(
                "the authentication tag does not fit, though the keys do: the telegram is damaged",
            ),
            Cause::KeysSwapped => f.write_str(
                "the key given as authentication key (GAK) opens the telegram: \
                 exchange it with the encryption key (GUEK)",
            ),
            Cause::NotAuthenticated => f.write_str("the telegram is not authenticated"),
            Cause::Stray { octets } => write!(
                f,
                "{} that belong to no telegram: the line that begins theirs is missing or cannot be read",
                counted(octets, "octet")
            ),
            Cause::FrameStart => {
                f.write_str("a telegram in a frame whose first octets are damaged or lost")
            }
            Cause::NearFrame => f.write_str(
                "the key fits, but beside a frame nothing but a verified tag shows that the telegram is whole",
            ),
            Cause::OtherMeter => {
                f.write_str("the key fits, but the key file names another meter number for it")
            }
            Cause::NoKey => f.write_str("no key for this meter"),
            Cause::NoTitle => f.write_str("the telegram carries no system title"),
            Cause::MeterNumber => {
                write!(f, "the closing element {at} is not a meter number in digits")
            }
            Cause::DateTime => write!(f, "date-time {at} is on no calendar"),
            Cause::KeyDigits { found } => {
                write!(f, "{}, expected 32", counted(found, "hex digit"))
            }
            Cause::NotHex => write!(f, "character {} is not a hex digit", offset + 1),
            Cause::OddDigits => write!(f, "odd number of hex digits at character {}", offset + 1),
            Cause::NotARecord => f.write_str("neither a record nor hex"),
            Cause::NoTime => f.write_str("readings without a time"),
            Cause::TimeForm => {
                f.write_str("the time has another form than 2026-06-21T12:00:00+02:00")
            }
            Cause::ClockAhead { seconds } => {
                write!(
                    f,
                    "the clock is {} ahead of the readings before, and those behind do not follow",
                    Lapse(seconds)
                )
            }
            Cause::Interval { fault } | Cause::OtherRows { fault } => f.write_str(fault),
            Cause::OutOfOrder { seconds } => {
                write!(
                    f,
                    "{} older than the readings of this meter before: sort the input by time",
                    Lapse(seconds)
                )
            }
            Cause::TimeTaken { seconds } => {
                write!(
                    f,
                    "{} older than the rows of this meter before, which have this time already",
                    Lapse(seconds)
                )
            }
            Cause::NotReadings { found } => write!(f, "not a line of readings: {found} {at}"),
            Cause::Column { what } => write!(f, "{what} at character {}", offset + 1),
        }
    }
}

impl core::error::Error for Error {}

/// A number of seconds, in the unit that people would choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse(pub u64);

impl fmt::Display for Lapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..120 => (1, "s"),
            120..7200 => (60, "min"),
            7200..172_800 => (3600, "h"),
            _ => (86_400, "days"),
        };
        write!(f, "{} {name}", self.0 / unit)
    }
}

const fn mark_text(mark: Mark) -> &'static str {
    match mark {
        Mark::Parity => "parity or framing error",
        Mark::Overrun => "lost octets",
        Mark::Break => "break",
        Mark::Unreadable => "unreadable text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_enough_to_pass_around() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }

    #[test]
    fn a_lapse_has_the_unit_that_people_would_choose() {
        for (seconds, text) in [
            (60, "60 s"),
            (119, "119 s"),
            (900, "15 min"),
            (10_000, "2 h"),
            (172_799, "47 h"),
            (7_776_000, "90 days"),
        ] {
            assert_eq!(Lapse(seconds).to_string(), text);
        }
    }

    #[test]
    fn mark_names_read_back() {
        for mark in [Mark::Parity, Mark::Overrun, Mark::Break, Mark::Unreadable] {
            assert_eq!(Mark::from_name(mark.name()), Some(mark));
        }
        assert_eq!(Mark::from_name("noise"), None);
    }
}
