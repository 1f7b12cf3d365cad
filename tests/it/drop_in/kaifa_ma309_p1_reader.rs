//! samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.

use super::{NETZ_NOE, with_messages};

#[test]
fn topics_and_texts_are_the_same() {
    with_messages("EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.toml", NETZ_NOE, |all| {
        let value = |key| format!("0 0 smartmeter/kaifa_ma309/state/{key}");
        assert_eq!(
            all,
            [
                "1 1 smartmeter/kaifa_ma309/status online".to_owned(),
                value("energy_import_wh 5693123.0"),
                value("energy_export_wh 14388343.0"),
                value("power_import_w 0.0"),
                value("power_export_w 3104.0"),
                value("power_net_w -3104.0"),
                value("voltage_l1_v 234.3"),
                value("voltage_l2_v 233.1"),
                value("voltage_l3_v 234.9"),
                value("current_l1_a 4.11"),
                value("current_l2_a 4.65"),
                value("current_l3_a 4.49"),
                value("power_factor 0.999"),
                "1 1 smartmeter/kaifa_ma309/status offline".to_owned(),
            ]
        );
    });
}
