//! `config import`: the settings of older programs become a configuration, with each secret in a file of
//! its own. The settings here have the names and forms of those that each program comes with.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::common::{
    binary::{Ran, command, run_command},
    published::KEY,
    secrets::CANARY,
};
use tempfile::TempDir;

/// A folder with files of an older program.
struct OldFiles(TempDir);

impl OldFiles {
    fn new(files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `config` there; the home is empty.
    fn config(&self, args: &[&str]) -> Ran {
        let mut command = command(&[&["config"], args].concat());
        command.current_dir(self.0.path()).env("HOME", self.0.path());
        run_command(command, b"")
    }

    /// Imports to `new/config.toml`, and returns the configuration and the messages. No secret is in either,
    /// and the configuration has no mistake.
    fn import(&self, args: &[&str]) -> (String, String) {
        let ran = self.config(&[&["import", "-o", "new/config.toml"], args].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        let config = fs::read_to_string(self.path("new/config.toml")).unwrap();
        for secret in [KEY, CANARY] {
            for text in [&config, &ran.out, &ran.err] {
                assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{text}");
            }
        }
        assert_eq!(mode(&self.path("new/config.toml")), 0o644);
        for name in ["guek", "mqtt_password", "influx_token"].map(|name| format!("new/{name}")) {
            assert!(!self.path(&name).exists() || mode(&self.path(&name)) == 0o600, "{name}");
        }
        let check = self.config(&["check", "--config", "new/config.toml"]);
        assert_eq!((check.status, check.err.as_str()), (0, ""), "{config}");
        assert!(ran.out.contains("\nNext: meterpipe config check --config "), "{}", ran.out);
        (config, ran.err)
    }

    fn secret(&self, name: &str) -> String {
        fs::read_to_string(self.path("new").join(name)).unwrap_or_default()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Fails unless each of these stands in the text.
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

/// `meter.json` of Phil1pp/kaifareader with these members behind the usual ones.
fn kaifareader(parity: &str, others: &str) -> String {
    format!(
        "{{\n  \"loglevel\": \"logging.DEBUG\",\n  \"port\": \"/dev/ttyUSB1\",\n  \"baudrate\": 2400,\n  \
         \"parity\": \"serial.{parity}\",\n  \"stopbits\": \"serial.STOPBITS_ONE\",\n  \
         \"bytesize\": \"serial.EIGHTBITS\",\n  \"key_hex_string\": \"{KEY}\",\n  \
         \"supplier\": \"KSMWest\",\n  \"mqtt_enabled\": true,\n  \"mqtt_server\": \"192.168.0.99\",\n  \
         \"mqtt_port\": 1884,\n  \"mqtt_user\": \"anna\",\n  \"mqtt_password\": \"{CANARY} 1\",\n  \
         \"mqtt_basetopic\": \"house/kaifareader\",\n  \"influxdb_enabled\": true,\n  \
         \"influxdb_url\": \"http://192.168.0.99:8087\",\n  \"influxdb_token\": \"{CANARY}2==\",\n  \
         \"influxdb_org\": \"local\",\n  \"influxdb_bucket\": \"meters\",\n  \
         \"influxdb_measurement\": \"mine\",\n  \"file_export_enabled\": true,\n  \
         \"file_export_abspath\": \"/run/kaifareader/export.txt\"{others}\n}}\n"
    )
}

#[test]
fn kaifareader_goes_on_with_topics_fields_and_file() {
    let old = OldFiles::new(&[("meter.json", kaifareader("PARITY_NONE", ""))]);
    let (config, messages) = old.import(&["meter.json"]);
    has(
        &config,
        &[
            "source = \"/dev/ttyUSB1\"\n",
            "to = \"mqtt://192.168.0.99:1884/house/kaifareader\"\n",
            "user = \"anna\"\n",
            "energy_import_wh = \"RealEnergyIn\"\n",
            "to = \"influxdb://192.168.0.99:8087\"\n",
            "org = \"local\"\nbucket = \"meters\"\n",
            "measurement = \"mine\"\n",
            "to = \"solarview:/run/kaifareader/export.txt\"\n",
        ],
    );
    let secrets = ["guek", "mqtt_password", "influx_token"].map(|name| old.secret(name));
    assert_eq!(secrets, [format!("{KEY}\n"), format!("{CANARY} 1\n"), format!("{CANARY}2==\n")]);
    has(
        &messages,
        &[
            "config: settings of Phil1pp/kaifareader\n",
            "meter.json:2: loglevel is not carried over: ",
            "meter.json:5: parity becomes even: ",
        ],
    );
    let even = OldFiles::new(&[("meter.json", kaifareader("PARITY_EVEN", ""))]);
    let (same, messages) = even.import(&["meter.json"]);
    let without_folder =
        |text: &str, old: &OldFiles| text.replace(old.0.path().to_str().unwrap(), "");
    assert_eq!(without_folder(&same, &even), without_folder(&config, &old));
    assert!(!messages.contains("parity"), "{messages}");
}

#[test]
fn ports_that_only_pyserial_knows_are_translated_or_named() {
    for (port, source, message) in [
        ("socket://pi:3001", "tcp://pi:3001", "meter.json:3: port becomes tcp://pi:3001"),
        ("socket://pi:3001/?logging=debug", "tcp://pi:3001", "port becomes tcp://pi:3001"),
        ("rfc2217://10.0.0.7:2217", "tcp://10.0.0.7:2217", "no RFC 2217 is spoken"),
        ("COM3", "/dev/ttyUSB0", "COM ports belong to Windows"),
        (r"\\\\.\\com12", "/dev/ttyUSB0", "COM ports belong to Windows"),
        ("hwgrep://0403:6001", "/dev/ttyUSB0", "no source has such an address"),
        ("/dev/ttyAMA0", "/dev/ttyAMA0", "config: settings of"),
    ] {
        let text = kaifareader("PARITY_NONE", "").replace("/dev/ttyUSB1", port);
        let old = OldFiles::new(&[("meter.json", text)]);
        let (config, messages) = old.import(&["meter.json"]);
        has(&config, &[&format!("source = \"{source}\"\n")]);
        has(&messages, &[message]);
        assert_eq!(messages.contains("8E1, and"), source.starts_with("/dev"), "{messages}");
    }
    let text = kaifareader("PARITY_NONE", "").replace("/dev/ttyUSB1", "socket://pi");
    let old = OldFiles::new(&[("meter.json", text)]);
    let ran = old.config(&["import", "meter.json"]);
    has(&ran.err, &["meter.json:3: port: HOST:PORT is expected behind socket://"]);
}

#[test]
fn no_secret_is_taken_for_a_name_or_a_path() {
    let others = format!(",\n  \"{KEY}\": 1,\n  \"mqtt_{CANARY}{KEY}\": 1,\n  \"a b {CANARY}\": 1");
    let text = kaifareader("PARITY_EVEN", &others);
    let token = format!("{CANARY}0a1b2c3d4e5f");
    let text = text.replace(":8087\"", &format!(":8087/api/{token}\""));
    let old = OldFiles::new(&[("meter.json", text)]);
    let (config, messages) = old.import(&["meter.json"]);
    has(&config, &["to = \"influxdb://192.168.0.99:8087\"\n"]);
    has(&messages, &["meter.json:17: influxdb_url loses its path: ", "meter.json:24: … is not"]);
    let text = kaifareader("PARITY_EVEN", "").replace(":8087\"", ":8087/influx\"");
    let old = OldFiles::new(&[("meter.json", text)]);
    has(&old.import(&["meter.json"]).0, &["to = \"influxdb://192.168.0.99:8087/influx\"\n"]);
}

#[test]
fn messages_are_in_the_order_of_the_lines() {
    let others = ",\n  \"zzz\": 1,\n  \"aaa\": 1";
    let old = OldFiles::new(&[("meter.json", kaifareader("PARITY_NONE", others))]);
    let ran = old.config(&["import", "meter.json"]);
    let lines = ran.err.lines().filter_map(|line| line.split("meter.json:").nth(1));
    let lines: Vec<usize> =
        lines.map(|it| it.split(':').next().unwrap().parse().unwrap()).collect();
    assert!(lines.len() >= 7 && lines.is_sorted(), "{}", ran.err);
}

#[test]
fn selections_of_the_newer_image_are_those_of_the_sinks() {
    let others = ",\n  \"scale_factors\": {\"CurrentL1\": 40, \"CurrentL2\": 1},\n\
        \"mqtt_values\": {\"VoltageL1\": true, \"VoltageL2\": false, \"RealEnergyIn\": true,\n\
        \"PowerFactor\": true, \"DateAndTime\": true, \"DeviceNumber\": true, \"Odd\": true},\n\
        \"influxdb_values\": {\"RealPowerIn\": true},\n\"file_export_values\": {\"RealEnergyIn\": true}";
    let old = OldFiles::new(&[("meter.json", kaifareader("PARITY_EVEN", others))]);
    let (config, messages) = old.import(&["meter.json"]);
    has(
        &config,
        &[
            "fields = [\"voltage_l1_v\", \"energy_import_wh\", \"power_factor\", \"meter\"]\n",
            "voltage_l1_v = \"VoltageL1_V\"\n",
            "energy_import_wh = \"ActiveEnergyIn_Wh\"\n",
            "fields = [\"power_import_w\"]\n",
            "power_import_w = \"InstantaneousPowerIn_W\"\n",
        ],
    );
    assert!(!config.contains("voltage_l2_v"), "{config}");
    has(
        &messages,
        &[
            "the newer image",
            "scale_factors.CurrentL1 is not carried over: ",
            "mqtt_values.DateAndTime is not carried over: ",
            "mqtt_values.Odd is not carried over: ",
        ],
    );
    assert!(!messages.contains("CurrentL2"), "{messages}");
}

#[test]
fn kaifa_goes_on_with_its_one_export() {
    let with = |export: &str, key: &str| {
        format!(
            "{{\n  \"loglevel\": \"logging.INFO\",\n  \"logfile\": \"/var/log/kaifareader/kaifa.log\",\n  \
             \"port\": \"/dev/ttyUSB0\",\n  \"baudrate\": 2400,\n  \"parity\": \"serial.PARITY_NONE\",\n  \
             \"stopbits\": \"serial.STOPBITS_ONE\",\n  \"bytesize\": \"serial.EIGHTBITS\",\n  \
             \"key_hex_string\": \"{key}\",\n  \"interval\": 15,\n  \"supplier\": \"EVN\",\n  {export}\n}}\n"
        )
    };
    let file = "\"export_format\": \"SOLARVIEW\",\n  \"export_file_abspath\": \"/run/kaifa.txt\"";
    let old = OldFiles::new(&[("meter.json", with(file, ""))]);
    let (config, messages) = old.import(&["meter.json"]);
    has(&config, &["to = \"solarview:/run/kaifa.txt\"\n"]);
    assert!(!config.contains("mqtt") && !config.contains("key_file"), "{config}");
    has(&messages, &["meter.json:9: key_hex_string is not carried over: it is empty"]);
    let mqtt = format!(
        "\"export_format\": \"MQTT\",\n  \"export_mqtt_server\": \"broker\",\n  \
         \"export_mqtt_port\": 1883,\n  \"export_mqtt_user\": \"u\",\n  \
         \"export_mqtt_password\": \"{CANARY}\",\n  \"export_mqtt_basetopic\": \"kaifa\""
    );
    let old = OldFiles::new(&[("meter.json", with(&mqtt, KEY))]);
    let (config, _) = old.import(&["meter.json"]);
    has(&config, &["to = \"mqtt://broker/kaifa\"\n", "\"{base}/RealEnergyIn_S kWh\"\n"]);
    assert_eq!(old.secret("mqtt_password"), format!("{CANARY}\n"));
}

const SMARTMETERREADER: &str = "# Configuration\nmbus:\n    port: \"/dev/ttyUSB0\"\n    baudrate: 9600\n\n\
    encryption_key: \"<ENCRYPTION_KEY>\"\n\nmqtt:\n    broker: \"192.168.178.2\"\n    port: 1883\n    \
    user: \"mqtt\"\n    password: \"<PASSWORD>\"\n    client_id: \"SmartMeter\"\n    \
    data_topic: \"homeassistant/sensor/house/state\"\n\nhomeassistant:\n    config_topics:\n        \
    - config_topic: \"homeassistant/sensor/smartmeterE/config\"\n          config:\n              \
    name: \"SmartMeter Energy\"\n              dev_cla: \"energy\"\n              \
    stat_t: \"homeassistant/sensor/house/state\"\n              val_tpl: \"{{value_json.energie}}\"\n";

#[test]
fn smartmeterreader_never_goes_on_in_another_unit() {
    let with = |unit: &str| {
        let text =
            SMARTMETERREADER.replace("<ENCRYPTION_KEY>", KEY).replace("energie}}", "energy}}");
        format!("{text}              unit_of_measurement: \"{unit}\"\n")
    };
    let old = OldFiles::new(&[("config.yaml", with("Wh"))]);
    let ran = old.config(&["import", old.path("config.yaml").to_str().unwrap()]);
    assert_eq!(ran.status, 2);
    let why = "it says Wh, and energy_import_kwh would be written";
    assert!(ran.err.contains(why), "{}", ran.err);
    let old = OldFiles::new(&[("config.yaml", with("kWh"))]);
    let (config, _) = old.import(&["config.yaml"]);
    has(&config, &["energy_import_kwh = \"energy\"\n"]);
}

/// A value of `data_format.yaml`.
fn datum(name: &str, obis: &str, multiplier: &str) -> String {
    let line = match multiplier {
        "" => String::new(),
        multiplier => format!("      val_multiplier: {multiplier}\n"),
    };
    format!("    - name: \"{name}\"\n      obis: \"{obis}\"\n      format: \">7xI3xbxB\"\n{line}")
}

#[test]
fn smartmeterreader_goes_on_with_its_names_and_units() {
    let data = [
        "frame_format:\n    frame_size: 282\n    data:\n        start: 26\napdu_format:\n"
            .to_owned(),
        datum("energie", "0100010800ff", "0.001"),
        datum("zurueck", "0100020800FF", "0.001"),
        datum("leistung", "0100010700ff", ""),
        datum("halb", "0100200700ff", "0.5"),
        datum("anderes", "0100630700ff", ""),
    ]
    .concat();
    let config = SMARTMETERREADER.replace("<ENCRYPTION_KEY>", KEY).replace("<PASSWORD>", CANARY);
    let old = OldFiles::new(&[("config.yaml", config), ("data_format.yaml", data)]);
    let (both, messages) = old.import(&["config.yaml", "data_format.yaml"]);
    has(
        &both,
        &[
            "baud = \"9600\"\n",
            "to = \"mqtt://192.168.178.2\"\n",
            "topic = \"homeassistant/sensor/house/state\"\n",
            "\"energy_import_kwh\", \"energy_export_kwh\", \"power_import_w\", \"voltage_l1_v\",",
            "\"1-0:99.7.0\"",
            "[sink.units]\nenergy = \"kWh\"\n",
            "energy_import_kwh = \"energie\"\n",
            "power_import_w = \"leistung\"\n",
            "\"1-0:99.7.0\" = \"anderes\"\n",
            "[sink.ha_topics]\nenergy_import_kwh = \"homeassistant/sensor/smartmeterE/config\"\n",
            "[sink.ha_names]\nenergy_import_kwh = \"SmartMeter Energy\"\n",
        ],
    );
    assert_eq!(old.secret("guek"), format!("{KEY}\n"));
    has(
        &messages,
        &[
            "config.yaml:13: mqtt.client_id is not carried over: ",
            "data_format.yaml:20: apdu_format.3.val_multiplier is not carried over: ",
            "the parity, none in that program, becomes even: ",
        ],
    );
    // The program reads the other file in any case, so one name is enough.
    let (one, _) = {
        fs::remove_dir_all(old.path("new")).unwrap();
        old.import(&["config.yaml"])
    };
    assert_eq!(one, both);
}

#[test]
fn the_sample_of_smartmeterreader_is_a_configuration_without_a_key() {
    let old = OldFiles::new(&[("config.yaml", SMARTMETERREADER.to_owned())]);
    let (config, messages) = old.import(&["config.yaml"]);
    has(&config, &["energy_import_kwh = \"energy\"\n", "power_factor = \"powerfactor\"\n"]);
    has(&messages, &["encryption_key is not carried over: ", "without data_format.yaml"]);
    assert!(!old.path("new/guek").exists());
}

#[test]
fn variables_of_both_programs_are_a_broker_and_a_key() {
    let ma309 = format!("export P1_GUEK=\"{KEY}\"\nexport MQTT_HOST=\"192.168.1.10\" # ours\n");
    let old = OldFiles::new(&[("kaifa.env", ma309)]);
    let (config, _) = old.import(&["kaifa.env"]);
    has(
        &config,
        &[
            "source = \"/dev/ttyUSB0\"\n",
            "to = \"mqtt://192.168.1.10/smartmeter/kaifa_ma309\"\n",
            "topic = \"{base}/state\"\n",
        ],
    );
    assert_eq!(old.secret("guek"), format!("{KEY}\n"));
    let ha = format!(
        "# Copy this file\nSERIAL_KEY={KEY}\n\nMQTT_SERVER=localhost\nMQTT_PORT=1883\nMQTT_USER=u\n\
         MQTT_PASSWD={CANARY}\nHOST_USB_DEVICE=/dev/smartmeter_modbus\nINFLUX_TOKEN={CANARY}\n"
    );
    let compose = "services:\n  mosquitto:\n    image: mosquitto\n    environment:\n      - TZ=UTC\n  \
        mbus_to_usb:\n    build:\n      context: ./\n    devices:\n      \
        - \"${HOST_USB_DEVICE:-/dev/ttyUSB0}:/dev/ttyUSB0\"\n    environment:\n      \
        - SERIAL_KEY=${SERIAL_KEY}\n      - MQTT_SERVER=${MQTT_SERVER}\n      - MQTT_PORT=${MQTT_PORT}\n";
    let files = [(".env", ha), ("compose.yaml", compose.to_owned())];
    let alone = OldFiles::new(&files[1..]);
    let ran = alone.config(&["import", "compose.yaml"]);
    has(&ran.err, &["MQTT_SERVER: the settings name no server; compose.yaml takes variables from"]);
    let unit = "[Container]\nEnvironmentFile=a.env\nEnvironment=SERIAL_KEY=x\n";
    let alone = OldFiles::new(&[("a.container", unit.to_owned())]);
    let ran = alone.config(&["import", "a.container"]);
    has(&ran.err, &["no server; a.container:2: EnvironmentFile is not read: name it behind"]);
    for names in [&[".env"][..], &["compose.yaml"], &["compose.yaml", ".env"]] {
        let old = OldFiles::new(&files);
        let (config, messages) = old.import(names);
        has(
            &config,
            &[
                "source = \"/dev/smartmeter_modbus\"\n",
                "to = \"mqtt://localhost\"\n",
                "\"home/smart_meter/energy_in kWh 2\"\n",
            ],
        );
        has(&messages, &[".env:9: INFLUX_TOKEN is not carried over: it belongs to Telegraf"]);
        assert_eq!(old.secret("mqtt_password"), format!("{CANARY}\n"));
    }
}

#[test]
fn a_unit_and_a_script_have_a_command_line() {
    let unit = format!(
        "[Unit]\nDescription=Smart meter\n\n[Service]\nEnvironment=\"MQTT_PASS={CANARY} x\"\n\
         EnvironmentFile=/etc/kaifa.env\nExecStart=/usr/bin/python3 /opt/smartmeter_kaifa_ma309_ha_mqtt.py \\\n  \
         --port /dev/ttyUSB3 --baud 2400 --guek {KEY} --mqtt \\\n  --mqtt-user u --mqtt-base-topic haus/zaehler/\n\
         Restart=always\n"
    );
    let old = OldFiles::new(&[("smartmeter.service", unit)]);
    let (config, messages) = old.import(&["smartmeter.service"]);
    has(
        &config,
        &[
            "source = \"/dev/ttyUSB3\"\n",
            "to = \"mqtt://127.0.0.1/haus/zaehler\"\n",
            "user = \"u\"\n",
        ],
    );
    has(&messages, &["smartmeter.service:6: EnvironmentFile is not read: "]);
    assert_eq!(old.secret("mqtt_password"), format!("{CANARY} x\n"));
    let script = "#!/bin/sh\ncd /opt\nexec python3 ha_bridge.py --log_console X --mqtt_server=h\n";
    let old = OldFiles::new(&[("start.sh", script.to_owned())]);
    let (config, messages) = old.import(&["start.sh"]);
    has(&config, &["to = \"mqtt://h\"\n"]);
    has(&messages, &["start.sh:3: --log_console is not carried over: "]);
}

#[test]
fn a_command_line_has_the_meaning_that_it_had() {
    let old = OldFiles::new(&[("kaifa.env", format!("P1_GUEK={KEY}\nMQTT_PASS={CANARY}\n"))]);
    let script = "smartmeter_kaifa_ma309_ha_mqtt.py";
    let (config, messages) = old.import(&[
        "kaifa.env",
        "--",
        "python3",
        script,
        "--port",
        "/dev/x",
        "--mqtt",
        "--mqtt-host=h",
        "--mqtt-user",
        "u",
        "--colour",
        "--no-print",
    ]);
    has(&config, &["source = \"/dev/x\"\n", "to = \"mqtt://h/smartmeter/kaifa_ma309\"\n"]);
    has(&messages, &["config: --colour is not carried over: "]);
    assert!(!messages.contains("history"), "{messages}");
    for off in [&["--no-mqtt"][..], &["--no-mqtt", "--mqtt-host", "h"]] {
        let old = OldFiles::new(&[]);
        let (config, _) = old.import(&[&["--", script, "--port", "/dev/x"], off].concat());
        assert!(!config.contains("sink"), "{config}");
    }
    // A key that is typed is seen by others, and says so; it is not repeated.
    let old = OldFiles::new(&[]);
    let (_, messages) = old.import(&["--", "--serial_key", KEY, "--mqtt_server", "h"]);
    has(&messages, &["the command line shows a secret to other users"]);
    assert_eq!(old.secret("guek"), format!("{KEY}\n"));
}

/// A variable in the place of a value is not the value: `${MQTT_PASS}` opens no broker.
#[test]
fn variables_that_stand_for_values_are_filled_in() {
    let command = "smartmeter_kaifa_ma309_ha_mqtt.py --mqtt --port";
    let unit = format!(
        "[Service]\nEnvironment=MQTT_HOST=10.0.0.1 \"MQTT_PASS={CANARY} $5\"\nEnvironmentFile=/etc/kaifa.env\n\
         ExecStart=/usr/bin/python3 {command} ${{PORT}} --guek ${{P1_GUEK}} --mqtt-host ${{MQTT_HOST}} \
         --mqtt-user $MQTT_USER --mqtt-pass ${{MQTT_PASS}}\n"
    );
    let env = format!("P1_GUEK={KEY}\nMQTT_USER=$anna\nPORT=/dev/ttyUSB7\n");
    let script = format!(
        "#!/bin/bash\nkey={KEY}\nHOST=10.0.0.1; export MQTT_PASS='{CANARY} $5'\nexport MQTT_HOST=\"$HOST\"\n\
         MQTT_USER='$anna' python3 {command} ${{PORT:-/dev/ttyUSB7}} --guek \"$key\" --chunk \"$(nproc)\" &\n"
    );
    let files = [("a.service", unit), ("a.env", env), ("a.sh", script)];
    for names in [&["a.service", "a.env"][..], &["a.sh"]] {
        let old = OldFiles::new(&files);
        let (config, messages) = old.import(names);
        has(&config, &["\"/dev/ttyUSB7\"\n", "\"mqtt://10.0.0.1/smart", "user = \"$anna\"\n"]);
        assert_eq!(old.secret("guek"), format!("{KEY}\n"));
        assert_eq!(old.secret("mqtt_password"), format!("{CANARY} $5\n"));
        assert!(!messages.contains("HOST") && !messages.contains(": key"), "{messages}");
        let chunk =
            "a.sh:5: --chunk is not carried over: no file here sets the variable that is its value";
        assert_eq!(messages.contains(chunk), names == ["a.sh"], "{messages}");
    }
    let old = OldFiles::new(&files);
    let (_, messages) = old.import(&["a.service"]);
    for name in ["--guek", "--mqtt-user", "--port"] {
        has(&messages, &[&format!("a.service:4: {name} is not carried over: no file here sets ")]);
    }
    assert!(!old.path("new/guek").exists());
}

/// A command has variables in front of it, and a composition has some in other files.
#[test]
fn variables_of_a_command_and_of_a_composition() {
    let script = "smartmeter_kaifa_ma309_ha_mqtt.py --mqtt";
    let set = format!("P1_GUEK={KEY} MQTT_HOST=10.0.0.9");
    for text in [
        format!("[Service]\nExecStart=/usr/bin/env {set} python3 {script} --port /dev/x\n"),
        format!("@reboot {set} python3 {script} --port /dev/x >>/tmp/log 2>&1 &\n"),
        format!("#!/bin/sh\nexport {set} && exec python3 {script} --port=/dev/x\n"),
    ] {
        let old = OldFiles::new(&[("old", text)]);
        let (config, messages) = old.import(&["old"]);
        has(&config, &["source = \"/dev/x\"\n", "to = \"mqtt://10.0.0.9/smart"]);
        assert_eq!(old.secret("guek"), format!("{KEY}\n"));
        assert!(!messages.contains("not carried over"), "{messages}");
    }
    let compose = format!(
        "services:\n  mbus:\n    env_file: more.env\n    environment:\n      SERIAL_KEY: {KEY}\n      \
         MQTT_SERVER: \"$BROKER\"\n      MQTT_USER: u\n      MQTT_PASSWD: \"{CANARY}$$x #1\"\n"
    );
    let old = OldFiles::new(&[("compose.yaml", compose), (".env", "BROKER=10.1.1.1\n".to_owned())]);
    let (config, messages) = old.import(&["compose.yaml"]);
    has(&config, &["to = \"mqtt://10.1.1.1\"\n"]);
    has(&messages, &["compose.yaml:3: env_file is not read: name it behind this file"]);
    assert!(!messages.contains(".env:1: "), "{messages}");
    assert_eq!(old.secret("mqtt_password"), format!("{CANARY}$x #1\n"));
    // A word that may be a secret is told by its line alone.
    let old = OldFiles::new(&[(
        "old.sh",
        format!("#!/bin/sh\npython3 {script} --mqtt-host h {CANARY}\n"),
    )]);
    let (_, messages) = old.import(&["old.sh"]);
    has(&messages, &["old.sh:2: a word without an option is not carried over: "]);
}

/// A key file has labels in front of keys, and a key may have signs between its digits.
#[test]
fn a_key_with_signs_in_it_is_the_same_in_its_file() {
    let (start, end) = KEY.split_at(6);
    for key in [format!("{start}: {end}"), format!("{start}-{end}"), format!("0x{KEY}")] {
        let env = format!("SERIAL_KEY={key}\nMQTT_SERVER=localhost\n");
        let old = OldFiles::new(&[(".env", env)]);
        old.import(&[".env"]);
        assert_eq!(old.secret("guek").to_uppercase(), format!("{KEY}\n"), "{key}");
    }
}

/// The version of 2026 has another variable for its key, and other topics.
#[test]
fn the_files_of_the_newer_script_are_known() {
    let unit = "[Service]\nEnvironmentFile=/home/pi/kaifa/kaifa.env\nExecStart=/home/pi/kaifa/venv/bin/python \
        /home/pi/kaifa/kaifa_ma309_mbus_to_mqtt.py --port /dev/ttyUSB3 --baud 2400\n";
    let env = format!(
        "KAIFA_GUEK=\"{KEY}\"\n\nMQTT_HOST=\"192.168.30.2\"\nMQTT_PORT=\"1883\"\nMQTT_USER=\"u\"\n\
         MQTT_PASS=\"{CANARY}\"\n"
    );
    let files = [("kaifa.service", unit.to_owned()), ("kaifa.env", env)];
    for (names, source) in [
        (&["kaifa.service", "kaifa.env"][..], "/dev/ttyUSB3"),
        (&["kaifa.env"], "/dev/ttyUSB0"),
        (&["kaifa.env", "--", "kaifa_ma309_mbus_to_mqtt.py", "--port", "/dev/x"], "/dev/x"),
    ] {
        let old = OldFiles::new(&files);
        let (config, messages) = old.import(names);
        has(&config, &[&format!("source = \"{source}\"\n"), "to = \"mqtt://192.168.30.2\"\nuser"]);
        assert_eq!(old.secret("guek"), format!("{KEY}\n"));
        assert_eq!(old.secret("mqtt_password"), format!("{CANARY}\n"));
        has(
            &messages,
            &["the topics and entities of that program's version of 2026 do not go on: "],
        );
        assert!(!messages.contains("EnvironmentFile"), "{messages}");
    }
}

#[test]
fn the_scripts_of_green_mike_go_on_with_their_topics() {
    let json = |mqtt: bool, print: bool| {
        format!(
            "{{\n    \"port\": \"/dev/ttyS0\",\n    \"baudrate\": 2400,\n    \"key\": \"{KEY}\",\n    \
             \"printValue\": {print},\n    \"useMQTT\": {mqtt},\n    \"mqttbrokerip\": \"10.0.0.1\",\n    \
             \"mqttbrokerport\": \"1884\",\n    \"mqttbrokeruser\": \"u\",\n    \
             \"mqttbrokerpasswort\": \"{CANARY}\",\n    \"useInfluxdb\": false,\n    \"influxdbip\": \"\",\n    \
             \"influxdbport\":\"\" \n}}\n"
        )
    };
    let old = OldFiles::new(&[("config.json", json(true, false))]);
    let (config, messages) = old.import(&["config.json"]);
    has(&config, &["to = \"mqtt://10.0.0.1:1884", "Smartmeter", "WirkenergieBezug", "kWh\"\n"]);
    has(
        &messages,
        &["config.json:6: useMQTT counts now: ", "config.json:11: useInfluxdb is off: "],
    );
    assert_eq!(old.secret("mqtt_password"), format!("{CANARY}\n"));
    let old = OldFiles::new(&[("config.json", json(false, true))]);
    let (config, messages) = old.import(&["config.json"]);
    assert!(!config.contains("sink") && !old.path("new/mqtt_password").exists(), "{config}");
    has(&messages, &["config.json:6: useMQTT is off: "]);
    for (divided, is_kilo) in [("", false), ("/1000", true)] {
        let script = format!(
            "import serial\nevn_schluessel = \"{KEY}\"\nuseMQTT = True\nmqttBroker = \"192.168.1.10\"\n\
             mqttuser =\"\"\nmqttpasswort = \"\"\nprintValue = True\ncomport = \"/dev/ttyUSB0\"\nx = 1\n\
             while 1:\n    WirkenergieP = int(text,16){divided}\n"
        );
        let old = OldFiles::new(&[("EvnSmartmeterMQTT.py", script)]);
        let (config, messages) = old.import(&["EvnSmartmeterMQTT.py"]);
        has(&config, &["to = \"mqtt://192.168.1.10", "Smartmeter", "WirkenergieP"]);
        assert_eq!(config.contains("kWh\"\n"), is_kilo, "{config}");
        assert!(!messages.contains(".py:9"), "{messages}");
    }
}

#[test]
fn the_constants_of_smart_meter_readout_are_a_meter() {
    let script = |key: &str| {
        format!(
            "import serial\nimport os\nCOM_PORT = \"/dev/ttyUSB2\"\nBAUDRATE = 2400\n\
             PARITY = serial.PARITY_NONE\nSTOPBITS = serial.STOPBITS_ONE\nTIMEOUT = 3  # seconds\n\
             FRAME1_START_BYTE = b\"\\x68\"\nVNB_KEY = \"{key}\"\nENABLE_DATA_LOGGING = True\n\
             ser = serial.Serial(port=COM_PORT)\n"
        )
    };
    let old = OldFiles::new(&[("readout-smart-meter.py", script(KEY))]);
    let (config, messages) = old.import(&["readout-smart-meter.py"]);
    has(&config, &["source = \"/dev/ttyUSB2\"\n"]);
    has(
        &messages,
        &[".py:5: PARITY becomes even: ", ".py:10: ENABLE_DATA_LOGGING is not carried over"],
    );
    assert_eq!(old.secret("guek"), format!("{KEY}\n"));
    let old = OldFiles::new(&[("readout-smart-meter.py", script("<YOUR KEY>"))]);
    old.import(&["readout-smart-meter.py"]);
}

#[test]
fn without_an_output_nothing_is_written() {
    let old = OldFiles::new(&[("meter.json", kaifareader("PARITY_EVEN", ""))]);
    let ran = old.config(&["import", "meter.json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    has(&ran.out, &["key_file = ", "password_file = ", "token_file = "]);
    has(
        &ran.err,
        &[
            "meter.json:8: key_hex_string belongs in the file ",
            "meter.json:14: mqtt_password belongs in the file ",
            "meter.json:18: influxdb_token belongs in the file ",
            "nothing is written: -o FILE writes ",
        ],
    );
    let files = fs::read_dir(old.0.path()).unwrap();
    assert_eq!(files.count(), 1);
}

#[test]
fn nothing_is_overwritten_unless_that_is_wanted() {
    let old = OldFiles::new(&[("meter.json", kaifareader("PARITY_EVEN", ""))]);
    fs::create_dir(old.path("new")).unwrap();
    for name in ["guek", "config.toml"] {
        fs::write(old.path("new").join(name), "mine").unwrap();
        let ran = old.config(&["import", "-o", "new/config.toml", "meter.json"]);
        assert_eq!(ran.status, 2, "{}", ran.err);
        has(&ran.err, &[&format!("new/{name}: there is such a file; --force replaces it")]);
        let files = fs::read_dir(old.path("new")).unwrap();
        assert_eq!(files.count(), if name == "guek" { 1 } else { 2 });
        assert_eq!(old.secret("guek"), "mine");
    }
    let (config, _) = old.import(&["--force", "meter.json"]);
    assert!(config.contains("mqtt://"));
    for name in ["guek.old", "config.toml.old"] {
        assert_eq!(old.secret(name), "mine");
    }
    // The same again is no change.
    let ran = old.config(&["import", "-o", "new/config.toml", "meter.json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    // A folder in the place of the file: no secret is left beside it.
    for force in [&[][..], &["--force"]] {
        fs::create_dir_all(old.path("folder/here")).unwrap();
        let ran = old.config(&[&["import", "-o", "folder/here", "meter.json"], force].concat());
        assert_eq!(ran.status, 2, "{}", ran.err);
        has(&ran.err, &["folder/here: a folder, not a file"]);
        assert_eq!(fs::read_dir(old.path("folder")).unwrap().count(), 1);
    }
}

#[test]
fn damage_is_named_with_its_line() {
    let good = kaifareader("PARITY_EVEN", "");
    for (name, text, message) in [
        (
            "meter.json",
            good.replace("\"/dev/ttyUSB1\",", "\"/dev/ttyUSB1\""),
            "meter.json: line 4: JSON: ",
        ),
        ("meter.json", good[..300].to_owned(), "meter.json: line "),
        (
            "meter.json",
            good.replace("1884", "\"x\""),
            "meter.json:12: mqtt_port: a port is expected",
        ),
        (
            "meter.json",
            good.replace("http://", ""),
            "meter.json:17: influxdb_url: http://HOST:PORT is expected",
        ),
        (
            "meter.json",
            good.replace("/run/", "run/"),
            "file_export_abspath: the whole path is expected",
        ),
        (
            "meter.json",
            good.replace("192.168.0.99\"", "mqtt://u:c4nary@h\""),
            "meter.json:11: mqtt_server: the name of a server",
        ),
        ("meter.json", good.replace("house/", "house/#/"), "meter.json:11: mqtt_server: "),
        // A line that ran into the next one.
        (
            "x.env",
            format!("P1_GUEK={KEY}\nMQTT_HOST=hostMQTT_PASS={CANARY}\nMQTT_USER=u\n"),
            "x.env:2: MQTT_HOST: the name of a server is expected",
        ),
        (
            "meter.json",
            good.replace("mqtt_server", "mqtt_sever"),
            "meter.json:11: mqtt_sever: did you mean mqtt_server?",
        ),
        (
            "meter.json",
            good.replace("influxdb_url", "influx_url"),
            "influxdb_url: the settings name no server",
        ),
        (
            "meter.json",
            good.replace("export_abspath", "export_abs_path"),
            "meter.json:23: file_export_abs_path: did you mean file_export_abspath?",
        ),
        (
            "config.yaml",
            SMARTMETERREADER.replace("    port: 1883", "\tport: 1883"),
            "config.yaml: line 10: YAML: ",
        ),
        (
            "config.yaml",
            SMARTMETERREADER.replace("broker:", "broker"),
            "config.yaml: line 9: YAML: ",
        ),
        ("x.env", format!("P1_GUEK={KEY}\nMQTT_PASS {CANARY}\n"), "x.env: "),
        (
            "x.txt",
            "hello\n".to_owned(),
            "no settings of a known program; known are tirolerstefan/kaifa, ",
        ),
        ("x.txt", String::new(), "no settings of a known program"),
        (
            "AusleseSkript.py",
            "import json\nname = 'x'\nwhile True:\n    WirkenergieP = int(text,16)/1000\n"
                .to_owned(),
            "this script has its settings in config.json: name that file",
        ),
        ("x.toml", "[[meter]]\nsource = \"x\"\n".to_owned(), "no settings of a known program"),
    ] {
        let old = OldFiles::new(&[(name, text)]);
        let ran = old.config(&["import", "-o", "new/config.toml", name]);
        assert_eq!(ran.status, 2, "{message}: {}", ran.err);
        has(&ran.err, &[message]);
        assert!(!old.path("new").exists(), "{message}");
    }
    let old = OldFiles::new(&[("meter.json", good), ("config.yaml", SMARTMETERREADER.to_owned())]);
    for (args, message) in [
        (&["import"][..], "name a file, or a command line behind --"),
        (&["import", "none.json"], "none.json: no such file"),
        (
            &["import", "meter.json", "config.yaml"],
            "belongs to lgraho/smartmeterreader, and what precedes it",
        ),
        (&["import", "--", "--help"], "no option of a program that is known here"),
        (&["import", "--config", "x", "meter.json"], "--config belongs to check and show"),
        (&["check", "meter.json"], "a file without an option belongs to import"),
        (&["show", "-o", "x"], "--output and --force belong to import"),
    ] {
        let ran = old.config(args);
        assert_eq!(ran.status, 2, "{message}: {}", ran.err);
        has(&ran.err, &[message]);
    }
}

#[test]
fn a_foreign_configuration_is_named_wherever_it_is_given() {
    let good = kaifareader("PARITY_EVEN", "");
    let torn = good[..400].to_owned();
    let env = format!("P1_GUEK={KEY}\nMQTT_HOST=\"h\"\n");
    let files = [
        ("meter.json", good, "Phil1pp/kaifareader"),
        ("torn.json", torn, "Phil1pp/kaifareader"),
        ("config.yaml", SMARTMETERREADER.to_owned(), "lgraho/smartmeterreader"),
        ("kaifa.env", env, "samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant"),
    ];
    for (name, text, program) in files {
        let old = OldFiles::new(&[(name, text)]);
        let message = format!(
            "{name}: the configuration of {program}; meterpipe config import {name} translates it"
        );
        has(&old.config(&["check", "--config", name]).err, &[&message]);
        let mut watch = command(&["watch", "--config", name]);
        watch.current_dir(old.0.path());
        let ran = run_command(watch, b"");
        assert_eq!(ran.status, 2);
        has(&ran.err, &[&message]);
    }
    // A mistake in a configuration of this program stays one.
    let old = OldFiles::new(&[(
        "c.toml",
        "[[sink]]\nto = \"mqtt://h\"\nmqtt_server = \"h\"\n".to_owned(),
    )]);
    has(&old.config(&["check", "--config", "c.toml"]).err, &["c.toml: line 3: "]);
}
