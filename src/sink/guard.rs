//! What stands before all sinks, so that no wrong register is stored.
//!
//! An energy register counts up. One wrong value of it in a history is there for ever: what sums up
//! differences takes a fall for a new meter that has counted from 0, and adds its whole count. So what
//! looks wrong waits until the meter has said it again.
//!
//! | what | is |
//! |---|---|
//! | older than the one before it, by counter and clock | left out |
//! | a register below 0 | left out |
//! | the counter starts over, or the clock is set back | held, until two more telegrams go on from there |
//! | a register falls | held, until two more go on from there: a new meter, or it was reset |
//! | a register rises by more than 100 kW can bring in that time | held, until one more is not below it |
//!
//! The invocation counter is believed before the clock, which may be set. A telegram that goes on from
//! the last one that passed ends all doubt about those between. What was held is not stored later.

use core::cmp::Ordering;

use jiff::Timestamp;

use crate::{
    cosem::unit::Unit,
    format::{
        key::{Key, Meta},
        latest::name,
        meters::Meters,
        readings::{Readings, Value},
        shown::shown,
    },
    reading::{
        decimal::Decimal,
        fields::{COUNT, FIELDS},
    },
};

/// The last telegrams of all meters.
#[derive(Debug, Default)]
pub struct Guard {
    meters: Meters<Watch>,
}

/// What becomes of a telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Passes,
    /// It goes on, and others that looked like it were right; which ones, for people.
    Confirmed(String),
    /// It may be wrong; why, for people.
    Held(String),
    /// It is of no use; why, for people.
    LeftOut(String),
}

impl Verdict {
    /// Whether it goes on.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Passes | Self::Confirmed(_))
    }

    /// What there is to say about it.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Passes => None,
            Self::Confirmed(text) | Self::Held(text) | Self::LeftOut(text) => Some(text),
        }
    }
}

impl Guard {
    /// What becomes of the next telegram.
    pub fn passes(&mut self, readings: &Readings) -> Verdict {
        let meter = name(readings);
        let verdict = self.meters.seen(meter, |watch| watch.judge(Snapshot::of(readings)));
        let name =
            meter.map_or("a meter without a number".into(), |it| format!("meter {}", shown(it)));
        match verdict {
            Verdict::Passes => Verdict::Passes,
            Verdict::Confirmed(text) => Verdict::Confirmed(format!("{name}: {text}")),
            Verdict::Held(text) => Verdict::Held(format!("{name}: {text}")),
            Verdict::LeftOut(text) => Verdict::LeftOut(format!("{name}: {text}")),
        }
    }
}

/// What is known of one meter.
#[derive(Debug)]
struct Watch {
    /// The last telegram that passed, with the last of each register.
    last: Option<Snapshot>,
    /// The last one that is held, and how many go on from it.
    held: Option<(Snapshot, u32)>,
    /// What the connection can bring, in watts.
    most_power: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Self { last: None, held: None, most_power: HOUSE }
    }
}

/// 100 kW, in watts: more than 3 × 125 A.
const HOUSE: u64 = 100_000;

/// 1 GW. More is no connection, and an end to doubling.
const MOST_POWER: u64 = 1_000_000_000;

/// Registers may count in whole kilowatt-hours, which come at once; in thousandths of a watt-hour.
const STEP: u64 = 1_000_000;

impl Watch {
    fn judge(&mut self, now: Snapshot) -> Verdict {
        if let Some(doubt) = now.below_zero() {
            return Verdict::LeftOut(format!("{doubt}; left out"));
        }
        let Some(last) = &mut self.last else {
            self.last = Some(now);
            return Verdict::Passes;
        };
        let Some(doubt) = now.doubt(last, self.most_power) else {
            last.update(now);
            self.held = None;
            return Verdict::Passes;
        };
        let Some(needed) = doubt.needed() else {
            return Verdict::LeftOut(format!("{doubt}; left out"));
        };
        let so_far = match &self.held {
            Some((held, count)) if now.goes_on_from(held, &doubt, self.most_power) => count + 1,
            _ => 0,
        };
        if so_far < needed {
            self.held = Some((now, so_far));
            let more = if needed - so_far == 1 {
                "one more telegram says"
            } else {
                "two more telegrams say"
            };
            return Verdict::Held(format!("{doubt}; held back until {more} so"));
        }
        self.accept(now);
        Verdict::Confirmed(format!("{doubt}, and stays there: {}", doubt.explanation()))
    }

