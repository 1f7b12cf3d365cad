//! samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant, commit 2ab5f3d: run with mosquitto 2.0.11, gurux_dlms
//! 1.0.203 and a pseudo-terminal. It opens no telegram of two frames, so its reading of frames was replaced; the
//! code behind it ran as it is.
//!
//! The program multiplies floats, so it sends 233.10000000000002 where the meter says 233.1: ours is 233.1. Its
//! announcements to Home Assistant are in another file.

use super::{NETZ_NOE, with_messages};
use crate::common::published::DUMP;

const RECIPE: &str = "EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.toml";

/// The messages of a run with one telegram; a will says offline too. `theirs` are without the common start.
fn check(telegram: &str, theirs: [&str; 12]) {
    with_messages(RECIPE, telegram, |mut all| {
        assert_eq!(all.pop().unwrap(), "1 1 smartmeter/kaifa_ma309/status offline");
        let theirs = theirs.map(|it| format!("0 0 smartmeter/kaifa_ma309/state/{it}"));
        let online = all.iter().position(|it| it == "1 1 smartmeter/kaifa_ma309/status online");
        all.remove(online.unwrap());
        assert_eq!(all, theirs);
    });
}

#[test]
fn topics_texts_and_flags_are_the_same() {
    check(
        NETZ_NOE,
        [
            "energy_import_wh 5693123.0",
            "energy_export_wh 14388343.0",
            "power_import_w 0.0",
            "power_export_w 3104.0",
            "power_net_w -3104.0",
            "voltage_l1_v 234.3",
            "voltage_l2_v 233.1",
            "voltage_l3_v 234.9",
            "current_l1_a 4.11",
            "current_l2_a 4.65",
            "current_l3_a 4.49",
            "power_factor 0.999",
        ],
    );
    check(
        DUMP,
        [
            "energy_import_wh 12937.0",
            "energy_export_wh 0.0",
            "power_import_w 0.0",
            "power_export_w 0.0",
            "power_net_w 0.0",
            "voltage_l1_v 233.7",
            "voltage_l2_v 0.0",
            "voltage_l3_v 0.0",
            "current_l1_a 0.0",
            "current_l2_a 0.0",
            "current_l3_a 0.0",
            "power_factor 1.0",
        ],
    );
}
