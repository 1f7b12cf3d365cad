//! The settings of the InfluxDB sink.

use core::time::Duration;
use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    format::{
        influx::points::{Points, Precision},
        key::{FieldKey, Meta},
        numbers::NumberStyle,
        printable::printable,
    },
    intervals::row::LENGTHS,
    sink::{
        http::{PostTarget, TrustSettings, query},
        influx::{
            delivery::{Delivery, DeliveryPace, DeliverySettings},
            records::{MeasurementPoints, PointTime, Records},
            response::ServerNames,
        },
        kind::BuildContext,
        projection::Projection,
        settings::{Secret, SinkSettings, SinkTarget, error::SettingError, redact, uri::host_port},
        single_meter::SingleMeter,
        traits::Sink,
    },
};

/// The port of InfluxDB.
const PORT: u16 = 8086;

/// Builds the sink from its settings.
///
/// # Errors
/// Settings that are missing, invalid or contradictory.
pub(super) fn new(
    settings: &mut SinkSettings,
    _: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let api = Api::take(settings)?;
    let projection = settings.take_projection()?;
    let records = records(settings, projection)?;
    let mut pace = pace(settings)?;
    if records.time == PointTime::Server {
        // The server sets the time when it gets the point.
        pace.flush = Duration::ZERO;
    }
    let timeout = settings.take_duration("timeout")?.unwrap_or_default();
    if timeout.is_zero() {
        return Err(SettingError::value("timeout", "0", "at least 1s expected"));
    }
    let trust = TrustSettings::take(settings)?;
    let (server, path) = address(&settings.target)?;
    let uri = format!("{}://{server}{path}{}", trust.scheme(), api.path);
    let names = ServerNames { server, store: api.store, login: api.login, secrets: api.secrets };
    let server = Arc::new(PostTarget::new(&uri, trust.trust(), api.authorization, timeout)?);
    let (spool, insecure) = (settings.take_path("spool"), trust.insecure);
    let delivery_settings = DeliverySettings { server, names, insecure, records, pace, spool };
    Ok(Box::new(Delivery::new(delivery_settings)))
}

/// One of the two versions of the API.
struct Api {
    /// Path and query.
    path: String,
    authorization: Option<Secret>,
    /// For messages.
    store: String,
    login: Option<&'static str>,
    secrets: Vec<Secret>,
}

impl Api {
    fn take(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        let (bucket, db) = (settings.take("bucket"), settings.take("db"));
        match (bucket, db) {
            (Some(bucket), None) => Self::version_2(settings, &bucket),
            (None, Some(db)) => Self::version_1(settings, &db),
            (Some(_), Some(_)) => Err(SettingError::new(
                "bucket and db: one of the two, for version 2 of InfluxDB or version 1",
            )
            .at("bucket")),
            (None, None) => Err(SettingError::new(
                "where to write to is missing: bucket for version 2 of InfluxDB, db for version 1",
            )),
        }
    }

    fn version_2(settings: &mut SinkSettings, bucket: &str) -> Result<Self, SettingError> {
        other_version(settings, &["rp", "user", "password", "password_file"], "1, with db")?;
        let org = settings.take("org");
        let token = settings.take_secret("token")?.filter(|token| !token.reveal().is_empty());
        let org = org.as_deref().map(|org| ("org", org));
        let pairs = [("bucket", bucket), ("precision", "s")];
        let pairs: Vec<_> = org.into_iter().chain(pairs).collect();
        Ok(Self {
            path: format!("/api/v2/write?{}", query(&pairs)),
            authorization: token
                .as_ref()
                .map(|token| Secret::new(format!("Token {}", token.reveal()))),
            store: format!("the bucket {}", printable(bucket)),
            login: token.is_some().then_some("the token"),
            secrets: token.into_iter().collect(),
        })
    }

