//! Prometheus: the text exposition format 0.0.4.
//!
//! ```text
//! # HELP smartmeter_active_energy_import_watthours_total Active energy drawn from the grid.
//! # TYPE smartmeter_active_energy_import_watthours_total counter
//! smartmeter_active_energy_import_watthours_total{meter="181220000009"} 12937
//! ```
//!
//! Names follow the naming guide: base units, spelt out, in the plural, and `_total` behind
//! counters. A total is never in the same metric as its parts, tariffs and phases, so that `sum`
//! gives a true total. There are no timestamps: the textfile collector would refuse the whole file.
//! The age of the values follows from `smartmeter_last_telegram_timestamp_seconds`.
//!
//! Numbers without a published name are samples of `smartmeter_object`, by their code.

use jiff::Timestamp;

use crate::{
    format::{
        exposition::{Exposition, MetricType, Samples},
        key::{FieldKey, Meta},
        latest::{LatestReadings, Seen},
        options::FormatEntry,
        readings::{Member, ReadingValue},
        snapshot::{Page, SnapshotFormat},
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS},
};

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "prometheus",
    help: "Metrics for Prometheus: the last readings of each meter, at the end",
    own: &[],
    build: |options| {
        options.names.refuse("prometheus")?;
        let keys = options.selection.map(|selection| selection.keys().to_vec());
        Ok(Box::new(SnapshotFormat::new(Prometheus::new(keys))))
    },
};

/// The format.
#[derive(Clone, Debug, Default)]
pub struct Prometheus {
    keys: Option<Vec<FieldKey>>,
}

impl Prometheus {
    /// With all readings or those selected; the samples about the meters themselves are always
    /// there.
    #[must_use]
    pub const fn new(keys: Option<Vec<FieldKey>>) -> Self {
        Self { keys }
    }

    /// Appends the samples of all meters. A meter that was last seen before `stale` has no
    /// momentary values, such as powers.
    pub fn snapshot(
        &self,
        latest: &LatestReadings,
        stale: Option<Timestamp>,
        exposition: Exposition,
        text: &mut Vec<u8>,
    ) {
        let mut meters: Vec<&Seen> = latest.meters().collect();
        meters.sort_by_key(|seen| seen.name());
        let (intervals, meters): (Vec<&Seen>, Vec<&Seen>) =
            meters.into_iter().partition(|seen| seen.readings.is_interval());
        let is_stale =
            |seen: &&&Seen| stale.zip(seen.arrived).is_some_and(|(stale, at)| at < stale);
        let mut fresh: Vec<_> = meters.iter().filter(|seen| !is_stale(seen)).copied().collect();
        // The times of an interval tell its age.
        fresh.extend(&intervals);
        for family in &FAMILIES {
            let mut samples = metric(family.name, family.kind, family.help);
            let meters = if family.kind == MetricType::Counter { &meters } else { &fresh };
            for (seen, Member { key, .. }, number) in self.numbers(meters) {
                if let FieldKey::Field(place, 1) = *key
                    && let Some(label) = FIELDS.get(place).and_then(|field| family.part(field.name))
                {
                    add(&mut samples, seen, &[label], number);
                }
            }
            samples.write(exposition, text);
        }
        self.objects(&fresh, exposition, text);
        self.intervals(&intervals, exposition, text);
        about(&meters, exposition, text);
    }

    /// Appends the energies of intervals, which are no counters, and what is known of the intervals.
    fn intervals(&self, meters: &[&Seen], exposition: Exposition, text: &mut Vec<u8>) {
        for family in FAMILIES.iter().filter(|family| family.kind == MetricType::Counter) {
            let name = family.name.strip_suffix("_total").unwrap_or(family.name);
            let mut samples =
                Samples::new("smartmeter_interval", name, MetricType::Gauge, family.help);
            for (seen, Member { key, .. }, number) in self.numbers(meters) {
                if let FieldKey::Field(place, 1) = *key
                    && let Some(label) = FIELDS.get(place).and_then(|field| family.part(field.name))
                {
                    add(&mut samples, seen, &[label], number);
                }
            }
            samples.write(exposition, text);
        }
        let of = |name, help| Samples::new("smartmeter_interval", name, MetricType::Gauge, help);
        let mut start = of("start_timestamp_seconds", "The start of the last interval.");
        let mut end = of("end_timestamp_seconds", "The end of the last interval.");
        let mut complete = of(
            "complete",
            "1 if no telegrams of the interval were missing for more than a minute.",
        );
        let mut telegrams = of("telegrams", "The telegrams in the interval.");
        for seen in meters {
            let times = [(Meta::Start, &mut start), (Meta::End, &mut end)];
            for (meta, samples) in times {
                seen.clock(meta).into_iter().for_each(|at| add(samples, seen, &[], seconds(at)));
            }
            let meta = |meta| seen.readings.get(FieldKey::Meta(meta));
            if let Some(ReadingValue::Truth(truth)) = meta(Meta::Complete) {
                add(&mut complete, seen, &[], Decimal::new((*truth).into(), 0));
            }
            if let Some(ReadingValue::Number(number)) = meta(Meta::Telegrams) {
                add(&mut telegrams, seen, &[], *number);
            }
        }
        [start, end, complete, telegrams]
            .iter()
            .for_each(|samples| samples.write(exposition, text));
    }

