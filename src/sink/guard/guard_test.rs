//! The fates of telegrams, one by one.

#[cfg(test)]
pub(in crate::sink::guard) mod tests {
    use core::time::Duration;
    use std::sync::Arc;

    use crate::{
        format::{meters::MOST, readings::Readings},
        reading::{decimal::Decimal, fields::FIELDS},
        sink::guard::{
            evidence::TelegramEvidence,
            guard::{Guard, TOO_MANY},
            verdict::{Fate, Verdict},
        },
    };

    /// A telegram: second, counter, energy.
    fn line(second: u32, counter: impl Into<Option<u32>>, energy: &str) -> String {
        let counter = counter.into();
        let counter =
            counter.map(|it| format!("\"system_title\":\"aa\",\"invocation_counter\":{it},"));
        format!(
            concat!(
                "{{\"time\":\"2026-11-20T12:{:02}:{:02}+01:00\",\"meter\":\"7\",{}",
                "\"energy_import_wh\":{},\"power_import_l1_w\":1}}"
            ),
            second / 60,
            second % 60,
            counter.unwrap_or_default(),
            energy
        )
    }

    pub(in crate::sink::guard) fn readings(line: &str) -> Arc<Readings> {
        Arc::new(Readings::parse(line.as_bytes()).unwrap())
    }

    pub(in crate::sink::guard) fn check(guard: &mut Guard, line: &str) -> Verdict {
        guard.check(&readings(line), &TelegramEvidence::default())
    }

    /// `.` passes, `k` kept, `+` agrees with the kept one, `=` repeated, `!` confirmed, `h` held, `x`
    /// left out.
    pub(in crate::sink::guard) fn fate(verdict: &Verdict) -> char {
        match verdict.fate {
            Fate::Passes if verdict.reason.is_some() => '!',
            Fate::Passes if verdict.earlier.is_empty() => '.',
            Fate::Passes => '+',
            Fate::Kept => 'k',
            Fate::Repeated => '=',
            Fate::Held => 'h',
            Fate::LeftOut => 'x',
        }
    }

    fn fates(lines: impl IntoIterator<Item = String>) -> String {
        judged(lines).0
    }

    /// The fates, and the telegrams that passed in the order in which they did.
    fn judged(lines: impl IntoIterator<Item = String>) -> (String, Vec<Arc<Readings>>) {
        let mut guard = Guard::default();
        let (mut fates, mut passed, mut total) = (String::new(), vec![], 0);
        for line in lines {
            let verdict = check(&mut guard, &line);
            total += 1;
            fates.push(fate(&verdict));
            passed.extend(verdict.earlier.iter().cloned());
            passed.extend(verdict.passes().then(|| readings(&line)));
        }
        passed.extend(guard.end());
        // The accounts add up.
        let repeated = fates.matches('=').count();
        let refused = usize::try_from(guard.refused()).unwrap();
        assert_eq!(refused + passed.len() + repeated, total, "{fates}");
        (fates, passed)
    }

    /// Telegrams each 5 s, with their counters.
    fn energies(values: &[&str]) -> String {
        fates((0..).zip(values).map(|(at, value)| line(5 * at, at, value)))
    }

    #[test]
    fn a_file_that_is_played_twice_passes_once() {
        let once: Vec<_> = (0..100).map(|at| line(5 * at, at + 1, &(at + 1).to_string())).collect();
        let fates = fates([once.clone(), once].concat());
        assert_eq!(fates.matches(['.', '+', '!']).count(), 99, "and the kept one: {fates}");
        assert_eq!(fates.get(100..), Some(&*("x".repeat(68) + &"=".repeat(32))), "{fates}");
    }

    #[test]
    fn what_counts_up_passes() {
        assert_eq!(energies(&["12937", "12937", "12938", "13076", "13077"]), "k+...");
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
        // A low one does not speak for a high one, nor one high one for the next.
        assert_eq!(after(&["12937", "5", "90000000", "12939", "12940"]), "k+.hh..");
        let values = ["12937", "900000", "4000000000", "12939", "12940", "999999", "12941"];
        assert_eq!(after(&values), "k+.hh..h.");
    }