    fn version_1(settings: &mut SinkSettings, db: &str) -> Result<Self, SettingError> {
        other_version(settings, &["org", "token", "token_file"], "2, with bucket")?;
        let rp = settings.take("rp");
        let (user, password) = (settings.take("user"), settings.take_secret("password")?);
        if user.is_none() && password.is_some() {
            return Err(SettingError::of("password", "whose? user is missing"));
        }
        let pairs = [("db", db), ("precision", "s")];
        let rp = rp.as_deref().map(|rp| ("rp", rp));
        let pairs: Vec<_> = pairs.into_iter().chain(rp).collect();
        let password = password.unwrap_or_default();
        let basic = user.map(|user| {
            let text = zeroize::Zeroizing::new(format!("{user}:{}", password.reveal()));
            Secret::new(format!("Basic {}", BASE64_STANDARD.encode(text.as_bytes())))
        });
        let coded = basic.as_ref().and_then(|basic| basic.reveal().strip_prefix("Basic "));
        let coded = Secret::new(coded.unwrap_or_default().to_owned());
        Ok(Self {
            path: format!("/write?{}", query(&pairs)),
            store: format!("the database {}", printable(db)),
            login: basic.is_some().then_some("user and password"),
            authorization: basic,
            secrets: vec![coded, password],
        })
    }
}

/// Refuses keys of the other version.
fn other_version(
    settings: &SinkSettings,
    keys: &[&str],
    version: &str,
) -> Result<(), SettingError> {
    match keys.iter().find(|key| settings.has(key)) {
        Some(key) => Err(SettingError::new(format!("{key} is of version {version}")).at(key)),
        None => Ok(()),
    }
}

/// Host and port, and the path in front of that of the API.
fn address(target: &SinkTarget) -> Result<(String, String), SettingError> {
    let SinkTarget::Server { host, port, path } = target else {
        return Err(SettingError::new("a server is expected: influxdb://HOST:PORT"));
    };
    let path = path.trim_matches('/');
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    Ok((host_port(host, port.unwrap_or(PORT)), path))
}

fn records(settings: &mut SinkSettings, projection: Projection) -> Result<Records, SettingError> {
    let measurement = settings.take("measurement").unwrap_or_default();
    if !is_measurement(&measurement) {
        return Err(SettingError::value("measurement", &measurement, "not a name"));
    }
    let meter = meter_tag(settings, &projection)?;
    let tags = settings.take_table("tags");
    if let Some((name, _)) = tags.iter().find(|(name, _)| is_kept(name)) {
        return Err(SettingError::of(&format!("tags.{name}"), KEPT));
    }
    if let Some((key, name)) = projection.names.iter().find(|(_, name)| is_kept(name)) {
        let key = format!("names.{}", key.text(&projection.units));
        return Err(SettingError::value(&key, name, KEPT));
    }
    if let Some(meter) = &meter
        && tags.iter().any(|(name, _)| name == meter)
    {
        let cause = "that is the number of the meter";
        return Err(SettingError::of(&format!("tags.{meter}"), cause));
    }
    let tag = meter.as_deref().unwrap_or_default();
    let floats = projection.numbers == NumberStyle::Float;
    let points = |measurement: &str| {
        let points = Points::new(measurement, &tags, tag, projection.units, Precision::Seconds);
        points.with_texts(projection.keys.is_some()).with_floats(floats)
    };
    let interval = |name| (name, points(&format!("{measurement}_{name}")));
    let intervals = LENGTHS.iter().map(|(name, _)| interval(*name)).collect();
    Ok(Records {
        others: others(settings, &projection, &measurement, points)?,
        points: points(&measurement),
        intervals,
        time: match settings.take_choice("timestamp")? {
            Some("server") => PointTime::Server,
            Some("received") => PointTime::Readings([Meta::Received, Meta::Time]),
            _ => PointTime::Readings([Meta::Time, Meta::Received]),
        },
        untagged: meter.is_none().then(|| {
            SingleMeter::with_advice("meter=NUMBER chooses one, and meter_tag keeps them apart")
        }),
        missing_time_reported: false,
        projection,
    })
}

const KEPT: &str = "a name that InfluxDB keeps for itself";

/// True for the name of a tag or a field that InfluxDB keeps for itself.
fn is_kept(name: &str) -> bool {
    name.is_empty() || name == "time" || name.starts_with('_')
}

/// A line that begins with # is a comment, and names with _ belong to the database.
fn is_measurement(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['#', '_'])
}

