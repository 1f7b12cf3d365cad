//! Environment variables and their precedence.

use crate::common::{binary, published::KEY, secrets};
use std::{fs, io::Read, net::TcpListener, process::Stdio};

use crate::common::binary::{Ran, command, run_command};

const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/netznoe-doc-2021.hex");
const WRONG: &str = "00112233445566778899AABBCCDDEEFF";

fn run(args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command(args);
    command.envs(variables.iter().copied());
    run_command(command, b"")
}

#[test]
fn an_option_that_is_not_typed_comes_from_the_environment() {
    let key = ("METERPIPE_KEY", KEY);
    let fields = ("METERPIPE_FIELDS", "meter,energy_import_wh");
    let ran = run(&["decode", DUMP], &[key, fields, ("METERPIPE_FORMAT", "csv")]);
    assert_eq!((ran.status, &*ran.out), (0, "meter,energy_import_wh\n181220000009,12937\n"));
    // An option that is typed takes precedence, and an empty variable counts as absent.
    let variables = [key, fields, ("METERPIPE_FORMAT", "xml")];
    let ran = run(&["decode", DUMP, "--format=json", "--fields=meter"], &variables);
    assert_eq!((ran.status, &*ran.out), (0, "{\"meter\":\"181220000009\"}\n"));
    let ran = run(&["decode", DUMP], &[key, fields, ("METERPIPE_FORMAT", "")]);
    assert_eq!(ran.out, "{\"meter\":\"181220000009\",\"energy_import_wh\":12937}\n");
    let ran = run(&["decode", DUMP], &[key, ("METERPIPE_FORMAT", "jsn")]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("invalid value 'jsn' for '$METERPIPE_FORMAT'"), "{}", ran.err);
}

#[test]
fn a_variable_that_nothing_reads_is_named() {
    let variables = [("METERPIPE_KEY", KEY), ("METERPIPE_FORMATS", "csv")];
    let ran = run(&["decode", DUMP], &variables);
    assert_eq!(ran.status, 0);
    let named =
        "$METERPIPE_FORMATS: no variable of that name is read: did you mean $METERPIPE_FORMAT?";
    assert!(ran.err.contains(named), "{}", ran.err);
    assert_eq!(run(&["decode", "-q", DUMP], &variables).err, "");
    for (name, hint) in [
        ("METERPIPE_LOG", ": --verbose has no variable"),
        ("METERPIPE_VERBOSE", ": --verbose has no variable"),
        ("METERPIPE_PORT", ": did you mean $METERPIPE_SOURCE?"),
        ("METERPIPE_SINK", ": did you mean $METERPIPE_TO?"),
        ("METERPIPE_GUEK", ": did you mean $METERPIPE_KEY_FILE?"),
        ("METERPIPE_PASSWORD", "_PASSWORD?"),
        ("METERPIPE_XYZ", ""),
    ] {
        let err = run(&["decode", DUMP], &[("METERPIPE_KEY", KEY), (name, "x")]).err;
        let start = format!("meterpipe: ${name}: no variable of that name is read");
        let line =
            err.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{err}"));
        assert!(line.ends_with(hint) && (!hint.is_empty() || line == start), "{line}");
    }
    let known = [
        ("METERPIPE_KEY", KEY),
        ("METERPIPE_MQTT_HOST", "h"),
        ("METERPIPE_MQTT_PASSWORD_FILE", "f"),
        ("METERPIPE_GAK_FILE", ""),
        ("METERPIPE_TIMEOUT", "1m"),
    ];
    assert_eq!(run(&["decode", DUMP], &known).err, "");
}

#[test]
fn a_time_that_no_clock_can_count_is_refused_wherever_it_stands() {
    let long = "999999999999999999d";
    let typed = run(&["watch", "--timeout", long, "sim:"], &[]);
    let variable = run(&["watch", "sim:"], &[("METERPIPE_TIMEOUT", long)]);
    for (ran, place) in [(typed, "--timeout <DUR>"), (variable, "$METERPIPE_TIMEOUT")] {
        assert_eq!(ran.status, 2);
        let message = format!("'{place}': at most ten years expected");
        assert!(ran.err.contains(&message), "{}", ran.err);
    }
}

