//! Phil1pp/kaifareader, commits de182b2 (with paho-mqtt 1.6.1) and deb079c (with 2.2.0): both run as they are, with
//! mosquitto 2.0.11 and a pseudo-terminal.

use super::{KSM_WEST, KSM_WEST_ZEROS, check_values};

const BASE: &str = "kaifareader";

#[test]
fn the_version_without_values_in_its_configuration_is_matched() {
    let theirs = [
        "VoltageL1 234.3",
        "VoltageL2 233.1",
        "VoltageL3 234.9",
        "CurrentL1 4.11",
        "CurrentL2 4.65",
        "CurrentL3 4.49",
        "RealPowerIn 0",
        "RealPowerOut 3104",
        "RealEnergyIn 5693123",
        "RealEnergyOut 14388343",
        "ReactiveEnergyInductive 19942",
        "ReactiveEnergyCapacitive 2386842",
        "DeviceNumber 1KFM0200752619",
        "DeviceName KFM1200200752619",
    ];
    check_values("kaifareader.toml", KSM_WEST, BASE, &theirs);
    let theirs = [
        "VoltageL1 233.0",
        "VoltageL2 234.0",
        "VoltageL3 234.4",
        "CurrentL1 2.86",
        "CurrentL2 3.20",
        "CurrentL3 3.23",
        "RealPowerIn 0",
        "RealPowerOut 2173",
        "RealEnergyIn 5693123",
        "RealEnergyOut 14391000",
        "ReactiveEnergyInductive 19942",
        "ReactiveEnergyCapacitive 2386985",
        "DeviceNumber 1KFM0200752619",
        "DeviceName KFM1200200752619",
    ];
    check_values("kaifareader.toml", KSM_WEST_ZEROS, BASE, &theirs);
}

#[test]
fn the_version_with_values_in_its_configuration_is_matched() {
    let theirs = [
        "VoltageL1_V 233.0",
        "VoltageL2_V 234.0",
        "VoltageL3_V 234.4",
        "CurrentL1_A 2.86",
        "CurrentL2_A 3.2",
        "CurrentL3_A 3.23",
        "InstantaneousPowerIn_W 0",
        "InstantaneousPowerOut_W 2173",
        "ActiveEnergyIn_Wh 5693123",
        "ActiveEnergyOut_Wh 14391000",
        "ReactiveEnergyInductive_var 19942",
        "ReactiveEnergyCapacitive_var 2386985",
        "DeviceNumber 1KFM0200752619",
        "DeviceName KFM1200200752619",
    ];
    check_values("kaifareader-newer.toml", KSM_WEST_ZEROS, BASE, &theirs);
}
