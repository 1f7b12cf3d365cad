//! The power now, in large digits or in a row, and its course.

use std::time::Duration;

use crate::cli::live::screen::{
    ink::{ScreenInk, ScreenRow, fitting},
    large_digits::{self, DigitSize},
    live_meter::{EnergyFlow, LiveMeter, flow},
    picture::{Picture, ScreenSize, WIDE},
    sparkline::Sparkline,
};
use meterpipe::{cosem::unit::Unit, reading::decimal::Decimal};

pub(super) const fn flow_ink(flow: EnergyFlow) -> ScreenInk {
    match flow {
        EnergyFlow::Import => ScreenInk::Import,
        EnergyFlow::Export => ScreenInk::Export,
        EnergyFlow::Nothing => ScreenInk::Plain,
    }
}

pub(super) const fn flow_words(flow: EnergyFlow) -> (&'static str, &'static str) {
    match flow {
        EnergyFlow::Import => ("importing", "in"),
        EnergyFlow::Export => ("exporting", "out"),
        EnergyFlow::Nothing => ("nothing flows", ""),
    }
}

/// Digits without a sign, and the unit.
pub(super) fn power_text(meter: &LiveMeter, power: Decimal) -> (String, String) {
    let (number, unit) = meter.units.apply(power, Unit::WATT);
    (number.to_string().trim_start_matches('-').to_owned(), unit.into_owned())
}

pub(super) fn small_power(meter: &LiveMeter, power: Decimal, size: ScreenSize) -> ScreenRow {
    let flow = flow(power);
    let (digits, unit) = power_text(meter, power);
    let words = flow_words(flow);
    let row = |word: &str| {
        let word = if word.is_empty() { String::new() } else { format!("{word} ") };
        ScreenRow::of(flow_ink(flow), word).with(ScreenInk::Strong, format!("{digits} {unit}"))
    };
    fitting([row(words.0), row(words.1), row("")], size.columns)
}

pub(super) fn large_power(
    meter: &LiveMeter,
    power: Decimal,
    digits: DigitSize,
    size: ScreenSize,
) -> Option<Vec<ScreenRow>> {
    let flow = flow(power);
    let (number, unit) = power_text(meter, power);
    let rows = large_digits::rows(&number, digits, size.glyphs)?;
    let (last, ink) = (rows.len() - 1, flow_ink(flow));
    let row = |(at, text): (usize, String)| {
        let row = ScreenRow::of(ink, format!(" {text} "));
        match at {
            0 => row.with(ink, flow_words(flow).0),
            _ if at == last => row.with(ScreenInk::Strong, unit.clone()),
            _ => row,
        }
    };
    let rows: Vec<_> = rows.into_iter().enumerate().map(row).collect();
    rows.iter().all(|row| row.width() <= size.columns).then_some(rows)
}

/// The power of the last minutes, so many rows in all.
pub(super) fn graph_rows(
    picture: &Picture,
    meter: &LiveMeter,
    height: usize,
    size: ScreenSize,
) -> Vec<ScreenRow> {
    if height == 0 || meter.power.is_none() {
        return vec![];
    }
    let columns = size.columns.saturating_sub(usize::from(size.columns >= WIDE) * 2);
    let hold = meter.interval() * 2 + Duration::from_secs(1);
    let line = Sparkline::of(&meter.history, columns, hold, picture.now);
    if height == 1 {
        return line.rows(None, 1, size.glyphs);
    }
    let is_split = height > 2 && line.is_mixed();
    let mut rows = vec![graph_label(meter, &line, is_split, columns, size)];
    match height - 1 {
        drawn if is_split => {
            let import = drawn.div_ceil(2);
            rows.extend(line.rows(Some(EnergyFlow::Import), import, size.glyphs));
            let mut export = line.rows(Some(EnergyFlow::Export), drawn - import, size.glyphs);
            rows.append(&mut export);
        }
        drawn => rows.extend(line.rows(None, drawn, size.glyphs)),
    }
    rows
}

