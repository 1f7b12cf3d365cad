//! Rows of `od` whose octets are in decimal, in octal or characters.
//!
//! ```text
//! 0000000 104 250 250 104  83 255   0   1 103 219   8  75  70  77 103  80     od -t u1
//! 0000000  104   -6   -6  104   83   -1    0    1  103  -37    8   75         od -t d1
//! 0000000   h 372 372   h   S 377  \0 001   g 333  \b   K   F   M   g   P     od -c
//! 0000000 150 372 372 150 123 377 000 001 147 333 010 113 106 115 147 120     od -b
//! *                                                  the row before it again, and again
//! 0000432                                            the length
//! ```
//!
//! Each octet has a column of four characters, or five.

use super::{prefix::slice, telegram::begins_telegram};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct ByteRows {
    kind: Option<ByteCell>,
    /// Octets so far.
    octets: u64,
    row: Vec<u8>,
    star: bool,
}

/// How a column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteCell {
    Unsigned,
    Octal,
    Signed,
    Character,
}

impl ByteRows {
    /// True between two rows.
    pub(super) const fn is_within(&self) -> bool {
        self.kind.is_some()
    }

    /// The octets of a line, `Err` for a row that is out of order; nothing if it is none.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Result<Vec<u8>, &'static str>> {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        if self.kind.is_some() && line.trim_ascii_end() == b"*" {
            self.star = true;
            return Some(Ok(Vec::new()));
        }
        let length = line.iter().take_while(|c| c.is_ascii_hexdigit()).count();
        let (offset, body) = line.split_at_checked(length).filter(|_| OFFSET.contains(&length))?;
        let begins = offset.iter().all(|c| *c == b'0');
        let kinds = [ByteCell::Unsigned, ByteCell::Octal, ByteCell::Character, ByteCell::Signed];
        let kind = match self.kind {
            _ if begins => kinds.into_iter().find(|kind| kind.begins(body))?,
            Some(kind) => kind,
            None => return None,
        };
        let is_end = body.trim_ascii().is_empty();
        let row = if is_end { Some(Vec::new()) } else { kind.row(body) };
        if begins {
            *self = Self { kind: Some(kind), ..Self::default() };
        }
        let Some(row) = row else {
            self.kind = None;
            return None;
        };
        let Some(repeated) = self.gap(offset) else {
            self.kind = None;
            return Some(Err("a listing of od whose rows do not follow each other"));
        };
        let mut octets: Vec<u8> = self.row.iter().copied().cycle().take(repeated).collect();
        octets.extend_from_slice(&row);
        self.octets += octets.len() as u64;
        self.star = false;
        if is_end {
            self.kind = None;
        }
        self.row = row;
        Some(Ok(octets))
    }

    /// The octets that a `*` stands for before this offset.
    fn gap(&self, offset: &[u8]) -> Option<usize> {
        let offset = core::str::from_utf8(offset).ok()?;
        let gap = |radix| u64::from_str_radix(offset, radix).ok()?.checked_sub(self.octets);
        let row = self.row.len() as u64;
        let fits = |gap: &u64| match self.star {
            true => *gap > 0 && *gap <= MOST && gap.checked_rem(row) == Some(0),
            false => *gap == 0,
        };
        // od counts in octal, unless it is told otherwise.
        let gap = [8, 10, 16].into_iter().filter_map(gap).find(fits)?;
        usize::try_from(gap).ok()
    }
}

impl ByteCell {
    const fn width(self) -> usize {
        match self {
            Self::Unsigned | Self::Octal | Self::Character => 4,
            Self::Signed => 5,
        }
    }

