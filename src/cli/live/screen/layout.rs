//! The rows of the screen for a state and a size.
//!
//! The parts get their rows in the order of their importance, and stand on the screen in another one. Nothing is
//! wider than the screen, and a number that does not fit ends with a sign.

use crate::cli::live::screen::{
    edge_rows::{foot, messages, title_with},
    ink::ScreenRow,
    large_digits::DigitSize,
    meter_rows::{meters, states},
    pages::{help, values, waiting},
    picture::{FreeRows, MeterPicture, Picture, ScreenPage, ScreenSize, WIDE},
    power_rows::{graph_rows, large_power, small_power},
    quantity_rows::{cut_table, energies, phases, table},
};
/// The most rows of the graph.
const GRAPH: usize = 8;

/// The rows for a size: exactly as many as it has, none wider.
#[must_use]
pub fn rows(picture: &Picture, size: ScreenSize) -> Vec<ScreenRow> {
    let mut rows = match (picture.page, picture.meters.get(picture.chosen)) {
        (ScreenPage::Help(from), _) => help(picture, from, size),
        (_, None) => waiting(picture, size),
        (ScreenPage::Values(from), Some(it)) => values(picture, &it.meter, from, size),
        (ScreenPage::Overview, Some(it)) => overview(picture, it, size),
    };
    rows.resize(size.rows, ScreenRow::default());
    rows.into_iter().map(|row| row.cut(size.columns, size.glyphs)).collect()
}

