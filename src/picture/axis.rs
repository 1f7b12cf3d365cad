//! Ticks: round numbers of values, and local times.

use jiff::tz::TimeZone;

use crate::{
    local_time::LocalStep,
    picture::language::{PictureLanguage, local},
};

/// A vertical axis from the least to the greatest value, in millionths of its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueAxis {
    /// The least value, at most zero; a multiple of the step.
    pub low: i64,
    /// The greatest value; a multiple of the step.
    pub high: i64,
    /// The distance of two ticks.
    pub step: i64,
    /// The coordinate of the greatest value.
    pub top: i64,
    /// The coordinate of the least value.
    pub bottom: i64,
}

/// The least range, in millionths.
const LEAST: i64 = 10_000;

impl ValueAxis {
    /// An axis with two to eleven ticks.
    #[must_use]
    pub fn new(low: i64, high: i64, top: i64, bottom: i64) -> Self {
        // Nothing but zero still has a scale, and milliwatts have one whose numbers fit beside it.
        let high = if low == 0 && high <= 0 { 1_000_000 } else { high };
        let high = if low > -LEAST { high.max(LEAST) } else { high };
        let mut step = round_step((high - low).max(1) / 10);
        loop {
            let high = (high.max(1) + step - 1) / step * step;
            let low = -((step - 1 - low) / step * step);
            if (high - low) / step <= 10 {
                return Self { low, high, step, top, bottom };
            }
            step = round_step(step + 1);
        }
    }

    /// The coordinate of a value.
    #[must_use]
    pub const fn y(&self, value: i64) -> i64 {
        let (range, room) = ((self.high - self.low) as i128, (self.bottom - self.top) as i128);
        self.bottom - ((value - self.low) as i128 * room / range) as i64
    }

    /// The ticks, from below.
    pub fn ticks(&self) -> impl Iterator<Item = i64> {
        let Self { low, high, step, .. } = *self;
        (0..=(high - low) / step).map(move |place| low + place * step)
    }
}

/// The least of 1, 2, 5, 10, 20 … that is not below a value.
#[must_use]
pub fn round_step(least: i64) -> i64 {
    let mut power = 1;
    loop {
        for step in [power, 2 * power, 5 * power] {
            if step >= least {
                return step;
            }
        }
        power *= 10;
    }
}

/// The bounds of the colours of a heat map: 1, 2, 5, 10, 20 …, the last of which is not below a value.
///
/// A house draws a few hundred watts nearly always, and ten thousand now and then: with equal distances all but a few
/// quarters had one colour.
#[must_use]
pub fn heat_bounds<const COUNT: usize>(highest: i64) -> [i64; COUNT] {
    let mut bounds = [1; COUNT];
    let mut bound = round_step(if highest <= 0 { 1_000_000 } else { highest });
    for place in bounds.iter_mut().rev() {
        *place = bound;
        bound = round_below(bound);
    }
    bounds
}

/// The one of 1, 2, 5, 10, 20 … before another one.
fn round_below(step: i64) -> i64 {
    let mut power = 1;
    while power * 10 <= step {
        power *= 10;
    }
    match step / power {
        5 => 2 * power,
        2 => power,
        _ => (power / 2).max(1),
    }
}

/// A tick of a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeTick {
    /// The second since 1970.
    pub at: i64,
    /// Its text.
    pub text: String,
}

const DAY: i64 = 86_400;

/// The time that a text of so many letters needs.
fn room(letters: i64, from: i64, to: i64, width: i64) -> i64 {
    (to - from) * letters * 70 / width.max(1)
}

/// The ticks from one time to another; a tick has room for its text in that width.
#[must_use]
pub fn time_ticks(
    from: i64,
    to: i64,
    width: i64,
    zone: &TimeZone,
    language: PictureLanguage,
) -> Vec<TimeTick> {
    let clock = room(6, from, to, width);
    let hours = [1, 2, 3, 6, 12].into_iter().find(|hours| hours * 3600 >= clock);
    if let Some(hours) = hours {
        let step = LocalStep::Seconds(u32::try_from(hours * 3600).unwrap_or(3600));
        let mut ticks = ticks(from, to, step, zone, |at| {
            let local = local(at, zone);
            let midnight = at == LocalStep::Days(1).floor(at, zone);
            Some(if midnight { language.short_date(local) } else { language.clock(local) })
        });
        // In autumn the clock shows two o'clock twice, an hour apart.
        let mut last = None;
        ticks.retain(|tick| {
            let is_free = last.is_none_or(|last| tick.at - last >= clock);
            last = if is_free { Some(tick.at) } else { last };
            is_free
        });
        return ticks;
    }
    let (date, weekday) = (room(6, from, to, width), room(10, from, to, width));
    let days = |every: &dyn Fn(jiff::civil::DateTime) -> bool, weekday: bool| {
        ticks(from, to, LocalStep::Days(1), zone, |at| {
            let at = local(at, zone);
            let date = language.short_date(at);
            let text = if weekday { format!("{} {date}", language.weekday(at)) } else { date };
            every(at).then_some(text)
        })
    };
    let monday = |at: jiff::civil::DateTime| at.weekday() == jiff::civil::Weekday::Monday;
    match () {
        () if weekday <= DAY => days(&|_| true, true),
        () if date <= DAY => days(&|_| true, false),
        () if date <= 2 * DAY => days(&|at| at.day() % 2 == 1 && at.day() < 31, false),
        () if date <= 7 * DAY => days(&monday, false),
        () => {
            let month = room(9, from, to, width);
            let months = [1, 2, 3, 6].into_iter().find(|months| months * 30 * DAY >= month);
            let years = [1, 2, 5, 10].into_iter().find(|years| years * 365 * DAY >= month);
            ticks(from, to, LocalStep::Month, zone, |at| {
                let at = local(at, zone);
                let fits = i64::from(at.month() - 1) % months.unwrap_or(12) == 0
                    && i64::from(at.year()) % years.unwrap_or(20) == 0;
                fits.then(|| language.month_of_year(at))
            })
        }
    }
}

