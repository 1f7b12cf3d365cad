//! The guard of all meters.

use core::time::Duration;
use std::sync::Arc;

use crate::{
    format::{latest::name, meters::Meters, printable::printable, readings::Readings},
    sink::guard::{meter::GuardedMeter, verdict::Verdict},
};

/// The last telegrams of all meters.
#[derive(Debug, Default)]
pub struct Guard {
    meters: Meters<GuardedMeter>,
    refused: u64,
}

impl Guard {
    /// Decides on the next telegram.
    pub fn check(&mut self, readings: &Arc<Readings>) -> Verdict {
        let meter = name(readings);
        let (verdict, refused) = self.meters.seen(meter, |watch| watch.check(readings));
        self.refused += refused;
        verdict.about(|| match meter {
            Some(meter) => format!("meter {}", printable(meter)),
            None => "a meter without a number".to_owned(),
        })
    }

    /// First telegrams that were kept for this time without another that agrees: they pass now.
    pub fn kept(&mut self, timeout: Duration) -> Vec<Arc<Readings>> {
        self.meters.iter_mut().filter_map(|watch| watch.kept(timeout)).collect()
    }

    /// The number of telegrams that never pass.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::fields::FIELDS;

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

    fn check(guard: &mut Guard, line: &str) -> Verdict {
        guard.check(&Arc::new(Readings::parse(line.as_bytes()).unwrap()))
    }

    /// `.` passes, `k` kept, `+` agrees with the kept one, `=` repeated, `!` confirmed, `h` held, `x`
    /// left out.
    fn fates(lines: impl IntoIterator<Item = String>) -> String {
        let mut guard = Guard::default();
        let fate = |line: String| match check(&mut guard, &line) {
            Verdict::Passes => '.',
            Verdict::Kept => 'k',
            Verdict::Agrees(_) => '+',
            Verdict::Repeated => '=',
            Verdict::Confirmed(_) => '!',
            Verdict::Held(_) => 'h',
            Verdict::LeftOut(_) => 'x',
        };
        let fates: String = lines.into_iter().map(fate).collect();
        // The refused telegrams are those that never pass: neither now, nor later as a kept one.
        let first_is_wrong = fates.starts_with('k') && !fates.contains('+') && fates.contains('!');
        let refused = fates.matches(['h', 'x']).count() + usize::from(first_is_wrong);
        assert_eq!(guard.refused(), refused as u64, "{fates}");
        fates
    }

    /// Telegrams each 5 s, with their counters.
    fn energies(values: &[&str]) -> String {
        fates((0..).zip(values).map(|(at, value)| line(5 * at, at, value)))
    }

    #[test]
    fn what_counts_up_passes() {
        assert_eq!(energies(&["12937", "12937", "12938", "13076", "13076.5"]), "k+...");
        assert_eq!(energies(&["0", "0", "1"]), "k+.", "a new meter has counted nothing");
        assert_eq!(energies(&["1000", "2000", "2000", "3000"]), "k+..", "whole kilowatt-hours");
        // Three hours without a telegram.
        assert_eq!(fates([line(0, 1, "5"), line(3000, 2, "83000")]), "k+");
    }

    #[test]
    fn a_single_low_value_never_reaches_a_sink() {
        let after = |values: &[&str]| energies(&[&["12936", "12936"], values].concat());
        assert_eq!(after(&["12937", "0", "12938", "12939"]), "k+.h..");
        assert_eq!(after(&["12937", "0", "0", "12938", "0", "0", "12939"]), "k+.hh.hh.");
        assert_eq!(after(&["12937", "12936.9", "12938"]), "k+.h.");
        assert_eq!(after(&["12937", "5", "3", "2", "12938"]), "k+.hhh.", "they do not go on");
        // A low value does not confirm a high one, and a high value does not confirm another one.
        assert_eq!(after(&["12937", "5", "90000000", "12939", "12940"]), "k+.hh..");
        let values = ["12937", "900000", "4000000000", "12939", "12940", "999999", "12941"];
        assert_eq!(after(&values), "k+.hh..h.");
    }

    #[test]
    fn of_a_first_value_and_another_one_a_third_tells_which_is_right() {
        assert_eq!(energies(&["0", "12937", "12937", "12938"]), "kh!.");
        assert_eq!(energies(&["12937", "0", "12937", "12938"]), "kh+.");
        assert_eq!(energies(&["12937", "90000000", "12938"]), "kh+");
        assert_eq!(energies(&["0", "12937", "90000000", "12937", "12938"]), "khhh!");
        let mut guard = Guard::default();
        let first = line(0, 1, "12937");
        check(&mut guard, &first);
        assert_eq!(guard.kept(Duration::from_secs(60)), []);
        let kept = guard.kept(Duration::ZERO);
        assert_eq!(kept, [Arc::new(Readings::parse(first.as_bytes()).unwrap())]);
        assert_eq!(check(&mut guard, &line(5, 2, "12937")), Verdict::Passes);
        let other = |second, energy| line(second, second, energy).replace("\"7\"", "\"8\"");
        check(&mut guard, &other(0, "5"));
        let kept = Arc::new(Readings::parse(other(0, "5").as_bytes()).unwrap());
        assert_eq!(check(&mut guard, &other(5, "6")), Verdict::Agrees(kept));
    }

