//! The recipes of contrib/older, beside the programs whose place they take.
//!
//! An expectation is what the older program sent for the same telegram; each file says how that was
//! found out. The telegrams come from `meterpipe simulate --seed 12 --start 2026-06-21T17:00:00+02:00`,
//! under the key that Netz NÖ published; the one with zeros is the 719th. They arrive on 2026-11-28 at
//! 12:22:44 UTC.

mod console;
mod green_mike;
mod home_assistant_ids;
mod influx;
mod kaifa_ma309_p1_reader;
mod kaifareader;
mod neighbours;
mod smartmeter_ha;
mod smartmeterreader;
mod solarview;

use std::{collections::BTreeSet, io::Write, process::Stdio};

use crate::{
    common::{
        binary::{Running, command},
        published::{Folder, KEY},
    },
    mqtt::mosquitto::{Mosquitto, with_mosquitto},
};

/// A telegram of a Kaifa MA309 of Netz NÖ.
pub(crate) const NETZ_NOE: &str = include_str!("../../data/drop-in/netz-noe-kaifa.hex");

/// A telegram of a Sagemcom T210-D of Netz NÖ, with the same values.
pub(crate) const SAGEMCOM: &str = include_str!("../../data/drop-in/netz-noe-sagemcom.hex");

/// A telegram of a Kaifa MA309M in the west of Austria, with the same values.
pub(crate) const KSM_WEST: &str = include_str!("../../data/drop-in/ksm-west.hex");

/// Another one, with values that end in zeros.
pub(crate) const KSM_WEST_ZEROS: &str = include_str!("../../data/drop-in/ksm-west-zeros.hex");

/// The readings of a telegram, as `decode` writes them.
pub(crate) fn readings(telegram: &str) -> String {
    let folder = Folder::new();
    folder.write("guek", KEY);
    let decoded = folder.decode(&[], telegram);
    assert_eq!((decoded.status, decoded.err.as_str()), (0, ""));
    decoded.out.replace(r#""meter":"#, r#""received":"2026-11-28T12:22:44.123Z","meter":"#)
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
/// got them, without announcements to Home Assistant and what they repeat. Not run if there is no
/// mosquitto.
pub(crate) fn with_messages(name: &str, telegram: &str, check: impl Fn(Vec<String>)) {
    messages_of(&recipe(name), telegram, check);
}

/// The same of a recipe with this text.
pub(crate) fn messages_of(recipe: &str, telegram: &str, check: impl Fn(Vec<String>)) {
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let listener = broker.listen_to_flags();
        let address = format!("mqtt://127.0.0.1:{}", broker.port);
        let config = sinks(recipe, "mqtt://localhost", &address);
        assert!(!config.is_empty(), "no broker in {recipe}");
        let folder = Folder::new();
        let path = folder.write("config.toml", &config);
        let mut publish = command(&["publish", "--config", &path]);
        publish.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Running(publish.spawn().unwrap());
        let mut input = process.0.stdin.take().unwrap();
        input.write_all(readings(telegram).as_bytes()).unwrap();
        if !config.contains("\nstatus = \"none\"") {
            // With announcements it comes a second after the first state.
            listener.wait_for("status online");
        }
        drop(input);
        let ran = process.ended();
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        broker.publish("end/of/run", &[]);
        listener.wait_for("end/of/run");
        let mut received = listener.received();
        let mut known = BTreeSet::new();
        received.retain(|line| {
            let is_ours = !line.contains("end/of/run") && !line.contains("/config {");
            is_ours && known.insert(line.clone())
        });
        check(received);
    });
}

/// Compares the messages of a recipe that has neither status nor flags: `TOPIC PAYLOAD` below `base`, in any
/// order.
pub(crate) fn check_values(name: &str, telegram: &str, base: &str, theirs: &[&str]) {
    with_messages(name, telegram, |mut all| {
        let mut theirs: Vec<_> = theirs.iter().map(|it| format!("0 0 {base}/{it}")).collect();
        theirs.sort();
        all.sort();
        assert_eq!(all, theirs);
    });
}
