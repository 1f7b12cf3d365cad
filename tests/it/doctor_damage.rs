//! Verdicts of `doctor` about telegrams that are damaged: where octets are lost, and how many telegrams are hit.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::{
    common::{binary::run, published::KEY},
    doctor::{BOTH, FedDevice, doctor, dsmr, noise, verdict_of_file, wires},
    doctor_beside::strewn,
};
use meterpipe::source::simulator::meter::MeterKind;
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

#[test]
fn damaged_octets_of_dsmr_are_no_missing_part_of_it() {
    let text = dsmr();
    for percent in [5, 10, 15, 20] {
        for count in [if percent > 10 { 2 } else { 1 }, 4, 20] {
            let found = verdict(&strewn(&text.repeat(count), percent));
            assert_eq!(found["verdict"], "checksum", "{count} {percent}: {found:#}");
        }
    }
    let start = &text[..text.len() - 10];
    for octets in [start.to_vec(), [&noise(120)[..], start].concat()] {
        assert_eq!(verdict(&octets)["verdict"], "half");
    }
}

#[test]
fn a_line_of_which_most_telegrams_are_damaged_is_not_ok() {
    for kind in MeterKind::ALL {
        let whole = wires(kind, 3);
        let altered = |at: usize| {
            let mut wire = whole[at].clone();
            let middle = wire.len() / 2;
            wire[middle] ^= 0x11;
            wire
        };
        let cut = |at: usize| whole[at][..whole[at].len() / 2].to_vec();
        for (octets, is_ok) in [
            ([whole[0].clone(), altered(1), altered(2)], false),
            ([whole[0].clone(), cut(1), cut(2)], false),
            ([cut(0), whole[1].clone(), altered(2)], false),
            ([cut(0), whole[1].clone(), whole[2].clone()], true),
            ([whole[0].clone(), altered(1), whole[2].clone()], true),
            // The end of a file may cut off a telegram.
            ([whole[0].clone(), whole[1].clone(), cut(2)], true),
        ] {
            let (ran, found) = verdict_of_file(&octets.concat(), BOTH);
            assert_eq!(found["verdict"] == "ok", is_ok, "{kind:?}: {found:#}");
            assert_eq!(ran.status, i32::from(!is_ok), "{kind:?}: {found:#}");
        }
    }
}

#[test]
fn one_frame_that_comes_by_chance_recommends_no_other_settings() {
    let frame = wires(MeterKind::NetzNoeKaifa, 1).concat().split_off(256);
    let mut damaged = frame.clone();
    damaged[12] ^= 0x10;
    for chance in [frame, damaged] {
        let pushes = AtomicUsize::new(0);
        let device = FedDevice::after(Duration::from_millis(1600), move |_| {
            match pushes.fetch_add(1, Ordering::Relaxed) {
                // The other settings are tried from the third push on.
                0 | 1 => noise(280),
                _ => [&noise(150)[..], &chance, &noise(110)].concat(),
            }
        });
        let (_, found) = doctor(&["--time", "12s", device.node()]);
        let verdict = found["verdict"].as_str().unwrap();
        assert!(!["parity", "baud"].contains(&verdict), "{found:#}");
        assert!(!found["watch"].to_string().contains("--line"), "{found:#}");
    }
}
