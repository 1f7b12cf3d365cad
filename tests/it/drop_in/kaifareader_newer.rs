//! Phil1pp/kaifareader, commit deb079c: the topics.
//!
//! It read the telegram from a pseudo-terminal, with its sample configuration, and mosquitto_sub printed the
//! messages, none of which is retained.

use super::KSM_WEST;
use crate::common::{binary::run, published::Folder};

const MESSAGES: &str = "kaifareader/VoltageL1_V 234.3
kaifareader/VoltageL2_V 233.1
kaifareader/VoltageL3_V 234.9
kaifareader/CurrentL1_A 4.11
kaifareader/CurrentL2_A 4.65
kaifareader/CurrentL3_A 4.49
kaifareader/InstantaneousPowerIn_W 0
kaifareader/InstantaneousPowerOut_W 3104
kaifareader/ActiveEnergyIn_Wh 5693123
kaifareader/ActiveEnergyOut_Wh 14388343
kaifareader/ReactiveEnergyInductive_var 19942
kaifareader/ReactiveEnergyCapacitive_var 2386842
kaifareader/DeviceNumber 1KFM0200752619
kaifareader/DeviceName KFM1200200752619
";

#[test]
fn topics_and_payloads_are_the_same() {
    let folder = Folder::new();
    let recipe = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/older/kaifareader-newer.toml");
    let recipe = std::fs::read_to_string(recipe).unwrap();
    let sink = recipe.split("[[sink]]").find(|sink| sink.contains("to = \"mqtt://")).unwrap();
    let config = folder.write("config.toml", format!("[[sink]]\nguard = false{sink}"));
    let dump = folder.write("dump.hex", KSM_WEST);
    let args = ["watch", &dump, "--key-file", &folder.key(), "--config", &config, "--dry-run"];
    let ran = run(&args, b"");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let messages: String = ran
        .out
        .lines()
        .map(|line| line.split('\t').skip(1).collect::<Vec<_>>().join(" ") + "\n")
        .collect();
    assert_eq!(messages, MESSAGES);
}
