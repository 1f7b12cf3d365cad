//! Readings for which a queue has no room, on a disk until the sink takes them.
//!
//! With several sinks, a file must not wait for the slowest of them, and nothing may be lost. The
//! readings in between wait in a file without a name, which vanishes with the process. It has slots
//! of one size, and the slot of a batch that was taken is used again:
//!
//! ```text
//! slot 0            slot 1            slot 2
//! line line line …  line line line …  (free)            tail, in memory: line line
//! ```
//!
//! A line is the JSON of a telegram behind a mark, which says whether another telegram has confirmed
//! it.

use std::{
    collections::VecDeque,
    env,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags, open};

use crate::{format::readings::Readings, sink::projection::Projection};

/// The size of a slot.
const SLOT: usize = 64 * 1024;

/// The most slots: 256 MiB, about a month of a meter that pushes every five seconds.
const MOST_SLOTS: u64 = 4096;

/// A folder on a disk. `/tmp` is often in memory.
const FOLDER: &str = "/var/tmp";

/// The marks in front of a line.
const CONFIRMED: u8 = b'c';
const UNCONFIRMED: u8 = b'u';

/// The readings on the disk, the oldest first.
#[derive(Debug)]
pub(super) struct Overflow {
    file: File,
    batches: VecDeque<StoredBatch>,
    /// The slots whose batch was taken.
    free: Vec<u64>,
    /// The slots that were ever used.
    slots: u64,
    most_slots: u64,
    /// The lines behind those on the disk.
    tail: Vec<u8>,
    /// The number of lines in it.
    tail_lines: u64,
}

/// The lines in a slot.
#[derive(Clone, Copy, Debug)]
struct StoredBatch {
    slot: u64,
    octets: usize,
    lines: u64,
}

/// Lines that were taken from an [`Overflow`].
#[derive(Debug, Default)]
pub(super) struct TakenBatch {
    /// The readings.
    pub(super) readings: Vec<Readings>,
    /// The number of those that could not be read back.
    pub(super) damaged: u64,
}

impl Overflow {
    /// Creates the file in `$TMPDIR`, or in a folder on a disk.
    ///
    /// # Errors
    /// There is no such folder, or it takes no file.
    pub(super) fn create() -> io::Result<Self> {
        let folder = env::var_os("TMPDIR").filter(|folder| !folder.is_empty());
        Self::create_in(&folder.map_or_else(|| FOLDER.into(), PathBuf::from), MOST_SLOTS)
    }

    fn create_in(folder: &Path, most_slots: u64) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(open(folder, flags, Mode::RUSR | Mode::WUSR)?);
        let (batches, free, tail) = (VecDeque::new(), Vec::new(), Vec::new());
        Ok(Self { file, batches, free, slots: 0, most_slots, tail, tail_lines: 0 })
    }

    /// Takes readings; false if the disk has no room for them.
    pub(super) fn push(&mut self, readings: &Readings) -> bool {
        let before = self.tail.len();
        self.tail.push(if readings.is_unconfirmed() { UNCONFIRMED } else { CONFIRMED });
        Projection::default().write_json(readings, &[], &mut self.tail);
        self.tail.push(b'\n');
        let is_too_long = self.tail.len() - before > SLOT;
        if is_too_long || self.tail.len() > SLOT && !self.store(before) {
            self.tail.truncate(before);
            return false;
        }
        self.tail_lines += 1;
        true
    }

    /// Writes the first octets of the tail, which are whole lines, into a free slot.
    fn store(&mut self, octets: usize) -> bool {
        let slot = self.free.pop().or_else(|| {
            let slot = self.slots;
            self.slots += u64::from(slot < self.most_slots);
            (slot < self.most_slots).then_some(slot)
        });
        let Some(slot) = slot else {
            return false;
        };
        let batch = self.tail.get(..octets).unwrap_or_default();
        if self.file.write_all_at(batch, slot * SLOT as u64).is_err() {
            self.free.push(slot);
            return false;
        }
        self.batches.push_back(StoredBatch { slot, octets, lines: self.tail_lines });
        self.tail.drain(..octets);
        self.tail_lines = 0;
        true
    }

    /// Takes the oldest readings, some at a time.
    pub(super) fn take(&mut self) -> TakenBatch {
        let (text, lines) = match self.batches.pop_front() {
            None => (core::mem::take(&mut self.tail), core::mem::take(&mut self.tail_lines)),
            Some(StoredBatch { slot, octets, lines }) => {
                let mut text = vec![0; octets];
                let read = self.file.read_exact_at(&mut text, slot * SLOT as u64);
                self.free.push(slot);
                (if read.is_ok() { text } else { Vec::new() }, lines)
            }
        };
        let readings: Vec<_> = text.split(|octet| *octet == b'\n').filter_map(parse).collect();
        TakenBatch { damaged: lines.saturating_sub(readings.len() as u64), readings }
    }

    /// The number of readings.
    pub(super) fn waiting(&self) -> u64 {
        self.tail_lines + self.batches.iter().map(|batch| batch.lines).sum::<u64>()
    }
}