    #[test]
    fn one_value_too_high_costs_none_of_those_after_it() {
        let values = ["12936", "12936", "12937", "13060", "12938", "12938", "12939", "12940"];
        let lines = (0..).zip(values).map(|(at, value)| line(5 * at, at, value));
        let (fates, passed) = judged(lines);
        assert_eq!((fates.as_str(), passed.len()), ("k+..hh!.", 8));
    }

    /// Registers each 5 s: so many zeros behind the other values.
    fn zeros(before: &[u32], count: u32, after: &[u32]) -> String {
        let values =
            before.iter().copied().chain((0..count).map(|_| 0)).chain(after.iter().copied());
        let all = (0..).zip(values).map(|(at, value)| line(5 * at, at, &value.to_string()));
        let (fates, passed) = judged(all);
        let zero = Some(Decimal::new(0, 0));
        assert!(!after.is_empty() && after != [0] && passed.iter().all(|it| it.number(0) != zero));
        fates
    }

    #[test]
    fn zeros_are_not_believed_before_ten_minutes() {
        for count in 3..=100 {
            let held = "h".repeat(count as usize);
            let real = [12938, 12939, 12939];
            assert_eq!(zeros(&[12937, 12937], count, &real), format!("k+{held}..."));
            assert_eq!(zeros(&[12937], count, &real), format!("k{held}+.."));
            assert_eq!(zeros(&[], count, &real), format!("{held}k+."));
        }
        assert_eq!(zeros(&[], 1, &[12938, 12939]), "hk+");
        assert_eq!(zeros(&[], 2, &[12938, 12939]), "hhk+");
        let all = |before: &[u32]| {
            let values = before.iter().copied().chain((0..125).map(|_| 0));
            fates((0..).zip(values).map(|(at, value)| line(5 * at, at, &value.to_string())))
        };
        assert_eq!(all(&[7, 7]), format!("k+{}!....", "h".repeat(120)));
        assert_eq!(all(&[]), format!("{}!....", "h".repeat(120)));
    }

    #[test]
    fn a_meter_that_counts_on_from_zero_is_new() {
        let lines = (0..).zip(["0", "0", "1", "1", "2"]).map(|(at, it)| line(5 * at, at, it));
        let (fates, passed) = judged(lines);
        assert_eq!((fates.as_str(), passed.len()), ("hhk+.", 5));
        // Nobody can tell what zeros alone mean, nor that which is too much at once.
        assert_eq!(energies(&["0", "0"]), "hh");
        assert_eq!(judged([line(0, 1, "0")]).1, []);
        assert_eq!(energies(&["0", "0", "5000", "5001", "5001"]), "hhk+.");
    }

    #[test]
    fn of_a_first_value_and_another_one_a_third_tells_which_is_right() {
        assert_eq!(energies(&["7", "12937", "12937", "12938"]), "kh!.");
        assert_eq!(energies(&["12937", "0", "12937", "12938"]), "kh+.");
        assert_eq!(energies(&["12937", "90000000", "12938"]), "kh+");
        assert_eq!(energies(&["7", "12937", "90000000", "12937", "12938"]), "khhh!");
        assert_eq!(energies(&["12937", "5", "6", "6"]), "kh!.");
        // Two that contradict each other, and no third.
        assert_eq!(judged([line(0, 1, "12937"), line(5, 2, "90000000")]).1, []);
        let mut guard = Guard::default();
        let first = line(0, 1, "12937");
        check(&mut guard, &first);
        assert_eq!(guard.kept(Duration::from_secs(60)), []);
        let kept = guard.kept(Duration::ZERO);
        assert_eq!(kept, [Arc::new(Readings::parse(first.as_bytes()).unwrap())]);
        assert_eq!(check(&mut guard, &line(5, 2, "12937")).fate, Fate::Passes);
        let other = |second, energy| {
            line(second, second, energy).replace("\"7\"", "\"8\"").replace("aa", "bb")
        };
        check(&mut guard, &other(0, "5"));
        let kept = Arc::new(Readings::parse(other(0, "5").as_bytes()).unwrap());
        assert_eq!(check(&mut guard, &other(5, "6")).earlier, [kept]);
    }

