//! The description of the Prometheus sink.

use crate::sink::{
    freshness::STALE,
    kind::{SinkEnvironment, SinkKind, SinkScheme},
    prometheus::sink,
    settings::{
        key::{SettingKey, SettingType},
        mode::MODE,
    },
};

/// The description of the sink.
pub const PROMETHEUS: SinkKind = SinkKind {
    title: "PROMETHEUS",
    schemes: &[
        SinkScheme::file(
            "prometheus",
            "prometheus:FILE.prom",
            "metrics for the textfile collector of node_exporter",
        ),
        SinkScheme::server(
            "prometheus",
            "prometheus://127.0.0.1:PORT",
            "metrics for Prometheus to scrape",
        ),
    ],
    about: "The exporter listens on exactly this address, and answers `GET /metrics`. `fields` selects \
            readings; the metrics about the meters themselves are always there. `smartmeter_up` is 1 while the \
            telegrams of a meter come, and 0 after `stale`. `meterpipe_octets`, `meterpipe_telegrams` and \
            `meterpipe_sink_readings` are the accounts of the run: octets in frames and discarded ones; good \
            telegrams, and by reason those that the guard holds and those that are rejected; the readings of \
            each history sink that are stored, wait in memory or on the disk, or are lost.",
    keys: &[KEYS],
    notes: "",
    environment: SinkEnvironment::KEYS_ONLY,
    build: sink::new,
};

const KEYS: &[SettingKey] = &[
    // The default is much longer than any interval at which a home's meter is watched.
    SettingKey::new(
        "expire_after",
        SettingType::Duration,
        "The sink shows momentary values for this time after the last telegram of a meter; `0` shows them \
         for ever. Registers and the time of the last telegram stay.",
    )
    .or("1h"),
    STALE,
    MODE.or_depending("644, because the collector runs as another user"),
    SettingKey::new(
        "hosts",
        SettingType::List("NAME"),
        "More names under which clients may ask the exporter, such as `host.docker.internal`. It knows its \
         address, `localhost`, and the name of this machine. A request for another name gets the status \
         421: a page in a browser could otherwise read the metrics through a name of its own that leads \
         here.",
    ),
];
