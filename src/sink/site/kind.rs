//! The description of the sink.

use crate::sink::{
    freshness::STALE,
    kind::{SinkEnvironment, SinkKind, SinkScheme},
    metrics::settings::EXPIRE_AFTER,
    settings::key::{SettingKey, SettingType},
    site::sink,
    web::settings::HOSTS,
};

/// The description of the sink.
pub const HTTP: SinkKind = SinkKind {
    title: "HTTP",
    schemes: &[SinkScheme::server(
        "http",
        "http://127.0.0.1:PORT",
        "metrics, JSON for evcc, and health, for others to fetch",
    )],
    about: "The server listens on exactly this address. `/metrics` is the page of `prometheus://`. \
            `/data.json` has the values of the first meter, or those of another one with \
            `/data.json?meter=NUMBER`, as the template `amsleser` of evcc reads them: powers in W (`w` is \
            negative while feeding in) and var, energies in kWh and kvarh, and for each phase voltage, \
            current and power, with the digits of the meter. After `stale` it answers 503, so that no reader \
            takes an old power for a new one. `/health` answers 200 while the telegrams of all meters come, \
            and 503 otherwise, also before the first one; its JSON names the meters. A meter that was removed counts \
            until the next start. `/` names the pages. \
            `fields` selects readings.",
    keys: &[KEYS],
    notes: "",
    environment: SinkEnvironment::KEYS_ONLY,
    build: sink::new,
};

const KEYS: &[SettingKey] = &[
    STALE,
    EXPIRE_AFTER,
    SettingKey::new(
        "missing",
        SettingType::Choice(&["omit", "zero"]),
        "A voltage, current or power of a phase that a meter does not send: `omit` leaves it out of \
         `/data.json`, as every other value; `zero` writes 0, as the firmware of amsleser does. evcc logs an \
         error for each that is left out, and most Austrian meters send no power of a phase.",
    )
    .or("omit"),
    HOSTS,
];
