//! The fates of telegrams that come in several runs.

#[cfg(test)]
mod tests {
    use crate::sink::guard::{
        guard::Guard,
        guard_test::tests::{check, fate, readings, with_power},
        verdict::Fate,
    };

    #[test]
    fn a_telegram_behind_a_gap_passes_at_the_end_and_is_remembered() {
        let mut guard = Guard::default();
        for at in 0..40 {
            check(&mut guard, &with_power(5 * at, 500, 0, 90_000));
        }
        // A run that ends with its first telegram, as cron starts them.
        let mut run = |second: u32, energy: u32| {
            let mut next = Guard::default();
            let state = guard.state(&[], None);
            let telegram = with_power(second, 500, 0, energy);
            assert!(next.restore(&state, &[]));
            let fate = check(&mut next, &telegram).fate;
            let ended = next.end();
            guard = next;
            (fate, ended == [readings(&telegram)])
        };
        assert_eq!(run(900, 90_250), (Fate::Held, true));
        assert_eq!(run(1800, 90_500), (Fate::Held, true));
        // Without a gap the next telegram is needed.
        assert_eq!(run(1805, 90_900), (Fate::Held, false));
        assert_eq!(guard.refused(), 1);
    }

    /// The fates of telegrams that come each a quarter of an hour, each in a run of its own, as cron starts them.
    /// A first one, and the end of a gap, pass at the end of their run: `e`.
    fn fates_of_runs(lines: impl IntoIterator<Item = String>) -> String {
        let mut state = Guard::default().state(&[], None);
        let runs = lines.into_iter().map(|line| {
            let mut guard = Guard::default();
            assert!(guard.restore(&state, &[]));
            let verdict = check(&mut guard, &line);
            let ended = guard.end();
            assert!(ended.is_empty() || ended == [readings(&line)], "{line}");
            // The telegrams of earlier runs are counted there.
            let passes = verdict.passes() || !ended.is_empty();
            let is_counted = verdict.fate == Fate::Repeated || passes != (guard.refused() == 1);
            assert!(is_counted && verdict.earlier.is_empty(), "{line}");
            // Once it is a text, nothing but the text is left.
            state = serde_json::from_str(&guard.state(&[], None).to_string()).unwrap();
            if ended.is_empty() { fate(&verdict) } else { 'e' }
        });
        runs.collect()
    }

    /// The telegram of a run.
    fn of_run(run: u32, rest: &str) -> String {
        let start = 1_790_000_000 + i64::from(run) * 900;
        let time = jiff::Timestamp::from_second(start).unwrap();
        format!(
            "{{\"time\":\"{time}\",\"received\":\"{time}\",\"meter\":\"7\",\
             \"system_title\":\"aa\",\"invocation_counter\":{run},{rest}}}"
        )
    }

    #[test]
    fn what_is_held_is_confirmed_from_run_to_run() {
        let all =
            |values: &[&str]| fates_of_runs((0..).zip(values).map(|(run, rest)| of_run(run, rest)));
        let (old, new) = ("\"energy_import_wh\":50", "\"energy_import_wh\":50,\"power_net_w\":5");
        assert_eq!(all(&[old, old, new, new, new, new, old]), "e.hh!..", "another list");
        assert_eq!(all(&[old, new, new, new]), "eh!.", "the first has no other that agrees");
        // A damaged one: no other is like it.
        assert_eq!(all(&[old, old, new, old, new, old]), "e.h.h.");
        // Three that confirm no other.
        let damaged = ["power_import_w", "power_export_w", "voltage_l1_v"]
            .map(|name| new.replace("power_net_w", name));
        let [one, other, third] = damaged.each_ref().map(String::as_str);
        assert_eq!(all(&[old, old, one, other, third, old, one, one]), "e.hhh.h!");
        let carried = |power: u32| {
            format!(
                "{old},\"power_import_w\":{power},\"power_export_w\":0,\"voltage_l1_v\":230.0,\
                 \"current_l1_a\":0.5"
            )
        };
        let [little, much] = [100, 1200].map(carried);
        assert_eq!(all(&[&much, &much, &much, &little, &much]), "hh!..", "from the first on");
        assert_eq!(all(&[&little, &little, &much, &much, &much, &much]), "e.hh!.");
        let energy = |energy: u64| format!("\"energy_import_wh\":{energy}");
        let [before, far, farther] = [50, 900_000, 925_000].map(energy);
        assert_eq!(all(&[&before, &before, &far, &far, &farther, &farther]), "e.hh!.");
        // Ten minutes are over with the next run, but two telegrams have to agree.
        assert_eq!(all(&[&far, &far, &before, &before, &before]), "e.hh!");
        let text = |text: u32| format!("{old},\"0-0:96.13.0\":\"{text}\"");
        let texts: Vec<_> = [1, 1, 2, 3, 4, 5, 6].map(text).into();
        assert_eq!(all(&texts.iter().map(String::as_str).collect::<Vec<_>>()), "e.hh!..");
    }

    #[test]
    fn clocks_and_counters_are_confirmed_from_run_to_run() {
        let telegram = |run: u32, counter: u32, late: i64| {
            let received = 1_790_000_000 + i64::from(run) * 900;
            let at = |second| jiff::Timestamp::from_second(second).unwrap();
            format!(
                "{{\"time\":\"{}\",\"received\":\"{}\",\"meter\":\"7\",\"system_title\":\"aa\",\
                 \"invocation_counter\":{counter},\"energy_import_wh\":{}}}",
                at(received - late),
                at(received),
                50 + run
            )
        };
        let late = [0, 0, 3600, 3601, 3599, 3600, 0, 0];
        let runs = (0..).zip(late);
        assert_eq!(fates_of_runs(runs.map(|(run, late)| telegram(run, run, late))), "e.hh!...");
        let anew = (0..).zip([7, 8, 1, 2, 3, 4]);
        assert_eq!(fates_of_runs(anew.map(|(run, at)| telegram(run, at, 0))), "e.hh!.");
        let stands = (0..).zip([7, 7, 7, 7, 7, 7]);
        assert_eq!(fates_of_runs(stands.map(|(run, at)| telegram(run, at, 0))), "eh!...");
    }

    #[test]
    fn a_telegram_that_an_earlier_run_holds_is_no_objection_to_the_end_of_a_gap() {
        let mut state = Guard::default().state(&[], None);
        let mut run = |lines: &[String]| {
            let mut guard = Guard::default();
            assert!(guard.restore(&state, &[]));
            let fates: String = lines.iter().map(|it| fate(&check(&mut guard, it))).collect();
            let ended = guard.end().len();
            state = guard.state(&[], None);
            (fates, ended)
        };
        let before: Vec<_> = (0..40).map(|at| with_power(5 * at, 500, 0, 90_000)).collect();
        assert_eq!(run(&before).1, 0);
        let damaged = with_power(300, 500, 0, 90_000).replace("export", "net");
        assert_eq!(run(&[damaged]), ("h".to_owned(), 0));
        for second in [900, 1800, 2700] {
            let energy = 90_000 + second / 4;
            assert_eq!(run(&[with_power(second, 500, 0, energy)]), ("h".to_owned(), 1));
        }
    }
}