#[test]
fn a_wrong_value_of_a_variable_is_that_of_the_variable() {
    for (variable, value, message) in [
        ("METERPIPE_UNIT", "x", "$METERPIPE_UNIT: x: expected QUANTITY=UNIT"),
        ("METERPIPE_FIELDS", "x", "$METERPIPE_FIELDS: no field is called x"),
        ("METERPIPE_NAMES", "x", "$METERPIPE_NAMES: x: expected FIELD=NAME"),
        ("METERPIPE_TIMEZONE", "x", "$METERPIPE_TIMEZONE: no time zone is called x"),
        ("METERPIPE_CSV_LOCALE", "at", "$METERPIPE_CSV_LOCALE belongs to csv, not to json"),
        ("METERPIPE_CSV_LOCALE", "AT", "'$METERPIPE_CSV_LOCALE'\n"),
        ("METERPIPE_INPUT", "x", "invalid value 'x' for '$METERPIPE_INPUT'\n"),
    ] {
        let variables = [("METERPIPE_KEY", KEY), ("METERPIPE_FORMAT", "json"), (variable, value)];
        let ran = run(&["decode", DUMP], &variables);
        assert_eq!(ran.status, 2, "{variable}: {}", ran.err);
        assert!(ran.err.contains(message), "{variable}: {}", ran.err);
        // An option that is typed replaces the variable, and is blamed alone.
        let option = variable.trim_start_matches("METERPIPE_").to_lowercase().replace('_', "-");
        let ran = run(&["decode", DUMP, &format!("--{option}={value}")], &variables);
        assert_eq!(ran.status, 2, "{variable}: {}", ran.err);
        assert!(!ran.err.contains('$'), "{variable}: {}", ran.err);
    }
    let ran = run(&["capture", "sim:"], &[("P1_BAUD", "fast")]);
    assert!(ran.status == 2 && ran.err.contains("for '$P1_BAUD': a number"), "{}", ran.err);
}

#[test]
fn the_key_has_names_of_which_the_first_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guek");
    fs::write(&file, KEY).unwrap();
    let file = file.to_str().unwrap();
    for variables in [
        &[("METERPIPE_KEY_FILE", file), ("METERPIPE_KEY", WRONG)][..],
        &[("METERPIPE_KEY", KEY), ("P1_GUEK_FILE", "/nowhere"), ("P1_GUEK", WRONG)],
        &[("P1_GUEK_FILE", file), ("P1_GUEK", WRONG), ("SERIAL_KEY", WRONG)],
        &[("P1_GUEK", KEY), ("SERIAL_KEY", WRONG)],
        &[("SERIAL_KEY_FILE", file), ("SERIAL_KEY", WRONG)],
        &[("SERIAL_KEY", KEY)],
    ] {
        let ran = run(&["decode", DUMP, "--fields=meter"], variables);
        assert_eq!((ran.status, ran.out.lines().count()), (0, 1), "{variables:?}: {}", ran.err);
    }
    let typed = run(&["decode", DUMP, "--key-file", file], &[("METERPIPE_KEY", WRONG)]);
    assert_eq!(typed.status, 0, "{}", typed.err);
    let defect = run(&["decode", DUMP], &[("METERPIPE_KEY", "0011c4nary")]);
    assert!(defect.status == 2 && defect.err.contains("$METERPIPE_KEY: "), "{}", defect.err);
}

#[test]
fn the_source_and_the_sink_may_stand_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.jsonl");
    let sink = format!("file:{}", file.display());
    let once = ["watch", "--once"];
    for variables in [
        &[("METERPIPE_SOURCE", "sim:"), ("P1_PORT", "/nowhere"), ("METERPIPE_TO", &*sink)][..],
        &[("P1_PORT", "sim:"), ("METERPIPE_TO", &sink)],
    ] {
        let ran = run(&once, variables);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, "", ""), "{variables:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 2);
    // Other users cannot read the environment, so there is no warning.
    let sink = "influxdb://u:c4nary@127.0.0.1:1?db=x&timeout=1s";
    let ran = run(&once, &[("P1_PORT", "sim:"), ("METERPIPE_TO", sink)]);
    assert_eq!(ran.status, 6);
    assert!(!ran.err.contains("other users"), "{}", ran.err);
}

/// The CONNECT packet of a run that reads that source.
fn connect(source: &str) -> String {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let sink = format!("mqtt://127.0.0.1:{}", broker.local_addr().unwrap().port());
    let mut watch = command(&["watch"]);
    watch.envs([("P1_PORT", source), ("METERPIPE_TO", &sink)]).stderr(Stdio::null());
    let _running = binary::Running(watch.stdin(Stdio::null()).spawn().unwrap());
    let (mut octets, (mut stream, _)) = ([0; 1024], broker.accept().unwrap());
    let size = stream.read(&mut octets).unwrap();
    String::from_utf8_lossy(&octets[..size]).into_owned()
}