    /// Appends for each meter if its telegrams come. Only a caller with a clock can tell.
    pub fn up(
        latest: &LatestReadings,
        is_up: impl Fn(&Seen) -> bool,
        exposition: Exposition,
        text: &mut Vec<u8>,
    ) {
        let help = "1 while telegrams of the meter come, 0 when they stay away.";
        let mut samples = metric("up", MetricType::Gauge, help);
        let mut meters: Vec<&Seen> = latest.meters().collect();
        meters.sort_by_key(|seen| seen.name());
        for seen in meters {
            add(&mut samples, seen, &[], Decimal::new(is_up(seen).into(), 0));
        }
        samples.write(exposition, text);
    }

    /// Numbers without a published name, and those whose name is taken.
    fn objects(&self, meters: &[&Seen], exposition: Exposition, text: &mut Vec<u8>) {
        let help = "Number that the meter sends without a published name.";
        let mut samples = metric("object", MetricType::Unknown, help);
        for (seen, Member { key, unit, .. }, number) in self.numbers(meters) {
            if !matches!(key, FieldKey::Field(_, 1)) {
                let name = key.text(&Units::default());
                let labels = [Some(("obis", name)), Some(("unit", unit.to_string()))];
                add(&mut samples, seen, &labels, number);
            }
        }
        samples.write(exposition, text);
    }

    /// The chosen numbers of some meters.
    fn numbers<'a>(
        &self,
        meters: &[&'a Seen],
    ) -> impl Iterator<Item = (&'a Seen, &'a Member, Decimal)> {
        let members = meters.iter().flat_map(|seen| seen.readings.values().map(|it| (*seen, it)));
        members.filter(|(_, member)| self.includes(member.key)).filter_map(|(seen, member)| {
            match member.value {
                ReadingValue::Number(number) => Some((seen, member, number)),
                _ => None,
            }
        })
    }

    fn includes(&self, key: FieldKey) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.contains(&key))
    }
}

impl Page for Prometheus {
    fn write(&self, latest: &LatestReadings, text: &mut Vec<u8>) {
        self.snapshot(latest, None, Exposition::Plain, text);
    }
}

/// The samples about the meters themselves.
fn about(meters: &[&Seen], exposition: Exposition, text: &mut Vec<u8>) {
    let mut info = metric("info", MetricType::Info, "The meter; the value is always 1.");
    let help = "When the last telegram arrived.";
    let mut last = metric("last_telegram_timestamp_seconds", MetricType::Gauge, help);
    let help = "The meter's clock in its last telegram.";
    let mut clock = metric("clock_timestamp_seconds", MetricType::Gauge, help);
    let help = "Telegrams that these metrics are made from, since the start.";
    let mut telegrams = metric("telegrams_total", MetricType::Counter, help);
    for seen in meters {
        let label = |meta, name| Some((name, seen.readings.meta(meta)?.to_owned()));
        let title = label(Meta::SystemTitle, "system_title");
        add(&mut info, seen, &[label(Meta::Device, "device"), title], Decimal::new(1, 0));
        seen.time().into_iter().for_each(|at| add(&mut last, seen, &[], seconds(at)));
        let time = seen.clock(Meta::Time);
        time.into_iter().for_each(|at| add(&mut clock, seen, &[], seconds(at)));
        if let Some(count) = Decimal::of(seen.telegrams.into(), 0) {
            add(&mut telegrams, seen, &[], count);
        }
    }
    [info, last, clock, telegrams].iter().for_each(|samples| samples.write(exposition, text));
}

