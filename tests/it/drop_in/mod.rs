//! The recipes of contrib/older, beside the programs whose place they take.
//!
//! An expectation is what the older program sent for the same telegram; each file says how that was
//! found out. The telegrams come from `meterpipe simulate --seed 12 --start 2026-06-21T17:00:00+02:00`,
//! under the key that Netz NÖ published.

mod kaifa_ma309_p1_reader;

use crate::{
    common::{
        binary::{command, run_command},
        published::{Folder, KEY},
    },
    mqtt::mosquitto::{Mosquitto, with_mosquitto},
};

/// A telegram of a Kaifa MA309 of Netz NÖ.
pub(crate) const NETZ_NOE: &str = include_str!("../../data/drop-in/netz-noe-kaifa.hex");

/// The readings of a telegram, as `decode` writes them.
pub(crate) fn readings(telegram: &str) -> String {
    let folder = Folder::new();
    folder.write("guek", KEY);
    let decoded = folder.decode(&[], telegram);
    assert_eq!((decoded.status, decoded.err.as_str()), (0, ""));
    decoded.out
}

/// The text of a recipe.
pub(crate) fn recipe(name: &str) -> String {
    let path = format!("{}/contrib/older/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The tables of a recipe's sinks whose address begins so. Another address takes its place, and no guard
/// stands before them: it would wait for a second telegram.
pub(crate) fn sinks(recipe: &str, address: &str, other: &str) -> String {
    let all = recipe.split("[[sink]]").skip(1);
    let wanted = all.filter(|sink| sink.contains(&format!("to = \"{address}")));
    let wanted = wanted.map(|sink| {
        let sink = sink.replacen(address, other, 1);
        format!("[[sink]]\nguard = false{sink}")
    });
    wanted.collect()
}

/// The messages of a recipe for a telegram, in their order: `RETAIN QOS TOPIC PAYLOAD`, as a broker
/// got them. Not run if there is no mosquitto.
pub(crate) fn with_messages(name: &str, telegram: &str, check: impl Fn(Vec<String>)) {
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let listener = broker.listen_to_flags();
        let address = format!("mqtt://127.0.0.1:{}", broker.port);
        let config = sinks(&recipe(name), "mqtt://localhost", &address);
        assert!(!config.is_empty(), "{name} has no broker");
        let folder = Folder::new();
        let config = folder.write("config.toml", config);
        let publish = command(&["publish", "--config", &config]);
        let ran = run_command(publish, readings(telegram).as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        broker.publish("end/of/run", &[]);
        listener.wait_for("end/of/run");
        let mut received = listener.received();
        received.retain(|line| !line.contains("end/of/run"));
        check(received);
    });
}