#[test]
fn a_meter_of_a_variable_is_another_client_too() {
    let name = |source| {
        let connect = connect(source);
        let (_, name) = connect.split_once("meterpipe-").unwrap();
        name[..8].to_owned()
    };
    assert_eq!(name("sim:"), name("sim:"));
    assert_ne!(name("sim:"), name("sim:ksm-west"));
}

#[test]
fn one_variable_is_not_meant_for_several_meters() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let watched = |meters: &str| {
        fs::write(&config, meters).unwrap();
        let args = ["watch", "--count=2", "--format=json", "--fields=meter", "--config"];
        let ran = run(&[&args[..], &[config.to_str().unwrap()]].concat(), &[("P1_PORT", "sim:")]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let mut meters: Vec<_> = ran.out.lines().map(str::to_owned).collect();
        meters.sort();
        meters.dedup();
        meters.iter().map(|meter| meter.contains("1KFM")).collect::<Vec<_>>()
    };
    let house = "[[meter]]\nsource = \"sim:ksm-west\"\n";
    assert_eq!(watched(house), [false], "the one of the variable");
    assert_eq!(watched(&format!("{house}[[meter]]\nsource = \"sim:\"\n")), [false, true]);
}

/// The lines of a sink with that text, as the variables complete it; or what is wrong with it.
fn sink(to: &str, variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    fs::write(&config, format!("[[sink]]\nto = \"{to}\"\n")).unwrap();
    let args = |action| ["config", action, "--config", config.to_str().unwrap()].map(str::to_owned);
    let ran = |action| {
        let args = args(action);
        run(&args.each_ref().map(String::as_str), variables)
    };
    let checked = ran("check");
    match checked.status {
        0 => Ok(ran("show").out.lines().skip(3).map(str::to_owned).collect()),
        _ => Err(checked.err.split_once("c.toml: ").unwrap().1.trim_end().to_owned()),
    }
}

#[test]
fn a_server_is_where_its_variables_say() {
    let base = ("MQTT_BASE_TOPIC", "a@b/c?d%");
    for (to, variables, address) in [
        ("mqtt", &[("MQTT_SERVER", "h")][..], "mqtt://h"),
        ("mqtt", &[("METERPIPE_MQTT_HOST", "h"), ("MQTT_HOST", "x")], "mqtt://h"),
        (
            "mqtts",
            &[("MQTT_HOST", "h"), ("MQTT_PORT", "1884"), base],
            "mqtts://h:1884/a%40b/c%3fd%25",
        ),
        ("mqtt", &[("MQTT_HOST", "h:1884")], "mqtt://h:1884"),
        ("mqtt", &[("MQTT_HOST", "::1")], "mqtt://[::1]"),
        ("mqtt", &[("MQTT_HOST", "::1"), ("MQTT_PORT", "1884")], "mqtt://[::1]:1884"),
        ("mqtt", &[("MQTT_HOST", "[::1]:1884")], "mqtt://[::1]:1884"),
    ] {
        let mut all = vec![("MQTT_USER", "u")];
        all.extend(variables);
        let shown = [format!("to = \"{address}\""), "user = \"u\"".to_owned()];
        assert_eq!(sink(to, &all), Ok(shown.to_vec()), "{variables:?}");
    }
    for (url, address) in [
        ("https://h", "influxdbs://h:443"),
        ("HTTPS://h/x", "influxdbs://h:443/x"),
        ("https://h:8086", "influxdbs://h:8086"),
        ("http://h/", "influxdb://h:80/"),
        ("http://[::1]", "influxdb://[::1]:80"),
        ("http://[::1]:8086/x", "influxdb://[::1]:8086/x"),
        ("h", "influxdb://h"),
        ("influxdbs://h", "influxdbs://h"),
    ] {
        let shown = [format!("to = \"{address}\""), "bucket = \"b\"".to_owned()];
        let variables = [("INFLUX_URL", url), ("INFLUX_BUCKET", "b")];
        assert_eq!(sink("influxdb", &variables), Ok(shown.to_vec()), "{url}");
    }
    let shown = ["to = \"influxdb://h:80\"", "user = \"u\"", "db = \"d\""].map(str::to_owned);
    let variables = [("INFLUX_URL", "http://u@h"), ("METERPIPE_INFLUX_DB", "d")];
    assert_eq!(sink("influxdb", &variables), Ok(shown.to_vec()));
}

