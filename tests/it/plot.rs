//! `plot`: the structure of the pictures, against what is drawn.

use std::{fmt::Write, process::Stdio};

use quick_xml::{Reader, events::Event};

use crate::common::{
    binary::{Ran, command, run, run_command},
    terminal::terminal,
};

const QUARTER: i64 = 900;
const DAY: i64 = 86_400;

/// 29 March and 25 October 2026, 01:00 UTC.
const SPRING: i64 = 1_774_746_000;
const AUTUMN: i64 = 1_792_890_000;

/// An element of SVG.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn get(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> f64 {
        self.get(name).parse().unwrap()
    }

    fn is(&self, class: &str) -> bool {
        self.get("class").split(' ').any(|it| it == class)
    }
}

/// All elements, each with the text that follows its tag.
fn elements(svg: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(svg);
    let mut elements: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                let text = |text: &str| text.to_owned();
                let attributes = tag.attributes().map(|it| {
                    let it = it.unwrap();
                    (text(it.key.as_ref()), text(&it.value))
                });
                let name = text(tag.name().as_ref());
                elements.push(Element {
                    name,
                    attributes: attributes.collect(),
                    text: String::new(),
                });
            }
            Event::Text(text) => {
                let text: &str = &text;
                elements.last_mut().into_iter().for_each(|it| it.text.push_str(text.trim()));
            }
            Event::Eof => return elements,
            _ => {}
        }
    }
}

fn stamp(second: i64) -> String {
    let zone = jiff::tz::TimeZone::get("Europe/Vienna").unwrap();
    let at = jiff::Timestamp::from_second(second).unwrap().to_zoned(zone);
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn second(stamp: &str) -> i64 {
    stamp.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// Quarters as `quarters` writes them; `None` is one without telegrams.
fn quarters(start: i64, energies: impl IntoIterator<Item = Option<(i64, i64)>>) -> String {
    let mut lines = String::new();
    for (place, energies) in (0..).zip(energies) {
        let (from, to) = (start + place * QUARTER, start + (place + 1) * QUARTER);
        let rest = match energies {
            Some(_) => "\"telegrams\":180,\"complete\":true",
            None => "\"telegrams\":0,\"complete\":false,\"estimated\":true",
        };
        let (import, export) = energies.unwrap_or((100, 0));
        let (from, to) = (stamp(from), stamp(to));
        writeln!(
            lines,
            "{{\"schema\":1,\"start\":\"{from}\",\"end\":\"{to}\",\"meter\":\"7\",\
            \"energy_import_wh\":{import},\"energy_export_wh\":{export},{rest}}}",
        )
        .unwrap();
    }
    lines
}

fn plot(args: &[&str], input: &str) -> String {
    let Ran { status, out, err } = run(&[&["plot"], args].concat(), input.as_bytes());
    assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
    out
}

fn bars<'a>(all: &'a [Element], class: &str) -> Vec<&'a Element> {
    all.iter().filter(|it| it.name == "rect" && it.is("bar") && it.is(class)).collect()
}

#[test]
fn a_day_is_a_bar_in_each_direction_with_its_exact_energy() {
    let start = second("2026-06-01T00:00+02");
    let input = quarters(start, (0..30 * 96).map(|at| Some((at % 7 + 100, at % 5))));
    let all = elements(&plot(&["--kind", "energy"], &input));
    let (import, export) = (bars(&all, "import"), bars(&all, "export"));
    assert_eq!((import.len(), export.len()), (30, 30));
    let sum: i64 = (96..192).map(|at| at % 7 + 100).sum();
    let title = format!("Tue 2 Jun 2026: Import {}.{:03} kWh", sum / 1000, sum % 1000);
    assert!(all.iter().any(|it| it.name == "title" && it.text == title), "{title}");
    // Import stands on the zero line, and export hangs from it.
    let zero = import[0].number("y") + import[0].number("height");
    assert!(export.iter().all(|bar| (bar.number("y") - zero).abs() < 0.2));
    // Heights are in proportion.
    let ratio = import[1].number("height") / export[1].number("height");
    let exports: i64 = (96..192).map(|at| at % 5).sum();
    assert!((ratio / (sum as f64 / exports as f64) - 1.0).abs() < 0.05, "{ratio}");
}

#[test]
fn both_directions_have_values_of_the_same_digits_or_none() {
    let start = second("2026-06-01T00:00+02");
    let values = |days: i64, import: i64, export: i64| {
        let input = quarters(start, (0..days * 96).map(|_| Some((import, export))));
        let all = elements(&plot(&["--kind", "energy", "--lang", "de"], &input));
        let has = |wh: i64, decimals: usize| {
            let text = format!("{:.decimals$}", (wh * 96) as f64 / 1000.0).replace('.', ",");
            all.iter().filter(|it| it.name == "text" && it.text == text).count()
        };
        [0, 1, 2, 3].map(|decimals| (has(import, decimals), has(export, decimals)))
    };
    // 6.816 and 0.864 kWh, and 0.768 and 0.288 of a small load.
    let [_, tenths, _, thousandths] = values(1, 71, 9);
    assert_eq!((tenths, thousandths), ((1, 1), (0, 0)));
    let [.., thousandths] = values(1, 8, 3);
    assert_eq!(thousandths, (1, 1));
    // 27 has no room at 49 days, and 3 has none then either.
    let [whole, ..] = values(49, 280, 33);
    assert_eq!(whole, (0, 0));
    let [whole, ..] = values(30, 280, 33);
    assert_eq!(whole, (30, 30));
}

