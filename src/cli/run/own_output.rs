//! Texts that `decode` or `quarters` wrote in another format than JSON Lines, by their first line.

use crate::cli::run::other_input::{OTHER_FORMAT, OTHER_FORMAT_OF_ROWS};
use meterpipe::intervals::row::LENGTHS;

/// The kind of a line that begins a text of another format of `decode` or `quarters`.
pub fn kind(line: &[u8]) -> Option<&'static str> {
    let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    let columns: Vec<_> = line.split(|octet| *octet == b'\t').collect();
    let is_of_rows = match (columns.as_slice(), line.strip_prefix(b"smartmeter")) {
        // The format lines.
        ([time, _, _, name, _, _], _) if is_time(time) || time == b"-" => {
            has(b"_mean_") || matches!(*name, b"start" | b"end" | b"month" | b"every")
        }
        // The format influx.
        (_, Some(rest)) => LENGTHS.iter().any(|(name, _)| {
            rest.strip_prefix(b"_").is_some_and(|rest| rest.starts_with(name.as_bytes()))
        }),
        _ => {
            let is_known = [&b"# HELP smartmeter_"[..], b"/?!", b"<DataNotification"]
                .iter()
                .any(|start| line.starts_with(start));
            if !is_known && !is_heading(line) {
                return of_names(line);
            }
            has(b"_mean_watts") || has(b"smartmeter_interval_")
        }
    };
    Some(if is_of_rows { OTHER_FORMAT_OF_ROWS } else { OTHER_FORMAT })
}

/// True for the line above the block of a telegram in a table: a time, and names of the meter.
fn is_heading(line: &[u8]) -> bool {
    let (time, names) = match memchr::memmem::find(line, b"  ") {
        Some(at) => line.split_at(at),
        None => (line, &b""[..]),
    };
    let labels = [&b"meter "[..], b"device ", b"system title "];
    let names = names.trim_ascii_start();
    let is_named = names.is_empty() || labels.iter().any(|label| names.starts_with(label));
    is_named && (time == b"no time" || is_time(time))
}

/// True for a time, with or without a remark behind it.
fn is_time(text: &[u8]) -> bool {
    let form = b"0000-00-00T00:00:00";
    let fits = |(octet, form): (&u8, &u8)| match form {
        b'0' => octet.is_ascii_digit(),
        _ => octet == form,
    };
    text.len() >= form.len() && text.iter().zip(form).all(fits)
}

/// The kind of a line with the names of columns or values.
fn of_names(line: &[u8]) -> Option<&'static str> {
    let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    match () {
        () if has(b"start") && (has(b"energy_") || has(b"_mean_")) => Some(OTHER_FORMAT_OF_ROWS),
        () if has(b"energy_import_wh") || has(b"power_import_w") => Some(OTHER_FORMAT),
        () => None,
    }
}
