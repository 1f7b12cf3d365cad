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
    use meterpipe::sink::settings::SinkSettings;

    /// Settings that say what the recipe of the program says.
    fn usual(program: OldProgram) -> String {
        match program {
            OldProgram::Kaifa => {
                "{\"key_hex_string\":\"\",\"export_format\":\"MQTT\",\"export_mqtt_server\":\"localhost\"}".into()
            }
            OldProgram::Kaifareader => meter_json(program, ""),
            OldProgram::KaifareaderSelections => meter_json(program, &selections()),
            OldProgram::KaifaMa309 => "P1_GUEK=x\nMQTT_HOST=localhost\n".into(),
            OldProgram::SmartmeterHa => "SERIAL_KEY=x\nMQTT_SERVER=localhost\n".into(),
            OldProgram::Smartmeterreader => config_yaml(program),
            OldProgram::GreenMikeScript => {
                "import serial\nevn_schluessel = 'x'\nuseMQTT = True\nmqttBroker = 'localhost'\n".into()
            }
            OldProgram::GreenMikeSagemcom => "{\"key\":\"\",\"printValue\":true,\"useMQTT\":true,\
                \"mqttbrokerip\":\"localhost\",\"useInfluxdb\":true,\"influxdbip\":\"localhost\"}"
                .into(),
            OldProgram::SmartMeterReadout => "import serial\nVNB_KEY = ''\n".into(),
        }
    }

    /// The value of a key in a sink of a recipe.
    fn value(program: OldProgram, scheme: &str, key: &str) -> String {
        let sink = recipes::sink(program, scheme).unwrap();
        sink.entries().find(|(known, _)| *known == key).unwrap().1.to_owned()
    }

    fn meter_json(program: OldProgram, selections: &str) -> String {
        let [org, bucket, measurement] =
            ["org", "bucket", "measurement"].map(|key| value(program, "influxdb", key));
        let file = recipes::sink(program, "solarview").unwrap().name;
        let file = file.strip_prefix("solarview:").unwrap();
        format!(
            "{{\"key_hex_string\":\"\",\"mqtt_enabled\":true,\"mqtt_server\":\"localhost\",\
             \"influxdb_enabled\":true,\"influxdb_url\":\"http://localhost:8086\",\
             \"influxdb_org\":\"{org}\",\"influxdb_bucket\":\"{bucket}\",\
             \"influxdb_measurement\":\"{measurement}\",{selections}\
             \"file_export_enabled\":true,\"file_export_abspath\":\"{file}\"}}"
        )
    }

    /// The selection of all values.
    fn selections() -> String {
        let all = kaifareader::VALUES.iter().filter(|(name, _)| *name != "DateAndTime");
        let all: Vec<_> = all.map(|(name, _)| format!("\"{name}\":true")).collect();
        let all = all.join(",");
        let tables = ["mqtt", "influxdb", "file_export"];
        tables.map(|table| format!("\"{table}_values\":{{{all}}},")).concat()
    }

    /// With the announcements of the recipe, if it has any.
    fn config_yaml(program: OldProgram) -> String {
        let topic = value(program, "mqtt", "topic");
        let mut text = format!(
            "encryption_key: x\nmqtt:\n  broker: localhost\n  data_topic: {topic}\nhomeassistant:\n  \
             config_topics:\n"
        );
        let recipe = recipes::sink(program, "mqtt").unwrap();
        let topics = recipe
            .entries()
            .filter_map(|(key, value)| Some((key.strip_prefix("ha_topics.")?, value)));
        for (field, topic) in topics {
            let name = value(program, "mqtt", &format!("ha_names.{field}"));
            let member = value(program, "mqtt", &format!("names.{field}"));
            text += &format!(
                "    - config_topic: {topic}\n      config:\n        name: {name}\n        \
                 val_tpl: \"{{{{value_json.{member}}}}}\"\n"
            );
        }
        text
    }

    #[test]
    fn usual_settings_give_the_sinks_of_the_recipe() {
        for program in OldProgram::ALL {
            let (form, entries) = form::read(&usual(program)).unwrap();
            assert_eq!(recognise::program(form, &entries), Some(program));
            let mut old = OldSettings::default();
            old.add(entries, Some("old"));
            let new = translate(program, old).unwrap();
            assert_eq!(new.sinks.is_empty(), recipes::text(program).is_empty(), "{program:?}");
            for sink in &new.sinks {
                let settings = &sink.settings;
                let recipe = recipes::sink(program, &settings.scheme).unwrap();
                let entries = |of: &SinkSettings| {
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
