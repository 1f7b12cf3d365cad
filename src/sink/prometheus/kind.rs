//! The description of the Prometheus sink.

use crate::sink::{
    freshness::STALE,
    kind::{SinkEnvironment, SinkKind, SinkScheme},
    metrics::settings::EXPIRE_AFTER,
    prometheus::sink,
    settings::{key::SettingKey, mode::MODE},
    web::settings::HOSTS,
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
    about: "The exporter listens on exactly this address, and answers `GET /metrics`, in OpenMetrics to a client that asks for it. `fields` selects \
            readings; the metrics about the meters themselves are always there. `smartmeter_up` is 1 while the \
            telegrams of a meter come, and 0 after `stale`. `meterpipe_octets`, `meterpipe_telegrams` and \
            `meterpipe_sink_readings` are the accounts of the run: octets in frames and discarded ones; good \
            telegrams, and by reason those that the guard holds and those that are rejected; the readings of \
            each sink that are stored or sent, wait in memory or on the disk, were replaced by newer ones, or are lost. \
            `meterpipe_sink_waiting_readings` and `meterpipe_sink_lost_readings_total` count those of every sink; \
            `smartmeter_telegrams_lost_total` and `meterpipe_frames_damaged_total` the losses on the line.",
    keys: &[KEYS],
    notes: "",
    environment: SinkEnvironment::KEYS_ONLY,
    build: sink::new,
};

const KEYS: &[SettingKey] = &[
    EXPIRE_AFTER,
    STALE,
    MODE.or_depending("644, because the collector runs as another user"),
    HOSTS,
];
