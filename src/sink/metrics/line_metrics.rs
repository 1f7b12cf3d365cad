//! The build, and the losses on the line, as metrics.

use crate::{
    format::{
        exposition::{Exposition, MetricType, Samples},
        key::Meta,
        latest::LatestReadings,
    },
    sink::line_counters::LineCounters,
};

/// Appends the version of this program, the commit if the build knows one, and the target.
pub fn write_build(exposition: Exposition, text: &mut Vec<u8>) {
    let help = "The program; the value is always 1.";
    let mut info = Samples::new("meterpipe", "build_info", MetricType::Info, help);
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", env!("METERPIPE_BUILD_COMMIT")),
        ("target", env!("METERPIPE_BUILD_TARGET")),
    ];
    info.count(labels, 1);
    info.write(exposition, text);
}

/// Appends the missing telegrams of each meter, and the damaged frames, as far as they are counted.
pub fn write_losses(
    counters: &LineCounters,
    latest: &LatestReadings,
    exposition: Exposition,
    text: &mut Vec<u8>,
) {
    let help = "Telegrams missing since the start, by the invocation counter of the meter.";
    let mut lost = Samples::new("smartmeter", "telegrams_lost_total", MetricType::Counter, help);
    let mut meters: Vec<_> =
        latest.meters().filter_map(|seen| seen.readings.meta(Meta::Meter)).collect();
    meters.sort_unstable();
    for meter in meters {
        let count = counters.telegrams_lost(meter);
        count.into_iter().for_each(|count| lost.count([("meter", meter)], count));
    }
    let help = "Frames that failed a check since the start.";
    let mut damaged = Samples::new("meterpipe", "frames_damaged_total", MetricType::Counter, help);
    counters.frames_damaged().into_iter().for_each(|count| damaged.count([], count));
    [lost, damaged].iter().for_each(|samples| samples.write(exposition, text));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::format::readings::Readings;

    #[test]
    fn losses_are_there_as_far_as_they_are_counted() {
        let counters = LineCounters::default();
        let mut latest = LatestReadings::default();
        for counter in [5, 8] {
            let line = format!(
                r#"{{"meter":"1","system_title":"4b","invocation_counter":{counter},"power_net_w":1}}"#
            );
            let readings = Readings::parse(line.as_bytes()).unwrap();
            counters.note(&readings);
            latest.put(Arc::new(readings), 1, None);
        }
        let nameless = Readings::parse(br#"{"system_title":"4c","power_net_w":1}"#).unwrap();
        latest.put(Arc::new(nameless), 1, None);
        let page = || {
            let mut text = Vec::new();
            write_losses(&counters, &latest, Exposition::Plain, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert!(page().ends_with("counter\nsmartmeter_telegrams_lost_total{meter=\"1\"} 2\n"));
        counters.frames_are_damaged(3);
        assert!(page().ends_with("counter\nmeterpipe_frames_damaged_total 3\n"), "{}", page());
    }

    #[test]
    fn the_build_is_that_of_the_version_option() {
        let mut text = Vec::new();
        write_build(Exposition::Plain, &mut text);
        let text = String::from_utf8(text).unwrap();
        let (version, target) = (env!("CARGO_PKG_VERSION"), env!("METERPIPE_BUILD_TARGET"));
        assert!(text.contains(&format!("meterpipe_build_info{{version=\"{version}\",")), "{text}");
        assert!(text.ends_with(&format!("target=\"{target}\"}} 1\n")), "{text}");
    }
}