#[test]
fn a_month_is_a_bar_of_a_long_time() {
    let start = second("2026-01-01T00:00+01");
    let input = quarters(start, (0..365 * 96).map(|_| Some((10, 0))));
    let all = elements(&plot(&["--kind", "energy"], &input));
    assert_eq!((bars(&all, "import").len(), bars(&all, "export").len()), (12, 0));
    let title = |text: &str| all.iter().any(|it| it.name == "title" && it.text == text);
    assert!(title("Mar 2026: Import 29.720 kWh"), "31 days without an hour");
    assert!(title("Oct 2026: Import 29.800 kWh"), "31 days and an hour");
}

#[test]
fn a_day_that_misses_readings_says_so() {
    let start = second("2026-06-01T00:00+02");
    let input =
        quarters(start, (0..192).map(|at| (!(100..=110).contains(&at)).then_some((100, 0))));
    let all = elements(&plot(&["--kind", "energy"], &input));
    assert_eq!((bars(&all, "import").len(), bars(&all, "import-part").len()), (1, 1));
    assert!(all.iter().any(|it| it.text.ends_with("9.600 kWh, incomplete")));
}

/// The ends of a path of steps, and its heights.
fn steps(path: &Element) -> (f64, f64, usize) {
    let data = path.get("d");
    let numbers = |sign: char| {
        let parts = data.split(sign).skip(1);
        let number = |part: &str| {
            let end = part.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(part.len());
            part[..end].parse::<f64>().unwrap()
        };
        parts.map(number).collect::<Vec<_>>()
    };
    let (from, across) = (numbers('M')[0], numbers('H'));
    (from, *across.last().unwrap(), across.len() - 1)
}

#[test]
fn a_gap_leaves_no_line_and_each_quarter_is_a_step() {
    let start = second("2026-06-01T00:00+02");
    let values = (0..96).map(|at| (!(40..60).contains(&at)).then_some((100 + at, 0)));
    let all = elements(&plot(&[], &quarters(start, values)));
    let paths: Vec<_> = all.iter().filter(|it| it.is("steps")).collect();
    assert_eq!(paths.len(), 2, "before and after");
    let ((left, end, before), (again, right, after)) = (steps(paths[0]), steps(paths[1]));
    assert_eq!((before, after), (40, 36), "no two are one");
    let at = |quarter: f64| left + (right - left) * quarter / 96.0;
    assert!((end - at(40.0)).abs() < 0.2 && (again - at(60.0)).abs() < 0.2);
    assert!(!paths.iter().any(|path| path.get("d").contains(['L', 'C', 'Q', 'S'])), "no slope");
    let mut gaps = all.iter().filter(|it| it.is("cells") && it.is("gap"));
    assert!(gaps.any(|gap| gap.get("d").starts_with(&format!("M{end} "))));
}

#[test]
fn days_are_as_long_as_the_clock_makes_them() {
    for (change, hours, day) in [(SPRING, 23, "29 Mar"), (AUTUMN, 25, "25 Oct")] {
        let before = stamp(change - 3 * DAY);
        let start = second(&format!("{}T00:00{}", &before[..10], &before[19..]));
        let count = 6 * 96 + (hours - 24) * 4;
        let input = quarters(start, (0..count).map(|_| Some((100, 0))));
        let all = elements(&plot(&[], &input));
        let is_date =
            |it: &&Element| it.name == "text" && it.text.len() < 8 && it.text.contains(' ');
        let dates: Vec<_> = all.iter().filter(is_date).collect();
        assert_eq!(dates.len(), 6, "{dates:?}");
        for pair in dates.windows(2) {
            let width = pair[1].number("x") - pair[0].number("x");
            let hours = if pair[0].text == day { hours } else { 24 };
            let expected = 779.0 * hours as f64 * 4.0 / count as f64;
            assert!((width - expected).abs() < 0.3, "{}: {width} {expected}", pair[0].text);
        }
    }
}

#[test]
fn a_heat_map_has_a_cell_for_each_quarter() {
    for (day, count) in
        [("2026-03-29T00:00+01", 92), ("2026-06-01T00:00+02", 96), ("2026-10-25T00:00+02", 100)]
    {
        let values = (0..count).map(|at| (at != 50).then_some((1 + at % 2 * 200, 0)));
        let all = elements(&plot(&["--kind", "heatmap"], &quarters(second(day), values)));
        let drawn: usize = all
            .iter()
            .filter(|it| it.is("cells") && !it.is("page"))
            .map(|it| it.get("d").matches('M').count())
            .sum();
        // Zero, six steps and gaps stand in the legend. Neighbours in a column are never alike here.
        assert_eq!(drawn - 8, count as usize, "{day}");
    }
}