fn overview(picture: &Picture, it: &MeterPicture, size: ScreenSize) -> Vec<ScreenRow> {
    let meter = &it.meter;
    let is_wide = size.columns >= WIDE && size.rows >= 12;
    let table = table(meter, size);
    let widest = table.iter().map(|row| row.chars().count()).max().unwrap_or_default();
    let right = if is_wide { (widest + 2).min(size.columns / 2) } else { 0 };
    let left = ScreenSize { columns: size.columns - right, ..size };

    let mut free = FreeRows(size.rows);
    free.take(1);
    let mut power = meter.power.map(|power| small_power(meter, power, left));
    free.take(usize::from(power.is_some()));
    let mut state = states(picture, it, left);
    state.truncate(free.take(state.len()));
    let foot = vec![foot(picture, size); free.take(usize::from(size.rows > 5))];
    let most = if picture.messages.is_empty() { 0 } else { (size.rows / 5).max(2) };
    let mut notes = messages(&picture.messages, most.min(free.0), size);
    free.take(notes.len());
    let mut list = vec![];
    let listed = picture.meters.len() + picture.unread.len();
    if listed > 1 {
        let room = free.take(listed.min((size.rows / 3).max(1)));
        list = meters(picture, room, size);
    }
    let mut energies = energies(meter, left);
    energies.truncate(free.take(energies.len()));
    let mut graph = free.take(2);
    let phases = phases(&meter.phases, free.0, left);
    free.take(phases.len());
    let mut large = vec![];
    if let Some(it) = meter.power {
        let ample = size.rows >= 30 && free.0 >= 12;
        let sizes = [(DigitSize::Large, ample), (DigitSize::Medium, free.0 >= 2)];
        large = sizes
            .into_iter()
            .filter(|(_, has_room)| *has_room)
            .find_map(|(digits, _)| large_power(meter, it, digits, left))
            .unwrap_or_default();
        free.take(large.len().saturating_sub(1));
    }
    if !large.is_empty() {
        power = None;
    }
    let parts = [!list.is_empty(), true, graph > 0, !energies.is_empty(), !phases.is_empty()];
    let gaps = parts.into_iter().filter(|it| *it).count() + usize::from(!is_wide);
    let is_airy = free.0 >= gaps + 2;
    if is_airy {
        free.take(gaps);
    }
    let mut shown = vec![];
    if !is_wide && free.0 > 0 {
        shown = cut_table(&table, free.0, picture.has_keys, left);
        free.take(shown.len());
    }
    let more = messages(&picture.messages, notes.len() + free.0 / 2, size);
    free.take(more.len().saturating_sub(notes.len()));
    if more.len() > notes.len() {
        notes = more;
    }
    if graph > 0 {
        graph += free.take((GRAPH + 1).saturating_sub(graph));
    }

    let mut upper = vec![];
    let mut add = |part: Vec<ScreenRow>| {
        if is_airy && !part.is_empty() {
            upper.push(ScreenRow::default());
        }
        upper.extend(part);
    };
    let mut first = large;
    first.extend(power);
    first.extend(state);
    add(first);
    add(graph_rows(picture, meter, graph, left));
    add(energies);
    add(phases);
    add(shown);
    // The last row of the list has the number of those that are not in it.
    let is_cut = list.len() != 1 && list.len() < picture.meters.len() && listed > 1;
    let place = format!("{}/{}", picture.chosen + 1, picture.meters.len());
    let place = if is_cut { place.as_str() } else { "" };
    let mut rows = vec![title_with(picture, &meter.heading, place, size)];
    if is_airy && !list.is_empty() {
        rows.push(ScreenRow::default());
    }
    rows.extend(list);
    let below = notes.len() + foot.len();
    let room = size.rows.saturating_sub(rows.len() + below);
    upper.resize(room, ScreenRow::default());
    if is_wide {
        let mut beside = vec![ScreenRow::default(); usize::from(is_airy)];
        let columns = ScreenSize { columns: right, ..size };
        let most = room.saturating_sub(beside.len());
        beside.extend(cut_table(&table, most, picture.has_keys, columns));
        beside.resize(room, ScreenRow::default());
        let beside = beside.into_iter().map(|row| row.cut(right, size.glyphs));
        let upper = upper.into_iter().map(|row| row.cut(left.columns, size.glyphs));
        rows.extend(upper.zip(beside).map(|(row, it)| row.filled(left.columns).and(it)));
    } else {
        rows.extend(upper);
    }
    rows.extend(notes);
    rows.extend(foot);
    rows
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        rc::Rc,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::cli::{
        live::screen::{
            ink::{Glyphs, ScreenInk},
            line_quality::LineQuality,
            live_meter,
            picture::ScreenMessage,
        },
        run::message_format::Severity,
    };
    use meterpipe::{reading::decimal::Decimal, source::simulator::meter::MeterKind};

    const MESSAGE: &str = "ttyUSB0: nothing for 15 s; check the wiring, and that the operator has switched \
                           the interface on";

    fn message(text: &str) -> ScreenMessage {
        let time = "12:34:56".to_owned();
        ScreenMessage { severity: Severity::Warning, time, text: text.to_owned() }
    }

    fn picture(kinds: &[MeterKind], messages: &[&str]) -> Picture {
        let now = Instant::now() + Duration::from_secs(3600);
        let mut quality = LineQuality::default();
        (0..98).for_each(|_| quality.note_good(None, now));
        (0..2).for_each(|_| quality.note_damaged(now));
        let meter = |kind: &MeterKind| MeterPicture {
            meter: Rc::new(live_meter::tests::meter(*kind, 9, 1_790_000_000, now)),
            quality: quality.words(now),
        };
        Picture {
            clock: "12:35:00".to_owned(),
            now: now + Duration::from_secs(3),
            meters: kinds.iter().map(meter).collect(),
            chosen: 0,
            page: ScreenPage::Overview,
            paused: false,
            has_keys: true,
            messages: messages.iter().map(|it| message(it)).collect(),
            sources: vec!["ttyUSB0".to_owned()],
            unread: vec![],
            counts: "4711 octets, 2 rejected".to_owned(),
            waited: Duration::from_secs(17),
        }
    }

    fn texts(picture: &Picture, rows: usize, columns: usize, glyphs: Glyphs) -> Vec<String> {
        let size = ScreenSize { rows, columns, glyphs };
        super::rows(picture, size).iter().map(ScreenRow::text).collect()
    }

    /// The numbers of a row that do not end with the sign for a cut, and are no count of the layout itself.
    fn numbers(row: &str) -> Vec<&str> {
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        let mut numbers = vec![];
        let mut rest = row;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let tail = &rest[start..];
            let end = tail.find(|c| !is_digit(c)).unwrap_or(tail.len());
            let (number, behind) = tail.split_at(end);
            let is_cut = rest[..start].ends_with('…') || behind.starts_with('…');
            let is_count = [" min", " more"].iter().any(|it| behind.starts_with(it));
            if !is_cut && !is_count {
                numbers.push(number.trim_end_matches('.'));
            }
            rest = behind;
        }
        numbers
    }

    #[test]
    fn nothing_is_wider_than_the_screen_and_no_number_is_cut_without_a_sign() {
        let all = MeterKind::ALL;
        let five = [all[0], all[1], all[2], all[3], all[4]];
        let mut pictures = vec![
            picture(&[], &[MESSAGE]),
            picture(&[MeterKind::KsmWest], &[]),
            picture(&five, &[MESSAGE, "ttyUSB0: octets again after 100 s"]),
        ];
        pictures.push(Picture { page: ScreenPage::Values(3), ..pictures[1].clone() });
        pictures.push(Picture { page: ScreenPage::Help(0), paused: true, ..pictures[2].clone() });
        for picture in &pictures {
            let reference = [99, 400].map(|columns| texts(picture, 300, columns, Glyphs::Unicode));
            let known: BTreeSet<_> =
                reference.iter().flatten().flat_map(|row| numbers(row)).collect();
            for columns in 20..=200 {
                for rows in 5..=60 {
                    let size = ScreenSize { rows, columns, glyphs: Glyphs::Unicode };
                    let drawn = super::rows(picture, size);
                    assert_eq!(drawn.len(), rows);
                    for row in &drawn {
                        assert!(row.width() <= columns, "{rows}x{columns}: {}", row.text());
                        let text = row.text();
                        if text.starts_with("values ") {
                            continue;
                        }
                        for number in numbers(&text) {
                            assert!(known.contains(number), "{rows}x{columns}: {number}: {text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_most_important_is_on_the_smallest_screen() {
        let meter = picture(&[MeterKind::KsmWest], &[MESSAGE]);
        for (rows, columns) in [(5, 20), (10, 24), (12, 40), (24, 80), (43, 132), (60, 200)] {
            let text = texts(&meter, rows, columns, Glyphs::Ascii).join("\n");
            assert!(text.contains("fresh, 3 s old"), "{text}");
            assert!(text.contains("ttyUSB0: nothing"), "{text}");
            assert!(text.contains("importing") || text.contains("exporting"), "{text}");
        }
    }

    #[test]
    fn the_diagnosis_stays_while_no_telegram_comes() {
        let waiting = picture(&[], &[MESSAGE]);
        for (rows, columns) in [(8, 24), (12, 40), (24, 80), (60, 200)] {
            let text = texts(&waiting, rows, columns, Glyphs::Unicode).join(" ");
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("waiting for the first telegram from ttyUSB0"), "{words}");
            assert!(words.contains("nothing for 15 s; check the wiring,"), "{words}");
        }
    }

    #[test]
    fn every_meter_has_a_row_and_the_chosen_one_a_mark() {
        let all = MeterKind::ALL;
        let picture = Picture { chosen: 1, ..picture(&[all[0], all[1], all[2]], &[]) };
        for columns in [24, 40, 80, 200] {
            let rows = texts(&picture, 24, columns, Glyphs::Unicode);
            let marked = rows.iter().filter(|row| row.starts_with("> 2 ")).count();
            let others =
                rows.iter().filter(|row| row.starts_with("  1 ") || row.starts_with("  3 "));
            assert_eq!((marked, others.count()), (1, 2), "{rows:#?}");
        }
    }

    #[test]
    fn the_line_of_a_damaged_meter_is_named_at_every_width() {
        let all = MeterKind::ALL;
        let mut picture = picture(&[all[0], all[3], all[1]], &[]);
        let mut bad = LineQuality::default();
        (0..6).for_each(|_| bad.note_damaged(picture.now));
        picture.meters[1].quality = bad.words(picture.now);
        for columns in [24, 30, 40, 60, 80, 100, 132, 200] {
            let rows = texts(&picture, 24, columns, Glyphs::Unicode);
            let row = rows.iter().find(|row| row.starts_with("  2 ")).unwrap();
            // The power stands beside it.
            let words = if columns == 24 { "W bad" } else { "line bad" };
            assert!(row.contains(words) && row.contains(" W"), "{columns}: {rows:#?}");
            assert_eq!(row.contains("6 of the last 6"), columns >= 100, "{columns}: {row}");
        }
    }

    #[test]
    fn a_stale_reading_stands_beside_no_claim_that_nothing_is_missing() {
        let mut stale = picture(&[MeterKind::KsmWest], &[]);
        stale.now += Duration::from_secs(40);
        for columns in 20..=200 {
            let text = texts(&stale, 24, columns, Glyphs::Unicode).join("\n");
            assert!(text.contains("STALE, 43 s old") && !text.contains(" 0 missing"), "{text}");
        }
        let wide = texts(&stale, 24, 132, Glyphs::Unicode).join("\n");
        assert!(wide.contains("(9 good before)"), "{wide}");
    }

    #[test]
    fn a_source_without_a_telegram_has_a_row_below_the_meters() {
        let quality = (ScreenInk::Bad, "line bad, 6 of the last 6 damaged or missing".to_owned());
        let picture = Picture {
            unread: vec![("ttyUSB1".to_owned(), quality)],
            ..picture(&[MeterKind::KsmWest], &[])
        };
        for (columns, shown) in [
            (24, "  - ttyUSB1  none yet"),
            (40, "  - ttyUSB1  no telegram yet  line bad"),
            (80, "  - ttyUSB1  no telegram yet  line bad, 6 of the last 6 damaged or missing"),
        ] {
            let rows = texts(&picture, 24, columns, Glyphs::Unicode);
            let at = rows.iter().position(|row| row.starts_with("  - ")).unwrap();
            assert!(rows[at - 1].starts_with("> 1 "), "{rows:#?}");
            assert_eq!(rows[at], shown, "{rows:#?}");
        }
        let mut picture = picture;
        picture.unread[0].1 = LineQuality::default().words(picture.now);
        let rows = texts(&picture, 24, 80, Glyphs::Unicode);
        assert!(rows.contains(&"  - ttyUSB1  no telegram yet".to_owned()), "{rows:#?}");
    }

    #[test]
    fn a_latest_message_that_is_too_long_is_begun_and_older_ones_are_whole() {
        let size = ScreenSize { rows: 9, columns: 30, glyphs: Glyphs::Unicode };
        let shown = |room| {
            let rows = messages(&[message("one two"), message(MESSAGE)], room, size);
            rows.iter().map(ScreenRow::text).collect::<Vec<_>>()
        };
        assert_eq!(shown(2), ["ttyUSB0: nothing for 15 s;", "check the wiring, and that th…"]);
        assert_eq!(shown(9)[0], "one two");
        assert_eq!(shown(4)[0], "ttyUSB0: nothing for 15 s;");
        assert!(shown(0).is_empty());
    }

    #[test]
    fn meters_beyond_the_screen_are_counted_and_equal_names_have_their_source() {
        let all = MeterKind::ALL;
        let mut five = picture(&[all[0], all[1], all[2], all[3], all[4]], &[]);
        let small = texts(&five, 10, 24, Glyphs::Unicode);
        assert!(small[0].ends_with(" 1/5"), "{small:#?}");
        assert!(small[1].ends_with(" fresh"), "the age is whole: {small:#?}");
        let large = texts(&five, 24, 80, Glyphs::Unicode);
        assert!(!large[0].contains("1/5"), "{large:#?}");
        for (at, it) in five.meters.iter_mut().enumerate() {
            let mut meter = (*it.meter).clone();
            meter.name = "4c475a67".to_owned();
            meter.heading = "2026-11-28T21:44:50+01:00".to_owned();
            meter.source = format!("sim{at}");
            it.meter = Rc::new(meter);
        }
        let same = texts(&five, 24, 80, Glyphs::Unicode);
        assert!((0..5).all(|at| same.iter().any(|row| row.contains(&format!(" sim{at} ")))));
        let title = &texts(&five, 24, 132, Glyphs::Unicode)[0];
        assert!(title.starts_with("4c475a67  2"), "a heading without the name: {title}");
    }

    #[test]
    fn a_narrow_list_keeps_the_power_and_tells_meters_of_like_numbers() {
        let all = MeterKind::ALL;
        let mut five = picture(&[all[0], all[1], all[2], all[3], all[4]], &[]);
        for (at, it) in five.meters.iter_mut().enumerate() {
            let mut meter = (*it.meter).clone();
            meter.name = format!("18122{}04247", at + 3);
            meter.power = Some(Decimal::new(1234, 0));
            it.meter = Rc::new(meter);
        }
        let rows = texts(&five, 10, 24, Glyphs::Unicode);
        assert_eq!(rows[1], "> 1 …30… in 1234 W fresh", "{rows:#?}");
        let last = rows.iter().find(|row| row.contains('+')).unwrap();
        assert!(last.contains(" in 1234 W "), "{rows:#?}");
        let mut bad = LineQuality::default();
        (0..6).for_each(|_| bad.note_damaged(five.now));
        five.meters[0].quality = bad.words(five.now);
        assert_eq!(texts(&five, 10, 24, Glyphs::Unicode)[1], "> 1 …30… in 1234 W bad");
    }

    #[test]
    fn every_meter_and_every_source_is_on_the_screen_or_counted() {
        let all = MeterKind::ALL;
        let quality = (ScreenInk::Bad, "line bad, 6 of the last 6 damaged or missing".to_owned());
        for (meters, unread) in [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (1, 4), (3, 2), (4, 1)] {
            let names = ["ttyUSB1", "pi.local:3001", "ttyAMA0", "a-long-name.example.org:7000"];
            let unread = names.iter().take(unread).map(|name| (name.to_string(), quality.clone()));
            let messages = [MESSAGE, "ttyUSB0: octets again after 100 s"];
            let mut picture = picture(&all[..meters], &messages[..meters % 3]);
            picture.unread = unread.collect();
            let listed = meters + picture.unread.len();
            for chosen in [0, meters - 1] {
                picture.chosen = chosen;
                for columns in (24..64).chain((64..=200).step_by(8)) {
                    for rows in [10, 11, 12, 13, 16, 24, 60] {
                        let rows = texts(&picture, rows, columns, Glyphs::Unicode);
                        let is_meter = |row: &&String| {
                            let digit = row.chars().nth(2).is_some_and(|c| c.is_ascii_digit());
                            row.starts_with("  - ")
                                || (row.starts_with("> ") || row.starts_with("  "))
                                    && digit
                                    && row.chars().nth(3) == Some(' ')
                        };
                        let list: Vec<_> = rows[1..].iter().filter(is_meter).collect();
                        let more = list.last().and_then(|row| row.rsplit_once(" +"));
                        let more = more.map_or(0, |(_, more)| more.parse::<usize>().unwrap());
                        let least = usize::from(listed > 1) * listed;
                        assert_eq!(list.len() + more, least, "{columns}: {rows:#?}");
                        let mark = format!("> {} ", chosen + 1);
                        let marked = list.iter().any(|row| row.starts_with(&mark));
                        assert!(marked || listed == 1, "{columns}: {rows:#?}");
                    }
                }
            }
        }
    }

    #[test]
    fn sources_that_wait_are_named_or_counted() {
        let mut waiting = picture(&[], &[MESSAGE]);
        for count in 1..=5 {
            waiting.sources = (0..count).map(|at| format!("bridge-{at}.local:3001")).collect();
            for columns in (24..64).chain((64..=200).step_by(8)) {
                for rows in (10..24).chain([40, 60]) {
                    let text = texts(&waiting, rows, columns, Glyphs::Unicode).join(" ");
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let named = waiting.sources.iter().filter(|it| text.contains(*it)).count();
                    let more = (1..=5).find(|more| text.contains(&format!(" +{more}")));
                    let all = format!("from {count} sources");
                    let is_known = named + more.unwrap_or_default() == count || text.contains(&all);
                    assert!(is_known && text.contains("17 s so far"), "{rows}x{columns}: {text}");
                    assert!(text.contains("rejected") || text.contains('…'), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_narrow_screen_has_all_phases_and_all_values() {
        let meter = picture(&[MeterKind::KsmWest], &[MESSAGE]);
        for (rows, columns) in [(10, 24), (12, 40)] {
            let text = texts(&meter, rows, columns, Glyphs::Unicode);
            let amperes: usize = text.iter().map(|row| row.matches(" A").count()).sum();
            assert!(matches!(amperes, 0 | 3), "{text:#?}");
        }
        let values = Picture { page: ScreenPage::Values(0), ..meter };
        for columns in 20..60 {
            let rows = texts(&values, 40, columns, Glyphs::Unicode);
            let all = &values.meters[0].meter.rows;
            for (row, value) in rows[2..].iter().zip(all) {
                assert!(row.contains(&value.value), "{columns}: {row}");
            }
        }
    }

    #[test]
    fn a_long_help_moves() {
        let picture = |from| Picture { page: ScreenPage::Help(from), ..picture(&[], &[]) };
        let shown = |from| texts(&picture(from), 10, 24, Glyphs::Unicode);
        assert!(shown(0)[1].starts_with("q: quit") && shown(0)[9].starts_with("up, down"));
        let last = shown(1000);
        assert!(last[8].ends_with("closed"), "{last:#?}");
        assert_eq!(texts(&picture(0), 40, 120, Glyphs::Unicode)[39], "? or Esc goes back, q quits");
    }
}