    #[test]
    fn a_register_that_stays_low_belongs_to_a_new_meter() {
        let values = ["12937", "12937"].into_iter().chain(["5"; 121]).chain(["6"]);
        let lines = (0..).zip(values).map(|(at, value)| line(5 * at, at, value));
        assert_eq!(fates(lines), format!("k+{}!.", "h".repeat(120)));
        let mut guard = Guard::default();
        let mut say = |second, energy| check(&mut guard, &line(second, second, energy)).text;
        assert_eq!((say(0, "12937"), say(1, "12937")), (None, None));
        assert_eq!(
            say(5, "5").unwrap(),
            "meter 7: energy_import_wh falls from 12937 to 5; left out until telegrams agree for ten minutes"
        );
        for second in 2..120 {
            assert!(say(5 * second, "6").unwrap().ends_with("telegrams agree for ten minutes"));
        }
        assert_eq!(say(600, "6").unwrap().split("; ").count(), 2);
        assert_eq!(
            say(605, "6").unwrap(),
            "meter 7: energy_import_wh falls from 12937 to 6, and more telegrams agree: a new meter, or it was reset"
        );
        assert_eq!(say(610, "7"), None);
    }

    #[test]
    fn a_rise_that_no_house_can_have_waits_for_two_more() {
        // 100 kW bring 139 Wh in 5 s, and a step of the last digit is nothing.
        let after = |values: &[&str]| energies(&[&["12937", "12937"], values].concat());
        assert_eq!(after(&["13076"]), "k+.");
        assert_eq!(after(&["13077"]), "k+h");
        assert_eq!(after(&["900000", "12938", "12938"]), "k+h..");
        assert_eq!(after(&["900000", "900001", "900001"]), "k+hh!");
        let mut guard = Guard::default();
        check(&mut guard, &line(0, 0, "1"));
        check(&mut guard, &line(0, 1, "1"));
        assert_eq!(
            check(&mut guard, &line(5, 2, "900000")).text.unwrap(),
            concat!(
                "meter 7: energy_import_wh rises from 1 to 900000 in 5.000 s; ",
                "left out until two more telegrams say so"
            )
        );
    }

    #[test]
    fn a_factory_is_believed_when_it_goes_on() {
        // 1 MW: 1389 Wh in 5 s.
        let values: Vec<_> = (0..20).map(|at| (7 + at * 1389).to_string()).collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        assert_eq!(energies(&values), "kh!.................");
        let values: Vec<_> = ["7"].into_iter().chain(values).collect();
        assert_eq!(energies(&values), "k+hh!................");
    }

