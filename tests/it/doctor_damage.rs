//! Verdicts of `doctor` about telegrams that are damaged: where octets are lost, and how many telegrams are hit.

use crate::{
    common::{binary::run, published::KEY},
    doctor::verdict_of_file,
};
use serde_json::Value;

fn verdict(octets: &[u8]) -> Value {
    verdict_of_file(octets, KEY).1
}

#[test]
fn octets_that_are_lost_in_every_telegram_are_no_missing_frames() {
    for meter in ["netz-noe-kaifa", "ksm-west", "wiener-netze", "graz"] {
        for (count, seed) in [("6", "1"), ("10", "0"), ("10", "2"), ("20", "3")] {
            let ran = run(
                &[
                    "simulate",
                    "--meter",
                    meter,
                    "--count",
                    count,
                    "--seed",
                    seed,
                    "--cut",
                    "100%",
                    "--start",
                    "2026-06-21T12:00:00+02:00",
                ],
                b"",
            );
            let found = verdict(ran.out.as_bytes());
            assert_eq!(found["verdict"], "octets-lost", "{meter} {count} {seed}: {found:#}");
        }
    }
}
