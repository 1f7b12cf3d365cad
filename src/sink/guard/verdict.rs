//! The decision on a telegram.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::format::readings::Readings;

/// The decision on a telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The decision.
    pub fate: Fate,
    /// Earlier telegrams that it confirms: they pass now, before it.
    pub earlier: Vec<Arc<Readings>>,
    /// First telegrams of a meter that the guard forgets because there are too many: they pass now,
    /// unconfirmed.
    pub other: Vec<Arc<Readings>>,
    /// The reason, if it was not beyond doubt.
    pub reason: Option<RefusalReason>,
    /// The explanation for people.
    pub text: Option<String>,
    /// A remark for people about the line, not about this telegram.
    pub remark: Option<String>,
    /// How far the meter's clock is ahead of the time of arrival, if it is wrong for good: by more
    /// than an hour, in every telegram.
    pub clock_error: Option<SignedDuration>,
    /// The sinks that have it from an earlier run: it passes for the others.
    pub stored_in: Vec<String>,
}

/// The fate of a telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The telegram passes.
    Passes,
    /// The first of its meter: it passes when another one agrees.
    Kept,
    /// A repetition of an earlier one.
    Repeated,
    /// The telegram may be wrong: it passes only if others confirm it soon.
    Held,
    /// The telegram never passes.
    LeftOut,
}

/// The reasons for which telegrams do not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// Another set or order of objects, types, codes, scalers or units.
    Layout,
    /// Another meter number or device name.
    Number,
    /// A text that never changed before.
    Text,
    /// Two clocks that disagree, a clock that goes back, leaps, or is far from the time of arrival.
    Clock,
    /// A register that falls.
    Fall,
    /// A register that rises faster than the connection can carry.
    Rise,
    /// A value that no house has.
    Value,
    /// A counter that starts over, or a telegram older than the last one.
    Order,
    /// A counter that came before, with other content.
    NonceReuse,
    /// The telegram came before.
    Duplicate,
}

impl RefusalReason {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 10] = [
        Self::Layout,
        Self::Number,
        Self::Text,
        Self::Clock,
        Self::Fall,
        Self::Rise,
        Self::Value,
        Self::Order,
        Self::NonceReuse,
        Self::Duplicate,
    ];

    /// The reason in a summary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::Number => "meter number",
            Self::Text => "text",
            Self::Clock => "clock",
            Self::Fall => "falling register",
            Self::Rise => "rising register",
            Self::Value => "value",
            Self::Order => "order",
            Self::NonceReuse => "nonce reuse",
            Self::Duplicate => "duplicate",
        }
    }
}

impl Verdict {
    /// Of a telegram beyond doubt.
    pub(super) const fn of(fate: Fate) -> Self {
        Self {
            fate,
            earlier: Vec::new(),
            other: Vec::new(),
            reason: None,
            text: None,
            remark: None,
            clock_error: None,
            stored_in: Vec::new(),
        }
    }

    /// Of a telegram in doubt.
    pub(super) fn doubtful(fate: Fate, reason: RefusalReason, text: String) -> Self {
        Self { reason: Some(reason), text: Some(text), ..Self::of(fate) }
    }

    /// The same without a word for people.
    pub(super) fn unsaid(self) -> Self {
        Self { text: None, ..self }
    }

    /// True if it passes.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self.fate, Fate::Passes)
    }
}

/// How many telegrams did not pass, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusalCounts([u64; RefusalReason::ALL.len()]);

impl RefusalCounts {
    pub(super) fn add(&mut self, reason: RefusalReason, telegrams: u64) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += telegrams;
        }
    }

    /// Takes back telegrams that pass after all.
    pub(super) fn remove(&mut self, reason: RefusalReason, telegrams: u64) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count = count.saturating_sub(telegrams);
        }
    }

    /// The reasons with their numbers of telegrams, without those that did not occur.
    pub fn iter(&self) -> impl Iterator<Item = (RefusalReason, u64)> {
        RefusalReason::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// The number of telegrams that were refused. A repeated one is none of them: its first copy
    /// was judged.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.iter()
            .filter(|(reason, _)| *reason != RefusalReason::Duplicate)
            .map(|(_, count)| count)
            .sum()
    }
}
