//! greenMikeEU/SmartMeterEVNKaifaMA309, commit 013318e, and SmartMeterEVNSagemcom-T210-D, commit 76bf0f2: run with
//! paho-mqtt 1.6.1, gurux_dlms 1.0.120, mosquitto 2.0.11 and a pseudo-terminal. The first ran with the parser lxml,
//! as before its commit 013318e: with html5lib it ends at its first telegram.
//!
//! The second multiplies floats, so it sends 233.10000000000002 where the meter says 233.1: ours is 233.1.

use super::{NETZ_NOE, SAGEMCOM, check_values};
use crate::common::published::DUMP;

const BASE: &str = "Smartmeter";

#[test]
fn the_reader_for_kaifa_is_matched() {
    let recipe = "SmartMeterEVNKaifaMA309.toml";
    let theirs = [
        "WirkenergieP 5693123",
        "WirkenergieN 14388343",
        "MomentanleistungP 0",
        "MomentanleistungN 3104",
        "Momentanleistung -3104",
        "SpannungL1 234.3",
        "SpannungL2 233.1",
        "SpannungL3 234.9",
        "StromL1 4.11",
        "StromL2 4.65",
        "StromL3 4.49",
        "Leistungsfaktor 0.999",
    ];
    check_values(recipe, NETZ_NOE, BASE, &theirs);
    let theirs = [
        "WirkenergieP 12937",
        "WirkenergieN 0",
        "MomentanleistungP 0",
        "MomentanleistungN 0",
        "Momentanleistung 0",
        "SpannungL1 233.7",
        "SpannungL2 0.0",
        "SpannungL3 0.0",
        "StromL1 0.0",
        "StromL2 0.0",
        "StromL3 0.0",
        "Leistungsfaktor 1.0",
    ];
    check_values(recipe, DUMP, BASE, &theirs);
}

#[test]
fn the_reader_for_sagemcom_is_matched() {
    let recipe = "SmartMeterEVNSagemcom-T210-D.toml";
    let theirs = [
        "WirkenergieBezug 5693.123",
        "WirkenergieLieferung 14388.343",
        "WirkleistungBezug 0",
        "WirkleistungLieferung 3104",
        "Wirkleistunggesamt -3104",
        "SpannungL1 234.3",
        "SpannungL2 233.1",
        "SpannungL3 234.9",
        "StromL1 4.11",
        "StromL2 4.65",
        "StromL3 4.49",
        "Leistungsfaktor 0.999",
    ];
    check_values(recipe, SAGEMCOM, BASE, &theirs);
    let theirs = [
        "WirkenergieBezug 12.937",
        "WirkenergieLieferung 0.0",
        "WirkleistungBezug 0",
        "WirkleistungLieferung 0",
        "Wirkleistunggesamt 0",
        "SpannungL1 233.7",
        "SpannungL2 0.0",
        "SpannungL3 0.0",
        "StromL1 0.0",
        "StromL2 0.0",
        "StromL3 0.0",
        "Leistungsfaktor 1.0",
    ];
    check_values(recipe, DUMP, BASE, &theirs);
}
