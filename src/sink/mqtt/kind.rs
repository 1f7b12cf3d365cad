//! The description of the MQTT sink, and the environment variables of its broker.

use crate::{
    format::printable::printable,
    sink::{
        freshness::STALE,
        home_assistant::options,
        kind::{Lookup, SinkEnvironment, SinkKind, SinkScheme, VariableAddress, first},
        mqtt::sink,
        settings::{
            error::SettingError,
            key::{SettingKey, SettingType},
            uri::has_port,
        },
    },
};

/// The description of the sink.
pub const MQTT: SinkKind = SinkKind {
    title: "MQTT",
    schemes: &[
        SinkScheme::server("mqtt", "mqtt://HOST", "an MQTT broker, and Home Assistant"),
        SinkScheme::server("mqtts", "mqtts://HOST", "an MQTT broker, over TLS"),
    ],
    about: "The path is the base of all topics; without a path it is `meterpipe`.",
    keys: &[BROKER, TOPICS, HISTORY, CONNECTION, TLS, options::KEYS],
    notes: options::NOTES,
    environment: SinkEnvironment {
        address: &[("host", HOST), ("port", PORT), ("base topic", BASE_TOPIC)],
        read_address,
        applies: |_, _, _| true,
    },
    build: sink::new,
};

const BROKER: &[SettingKey] = &[
    SettingKey::new("user", SettingType::Text("NAME"), "The user at the broker.").variables(&[
        "METERPIPE_MQTT_USER",
        "MQTT_USER",
        "MQTT_USERNAME",
    ]),
    SettingKey::new("password", SettingType::Secret, "The password of the user.")
        .variables(&["METERPIPE_MQTT_PASSWORD", "MQTT_PASSWORD", "MQTT_PASS", "MQTT_PASSWD"])
        .credential("mqtt_password"),
];

const TOPICS: &[SettingKey] = &[
    SettingKey::new("topic", SettingType::Text("TOPIC"), "The topic for the state of a meter.")
        .or_depending("{base}/{meter}/state; {base}/{meter} with layout=flat"),
    SettingKey::new(
        "layout",
        SettingType::Choice(&["json", "flat", "adapter", "none"]),
        "`json` is one object for each telegram, `flat` a topic for each value, `adapter` the object that \
         the smart meter adapter of Oesterreichs Energie sends, as AIIDA reads it, `none` no state. Home \
         Assistant's discovery is for `json` and `flat`.",
    )
    .or("json"),
    SettingKey::new(
        "status",
        SettingType::Text("TOPIC"),
        "The topic of `online` and `offline`. With `none` the sink sends neither, and nothing becomes \
         unavailable at the end.",
    )
    .or("{base}/status"),
    SettingKey::new(
        "meter_status",
        SettingType::Text("TOPIC"),
        "The topic of `online` and `offline` of a meter: whether its telegrams come. Values are \
         valid if both topics say `online`. With `none`, or with `status=none`, there is no such topic.",
    )
    .or("{base}/{meter}/status"),
    STALE,
    SettingKey::new(
        "topics",
        SettingType::Table("FIELDS", "TOPIC"),
        "A separate topic for a reading, followed by its unit and number of decimals if they \
         differ from the meter's, as in `house/power kW 3`, or by `utc` for `time` and `received`. Several \
         readings, separated by commas, form one array.",
    ),
    SettingKey::new(
        "payloads",
        SettingType::Table("TOPIC", "TEMPLATE"),
        "A payload of your own on TOPIC, which may contain `{base}` and `{meter}`. In TEMPLATE a field in braces \
         becomes its value as JSON, a number or a text in quotes, as in `{power_net_w}`; a unit and a number of \
         decimals may follow, as in `{power_net_w kW 3}`, or `utc` behind `{time}` or `{received}`. It is \
         `null` if the telegram lacks the field; a telegram that lacks all of them is not sent. All other \
         text stays as it is.",
    ),
    SettingKey::new("retain", SettingType::Switch, "The broker keeps the latest state for later subscribers.").or("false"),
    SettingKey::new("qos", SettingType::Choice(&["0", "1"]), "The quality of service of the states.")
        .or("0"),
];

