//! The JSON of the smart meter adapter of Oesterreichs Energie, for programs that read it.
//!
//! ```text
//! {"0-0:96.1.0":{"value":"181220000009"},"1-0:1.8.0":{"value":12937,"time":1632728835},…,
//!  "api_version":"v1","name":"181220000009","sma_time":3756.1}
//! ```
//!
//! Values are in the units of the meter, W and Wh; `time` is in seconds since 1970. `sma_time` is the time in
//! seconds since the adapter began to run.
//!
//! The form is that which AIIDA of EDDIE reads
//! (`aiida/src/main/java/energy/eddie/aiida/adapters/datasource/at`), with its own examples of what the
//! adapter sends; net power as 1-0:16.7.0 is in the adapter's REST interface, which has the same form.

use core::time::Duration;

use jiff::Timestamp;

use crate::{
    cosem::obis::Obis,
    format::{
        json_string,
        key::{FieldKey, Meta},
        readings::{ReadingValue, Readings},
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS},
    sink::{projection::Projection, settings::error::SettingError, timestamps::Timestamps},
};

/// The sum of all phases, import less export.
const POWER_NET: Obis = Obis([1, 0, 16, 7, 0, 255]);

/// Refuses choices that the form has no place for.
///
/// # Errors
/// Other names or units.
pub fn check(projection: &Projection) -> Result<(), SettingError> {
    let cause = "with layout=adapter a reading has its OBIS code and the unit of the meter";
    match (projection.names.is_empty(), projection.units == Units::default()) {
        (false, _) => Err(SettingError::of("names", cause)),
        (_, false) => Err(SettingError::of("units", cause)),
        _ => Ok(()),
    }
}

/// Appends the readings as the adapter sends them, `uptime` after the start.
pub fn write(projection: &Projection, readings: &Readings, uptime: Duration, text: &mut Vec<u8>) {
    let time = time(readings);
    text.push(b'{');
    for reading in projection.of(readings) {
        let obis = match reading.key {
            FieldKey::Meta(Meta::Meter) => Some(Obis::METER_NUMBER),
            FieldKey::Field(place, 1) => code(place, readings),
            FieldKey::Object(obis, 1) if obis != Obis::METER_NUMBER => Some(obis),
            _ => None,
        };
        if let Some(obis) = obis {
            text.push(b'"');
            obis.write(text);
            text.extend_from_slice(b"\":{\"value\":");
            reading.value.write_json(text);
            if let (ReadingValue::Number(_), Some(time)) = (&*reading.value, time) {
                text.extend_from_slice(b",\"time\":");
                Decimal::new(time, 0).write(text);
            }
            text.extend_from_slice(b"},");
        }
    }
    text.extend_from_slice(b"\"api_version\":\"v1\",\"name\":");
    json_string::write(readings.meta(Meta::Meter).unwrap_or_default(), text);
    text.extend_from_slice(b",\"sma_time\":");
    let tenths = i64::try_from(uptime.as_millis() / 100).unwrap_or(i64::MAX);
    Decimal::new(tenths, -1).write(text);
    text.push(b'}');
}

/// The code of a field; none if an object of the telegram has it.
fn code(place: usize, readings: &Readings) -> Option<Obis> {
    match FIELDS.get(place)?.code {
        Some([c, d, e]) => Some(Obis([1, 0, c, d, e, 255])),
        None => readings.member(FieldKey::Object(POWER_NET, 1)).is_none().then_some(POWER_NET),
    }
}

/// The seconds of the meter's clock, or of the arrival if that is wrong.
fn time(readings: &Readings) -> Option<i64> {
    let Timestamps { time, received } = Timestamps::of(readings);
    let time = time.filter(|_| !readings.time_is_suspect());
    time.or(received).map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::SinkSettings;

    fn written(line: &str, query: &str) -> String {
        let mut settings: SinkSettings = format!("mqtt://b?{query}").parse().unwrap();
        let projection = settings.take_projection().unwrap();
        let mut text = Vec::new();
        let readings = Readings::parse(line.as_bytes()).unwrap();
        write(&projection, &readings, Duration::from_millis(3_756_189), &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn readings_stand_by_their_codes_with_their_time() {
        let line = concat!(
            "{\"time\":\"2021-09-27T09:47:15+02:00\",\"received\":\"2026-08-24T21:03:17.482Z\",",
            "\"meter\":\"181\\\"\",\"device\":\"x\",\"invocation_counter\":35,\"energy_import_wh\":12937,",
            "\"power_net_w\":-5,\"voltage_l1_v\":233.70,\"energy_import_wh#2\":1,",
            "\"1-0:99.1.0\":12,\"1-0:99.1.0_unit\":\"Wh\",\"0-0:97.97.0\":\"F\",\"item_7\":1}"
        );
        let end = r#""api_version":"v1","name":"181\"","sma_time":3756.1}"#;
        let all = concat!(
            r#"{"0-0:96.1.0":{"value":"181\""},"1-0:1.8.0":{"value":12937,"time":1632728835},"#,
            r#""1-0:16.7.0":{"value":-5,"time":1632728835},"#,
            r#""1-0:32.7.0":{"value":233.70,"time":1632728835},"#,
            r#""1-0:99.1.0":{"value":12,"time":1632728835},"0-0:97.97.0":{"value":"F"},"#,
        );
        assert_eq!(written(line, ""), format!("{all}{end}"));
        let few = r#"{"1-0:32.7.0":{"value":233.7,"time":1632728835},"#;
        assert_eq!(written(line, "fields=voltage_l1_v,time&numbers=short"), format!("{few}{end}"));
        let suspect = line.replace("\"device\"", "\"time_suspect\":true,\"device\"");
        assert!(written(&suspect, "").contains("\"time\":1787605397}"));
    }

    #[test]
    fn a_code_stands_once_and_what_is_missing_is_left_out() {
        let line = r#"{"power_net_w":1,"1-0:16.7.0":2}"#;
        let expected =
            r#"{"1-0:16.7.0":{"value":2},"api_version":"v1","name":"","sma_time":3756.1}"#;
        assert_eq!(written(line, ""), expected);
    }
}