/// The seconds since 1970 with three decimals if there are any.
fn seconds(time: Timestamp) -> Decimal {
    match time.as_millisecond() % 1000 {
        0 => Decimal::new(time.as_second(), 0),
        _ => Decimal::new(time.as_millisecond(), -3),
    }
}

type Label = Option<(&'static str, String)>;

fn metric(name: &'static str, kind: MetricType, help: &'static str) -> Samples {
    Samples::new("smartmeter", name, kind, help)
}

/// Adds a sample of a meter.
fn add(samples: &mut Samples, seen: &Seen, labels: &[Label], number: Decimal) {
    let meter = seen.name().map(|name| ("meter", name));
    let others = labels.iter().flatten().map(|(name, value)| (*name, value.as_str()));
    samples.add(meter.into_iter().chain(others), number);
}

/// One metric: the published names whose values it takes, `*` being a tariff or a phase.
struct Family {
    fields: &'static str,
    name: &'static str,
    kind: MetricType,
    help: &'static str,
}

impl Family {
    /// The label of a published name that belongs to the metric; `None` for other names.
    fn part(&self, field: &str) -> Option<Label> {
        let Some((head, tail)) = self.fields.split_once('*') else {
            return (field == self.fields).then_some(None);
        };
        let part = field.strip_prefix(head)?.strip_suffix(tail)?;
        match (part.strip_prefix('t'), part.strip_prefix('l')) {
            (Some(tariff), _) if is_number(tariff) => Some(Some(("tariff", tariff.to_owned()))),
            (_, Some(phase)) if is_number(phase) => Some(Some(("phase", format!("L{phase}")))),
            _ => None,
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

const fn total(fields: &'static str, name: &'static str, help: &'static str) -> Family {
    Family { fields, name, kind: MetricType::Counter, help }
}

const fn now(fields: &'static str, name: &'static str, help: &'static str) -> Family {
    Family { fields, name, kind: MetricType::Gauge, help }
}

#[rustfmt::skip]
static FAMILIES: [Family; 31] = [
    total("energy_import_wh",              "active_energy_import_watthours_total",         "Active energy drawn from the grid."),
    total("energy_export_wh",              "active_energy_export_watthours_total",         "Active energy fed into the grid."),
    total("reactive_energy_import_varh",   "reactive_energy_import_varhours_total",        "Reactive energy drawn from the grid."),
    total("reactive_energy_export_varh",   "reactive_energy_export_varhours_total",        "Reactive energy fed into the grid."),
    total("energy_import_*_wh",            "active_energy_import_tariff_watthours_total",  "Active energy drawn from the grid, by tariff."),
    total("energy_export_*_wh",            "active_energy_export_tariff_watthours_total",  "Active energy fed into the grid, by tariff."),
    total("reactive_energy_import_*_varh", "reactive_energy_import_tariff_varhours_total", "Reactive energy drawn from the grid, by tariff."),
    total("reactive_energy_export_*_varh", "reactive_energy_export_tariff_varhours_total", "Reactive energy fed into the grid, by tariff."),
    now("power_import_w",                  "active_power_import_watts",                    "Active power drawn from the grid."),
    now("power_export_w",                  "active_power_export_watts",                    "Active power fed into the grid."),
    now("power_import_*_w",                "active_power_import_phase_watts",              "Active power drawn from the grid, by phase."),
    now("power_export_*_w",                "active_power_export_phase_watts",              "Active power fed into the grid, by phase."),
    now("power_net_w",                     "active_power_net_watts",                       "Active power drawn from the grid less that fed into it."),
    now("reactive_power_import_var",       "reactive_power_import_vars",                   "Reactive power drawn from the grid."),
    now("reactive_power_export_var",       "reactive_power_export_vars",                   "Reactive power fed into the grid."),
    now("reactive_power_import_*_var",     "reactive_power_import_phase_vars",             "Reactive power drawn from the grid, by phase."),
    now("reactive_power_export_*_var",     "reactive_power_export_phase_vars",             "Reactive power fed into the grid, by phase."),
    now("voltage_*_v",                     "voltage_volts",                                "Voltage, by phase."),
    now("current_*_a",                     "current_amperes",                              "Current, by phase."),
    now("frequency_hz",                    "frequency_hertz",                              "Mains frequency."),
    now("power_factor",                    "power_factor_ratio",                           "Power factor."),
    now("power_factor_*",                  "power_factor_phase_ratio",                     "Power factor, by phase."),
    now("power_import_mean_w",             "active_power_import_mean_watts",               "Mean of the active power drawn from the grid, over an interval."),
    now("power_export_mean_w",             "active_power_export_mean_watts",               "Mean of the active power fed into the grid, over an interval."),
    now("power_import_forecast_w",         "active_power_import_forecast_watts",           "Mean of the active power drawn from the grid that the interval will probably have."),
    now("power_export_forecast_w",         "active_power_export_forecast_watts",           "Mean of the active power fed into the grid that the interval will probably have."),
    now("power_import_peak_w",             "active_power_import_peak_watts",               "Highest mean of the active power drawn from the grid in an interval of the month so far."),
    total("energy_import_today_wh",        "active_energy_import_today_watthours_total",   "Active energy drawn from the grid since midnight."),
    total("energy_export_today_wh",        "active_energy_export_today_watthours_total",   "Active energy fed into the grid since midnight."),
    now("reactive_power_import_mean_var",  "reactive_power_import_mean_vars",              "Mean of the reactive power drawn from the grid, over an interval."),
    now("reactive_power_export_mean_var",  "reactive_power_export_mean_vars",              "Mean of the reactive power fed into the grid, over an interval."),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::format::readings::Readings;

    const LINE: &str = concat!(
        r#"{"schema":1,"time":"2021-09-27T09:47:15+02:00","received":"2026-08-24T21:03:17.482Z","#,
        r#""meter":"181220000009","device":"KFM1","system_title":"4b464d6750000009","#,
        r#""energy_import_wh":12937,"energy_import_t1_wh":12000,"energy_import_t2_wh":937,"#,
        r#""power_net_w":-8615,"voltage_l1_v":233.7,"voltage_l2_v":0.0,"power_factor":1.000,"#,
        r#""1-0:99.1.0":12,"1-0:99.1.0_unit":"Wh","energy_import_wh#2":5,"item_9":"text"}"#
    );

    fn latest(lines: &[&str], arrived: i64) -> LatestReadings {
        let mut latest = LatestReadings::default();
        for line in lines {
            let readings = Arc::new(Readings::parse(line.as_bytes()).unwrap());
            latest.put(readings, 1, Timestamp::from_second(arrived).ok());
        }
        latest
    }

    fn page(format: &Prometheus, latest: &LatestReadings, stale: Option<i64>) -> String {
        let mut text = Vec::new();
        let stale = stale.map(|stale| Timestamp::from_second(stale).unwrap());
        format.snapshot(latest, stale, Exposition::Plain, &mut text);
        String::from_utf8(text).unwrap()
    }

    fn samples(page: &str) -> Vec<&str> {
        page.lines().filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn every_reading_is_a_sample_with_its_exact_digits() {
        let page = page(&Prometheus::default(), &latest(&[LINE], 0), None);
        assert_eq!(
            samples(&page),
            [
                r#"smartmeter_active_energy_import_watthours_total{meter="181220000009"} 12937"#,
                r#"smartmeter_active_energy_import_tariff_watthours_total{meter="181220000009",tariff="1"} 12000"#,
                r#"smartmeter_active_energy_import_tariff_watthours_total{meter="181220000009",tariff="2"} 937"#,
                r#"smartmeter_active_power_net_watts{meter="181220000009"} -8615"#,
                r#"smartmeter_voltage_volts{meter="181220000009",phase="L1"} 233.7"#,
                r#"smartmeter_voltage_volts{meter="181220000009",phase="L2"} 0.0"#,
                r#"smartmeter_power_factor_ratio{meter="181220000009"} 1.000"#,
                r#"smartmeter_object{meter="181220000009",obis="1-0:99.1.0",unit="Wh"} 12"#,
                r#"smartmeter_object{meter="181220000009",obis="energy_import_wh#2",unit="Wh"} 5"#,
                r#"smartmeter_info{meter="181220000009",device="KFM1",system_title="4b464d6750000009"} 1"#,
                r#"smartmeter_last_telegram_timestamp_seconds{meter="181220000009"} 1787605397.482"#,
                r#"smartmeter_clock_timestamp_seconds{meter="181220000009"} 1632728835"#,
                r#"smartmeter_telegrams_total{meter="181220000009"} 1"#,
            ]
        );
        let head = concat!(
            "# HELP smartmeter_active_energy_import_watthours_total Active energy drawn from the grid.\n",
            "# TYPE smartmeter_active_energy_import_watthours_total counter\n"
        );
        assert!(page.starts_with(head), "{page}");
    }

    #[test]
    fn every_published_name_has_one_metric() {
        for field in &FIELDS {
            let families: Vec<_> =
                FAMILIES.iter().filter(|family| family.part(field.name).is_some()).collect();
            assert_eq!(families.len(), 1, "{}", field.name);
            let of_energy = field.name.contains("energy");
            assert_eq!(families[0].kind == MetricType::Counter, of_energy, "{}", field.name);
            assert_eq!(families[0].name.ends_with("_total"), of_energy, "{}", field.name);
        }
    }

    #[test]
    fn samples_of_all_meters_stand_together_and_in_the_same_order() {
        let one = r#"{"meter":"1","power_import_w":1,"power_export_w":2}"#;
        let two = r#"{"meter":"2","power_import_w":3,"power_export_w":4}"#;
        let forth = page(&Prometheus::default(), &latest(&[one, two], 0), None);
        assert_eq!(page(&Prometheus::default(), &latest(&[two, one], 0), None), forth);
        let values: Vec<_> =
            samples(&forth).iter().filter_map(|line| line.rsplit(' ').next()).take(4).collect();
        assert_eq!(values, ["1", "3", "2", "4"]);
        assert_eq!(forth.matches("# TYPE smartmeter_active_power_import_watts").count(), 1);
    }

    #[test]
    fn a_stale_meter_keeps_its_registers_and_its_age_alone() {
        let latest = latest(&[LINE], 100);
        let fresh = page(&Prometheus::default(), &latest, Some(100));
        assert_eq!(fresh, page(&Prometheus::default(), &latest, None));
        let stale = page(&Prometheus::default(), &latest, Some(101));
        let gone: Vec<_> =
            samples(&fresh).into_iter().filter(|line| !stale.contains(line)).collect();
        assert_eq!(gone.len(), 6, "{gone:?}");
        for part in ["import_watthours_total{", "last_telegram_timestamp", "telegrams_total"] {
            assert!(stale.contains(part), "{part}");
        }
    }

    #[test]
    fn a_selection_chooses_among_the_values() {
        let keys =
            ["power_net_w", "1-0:99.1.0"].map(|name| FieldKey::parse(name, &Units::default()));
        let keys = keys.into_iter().collect();
        let page = page(&Prometheus::new(keys), &latest(&[LINE], 0), None);
        let names: Vec<_> =
            samples(&page).iter().filter_map(|line| line.split('{').next()).take(3).collect();
        assert_eq!(
            names,
            ["smartmeter_active_power_net_watts", "smartmeter_object", "smartmeter_info"]
        );
    }

    #[test]
    fn no_sample_is_there_twice_whatever_comes_twice() {
        let line = r#"{"meter":"a\\u{1b}","power_net_w":1,"power_net_w":2,"item_1":3,"item_1":4}"#;
        let same = r#"{"meter":"a\u001b","power_net_w":5}"#;
        let page = page(&Prometheus::default(), &latest(&[line, same], 0), None);
        let mut names: Vec<_> =
            samples(&page).iter().filter_map(|line| line.rsplit_once(' ')).collect();
        let count = names.len();
        names.sort();
        names.dedup_by_key(|(name, _)| *name);
        assert_eq!((names.len(), count), (5, 5), "{page}");
    }

    #[test]
    fn a_hostile_name_stays_within_its_label() {
        let line = r#"{"meter":"a/../+#{{x}}\"\n\\\u001b[2J","power_net_w":1}"#;
        let page = page(&Prometheus::default(), &latest(&[line], 0), None);
        let expected =
            r##"smartmeter_active_power_net_watts{meter="a/../+#{{x}}\"\n\\\\u{1b}[2J"} 1"##;
        assert_eq!(samples(&page).first(), Some(&expected));
        assert!(page.bytes().all(|c| matches!(c, b' '..=b'~' | b'\n')), "{page}");
        assert_eq!(samples(&page).len(), 4, "{page}");
    }
}