    /// Starts anew from a telegram that others confirmed.
    fn accept(&mut self, now: Snapshot) {
        if let Some((held, _)) = self.held.take() {
            // It goes on like that, so more than a house hangs on this meter.
            while self.most_power < MOST_POWER && now.rise(&held, self.most_power).is_some() {
                self.most_power *= 2;
            }
        }
        self.last = Some(now);
    }
}

/// What of a telegram counts here.
#[derive(Clone, Debug)]
struct Snapshot {
    title: Option<String>,
    counter: Option<u64>,
    time: Option<Timestamp>,
    received: Option<Timestamp>,
    registers: [Option<Decimal>; COUNT],
}

impl Snapshot {
    fn of(readings: &Readings) -> Self {
        let time = |meta| readings.meta(meta).and_then(|text| text.parse().ok());
        let counter = match readings.get(Key::Meta(Meta::InvocationCounter)) {
            Some(Value::Number(number)) => number.to_string().parse().ok(),
            _ => None,
        };
        let mut registers = [None; COUNT];
        for (place, (register, field)) in registers.iter_mut().zip(&FIELDS).enumerate() {
            if matches!(field.unit, Unit::WATT_HOUR | Unit::VAR_HOUR) {
                *register = readings.number(place);
            }
        }
        Self {
            title: readings.meta(Meta::SystemTitle).map(str::to_owned),
            counter,
            time: time(Meta::Time),
            received: time(Meta::Received),
            registers,
        }
    }

    /// Takes over what a later telegram says; a register that it does not have stays.
    fn update(&mut self, later: Self) {
        let registers = self.registers;
        *self = later;
        for (register, before) in self.registers.iter_mut().zip(registers) {
            *register = register.or(before);
        }
    }

    /// What is wrong with it after `last`.
    fn doubt(&self, last: &Self, most_power: u64) -> Option<Doubt> {
        let fall = self.fall(last);
        let (counters, clocks) = (self.counters(last), self.clocks(last));
        match (counters, clocks) {
            (Some((before, now)), Some(Ordering::Less | Ordering::Equal) | None)
                if now < before =>
            {
                Some(Doubt::Older(Some((before, now))))
            }
            (Some((before, now)), Some(Ordering::Greater)) if now < before => {
                Some(Doubt::Counter(before, now))
            }
            (None, Some(Ordering::Less)) if fall.is_some() => Some(Doubt::Older(None)),
            (None, Some(Ordering::Less)) => Some(Doubt::Clock),
            _ => fall.or_else(|| self.rise(last, most_power)),
        }
    }

    /// Whether it says the same as one that is held.
    fn goes_on_from(&self, held: &Self, doubt: &Doubt, most_power: u64) -> bool {
        match self.doubt(held, most_power) {
            None => true,
            Some(Doubt::Rose(..)) => matches!(doubt, Doubt::Rose(..)),
            Some(_) => false,
        }
    }

    /// The counters of both, if they count the same thing and differ: before, now.
    fn counters(&self, last: &Self) -> Option<(u64, u64)> {
        let both = last.counter.zip(self.counter).filter(|(before, now)| before != now);
        both.filter(|_| self.title == last.title)
    }

    fn clocks(&self, last: &Self) -> Option<Ordering> {
        let times = self.time.zip(last.time).or_else(|| self.received.zip(last.received));
        times.map(|(now, before)| now.cmp(&before))
    }

    /// The time since `last`, in milliseconds, by the clock that says more: one may have been set.
    fn elapsed(&self, last: &Self) -> Option<u64> {
        let times = [self.time.zip(last.time), self.received.zip(last.received)];
        let since = times.into_iter().flatten().map(|(now, before)| now.duration_since(before));
        since.filter_map(|since| u64::try_from(since.as_millis()).ok()).max()
    }

    fn below_zero(&self) -> Option<Doubt> {
        let mut registers = self.registers.iter().enumerate();
        registers.find_map(|(place, register)| {
            register.filter(|it| it.is_negative()).map(|it| Doubt::BelowZero(place, it))
        })
    }

