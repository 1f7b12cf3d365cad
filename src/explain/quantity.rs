//! OBIS codes in words (IEC 62056-6-1, tables of the value groups C and D; DLMS UA Blue Book, 6).

use crate::cosem::obis::Obis;

/// The quantity that a code names, for people; `None` for a code that is rare.
#[must_use]
pub fn of(obis: Obis) -> Option<String> {
    let [medium, _, c, d, e, _] = obis.0;
    match medium {
        0 => abstract_object(c, d, e).map(str::to_owned),
        1 => electricity(c, d, e),
        _ => None,
    }
}

fn abstract_object(c: u8, d: u8, e: u8) -> Option<&'static str> {
    Some(match (c, d, e) {
        (1, 0, 0) => "clock",
        (0, 0, _) => "address of the meter",
        (2, 129, 0) | (1, 1, 0) => "version of the list",
        (25, 9, 0) => "push list",
        (42, 0, 0) => "name of the device",
        (96, 1, 0) => "number of the meter",
        (96, 1, _) => "number of the device",
        (96, 3, 10) => "state of the disconnector",
        (96, 7, _) => "number of power failures",
        (96, 13, _) => "message for the customer",
        (96, 14, _) => "tariff in force",
        (17, 0, _) => "limiter",
        _ => return None,
    })
}

fn electricity(c: u8, d: u8, e: u8) -> Option<String> {
    let (kind, phase) = match c {
        21..=40 => (c - 20, " L1"),
        41..=60 => (c - 40, " L2"),
        61..=80 => (c - 60, " L3"),
        _ => (c, ""),
    };
    let (power, direction) = match kind {
        1 => ("active", " import"),
        2 => ("active", " export"),
        3 => ("reactive", " import"),
        4 => ("reactive", " export"),
        5..=8 => ("reactive", " of a quadrant"),
        9 => ("apparent", " import"),
        10 => ("apparent", " export"),
        15 => ("active", " import and export"),
        16 => ("active", " import less export"),
        _ => ("", ""),
    };
    let tariff = if e == 0 { String::new() } else { format!(", tariff {e}") };
    let quantity = match (power, kind, d) {
        ("", 11, 7) => "current".to_owned(),
        ("", 12, 7) => "voltage".to_owned(),
        ("", 13, 7) => "power factor".to_owned(),
        ("", 14, 7) => "frequency".to_owned(),
        ("", ..) => return None,
        (_, _, 7) => format!("{power} power{direction}"),
        (_, _, 8) => format!("{power} energy{direction}"),
        (_, _, 6) => format!("highest {power} power{direction}"),
        _ => return None,
    };
    Some(format!("{quantity}{phase}{tariff}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantities_of_the_operators_papers_have_words() {
        for (code, words) in [
            ("1-0:1.8.0", Some("active energy import")),
            ("1-0:2.8.2", Some("active energy export, tariff 2")),
            ("1-0:3.7.0", Some("reactive power import")),
            ("1-0:52.7.0", Some("voltage L2")),
            ("1-0:31.7.0", Some("current L1")),
            ("1-0:13.7.0", Some("power factor")),
            ("0-0:96.1.0", Some("number of the meter")),
            ("0-8:25.9.0", Some("push list")),
            ("1-0:99.1.0", None),
            ("7-0:1.8.0", None),
        ] {
            assert_eq!(of(code.parse().unwrap()).as_deref(), words, "{code}");
        }
    }
}
