//! The description of the InfluxDB sink, and the environment variables of its server.

use crate::{
    format::influx::points::MEASUREMENT,
    sink::{
        influx::settings,
        kind::{Lookup, SinkEnvironment, SinkKind, SinkScheme, VariableAddress, first},
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
            uri::has_port,
        },
    },
};

/// The description of the sink.
pub const INFLUX: SinkKind = SinkKind {
    title: "INFLUXDB",
    schemes: &[
        SinkScheme::server("influxdb", "influxdb://HOST", "InfluxDB, VictoriaMetrics"),
        SinkScheme::server("influxdbs", "influxdbs://HOST", "InfluxDB, VictoriaMetrics, over TLS"),
    ],
    about: "A `bucket` means version 2 of the API, which VictoriaMetrics takes too; a `db` means \
            version 1. A path in the address precedes the path of the API, for a server behind a \
            proxy. The sink sends text readings only if `fields` names them.",
    keys: &[VERSION_2, VERSION_1, POINTS, DELIVERY, TLS],
    notes: "In the variables of the address, `http://HOST` and `https://HOST` mean the ports 80 and 443, \
            and `HOST` alone means 8086. The variables of version 1 hold for sinks of version 1, and \
            those of version 2 for sinks of version 2.",
    environment: SinkEnvironment { address: &[("server", URL)], read_address, applies },
    build: settings::new,
};

const BUCKET: &[&str] = &["METERPIPE_INFLUX_BUCKET", "INFLUX_BUCKET"];
const DB: &str = "METERPIPE_INFLUX_DB";

const VERSION_2: &[SettingKey] = &[
    SettingKey::new("token", SettingType::Secret, "The token of the writer, for version 2.")
        .variables(&["METERPIPE_INFLUX_TOKEN", "INFLUX_TOKEN"])
        .credential("influx_token"),
    SettingKey::new(
        "org",
        SettingType::Text("NAME"),
        "The organization, for version 2. VictoriaMetrics needs none.",
    )
    .variables(&["METERPIPE_INFLUX_ORG", "INFLUX_ORG", "INFLUX_ORGANIZATION"]),
    SettingKey::new("bucket", SettingType::Text("NAME"), "The bucket, for version 2.")
        .variables(BUCKET),
];

const VERSION_1: &[SettingKey] = &[
    SettingKey::new("user", SettingType::Text("NAME"), "The user, for version 1.")
        .variables(&["METERPIPE_INFLUX_USER"]),
    SettingKey::new("password", SettingType::Secret, "The password of the user, for version 1.")
        .variables(&["METERPIPE_INFLUX_PASSWORD"])
        .credential("influx_password"),
    SettingKey::new("db", SettingType::Text("NAME"), "The database, for version 1.")
        .variables(&[DB]),
    SettingKey::new("rp", SettingType::Text("NAME"), "The retention policy, for version 1.")
        .or_depending("that of the database"),
];

const POINTS: &[SettingKey] = &[
    SettingKey::new("measurement", SettingType::Text("NAME"), "The measurement of all points.")
        .or(MEASUREMENT),
    SettingKey::new(
        "tags",
        SettingType::Table("NAME", "VALUE"),
        "Tags of all points, besides that of `meter_tag`.",
    ),
    SettingKey::new(
        "meter_tag",
        SettingType::Text("NAME"),
        "The tag with the number of the meter. With `none` there is no such tag, and the sink stores the \
         readings of the first meter only: those of two meters would be one series.",
    )
    .or("meter"),
    SettingKey::new(
        "measurements",
        SettingType::Table("FIELD", "MEASUREMENT NAME"),
        "The points of another measurement, and the name that the field has there, as in \
         `measurements.voltage_l1_v=\"Spannung L1\"`. The other fields stay in `measurement`; `fields` can \
         leave them out. All points of a telegram are sent together.",
    ),
    SettingKey::new(
        "timestamp",
        SettingType::Choice(&["meter", "received", "server"]),
        "The time of a point: that of the meter's clock, or the time of arrival. If one is \
         missing, the other one is taken. A clock that is wrong for good (`time_suspect` in JSON) counts as \
         missing. With `server` the points have no time, and the server sets it: each reading is then sent \
         at once and alone, `flush` has no effect, and a reading that the server has taken without an \
         answer is stored twice. Readings that are older than five seconds when they are sent, from a \
         file, the spool or after an outage, have the time of arrival.",
    )
    .or("meter"),
];