    #[test]
    fn a_register_that_stays_low_belongs_to_a_new_meter() {
        assert_eq!(energies(&["12937", "12937", "0", "0", "1", "1", "2"]), "k+hh!..");
        let mut guard = Guard::default();
        let mut say = |second, energy| {
            check(&mut guard, &line(second, second, energy)).message().map(str::to_owned)
        };
        assert_eq!((say(0, "12937"), say(1, "12937")), (None, None));
        assert_eq!(
            say(5, "5").unwrap(),
            "meter 7: energy_import_wh falls from 12937 to 5; left out until two more telegrams say so"
        );
        assert!(say(10, "6").unwrap().ends_with("left out until one more telegram says so"));
        assert_eq!(
            say(15, "6").unwrap(),
            "meter 7: energy_import_wh falls from 12937 to 6, and stays there: a new meter, or it was reset"
        );
        assert_eq!(say(20, "7"), None);
    }

    #[test]
    fn a_rise_that_no_house_can_have_waits_for_two_more() {
        // 100 kW bring 139 Wh in 5 s; a step of one kilowatt-hour is always allowed.
        let after = |values: &[&str]| energies(&[&["12937", "12937"], values].concat());
        assert_eq!(after(&["14075"]), "k+.");
        assert_eq!(after(&["14076"]), "k+h");
        assert_eq!(after(&["900000", "12938", "12938"]), "k+h..");
        assert_eq!(after(&["900000", "900001", "900001"]), "k+hh!");
        let mut guard = Guard::default();
        check(&mut guard, &line(0, 0, "1"));
        check(&mut guard, &line(0, 1, "1"));
        assert_eq!(
            check(&mut guard, &line(5, 2, "900000")).message().unwrap(),
            concat!(
                "meter 7: energy_import_wh rises from 1 to 900000 in 5.000 s; ",
                "left out until two more telegrams say so"
            )
        );
    }

    #[test]
    fn a_factory_is_believed_when_it_goes_on() {
        // 1 MW: 1389 Wh in 5 s.
        let values: Vec<_> = (0..20).map(|at| (at * 1389).to_string()).collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        assert_eq!(energies(&values), "kh!.................");
        let values: Vec<_> = ["0"].into_iter().chain(values).collect();
        assert_eq!(energies(&values), "k+hh!................");
    }

    #[test]
    fn registers_are_never_below_zero() {
        assert_eq!(energies(&["-5", "12937", "-1", "-1", "-1", "12938"]), "xkxxx+");
        let text = check(&mut Guard::default(), &line(0, 1, "-5"));
        assert_eq!(
            text.message(),
            Some("meter 7: energy_import_wh is -5, less than nothing; left out")
        );
    }

    #[test]
    fn what_is_older_is_left_out_however_much_of_it_comes() {
        let late = (0..10).map(|at| line(5 * at, at, "10"));
        let all = [line(500, 100, "50")].into_iter().chain(late).chain([line(505, 101, "50")]);
        assert_eq!(fates(all), "kxxxxxxxxxx+");
        let late = (0..10).map(|at| line(5 * at, None, "10"));
        let all = [line(500, None, "50")].into_iter().chain(late).chain([line(505, None, "50")]);
        assert_eq!(fates(all), "kxxxxxxxxxx+", "by the clock alone");
        let mut guard = Guard::default();
        check(&mut guard, &line(500, 100, "50"));
        assert_eq!(
            check(&mut guard, &line(495, 99, "50")).message().unwrap(),
            "meter 7: out of order: invocation counter 99 after 100; left out"
        );
    }

    #[test]
    fn a_counter_that_starts_over_and_a_clock_that_is_set_stop_nobody_for_long() {
        let before = |counter: Option<u32>| {
            let counters = counter.map_or([None; 2], |it| [Some(it - 1), Some(it)]);
            [line(495, counters[0], "50"), line(500, counters[1], "50")].into_iter()
        };
        let anew = (1..5).map(|at| line(500 + 5 * at, at, "50"));
        assert_eq!(fates(before(Some(100)).chain(anew)), "k+hh!.");
        let set = (1..5).map(|at| line(5 * at, 100 + at, "50"));
        assert_eq!(fates(before(Some(100)).chain(set)), "k+....", "the counter knows");
        let set = (1..5).map(|at| line(5 * at, None, "50"));
        assert_eq!(fates(before(None).chain(set)), "k+hh!.");
        // Both at once: the time of arrival shows a new telegram, but the registers of a replay are
        // old.
        let heard = |at: u32, counter: u32, energy: &str| {
            let received = format!("{{\"received\":\"2026-11-20T13:00:{at:02}Z\",");
            line(5 * (at % 10), counter, energy).replacen('{', &received, 1)
        };
        let before = [heard(8, 100, "50"), heard(9, 101, "50")].into_iter();
        let reset = (10..15).map(|at| heard(at, at - 10, "50"));
        assert_eq!(fates(before.clone().chain(reset)), "k+hh!..");
        let replay = (10..15).map(|at| heard(at, at - 10, "49"));
        assert_eq!(fates(before.chain(replay)), "k+xxxxx");
    }

