//! One octet a row, behind its number or behind the name of a line.
//!
//! ```text
//! [0] => 104     PHP        buf[0] = 0x68    a debugger       0 0x68    Python
//! [1] => 250                buf[1] = 0xfa                     1 0xfa
//!
//! 5436-5484 uart-1: 68      a logic analyser, which may write other rows in between
//! 5484-5532 uart-1: FA
//!
//! FF                        a microcontroller, which writes no leading zeros
//! 0
//! ```
//!
//! The numbers count from 0 or 1. Rows without one are read once the first of them are those of a
//! telegram.

use super::{prefix::slice, separator::is_blank, telegram::begins_telegram};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct OctetRows {
    /// The row before, if it has a number.
    numbered: Option<NumberedRow>,
    /// The rows with a name.
    named: Option<NamedRows>,
    bare: BareRows,
}

/// A row with its number.
#[derive(Clone, Debug, Default)]
struct NumberedRow {
    name: Vec<u8>,
    next: u64,
    /// The values are in decimal.
    decimal: Option<bool>,
    /// The first octets, while it is open whether they are those of a telegram.
    first: Option<Vec<u8>>,
}

/// Rows that are nothing but one or two digits.
#[derive(Clone, Debug, Default)]
struct BareRows {
    /// The first octets.
    first: Vec<u8>,
    /// A row has a leading zero.
    padded: bool,
}

/// Rows of the same name.
#[derive(Clone, Debug)]
struct NamedRows {
    name: Vec<u8>,
    octets: Vec<u8>,
    /// They are those of a telegram.
    open: bool,
}

impl OctetRows {
    /// True while rows may follow.
    pub(super) const fn is_within(&self) -> bool {
        self.numbered.is_some() || self.named.is_some()
    }

    /// The octets of a line; an empty list for a row that is only a number. Nothing if it is no row.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let line = line.trim_ascii();
        self.bare.octet(line).or_else(|| self.numbered(line)).or_else(|| self.named(line))
    }

    fn numbered(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let before = self.numbered.take();
        let (mut row, value, shows_decimal) = match numbered(line) {
            Some((name, number, value, php)) => {
                let is_next = match &before {
                    Some(before) => number == 0 || before.next == number && before.name == name,
                    None => number <= 1,
                };
                let mut row = before.filter(|_| number > 0).unwrap_or_default();
                if row.name.is_empty() {
                    row.name = name.to_vec();
                    // Other programs have arrays of all kinds.
                    row.first = (!php && row.next == 0).then(Vec::new).or(row.first);
                }
                row.next = number.saturating_add(1);
                (is_next.then_some(row)?, value, php)
            }
            // A value below its number.
            None => (before?, line, false),
        };
        let octets = match value {
            [] | b"(" | b")" | b"}" | b"Array" => Vec::new(),
            value => {
                let octet = element(value, shows_decimal, &mut row.decimal)?;
                match &mut row.first {
                    None => vec![octet],
                    Some(first) => {
                        first.push(octet);
                        let is_telegram = first.len() == FIRST && begins_telegram(first);
                        if first.len() >= FIRST && !is_telegram {
                            return None;
                        }
                        row.first.take_if(|_| is_telegram).unwrap_or_default()
                    }
                }
            }
        };
        self.numbered = Some(row);
        Some(octets)
    }

    fn named(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let (name, octet) = named(line)?;
        let rows = self.named.get_or_insert_with(|| NamedRows::of(name));
        if rows.name != name {
            *rows = NamedRows::of(name);
        }
        rows.octets.push(octet);
        if rows.open {
            return Some(core::mem::take(&mut rows.octets));
        }
        let first = rows.octets.len().saturating_sub(FIRST);
        rows.octets.drain(..first);
        rows.open = rows.octets.len() == FIRST && begins_telegram(&rows.octets);
        rows.open.then(|| core::mem::take(&mut rows.octets))
    }
}

impl BareRows {
    /// The octet of a single digit; nothing for two of them, which are hex anyway.
    fn octet(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let digits = line.strip_suffix(b",").unwrap_or(line);
        let octet =
            core::str::from_utf8(digits).ok().and_then(|it| u8::from_str_radix(it, 16).ok());
        let Some(octet) = octet.filter(|_| digits.len() <= 2) else {
            *self = Self::default();
            return None;
        };
        self.padded |= digits.len() == 2 && digits.starts_with(b"0");
        if self.first.len() < FIRST {
            self.first.push(octet);
        }
        let is_short = digits.len() == 1 && !self.padded && begins_telegram(&self.first);
        is_short.then(|| vec![octet])
    }
}

impl NamedRows {
    fn of(name: &[u8]) -> Self {
        Self { name: name.to_vec(), octets: Vec::new(), open: false }
    }
}

/// Name, number and value of a row: `[7] => 104`, `buf[7] = 0x68`, `7 0x68`; true if PHP wrote it.
fn numbered(line: &[u8]) -> Option<(&[u8], u64, &[u8], bool)> {
    let open = line.iter().position(|&c| c == b'[');
    let (name, inner) = match open.filter(|at| *at < LONGEST_NAME) {
        Some(open) => line.split_at_checked(open + 1)?,
        None => line.split_at_checked(0)?,
    };
    let length = inner.iter().take_while(|c| c.is_ascii_digit()).count();
    let (digits, rest) = inner.split_at_checked(length)?;
    let rest = if name.is_empty() { rest } else { rest.strip_prefix(b"]")? };
    let sign = rest.trim_ascii_start();
    let value = sign.strip_prefix(b"=>").or_else(|| sign.strip_prefix(b"="));
    let value = value.or_else(|| sign.strip_prefix(b":"));
    let bare = || sign.starts_with(b"0x") && sign.len() < rest.len();
    let value = value.or_else(|| bare().then_some(sign))?.trim_ascii();
    let is_name = name.iter().all(|c| !is_blank(*c));
    let is_number = length == 1 || !digits.starts_with(b"0");
    let number = core::str::from_utf8(digits).ok().filter(|_| is_name && is_number)?;
    Some((name, number.parse().ok()?, value, sign.starts_with(b"=>")))
}