const DELIVERY: &[SettingKey] = &[
    // As many lines as the makers of InfluxDB advise.
    SettingKey::new("batch", SettingType::Number("points"), "The most points in a request.")
        .or("5000"),
    SettingKey::new(
        "flush",
        SettingType::Duration,
        "The longest time that a point waits for others before they are sent together.",
    )
    .or("10s"),
    SettingKey::new("timeout", SettingType::Duration, "The longest wait for the server.").or("10s"),
    SettingKey::new("retry", SettingType::Duration, "The longest time between two tries.")
        .or("60s"),
    SettingKey::new(
        "spool",
        SettingType::Folder,
        "A folder for readings that the server has not taken; no other sink may use it. Without \
         a spool such readings wait in memory, and are lost at the end of the run. With a spool \
         they go to the folder after `sync`, and at the end of the run, and the next run sends \
         them. The folder holds at most 64 MiB, a week of one meter; after that new readings \
         replace the oldest ones. While the server answers, nothing is written. Readings that the \
         server refuses for good are added to `refused.lp` there, up to 1 MiB.",
    ),
    SettingKey::new(
        "sync",
        SettingType::Duration,
        "With a spool: the longest time that readings exist only in memory while the server does \
         not answer. A power cut then costs no more than these.",
    )
    .or("15s"),
];

const TLS: &[SettingKey] = &[
    SettingKey::new(
        "ca",
        SettingType::File,
        "For influxdbs: the certificates of the authorities that the sink trusts, in PEM.",
    )
    .or_depending("those of this machine"),
    SettingKey::new("insecure", SettingType::Switch, "For influxdbs: the sink trusts any server.")
        .or("false"),
];

/// True if the variables of a key are those of the version that the settings, else the variables,
/// ask for. The variables of one version mean nothing to the other.
fn applies(settings: &SinkSettings, key: &SettingKey, lookup: Lookup<'_>) -> bool {
    let is_set = |keys: &[&str]| keys.iter().any(|key| settings.has(key));
    let (is_1, is_2) = match (is_set(&["bucket"]), is_set(&["db"])) {
        (true, _) => (false, true),
        (false, true) => (true, false),
        _ if is_set(&["org", "token", "token_file"]) => (false, true),
        _ if is_set(&["rp", "user", "password", "password_file"]) => (true, false),
        // Our own variables name the version; those of other programs mean version 2.
        _ => {
            let own = BUCKET.first().is_some_and(|bucket| lookup(bucket).is_some());
            let is_1 = lookup(DB).is_some();
            (is_1, own || !is_1)
        }
    };
    let is_in = |keys: &[SettingKey]| keys.iter().any(|other| other.name == key.name);
    is_1 && is_in(VERSION_1) || is_2 && is_in(VERSION_2)
}

const URL: &[&str] = &["METERPIPE_INFLUX_URL", "INFLUX_URL"];

/// `influxdb` alone is the server of `$INFLUX_URL`. There `http` without a port means the port of
/// `http`.
fn read_address(scheme: &str, lookup: Lookup<'_>) -> Result<Option<VariableAddress>, SettingError> {
    let Some((variable, url)) = first(URL, lookup).filter(|_| scheme == "influxdb") else {
        return Ok(None);
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("influxdb", &url));
    let text = match scheme.to_ascii_lowercase().as_str() {
        "http" => format!("influxdb://{}", with_port(rest, 80)),
        "https" => format!("influxdbs://{}", with_port(rest, 443)),
        scheme @ ("influxdb" | "influxdbs") => format!("{scheme}://{rest}"),
        _ => {
            let message = format!("${variable}: http://HOST or https://HOST expected");
            return Err(SettingError::new(message));
        }
    };
    Ok(Some(VariableAddress { text, variable, path: None }))
}

/// The part behind `//`, with this port if it has none.
fn with_port(rest: &str, port: u16) -> String {
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let address = authority.rsplit('@').next().unwrap_or_default();
    match address.is_empty() || has_port(address) {
        true => rest.to_owned(),
        false => format!("{authority}:{port}{path}"),
    }
}
