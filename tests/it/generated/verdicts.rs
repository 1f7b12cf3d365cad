//! The verdicts of `doctor` in its man page, by exit status.

use clap_mangen::roff::{Roff, roman};

use super::pages::{term, written};

/// Each exit status with its verdicts.
const VERDICTS: [(&str, &[&str]); 7] = [
    ("0", &["ok"]),
    ("1", &["unknown-layout", "clock"]),
    ("2", &["key-format"]),
    (
        "3",
        &[
            "silent",
            "constant",
            "parity",
            "baud",
            "noise",
            "octets-lost",
            "checksum",
            "half",
            "hdlc-damaged",
            "other-protocol",
        ],
    ),
    (
        "4",
        &[
            "no-key",
            "no-title",
            "wrong-key",
            "authentication-key",
            "example-key",
            "other-meter",
            "tag",
        ],
    ),
    ("5", &["no-device", "permission", "busy", "shared"]),
    ("6", &["sink"]),
];

const PARTLY: &str = "A verdict of the statuses 3 and 4 ends with 1 if some telegrams were opened all the same. Of several meters, \
                      the first one with a fault decides.";

const READERS: &str = "The verdict shared means a second reader: a process that has the device open for reading at the beginning and at \
                       the end of an examination. It is not one if it holds the other end of a pseudo-terminal, or if octets \
                       came and it read nothing from anywhere meanwhile; the answer names it then beside another verdict.";

/// The section of the man page.
pub(super) fn section() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["VERDICTS"]);
    roff.text([roman("The exit status follows from the verdict:")]);
    for (status, verdicts) in VERDICTS {
        term(&mut roff, status, &verdicts.join(", "));
    }
    for text in [PARTLY, READERS] {
        roff.control("PP", []);
        roff.text([roman(text)]);
    }
    written(&roff)
}

/// The exit status of a verdict, when some telegrams were opened or none was.
pub(crate) fn status_of(verdict: &str, is_partly_read: bool) -> i32 {
    let row = VERDICTS.iter().find(|(_, verdicts)| verdicts.contains(&verdict));
    let status = row.unwrap_or_else(|| panic!("{verdict} has no documented status")).0;
    match status {
        "3" | "4" if is_partly_read => 1,
        status => status.parse().unwrap(),
    }
}

#[test]
fn each_verdict_has_one_documented_status() {
    let mut documented: Vec<_> = VERDICTS.iter().flat_map(|(_, verdicts)| *verdicts).collect();
    let mut all: Vec<_> =
        meterpipe::diagnosis::diagnosis::Diagnosis::ALL.iter().map(|it| it.name()).collect();
    documented.sort_unstable();
    all.sort_unstable();
    assert!(documented.into_iter().eq(all.iter()));
}