    /// True if a listing of this kind begins with the row: octal digits have no blanks for their zeros.
    fn begins(self, body: &[u8]) -> bool {
        let Some(row) = self.row(body) else {
            return false;
        };
        let cells: Vec<&[u8]> = body.chunks(self.width()).map(<[u8]>::trim_ascii).collect();
        let any = |test: &dyn Fn(&[u8]) -> bool| cells.iter().any(|cell| test(cell));
        row.len() >= LEAST
            && match self {
                Self::Unsigned => any(&|cell| cell.len() < 3) && any(&|cell| cell.len() == 3),
                Self::Octal => begins_telegram(&row),
                Self::Signed => any(&|cell| cell.starts_with(b"-")),
                Self::Character => any(&|cell| cell.starts_with(b"\\") || cell.len() == 1),
            }
    }

    /// The octets of a row, all of them or none.
    fn row(self, body: &[u8]) -> Option<Vec<u8>> {
        let body = if self == Self::Character { body } else { body.trim_ascii_end() };
        let cells = body.chunks(self.width());
        let octets = cells.map(|cell| {
            let is_whole = cell.len() == self.width() && cell.starts_with(b" ");
            is_whole.then(|| self.octet(slice(cell, 1..cell.len())))?
        });
        octets.collect()
    }

    fn octet(self, cell: &[u8]) -> Option<u8> {
        let text = core::str::from_utf8(cell.trim_ascii_start()).ok()?;
        match self {
            Self::Unsigned if text.len() > 1 && text.starts_with('0') => None,
            Self::Unsigned => text.parse().ok(),
            Self::Octal if text.len() == 3 => u8::from_str_radix(text, 8).ok(),
            Self::Octal => None,
            Self::Signed => text.parse().ok().map(i8::cast_unsigned),
            Self::Character => match text.as_bytes() {
                [] => Some(b' '),
                [character] => Some(*character),
                [b'\\', letter] => escape(*letter),
                [_, _, _] => u8::from_str_radix(text, 8).ok(),
                _ => None,
            },
        }
    }
}

const fn escape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'0' => 0,
        b'a' => 7,
        b'b' => 8,
        b't' => 9,
        b'n' => 10,
        b'v' => 11,
        b'f' => 12,
        b'r' => 13,
        b'\\' => b'\\',
        _ => return None,
    })
}

/// Digits of an offset.
const OFFSET: core::ops::RangeInclusive<usize> = 6..=8;

/// Fewer octets begin no listing.
const LEAST: usize = 4;

/// More is no telegram, and a `*` must not fill the memory.
const MOST: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<Option<Result<Vec<u8>, &'static str>>> {
        let mut rows = ByteRows::default();
        text.lines().map(|line| rows.octets(line.as_bytes())).collect()
    }

    #[test]
    fn each_kind_is_read_with_its_repeats() {
        let start = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1];
        for text in [
            "0000000 104 250 250 104  83 255   0   1\n*\n0000020 104\n0000021",
            "0000000  104   -6   -6  104   83   -1    0    1\n*\n0000020  104\n0000021",
            "0000000 150 372 372 150 123 377 000 001\n*\n0000020 150\n0000021",
            "0000000   h 372 372   h   S 377  \\0 001\n*\n0000020   h\n0000021",
            "0000000 104 250 250 104  83 255   0   1\n*\n0000016 104\n0000017",
        ] {
            let all: Vec<u8> =
                octets(text).into_iter().filter_map(|row| row?.ok()).flatten().collect();
            assert_eq!(all, [&start[..], &start, &[0x68]].concat(), "{text}");
        }
    }

    #[test]
    fn a_missing_row_is_a_defect_and_other_listings_are_none() {
        let rows = "0000000 104 250 250 104  83 255   0   1\n0000020 104 250\n";
        assert!(matches!(octets(rows).last(), Some(Some(Err(_)))));
        for text in [
            "0000000 68 fa fa 68 53 ff 00 01",
            "0000000 fa68 68fa ff53 0100",
            "00000000: 68fa fa68 53ff 0001",
            "000000 104",
        ] {
            assert_eq!(octets(text), [None], "{text}");
        }
    }
}
