//! Clocks that are wrong for a telegram or two.
//!
//! ```text
//! 12:00:00  12:00:05  19 September 12:00:10  12:00:15      left out: the next one does not follow
//! 12:00:00  12:00:05  19 September 12:00:10  :15  :20      believed: two more agree
//! ```
//!
//! A telegram whose clock leaps ahead waits until two more follow it. Where the readings have the time of their arrival,
//! a leap is what the arrival does not explain, and a pause of any length is none. Without it, the invocation counter tells
//! how many telegrams were sent meanwhile; without both, a week is the limit.
//!
//! A telegram that is older than the last one waits too if its counter, or its arrival, says that it was sent later, or
//! if it is older than all others of its meter: perhaps the first one had the wrong clock. Any other one is late at once.
//!
//! Three that agree settle the matter. The step to them is a pause, unless the counter contradicts: then the clock was
//! set, and no energy crosses the step. An arrival without a counter contradicts a pause of more than a week alone.

use jiff::Timestamp;

/// A clock that goes on faster than the arrivals by more than this is in doubt, in seconds.
const AHEAD: i64 = 60;

/// The longest pause without times of arrival, in seconds. A computer without a battery for its clock goes on, after days
/// without power, with the time at which it stopped: its arrivals are no proof before that.
const WEEK: i64 = 7 * 86_400;

/// The telegrams that have to agree before the next one settles a doubt.
const AGREED: usize = 2;

/// The clocks of a meter, and the telegrams that wait.
#[derive(Clone, Debug)]
pub struct ClockDoubt<T> {
    last: Option<ClockPair>,
    /// The slowest step that was believed, in seconds, and the telegrams of it by the counter.
    counted: Option<(i64, u64)>,
    /// The last pause that was believed, in seconds.
    pace: i64,
    /// The number of telegrams so far, as far as it matters.
    is_second: bool,
    /// At most [`AGREED`], each later than the one before.
    held: Vec<HeldTelegram<T>>,
    dismissed: Vec<HeldTelegram<T>>,
}

/// The two times of a telegram.
#[derive(Clone, Copy, Debug)]
pub struct TelegramClocks<'a> {
    /// The time of its meter's clock, in seconds since 1970.
    pub second: i64,
    /// The time of its arrival.
    pub received: Option<&'a str>,
    /// Its invocation counter.
    pub counter: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct ClockPair {
    second: i64,
    received: String,
    counter: Option<u64>,
}

/// A telegram that waits.
#[derive(Clone, Debug)]
pub struct HeldTelegram<T> {
    clocks: ClockPair,
    /// The seconds since the last telegram that was believed; below zero for an older one.
    pub ahead: i64,
    /// The telegram.
    pub telegram: T,
}

/// The judgement of a telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockVerdict {
    /// The clock goes on.
    Sound,
    /// The last telegram is newer, by so many seconds.
    Late(i64),
    /// The one that waits has the same time.
    Twice,
    /// This one [waits](ClockDoubt::hold) from now on.
    Doubtful,
    /// Those that [wait](ClockDoubt::take_held) are believed, and this one too.
    Believed(BelievedStep),
}

/// The step to the telegrams that are believed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelievedStep {
    /// There was a pause.
    Pause,
    /// The clock was set, and was behind by so many seconds.
    SetAhead(i64),
    /// The clock was set back, by so many seconds.
    SetBack(i64),
}

impl<T> Default for ClockDoubt<T> {
    fn default() -> Self {
        Self {
            last: None,
            counted: None,
            pace: 0,
            is_second: false,
            held: Vec::new(),
            dismissed: Vec::new(),
        }
    }
}

impl<T> ClockDoubt<T> {
    /// Judges a telegram; `begin` is the first second of the meter so far.
    pub fn judge(&mut self, clocks: TelegramClocks<'_>, begin: Option<i64>) -> ClockVerdict {
        let second = clocks.second;
        let Some(last) = &mut self.last else {
            self.last = Some(ClockPair::of(clocks));
            self.is_second = true;
            return ClockVerdict::Sound;
        };
        let ahead = second.saturating_sub(last.second);
        let is_near = (0..=AHEAD).contains(&ahead);
        if is_near && self.held.is_empty() {
            self.counted = slower(self.counted, last.counted(clocks));
            last.set(clocks);
            self.is_second = false;
            return ClockVerdict::Sound;
        }
        let is_set_back = ahead < -AHEAD && last.is_before(clocks);
        if ahead < 0 && !is_set_back && begin.is_none_or(|begin| second >= begin) {
            return ClockVerdict::Late(-ahead);
        }
        if !is_near && let Some(verdict) = self.follow(clocks, ahead) {
            return verdict;
        }
        self.dismissed.append(&mut self.held);
        if ahead < 0 || self.leaps(ahead, clocks) {
            return ClockVerdict::Doubtful;
        }
        if ahead > AHEAD {
            // No step for the counter: up to twice the usual one, it would make the next one longer.
            self.pace = ahead;
        }
        self.go_on(clocks);
        ClockVerdict::Sound
    }