    fn fall(&self, last: &Self) -> Option<Doubt> {
        self.compared(last).find_map(|(place, before, now)| {
            // A difference that cannot be told is as good as none that can be believed.
            let falls = now.minus(before).is_none_or(Decimal::is_negative);
            falls.then_some(Doubt::Fell(place, before, now))
        })
    }

    fn rise(&self, last: &Self, most_power: u64) -> Option<Doubt> {
        let elapsed = self.elapsed(last)?;
        // W × ms / 3600 are thousandths of a watt-hour.
        let most = u128::from(most_power) * u128::from(elapsed) / 3600 + u128::from(STEP);
        let most = Decimal::of(i128::try_from(most).ok()?, -3)?;
        self.compared(last).find_map(|(place, before, now)| {
            let rises = now.minus(before).is_none_or(|rise| rise.exceeds(most));
            rises.then_some(Doubt::Rose(place, before, now, elapsed))
        })
    }

    /// The registers that both have: place, before, now.
    fn compared(&self, last: &Self) -> impl Iterator<Item = (usize, Decimal, Decimal)> {
        let both = last.registers.into_iter().zip(self.registers).enumerate();
        both.filter_map(|(place, (before, now))| Some((place, before?, now?)))
    }
}

/// Why a telegram may be wrong.
#[derive(Clone, Copy, Debug)]
enum Doubt {
    /// It is of before; the counters, if it has one.
    Older(Option<(u64, u64)>),
    /// A register, by the place of its name, and its value.
    BelowZero(usize, Decimal),
    /// The counter went back and the clock did not: before, now.
    Counter(u64, u64),
    /// The clock went back, and nothing else speaks against it.
    Clock,
    /// A register went down: place, before, now.
    Fell(usize, Decimal, Decimal),
    /// A register went up too far, in so many milliseconds.
    Rose(usize, Decimal, Decimal, u64),
}

impl Doubt {
    /// How many more telegrams have to say so; nothing if none can.
    const fn needed(&self) -> Option<u32> {
        match self {
            Self::Older(_) | Self::BelowZero(..) => None,
            Self::Rose(..) => Some(1),
            Self::Counter(..) | Self::Clock | Self::Fell(..) => Some(2),
        }
    }

    const fn explanation(&self) -> &'static str {
        match self {
            Self::Counter(..) => "the meter counts anew",
            Self::Clock => "the meter's clock was set",
            Self::Rose(..) => "telegrams were missing, or it is no house",
            Self::Fell(..) | Self::Older(_) | Self::BelowZero(..) => "a new meter, or it was reset",
        }
    }
}