/// `104`, `104,`, `int(104)`, `0x68;`, `"68"`. The first value tells whether they are in decimal.
fn element(value: &[u8], php: bool, decimal: &mut Option<bool>) -> Option<u8> {
    let value = value.strip_suffix(b",").or_else(|| value.strip_suffix(b";")).unwrap_or(value);
    let inner = value.strip_prefix(b"int(").and_then(|inner| inner.strip_suffix(b")"));
    let value = inner.unwrap_or(value);
    // `string(2) "68"`.
    let quoted = memchr::memchr(b'"', value)
        .filter(|at| *at == 0 || value.starts_with(b"string("))
        .and_then(|at| value.get(at + 1..)?.strip_suffix(b"\""));
    // `104 'h'`, as debuggers write.
    let number = value.split(|&c| is_blank(c)).next()?;
    let hex = number.strip_prefix(b"0x").or(quoted);
    let digits = hex.unwrap_or(number);
    let is_decimal = hex.is_none() && *decimal.get_or_insert(php || digits.len() == 3);
    (digits.len() <= 3).then_some(())?;
    let digits = core::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, if is_decimal { 10 } else { 16 }).ok()
}

/// The name of a row, which has no number, and its octet: two digits behind a colon.
fn named(line: &[u8]) -> Option<(&[u8], u8)> {
    let (name, octet) = line.split_at_checked(line.len().checked_sub(2)?)?;
    let name = name.trim_ascii_end().strip_suffix(b":")?;
    // The place of the octet in the recording.
    let place = name.iter().take_while(|c| c.is_ascii_digit() || **c == b'-').count();
    let name = slice(name, place..name.len()).trim_ascii_start();
    let is_name = name.len() < LONGEST_NAME && name.first().is_some_and(u8::is_ascii_alphabetic);
    let text = core::str::from_utf8(octet).ok().filter(|_| is_name)?;
    let is_octet = octet.iter().all(u8::is_ascii_hexdigit);
    Some((name, u8::from_str_radix(text, 16).ok().filter(|_| is_octet)?))
}

/// The octets by which a telegram is known.
const FIRST: usize = 4;

/// The characters of the longest name.
const LONGEST_NAME: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        let mut rows = OctetRows::default();
        text.lines().filter_map(|line| rows.octets(line.as_bytes())).flatten().collect()
    }

    #[test]
    fn rows_of_every_program_are_read() {
        let expected = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1];
        let rows = |row: &dyn Fn(usize, u8) -> String| {
            let rows = expected.iter().enumerate().map(|(at, octet)| row(at, *octet));
            rows.collect::<Vec<_>>().join("\n")
        };
        for text in [
            "Array\n(\n [0] => 104\n [1] => 250\n [2] => 250\n [3] => 104\n [4] => 83\n [5] => 255\n [6] => 0\n [7] => 1\n)",
            "[0]=>\n int(104)\n [1]=>\n int(250)\n[2]=>\nint(250)\n[3]=>\nint(104)\n[4]=>\nint(83)\n[5]=>\nint(255)\n[6]=>\nint(0)\n[7]=>\nint(1)\n}",
            "1 => 0x68,\n2 => 0xFA,\n3 => 0xFA,\n4 => 0x68,\n5 => 0x53,\n6 => 0xFF,\n7 => 0x00,\n8 => 0x01,",
            &rows(&|at, octet| format!("buf[{at}] = 0x{octet:02X};")),
            &rows(&|at, octet| format!("[{at}]: {octet}")),
            &rows(&|at, octet| format!("  [{at}] = {octet} '.'")),
            &rows(&|at, octet| format!("{at} 0x{octet:x}")),
            &rows(&|at, octet| format!("{}: {octet:02x}", at + 1)),
            &rows(&|_, octet| format!("uart-1: Start bit\nuart-1: 1\nuart-1: {octet:02X}")),
            &rows(&|at, octet| format!("{}-{} uart-1: {octet:02X}", 90 * at, 90 * at + 80)),
            &rows(&|at, octet| format!("{at}-{at} UART: RX: {octet:02X}")),
        ] {
            assert_eq!(octets(text), expected, "{text}");
        }
    }

    #[test]
    fn other_rows_are_left_alone() {
        for text in [
            "[5] => 104",
            "the map [0] => home",
            "temp[0] = 1\ntemp[1] = 2\ntemp[2] = 3\ntemp[3] = 4\ntemp[4] = 5",
            "0 0x12\n1 0x13\n2 0x14\n3 0x15\n4 0x16",
            "split[0] = cc if a else b",
            "Level: 68\nLevel: 14\nLevel: 20\nLevel: 68\nLevel: 19",
            "12:34:56",
            "68 FA FA 68 53 FF 00 01",
            "00: 68\n01: fa\n",
            "A: 68\nB: FA\nA: FA\nB: 68",
        ] {
            assert_eq!(octets(text), [0u8; 0], "{text}");
        }
    }
}