#[test]
fn peaks_are_the_highest_quarters_of_their_months() {
    let start = second("2026-01-01T00:00+01");
    let peak = |at: i64| if at == 1000 || at == 31 * 96 + 70 { 1231 } else { 100 };
    let input = quarters(start, (0..59 * 96).map(|at| Some((peak(at), 0))));
    let all = elements(&plot(&["--kind", "peaks"], &input));
    assert_eq!(bars(&all, "import").len(), 2);
    for title in ["Sun 11 Jan 2026 10:00: 4.924 kW", "Sun 1 Feb 2026 17:30: 4.924 kW"] {
        assert!(all.iter().any(|it| it.text == title), "{title}");
    }
}

#[test]
fn readings_give_the_same_picture_as_their_quarters() {
    let mut readings = String::new();
    for at in 0..2000 {
        let time = stamp(second("2026-06-01T00:00+02") + at * 30);
        writeln!(
            readings,
            "{{\"schema\":1,\"time\":\"{time}\",\"meter\":\"7\",\"energy_import_wh\":{}}}",
            at * at / 100
        )
        .unwrap();
    }
    let quarters = run(&["quarters"], readings.as_bytes()).out;
    for kind in ["load", "energy", "heatmap", "peaks"] {
        assert_eq!(
            plot(&["--kind", kind], &readings),
            plot(&["--kind", kind], &quarters),
            "{kind}"
        );
    }
    // In both forms at once they count once, whichever comes first.
    for both in [format!("{quarters}{readings}"), format!("{readings}{quarters}")] {
        let ran = run(&["plot", "--kind", "energy"], both.as_bytes());
        assert_eq!(ran.out, plot(&["--kind", "energy"], &quarters));
        assert!(ran.err.contains("which have this time already"), "{}", ran.err);
    }
}

#[test]
fn every_picture_is_told_in_words_and_loads_nothing() {
    let start = second("2026-06-01T00:00+02");
    let input = quarters(start, (0..192).map(|at| Some((at, 5)))).replace("\"7\"", "\"<&\\\"7\"");
    for kind in ["load", "energy", "heatmap", "peaks"] {
        let svg = plot(&["--kind", kind], &input);
        let all = elements(&svg);
        assert_eq!(all[0].get("role"), "img");
        assert!(!all[0].get("aria-label").is_empty());
        assert!(all[1].name == "title" && !all[1].text.is_empty());
        assert!(all[2].name == "desc" && !all[2].text.is_empty());
        let links = svg.replace("http://www.w3.org/2000/svg", "");
        for link in ["http", "url(", "href", "script", "@import"] {
            assert!(!links.contains(link), "{kind}: {link}");
        }
        assert!(svg.contains("prefers-color-scheme:dark"));
    }
}

#[test]
fn the_user_chooses_days_and_a_meter() {
    let start = second("2026-06-01T00:00+02");
    let input = quarters(start, (0..30 * 96).map(|_| Some((100, 0))));
    for (args, count) in [
        (&["--last", "7d"][..], 7),
        (&["--last", "1w"], 7),
        (&["--last", "2mo"], 30),
        (&["--from", "2026-06-10"], 21),
        (&["--to", "2026-06-10"], 10),
        (&["--from", "2026-06-10", "--to", "2026-06-12"], 3),
        (&["--from", "2026-06", "--to", "2026-06", "--meter", "7"], 30),
    ] {
        let all = elements(&plot(&[&["--kind", "energy"], args].concat(), &input));
        assert_eq!(bars(&all, "import").len(), count, "{args:?}");
    }
}

#[test]
fn mistakes_are_said_in_one_line() {
    let start = second("2026-06-01T00:00+02");
    let one = quarters(start, (0..4).map(|_| Some((100, 0))));
    let two = format!("{one}{}", one.replace("\"7\"", "\"8\""));
    let hour = one.lines().next().unwrap().replace("00:15:00", "01:00:00");
    let late = one.lines().rev().fold(String::new(), |lines, line| lines + line + "\n");
    assert_eq!(plot(&[], &late), plot(&[], &one), "quarters have their places");
    let twice = one.repeat(2);
    for (args, input, status, message) in [
        (&["--from", "2027-01-01"][..], one.as_str(), 3, "the input has 2026-06-01 to 2026-06-01"),
        (&["--from", "soon"], &one, 2, "'soon' is no day; write 2026-06-21"),
        (&["--from", "2026-06-31"], &one, 2, "is no day"),
        (&["--last", "7"], &one, 2, "'7' is no length; write 7d or 12mo"),
        (&["--from", "2026-06-02", "--to", "2026-06-01"], &one, 2, "later"),
        (&[], &two, 2, "several meters, 7 and 8: choose one with --meter"),
        (
            &[],
            &hour,
            3,
            "a quarter of an hour: give the readings, or the rows of quarters without --every",
        ),
        (&[], &twice, 1, "older"),
        (&[], "energy 5\n", 3, "not a line of readings"),
        (&[], "", 3, "no telegram found"),
        (&["--meter", "9"], &one, 3, "no readings of meter 9"),
    ] {
        let ran = run(&[&["plot"], args].concat(), input.as_bytes());
        assert_eq!(ran.status, status, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(message), "{args:?}: {}", ran.err);
        assert!(ran.status == 1 || ran.out.is_empty(), "{}", ran.out);
    }
}

