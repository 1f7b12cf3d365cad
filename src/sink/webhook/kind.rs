//! The description of the webhook sink.

use crate::sink::{
    kind::{Lookup, SinkEnvironment, SinkKind, SinkScheme},
    settings::{
        SinkSettings,
        key::{SettingKey, SettingType},
    },
    webhook::settings,
};

/// The description of the sink.
pub const WEBHOOK: SinkKind = SinkKind {
    title: "WEBHOOK",
    schemes: &[
        SinkScheme::server(
            "webhook+http",
            "webhook+http://HOST:PORT/PATH",
            "the latest readings, posted as JSON",
        )
        .hiding_path(),
        SinkScheme::server(
            "webhook+https",
            "webhook+https://HOST:PORT/PATH",
            "the latest readings, posted as JSON over TLS",
        )
        .hiding_path(),
    ],
    about: "The sink posts the line of `decode` for each telegram, and any status from 200 to 299 is \
            success. After a failure it tries again with the latest readings of each meter. It follows no \
            redirect. The path is never shown, because it may be a secret; a query of the server's own \
            follows `%3f` in it.",
    keys: &[LOGIN, DELIVERY, TLS],
    notes: "`config check --online` asks the server with `OPTIONS`, without login and readings.",
    environment: SinkEnvironment { address: &[], read_address: |_, _| Ok(None), applies },
    build: settings::new,
};

const LOGIN: &[SettingKey] = &[
    SettingKey::new("token", SettingType::Secret, "A token, sent as `Authorization: Bearer`.")
        .variables(&["METERPIPE_WEBHOOK_TOKEN"])
        .credential("webhook_token"),
    SettingKey::new("user", SettingType::Text("NAME"), "The user of the server."),
    SettingKey::new("password", SettingType::Secret, "The password of the user.")
        .variables(&["METERPIPE_WEBHOOK_PASSWORD"])
        .credential("webhook_password"),
    SettingKey::new(
        "path",
        SettingType::Secret,
        "The path, and with a `?` its query, in the place of that of the address: `path_file` keeps \
         the id of a webhook in a file.",
    )
    .variables(&["METERPIPE_WEBHOOK_PATH"])
    .credential("webhook_path"),
    SettingKey::new(
        "headers",
        SettingType::SecretTable("NAME", "VALUE"),
        "More headers, as in `headers.X-Api-Key=…`. Their values are never shown.",
    ),
];

const DELIVERY: &[SettingKey] = &[
    SettingKey::new(
        "template",
        SettingType::Text("TEXT"),
        "The text to post in the place of the line: a name in braces stands for the value of a reading, \
         as in `payloads` of MQTT. Its `Content-Type` is that of JSON unless `headers` has another.",
    ),
    SettingKey::new("timeout", SettingType::Duration, "The longest wait for the server.").or("10s"),
    SettingKey::new("retry", SettingType::Duration, "The longest time between two tries.")
        .or("60s"),
];

const TLS: &[SettingKey] = &[
    SettingKey::new(
        "ca",
        SettingType::File,
        "For webhook+https: the certificates of the authorities that the sink trusts, in PEM.",
    )
    .or_depending("those of this machine"),
    SettingKey::new(
        "insecure",
        SettingType::Switch,
        "For webhook+https: the sink trusts any server.",
    )
    .or("false"),
];

/// True if the variable of a secret is meant for these settings: a password goes with a user, a token with
/// none, a path with an address without one.
fn applies(settings: &SinkSettings, key: &SettingKey, _: Lookup<'_>) -> bool {
    match key.name {
        "token" => !settings.has("user"),
        "password" => settings.has("user"),
        "path" => settings.target.path().is_none_or(str::is_empty),
        _ => true,
    }
}