/// The time of the graph, and the highest power of each direction.
fn graph_label(
    meter: &LiveMeter,
    line: &Sparkline,
    is_split: bool,
    columns: usize,
    size: ScreenSize,
) -> ScreenRow {
    let span = format!("last {} min", line.seconds() / 60);
    let directions =
        [(EnergyFlow::Import, size.glyphs.column(8)), (EnergyFlow::Export, size.glyphs.shade(8))];
    let flows = directions.into_iter().filter_map(|(flow, sign)| {
        let (digits, unit) = power_text(meter, line.highest(flow)?);
        // Shaded columns say that they are the export.
        let is_told = line.highest(EnergyFlow::Export).is_some() && !is_split;
        let sign = if is_told { format!("{sign} ") } else { String::new() };
        let word = flow_words(flow).1;
        Some((format!("{sign}{word}"), format!("{sign}{digits} {unit} {word}")))
    });
    let (words, powers): (Vec<_>, Vec<_>) = flows.unzip();
    let (words, powers) = (words.join(", "), powers.join(", "));
    let label = |text: String| ScreenRow::of(ScreenInk::Faint, text);
    if powers.is_empty() {
        return fitting([format!("power of the {span}"), span].map(label), columns);
    }
    let place = if is_split { "; import above, export below" } else { "" };
    let variants = [
        format!("power of the {span}, up to {powers}{place}"),
        format!("power of the {span}, up to {powers}"),
        format!("{span}, up to {powers}"),
        format!("{span}: {powers}"),
        powers,
        words,
    ];
    fitting(variants.map(label), columns)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::cli::live::screen::{ink::Glyphs, live_meter, picture::ScreenPage};
    use meterpipe::source::simulator::meter::MeterKind;

    #[test]
    fn import_and_export_are_told_apart_without_colours_at_every_size() {
        let now = Instant::now() + Duration::from_secs(3600);
        let mut meter = live_meter::tests::meter(MeterKind::KsmWest, 9, 1_790_000_000, now);
        let ago = |seconds| now - Duration::from_secs(seconds);
        meter.history.clear();
        meter.history.extend(
            [(ago(10), 500), (ago(5), -2500), (ago(0), 3)]
                .map(|(at, watts)| (at, Decimal::new(watts, 0))),
        );
        let picture = Picture {
            clock: String::new(),
            now,
            meters: vec![],
            chosen: 0,
            page: ScreenPage::Overview,
            paused: false,
            has_keys: true,
            messages: vec![],
            sources: vec![],
            unread: vec![],
            counts: String::new(),
            waited: Duration::ZERO,
        };
        let shown = |height, columns, glyphs| {
            let size = ScreenSize { rows: 24, columns, glyphs };
            let rows = graph_rows(&picture, &meter, height, size);
            rows.iter().map(|row| row.text().trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown(1, 80, Glyphs::Unicode), ["▂▓▁"]);
        for (columns, label) in [
            (80, "power of the last 6 min, up to █ 500 W in, ▓ 2500 W out"),
            (40, "last 3 min: █ 500 W in, ▓ 2500 W out"),
            (24, "█ 500 W in, ▓ 2500 W out"),
            (20, "█ in, ▓ out"),
        ] {
            assert_eq!(shown(2, columns, Glyphs::Unicode), [label, "▂▓▁"]);
        }
        let ascii = ["power of the last 6 min, up to # 500 W in, @ 2500 W out", ".@."];
        assert_eq!(shown(2, 80, Glyphs::Ascii), ascii);
        let label =
            "power of the last 6 min, up to 500 W in, 2500 W out; import above, export below";
        assert_eq!(shown(3, 80, Glyphs::Unicode), [label, "▂ ▁", "█"]);
        assert!(
            shown(3, 200, Glyphs::Unicode)[0].ends_with("2500 W out; import above, export below")
        );
        assert_eq!(shown(3, 200, Glyphs::Unicode)[0].matches("above").count(), 1);

        meter.history.retain(|(_, power)| power.is_negative());
        let label = "power of the last 6 min, up to ▓ 2500 W out";
        let size = ScreenSize { rows: 24, columns: 80, glyphs: Glyphs::Unicode };
        let rows = graph_rows(&picture, &meter, 2, size);
        assert_eq!([rows[0].text(), rows[1].text()].map(|it| it.trim().to_owned()), [label, "▓▓"]);
    }
}
