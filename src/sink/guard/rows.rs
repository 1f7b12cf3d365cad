//! The telegrams of a meter that are held, in rows.

use serde_json::Value;

use crate::sink::{
    guard::{
        fingerprint::{LooseParts, TelegramFingerprint},
        held::HeldTelegrams,
        snapshot::{MeterSnapshot, TELLING},
        subject::DoubtSubject,
        verdict::RefusalReason,
    },
    timestamps::Timestamps,
};

/// Rows of held telegrams, the oldest first. A kind of telegrams has one row at most.
#[derive(Debug, Default)]
pub(super) struct HeldRows(Vec<HeldTelegrams>);

/// The most rows of one meter.
const MOST_ROWS: usize = 4;

impl HeldRows {
    /// All that outlives a run.
    pub(super) fn state(&self) -> Value {
        self.0.iter().map(HeldTelegrams::state).collect()
    }

    pub(super) fn restore(rows: &[Value]) -> Self {
        Self(rows.iter().filter_map(HeldTelegrams::restore).take(MOST_ROWS).collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The reason for the oldest row.
    pub(super) fn reason(&self) -> Option<RefusalReason> {
        self.0.first().and_then(|row| row.subjects.first()).map(|it| it.reason())
    }

    /// The row that ends with this telegram, and the telegram before it, if the row is no new one. Every
    /// other row of its kind is dropped.
    pub(super) fn take(
        &mut self,
        now: &MeterSnapshot,
        subjects: &[DoubtSubject],
        loose: LooseParts,
        most_power: u64,
        powers_tell: bool,
    ) -> (HeldTelegrams, Option<MeterSnapshot>) {
        let row = self.0.iter().position(|row| row.goes_on(now, subjects, most_power, powers_tell));
        let row = row.map(|at| self.0.remove(at));
        let before = match row {
            Some(_) => None,
            None => self.0.iter().rposition(|row| row.is_of(&now.fingerprint, loose)),
        };
        let before = before.map(|at| self.0.remove(at));
        self.drop_kind(&now.fingerprint, loose);
        if let Some(mut row) = row {
            let last = row.add(now.clone());
            return (row, Some(last));
        }
        let mut row = HeldTelegrams::new(now.clone(), subjects.to_vec());
        before.iter().for_each(|before| row.comes_after(before));
        (row, None)
    }

    /// Puts a row back, as the newest.
    pub(super) fn put(&mut self, row: HeldTelegrams) {
        if self.0.len() == MOST_ROWS {
            self.0.remove(0);
        }
        self.0.push(row);
    }

    /// The row of telegrams at zero from which this one counts on.
    pub(super) fn zeros_before(
        &self,
        now: &MeterSnapshot,
        loose: LooseParts,
        most_power: u64,
    ) -> Option<&HeldTelegrams> {
        self.0.iter().find(|row| {
            matches!(*row.subjects, [DoubtSubject::Zero(_)])
                && row.is_before(now, loose, most_power)
        })
    }

    /// Takes out the row of telegrams with a rise from which this one goes on.
    pub(super) fn take_risen(
        &mut self,
        now: &MeterSnapshot,
        loose: LooseParts,
        most_power: u64,
    ) -> Option<HeldTelegrams> {
        let row = self.0.iter().position(|row| {
            let is_explained = match *row.subjects {
                [DoubtSubject::Rose(_)] => true,
                [DoubtSubject::Step] => now.unexplained(&row.snapshot, true).is_none(),
                _ => false,
            };
            is_explained && row.is_before(now, loose, most_power)
        });
        row.map(|at| self.0.remove(at))
    }

    /// Takes out the only telegram that this run holds, if it is the first after a gap since that time.
    pub(super) fn take_end_of_gap(&mut self, since: &Timestamps) -> Option<HeldTelegrams> {
        let mut rows = self.0.iter().enumerate().filter(|(_, row)| !row.telegrams.is_empty());
        let (at, row) = rows.next()?;
        (rows.next().is_none() && row.ends_gap(since)).then_some(at).map(|at| self.0.remove(at))
    }

    /// Takes out a telegram that came between two gaps, of which the first began at that time, if the one
    /// that ends the second goes on from it; or one that this telegram confirms, which `is_sound` itself.
    pub(super) fn take_lone(
        &mut self,
        now: &MeterSnapshot,
        is_sound: bool,
        since: &Timestamps,
        loose: LooseParts,
        most_power: u64,
    ) -> Option<HeldTelegrams> {
        let row = self.0.iter().position(|row| {
            row.ends_gap(since)
                && (now.clocks.since(&row.snapshot.clocks).is_some_and(|gap| gap > TELLING)
                    || is_sound && now.unexplained(&row.snapshot, true).is_none())
                && row.is_before(now, loose, most_power)
        });
        row.map(|at| self.0.remove(at))
    }

    /// Drops the row of that kind.
    pub(super) fn drop_kind(&mut self, fingerprint: &TelegramFingerprint, loose: LooseParts) {
        self.0.retain(|row| !row.is_of(fingerprint, loose));
    }

    /// Drops the rows of other kinds whose last telegram came after that one, by its number among all, and
    /// may be one of this kind that was damaged. Another list of the meter may come in its place.
    pub(super) fn drop_since(&mut self, number: u64, now: &MeterSnapshot, loose: LooseParts) {
        let is_other = |row: &HeldTelegrams| row.snapshot.is_another_list_than(now);
        self.0.retain(|row| {
            row.is_of(&now.fingerprint, loose) || row.last() < number || is_other(row)
        });
    }
}