    #[test]
    fn registers_are_never_below_zero() {
        assert_eq!(energies(&["-5", "12937", "-1", "-1", "-1", "12938"]), "xkxxx+");
        let text = check(&mut Guard::default(), &line(0, 1, "-5"));
        assert_eq!(
            text.text.unwrap(),
            "meter 7: energy_import_wh is -5, less than nothing; left out"
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
            check(&mut guard, &line(495, 99, "50")).text.unwrap(),
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
        let (fates_of_set, passed) = judged(before(Some(100)).chain(set));
        assert_eq!((fates_of_set.as_str(), passed.len()), ("k+hh!.", 6), "all are stored");
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
        // A counter that stands still is one, if it is so for good.
        let standing = (0..6).map(|at| line(5 * at, 1, "50"));
        let (fates_of_standing, passed) = judged(standing);
        assert_eq!((fates_of_standing.as_str(), passed.len()), ("kh!...", 6));
        let reused = [line(0, 1, "50"), line(5, 2, "50"), line(10, 2, "51"), line(15, 3, "51")];
        assert_eq!(fates(reused.clone()), "k+h.");
        let mut guard = Guard::default();
        let texts: Vec<_> = reused.iter().filter_map(|line| check(&mut guard, line).text).collect();
        assert_eq!(
            texts,
            [
                "meter 7: invocation counter 2 came before, with other content (nonce reuse); left out \
              until two more telegrams say so"
            ]
        );
        assert_eq!(fates([line(5, None, "50"), line(5, None, "50")]), "k+", "who knows");
    }

    #[test]
    fn another_system_title_counts_for_itself() {
        let other = line(505, 3, "50").replace("aa", "bb");
        assert_eq!(fates([line(500, 100, "50"), other]), "kk");
    }

    #[test]
    fn lists_take_turns_and_no_register_is_forgotten() {
        let list = |second: u32| line(second, None, "50").replace("\"energy_import_wh\":50,", "");
        // One or the other first; each is believed after three.
        let turns = |first: u32| {
            (0..12).map(move |at| match (at + first) % 2 {
                0 => line(5 * at, None, "50"),
                _ => list(5 * at),
            })
        };
        assert_eq!(fates(turns(0)), "kh+h.!......");
        assert_eq!(fates(turns(1)), "kh+h.!......");
        // A list each quarter of an hour, between those of each 5 s.
        let quarters = (0..720).flat_map(|at| {
            let now = [line(5 * at, None, "50")];
            now.into_iter().chain((at % 180 == 100).then(|| list(5 * at)))
        });
        let found = fates(quarters);
        assert_eq!((found.matches('h').count(), found.matches('x').count()), (2, 0), "{found}");
        // Damage takes the place of a telegram: the same damage, however often.
        let damaged = (0..100).map(|at| match at % 10 {
            5 => list(5 * at),
            _ => line(5 * at, None, "50"),
        });
        let found = fates(damaged);
        assert_eq!((found.matches('h').count(), found.matches('!').count()), (10, 0), "{found}");
        let all = turns(0).chain([line(60, None, "20"), list(65), line(70, None, "50")]);
        assert_eq!(fates(all), "kh+h.!......h..");
    }

    #[test]
    fn another_meter_number_or_text_waits_for_two_more() {
        let named = |second: u32, number: &str, text: &str| {
            line(second, second, "50")
                .replace("\"7\"", &format!("\"{number}\""))
                .replace("{", &format!("{{\"device\":\"d\",\"0-0:96.13.0\":\"{text}\","))
        };
        let all = |values: &[(&str, &str)]| {
            let all = (1..).zip(values).map(|(at, (number, text))| named(5 * at, number, text));
            fates(all.collect::<Vec<_>>())
        };
        let (a, b) = (("7", "x"), ("8", "x"));
        assert_eq!(all(&[a, a, a, a, b, a, b, a, a, b, a]), "k+..h.h..h.");
        assert_eq!(all(&[a, a, b, b, b, b]), "k+hh!.");
        assert_eq!(all(&[a, a, ("7", "y"), a, a]), "k+h..");
        assert_eq!(all(&[a, a, ("7", "y"), ("7", "y"), ("7", "y"), a, ("7", "y")]), "k+hh!..");
        // A text that counts.
        assert_eq!(all(&[a, a, ("7", "1"), ("7", "2"), ("7", "3"), ("7", "4"), a]), "k+hh!..");
    }

    #[test]
    fn decimals_that_come_and_go_are_floats() {
        let at = |second: u32, value: &str| {
            line(second, second, "50")
                .replace("power_import_l1_w\":1", &format!("voltage_l1_v\":{value}"))
        };
        let all = |values: &[&str]| {
            fates((0..).zip(values).map(|(at_second, value)| at(5 * at_second, value)))
        };
        let settled = ["230.1"; 8];
        assert_eq!(all(&[&settled[..], &["23.01", "230.3"]].concat()), "k+......h.");
        assert_eq!(all(&["230.1", "230.25", "230.3", "230.41"]), "k+..", "JSON that another wrote");
        let floats = ["230.01", "230.017", "230.1234", "230", "230.5"];
        assert_eq!(all(&[&settled[..], &floats].concat()), "k+......hh!..");
    }

    #[test]
    fn a_clock_goes_on_as_it_did() {
        let fates_at =
            |seconds: &[u32]| fates((1..).zip(seconds).map(|(at, second)| line(*second, at, "50")));
        assert_eq!(fates_at(&[0, 5, 10, 15, 20, 600, 30, 35]), "k+...h..", "a leap");
        assert_eq!(fates_at(&[0, 5, 10, 15, 20, 2, 30, 35]), "k+...h..", "a step back");
        assert_eq!(fates_at(&[0, 5, 10, 15, 20, 28, 30, 35, 40, 45]), "k+........", "a late one");
        let (found, passed) = judged((1..9).map(|at| line(5 * at + 600 * (at / 5), at, "50")));
        assert_eq!((found.as_str(), passed.len()), ("k+..hh!.", 8), "set, and all are stored");
        // By the counter, telegrams are missing.
        let gap = (0..8).map(|at| if at < 4 { at } else { at + 500 });
        assert_eq!(fates(gap.map(|at| line(5 * at, at, "50"))), "k+......");
        let gap = (0..8).map(|at| if at < 4 { at } else { at + 500 });
        let (found, passed) = judged(gap.map(|at| line(5 * at, None, "50")));
        assert_eq!(
            (found.as_str(), passed.len()),
            ("k+..hh!.", 8),
            "nobody knows, nothing is lost"
        );
    }

    #[test]
    fn a_clock_is_held_against_the_time_of_arrival() {
        let heard = |at: u32, ahead: i64| {
            let received = jiff::Timestamp::from_second(1_790_000_000 + i64::from(at)).unwrap();
            let time = jiff::Timestamp::from_second(received.as_second() + ahead).unwrap();
            format!(
                "{{\"time\":\"{time}\",\"received\":\"{received}\",\"meter\":\"7\",\
                 \"energy_import_wh\":50}}"
            )
        };
        let all = |ahead: &[i64]| judged((0..).zip(ahead).map(|(at, ahead)| heard(5 * at, *ahead)));
        assert_eq!(all(&[0, 0, 50, -50, 70, 0, -3600, 1]).0, "k+..h.h.");
        assert_eq!(all(&[-900_000_000, 0, 0, 0]).0, "kh!.");
        let (found, passed) =
            all(&[0, 0, -900_000_000, -900_000_000, -900_000_001, -900_000_000, 0, 0]);
        assert_eq!((found.as_str(), passed.len()), ("k+hh!...", 8));
        // A clock that is wrong from the start is believed, and said to be wrong.
        let mut guard = Guard::default();
        let errors = [-7200, -7201, -7200].map(|ahead| {
            let second = u32::try_from(7300 + ahead).unwrap();
            let verdict = check(&mut guard, &heard(second, ahead));
            verdict.clock_error.map(|error| error.as_secs())
        });
        assert_eq!(errors, [None, Some(-7201), Some(-7200)]);
    }

    #[test]
    fn another_meter_on_the_line_is_told() {
        let mut guard = Guard::default();
        let mut remarks = vec![];
        for at in 0..10 {
            let line = line(5 * at, at, "50");
            let next = |line: &str| {
                line.replace("aa", "bb").replace("\"7\"", "\"8\"").replace("T12", "T14")
            };
            let line = if at < 5 { line } else { next(&line) };
            remarks.extend(check(&mut guard, &line).remark);
        }
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(
            remarks[0].starts_with("meter 8 now sends in the place of meter 7, "),
            "{remarks:?}"
        );
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
                "k+"
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
            assert!(matches!(verdict.fate, Fate::Kept | Fate::Passes), "{verdict:?}");
        }
        let verdict = check(&mut guard, &of("x\\u001b[2J", 1));
        assert!(verdict.text.is_some_and(|text| !text.contains('\x1b')));
        let numberless = |energy| format!("{{\"energy_import_wh\":{energy}}}");
        assert_eq!(check(&mut guard, &numberless(5)).fate, Fate::Kept);
        let verdict = check(&mut guard, &numberless(4));
        let text = verdict.text.unwrap();
        assert!(text.starts_with("a meter without a number: "), "{text}");
    }