    #[test]
    fn a_telegram_that_comes_twice_does_no_harm() {
        let all = [line(5, 1, "50"), line(5, 1, "50"), line(10, 2, "50"), line(10, 2, "50")];
        assert_eq!(fates(all), "k=+=");
        assert_eq!(fates([line(5, 1, "50"), line(10, 1, "50")]), "k+", "a counter that stands");
        assert_eq!(fates([line(5, None, "50"), line(5, None, "50")]), "k+", "who knows");
    }

    #[test]
    fn another_system_title_counts_for_itself() {
        let other = line(505, 3, "50").replace("aa", "bb");
        assert_eq!(fates([line(500, 100, "50"), other]), "k+");
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
        assert_eq!(fates(all), "k+.h.");
        // Telegrams in between hide neither a new meter nor the time that it has counted.
        let new = (3..8).flat_map(|at| [line(10 * at, None, "20"), without(10 * at + 1)]);
        let all = [line(0, None, "50"), line(5, None, "50")].into_iter().chain(new);
        assert_eq!(fates(all), "k+h.h.!.....");
        let hourly = (0..3).flat_map(|hour| {
            let energy = (2000 * hour).to_string();
            (0..60).map(move |minute| match minute {
                0 => line(3600 * hour, None, &energy),
                _ => without(10).replace("12:00:10", &format!("{}:{minute:02}:00", 12 + hour)),
            })
        });
        assert_eq!(fates(hourly).matches(['h', 'x']).count(), 0);
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
            let fates = fates([one(60, 0), one(59, 5)]);
            let is_factor = field.name.starts_with("power_factor");
            let expected = if energy {
                "kh"
            } else if is_factor {
                "hh"
            } else {
                ".."
            };
            assert_eq!(fates, expected, "{}", field.name);
        }
        // Objects that sum up by their code, as Home Assistant is told.
        let object = |value: u32, second: u32| {
            line(second, None, "1")
                .replace("energy_import_wh", "1-1:1.8.0")
                .replace(":1,", &format!(":{value},"))
        };
        assert_eq!(fates([object(60, 0), object(59, 5)]), "kh");
    }

    #[test]
    fn meters_are_judged_apart_and_their_numbers_do_no_harm_in_a_message() {
        let mut guard = Guard::default();
        let of = |meter: &str, energy: u32| {
            format!("{{\"meter\":\"{meter}\",\"energy_import_wh\":{energy}}}")
        };
        for (meter, energy) in [("1", 500), ("2", 7), ("1", 501), ("2", 8), ("x\\u001b[2J", 9)] {
            let verdict = check(&mut guard, &of(meter, energy));
            assert!(verdict == Verdict::Kept || verdict.passes(), "{verdict:?}");
        }
        let verdict = check(&mut guard, &of("x\\u001b[2J", 1));
        assert!(verdict.message().is_some_and(|text| !text.contains('\x1b')));
        let numberless = |energy| format!("{{\"energy_import_wh\":{energy}}}");
        assert_eq!(check(&mut guard, &numberless(5)), Verdict::Kept);
        let verdict = check(&mut guard, &numberless(4));
        let text = verdict.message().unwrap();
        assert!(text.starts_with("a meter without a number: "), "{text}");
    }

    #[test]
    fn a_value_that_no_house_has_waits_for_two_more_and_is_known_then() {
        let at = |second: u32, voltage: &str| {
            line(second, second, "50")
                .replace("power_import_w\":1", &format!("voltage_l1_v\":{voltage}"))
        };
        let all =
            |values: &[&str]| fates((0..).zip(values).map(|(second, value)| at(second, value)));
        assert_eq!(all(&["230.1", "230.0", "6553.5", "230.2"]), "k+h.");
        assert_eq!(all(&["230.1", "230.0", "1000.0", "0.0"]), "k+..");
        assert_eq!(all(&["6553.5", "230.0", "230.0"]), "hk+");
        assert_eq!(all(&["230.1", "230.0", "6600", "6601", "6600", "6602"]), "k+hh!.");
        let mut guard = Guard::default();
        assert_eq!(
            check(&mut guard, &at(0, "6553.5")).message().unwrap(),
            "meter 7: voltage_l1_v is 6553.5, which no house has; left out until two more telegrams say so"
        );
    }
}
