//! The content of a datagram.

use crate::{
    format::{
        key::{FieldKey, Meta},
        latest::name_key,
        printable::printable,
        readings::{ReadingValue, Readings},
    },
    sink::{
        projection::{ProjectedReading, Projection},
        udp::shrdzm::Shrdzm,
    },
};

/// The largest datagram that every network carries whole, with some room for tunnels.
const MOST_OCTETS: usize = 1400;

/// The form of a datagram.
pub(super) enum DatagramFormat {
    /// `NAME=VALUE NAME=VALUE`.
    Text(Projection),
    /// The line of `decode`.
    Json(Projection),
    /// As the interface SHRDZM.
    Shrdzm(Shrdzm),
}

impl DatagramFormat {
    /// The datagram of some readings; none if they hold nothing to send.
    pub(super) fn datagram(&self, readings: &Readings) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        match self {
            Self::Text(projection) => write_text(projection, readings, &mut text),
            Self::Json(projection) => {
                projection.write_json(readings, &[], &mut text);
                text.push(b'\n');
            }
            Self::Shrdzm(shrdzm) => shrdzm.write(readings, &mut text),
        }
        (!text.is_empty()).then_some(text)
    }

    /// The largest datagram that arrives, and the reason.
    pub(super) const fn limit(&self) -> (usize, &'static str) {
        match self {
            Self::Text(_) | Self::Json(_) => (MOST_OCTETS, "a network may not carry more"),
            Self::Shrdzm(_) => (Shrdzm::MOST_OCTETS, "uni-meter reads no more"),
        }
    }
}

/// Writes the pairs. A blank precedes each but the first, so that ` NAME=` is found in one place only.
fn write_text(projection: &Projection, readings: &Readings, text: &mut Vec<u8>) {
    let everything = projection.keys.is_none();
    let name = name_key(readings);
    let is_sent = |reading: &ProjectedReading<'_>| match reading.key {
        // The energies between two times are no registers.
        FieldKey::Meta(Meta::Time | Meta::Start | Meta::End) => true,
        FieldKey::Meta(_) => !everything || Some(reading.key) == name,
        _ => !everything || matches!(*reading.value, ReadingValue::Number(_)),
    };
    for reading in projection.of(readings).filter(is_sent) {
        if !text.is_empty() {
            text.push(b' ');
        }
        write_word(&reading.name, text);
        text.push(b'=');
        match reading.value.as_ref() {
            ReadingValue::Number(number) => number.write(text),
            value => write_word(&value.to_string(), text),
        }
    }
    if !text.is_empty() {
        text.push(b'\n');
    }
}

/// Writes a text without blanks.
fn write_word(word: &str, text: &mut Vec<u8>) {
    let word = printable(word).replace(char::is_whitespace, "_");
    text.extend_from_slice(word.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::SinkSettings;

    const LINE: &str = concat!(
        "{\"schema\":1,\"time\":\"2021-09-27T09:47:15+02:00\",\"meter\":\"1812 2\\n\",",
        "\"system_title\":\"4b\",\"energy_import_wh\":12937,\"power_net_w\":-361,",
        "\"voltage_l1_v\":233.7,\"item_7\":\"a b\"}"
    );

    fn text(query: &str) -> String {
        let mut settings: SinkSettings = format!("udp://h:1?{query}").parse().unwrap();
        let format = DatagramFormat::Text(settings.take_projection().unwrap());
        let readings = Readings::parse(LINE.as_bytes()).unwrap();
        format.datagram(&readings).map(|text| String::from_utf8(text).unwrap()).unwrap_or_default()
    }

    #[test]
    fn text_is_pairs_whose_names_are_found_once() {
        assert_eq!(
            text(""),
            "time=2021-09-27T09:47:15+02:00 meter=1812_2\\u{a} energy_import_wh=12937 \
             power_net_w=-361 voltage_l1_v=233.7\n"
        );
        let query = "fields=power_net_kw,item_7&units.power=kW&names.power_net_kw=net%20power";
        assert_eq!(text(query), "net_power=-0.361 item_7=a_b\n");
        assert_eq!(text("fields=frequency_hz"), "", "it is not there");
    }
}
