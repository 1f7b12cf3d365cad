//! Where a file is cut into blocks that are read at once.
//!
//! A good cut is one that no telegram straddles: a line that begins one, or in binary a frame that
//! does. That is a guess, and nothing but speed hangs on it: who works on both sides of a cut sees
//! whether it was good. In binary a cut is always at the start octet of a frame, and there what is in
//! front is looked at to its end and no further, cut or not.

use std::os::fd::BorrowedFd;

use crate::cli::setup::args::InputForm;
use meterpipe::{
    hex::{
        detect::Form,
        dump::{Dump, HexRun},
    },
    link::{mbus::Frame, reassembly::is_first},
    record::{Record, RecordKind},
};

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins.
    pub from: u64,
    /// Where it ends, if that is not the end of the file, wherever that will be then.
    pub to: Option<u64>,
}

/// What is cut.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// A regular file.
    pub file: BorrowedFd<'a>,
    /// What it was found to be.
    pub form: Form,
    /// What the user says that it is.
    pub said: Option<InputForm>,
    /// Where it is read from.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
}

/// The blocks of a file, in order; behind a place where no cut is found there is but one.
#[derive(Debug)]
pub struct Cuts<'a> {
    whole: Whole<'a>,
    size: u64,
    next: Option<u64>,
    window: Vec<u8>,
}

impl<'a> Cuts<'a> {
    /// Blocks of about that size.
    pub const fn new(whole: Whole<'a>, size: u64) -> Self {
        Self { whole, size, next: Some(whole.start), window: Vec::new() }
    }

    /// The next cut at or behind a place.
    fn cut(&mut self, from: u64) -> Option<u64> {
        if from >= self.whole.end {
            return None;
        }
        let near = self.look(from, NEAR)?;
        let at = match near {
            Cut::Telegram(at) => at,
            _ => match self.look(from, FAR)? {
                Cut::Telegram(at) | Cut::Line(at) => at,
                Cut::Nothing => return None,
            },
        };
        let cut = from + at as u64;
        (cut < self.whole.end).then_some(cut)
    }

    fn look(&mut self, from: u64, size: usize) -> Option<Cut> {
        self.window.resize(size, 0);
        let read = rustix::io::pread(self.whole.file, &mut self.window[..], from).ok()?;
        let window = self.window.get(..read)?;
        Some(match self.whole.form {
            Form::Binary => frame(window),
            Form::Text => line(window, self.whole.said),
        })
    }
}

impl Iterator for Cuts<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let from = self.next?;
        self.next = self.cut(from + self.size);
        Some(Block { from, to: self.next })
    }
}

/// A place in a window.
#[derive(Debug, PartialEq, Eq)]
enum Cut {
    Telegram(usize),
    Line(usize),
    Nothing,
}

fn frame(window: &[u8]) -> Cut {
    let begins = |at: &usize| {
        let frame = Frame::parse(window.get(*at..).unwrap_or_default());
        frame.is_ok_and(|frame| is_first(&frame))
    };
    memchr::memchr_iter(START, window).find(begins).map_or(Cut::Nothing, Cut::Telegram)
}

fn line(window: &[u8], said: Option<InputForm>) -> Cut {
    let mut best = Cut::Nothing;
    for at in memchr::memchr_iter(b'\n', window).map(|end| end + 1) {
        match (begins(window.get(at..).unwrap_or_default(), said), &best) {
            (Begins::Telegram, _) => return Cut::Telegram(at),
            // In a narrow dump that is a line within a frame.
            (Begins::Apdu, Cut::Nothing | Cut::Line(_)) => best = Cut::Telegram(at),
            (_, Cut::Nothing) => best = Cut::Line(at),
            _ => {}
        }
    }
    best
}

/// What begins with the first of some lines.
enum Begins {
    Telegram,
    Apdu,
    Nothing,
}

