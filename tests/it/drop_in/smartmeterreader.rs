//! lgraho/smartmeterreader, commit b251676: run as it is, with paho-mqtt 2.2.0, mosquitto 2.0.11 and a
//! pseudo-terminal. Its JSON has blanks behind commas and colons, ours has none. Its announcements to Home
//! Assistant are in another file.

use super::{NETZ_NOE, with_messages};
use crate::common::published::DUMP;

#[test]
fn the_json_has_the_same_members_in_the_same_order() {
    for (telegram, theirs) in [
        (
            NETZ_NOE,
            concat!(
                r#"{"energy": 5693.123, "energyR": 14388.343, "power": 0, "powerR": 3104, "#,
                r#""voltageL1": 234.3, "voltageL2": 233.1, "voltageL3": 234.9, "#,
                r#""currentL1": 4.11, "currentL2": 4.65, "currentL3": 4.49, "powerfactor": 0.999}"#,
            ),
        ),
        (
            DUMP,
            concat!(
                r#"{"energy": 12.937, "energyR": 0.0, "power": 0, "powerR": 0, "#,
                r#""voltageL1": 233.7, "voltageL2": 0.0, "voltageL3": 0.0, "#,
                r#""currentL1": 0.0, "currentL2": 0.0, "currentL3": 0.0, "powerfactor": 1.0}"#,
            ),
        ),
    ] {
        with_messages("smartmeterreader.toml", telegram, |all| {
            let theirs = theirs.replace(' ', "");
            assert_eq!(all, [format!("0 0 homeassistant/sensor/smartmeter/state {theirs}")]);
        });
    }
}