    /// True if the counter, or else the arrival, says that a telegram was sent after the last one.
    #[must_use]
    pub fn is_behind(&self, clocks: TelegramClocks<'_>) -> bool {
        self.last.as_ref().is_some_and(|last| last.is_before(clocks))
    }

    fn go_on(&mut self, clocks: TelegramClocks<'_>) {
        self.is_second = false;
        self.last.get_or_insert_default().set(clocks);
    }

    /// The judgement of a telegram that follows those that wait; `None` if it does not.
    fn follow(&mut self, clocks: TelegramClocks<'_>, ahead: i64) -> Option<ClockVerdict> {
        let newest = self.held.last()?;
        let step = clocks.second.saturating_sub(newest.clocks.second);
        if (newest.ahead < 0) != (ahead < 0) {
            return None;
        }
        if step == 0 {
            return Some(ClockVerdict::Twice);
        }
        let arrivals = newest.clocks.arrivals(clocks);
        if step < 0 || arrivals.is_some_and(|arrivals| step.saturating_sub(arrivals) > AHEAD) {
            return None;
        }
        if self.held.len() < AGREED {
            return Some(ClockVerdict::Doubtful);
        }
        let counted = newest.clocks.counted(clocks);
        let step = self.step();
        self.counted = slower(self.counted, counted);
        self.go_on(clocks);
        Some(ClockVerdict::Believed(step))
    }

    /// The step from the last telegram to the first one that waits.
    fn step(&mut self) -> BelievedStep {
        let (Some(first), Some(last)) = (self.held.first(), &self.last) else {
            return BelievedStep::Pause;
        };
        let ahead = first.ahead;
        let arrivals = last.arrivals(first.clocks.borrowed());
        let more = ahead.saturating_sub(arrivals.unwrap_or(0));
        if ahead < 0 {
            return BelievedStep::SetBack(-more);
        }
        let is_set = match (arrivals, self.is_counted(last, first)) {
            (Some(_), _) if more <= AHEAD => false,
            (_, Some(is_counted)) => !is_counted,
            // A computer without power between the first two telegrams is less likely than a wrong clock.
            (Some(_), None) => more > WEEK || self.is_second,
            (None, None) => false,
        };
        if is_set {
            return BelievedStep::SetAhead(more);
        }
        self.pace = ahead;
        BelievedStep::Pause
    }

    /// True if the counter explains the step to the first telegram that waits; `None` if it does not tell.
    fn is_counted(&self, last: &ClockPair, first: &HeldTelegram<T>) -> Option<bool> {
        let second = self.held.get(1);
        let pace = second.and_then(|second| first.clocks.counted(second.clocks.borrowed()));
        last.explains(first.ahead, first.clocks.borrowed(), self.counted.or(pace)?)
    }

    /// True if a counter or the arrivals explain the step to the telegrams that wait.
    fn is_explained(&self, last: &ClockPair, first: &HeldTelegram<T>) -> bool {
        let clocks = first.clocks.borrowed();
        match last.arrivals(clocks) {
            _ if first.ahead < 0 => first.clocks.is_before(last.borrowed()),
            Some(arrivals) if first.ahead.saturating_sub(arrivals) <= AHEAD => true,
            _ => self.is_counted(last, first) == Some(true),
        }
    }

    /// True if the time since the last telegram is longer than anything explains.
    fn leaps(&self, ahead: i64, clocks: TelegramClocks<'_>) -> bool {
        let last = self.last.as_ref();
        if let Some(arrivals) = last.and_then(|last| last.arrivals(clocks)) {
            return ahead.saturating_sub(arrivals) > AHEAD;
        }
        // Most meters send more often than each minute.
        let pace = self.counted.unwrap_or((AHEAD, 1));
        match last.and_then(|last| last.explains(ahead, clocks, pace)) {
            Some(is_counted) => !is_counted,
            None => ahead > self.pace.saturating_mul(2).max(WEEK),
        }
    }

    /// Lets a doubtful telegram wait.
    pub fn hold(&mut self, clocks: TelegramClocks<'_>, telegram: T) {
        let last = self.last.as_ref().map_or(clocks.second, |last| last.second);
        let ahead = clocks.second.saturating_sub(last);
        self.held.push(HeldTelegram { clocks: ClockPair::of(clocks), ahead, telegram });
    }

    /// Those that are believed now.
    pub fn take_held(&mut self) -> Vec<HeldTelegram<T>> {
        std::mem::take(&mut self.held)
    }