/// The name of the tag with the number of the meter, if there is to be one.
fn meter_tag(
    settings: &mut SinkSettings,
    projection: &Projection,
) -> Result<Option<String>, SettingError> {
    let key = FieldKey::Meta(Meta::Meter);
    let is_set = settings.has("meter_tag");
    let tag = settings.take("meter_tag").filter(|_| is_set);
    match tag {
        None => Ok(Some(projection.name(key).into_owned())),
        Some(_) if projection.names.iter().any(|(named, _)| *named == key) => {
            Err(SettingError::new("meter_tag and names.meter: one of the two").at("meter_tag"))
        }
        Some(tag) if tag == "none" => Ok(None),
        Some(tag) if is_kept(&tag) => Err(SettingError::value("meter_tag", &tag, KEPT)),
        tag => Ok(tag),
    }
}

/// The entries of the table `measurements`, by measurement.
fn others(
    settings: &mut SinkSettings,
    projection: &Projection,
    main: &str,
    points: impl Fn(&str) -> Points,
) -> Result<Vec<MeasurementPoints>, SettingError> {
    let mut others: Vec<MeasurementPoints> = Vec::new();
    for (field, text) in settings.take_table("measurements") {
        let setting = format!("measurements.{field}");
        let unknown = || format!("no field is called {}", redact::typed(&field));
        let key = FieldKey::parse(&field, &projection.units)
            .ok_or_else(|| SettingError::of(&setting, unknown()))?;
        let wrong = |cause: &str| SettingError::value(&setting, &text, cause);
        let (measurement, name) = text
            .trim()
            .rsplit_once(' ')
            .ok_or_else(|| wrong("a measurement and the name of a field expected"))?;
        let measurement = measurement.trim_end();
        if !is_measurement(measurement) {
            return Err(wrong("not a name of a measurement"));
        }
        if is_kept(name) {
            return Err(wrong(KEPT));
        }
        if measurement == main {
            return Err(wrong("that is the measurement of all points; names gives names in it"));
        }
        if others.iter().any(|other| other.fields.iter().any(|(known, _)| *known == key)) {
            return Err(SettingError::of(&setting, "it has a measurement already"));
        }
        if !others.iter().any(|other| other.measurement == measurement) {
            let points = points(measurement);
            let measurement = measurement.to_owned();
            others.push(MeasurementPoints { measurement, points, fields: Vec::new() });
        }
        let Some(other) = others.iter_mut().find(|other| other.measurement == measurement) else {
            continue;
        };
        if other.fields.iter().any(|(_, known)| known == name) {
            return Err(wrong("another field has that name"));
        }
        other.fields.push((key, name.to_owned()));
    }
    Ok(others)
}

