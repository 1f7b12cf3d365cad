//! The seeds of every reader: the simulator's telegrams, short texts, the findings in
//! `tests/data/fuzz`, and the corpus of real telegrams where it stands beside the project.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        event::StageEvent,
        unframe::Unframe,
    },
    cipher::key_file,
    cosem::clock::VIENNA,
    format::{
        entry::{Format, OutputTelegram},
        json::Json,
    },
    hex::dump::{Dump, HexRun},
    reading::telegram::Telegram,
    record::{Attributes, Place, Record, RecordKind, Time},
    source::simulator::{
        meter::MeterKind,
        push::{PushOptions, Simulator},
    },
};

/// Octets for a reader.
pub struct Seed {
    pub reader: &'static str,
    pub name: String,
    pub octets: Vec<u8>,
}

/// The readers that have seeds.
pub const NAMES: [&str; 17] = [
    "stream",
    "hex_dump",
    "record",
    "apdu",
    "key_file",
    "config",
    "older",
    "sink_uri",
    "mqtt",
    "http_response",
    "http_request",
    "spool",
    "readings",
    "portal",
    "explain",
    "diagnosis",
    "layout",
];

/// The published example key of Netz NÖ, which the simulator uses as well.
pub const EXAMPLE_KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";

/// All seeds.
pub fn all() -> Vec<Seed> {
    let mut seeds = vec![];
    let mut add = |reader, name: &str, octets: Vec<u8>| {
        seeds.push(Seed { reader, name: name.to_owned(), octets });
    };
    for meter in MeterKind::ALL {
        for tagged in [false, true] {
            let start = Timestamp::from_second(1_790_000_000).unwrap();
            let gak = tagged.then(|| std::array::from_fn(|i| i as u8).into());
            let options = PushOptions { seed: 7, gak, ..PushOptions::new(meter, start) };
            let mut line = vec![];
            Simulator::new(options).push(&mut line);
            from_line(&format!("{meter}-{tagged}"), &line, &mut add);
        }
    }
    for (reader, name, text) in TEXTS {
        add(reader, name, text.as_bytes().to_vec());
    }
    for (name, octets) in BROKERS {
        add("mqtt", name, octets.concat());
    }
    let root = &root();
    let line = hex::decode(read(&root.join("tests/data/netznoe-doc-2021.hex")).replace('\n', ""));
    from_line("published", &line.unwrap(), &mut add);
    for path in files(&root.join("tests/data/dumps")) {
        add("hex_dump", &name(&path), fs::read(&path).unwrap());
    }
    for path in files(&root.join("layouts")) {
        add("layout", &name(&path), fs::read(&path).unwrap());
    }
    for reader in NAMES {
        for path in files(&root.join("tests/data/fuzz").join(reader)) {
            add(reader, &name(&path), fs::read(&path).unwrap());
        }
    }
    for path in files(&root.join("../shared/corpus")) {
        let name = name(&path);
        if name.ends_with(".hex") {
            let text = fs::read(&path).unwrap();
            let (mut dump, mut run) = (Dump::default(), HexRun::default());
            for line in text.split(|octet| *octet == b'\n') {
                let _ = dump.line(line, true, &mut run);
            }
            from_line(&name, &run.octets, &mut add);
            add("hex_dump", &name, text);
        } else if name.ends_with(".expected.json") {
            for (at, part) in read(&path).split("\"plaintext\": \"").skip(1).enumerate() {
                let digits = part.split('"').next().unwrap_or_default();
                if let Ok(apdu) = hex::decode(digits) {
                    from_apdu(&format!("{name}-{at}"), &apdu, &mut add);
                }
            }
        }
    }
    seeds
}

/// Adds the seeds that follow from the octets of a line.
fn from_line(name: &str, line: &[u8], add: &mut impl FnMut(&'static str, &str, Vec<u8>)) {
    for piece in [64, 3] {
        add("stream", &format!("{name}-{piece}"), [&[piece], line].concat());
    }
    add("hex_dump", name, hex::encode(line).into_bytes());
    for reader in ["explain", "diagnosis"] {
        add(reader, name, [&[0], line].concat());
    }
    add("record", name, written(RecordKind::Raw, line));
    let (time, attributes) = (Time::UNKNOWN, Attributes::default());
    let raw = Record { time, kind: RecordKind::Raw, octets: line, attributes };
    Unframe::default().feed(&raw, Place::Live, &mut |event: StageEvent<'_>| {
        if let StageEvent::Record(record, _) = event {
            from_apdu(&format!("{name}-ciphered"), record.octets, add);
        }
    });
    let mut decode = Decode::with_keys(key_file::parse(EXAMPLE_KEY).unwrap());
    decode.push(line, &mut |event: DecodeEvent<'_>| {
        if let DecodeEvent::Telegram { record, .. } = event {
            from_apdu(&format!("{name}-plain"), record.octets, add);
        }
    });
}

