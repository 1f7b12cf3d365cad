//! The energies, the phases, and the table of all values.

use crate::cli::live::screen::{
    ink::{ScreenInk, ScreenRow, fitting},
    live_meter::{EnergyCount, EnergyFlow, LiveMeter, PhaseState},
    picture::ScreenSize,
    power_rows::flow_ink,
};
use meterpipe::{
    format::table::{TableRow, aligned},
    reading::decimal::Decimal,
};

/// The columns of a bar.
const BAR: usize = 40;

/// Import and export: since the start of the run, since midnight, and the register.
pub(super) fn energies(meter: &LiveMeter, size: ScreenSize) -> Vec<ScreenRow> {
    let energy = |it: Option<Decimal>| it.map(|it| meter.energy(it));
    let unknown = || "not known yet".to_owned();
    let cells = |it: &EnergyCount| {
        let start = energy(it.since_start()).unwrap_or_else(unknown);
        [start, energy(it.today()).unwrap_or_else(unknown), meter.energy(it.now)]
    };
    let names = |it: &EnergyCount| match it.flow {
        EnergyFlow::Export => ("export", "out"),
        _ => ("import", "in"),
    };
    let heads = [
        format!("since start {}", meter.since),
        "since midnight".to_owned(),
        "register".to_owned(),
    ];
    let table: Vec<_> = meter.energies.iter().map(|it| (it, cells(it))).collect();
    let width = |column: usize| {
        let cells = table.iter().filter_map(|(_, cells)| cells.get(column));
        cells.chain(heads.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    if table.is_empty() {
        return vec![];
    }
    if 9 + widths.iter().sum::<usize>() + 6 <= size.columns {
        let row = |name: &str, ink, cells: &[String; 3], cell_ink| {
            let row = ScreenRow::of(ink, format!("{name:<6}"));
            cells
                .iter()
                .zip(widths)
                .fold(row, |row, (cell, width)| row.with(cell_ink, format!("   {cell:>width$}")))
        };
        let head = row("energy", ScreenInk::Faint, &heads, ScreenInk::Faint);
        let rows = table
            .iter()
            .map(|(it, cells)| row(names(it).0, flow_ink(it.flow), cells, ScreenInk::Plain));
        return [head].into_iter().chain(rows).collect();
    }
    let start = table.iter().map(|(it, [cell, ..])| (*it, cell.clone(), ["since start", "start"]));
    let today = table
        .iter()
        .filter_map(|(it, _)| Some((*it, energy(it.today())?, ["since midnight", "day"])));
    type Line<'a> = (&'a EnergyCount, String, [&'static str; 2]);
    let row = |(it, cell, when): &Line<'_>, name: usize, word: usize| {
        let names = [names(it).0, names(it).1];
        let [name, when] = [names.get(name), when.get(word)].map(|it| it.copied().unwrap_or(""));
        ScreenRow::of(flow_ink(it.flow), format!("{name} "))
            .with(ScreenInk::Plain, cell.clone())
            .with(ScreenInk::Faint, format!(" {when}"))
    };
    // All rows have the same words.
    let lines: Vec<Line<'_>> = start.chain(today).collect();
    let rows = |(name, word)| lines.iter().map(|it| row(it, name, word)).collect::<Vec<_>>();
    let fits = |rows: &Vec<ScreenRow>| rows.iter().all(|row| row.width() <= size.columns);
    [(0, 0), (1, 0)].into_iter().map(rows).find(fits).unwrap_or_else(|| rows((1, 1)))
}

/// The next of 1, 2, 5, 10, … that is not less.
fn round_scale(size: u64) -> u64 {
    let mut scale = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            match scale.checked_mul(factor) {
                Some(round) if round >= size => return round,
                Some(_) => {}
                None => return size,
            }
        }
        scale = scale.saturating_mul(10);
    }
}

