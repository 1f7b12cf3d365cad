//! The text format that a client prefers, by its `Accept` header.
//!
//! ```text
//! application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
//! ```

use crate::format::exposition::Exposition;

/// OpenMetrics if the client asks for its version 1.0.0 and likes the plain text no better.
pub fn exposition(accept: &str) -> Exposition {
    let quality = |media_type, version| {
        accept.split(',').filter_map(|range| quality(range, media_type, version)).max().unwrap_or(0)
    };
    let open = quality("application/openmetrics-text", "1.0.0");
    if open > 0 && open >= quality("text/plain", "0.0.4") {
        Exposition::OpenMetrics
    } else {
        Exposition::Plain
    }
}

/// The quality of a media range in thousandths, if it names this type, and no other version.
fn quality(range: &str, media_type: &str, version: &str) -> Option<u16> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(media_type) {
        return None;
    }
    let mut quality = 1000;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "version" if value != version => return None,
            "q" => quality = thousandths(value)?,
            _ => {}
        }
    }
    Some(quality)
}

/// `0.75` is 750.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_openmetrics_gets_it() {
        for accept in [
            // Prometheus 2.42 and 3.5.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;\
             q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;\
             escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1",
            "application/openmetrics-text",
            "Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.001",
            "text/plain;q=0.5, application/openmetrics-text;q=0.500",
        ] {
            assert_eq!(exposition(accept), Exposition::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn everybody_else_gets_plain_text() {
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain;version=0.0.4;q=1,*/*;q=0.1",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=x",
            "application/openmetrics-text;q=0.5,text/plain",
            ";,;q=,=",
        ] {
            assert_eq!(exposition(accept), Exposition::Plain, "{accept}");
        }
    }
}
