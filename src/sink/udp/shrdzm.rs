//! The datagram of the SHRDZM interface, a reader of Austrian meters.
//!
//! ```text
//! {"id":"84CCA8A411EB","data":{"timestamp":"2025-03-09T23:19:28","1.8.0":"11241092",…,
//!  "16.7.0":"361","uptime":"0008:06:36:16"}}
//! ```
//!
//! That is what the adapter of ioBroker (`shrdzm`, `main.ts`) quotes from a device. uni-meter (`ShrDzm`
//! and `ShrDzmPacket`) reads a map of texts: the net power from `16.7.0` in W, the registers from
//! `1.8.0` and `2.8.0` in Wh. It refuses other members beside `id` and `data`, and reads 1 024 octets.

use std::time::Instant;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    format::{
        json_string,
        key::{FieldKey, Meta},
        latest::name,
        readings::{ReadingValue, Readings},
    },
    reading::fields::FIELDS,
};

/// The form of the datagram.
pub(super) struct Shrdzm {
    /// The fields to send; all of them without a choice.
    keys: Option<Vec<FieldKey>>,
    /// The id that the user chose.
    id: Option<String>,
    started: Instant,
}

/// The code of the computed net power (IEC 62056-6-1: sum of import less export).
const NET_POWER: [u8; 3] = [16, 7, 0];

impl Shrdzm {
    /// The size of uni-meter's buffer.
    pub(super) const MOST_OCTETS: usize = 1024;

    pub(super) fn new(keys: Option<Vec<FieldKey>>, id: Option<String>) -> Self {
        Self { keys, id, started: Instant::now() }
    }

    /// Appends the datagram; nothing if no value has a code.
    pub(super) fn write(&self, readings: &Readings, text: &mut Vec<u8>) {
        let mut values = Vec::new();
        let members = readings.members().iter();
        for member in
            members.filter(|it| self.keys.as_ref().is_none_or(|keys| keys.contains(&it.key)))
        {
            if let (FieldKey::Field(place, 1), ReadingValue::Number(number)) =
                (member.key, &member.value)
                && let Some([c, d, e]) = code(place)
            {
                let mut value = Vec::new();
                number.write(&mut value);
                let value = String::from_utf8(value).unwrap_or_default();
                values.push((format!("{c}.{d}.{e}"), value));
            }
        }
        if values.is_empty() {
            return;
        }
        let id = self.id.as_deref().or(name(readings)).unwrap_or("meterpipe");
        text.extend_from_slice(b"{\"id\":");
        json_string::write(id, text);
        text.extend_from_slice(b",\"data\":");
        let timestamp = timestamp(readings).map(|text| ("timestamp".to_owned(), text));
        let uptime = ("uptime".to_owned(), uptime(self.started.elapsed().as_secs()));
        let mut separator = b'{';
        for (name, value) in timestamp.into_iter().chain(values).chain([uptime]) {
            text.push(separator);
            separator = b',';
            json_string::write(&name, text);
            text.push(b':');
            json_string::write(&value, text);
        }
        text.extend_from_slice(b"}}");
    }
}

fn code(place: usize) -> Option<[u8; 3]> {
    let field = FIELDS.get(place)?;
    field.code.or_else(|| (field.name == "power_net_w").then_some(NET_POWER))
}

/// The local time of the meter without its offset, else that of the arrival.
fn timestamp(readings: &Readings) -> Option<String> {
    if let Some(time) = readings.meta(Meta::Time).filter(|_| !readings.time_is_suspect()) {
        return time.get(..19).map(str::to_owned);
    }
    let received: Timestamp = readings.meta(Meta::Received)?.parse().ok()?;
    Some(received.to_zoned(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

/// `DAYS:HOURS:MINUTES:SECONDS`.
fn uptime(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    format!("{:04}:{:02}:{:02}:{:02}", hours / 24, hours % 24, minutes % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(id: Option<&str>, line: &str) -> String {
        let readings = Readings::parse(line.as_bytes()).unwrap();
        let mut text = Vec::new();
        Shrdzm::new(None, id.map(str::to_owned)).write(&readings, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_datagram_is_that_of_the_interface() {
        let line = concat!(
            "{\"schema\":1,\"time\":\"2025-03-09T23:19:28+01:00\",\"meter\":\"181220000009\",",
            "\"energy_import_wh\":11241092,\"energy_export_wh\":333163,\"power_import_w\":361,",
            "\"power_export_w\":0,\"power_net_w\":361,\"voltage_l1_v\":233.7,\"item_7\":1}"
        );
        let expected = concat!(
            "{\"id\":\"181220000009\",\"data\":{\"timestamp\":\"2025-03-09T23:19:28\",",
            "\"1.8.0\":\"11241092\",\"2.8.0\":\"333163\",\"1.7.0\":\"361\",\"2.7.0\":\"0\",",
            "\"16.7.0\":\"361\",\"32.7.0\":\"233.7\",\"uptime\":\"0000:00:00:00\"}}"
        );
        assert_eq!(datagram(None, line), expected);
        let other = datagram(Some("84CCA8A411EB"), line);
        assert!(other.starts_with("{\"id\":\"84CCA8A411EB\",\"data\":"), "{other}");
        assert_eq!(datagram(None, "{\"item_7\":1}"), "");
    }

    #[test]
    fn a_clock_that_is_wrong_gives_no_timestamp() {
        let line = concat!(
            "{\"time\":\"1970-01-01T00:00:00+01:00\",\"time_suspect\":true,",
            "\"received\":\"2026-08-24T21:03:17.482Z\",\"power_net_w\":-5}"
        );
        let text = datagram(None, line);
        assert!(text.contains("\"timestamp\":\"2026-08-2") && text.contains("\"-5\""), "{text}");
        assert_eq!(uptime(8 * 86400 + 6 * 3600 + 36 * 60 + 16), "0008:06:36:16");
    }
}