/// Adds the seeds that follow from an APDU.
fn from_apdu(name: &str, apdu: &[u8], add: &mut impl FnMut(&'static str, &str, Vec<u8>)) {
    add("apdu", name, apdu.to_vec());
    add("explain", name, [&[0], apdu].concat());
    add("record", name, written(RecordKind::Apdu, apdu));
    if let Ok(telegram) = Telegram::parse(apdu) {
        let (received, attributes) = (Time::UNKNOWN, Attributes::default());
        let entry = OutputTelegram { telegram: &telegram, zone: &VIENNA, received, attributes };
        let mut line = vec![];
        Json::new(None, false).entry(&entry, &mut line);
        add("readings", name, line);
    }
}

fn written(kind: RecordKind<'_>, octets: &[u8]) -> Vec<u8> {
    let (time, attributes) = (Time::UNKNOWN, Attributes::default());
    let mut text = vec![];
    Record { time, kind, octets, attributes }.write(&mut text);
    text
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// All files below a folder, none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.append(&mut files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The answers of brokers, each with the octet that chooses the version and the cut.
const BROKERS: [(&str, &[&[u8]]); 6] = [
    (
        "five",
        &[
            &[0xf8],
            &[0x20, 0x0d, 0, 0, 0x0a, 0x21, 0, 5, 0x24, 1, 0x25, 1, 0x13, 0, 60],
            &[0x90, 4, 0, 1, 0, 0],
            &[0x40, 2, 0, 2],
            &[0x40, 3, 0, 3, 0x87],
            &[0x30, 14, 0, 5, b'b', b'i', b'r', b't', b'h', 0, b'o', b'n', b'l', b'i', b'n', b'e'],
            &[0xd0, 0],
            &[0x40, 4, 0, 4, 0x10, 0],
            &[0xe0, 2, 0x8e, 0],
        ],
    ),
    (
        "five-in-pieces",
        &[&[0x06], &[0x20, 3, 0, 0, 0], &[0x40, 2, 0, 2], &[0x31, 4, 0, 1, b'a', 0]],
    ),
    (
        "three",
        &[
            &[0x11],
            &[0x20, 2, 0, 0],
            &[0x90, 3, 0, 1, 0],
            &[0x40, 2, 0, 2],
            &[0x30, 4, 0, 1, b'a', b'x'],
            &[0, 0xff],
            &[0x20, 2, 1, 0],
            &[0xd0, 0],
        ],
    ),
    // The library panics on a repeated PUBLISH with QoS 2 and the identifier 0.
    (
        "five-without-identifier",
        &[
            &[0xfa],
            &[0x20, 3, 0, 0, 0],
            &[0x34, 8, 0, 1, b'a', 0, 0, 0, b'x', b'y'],
            &[0x34, 8, 0, 1, b'a', 0, 0, 0, b'x', b'y'],
        ],
    ),
    (
        "three-without-identifier",
        &[
            &[0xf9],
            &[0x20, 2, 0, 0],
            &[0x34, 7, 0, 1, b'a', 0, 0, b'x', b'y'],
            &[0x34, 7, 0, 1, b'a', 0, 0, b'x', b'y'],
        ],
    ),
    (
        "properties",
        &[
            &[0xfa],
            &[0x20, 26, 0, 0, 23, 0x11, 0, 0, 0, 1, 0x22, 0, 4, 0x27, 0, 0, 4, 0, 0x1f, 0, 1],
            &[b'r', 0x26, 0, 1, b'a', 0, 1, b'b', 0x2a, 1],
            &[
                0x30, 20, 0, 1, b'a', 16, 1, 1, 2, 0, 0, 0, 9, 0x23, 0, 1, 0x0b, 1, 3, 0, 1, b't',
                b'x',
            ],
            &[0x90, 11, 0, 1, 7, 0x1f, 0, 4, b't', b'e', b'x', b't', 0x80],
            &[0xe0, 9, 0x9c, 7, 0x1c, 0, 4, b'h', b'o', b's', b't'],
        ],
    ),
];

const TEXTS: [(&str, &str, &str); 44] = [
    ("key_file", "one", "36C66639E48A8CA4D6BC8B282A793BBB\n"),
    ("key_file", "spaces", "36 C6 66 39 E4 8A 8C A4 D6 BC 8B 28 2A 79 3B BB"),
    (
        "key_file",
        "columns",
        "# home\n4b464d6750000009 36C66639E48A8CA4D6BC8B282A793BBB 000102030405060708090A0B0C0D0E0F\n\
         181220000009 0x36C66639E48A8CA4D6BC8B282A793BBB # house\n",
    ),
    (
        "config",
        "home",
        "[[meter]]\nname = \"house\"\nsource = \"/dev/ttyUSB0\"\nbaud = 9600\nparity = 'even'\n\
         [[sink]]\nto = \"mqtt://broker:1884/base\"\nretain = true\n\
         fields = [\"time\", \"power_net_w\"]\nnames = { power_net_w = \"Leistung\" }\n\
         bands = { power_net_w = 10.50 }\nevery = '5m'\n",
    ),
    (
        "config",
        "files",
        "[[meter]]\nsource = 'tcp://10.0.0.1:8234'\nkey_file = '/etc/k'\n\
         [[sink]]\nto = 'file:/var/%Y.csv'\n[[sink]]\nto = 'influxdb://h?db=d'\nuser = 'a'\n",
    ),
    ("config", "inline", "meter = [{name='a', source=\"\\u00e4\"}]\nsink = [{to='solarview:x'}]\n"),
    (
        "older",
        "json",
        "{\"port\": \"/dev/ttyUSB0\", \"parity\": \"serial.PARITY_NONE\", \"key_hex_string\": \"00\",\n\
         \"mqtt_enabled\": true, \"mqtt_server\": \"h\", \"mqtt_port\": 1883, \"mqtt_basetopic\": \"b\",\n\
         \"mqtt_values\": {\"VoltageL1\": true}, \"influxdb_enabled\": true,\n\
         \"influxdb_url\": \"http://h:8086\", \"influxdb_bucket\": \"x\", \"influxdb_token\": \"t\"}\n",
    ),
    (
        "older",
        "solarview",
        "{\"key_hex_string\": \"\", \"interval\": 15, \"export_format\": \"SOLARVIEW\",\n\
         \"export_file_abspath\": \"/run/%4?{x}@\"}",
    ),
    (
        "older",
        "yaml",
        "mbus:\n    port: '/dev/ttyUSB0' # x\nencryption_key: \"0\\x41\"\nmqtt:\n    broker: h\n\
         \x20   data_topic: \"a/b\"\napdu_format:\n    - name: energy\n      obis: \"0100010800ff\"\n\
         \x20     val_multiplier: 0.001\n    - name: x\n      obis: 0100630700ff\n",
    ),
    ("older", "variables", "export P1_GUEK=\"0 0\"\nMQTT_HOST=h # x\nMQTT_PORT='1884'\n"),
    (
        "older",
        "unit",
        "[Service]\nEnvironment=SERIAL_KEY=00 \"MQTT_PASSWD=x y\"\nExecStart=python3 /x/ha_bridge.py \\\n\
         --mqtt_server=h --mqtt_p 1 --log_console\n",
    ),
    (
        "older",
        "compose",
        "services:\n  m:\n    devices:\n    - \"${D:-/dev/a}:/dev/b\"\n    environment:\n\
         \x20     SERIAL_KEY: ${K-00}\n      MQTT_SERVER: h\n",
    ),
    (
        "older",
        "script",
        "import serial\nevn_schluessel = \"x\" # y\nuseMQTT = True\nmqttBroker = '1.2.3.4'\ncomport = \"c\"\n",
    ),
    (
        "older",
        "sagemcom",
        "{\"key\": null, \"printValue\": [1, {}], \"useMQTT\": \"x\", \"mqttbrokerip\": \"::1\",\n\
         \"useInfluxdb\": 1, \"influxdbip\": \"h\", \"influxdbport\": \"\"}",
    ),
    (
        "sink_uri",
        "mqtt",
        "mqtt://anna:p%40ss@broker.home:1884/house/meter?retain&qos=1&every=10s&names.power_net_w=P",
    ),
    ("sink_uri", "discovery", "mqtt://[::1]/a?discovery=homeassistant&bands.power_net_w=10.5"),
    (
        "sink_uri",
        "template",
        "mqtt://h?layout=adapter&numbers=short&payloads.a/{meter}={\"x\":{power_net_w kW 3},\"t\":\"{time utc}\"}",
    ),
    ("sink_uri", "influx", "influxdb://anna:x@h:8086/p?db=house&precision=s&tags.a=b"),
    ("sink_uri", "bucket", "influxdb://h?org=home&bucket=house&token=t&gap=1h"),
    ("sink_uri", "prometheus", "prometheus://0.0.0.0:9100?stale=1m"),
    ("sink_uri", "udp", "udp://[::1]:7000?format=shrdzm&id=84CCA8A411EB"),
    ("sink_uri", "exec", "exec:/usr/bin/sqlite3?args=-batch,a\\,b&env.HOME=/x&format=lines"),
    ("sink_uri", "webhook", "webhook+https://u:p@h:1/a%3fb=c?headers.X-Key=v&path=/x&retry=5s"),
    ("sink_uri", "solarview", "solarview:/tmp/sv/{meter}.txt?every=5m"),
    ("sink_uri", "csv", "file:/var/a%20b-{date}.csv?format=csv&on_change=power_net_w&fields=time"),
    (
        "http_response",
        "bad-request",
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 43\r\n\r\n\
         {\"error\":\"partial write: field type geheim\"}",
    ),
    ("http_response", "stored", "HTTP/1.1 204 No Content\r\nX-Influxdb-Version: 1.8\r\n\r\n"),
    (
        "http_response",
        "chunked",
        "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n\
         4\r\nbusy\r\n0\r\n\r\n",
    ),
    (
        "http_response",
        "date",
        "HTTP/1.1 429 Slow\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\nslow",
    ),
    ("http_response", "redirect", "HTTP/1.0 301 Moved\r\nLocation: http://x/\r\n\r\n"),
    (
        "http_request",
        "get",
        "GET /metrics HTTP/1.1\r\nHost: h:9100\r\nUser-Agent: Prometheus/2.53\r\n\
         Accept: text/plain;version=0.0.4;q=0.5\r\nAccept-Encoding: gzip\r\n\r\n",
    ),
    ("http_request", "head", "HEAD /metrics?a=b HTTP/1.0\r\n\r\n"),
    (
        "http_request",
        "openmetrics",
        "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text;version=1.0.0;\
         q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n\r\n",
    ),
    ("http_request", "index", "GET / HTTP/1.1\r\nHost: 127.0.0.1:9888\r\n\r\n"),
    ("http_request", "health", "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
        "http_request",
        "data",
        "GET /data.json?meter=a+b%22%0a&x=%zz HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    ),
    ("http_request", "first", "GET /data.json HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("http_request", "post", "POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
    (
        "portal",
        "start-and-end",
        "\u{feff}Datum von;Datum bis;Verbrauch (kWh);Status\r\n\
         25.10.2026 02:45;25.10.2026 02:00;0,125;VALID\r\n\
         25.10.2026 02:00;25.10.2026 02:15;0,100;VALID\r\n",
    ),
    (
        "portal",
        "day-and-time",
        "\"Datum\",\"Uhrzeit\",\"Wert [Wh]\"\n\"2026-03-29\",\"01:45\",\"7.5\"\n\
         \"2026-03-29\",\"03:00\",\"\"\n\"2026-03-29\",\"03:15\",\"x\"\n",
    ),
    ("spool", "sound", "9ed90d3d m,meter=7 power_net_w=0i 0\n"),
    ("spool", "damaged", "9ed90d3d m,meter=7 power_net_w=1i 0\n00000000 \n9ed90d3d m"),
    (
        "readings",
        "line",
        "{\"schema\":1,\"time\":\"2026-06-21T12:00:00+02:00\",\"meter\":\"181220000009\",\
         \"system_title\":\"4b464d6750000009\",\"invocation_counter\":7,\
         \"energy_import_wh\":12937,\"power_import_w\":0.50,\"voltage_l1_v\":231.9}\n\
         {\"time\":\"2026-06-21T12:00:05+02:00\",\"meter\":\"181220000009\",\"energy_import_wh\":1e3}\n",
    ),
    (
        "readings",
        "odd",
        "{\"1-0:99.1.0\":{\"value\":1,\"unit\":\"Wh\"},\"item_3\":[1,\"a\",null],\"time\":null}\n",
    ),
];

/// The project's folder: this file is compiled by the tests and by the crate in `fuzz`.
fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parent = crate_folder.parent().unwrap_or(crate_folder);
    let is_fuzz = crate_folder.ends_with("fuzz") && parent.join("tests/it/fuzz").is_dir();
    if is_fuzz { parent.to_owned() } else { crate_folder.to_owned() }
}