    /// A telegram with powers: second, import, export, and the register of the import.
    pub(in crate::sink::guard) fn with_power(
        second: u32,
        import: u32,
        export: u32,
        energy: u32,
    ) -> String {
        let powers = format!("power_import_w\":{import},\"power_export_w\":{export}");
        line(second, second, &energy.to_string()).replace("power_import_l1_w\":1", &powers)
    }

    #[test]
    fn a_step_that_no_power_explains_waits_for_one_more() {
        // 3.6 kW bring 5 Wh in 5 s.
        let all = |steps: &[(u32, u32)]| {
            let steps = (0..).zip(steps);
            fates(steps.map(|(at, (power, energy))| with_power(5 * at, *power, 0, *energy)))
        };
        let before = [(500, 90_000); 2];
        let after = |steps: &[(u32, u32)]| all(&[&before, steps].concat());
        assert_eq!(after(&[(500, 90_006), (500, 90_007)]), "k+..");
        assert_eq!(after(&[(500, 90_032), (500, 90_001), (500, 90_002)]), "k+h..", "a flipped bit");
        assert_eq!(after(&[(500, 90_032), (500, 90_033), (500, 90_034)]), "k+h!.", "a short load");
        assert_eq!(after(&[(20_000, 90_028), (500, 90_056)]), "k+..", "it shows at one end");
        assert_eq!(
            all(&[(500, 89_936), (500, 90_000), (500, 90_001)]),
            "kh!",
            "the first is wrong"
        );
        // A small register: no dip may look like a new start.
        let small = [(500, 20), (500, 20), (500, 24), (500, 21), (500, 22)];
        assert_eq!(all(&small), "k+h..");
        assert_eq!(all(&[(500, 20), (500, 20), (500, 21), (500, 22)]), "k+..");
    }

