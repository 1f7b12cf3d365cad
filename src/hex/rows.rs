//! One octet a row, or a cell, behind its number, its time or the name of a line.
//!
//! ```text
//! [0] => 104     PHP        buf[0] = 0x68    a debugger       0 0x68    Python
//! [1] => 250                buf[1] = 0xfa                     1 0xfa
//!
//! {"0":104,"1":250,…}       an array of JavaScript
//!
//! 5436-5484 uart-1: 68      a logic analyser, which may write other rows in between
//! 5484-5532 uart-1: FA
//! 0.004600,0x68             a recorder
//!
//! FF                        a microcontroller, which writes no leading zeros
//! 0
//! ```
//!
//! Numbers count from 0 or 1, or from one that is no octet. The first octets, which are those of a telegram, tell the
//! radix of all.

use super::{
    prefix::{has_foreign, slice},
    telegram::begins_telegram,
};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct OctetRows {
    counted: Option<CountedRows>,
    /// The next number and the radix of rows with numbers: lines of another kind may stand in front of it.
    awaited: Option<(u64, u32)>,
    /// The rows with a name.
    named: Option<NamedRows>,
    bare: BareRows,
}

/// Octets with a number in front of each.
#[derive(Clone, Debug, Default)]
struct CountedRows {
    /// The number from which they count, 0 for 1.
    first: u64,
    next: u64,
    /// The octet of the next number stands in the next row.
    is_due: bool,
    values: RowValues,
    /// The last octet.
    last: Option<u8>,
}

/// Rows of the same name.
#[derive(Clone, Debug, Default)]
struct NamedRows {
    name: Vec<u8>,
    values: RowValues,
}

/// The octets of rows.
#[derive(Clone, Debug, Default)]
struct RowValues {
    /// The last ones as they are written, while the radix is not known.
    waiting: Vec<Vec<u8>>,
    radix: Option<u32>,
}

/// Rows that are nothing but one or two digits.
#[derive(Clone, Debug, Default)]
struct BareRows {
    /// The first octets.
    first: Vec<u8>,
    /// A row has a leading zero.
    padded: bool,
}

impl OctetRows {
    /// True while rows may follow that look like plain hex. Those with a name never do.
    pub(super) const fn is_within(&self) -> bool {
        self.counted.is_some()
    }

