//! The description of the UDP sink.

use crate::sink::{
    kind::{SinkEnvironment, SinkKind, SinkScheme},
    settings::key::{SettingKey, SettingType},
    udp::sink,
};

/// The description of the sink.
pub const UDP: SinkKind = SinkKind {
    title: "UDP",
    schemes: &[SinkScheme::server(
        "udp",
        "udp://HOST:PORT",
        "a datagram for each telegram: Loxone, uni-meter",
    )],
    about: "HOST may also be a multicast or a broadcast address. UDP confirms nothing: a datagram that is \
            lost on the way, or that no program receives, counts as sent. The sink reports once that HOST \
            refuses datagrams. What this machine cannot send is counted as not stored.",
    keys: &[KEYS],
    notes: "",
    environment: SinkEnvironment::KEYS_ONLY,
    build: sink::new,
};

const KEYS: &[SettingKey] = &[
    SettingKey::new(
        "format",
        SettingType::Choice(&["text", "json", "shrdzm"]),
        "`text` is `NAME=VALUE` with a blank between, for a virtual UDP input of Loxone: without `fields`, \
         the time, the meter and all numbers; blanks in a text become `_`. `json` is the line of \
         `decode`. `shrdzm` is the datagram of the SHRDZM interface, which uni-meter and ioBroker read: \
         OBIS codes with values in Wh and W as texts, `16.7.0` for the net power.",
    )
    .or("text"),
    SettingKey::new("id", SettingType::Text("TEXT"), "For shrdzm: the id of the interface.")
        .or_depending("the number of the meter"),
];