    /// Those whose clock was wrong.
    pub fn take_dismissed(&mut self) -> Vec<HeldTelegram<T>> {
        std::mem::take(&mut self.dismissed)
    }

    /// Ends the input. Two that agree are believed if a counter or the arrivals explain the step to them, or if a single
    /// telegram came before them, and one alone behind a single one without an arrival.
    pub fn finish(&mut self) -> Option<BelievedStep> {
        let first = self.held.first()?;
        let last = self.last.as_ref();
        let is_believed = match self.held.len() {
            AGREED.. => self.is_second || last.is_some_and(|last| self.is_explained(last, first)),
            _ => {
                let arrivals = last.and_then(|last| last.arrivals(first.clocks.borrowed()));
                self.is_second && first.ahead > 0 && arrivals.is_none()
            }
        };
        if is_believed {
            return Some(self.step());
        }
        self.dismissed.append(&mut self.held);
        None
    }
}

impl<T> HeldTelegram<T> {
    /// The time of its meter's clock.
    #[must_use]
    pub const fn second(&self) -> i64 {
        self.clocks.second
    }
}

impl ClockPair {
    fn of(clocks: TelegramClocks<'_>) -> Self {
        let mut pair = Self::default();
        pair.set(clocks);
        pair
    }

    fn set(&mut self, clocks: TelegramClocks<'_>) {
        (self.second, self.counter) = (clocks.second, clocks.counter);
        self.received.clear();
        self.received.push_str(clocks.received.unwrap_or_default());
    }

    fn borrowed(&self) -> TelegramClocks<'_> {
        let Self { second, received, counter } = self;
        TelegramClocks { second: *second, received: Some(received), counter: *counter }
    }

    /// The seconds to a later telegram, and the telegrams by the counter.
    fn counted(&self, later: TelegramClocks<'_>) -> Option<(i64, u64)> {
        let telegrams = later.counter?.checked_sub(self.counter?)?;
        let seconds = later.second.saturating_sub(self.second);
        (telegrams > 0 && seconds > 0).then_some((seconds, telegrams))
    }

    /// True if the counter explains the seconds to a later telegram, at a pace of so many seconds for so many telegrams;
    /// `None` if it does not tell.
    fn explains(
        &self,
        ahead: i64,
        later: TelegramClocks<'_>,
        (seconds, telegrams): (i64, u64),
    ) -> Option<bool> {
        let sent = later.counter?.checked_sub(self.counter?).filter(|sent| *sent > 0)?;
        let usual = i128::from(seconds) * i128::from(sent) / i128::from(telegrams.max(1));
        // Lists take turns, and clocks have whole seconds.
        Some(i128::from(ahead) <= 2 * usual + i128::from(AHEAD))
    }

    /// True if the counter, or else the arrival, says that another telegram was sent later.
    fn is_before(&self, other: TelegramClocks<'_>) -> bool {
        match self.counter.zip(other.counter) {
            Some((this, other)) => other > this,
            None => self.arrivals(other).is_some_and(|arrivals| arrivals > 0),
        }
    }

    /// The seconds from this arrival to another one, if both are known.
    fn arrivals(&self, other: TelegramClocks<'_>) -> Option<i64> {
        let second = |text: &str| text.parse().ok().map(Timestamp::as_second);
        let arrivals = second(other.received?)? - second(&self.received)?;
        // The clock of the computer was set back.
        Some(arrivals).filter(|arrivals| *arrivals >= 0)
    }
}