/// The boundaries of a step that have a text.
fn ticks(
    from: i64,
    to: i64,
    step: LocalStep,
    zone: &TimeZone,
    text: impl Fn(i64) -> Option<String>,
) -> Vec<TimeTick> {
    let mut ticks = Vec::new();
    let mut at = step.floor(from, zone);
    while at < to {
        if at >= from {
            ticks.extend(text(at).map(|text| TimeTick { at, text }));
        }
        at = step.next(at, zone);
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    static VIENNA: TimeZone = jiff::tz::get!("Europe/Vienna");

    fn second(time: &str) -> i64 {
        time.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    fn shown(from: &str, to: &str, width: i64) -> Vec<TimeTick> {
        time_ticks(second(from), second(to), width, &VIENNA, PictureLanguage::German)
    }

    #[test]
    fn ticks_are_at_local_midnight_over_both_changes_of_the_clock() {
        for (from, to, day, hours) in [
            ("2026-03-27T00:00+01", "2026-04-01T00:00+02", "29.3.", 23),
            ("2026-10-23T00:00+02", "2026-10-28T00:00+01", "25.10.", 25),
        ] {
            let ticks = shown(from, to, 7800);
            let midnights: Vec<_> = ticks.iter().filter(|tick| tick.text.ends_with('.')).collect();
            assert_eq!(midnights.len(), 5, "{ticks:?}");
            for pair in midnights.windows(2) {
                let hours = if pair[0].text.ends_with(day) { hours } else { 24 };
                assert_eq!(pair[1].at - pair[0].at, hours * 3600, "{}", pair[0].text);
            }
        }
    }

    #[test]
    fn hours_of_a_short_day_are_those_on_the_wall() {
        let texts: Vec<_> = shown("2026-03-29T00:00+01", "2026-03-30T00:00+02", 7800)
            .into_iter()
            .map(|tick| tick.text)
            .collect();
        assert_eq!(texts.first().unwrap(), "29.3.");
        assert!(!texts.contains(&"02:00".to_owned()), "{texts:?}");
        assert!(texts.contains(&"04:00".to_owned()), "{texts:?}");
    }

    #[test]
    fn texts_never_touch() {
        for width in [2900, 7800] {
            for days in [1, 2, 3, 5, 7, 10, 14, 31, 62, 92, 183, 366, 1000, 3650, -1_i64] {
                // A year, or the day on which the clock shows two o'clock twice.
                let start = if days > 0 { "2024-01-01T00:00+01" } else { "2026-10-25T00:00+02" };
                let from = second(start);
                let to = from + days.abs() * DAY;
                let ticks = time_ticks(from, to, width, &VIENNA, PictureLanguage::English);
                assert!(!ticks.is_empty(), "{days} days");
                for pair in ticks.windows(2) {
                    let room = (pair[1].at - pair[0].at) * width / (to - from);
                    let needed = crate::picture::scene::text_width(&pair[0].text);
                    assert!(room >= needed, "{days} days in {width}: {pair:?} {room} {needed}");
                }
            }
        }
    }

    #[test]
    fn colours_of_heat_reach_from_low_to_the_highest_value() {
        assert_eq!(heat_bounds(10_780), [500, 1000, 2000, 5000, 10_000, 20_000]);
        assert_eq!(heat_bounds(10_000), [200, 500, 1000, 2000, 5000, 10_000]);
        assert_eq!(heat_bounds(3), [1, 1, 2, 5]);
    }

    #[test]
    fn an_axis_has_round_ticks_around_its_values() {
        for (low, high) in [(0, 1), (0, 4_930_000), (-7_300_000, 2_100_000), (-1, 0), (0, 0)] {
            let axis = ValueAxis::new(low, high, 0, 3000);
            let ticks: Vec<_> = axis.ticks().collect();
            assert!(axis.low <= low && axis.high >= high && ticks.contains(&0), "{axis:?}");
            assert!((2..=11).contains(&ticks.len()), "{axis:?} {ticks:?}");
            assert_eq!((axis.y(axis.low), axis.y(axis.high)), (3000, 0));
        }
    }
}