/// The phases in as many rows; in one, if there is room for no more.
pub(super) fn phases(phases: &[PhaseState], room: usize, size: ScreenSize) -> Vec<ScreenRow> {
    if phases.len() > room {
        return compact_phases(phases, size).into_iter().take(room).collect();
    }
    let columns = phases.iter().map(|it| it.values.len()).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = phases.iter().filter_map(|it| it.values.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let scale = round_scale(phases.iter().map(|it| it.size).max().unwrap_or_default());
    let row = |phase: &PhaseState| {
        let ink = match phase.flow {
            EnergyFlow::Export => ScreenInk::Export,
            _ => ScreenInk::Import,
        };
        let cells = phase.values.iter().zip(&widths);
        let text = cells.map(|(cell, width)| format!("  {cell:>width$}")).collect::<String>();
        let tight = phase.values.iter().map(|it| format!(" {}", it.replace(' ', "")));
        let name = ScreenRow::of(ScreenInk::Faint, phase.name);
        let row = name.clone().with(ScreenInk::Plain, text);
        if row.width() > size.columns {
            let tight = name.clone().with(ScreenInk::Plain, tight.collect::<String>());
            let last = phase.values.last().cloned().unwrap_or_default();
            return fitting([tight, name.with(ScreenInk::Plain, format!(" {last}"))], size.columns);
        }
        let room = size.columns.saturating_sub(row.width() + 3).min(BAR);
        if room < 4 {
            return row;
        }
        let eighths = u128::from(phase.size) * 8 * room as u128 / u128::from(scale.max(1));
        let bar = size.glyphs.bar(u64::try_from(eighths).unwrap_or_default());
        row.with(ScreenInk::Plain, "  ").with(ink, bar)
    };
    phases.iter().map(row).collect()
}

/// The last value of each phase, in one row; nothing if they do not fit.
fn compact_phases(phases: &[PhaseState], size: ScreenSize) -> Option<ScreenRow> {
    let named = phases.iter().map(|it| {
        let last = it.values.last().map(String::as_str).unwrap_or_default();
        (it.name, last.to_owned())
    });
    let row = |gap: &str, with_names: bool| {
        let mut row = ScreenRow::default();
        for (at, (name, value)) in named.clone().enumerate() {
            let gap = if at > 0 { gap } else { "" };
            let name = if with_names { format!("{gap}{name} ") } else { gap.to_owned() };
            row = row.with(ScreenInk::Faint, name).with(ScreenInk::Plain, value);
        }
        row
    };
    let rows = [row("  ", true), row("  ", false), row(" ", false)];
    rows.into_iter().find(|row| row.width() <= size.columns)
}

/// All values. Where names and values do not fit beside each other, the names are shortened, never the values.
#[must_use]
pub(super) fn table(meter: &LiveMeter, size: ScreenSize) -> Vec<String> {
    let table = aligned(&meter.rows);
    if table.iter().all(|row| row.chars().count() <= size.columns) {
        return table;
    }
    let row = |row: &TableRow| {
        let value = format!("{} {}", row.value, row.unit);
        let value = value.trim_end();
        let room = size.columns.saturating_sub(value.chars().count() + 1);
        let label = ScreenRow::of(ScreenInk::Plain, row.label.clone()).cut(room, size.glyphs);
        match room >= SHORTEST {
            true => format!("{:<room$} {value}", label.text()),
            false => value.to_owned(),
        }
    };
    meter.rows.iter().map(row).collect()
}

/// The columns below which a name says nothing.
const SHORTEST: usize = 4;

/// As many rows of the table as there is room for; the last one says how many are left out.
pub(super) fn cut_table(
    table: &[String],
    room: usize,
    has_keys: bool,
    size: ScreenSize,
) -> Vec<ScreenRow> {
    let row = |text: &String| ScreenRow::of(ScreenInk::Plain, text.clone());
    if table.len() <= room {
        return table.iter().map(row).collect();
    }
    let shown = room.saturating_sub(1);
    let left_out = format!("  {} {} more", size.glyphs.cut(), table.len() - shown);
    let hint = if has_keys { "; v shows all" } else { "" };
    let long = ScreenRow::of(ScreenInk::Faint, format!("{left_out}{hint}"));
    let last = fitting([long, ScreenRow::of(ScreenInk::Faint, left_out)], size.columns);
    table.iter().take(shown).map(row).chain((room > 0).then_some(last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round() {
        let scales = [0, 1, 3, 7, 10, 11, 4711].map(round_scale);
        assert_eq!(scales, [1, 1, 5, 10, 10, 20, 5000]);
        assert_eq!(round_scale(u64::MAX), u64::MAX);
    }
}