impl core::fmt::Display for Doubt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = |place: &usize| FIELDS.get(*place).map_or("", |field| field.name);
        match self {
            Self::Older(Some((before, now))) => {
                write!(f, "out of order: invocation counter {now} after {before}")
            }
            Self::Older(None) => {
                write!(f, "out of order: its clock is behind and its registers too")
            }
            Self::BelowZero(place, now) => write!(f, "{} is {now}, less than nothing", name(place)),
            Self::Counter(before, now) => {
                write!(f, "the invocation counter goes back from {before} to {now}")
            }
            Self::Clock => write!(f, "the clock goes back"),
            Self::Fell(place, before, now) => {
                write!(f, "{} falls from {before} to {now}", name(place))
            }
            Self::Rose(place, before, now, elapsed) => {
                let seconds = Decimal::new(i64::try_from(*elapsed).unwrap_or(i64::MAX), -3);
                write!(f, "{} rises from {before} to {now} in {seconds} s", name(place))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A telegram: second, counter, energy.
    fn line(second: u32, counter: impl Into<Option<u32>>, energy: &str) -> String {
        let counter = counter.into();
        let counter =
            counter.map(|it| format!("\"system_title\":\"aa\",\"invocation_counter\":{it},"));
        format!(
            concat!(
                "{{\"time\":\"2026-11-20T12:{:02}:{:02}+01:00\",\"meter\":\"7\",{}",
                "\"energy_import_wh\":{},\"power_import_w\":1}}"
            ),
            second / 60,
            second % 60,
            counter.unwrap_or_default(),
            energy
        )
    }

    fn judge(guard: &mut Guard, line: &str) -> Verdict {
        guard.passes(&Readings::parse(line.as_bytes()).unwrap())
    }

    /// `.` passes, `!` confirmed, `h` held, `x` left out.
    fn fates(lines: impl IntoIterator<Item = String>) -> String {
        let mut guard = Guard::default();
        let fate = |line: String| match judge(&mut guard, &line) {
            Verdict::Passes => '.',
            Verdict::Confirmed(_) => '!',
            Verdict::Held(_) => 'h',
            Verdict::LeftOut(_) => 'x',
        };
        lines.into_iter().map(fate).collect()
    }

    /// Telegrams each 5 s, with their counters.
    fn energies(values: &[&str]) -> String {
        fates((0..).zip(values).map(|(at, value)| line(5 * at, at, value)))
    }

    #[test]
    fn what_counts_up_passes() {
        assert_eq!(energies(&["12937", "12937", "12938", "13076", "13076.5"]), ".....");
        assert_eq!(energies(&["0", "0", "1"]), "...", "a new meter has counted nothing");
        assert_eq!(energies(&["1000", "2000", "2000", "3000"]), "....", "whole kilowatt-hours");
        // Three hours without a telegram.
        assert_eq!(fates([line(0, 1, "5"), line(3000, 2, "83000")]), "..");
    }

    #[test]
    fn a_single_low_value_never_reaches_a_sink() {
        assert_eq!(energies(&["12937", "0", "12938", "12939"]), ".h..");
        assert_eq!(energies(&["12937", "0", "0", "12938", "0", "0", "12939"]), ".hh.hh.");
        assert_eq!(energies(&["12937", "12936.9", "12938"]), ".h.");
        assert_eq!(energies(&["12937", "5", "3", "2", "12938"]), ".hhh.", "they do not go on");
    }

    #[test]
    fn a_register_that_stays_low_belongs_to_a_new_meter() {
        assert_eq!(energies(&["12937", "0", "0", "1", "1", "2"]), ".hh!..");
        let mut guard = Guard::default();
        let mut say = |second, energy| {
            judge(&mut guard, &line(second, second, energy)).message().map(str::to_owned)
        };
        assert_eq!(say(0, "12937"), None);
        assert_eq!(
            say(5, "5").unwrap(),
            "meter 7: energy_import_wh falls from 12937 to 5; held back until two more telegrams say so"
        );
        assert!(say(10, "6").unwrap().ends_with("held back until one more telegram says so"));
        assert_eq!(
            say(15, "6").unwrap(),
            "meter 7: energy_import_wh falls from 12937 to 6, and stays there: a new meter, or it was reset"
        );
        assert_eq!(say(20, "7"), None);
    }

    #[test]
    fn a_rise_that_no_house_can_have_waits_for_another() {
        // 100 kW bring 139 Wh in 5 s, and a step of a kilowatt-hour is nothing.
        assert_eq!(energies(&["12937", "14075"]), "..");
        assert_eq!(energies(&["12937", "14076"]), ".h");
        assert_eq!(energies(&["12937", "900000", "12938", "12938"]), ".h..");
        assert_eq!(energies(&["12937", "900000", "900001", "900001"]), ".h!.");
        let mut guard = Guard::default();
        judge(&mut guard, &line(0, 1, "1"));
        assert_eq!(
            judge(&mut guard, &line(5, 2, "900000")).message().unwrap(),
            concat!(
                "meter 7: energy_import_wh rises from 1 to 900000 in 5.000 s; ",
                "held back until one more telegram says so"
            )
        );
    }

    #[test]
    fn a_factory_is_believed_when_it_goes_on() {
        // 5 MW: 6944 Wh in 5 s.
        let values: Vec<_> = (0..20).map(|at| (at * 6944).to_string()).collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        assert_eq!(energies(&values), ".h!.................");
    }

    #[test]
    fn registers_are_never_below_zero() {
        assert_eq!(energies(&["-5", "12937", "-1", "-1", "-1", "12938"]), "x.xxx.");
        let text = judge(&mut Guard::default(), &line(0, 1, "-5"));
        assert_eq!(
            text.message(),
            Some("meter 7: energy_import_wh is -5, less than nothing; left out")
        );
    }

    #[test]
    fn what_is_older_is_left_out_however_much_of_it_comes() {
        let late = (0..10).map(|at| line(5 * at, at, "10"));
        let all = [line(500, 100, "50")].into_iter().chain(late).chain([line(505, 101, "50")]);
        assert_eq!(fates(all), ".xxxxxxxxxx.");
        let late = (0..10).map(|at| line(5 * at, None, "10"));
        let all = [line(500, None, "50")].into_iter().chain(late).chain([line(505, None, "50")]);
        assert_eq!(fates(all), ".xxxxxxxxxx.", "by the clock alone");
        let mut guard = Guard::default();
        judge(&mut guard, &line(500, 100, "50"));
        assert_eq!(
            judge(&mut guard, &line(495, 99, "50")).message().unwrap(),
            "meter 7: out of order: invocation counter 99 after 100; left out"
        );
    }

    #[test]
    fn a_counter_that_starts_over_and_a_clock_that_is_set_stop_nobody_for_long() {
        let anew = (1..5).map(|at| line(500 + 5 * at, at, "50"));
        assert_eq!(fates([line(500, 100, "50")].into_iter().chain(anew)), ".hh!.");
        let set = (1..5).map(|at| line(5 * at, 100 + at, "50"));
        assert_eq!(
            fates([line(500, 100, "50")].into_iter().chain(set)),
            ".....",
            "the counter knows"
        );
        let set = (1..5).map(|at| line(5 * at, None, "50"));
        assert_eq!(fates([line(500, None, "50")].into_iter().chain(set)), ".hh!.");
    }

    #[test]
    fn a_telegram_that_comes_twice_does_no_harm() {
        assert_eq!(fates([line(5, 1, "50"), line(5, 1, "50"), line(10, 2, "50")]), "...");
    }

    #[test]
    fn another_system_title_counts_for_itself() {
        let other = line(505, 3, "50").replace("aa", "bb");
        assert_eq!(fates([line(500, 100, "50"), other]), "..");
    }

    #[test]
    fn a_register_that_is_missing_for_a_while_is_not_forgotten() {
        let without = |second| {
            format!(
                "{{\"time\":\"2026-11-20T12:00:{second}+01:00\",\"meter\":\"7\",\"power_net_w\":1}}"
            )
        };
        let all = [
            line(0, None, "50"),
            without(10),
            without(20),
            line(30, None, "20"),
            line(40, None, "50"),
        ];
        assert_eq!(fates(all), "...h.");
    }

    #[test]
    fn every_energy_is_watched_and_nothing_else() {
        for field in &FIELDS {
            let one = |value: u32, second: u32| {
                format!(
                    "{{\"time\":\"2026-11-20T12:00:{second:02}Z\",\"meter\":\"7\",\"{}\":{value}}}",
                    field.name
                )
            };
            let energy = field.name.contains("energy");
            let fates = fates([one(9_000_000, 0), one(1, 5)]);
            assert_eq!(fates, if energy { ".h" } else { ".." }, "{}", field.name);
        }
    }

    #[test]
    fn meters_are_judged_apart_and_their_numbers_do_no_harm_in_a_message() {
        let mut guard = Guard::default();
        let of = |meter: &str, energy: u32| {
            format!("{{\"meter\":\"{meter}\",\"energy_import_wh\":{energy}}}")
        };
        for (meter, energy) in [("1", 500), ("2", 7), ("1", 501), ("2", 8), ("x\\u001b[2J", 9)] {
            assert_eq!(judge(&mut guard, &of(meter, energy)), Verdict::Passes);
        }
        let verdict = judge(&mut guard, &of("x\\u001b[2J", 1));
        assert!(verdict.message().is_some_and(|text| !text.contains('\x1b')));
        let numberless = |energy| format!("{{\"energy_import_wh\":{energy}}}");
        assert!(judge(&mut guard, &numberless(5)).passes());
        let verdict = judge(&mut guard, &numberless(4));
        let text = verdict.message().unwrap();
        assert!(text.starts_with("a meter without a number: "), "{text}");
    }
}