fn pace(settings: &mut SinkSettings) -> Result<DeliveryPace, SettingError> {
    let batch = settings.take_number("batch")?.unwrap_or_default();
    if batch == 0 {
        return Err(SettingError::value("batch", "0", "at least 1 expected"));
    }
    let flush = settings.take_duration("flush")?.unwrap_or_default();
    let longest = settings.take_duration("retry")?.unwrap_or_default().max(Duration::from_secs(1));
    let sync = settings.take_duration("sync")?.unwrap_or_default();
    Ok(DeliveryPace { batch, flush, longest, sync })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::influx::kind::INFLUX;

    #[test]
    fn what_is_complete_is_taken_whole() {
        for uri in [
            "influxdb://h?bucket=b",
            "influxdb://h:1/x/?bucket=b&org=o&token=t&batch=1&flush=0&timeout=1s&retry=5s",
            "influxdb://u:p@[::1]?db=d&rp=r&measurement=m&tags.site=a&names.meter=zaehler",
            "influxdb://h?db=d&timestamp=received&fields=power_net_w&units.energy=kWh",
            "influxdbs://h?db=d&insecure=true",
            "influxdb://h?db=d&meter_tag=none&tags.meter=a&timestamp=server",
            "influxdb://h?db=d&measurements.power_net_w=Power%20grid%20net&measurements.time=Power%20grid%20t",
        ] {
            assert_eq!(INFLUX.mistake(uri), "", "{uri}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (uri, part) in [
            ("influxdb://h", "bucket for version 2 of InfluxDB, db for version 1"),
            ("influxdb://h?bucket=b&db=d", "bucket and db: one of the two"),
            ("influxdb:file?bucket=b", "a server is expected"),
            ("influxdb://h?bucket=b&user=u", "user is of version 1, with db"),
            ("influxdb://h?db=d&token=t", "token is of version 2, with bucket"),
            ("influxdb://h?bucket=b&tags=t", "tags: a table is expected, as in tags.NAME=VALUE"),
            ("influxdb://h?bucket=b&timeout=0", "at least 1s"),
            ("influxdb://h?db=d&password=p", "user is missing"),
            ("influxdb://h?bucket=b&ca=x", "ca is of TLS: write influxdbs:// and not influxdb://"),
            ("influxdbs://h?bucket=b&ca=x&insecure=true", "ca and insecure: one of the two"),
            ("influxdbs://h?bucket=b&ca=/nowhere/x", "ca = /nowhere/x: "),
            ("influxdb://h?bucket=b&tags.meter=1", "that is the number of the meter"),
            ("influxdb://h?bucket=b&names.meter=a&tags.a=1", "that is the number of the meter"),
            (
                "influxdb://h?bucket=b&fields=meter&names.meter=time",
                "names.meter = time: a name that",
            ),
            ("influxdb://h?bucket=b&tags._x=1", "tags._x: a name that InfluxDB keeps for itself"),
            ("influxdb://h?bucket=b&measurement=%23x", "not a name"),
            ("influxdb://h?bucket=b&meter_tag=site&tags.site=1", "that is the number of the meter"),
            ("influxdb://h?bucket=b&meter_tag=_m", "meter_tag = _m: a name that InfluxDB keeps"),
            ("influxdb://h?bucket=b&meter_tag=a&names.meter=b", "meter_tag and names.meter: one"),
            ("influxdb://h?bucket=b&measurements.x=a%20b", "measurements.x: no field is called x"),
            ("influxdb://h?bucket=b&measurements.power_net_w=a", "a measurement and the name of a"),
            (
                "influxdb://h?bucket=b&measurements.power_net_w=a%20time",
                "a name that InfluxDB keeps",
            ),
            (
                "influxdb://h?bucket=b&measurements.power_net_w=_a%20b",
                "not a name of a measurement",
            ),
            (
                "influxdb://h?bucket=b&measurements.power_net_w=smartmeter%20b",
                "names gives names in it",
            ),
            (
                "influxdb://h?bucket=b&measurements.power_net_w=a%20b&measurements.voltage_l1_v=a%20b",
                "measurements.voltage_l1_v = a b: another field has that name",
            ),
            ("influxdb://h?bucket=b&batch=0", "at least 1"),
            ("influxdb://h?bucket=b&timestamp=mine", "meter, received or server"),
            ("influxdb://a%20b?bucket=b", "is no address"),
        ] {
            assert!(INFLUX.mistake(uri).contains(part), "{uri}: {}", INFLUX.mistake(uri));
        }
    }

    #[test]
    fn the_address_names_database_and_precision() {
        let api = |uri: &str| Api::take(&mut uri.parse().unwrap()).unwrap();
        let path = |uri: &str| api(uri).path;
        assert_eq!(
            path("influxdb://h?bucket=my%20b&org=o%26p&token=t"),
            "/api/v2/write?org=o%26p&bucket=my%20b&precision=s"
        );
        assert_eq!(path("influxdb://h?db=d&rp=r"), "/write?db=d&precision=s&rp=r");
        let revealed = |uri: &str| api(uri).authorization.map(|secret| secret.reveal().to_owned());
        assert_eq!(revealed("influxdb://h?bucket=b&token=t").as_deref(), Some("Token t"));
        assert_eq!(revealed("influxdb://h?bucket=b"), None);
        // RFC 7617, 2: its example.
        let known = "influxdb://Aladdin:open%20sesame@h?db=d";
        assert_eq!(revealed(known).as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        let target = |uri: &str| address(&uri.parse::<SinkSettings>().unwrap().target).unwrap();
        assert_eq!(target("influxdb://[::1]/a/b/?db=d"), ("[::1]:8086".into(), "/a/b".into()));
        assert_eq!(target("influxdb://h:1/?db=d"), ("h:1".into(), String::new()));
    }
}
