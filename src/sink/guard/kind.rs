//! A list that a meter sends again and again.

use serde_json::{Value, json};

use crate::sink::{
    guard::{
        fingerprint::TelegramFingerprint,
        memory,
        pace::{ClockPace, ClockStep},
        snapshot::{MeterSnapshot, SOON},
    },
    timestamps::Timestamps,
};

/// One kind of telegrams of a meter: a list that it sends again and again.
#[derive(Debug)]
pub(super) struct KnownKind {
    pub fingerprint: TelegramFingerprint,
    /// The clocks of the last one that passed.
    pub clocks: Timestamps,
    /// Clocks and counter of the last one whose clock was beyond doubt, passed or not.
    pub seen: (Timestamps, Option<u64>),
    pub pace: ClockPace,
    /// Its telegrams follow each other so soon that the powers tell what the registers count.
    pub is_fast: bool,
    /// The number of its last telegram.
    pub last: u64,
}

impl KnownKind {
    pub(super) fn state(&self) -> Value {
        json!({
            "constant": self.fingerprint.state(),
            "clocks": memory::clocks(&self.clocks),
            "counter": self.seen.1,
            "fast": self.is_fast,
        })
    }

    /// Its pace is learnt anew: the run ended at some moment.
    pub(super) fn restore(state: &Value) -> Option<Self> {
        let fingerprint = TelegramFingerprint::restore(state.get("constant")?)?;
        let clocks = memory::read_clocks(state.get("clocks"));
        let seen = (clocks, memory::number(state, "counter"));
        let is_fast = memory::is_true(state, "fast");
        Some(Self { fingerprint, clocks, seen, pace: ClockPace::default(), is_fast, last: 0 })
    }

    pub(super) fn new(now: &MeterSnapshot, number: u64) -> Self {
        let MeterSnapshot { fingerprint, clocks, counter, .. } = *now;
        let pace = ClockPace::default();
        Self { fingerprint, clocks, seen: (clocks, counter), pace, is_fast: false, last: number }
    }

    pub(super) fn update(&mut self, now: &MeterSnapshot, number: u64) {
        self.learn(now);
        (self.fingerprint, self.clocks, self.last) = (now.fingerprint, now.clocks, number);
    }

    /// Learns the pace from a telegram whose clock is beyond doubt, passed or not.
    pub(super) fn learn(&mut self, now: &MeterSnapshot) {
        // A telegram that was held has made its step already.
        let is_step = |step: &ClockStep| step.milliseconds > 0 || step.telegrams > 0;
        if let Some(step) = self.step(now).filter(is_step) {
            if self.pace.leaps(step) {
                // The first step after a gap tells nothing of the pace.
                self.pace = ClockPace::default();
            } else {
                self.pace.add(step);
                let soon = i64::try_from(SOON.as_millis()).unwrap_or(i64::MAX);
                if (!self.is_fast || step.milliseconds > soon)
                    && let Some(usual) = self.pace.usual_time()
                {
                    // A gap makes no slow meter.
                    self.is_fast = usual <= soon || self.is_fast && !self.pace.is_known();
                }
            }
        }
        self.seen = (now.clocks, now.counter);
    }

    /// The step of the clock since the last telegram of this kind with a good clock, if it goes on.
    pub(super) fn step(&self, now: &MeterSnapshot) -> Option<ClockStep> {
        let (clocks, counter) = self.seen;
        let since = now.clocks.time?.duration_since(clocks.time?);
        let milliseconds = i64::try_from(since.as_millis()).ok().filter(|it| *it >= 0)?;
        let telegrams = counter.zip(now.counter).and_then(|(before, now)| now.checked_sub(before));
        Some(ClockStep { milliseconds, telegrams: telegrams.unwrap_or_default() })
    }
}