const HISTORY: &[SettingKey] = &[
    SettingKey::new(
        "history",
        SettingType::Text("TOPIC"),
        "A topic for every telegram that the sink takes, such as `{base}/{meter}/history`: one JSON object \
         with the meter's time, with QoS 1, in order and at least once. Without it a broker that was away \
         gets the latest state only. With `layout=none` and `status=none` nothing else is sent.",
    ),
    SettingKey::new(
        "spool",
        SettingType::Folder,
        "For a history: a folder for readings that the broker has not taken; no other sink may use \
         it. Without a spool such readings wait in memory, up to 8 MiB, and are lost at the end of the \
         run. With a spool they go to the folder after `sync`, and at the end of the run, and the next \
         run sends them. The folder holds at most 64 MiB; after that new readings replace the oldest \
         ones. While the broker answers, nothing is written. Readings that the broker refuses for good \
         are added to `refused.tsv` there, up to 1 MiB.",
    ),
    SettingKey::new(
        "sync",
        SettingType::Duration,
        "With a spool: the longest time that readings exist only in memory while the broker does not \
         answer. A power cut then costs no more than these.",
    )
    .or("15s"),
];

const CONNECTION: &[SettingKey] = &[
    SettingKey::new(
        "client_id",
        SettingType::Text("NAME"),
        "The client identifier. A broker accepts one connection for each identifier.",
    )
    .or_depending(
        "a name that depends on this machine, the topics and the SOURCE, and changes if another client \
         may have it",
    ),
    SettingKey::new(
        "keepalive",
        SettingType::Duration,
        "The longest time without a packet. If none has come for one and a half times as long, \
         the broker or the sink takes the connection for lost.",
    )
    .or("30s"),
    SettingKey::new("protocol", SettingType::Choice(&["5", "3.1.1"]), "The version of MQTT.")
        .or_depending("5, and 3.1.1 if the broker refuses it"),
];

const TLS: &[SettingKey] = &[
    SettingKey::new(
        "ca",
        SettingType::File,
        "For mqtts: the certificates of the authorities that the sink trusts, in PEM.",
    )
    .or_depending("those of this machine"),
    SettingKey::new(
        "cert",
        SettingType::File,
        "For mqtts: the certificate of this client, in PEM.",
    ),
    SettingKey::new("key", SettingType::File, "For mqtts: the private key of this client, in PEM."),
    SettingKey::new("insecure", SettingType::Switch, "For mqtts: the sink trusts any server.")
        .or("false"),
];

const HOST: &[&str] = &["METERPIPE_MQTT_HOST", "MQTT_HOST", "MQTT_SERVER"];
const PORT: &[&str] = &["METERPIPE_MQTT_PORT", "MQTT_PORT"];
const BASE_TOPIC: &[&str] = &["METERPIPE_MQTT_BASE_TOPIC", "MQTT_BASE_TOPIC"];

/// `mqtt` alone is `mqtt://$MQTT_HOST:$MQTT_PORT/$MQTT_BASE_TOPIC`.
fn read_address(scheme: &str, lookup: Lookup<'_>) -> Result<Option<VariableAddress>, SettingError> {
    let Some((variable, host)) = first(HOST, lookup) else {
        return Ok(None);
    };
    // The user may have written a URI, with a password in it.
    if host.contains(['/', '?', '@']) {
        let message = format!("${variable}: the name of a server expected, and no more");
        return Err(SettingError::new(message));
    }
    let host = match host.matches(':').count() {
        2.. if !host.starts_with('[') => format!("[{host}]"),
        _ => host,
    };
    let port = first(PORT, lookup).map(|(name, port)| match port.parse::<u16>() {
        Ok(_) if has_port(&host) => {
            let message = format!("${variable} and ${name}: the port stands in one of the two");
            Err(SettingError::new(message))
        }
        Ok(port) => Ok(format!(":{port}")),
        Err(_) => {
            Err(SettingError::new(format!("${name} = {}: a port expected", printable(&port))))
        }
    });
    let port = port.transpose()?.unwrap_or_default();
    let (path, base) = first(BASE_TOPIC, lookup).unzip();
    let base = base.map(|base| format!("/{}", escaped(&base))).unwrap_or_default();
    let text = format!("{scheme}://{}{port}{base}", escaped(&host));
    Ok(Some(VariableAddress { text, variable, path }))
}

/// The text with escapes for the characters that have a meaning in a URI.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('?', "%3f").replace('@', "%40")
}