#[test]
fn a_page_has_all_pictures_and_loads_nothing() {
    let start = second("2026-05-20T00:00+02");
    let input =
        quarters(start, (0..30 * 96).map(|at| (at % 500 != 7).then_some((at % 90, at % 40))));
    let page = plot(&["--format", "html"], &input);
    for link in ["http", "//", "url(", "<script", "<link", "<img", "@import", "src=", "href"] {
        assert!(!page.contains(link), "{link}");
    }
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("@media print"));
    // XML reads all but the first line and the tags without an end.
    let xml = page.replace("<!DOCTYPE html>", "");
    let all = elements(&xml.lines().filter(|line| !line.starts_with("<meta")).collect::<String>());
    let pictures: Vec<_> = all.iter().filter(|it| it.name == "svg").collect();
    assert_eq!(pictures.len(), 10, "load, days, months, heat map and peaks, wide and narrow");
    for picture in &pictures {
        assert_eq!(picture.get("role"), "img");
        assert!(picture.get("aria-label").len() > 10);
    }
    let widths: Vec<_> = pictures.iter().map(|it| it.number("width")).collect();
    assert!(widths.chunks(2).all(|pair| pair == [840.0, 358.0]), "{widths:?}");
    // The exact totals, and each day in a table.
    let sum = |of: i64| (0..30 * 96).filter(|at| at % 500 != 7).map(|at| at % of).sum::<i64>();
    let gaps = (0..30 * 96).filter(|at| at % 500 == 7).count() as i64;
    let import = sum(90) + 100 * gaps;
    for (name, energy) in [("Import", import), ("Export", sum(40))] {
        let total = format!("<dt>{name}</dt><dd>{}.{:03} kWh</dd>", energy / 1000, energy % 1000);
        assert!(page.contains(&total), "{total}");
    }
    let cells = all.iter().filter(|it| it.name == "td" && it.text.contains(" Jun 2026"));
    assert!(cells.count() >= 18);
    let german = plot(&["--format", "html", "--lang", "de"], &input);
    assert!(german.contains("lang=\"de\"") && german.contains("Einspeisung"));
    // Each picture has its numbers, and the heat map has two.
    let sections: Vec<_> = page.split("<section>").skip(1).collect();
    for (section, tables) in sections.iter().zip([1, 1, 1, 2, 1]) {
        assert_eq!(section.matches("<details>").count(), tables);
        assert_eq!(section.matches("tabindex=\"0\" role=\"region\" aria-label=").count(), tables);
    }
    // 1 June, 00:00: the quarters 12 × 96 to 12 × 96 + 3.
    let heat: i64 = (12 * 96..12 * 96 + 4).map(|at| at % 90).sum();
    let row = format!("<td>Mon 1 Jun 2026</td><td>0.{heat:03}</td>");
    assert!(sections[3].contains(&row), "{row}");
    assert!(sections[0].contains("<td>Mon 1 Jun 2026</td><td>0.000 – 0.356</td>"));
}

#[test]
fn the_tables_of_a_page_say_all_of_a_day_and_no_more_than_a_page_holds_of_years() {
    let start = second("2026-06-01T00:00+02");
    let day = quarters(start, (0..96).map(|at| (at != 50).then_some((at, 0))));
    let page = plot(&["--format", "html"], &day);
    assert!(page.contains("<td>Mon 1 Jun 2026 10:15</td><td>0.164</td><td>0.000</td>"));
    assert!(page.contains("<td>Mon 1 Jun 2026 12:30</td><td>–</td><td>–</td>"), "a gap");
    let year = plot(&["--format", "html"], &quarters(start, (0..35_040).map(|at| Some((at, 1)))));
    for section in year.split("<details>").skip(1) {
        let table = section.split("</details>").next().unwrap();
        assert!(table.matches("<tr>").count() <= 401 && table.len() < 50_000, "{}", table.len());
    }
}

/// A decoded PNG.
struct Pixels {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Pixels {
    fn read(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Self { width: info.width, height: info.height, rgb }
    }

