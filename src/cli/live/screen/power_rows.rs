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
    let minutes = line.seconds() / 60;
    let highest = line.highest.map(|it| power_text(meter, it));
    let highest = highest.map(|(digits, unit)| format!(", up to {digits} {unit}"));
    let highest = highest.unwrap_or_default();
    let label = |text: String| ScreenRow::of(ScreenInk::Faint, text);
    let span = format!("last {minutes} min");
    let variants = [format!("power of the {span}{highest}"), format!("{span}{highest}"), span];
    let mut rows = vec![fitting(variants.map(label), columns)];
    match height - 1 {
        drawn if drawn >= 2 && line.is_mixed() => {
            let import = drawn.div_ceil(2);
            rows.extend(line.rows(Some(EnergyFlow::Import), import, size.glyphs));
            let mut export = line.rows(Some(EnergyFlow::Export), drawn - import, size.glyphs);
            rows.append(&mut export);
            if let Some(first) = rows.first_mut() {
                let note = ScreenRow::of(ScreenInk::Faint, "; import above, export below");
                let full = first.clone().and(note);
                if full.width() <= columns {
                    *first = full;
                }
            }
        }
        drawn => rows.extend(line.rows(None, drawn, size.glyphs)),
    }
    rows
}
