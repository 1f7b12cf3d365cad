//! stefanu21/SmartMeterReadout: its console block, and the comments of the XML that its README shows.
//!
//! The older program (commit 5de0883, with gurux_dlms 1.0.203) read the telegram from a pseudo-terminal.

use std::path::Path;

use super::KSM_WEST;
use crate::common::{
    binary::{METERPIPE, command, ran, run_command},
    published::Folder,
};

/// Its time was that of the machine, less two seconds; here stands the meter's.
const BLOCK: &str = "
Timestamp:         2026-06-21 17:00:00
VoltageL1:         234.3 V
VoltageL2:         233.1 V
VoltageL3:         234.9 V
CurrentL1:         4.11 A
CurrentL2:         4.65 A
CurrentL3:         4.49 A
RealPower:         -3104 W
RealPowerIn:       0 W
RealPowerOut:      3104 W
RealEnergyIn:      5693.123 kWh
RealEnergyOut:     14388.343 kWh
ReactiveEnergyIn:  19.942 kvar
ReactiveEnergyOut: 2386.842 kvar
";

#[test]
fn the_script_prints_the_same_block_and_messages_have_a_time_in_a_file() {
    let folder = Folder::new();
    let dump = folder.write("dump.hex", format!("{KSM_WEST}\n{KSM_WEST}\n"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/older/SmartMeterReadout.sh");
    let programs = Path::new(METERPIPE).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let log = std::fs::File::create(folder.path("readout.log")).unwrap();
    let mut script_run = std::process::Command::new("sh");
    script_run.arg(script).args([&dump, "--key-file", &folder.key(), "--verbose"]);
    script_run.env_clear().env("PATH", format!("{programs}:{path}")).stderr(log);
    let ran = ran(script_run.output().unwrap());
    assert_eq!(ran.out, BLOCK.repeat(2));
    let log = std::fs::read_to_string(folder.path("readout.log")).unwrap();
    assert!(!log.is_empty());
    for line in log.lines() {
        let (time, _) = line.split_once(' ').unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{line}");
    }
}

const FIELDS: &str = "--fields=voltage_l1_v,power_net_w,energy_import_wh,meter";
const NAMES: &str = "--names=voltage_l1_v=VoltageL1,power_net_w=RealPower";
const MORE: &str = "--names=energy_import_wh=Real, Energy:,meter=Zähler";

#[test]
fn names_hold_in_every_format_that_prints_names() {
    let folder = Folder::new();
    let decode = |format: &str, names: &[&str]| {
        // The units of json are always those of the meter.
        let unit: &[_] = if format == "json" { &[] } else { &["--unit", "energy=kWh"] };
        folder.decode(&[&["--format", format], unit, names].concat(), KSM_WEST)
    };
    let names = [FIELDS, NAMES, "--names", "energy_import_wh=Energy:,meter=Zähler"];
    let time = "2026-06-21T17:00:00+02:00";
    for (format, expected) in [
        (
            "table",
            format!(
                "{time}  meter 1KFM0200752619  device KFM1200200752619\n  \
                 VoltageL1    234.3    V\n  RealPower  -3104      W\n  Energy:     5693.123  kWh\n  \
                 Zähler     1KFM0200752619\n"
            ),
        ),
        (
            "lines",
            format!(
                "{time}\t1KFM0200752619\t1-0:32.7.0\tVoltageL1\t234.3\tV\n\
                 {time}\t1KFM0200752619\t-\tRealPower\t-3104\tW\n\
                 {time}\t1KFM0200752619\t1-0:1.8.0\tEnergy:\t5693.123\tkWh\n\
                 {time}\t1KFM0200752619\t-\tZähler\t1KFM0200752619\t-\n"
            ),
        ),
        (
            "csv",
            "VoltageL1,RealPower,Energy:,Zähler\n234.3,-3104,5693.123,1KFM0200752619\n".to_owned(),
        ),
        (
            "json",
            "{\"VoltageL1\":234.3,\"RealPower\":-3104,\"Energy:\":5693123,\
             \"Zähler\":\"1KFM0200752619\"}\n"
                .to_owned(),
        ),
        (
            "influx",
            "smartmeter,meter=1KFM0200752619 VoltageL1=234.3,RealPower=-3104i,Energy:=5693.123 \
             1782054000000000000\n"
                .to_owned(),
        ),
    ] {
        let ran = decode(format, &names);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{format}");
        assert_eq!(ran.out, expected, "{format}");
    }
    // Without a choice of fields the others keep their names.
    let whole = decode("json", &[NAMES]).out;
    assert_eq!(
        whole,
        decode("json", &[])
            .out
            .replace("\"voltage_l1_v\"", "\"VoltageL1\"")
            .replace("\"power_net_w\"", "\"RealPower\"")
    );
}

#[test]
fn a_name_that_cannot_be_given_is_refused_before_anything_is_read() {
    let folder = Folder::new();
    for (args, message) in [
        (
            &["--names", "voltage_l1=U"][..],
            "no field is called voltage_l1: did you mean voltage_l1_v?",
        ),
        (&["--names", "U"], "U: expected FIELD=NAME, as in voltage_l1_v=VoltageL1"),
        (&[NAMES, "--format", "xml"], "--names: xml has names of its own"),
        (&[NAMES, "--format", "solarview"], "--names: solarview has names of its own"),
        (&[NAMES, "--format", "prometheus"], "--names: prometheus has names of its own"),
        (&[MORE], " Energy:: expected FIELD=NAME, as in voltage_l1_v=VoltageL1"),
    ] {
        let ran = folder.decode(args, KSM_WEST);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(message), "{args:?}: {}", ran.err);
    }
}

/// As the translator printed the same telegram, with the time zone Europe/Vienna.
#[test]
fn comments_of_xml_are_those_of_the_readme() {
    let folder = Folder::new();
    let ran = folder.decode(&["--format", "xml", "--comments=gurux"], KSM_WEST);
    let comments: Vec<_> = ran.out.lines().filter(|line| line.contains("<!--")).collect();
    assert_eq!(
        comments[..8].iter().map(|line| line.trim()).collect::<Vec<_>>(),
        [
            "<!--06/21/26 17:00:00-->",
            "<!--0.0.1.0.0.255-->",
            "<!--06/21/26 17:00:00-->",
            "<!--0.0.96.1.0.255-->",
            "<!--bytearray(b'1KFM0200752619')-->",
            "<!--0.0.42.0.0.255-->",
            "<!--bytearray(b'KFM1200200752619')-->",
            "<!--1.0.32.7.0.255-->",
        ]
    );
    let plain = folder.decode(&["--format", "xml", "--comments"], KSM_WEST).out;
    assert!(plain.contains("<!--2026-06-21T17:00:00+02:00-->\n"), "{plain}");
    let refused = run_command(command(&["decode", "--comments=html"]), b"");
    assert_eq!(refused.status, 2, "{}", refused.err);
}