    /// The octets of a line, an empty list for a row whose octets are not known yet, `Err` if rows are
    /// missing in front of it. Nothing if it is no row.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Result<Vec<u8>, &'static str>> {
        let line = line.trim_ascii();
        if let Some(octet) = self.bare.octet(line) {
            return Some(Ok(octet));
        }
        // A row that cannot be read may look like the first of others.
        let open = match self.counted.take() {
            Some(rows) if rows.values.radix.is_some() => Some(rows),
            rows => self.interrupted(line).or(rows),
        };
        let radix_of = |rows: &CountedRows| Some((rows.next, rows.values.radix?));
        self.awaited = open.as_ref().and_then(radix_of).or(self.awaited);
        let counted = open.and_then(|rows| self.go_on(rows, line));
        let counted = counted.or_else(|| self.begin(line).map(Ok));
        // Both may be open until the first octets are there.
        match counted {
            Some(Ok(octets)) if octets.is_empty() => Some(Ok(self.named(line).unwrap_or_default())),
            None => self.named(line).map(Ok),
            counted => {
                self.named = None;
                counted
            }
        }
    }

    /// The rows that lines of another kind interrupted, if this one goes on from them.
    fn interrupted(&self, line: &[u8]) -> Option<CountedRows> {
        let (next, radix) = self.awaited?;
        let number = cells(line).next().filter(|cell| cell.is_alone(line))?.number()?;
        let values = RowValues { radix: Some(radix), ..RowValues::default() };
        let rows = CountedRows { next, values, ..CountedRows::default() };
        (next..next + MOST).contains(&number).then_some(rows)
    }

    /// A line in which numbers from 0 or 1 on begin, or in whose first cell a number stands that is no octet.
    fn begin(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if line.len() > LONGEST_LIST {
            return None;
        }
        let cells: Vec<_> = cells(line).collect();
        let is_start = |(at, cell): &(usize, &RowCell<'_>)| {
            matches!(cell.text, b"0" | b"1") || *at == 0 && cell.is_index(line)
        };
        let starts = cells.iter().enumerate().filter(is_start);
        starts.filter_map(|(at, start)| Some((start, cells.split_at_checked(at)?))).find_map(
            |(start, (before, cells))| {
                let next = start.number()?;
                let first = if next > 1 { next } else { 0 };
                let mut rows = CountedRows { first, next, ..CountedRows::default() };
                let (octets, left) = rows.row(cells, line)?;
                let is_sure = rows.values.radix.is_some();
                let is_row = before.iter().all(RowCell::is_word) && left <= FEW;
                (is_sure || is_row).then(|| {
                    self.counted = Some(rows);
                    octets
                })
            },
        )
    }

    fn go_on(
        &mut self,
        mut rows: CountedRows,
        line: &[u8],
    ) -> Option<Result<Vec<u8>, &'static str>> {
        let cells: Vec<_> = cells(line).collect();
        // `[0 … 9]`, as Node-RED writes above ten rows.
        let is_range = memchr::memmem::find(line, "…".as_bytes()).is_some();
        if is_range || cells.iter().all(RowCell::is_word) {
            self.counted = Some(rows);
            return Some(Ok(Vec::new()));
        }
        let number = cells.iter().find_map(RowCell::number).filter(|_| !rows.is_due);
        let is_sure = rows.values.radix.is_some();
        let is_later = |number: &u64| (rows.next + 1..rows.next + MOST).contains(number);
        let later = number.filter(|number| is_sure && is_later(number));
        let missing = later.is_some();
        rows.next = later.unwrap_or(rows.next);
        let Some((octets, left)) = rows.row(&cells, line) else {
            return self.again(rows, number.filter(|_| is_sure)?, &cells, line);
        };
        if (missing || !is_sure) && left > FEW {
            return None;
        }
        self.counted = Some(rows);
        Some(if missing { Err(MISSING) } else { Ok(octets) })
    }

    /// The last row once more, as a log has it that is written twice: its octet is there already, or another one.
    fn again(
        &mut self,
        mut rows: CountedRows,
        number: u64,
        cells: &[RowCell<'_>],
        line: &[u8],
    ) -> Option<Result<Vec<u8>, &'static str>> {
        let last = rows.last.filter(|_| number.checked_add(1) == Some(rows.next))?;
        rows.next = number;
        let (octets, _) = rows.row(cells, line).filter(|(octets, _)| octets.len() == 1)?;
        self.counted = Some(rows);
        Some(if octets == [last] { Ok(vec![]) } else { Err(MISSING) })
    }

    /// A row whose last cell is an octet, behind a name or a time. The first rows with a name are for
    /// others too: few octets behind words are none.
    fn named(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let (name, value) = name_and_value(line)?;
        let is_time = !name.iter().any(u8::is_ascii_alphabetic);
        let rows = self.named.get_or_insert_default();
        if rows.name != name {
            *rows = NamedRows { name, ..NamedRows::default() };
        }
        // A logic analyser writes single bits too.
        let is_octet = value.len() > 1 || rows.values.radix == Some(10);
        let octets = if is_octet { rows.values.take(value)? } else { Vec::new() };
        (is_time || !octets.is_empty()).then_some(octets)
    }
}

