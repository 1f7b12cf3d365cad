//! From settings to a translation.

use crate::cli::{
    import::{
        green_mike, kaifa_ma309, kaifareader, settings::OldSettings, smart_meter_readout,
        smartmeter_ha, smartmeterreader, translation::Translation,
    },
    older::program::OldProgram,
    run::status::Stop,
};

/// Translates the settings of a program.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(program: OldProgram, mut old: OldSettings) -> Result<Translation, Stop> {
    let mut new = match program {
        OldProgram::Kaifa | OldProgram::Kaifareader | OldProgram::KaifareaderSelections => {
            kaifareader::translate(program, &mut old)?
        }
        OldProgram::KaifaMa309 => kaifa_ma309::translate(&mut old)?,
        OldProgram::SmartmeterHa => smartmeter_ha::translate(&mut old)?,
        OldProgram::Smartmeterreader => smartmeterreader::translate(&mut old)?,
        OldProgram::GreenMikeScript => green_mike::translate_script(&mut old)?,
        OldProgram::GreenMikeSagemcom => green_mike::translate_json(&mut old)?,
        OldProgram::SmartMeterReadout => smart_meter_readout::translate(&mut old)?,
    };
    old.lose_rest();
    new.notes = old.into_notes();
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        import::recipes,
        older::{form, recognise},
    };

    /// Settings that say what the recipe of the program says.
    const USUAL: [(OldProgram, &str); 8] = [
        (
            OldProgram::Kaifa,
            "{\"key_hex_string\":\"\",\"export_format\":\"MQTT\",\"export_mqtt_server\":\"localhost\",\
             \"export_mqtt_basetopic\":\"kaifareader\"}",
        ),
        (OldProgram::Kaifareader, METER_JSON),
        (OldProgram::KaifareaderSelections, METER_JSON),
        (OldProgram::KaifaMa309, "P1_GUEK=x\nMQTT_HOST=localhost\n"),
        (OldProgram::SmartmeterHa, "SERIAL_KEY=x\nMQTT_SERVER=localhost\n"),
        (
            OldProgram::Smartmeterreader,
            "encryption_key: x\nmqtt:\n  broker: localhost\n  \
             data_topic: homeassistant/sensor/smartmeter/state\n",
        ),
        (
            OldProgram::GreenMikeScript,
            "import serial\nevn_schluessel = 'x'\nuseMQTT = True\nmqttBroker = 'localhost'\n",
        ),
        (
            OldProgram::GreenMikeSagemcom,
            "{\"key\":\"\",\"printValue\":true,\"useMQTT\":true,\"mqttbrokerip\":\"localhost\",\
             \"useInfluxdb\":true,\"influxdbip\":\"localhost\"}",
        ),
    ];

    const METER_JSON: &str = "{\"key_hex_string\":\"\",\"mqtt_enabled\":true,\"mqtt_server\":\"localhost\",\
        \"mqtt_basetopic\":\"smartmeter\",\"influxdb_enabled\":true,\
        \"influxdb_url\":\"http://localhost:8086\",\"influxdb_org\":\"home\",\
        \"influxdb_bucket\":\"smartmeter\",\"influxdb_measurement\":\"smartmeter\",SELECTIONS\
        \"file_export_enabled\":true,\"file_export_abspath\":\"/run/kaifareader/solarview.txt\"}";

    /// The selection of all values.
    fn selections() -> String {
        let all = kaifareader::VALUES.iter().filter(|(name, _)| *name != "DateAndTime");
        let all: Vec<_> = all.map(|(name, _)| format!("\"{name}\":true")).collect();
        let all = all.join(",");
        let tables = ["mqtt", "influxdb", "file_export"];
        tables.map(|table| format!("\"{table}_values\":{{{all}}},")).concat()
    }

    #[test]
    fn usual_settings_give_the_sinks_of_the_recipe() {
        for (program, text) in USUAL {
            let selected = program == OldProgram::KaifareaderSelections;
            let selections = if selected { selections() } else { String::new() };
            let text = text.replace("SELECTIONS", &selections);
            let (form, entries) = form::read(&text).unwrap();
            assert_eq!(recognise::program(form, &entries), Some(program));
            let mut old = OldSettings::default();
            old.add(entries, Some("old"));
            let new = translate(program, old).unwrap();
            assert!(!new.sinks.is_empty(), "{program:?}");
            for sink in &new.sinks {
                let settings = &sink.settings;
                let recipe = recipes::sink(program, &settings.scheme).unwrap();
                let entries = |of: &meterpipe::sink::settings::SinkSettings| {
                    let all = of.entries().filter(|(key, _)| !key.ends_with("_file"));
                    let mut all: Vec<_> =
                        all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                    all.sort();
                    all
                };
                assert_eq!(entries(settings), entries(&recipe), "{program:?}");
                let name = settings.name.replace(":8086", "");
                assert_eq!(name, recipe.name, "{program:?}");
            }
        }
    }
}