fn parse(line: &[u8]) -> Option<Readings> {
    let (mark, json) = line.split_first()?;
    let readings = Readings::parse(json).ok()?;
    Some(if *mark == UNCONFIRMED { readings.unconfirmed() } else { readings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overflow(most_slots: u64) -> Overflow {
        Overflow::create_in(&env::temp_dir(), most_slots).unwrap()
    }

    fn readings(number: usize) -> Readings {
        let line = format!(
            r#"{{"time":"2026-06-21T12:00:00+02:00","meter":"1","power_net_w":{number},"1-0:99.1.0":0.50,"1-0:99.1.0_unit":"Wh"}}"#
        );
        let readings = Readings::parse(line.as_bytes()).unwrap();
        if number.is_multiple_of(3) { readings.unconfirmed() } else { readings }
    }

    #[test]
    fn everything_comes_back_in_order_and_slots_are_used_again() {
        let mut overflow = overflow(2);
        let (mut pushed, mut taken) = (0, Vec::new());
        for _ in 0..20 {
            while overflow.push(&readings(pushed)) {
                pushed += 1;
            }
            assert_eq!(overflow.waiting(), (pushed - taken.len()) as u64);
            let batch = overflow.take();
            assert!(!batch.readings.is_empty() && batch.damaged == 0);
            taken.extend(batch.readings);
        }
        while overflow.waiting() > 0 {
            taken.extend(overflow.take().readings);
        }
        assert_eq!((overflow.slots, overflow.free.len()), (2, 2));
        assert!(pushed > 5000, "{pushed}");
        let sent: Vec<_> = (0..pushed).map(readings).collect();
        assert!(taken == sent, "{} of {pushed} came back", taken.len());
    }

    #[test]
    fn a_telegram_larger_than_a_slot_is_refused_and_harms_no_other() {
        let mut overflow = overflow(1);
        let line = format!("{{\"item_1\":\"{}\"}}", "x".repeat(SLOT));
        let large = Readings::parse(line.as_bytes()).unwrap();
        assert!(!overflow.push(&large) && overflow.push(&readings(1)));
        assert!(!overflow.push(&large) && overflow.push(&readings(2)));
        let mut taken = Vec::new();
        while overflow.waiting() > 0 {
            taken.extend(overflow.take().readings);
        }
        assert_eq!(taken, [readings(1), readings(2)]);
    }

    #[test]
    fn what_cannot_be_read_back_is_counted() {
        let mut overflow = overflow(4);
        (0..2000).for_each(|number| assert!(overflow.push(&readings(number))));
        let stored = overflow.batches.front().unwrap().lines;
        overflow.file.set_len(0).unwrap();
        let batch = overflow.take();
        assert_eq!((batch.damaged, batch.readings), (stored, Vec::new()));
    }
}