#[test]
fn options_may_follow_a_server_of_the_environment() {
    let mqtt = [("MQTT_HOST", "h"), ("MQTT_BASE_TOPIC", "house")];
    let shown =
        |to: &str, variables: &[(&str, &str)]| sink(to, variables).map(|rows| rows.concat());
    let rows = |rows: &str| Ok(rows.replace('\'', "\""));
    for scheme in ["mqtt", "mqtts"] {
        let to = format!("{scheme}?layout=flat&topic={{base}}/a%20b&retain");
        let expected = format!(
            "to = '{scheme}://h/house'layout = 'flat'topic = '{{base}}/a b'retain = 'true'"
        );
        assert_eq!(shown(&to, &mqtt), rows(&expected));
    }
    let influx = [("INFLUX_URL", "http://u@h"), ("INFLUX_BUCKET", "b")];
    let expected = "to = 'influxdb://h:80'user = 'u'db = 'd'measurement = 'm'";
    assert_eq!(shown("influxdb?db=d&measurement=m", &influx), rows(expected));
    assert_eq!(shown("influxdb?user=x", &influx), Err("line 2: user stands twice".to_owned()));
    let without = shown("mqtt?layout=flat", &[]).unwrap_err();
    assert_eq!(without, "line 2: mqtt: a sink is written as mqtt://HOST or file:PATH");
    let typed = format!("--to=mqtt?user=u&password={}", secrets::TYPED);
    let ran = run(&["publish", &typed], &[("MQTT_HOST", "127.0.0.1:1")]);
    assert!(ran.err.contains("--to shows its secret"), "{}", ran.err);
}

#[test]
fn a_database_gets_the_variables_of_its_version_only() {
    let one = [("METERPIPE_INFLUX_USER", "u"), ("METERPIPE_INFLUX_DB", "e")];
    let two = [("INFLUX_TOKEN", secrets::CANARY), ("INFLUX_ORG", "o"), ("INFLUX_BUCKET", "c")];
    let both = [&one[..], &two].concat();
    let rows = |variables: &[(&str, &str)], keys: &str| {
        let to = format!("influxdb://h{keys}");
        let shown = sink(&to, variables).unwrap();
        shown.into_iter().skip(1).map(|row| row.replace(['"', ' '], "")).collect::<Vec<_>>()
    };
    assert_eq!(rows(&both, "?db=d"), ["db=d", "user=u"]);
    assert_eq!(rows(&both, "?bucket=b"), ["bucket=b", "token=…", "org=o"]);
    assert_eq!(rows(&two, "?db=d"), ["db=d"]);
    assert_eq!(rows(&one, "?bucket=b"), ["bucket=b"]);
    assert_eq!(rows(&both, "?rp=r"), ["rp=r", "user=u", "db=e"]);
    assert_eq!(rows(&both, "?org=p"), ["org=p", "token=…", "bucket=c"]);
    assert_eq!(rows(&two, ""), ["token=…", "org=o", "bucket=c"]);
    // Our own variables go before those of others.
    assert_eq!(rows(&both, ""), ["user=u", "db=e"]);
}

#[test]
fn only_a_secret_may_stand_in_a_file_that_a_variable_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, secrets::CANARY).unwrap();
    let path = file.to_str().unwrap();
    let variables = [("MQTT_USER_FILE", path), ("MQTT_USER", "u"), ("MQTT_PASSWORD_FILE", path)];
    let shown = sink("mqtt://h", &variables).unwrap();
    assert_eq!(shown[1..], ["user = \"u\"".to_owned(), format!("password_file = \"{path}\"")]);
    let variables = [("INFLUX_ORG_FILE", path), ("INFLUX_BUCKET_FILE", path)];
    assert_eq!(sink("influxdb://h?bucket=b", &variables).unwrap()[1..], ["bucket = \"b\""]);
}