    #[test]
    fn after_a_gap_the_next_telegram_tells() {
        let all = |steps: &[(u32, u32)]| {
            let before = (0..6).map(|at| (5 * at, 90_000 + at));
            let steps = before.chain(steps.iter().map(|(at, energy)| (1800 + at, *energy)));
            judged(steps.map(|(at, energy)| with_power(at, 500, 0, energy)))
        };
        let (found, passed) = all(&[(0, 90_800), (5, 90_801), (10, 90_802)]);
        assert_eq!((found.as_str(), passed.len()), ("k+....h!.", 9), "all are stored");
        let (found, passed) = all(&[(0, 98_992), (5, 90_801), (10, 90_802)]);
        assert_eq!((found.as_str(), passed.len()), ("k+....hh!", 8), "but a flipped bit");
        // A meter that sends each quarter of an hour is not held up.
        let slow = (0..4).map(|at| with_power(900 * at, 500, 0, 90_000 + 300 * at));
        assert_eq!(fates(slow), "k+..");
    }

    #[test]
    fn a_register_is_flipped_down_by_most_of_what_it_counted_in_a_gap() {
        // 4410870 is read as 4410742 after eight minutes.
        let row = |from: u32, values: &[u32]| {
            let at = (0..).zip(values);
            at.map(|(at, value)| with_power(from + 5 * at, 0, 935, *value)).collect::<Vec<_>>()
        };
        let before = row(0, &[4_410_730, 4_410_731, 4_410_733, 4_410_735, 4_410_736, 4_410_738]);
        let after = row(490, &[4_410_742, 4_410_871, 4_410_873, 4_410_876]);
        let (found, passed) = judged([before, after].concat());
        assert_eq!((found.as_str(), passed.len()), ("k+....hh!.", 9));
    }

    #[test]
    fn a_register_is_flipped_up_right_before_a_gap() {
        // 13242983 is read as 13243111, which the meter shows eight minutes later.
        let values = (0..6).map(|at| (5 * at, 13_242_977 + at));
        let after = [(30, 13_243_111), (480, 13_243_116), (485, 13_243_117), (490, 13_243_118)];
        let all = values.chain(after);
        let (found, passed) = judged(all.map(|(at, value)| with_power(at, 1060, 0, value)));
        assert_eq!((found.as_str(), passed.len()), ("k+....hh!.", 9));
    }

    #[test]
    fn a_telegram_that_ends_a_wait_is_damaged_in_another_register() {
        // The export of the third was read too high; the telegram that would end the wait has 512 Wh too many.
        let values = [(90_000, 50), (90_000, 50), (90_001, 52), (90_001, 50), (90_002, 50)];
        let after = [(90_514, 50), (90_003, 50), (90_004, 50), (90_004, 50), (90_005, 50)];
        let all = (0..).zip(values.into_iter().chain(after));
        let all = all.map(|(at, (import, export))| {
            let export = format!(",\"energy_export_wh\":{export},");
            with_power(5 * at, 500, 0, import).replacen(",\"power", &(export + "\"power"), 1)
        });
        let (found, passed) = judged(all);
        assert_eq!((found.as_str(), passed.len()), ("k+.hhhhh!.", 7));
    }

    #[test]
    fn a_lone_telegram_between_two_gaps_is_not_lost() {
        // The house sends each 5 s, and nearly all of it is lost, or it sends each 5 minutes from then on.
        let fast = (0..6).map(|at| (5 * at, 90_000 + at));
        let slow = (1..12).map(|at| (300 * at, 90_005 + 40 * at));
        let all = fast.chain(slow);
        let (found, passed) = judged(all.map(|(at, value)| with_power(at, 500, 0, value)));
        assert_eq!(passed.len(), 17, "{found}");
    }