impl CountedRows {
    /// The octets of cells that are numbers and octets by turns, with words between them, and how many
    /// cells are left behind them.
    fn row(&mut self, cells: &[RowCell<'_>], line: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (mut octets, mut pairs, mut rest) = (Vec::new(), 0, cells);
        loop {
            let next = Some(self.next);
            let number = match core::mem::take(&mut self.is_due) {
                true => Some(rest),
                false => behind(rest, |cell| cell.number() == next).map(|(_, behind)| behind),
            };
            match number.and_then(|rest| behind(rest, RowCell::is_value)) {
                Some((value, behind)) => {
                    octets.extend(self.values.take(value.text)?);
                    (pairs, rest) = (pairs + 1, behind);
                    self.next = self.next.saturating_add(1);
                }
                None if pairs > 0 => break,
                None => {
                    self.is_due = number.is_some_and(<[_]>::is_empty) && line.ends_with(b"=>");
                    return self.is_due.then_some((octets, 0));
                }
            }
        }
        self.last = octets.last().copied().or(self.last);
        // The first octets are those of a telegram.
        let sound = self.values.radix.is_some() || self.next < self.first + FIRST as u64 + 1;
        sound.then_some((octets, rest.len()))
    }
}

impl RowValues {
    /// The octets that are known with this one; nothing if it is none.
    fn take(&mut self, value: &[u8]) -> Option<Vec<u8>> {
        if let Some(radix) = self.radix {
            return octet(value, radix).map(|octet| vec![octet]);
        }
        if self.waiting.len() == FIRST {
            self.waiting.remove(0);
        }
        self.waiting.push(value.to_vec());
        let found = [16, 10].into_iter().find_map(|radix| {
            let octets = self.waiting.iter().map(|value| octet(value, radix));
            let octets = octets.collect::<Option<Vec<u8>>>()?;
            // Rows that say the same are no octets of a telegram.
            let is_same = octets.iter().all(|octet| octets.first() == Some(octet));
            let is_telegram = octets.len() == FIRST && begins_telegram(&octets) && !is_same;
            is_telegram.then_some((radix, octets))
        });
        self.radix = found.as_ref().map(|(radix, _)| *radix);
        Some(found.map(|(_, octets)| octets).unwrap_or_default())
    }
}

impl BareRows {
    /// The octet of a single digit; nothing for two of them, which are hex anyway.
    fn octet(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let digits = line.strip_suffix(b",").unwrap_or(line);
        let Some(octet) = octet(digits, 16).filter(|_| digits.len() <= 2) else {
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

/// Letters and digits that follow each other.
#[derive(Clone, Copy, Debug)]
struct RowCell<'a> {
    text: &'a [u8],
    /// Where it begins in its line.
    at: usize,
    /// `"name":`
    is_key: bool,
}

impl RowCell<'_> {
    fn number(&self) -> Option<u64> {
        let is_number = self.text.len() == 1 || !self.text.starts_with(b"0");
        let digits = is_number && self.text.iter().all(u8::is_ascii_digit);
        core::str::from_utf8(self.text).ok().filter(|_| digits)?.parse().ok()
    }

    /// True for a number in a cell of its own that is too large for an octet, and for a row of digits.
    fn is_index(&self, line: &[u8]) -> bool {
        self.is_alone(line) && self.number().is_some_and(|it| INDEX.contains(&it))
    }

    /// True for the first cell of a line, if a sign between cells stands behind it.
    fn is_alone(&self, line: &[u8]) -> bool {
        let behind = line.get(self.at + self.text.len()..).unwrap_or_default();
        let is_sign = matches!(behind.trim_ascii_start(), [b',' | b';' | b'|' | b':' | b'=', ..]);
        self.at == 0 && (is_sign || behind.starts_with(b"\t"))
    }

    fn is_value(&self) -> bool {
        !self.is_key && [16, 10].into_iter().any(|radix| octet(self.text, radix).is_some())
    }

    /// True for what is neither a number nor an octet.
    fn is_word(&self) -> bool {
        let hex = self.text.iter().all(u8::is_ascii_hexdigit);
        let digit = self.text.iter().any(u8::is_ascii_digit);
        !self.is_value() && (!hex || self.is_key && !digit)
    }
}

fn cells(line: &[u8]) -> impl Iterator<Item = RowCell<'_>> {
    let mut at = 0;
    let mut is_length = false;
    core::iter::from_fn(move || {
        loop {
            let rest = line.get(at..)?;
            let start = rest.iter().position(u8::is_ascii_alphanumeric)?;
            let rest = slice(rest, start..rest.len());
            let is_end = |at: &usize| match rest.get(at.wrapping_sub(1)..=*at) {
                // `uart-1` is a name.
                Some([before, b'-' | b'_']) => before.is_ascii_hexdigit(),
                Some([_, c]) => !c.is_ascii_alphanumeric(),
                _ => false,
            };
            let length = (0..rest.len()).find(is_end).unwrap_or(rest.len());
            let (text, behind) = rest.split_at_checked(length)?;
            let cell = RowCell { text, at: at + start, is_key: behind.starts_with(b"\":") };
            at += start + length;
            // `string(2) "68"`, as PHP writes.
            if !core::mem::replace(&mut is_length, text == b"string" && behind.starts_with(b"(")) {
                return Some(cell);
            }
        }
    })
}

/// The next cell of a kind, if only words are in front of it, and the cells behind it.
fn behind<'a, 'b>(
    cells: &'b [RowCell<'a>],
    is_wanted: impl Fn(&RowCell<'a>) -> bool,
) -> Option<(RowCell<'a>, &'b [RowCell<'a>])> {
    let at = cells.iter().position(|cell| is_wanted(cell) || !cell.is_word())?;
    let (cell, behind) = cells.get(at..)?.split_first()?;
    is_wanted(cell).then_some((*cell, behind))
}

/// `68`, `0x68` or, in decimal, `104`.
fn octet(text: &[u8], radix: u32) -> Option<u8> {
    let hex = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"));
    let width = if radix == 16 { 2 } else { 3 };
    let digits = hex.unwrap_or(text);
    let fits = digits.len() <= width && (hex.is_none() || radix == 16);
    let digits = core::str::from_utf8(digits).ok().filter(|_| fits && digits.is_ascii())?;
    u8::from_str_radix(digits, radix).ok()
}

/// A row that ends with an octet, and its name without numbers.
fn name_and_value(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if line.len() > LONGEST_ROW {
        return None;
    }
    let cells: Vec<_> = cells(line).collect();
    let (value, before) = cells.split_last()?;
    let name = slice(line, 0..value.at);
    let behind = slice(line, value.at + value.text.len()..line.len());
    let is_end = behind.iter().all(|c| matches!(c, b'\'' | b'"' | b',' | b';'));
    // Octets behind a word would be a row of them.
    let near = before.rsplit(RowCell::is_word).next().unwrap_or_default();
    let even = |cell: &RowCell<'_>| cell.text.len().is_multiple_of(2);
    let is_name = near.len() < before.len() && !near.iter().any(even);
    let is_time = matches!(name, [time @ .., b',' | b';' | b'\t']
        if time.iter().all(|c| c.is_ascii_digit() || b" :.-".contains(c)) && has_foreign(time));
    let is_row = is_end && before.len() <= MOST_CELLS && (is_name || is_time && before.len() > 1);
    (is_row && value.is_value())
        .then(|| (name.iter().copied().filter(|c| !c.is_ascii_digit()).collect(), value.text))
}

/// The octets by which a telegram is known.
const FIRST: usize = 4;

/// Cells behind the octet of a row: the same in decimal, and as text.
const FEW: usize = 2;

/// A longer line is no list: twenty telegrams of JavaScript have so many characters.
const LONGEST_LIST: usize = 1 << 16;

/// The numbers that may be that of a first row: larger ones are times.
const INDEX: core::ops::Range<u64> = 256..1_000_000;

/// More rows are not missing.
const MOST: u64 = 1000;

const MISSING: &str = "rows of octets whose numbers do not follow each other";

/// The characters of a row with a name, and the cells of that name.
const LONGEST_ROW: usize = 80;
const MOST_CELLS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        let mut rows = OctetRows::default();
        text.lines().filter_map(|line| rows.octets(line.as_bytes())?.ok()).flatten().collect()
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
            "[0]=>\n string(2) \"68\"\n [1]=>\n string(2) \"fa\"\n [2]=>\n string(2) \"fa\"\n [3]=>\n string(2) \"68\"\n [4]=>\n string(2) \"53\"\n [5]=>\n string(2) \"ff\"\n [6]=>\n string(2) \"00\"\n [7]=>\n string(2) \"01\"",
            "1 => 0x68,\n2 => 0xFA,\n3 => 0xFA,\n4 => 0x68,\n5 => 0x53,\n6 => 0xFF,\n7 => 0x00,\n8 => 0x01,",
            &rows(&|at, octet| format!("buf[{at}] = 0x{octet:02X};")),
            &rows(&|at, octet| format!("[{at}]: {octet}")),
            &rows(&|at, octet| format!("  [{at}] = {octet} '.'")),
            &rows(&|at, octet| format!("{at} 0x{octet:x}")),
            &rows(&|at, octet| format!("{},0x{octet:02X}", at + 1001)),
            &rows(&|at, octet| format!("{}\t{octet}", at + 512)),
            &rows(&|at, octet| format!("{}: {octet:02x}", at + 1)),
            &rows(&|at, octet| format!("0.00{at}600,0x{octet:02x}")),
            &rows(&|at, octet| format!("18:45:00.00{at};{octet:02X}")),
            &rows(&|at, octet| format!("18:45:00.00{at}\t{octet}")),
            &rows(&|at, octet| format!("{at:<7}{octet}")),
            &rows(&|at, octet| format!("| {at} | 0x{octet:02x} |")),
            &rows(&|at, octet| format!("{{\"t\":{at},\"byte\":{octet}}}")),
            &rows(&|at, octet| format!("  \"{at}\": {octet},")),
            &format!("{{{}}}", rows(&|at, octet| format!("\"{at}\":{octet}")).replace('\n', ",")),
            &rows(&|at, octet| format!("[{at} … {}]\n{at}: 0x{octet:x}", at + 9)),
            &rows(&|at, octet| format!("{at};{octet};.")),
            &rows(&|_, octet| format!("uart-1: Start bit\nuart-1: 1\nuart-1: {octet:02X}")),
            &rows(&|at, octet| format!("{}-{} uart-1: {octet:02X}", 90 * at, 90 * at + 80)),
            &rows(&|at, octet| format!("{at}-{at} UART: RX: {octet:02X}")),
        ] {
            assert_eq!(octets(text), expected, "{text}");
            assert_eq!(octets(&[text, "\n", text].concat()), expected.repeat(2), "{text}");
        }
    }

    #[test]
    fn rows_that_are_missing_are_a_defect() {
        let mut rows = OctetRows::default();
        let text = "0;104\n1;20\n2;20\n3;104\n5;83\n6;255\n0;104";
        let read: Vec<_> = text.lines().map(|line| rows.octets(line.as_bytes())).collect();
        assert_eq!(read[3], Some(Ok(vec![0x68, 20, 20, 0x68])));
        assert_eq!(read[4..], [Some(Err(MISSING)), Some(Ok(vec![255])), Some(Ok(vec![]))]);
        let text = "0;104\n1;20\n2;20\n3;104\nTX: on\n5;83";
        let mut rows = OctetRows::default();
        let last = text.lines().map(|line| rows.octets(line.as_bytes())).last();
        assert_eq!(last, Some(Some(Err(MISSING))), "behind a line of another kind");
    }

    #[test]
    fn a_row_that_stands_twice_counts_once() {
        let rows = |again: &str| {
            let text = format!("0\t68\n1\t14\n2\t14\n3\t68\n4\t53\n{again}\n5\tff\n6\t00");
            let mut rows = OctetRows::default();
            text.lines().map(|line| rows.octets(line.as_bytes())).skip(5).collect::<Vec<_>>()
        };
        let behind = [Some(Ok(vec![255])), Some(Ok(vec![0]))];
        assert_eq!(rows("4\t53"), [&[Some(Ok(vec![]))], &behind[..]].concat());
        assert_eq!(rows("4\t54"), [&[Some(Err(MISSING))], &behind[..]].concat());
    }

    #[test]
    fn rows_go_on_behind_one_that_cannot_be_read() {
        let row =
            |at: usize| format!("{}\t{:02x}\t{at}", 776 + at, [0x68, 0x14, 0x14, 0x68][at % 4]);
        let mut lines: Vec<_> = (0..8).map(row).collect();
        lines[4] = "780\tzz\t104".to_owned();
        let mut rows = OctetRows::default();
        let read: Vec<_> = lines.iter().map(|line| rows.octets(line.as_bytes())).collect();
        assert_eq!(read[5], Some(Err(MISSING)));
        assert_eq!(read[6..], [Some(Ok(vec![0x14])), Some(Ok(vec![0x68]))]);
    }

    #[test]
    fn a_line_of_another_kind_ends_no_rows() {
        let log = "2024-11-15 14:45:03,123 - root - INFO - published 12 values";
        let rows = ["0\t68", "1\t14", "2\t14", "3\t68", "4\t53", log, "5\tff", "6\t00"].join("\n");
        assert_eq!(octets(&rows), [0x68, 0x14, 0x14, 0x68, 0x53, 0xff, 0]);
        let words = rows.replace("5\t", "5 values, ").replace("6\t", "6 ");
        assert_eq!(octets(&words), [0x68, 0x14, 0x14, 0x68, 0x53], "words");
    }

    #[test]
    fn other_rows_are_left_alone() {
        for text in [
            "[5] => 104",
            "the map [0] => home",
            "0;250\n1;104\n2;0\n3;5\n4;6",
            "12:34:56.789;68\n12:34:57.789;69",
            "68,FA,FA,68,53,FF,0,1",
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