/// The step with more seconds for a telegram: a meter may send several at once.
fn slower(one: Option<(i64, u64)>, other: Option<(i64, u64)>) -> Option<(i64, u64)> {
    let (Some(one), Some(other)) = (one, other) else {
        return one.or(other);
    };
    let product = |(seconds, _): (i64, u64), (_, telegrams): (i64, u64)| {
        i128::from(seconds) * i128::from(telegrams)
    };
    Some(if product(one, other) < product(other, one) { other } else { one })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHS: i64 = 90 * 86_400;

    /// The clock of a telegram, its arrival and its counter.
    type Clocks = (i64, Option<i64>, Option<u64>);

    /// The fates of telegrams: `+` at once, `h` held and believed later, `-` left out, `L` late, `2` twice.
    fn fates(all: &[Clocks]) -> String {
        let mut doubt = ClockDoubt::default();
        let mut fates = vec!['?'; all.len()];
        let mut begin: Option<i64> = None;
        for (at, (second, received, counter)) in all.iter().enumerate() {
            let time = received.map(|at| Timestamp::from_second(at).unwrap().to_string());
            let received = time.as_deref();
            let clocks = TelegramClocks { second: *second, received, counter: *counter };
            let verdict = doubt.judge(clocks, begin);
            doubt.take_dismissed().iter().for_each(|held| fates[held.telegram] = '-');
            fates[at] = match verdict {
                ClockVerdict::Sound => '+',
                ClockVerdict::Late(_) => 'L',
                ClockVerdict::Twice => '2',
                ClockVerdict::Doubtful => {
                    doubt.hold(clocks, at);
                    'd'
                }
                ClockVerdict::Believed(step) => {
                    if matches!(step, BelievedStep::SetBack(_)) {
                        begin = None;
                    }
                    doubt.take_held().iter().for_each(|held| fates[held.telegram] = 'h');
                    '+'
                }
            };
            if fates[at] == '+' {
                begin = Some(begin.unwrap_or(*second).min(*second));
            }
        }
        if doubt.finish().is_some() {
            doubt.take_held().iter().for_each(|held| fates[held.telegram] = 'h');
        }
        doubt.take_dismissed().iter().for_each(|held| fates[held.telegram] = '-');
        fates.into_iter().collect()
    }

    #[test]
    fn a_leap_is_believed_once_two_more_agree() {
        let alone = |seconds: &[i64]| {
            let all: Vec<_> = seconds.iter().map(|second| (*second, None, None)).collect();
            fates(&all)
        };
        let ahead = |second: i64| MONTHS + second;
        for (seconds, expected) in [
            (vec![0, 5, ahead(10), 15, 20], "++-++"),
            (vec![0, 5, ahead(10), ahead(15), 20, 25], "++--++"),
            (vec![0, 5, ahead(10), ahead(15), ahead(20), ahead(25)], "++hh++"),
            (vec![0, 5, ahead(10), ahead(10), 15], "++-2+"),
            (vec![0, 5, ahead(30), ahead(10), 15], "++--+"),
            (vec![ahead(0), 5, 10, 15, 20], "+hh++"),
            (vec![0, 5, 10, -MONTHS, 15, 20], "+++-++"),
            (vec![0, 5, 10, 7, 15], "+++L+"),
            (vec![0, 5, ahead(10)], "++-"),
            (vec![0, 5, ahead(10), ahead(15)], "++--"),
            (vec![0, MONTHS], "+h"),
            (vec![0, 5 * 86_400, 5 * 86_400 + 5], "+++"),
            (vec![0, MONTHS, 2 * MONTHS, 3 * MONTHS, 5 * MONTHS], "+hh++"),
        ] {
            assert_eq!(alone(&seconds), expected, "{seconds:?}");
        }
    }

    #[test]
    fn the_time_of_arrival_tells_a_pause_from_a_wrong_clock() {
        for (all, expected) in [
            (vec![(0, 100), (5, 105), (MONTHS, 100 + MONTHS), (MONTHS + 5, 105 + MONTHS)], "++++"),
            (vec![(0, 100), (5, 105), (1810, 110), (15, 115), (20, 120)], "++-++"),
            (vec![(0, 100), (5, 105), (7210, 110), (7215, 115), (7220, 120)], "++hh+"),
            (vec![(0, 100), (5, 105), (7210, 110), (9215, 115), (20, 120)], "++--+"),
            (vec![(0, 100), (MONTHS, 105)], "+-"),
            (vec![(0, 9000), (5, 9005), (905, 100), (910, 105)], "++++"),
        ] {
            let clocks: Vec<_> = all.iter().map(|(at, it)| (*at, Some(*it), None)).collect();
            assert_eq!(fates(&clocks), expected, "{all:?}");
        }
    }

    #[test]
    fn the_counter_tells_a_pause_from_a_wrong_clock_too() {
        for (all, expected) in [
            (vec![(0, 7), (5, 8), (7200, 1447), (7205, 1448)], "++++"),
            (vec![(0, 7), (5, 8), (7200, 9), (15, 10)], "++-+"),
            (vec![(0, 7), (5, 8), (7200, 9), (7205, 10), (7210, 11)], "++hh+"),
            (vec![(0, 7), (60, 8), (180, 9), (240, 10)], "++++"),
            (vec![(0, 7), (5, 8), (7200, 3), (7205, 4)], "++++"),
            (vec![(0, 7), (1, 8), (10, 9), (11, 10), (3611, 730), (3612, 731)], "++++++"),
            (vec![(0, 7), (5, 8), (900, 9), (1800, 10), (2700, 11), (3600, 12)], "++hh++"),
            (vec![(0, 7), (MONTHS, 8), (5, 9), (10, 10)], "+-++"),
            (vec![(0, 7), (MONTHS, 8), (2 * MONTHS, 9), (3 * MONTHS, 10)], "+hh+"),
        ] {
            let clocks: Vec<_> = all.iter().map(|(at, it)| (*at, None, Some(*it))).collect();
            assert_eq!(fates(&clocks), expected, "{all:?}");
        }
    }
}