#[test]
fn a_wrong_value_is_reported_with_the_name_of_its_variable() {
    let canary = format!("u:{}@h", secrets::CANARY);
    let uri = format!("mqtt://{canary}");
    let host = ("MQTT_HOST", "h");
    let long = format!("https://u:{}", secrets::CANARY);
    for (to, variables, message) in [
        ("mqtt", &[host, ("MQTT_PORT", "x")][..], "line 2: $MQTT_PORT = x: a port expected"),
        ("mqtt", &[("MQTT_HOST", &*uri)], "line 2: $MQTT_HOST: the name of a server expected"),
        ("mqtt", &[("MQTT_HOST", &canary)], "line 2: $MQTT_HOST: the name of a server expected"),
        (
            "mqtt",
            &[("MQTT_HOST", "h:1"), ("MQTT_PORT", "2")],
            "line 2: $MQTT_HOST and $MQTT_PORT: the port stands in one of the two",
        ),
        ("mqtt", &[host, ("MQTT_BASE_TOPIC", "a/#")], "line 1: $MQTT_BASE_TOPIC: the base topic: "),
        ("influxdb", &[("INFLUX_URL", "ftp://h")], "line 2: $INFLUX_URL: http://HOST or https"),
        ("influxdb", &[("INFLUX_URL", &long)], "line 2: $INFLUX_URL: the : of the address"),
        ("mqtt://h", &[("MQTT_PASS", secrets::CANARY)], "line 1: $MQTT_PASS: password: of which"),
        (
            "mqtt://u@h",
            &[("MQTT_PASS_FILE", "/etc/no")],
            "line 1: $MQTT_PASS_FILE: password_file = /etc/no: no such file",
        ),
        (
            "influxdb://h",
            &[("METERPIPE_INFLUX_BUCKET", "b"), ("METERPIPE_INFLUX_DB", "d")],
            "line 1: $METERPIPE_INFLUX_BUCKET: bucket and db: one of the two",
        ),
    ] {
        let error = sink(to, variables).unwrap_err();
        assert!(error.starts_with(message), "{message}: {error}");
    }
    for (to, message) in [
        ("anna:1@h", "publish: h: $METERPIPE_TO: no sink is called anna"),
        ("mqtt://h?qos=2", "publish: mqtt://h: $METERPIPE_TO: qos: 0 or 1"),
        ("h", "publish: $METERPIPE_TO: h: a sink is written as"),
    ] {
        let ran = run(&["publish"], &[("METERPIPE_TO", to)]);
        assert!(ran.status == 2 && ran.err.contains(message), "{message}: {}", ran.err);
    }
    let typed = run(&["publish", "--to=mqtt://u@h"], &[("MQTT_PASS_FILE", "/etc/no")]);
    assert!(typed.err.contains("mqtt://h: $MQTT_PASS_FILE: password_file = "), "{}", typed.err);
}

#[test]
fn home_assistant_gets_names_in_the_language_of_the_environment() {
    let names = |query: &str, variables: &[(&str, &str)]| {
        let to = format!("--to=mqtt://broker?guard=false&fields=power_net_w{query}");
        let key = [("METERPIPE_KEY", KEY)];
        let ran = run(&["watch", DUMP, "--dry-run", &to], &[&key, variables].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        ["\"name\":\"Leistung\"", "\"name\":\"Power\""].map(|name| ran.out.contains(name))
    };
    let (german, english) = ([true, false], [false, true]);
    for (query, variables, expected) in [
        ("", &[][..], english),
        ("", &[("LANG", "de_AT.UTF-8")], german),
        ("", &[("LANG", "de")], german),
        ("", &[("LANG", "fr_FR.UTF-8")], english),
        ("", &[("LC_MESSAGES", "de_DE"), ("LANG", "en_GB.UTF-8")], german),
        ("", &[("LC_ALL", "C"), ("LC_MESSAGES", "de_DE"), ("LANG", "de_AT.UTF-8")], english),
        ("", &[("LC_ALL", ""), ("LANG", "de_AT.UTF-8")], german),
        ("&ha_language=en", &[("LANG", "de_AT.UTF-8")], english),
        ("&ha_language=de", &[("LANG", "en_GB.UTF-8")], german),
    ] {
        assert_eq!(names(query, variables), expected, "{query} {variables:?}");
    }
}

#[test]
fn home_assistant_shows_the_name_of_a_meter() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let text = concat!(
        "[[meter]]\nname = \"Haus am See\"\nsource = \"sim:\"\n",
        "[[sink]]\nto = \"mqtt://broker?guard=false&fields=power_net_w\"\n"
    );
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let ran = run(&["watch", "--config", config, "--dry-run", "--count=1"], &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let device = "\"dev\":{\"ids\":[\"meterpipe_181220404247\"],\"mdl\":\"MA309\",\"mf\":\"Kaifa\",\
        \"name\":\"Haus am See\",\"sn\":\"181220404247\"}";
    assert!(ran.out.contains(device), "{}", ran.out);
}