    #[test]
    fn the_same_damage_after_each_gap_is_no_new_kind() {
        let texts = (0..40).map(|at: u32| {
            let (second, text) =
                (5 * at + 500 * (at / 8), if at.is_multiple_of(8) { "y" } else { "x" });
            let line = with_power(second, 500, 0, 90_000 + 100 * (at / 8));
            line.replacen('{', &format!("{{\"0-0:96.13.0\":\"{text}\","), 1)
        });
        let texts: Vec<_> = texts.skip(1).collect();
        assert_eq!(fates(texts), "k+.....hh!.....hh!.....hh!.....hh!.....");
    }

    #[test]
    fn powers_that_have_nothing_to_do_with_the_registers_are_found_out() {
        let all = (0..24).map(|at| with_power(5 * at, 0, 0, 90_000 + 15 * at.max(8)));
        assert_eq!(fates(all), "k+.......hhh!...........");
        // From the start the pace is unknown at first.
        let all = (0..24).map(|at| with_power(5 * at, 0, 0, 90_000 + 15 * at));
        assert_eq!(fates(all), "khhh+hhh!...............");
    }

    #[test]
    fn powers_that_contradict_each_other_or_the_currents_wait_for_two_more() {
        let all = |powers: &[(u32, u32)]| {
            let powers = (0..).zip(powers);
            fates(powers.map(|(at, (import, export))| with_power(5 * at, *import, *export, 90_000)))
        };
        assert_eq!(all(&[(500, 0), (0, 500), (500, 64), (500, 0)]), "k+h.");
        assert_eq!(all(&[(500, 0), (500, 0), (9, 8), (8, 7), (7, 8), (9, 9)]), "k+hh!.");
        let carried = |at: u32, power: u32| {
            with_power(5 * at, power, 0, 90_000).replace(
                "\"power_export_w\":0",
                "\"power_export_w\":0,\"voltage_l1_v\":230.0,\"current_l1_a\":2.17",
            )
        };
        let powers = [(0, 499), (1, 1400), (2, 2547), (3, 499), (4, 1498)];
        assert_eq!(fates(powers.map(|(at, power)| carried(at, power))), "k+h..");
    }

    #[test]
    fn a_value_that_no_house_has_waits_for_two_more_and_is_known_then() {
        let at = |second: u32, voltage: &str| {
            line(second, second, "50")
                .replace("power_import_l1_w\":1", &format!("voltage_l1_v\":{voltage}"))
        };
        let all =
            |values: &[&str]| fates((0..).zip(values).map(|(second, value)| at(second, value)));
        assert_eq!(all(&["230.1", "230.0", "6553.5", "230.2"]), "k+h.");
        assert_eq!(all(&["230.1", "230.0", "300.0", "0.0"]), "k+..");
        assert_eq!(all(&["6553.5", "230.0", "230.0"]), "hk+");
        assert_eq!(all(&["230.1", "230.0", "6600", "6601", "6600", "6602"]), "k+hh!.");
        let mut guard = Guard::default();
        assert_eq!(
            check(&mut guard, &at(0, "6553.5")).text.unwrap(),
            "meter 7: voltage_l1_v is 6553.5, which no house has; left out until two more telegrams say so"
        );
    }

    #[test]
    fn a_meter_that_is_forgotten_takes_no_telegram_along() {
        let mut guard = Guard::default();
        let of = |meter: usize, energy: u32| {
            format!("{{\"meter\":\"{meter}\",\"energy_import_wh\":{energy}}}")
        };
        // Two telegrams of the first one contradict each other.
        check(&mut guard, &of(0, 12937));
        check(&mut guard, &of(0, 5));
        let verdicts: Vec<_> =
            (1..MOST + 2).map(|meter| check(&mut guard, &of(meter, 50))).collect();
        let passed: Vec<_> = verdicts.iter().flat_map(|verdict| verdict.other.clone()).collect();
        assert_eq!(passed, [readings(&of(1, 50))]);
        let remarks: Vec<_> = verdicts.iter().filter_map(|it| it.remark.as_deref()).collect();
        assert_eq!(remarks, [TOO_MANY]);
        assert_eq!((guard.refused(), guard.end().len()), (2, MOST));
    }
}
