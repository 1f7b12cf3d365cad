//! The telegrams of a meter that are held, in rows.

use crate::sink::guard::{
    doubt::Doubt,
    fingerprint::{LooseParts, TelegramFingerprint},
    held::HeldTelegrams,
    snapshot::MeterSnapshot,
    verdict::RefusalReason,
};

/// Rows of held telegrams, the oldest first. A kind of telegrams has one row at most.
#[derive(Debug, Default)]
pub(super) struct HeldRows(Vec<HeldTelegrams>);

/// The most rows of one meter.
const MOST_ROWS: usize = 4;

impl HeldRows {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The reason for the oldest row.
    pub(super) fn reason(&self) -> Option<RefusalReason> {
        self.0.first().and_then(|row| row.doubts.first()).map(Doubt::reason)
    }

    /// The row that ends with this telegram, and the telegram before it, if the row is no new one. Every
    /// other row of its kind is dropped.
    pub(super) fn take(
        &mut self,
        now: &MeterSnapshot,
        doubts: &[Doubt],
        loose: LooseParts,
    ) -> (HeldTelegrams, Option<MeterSnapshot>) {
        let row = self.0.iter().position(|row| row.goes_on(now, doubts));
        let row = row.map(|at| self.0.remove(at));
        self.0.retain(|row| !row.is_of(&now.fingerprint, loose));
        match row {
            Some(mut row) => {
                let last = row.add(now.clone());
                (row, Some(last))
            }
            None => (HeldTelegrams::new(now.clone(), doubts.to_vec()), None),
        }
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
            matches!(*row.doubts, [Doubt::Zero(_)]) && row.is_before(now, loose, most_power)
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
            matches!(*row.doubts, [Doubt::Rose(..)]) && row.is_before(now, loose, most_power)
        });
        row.map(|at| self.0.remove(at))
    }

    /// Drops the rows of that kind, and those whose last telegram is not older than `since`.
    pub(super) fn forget(
        &mut self,
        fingerprint: &TelegramFingerprint,
        loose: LooseParts,
        since: u64,
    ) {
        self.0.retain(|row| !row.is_of(fingerprint, loose) && row.last() < since);
    }
}