    /// The colour at a point of the SVG, such as `#0072b2`.
    fn colour(&self, x: f64, y: f64) -> String {
        let place = (y * 2.0) as usize * self.width as usize + (x * 2.0) as usize;
        let [red, green, blue] = self.rgb[place * 3..place * 3 + 3] else { panic!("three") };
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The numbers of the data of a path, in order.
fn numbers(data: &str) -> Vec<f64> {
    let parts = data.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
    parts.filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect()
}

/// The octets that `plot` writes.
fn plot_octets(args: &[&str], input: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (lines, picture) = (folder.path().join("lines"), folder.path().join("picture"));
    std::fs::write(&lines, input).unwrap();
    let mut command = command(&[&["plot"], args].concat());
    command.arg(&lines).stdout(std::fs::File::create(&picture).unwrap());
    assert!(command.status().unwrap().success(), "{args:?}");
    std::fs::read(picture).unwrap()
}

#[test]
fn a_png_has_the_marks_of_the_svg() {
    let start = second("2026-06-01T00:00+02");
    let values = (0..7 * 96).map(|at| (!(100..140).contains(&at)).then_some((200 + at, at % 400)));
    let input = quarters(start, values);
    for kind in ["load", "energy", "heatmap", "peaks"] {
        let svg = plot(&["--kind", kind], &input);
        let file = plot_octets(&["--kind", kind, "--format", "png"], &input);
        assert_eq!(file, plot_octets(&["--kind", kind, "--format", "png"], &input), "{kind}");
        let pixels = Pixels::read(&file);
        let all = elements(&svg);
        let size = |name: &str| (all[0].number(name) * 2.0).round() as u32;
        assert_eq!((pixels.width, pixels.height), (size("width"), size("height")), "{kind}");
        assert_eq!(pixels.colour(0.0, 0.0), "#ffffff");
        let light = |class: &str| {
            let (_, rules) = svg.split_once(&format!(".{class}{{fill:")).unwrap();
            rules[..7].to_owned()
        };
        // The marks lie below the headings.
        let at = |x: f64, y: f64| pixels.colour(x, y + 56.0);
        let ink = |element: &Element| element.get("class").split(' ').nth(1).unwrap().to_owned();
        let mut drawn = 0;
        for element in all.iter().filter(|it| it.is("bar") || it.is("cells") || it.is("steps")) {
            let data = numbers(element.get("d"));
            let places: Vec<_> = match element.get("class").split(' ').next().unwrap() {
                _ if element.is("page") => continue,
                "bar" => {
                    let [x, y, width, height] =
                        ["x", "y", "width", "height"].map(|name| element.number(name));
                    vec![(x + width / 2.0, y + height / 2.0)]
                }
                // M x y h width v height h back, for each cell.
                "cells" => {
                    let middle = |it: &[f64]| (it[0] + it[2] / 2.0, it[1] + it[3] / 2.0);
                    data.chunks(5).map(middle).collect()
                }
                // M x base, then H x V y for each step; the middle one is high enough.
                _ => {
                    let step = data.len() / 4 * 2;
                    vec![((data[step] + data[step + 2]) / 2.0, (data[1] + data[step + 1]) / 2.0)]
                }
            };
            let is_drawn = |(x, y): &(f64, f64)| at(*x, *y) == light(&ink(element));
            // The grid lies above the stripes of gaps, and the zero line above the frame of a bar.
            let all_drawn = match kind {
                "heatmap" => places.iter().all(is_drawn),
                _ => places.iter().any(is_drawn),
            };
            assert!(all_drawn, "{kind}: {element:?}");
            drawn += 1;
        }
        assert!(drawn > 0, "{kind}");
        // Each text is there, in its colour, and nothing of it beside the place.
        for text in all.iter().filter(|it| it.name == "text") {
            let (class, heading) = (ink(text), text.is("heading"));
            let top =
                if heading || text.is("faint") && text.number("y") == 43.0 { 0.0 } else { 56.0 };
            let (x, y) = (text.number("x"), text.number("y") + top);
            let width = text.text.chars().count() as f64 * if heading { 10.0 } else { 6.6 };
            let left = match text.get("text-anchor") {
                "start" => x,
                "middle" => x - width / 2.0,
                _ => x - width,
            };
            let rows = (0..20).map(|row| y - 10.0 + f64::from(row) / 2.0);
            let columns = || (0..(width * 2.0) as i32).map(|column| left + f64::from(column) / 2.0);
            let dots = rows.flat_map(|y| columns().map(move |x| (x, y)));
            let full = dots.filter(|(x, y)| pixels.colour(*x, *y) == light(&class)).count();
            assert!(full > 2 * text.text.chars().count(), "{kind}: {text:?}: {full}");
        }
    }
}

#[test]
fn no_png_goes_to_a_terminal() {
    let (_reader, device) = terminal();
    let device = std::fs::OpenOptions::new().write(true).open(device).unwrap();
    let mut command = command(&["plot", "--format", "png", "-"]);
    let ran = command.stdin(Stdio::null()).stdout(device).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(err.contains("no PNG goes to a terminal: write > picture.png behind it"), "{err}");
}

#[test]
fn a_png_has_its_content_in_words() {
    let input = quarters(second("2026-06-01T00:00+02"), (0..96).map(|at| Some((at, 0))));
    let file = plot_octets(&["--format", "png", "--lang", "de"], &input);
    let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    let texts: Vec<_> =
        reader.info().utf8_text.iter().map(|it| (&*it.keyword, it.get_text().unwrap())).collect();
    assert_eq!(texts[0].0, "Title");
    assert!(texts[1].1.contains("Bezug: max. 0,380 kW, Mo 1.6.2026 23:45"), "{texts:?}");
}

#[test]
fn quarters_without_a_line_are_striped_too() {
    let start = second("2026-06-01T00:00+02");
    let input = quarters(start, (0..10 * 96).map(|at| Some((at % 90 + 1, 0))));
    let lines: Vec<_> = input.lines().enumerate().collect();
    // From the fourth day at six to the eighth day at noon.
    let kept = lines.iter().filter(|(at, _)| !(3 * 96 + 24..7 * 96 + 48).contains(at));
    let input: String = kept.map(|(_, line)| format!("{line}\n")).collect();
    let all = elements(&plot(&["--kind", "heatmap"], &input));
    let gap = all.iter().rfind(|it| it.is("cells") && it.is("gap")).unwrap();
    // Three whole days have one stripe for each time of day.
    assert_eq!(gap.get("d").matches('M').count(), 72 + 48 + 96);
    let all = elements(&plot(&["--kind", "energy"], &input));
    let gap = all.iter().rfind(|it| it.is("cells") && it.is("gap")).unwrap();
    assert_eq!(gap.get("d").matches('M').count(), 3 * 18, "{gap:?}");
    assert_eq!((bars(&all, "import").len(), bars(&all, "import-part").len()), (5, 2));
}

#[test]
fn labels_of_bars_stand_apart_and_are_all_there() {
    for (months, every) in [(12, 1), (30, 2)] {
        let start = second("2024-01-01T00:00+01");
        let input = quarters(start, (0..months * 304 * 96 / 10).map(|_| Some((100, 10))));
        for kind in ["energy", "peaks"] {
            let all = elements(&plot(&["--kind", kind, "--lang", "de"], &input));
            let month = |it: &&Element| {
                let name = it.text.split(' ').next().unwrap_or_default();
                it.name == "text" && ["J\u{e4}n", "Feb", "M\u{e4}rz", "Juli", "Dez"].contains(&name)
            };
            let labels: Vec<_> = all.iter().filter(month).collect();
            let known = if every == 1 { 5 } else { 8 };
            assert!(labels.len() >= known, "{kind} {months}: {labels:?}");
            assert!(all.iter().any(|it| it.name == "text" && it.text.contains("2024")), "{kind}");
        }
    }
}

#[test]
fn texts_stay_within_their_picture() {
    for (day, days) in [
        ("2026-06-21T00:00+02", 1),
        ("2026-10-25T00:00+02", 1),
        ("2026-11-01T00:00+01", 27),
        ("2026-03-16T00:00+01", 31),
    ] {
        let start = second(day);
        let input = quarters(start, (0..days * 96).map(|at| Some((at % 90, at % 40))));
        let page = plot(&["--format", "html"], &input);
        let xml = page.replace("<!DOCTYPE html>", "");
        let xml: String = xml.lines().filter(|line| !line.starts_with("<meta")).collect();
        let mut room = 0.0;
        for element in elements(&xml) {
            match element.name.as_str() {
                "svg" => room = element.number("width"),
                "text" if element.get("text-anchor") == "start" => {
                    // In DejaVu Sans, which is wide, twelve pixels high.
                    let end = element.number("x") + 7.0 * element.text.chars().count() as f64;
                    assert!(end <= room, "{day}: {element:?} in {room}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn letters_stay_within_the_terminal() {
    let start = second("2026-10-20T00:00+02");
    let input =
        quarters(start, (0..12 * 96).map(|at| (at % 300 > 20).then_some((at % 90, at % 40))));
    for columns in ["40", "80", "132"] {
        for kind in ["load", "energy", "heatmap", "peaks"] {
            let mut command = command(&["plot", "--format", "terminal", "--kind", kind]);
            command.env("COLUMNS", columns).env("LANG", "de_AT.UTF-8");
            let Ran { status, out, err } = run_command(command, input.as_bytes());
            assert_eq!((status, err.as_str()), (0, ""), "{kind}");
            let widest = out.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.parse().unwrap(), "{kind} in {columns}: {widest}\n{out}");
            assert!(widest * 3 > columns.parse::<usize>().unwrap(), "{kind} in {columns}\n{out}");
            assert!(out.contains("Z\u{e4}hler 7") && !out.contains('\x1b'), "{out}");
        }
    }
    let energies = plot(&["--format", "terminal", "--kind", "energy"], &input);
    assert_eq!(energies.matches("Oct ").count(), 12 + 2, "a line for each day\n{energies}");
}

#[test]
fn a_name_of_a_meter_is_text_wherever_it_stands() {
    let start = second("2026-06-01T00:00+02");
    let name = "</title><script>\\u001b[2J&";
    let input =
        quarters(start, (0..96).map(|_| Some((100, 0)))).replace("\"7\"", &format!("\"{name}\""));
    assert!(!plot_octets(&["--format", "png"], &input).is_empty());
    for format in ["svg", "html", "terminal"] {
        let out = plot(&["--format", format], &input);
        assert!(!out.contains('\x1b'), "{format}");
        assert!(format == "terminal" || !out.contains("<script"), "{format}");
    }
}

/// A part of a quarter, one second in which the register stepped, has no power of a quarter.
#[test]
fn a_part_of_a_quarter_does_not_set_the_scale() {
    let mut input = String::new();
    for at in 0..1000 {
        let time = stamp(second("2026-06-01T12:14:58+02") + at * 5);
        // 5 Wh in the first two seconds, and then 1 Wh in five.
        let import = if at == 0 { 1000 } else { 1049 + at };
        writeln!(input, "{{\"time\":\"{time}\",\"meter\":\"7\",\"energy_import_wh\":{import}}}")
            .unwrap();
    }
    let all = elements(&plot(&[], &input));
    let paths: Vec<_> = all.iter().filter(|it| it.is("steps")).collect();
    let classes: Vec<_> = paths.iter().map(|path| path.is("import-part")).collect();
    assert_eq!(classes, [false, true, true], "the quarters, and a part on each side");
    let highest = all.iter().filter(|it| it.name == "text").filter_map(|it| it.text.parse().ok());
    let highest = highest.fold(0.0, f64::max);
    assert!((0.7..=1.0).contains(&highest), "{highest} kW");
    assert!(all.iter().any(|it| it.text == "incomplete"));
    let words = plot(&["--kind", "heatmap"], &input);
    assert!(words.contains("max. 0.836 kW, Mon 1 Jun 2026 12:15"), "{words}");
    let letters = plot(&["--format", "terminal"], &input);
    assert!(letters.contains("* incomplete"), "{letters}");
    // Without any whole quarter the longest part tells the scale.
    let short: String = input.lines().take(60).map(|line| format!("{line}\n")).collect();
    let all = elements(&plot(&[], &short));
    assert_eq!(all.iter().filter(|it| it.is("steps")).count(), 1);
}

#[test]
fn a_peak_of_a_month_with_missing_days_says_so() {
    let start = second("2026-01-01T00:00+01");
    let input = quarters(start, (0..40 * 96).map(|_| Some((100, 0))));
    let all = elements(&plot(&["--kind", "peaks"], &input));
    assert_eq!((bars(&all, "import").len(), bars(&all, "import-part").len()), (1, 1));
    let title = |it: &Element| it.text == "Sun 1 Feb 2026 00:00: 0.400 kW, incomplete";
    assert!(all.iter().any(title));
    assert!(all.iter().any(|it| it.text == "incomplete"), "the legend");
    let letters = plot(&["--kind", "peaks", "--format", "terminal"], &input);
    assert!(letters.contains("0.400*█") && letters.contains("0.400 █"), "{letters}");
    assert!(letters.ends_with("* incomplete\n"), "{letters}");
}

#[test]
fn a_meter_of_export_alone_has_readings() {
    let start = second("2026-06-01T00:00+02");
    let all = quarters(start, (0..96).map(|at| Some((0, at))));
    let export = all.replace("\"energy_import_wh\":0,", "");
    assert_ne!(all, export);
    let drawn = elements(&plot(&[], &export));
    assert!(drawn.iter().any(|it| it.is("export")) && !drawn.iter().any(|it| it.is("gap")));
}

/// Nothing of a direction that the meter does not count, and a word where a picture is empty.
#[test]
fn a_meter_of_export_alone_has_no_import() {
    let start = second("2026-06-01T00:00+02");
    let input = quarters(start, (0..96).map(|at| Some((0, at))));
    let input = input.replace("\"energy_import_wh\":0,", "");
    for kind in ["load", "energy", "heatmap"] {
        let all = elements(&plot(&["--kind", kind], &input));
        assert!(!all.iter().any(|it| it.text.starts_with("Import")), "{kind}");
        assert!(all.iter().any(|it| it.text.starts_with("Export")), "{kind}");
        let letters = plot(&["--kind", kind, "--format", "terminal"], &input);
        assert!(!letters.contains("Import") && letters.contains("Export"), "{letters}");
    }
    let word = "no whole quarter hour of import";
    let peaks = elements(&plot(&["--kind", "peaks"], &input));
    assert!(peaks.iter().any(|it| it.name == "text" && it.text == word));
    assert!(
        plot(&["--kind", "peaks", "--format", "terminal"], &input).ends_with(&format!("{word}\n"))
    );
    let page = plot(&["--format", "html"], &input);
    assert_eq!(page.matches("</summary>").count(), 4, "one heat map");
    assert!(!page.contains("<summary>Numbers: Import"), "{page}");
}

#[test]
fn the_hour_that_comes_twice_is_told_apart() {
    let start = second("2026-10-25T00:00+02");
    let input = quarters(start, (0..100).map(|at| Some((if at == 14 { 900 } else { 100 }, 0))));
    let when = "Sun 25 Oct 2026 02:30 +01:00";
    let peaks = elements(&plot(&["--kind", "peaks"], &input));
    assert!(peaks.iter().any(|it| it.text == format!("{when}: 3.600 kW, incomplete")));
    assert!(plot(&[], &input).contains(&format!("max. 3.600 kW, {when}")));
    let letters = plot(&["--kind", "peaks", "--format", "terminal"], &input);
    assert!(letters.contains("25 Oct 2026 02:30 +01:00"), "{letters}");
    let page = plot(&["--format", "html"], &input);
    for quarter in ["00", "15", "30", "45"] {
        for offset in ["+02:00", "+01:00"] {
            let cell = format!("<td>Sun 25 Oct 2026 02:{quarter} {offset}</td>");
            let count = if (quarter, offset) == ("30", "+01:00") { 2 } else { 1 };
            assert_eq!(page.matches(&cell).count(), count, "{cell}");
        }
    }
    assert!(page.contains("<td>Sun 25 Oct 2026 01:45</td>") && page.contains("2026 03:00</td>"));
}

/// Days without telegrams have a share of the energy between those before and behind, and are no measured ones.
#[test]
fn the_energy_of_days_without_telegrams_is_estimated() {
    let start = second("2026-06-01T00:00+02");
    let telegram = |minute: i64, wh: i64| {
        let time = stamp(start + 60 * minute);
        format!("{{\"time\":\"{time}\",\"meter\":\"7\",\"energy_import_wh\":{wh}}}\n")
    };
    // Two days, four without a telegram, and two more.
    let before = (0..=2 * 1440 + 600).map(|minute| telegram(minute, minute));
    let after = (6 * 1440 + 600..=8 * 1440).map(|minute| telegram(minute, 2 * minute));
    let input: String = before.chain(after).collect();
    let energy = elements(&plot(&["--kind", "energy"], &input));
    let titles: Vec<_> = energy.iter().filter(|it| it.text.contains(" kWh")).collect();
    let of = |word: &str| titles.iter().filter(|it| it.text.ends_with(word)).count();
    assert_eq!((of(", estimated"), of(", incomplete")), (5, 0), "3 June to 7 June");
    assert!(energy.iter().any(|it| it.is("gap")), "the days without any telegram are striped");
    assert!(energy.iter().any(|it| it.name == "text" && it.text == "estimated"), "the legend");
    let letters = plot(&["--kind", "energy", "--format", "terminal"], &input);
    assert!(letters.ends_with("~ estimated\n") && letters.matches('~').count() == 6, "{letters}");
    let page = plot(&["--format", "html"], &input);
    assert_eq!(
        page.matches("<td>estimated</td>").count(),
        6,
        "five days, and the peak of the month"
    );
    let summaries: Vec<_> =
        page.split("<summary>").skip(1).filter_map(|it| it.split('<').next()).collect();
    let mut names = summaries.clone();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), summaries.len(), "{summaries:?}");
    // The straight line tells how high the peak is at least.
    let steep = telegram(0, 0) + &(1..=60).map(|at| telegram(at, at)).collect::<String>();
    let steep = steep
        + &(24 * 60..=24 * 60 + 60).map(|at| telegram(at, 1_000_000 + at)).collect::<String>();
    let peaks = plot(&["--kind", "peaks"], &steep);
    assert!(peaks.contains(": 43.540 kW, estimated"), "{peaks}");
    assert!(!energy.iter().any(|it| it.name == "text" && it.text == "3.8"), "no number of a share");
}

#[test]
fn zero_and_milliwatts_have_numbers_that_fit() {
    let start = second("2026-06-01T00:00+02");
    let zero = quarters(start, (0..96).map(|_| Some((0, 0))));
    let tiny = zero.replacen("\"energy_import_wh\":0,", "\"energy_import_wh\":0.001,", 1);
    for input in [&zero, &tiny] {
        for kind in ["load", "energy", "peaks"] {
            let texts = elements(&plot(&["--kind", kind], input));
            let numbers = texts.iter().filter(|it| it.name == "text" && it.text.starts_with("0"));
            let longest = numbers.map(|it| it.text.len()).max();
            assert!(longest <= Some(5), "{kind}: {longest:?}");
        }
        let legend = plot(&["--kind", "heatmap"], input);
        assert!(!legend.contains("0.000001–0.000001"), "{legend}");
    }
}