fn begins(lines: &[u8], said: Option<InputForm>) -> Begins {
    let mut lines = lines.split(|octet| *octet == b'\n');
    let first = lines.next().unwrap_or_default();
    if said != Some(InputForm::Hex) && Record::kind(first).is_some() {
        return match Record::parse(first, &mut Vec::new()) {
            Ok(Record { kind: RecordKind::Apdu, .. }) => Begins::Telegram,
            Ok(record) if begins_frame(record.octets) => Begins::Telegram,
            _ => Begins::Nothing,
        };
    }
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    for line in core::iter::once(first).chain(lines) {
        let _ = dump.line(line, true, &mut run);
        match run.octets.len() {
            0 => return Begins::Nothing,
            ENOUGH.. => break,
            _ => {}
        }
    }
    match &*run.octets {
        octets if begins_frame(octets) => Begins::Telegram,
        octets if begins_apdu(octets) => Begins::Apdu,
        _ => Begins::Nothing,
    }
}

/// Whether a frame begins that brings the first segment of a telegram.
fn begins_frame(octets: &[u8]) -> bool {
    match octets {
        [START, first, second, START, _, _, information, ..] => {
            first == second && information & 0x0f == 0
        }
        _ => false,
    }
}

/// Whether an APDU begins: a ciphered one with its system title, or a notification with its time.
fn begins_apdu(octets: &[u8]) -> bool {
    matches!(octets, [0xdb | 0xdc, 8, ..] | [0x0f, _, _, _, _, 0 | 12, ..])
}

/// The start octet of a frame.
const START: u8 = 0x68;

/// Octets that say what begins.
const ENOUGH: usize = 7;

/// Where a telegram nearly always begins: two of the longest frame in hex, in two lines or in a row.
const NEAR: usize = 4096;

/// How far a cut is looked for.
const FAR: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    /// The published telegram: two frames.
    const DUMP: &str = include_str!("../../../tests/data/netznoe-doc-2021.hex");

    fn blocks(input: &[u8], form: Form, start: u64, size: u64) -> Vec<(u64, Option<u64>)> {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, input).unwrap();
        let (file, end) = (file.as_fd(), input.len() as u64);
        let whole = Whole { file, form, said: None, start, end };
        Cuts::new(whole, size).map(|Block { from, to }| (from, to)).collect()
    }

    fn telegram() -> (String, Vec<u8>) {
        let octets = hex::decode(DUMP.replace('\n', "")).unwrap();
        let (first, second) = octets.split_at(256);
        (format!("{}\n{}\n", hex::encode(first), hex::encode(second)), octets)
    }

    #[test]
    fn blocks_begin_with_a_telegram_and_follow_each_other() {
        let (text, octets) = telegram();
        let size = text.len() as u64;
        let text = text.repeat(5);
        let found = blocks(text.as_bytes(), Form::Text, 0, size + 1);
        assert_eq!(found, [(0, Some(2 * size)), (2 * size, Some(4 * size)), (4 * size, None)]);
        let found = blocks(text.as_bytes(), Form::Text, size, 3 * size - 1);
        assert_eq!(found, [(size, Some(4 * size)), (4 * size, None)]);
        let found = blocks(&octets.repeat(4), Form::Binary, 0, 300);
        assert_eq!(found, [(0, Some(564)), (564, None)]);
        let records = format!("- frame {}\n- frame {}\n", "00".repeat(40), hex::encode(octets));
        let line = 2 * 40 + 9;
        let found = blocks(records.as_bytes(), Form::Text, 0, 20);
        assert_eq!(found, [(0, Some(line)), (line, None)]);
    }

    #[test]
    fn where_no_telegram_begins_a_line_will_do_and_octets_will_not() {
        let found = blocks(b"prose\nand prose\nand prose\n", Form::Text, 0, 7);
        assert_eq!(found, [(0, Some(16)), (16, None)]);
        assert_eq!(blocks(&[b'0'; 200_000], Form::Text, 0, 50_000), [(0, None)]);
        assert_eq!(blocks(&[0x68; 200_000], Form::Binary, 0, 50_000), [(0, None)]);
    }

    #[test]
    fn a_narrow_dump_has_its_telegrams_too() {
        let text: String = telegram().1.chunks(3).map(|row| hex::encode(row) + "\n").collect();
        let size = text.len() as u64;
        let found = blocks(text.repeat(3).as_bytes(), Form::Text, 0, size + 1);
        assert_eq!(found, [(0, Some(2 * size)), (2 * size, None)]);
    }
}
