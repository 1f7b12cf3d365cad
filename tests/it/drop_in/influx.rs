//! The points of Phil1pp/kaifareader (commits de182b2 and deb079c, with influxdb-client 1.50.0) and of
//! greenMikeEU/SmartMeterEVNSagemcom-T210-D (with influxdb 5.3.2).
//!
//! All read the telegrams from a pseudo-terminal and sent to a server that kept the requests.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::KSM_WEST;
use crate::{
    common::{
        binary::run,
        published::Folder,
        sinks::{LIMIT, start},
        tools::need,
    },
    influx::{
        real::Program,
        server::{Reply, Server},
    },
};

const SAGEMCOM: &str = include_str!("../../data/drop-in/netz-noe-sagemcom.hex");

/// A recipe, what the older program sends for a telegram, and ours.
struct Place {
    recipe: &'static str,
    telegram: &'static str,
    /// The client cut zeros and printed the noise of floats.
    theirs: &'static str,
    ours: &'static str,
    measurements: &'static [&'static str],
}

const PLACES: [Place; 3] = [
    Place {
        recipe: "kaifareader.toml",
        telegram: KSM_WEST,
        theirs: "smartmeter CurrentL1=4.11,CurrentL2=4.65,CurrentL3=4.49,\
                 ReactiveEnergyCapacitive=2386842i,ReactiveEnergyInductive=19942i,\
                 RealEnergyIn=5693123i,RealEnergyOut=14388343i,RealPowerIn=0i,RealPowerOut=3104i,\
                 VoltageL1=234.3,VoltageL2=233.10000000000002,VoltageL3=234.9",
        ours: "smartmeter RealEnergyIn=5693123i,RealEnergyOut=14388343i,RealPowerIn=0i,\
               RealPowerOut=3104i,ReactiveEnergyInductive=19942i,ReactiveEnergyCapacitive=2386842i,\
               VoltageL1=234.3,VoltageL2=233.1,VoltageL3=234.9,CurrentL1=4.11,CurrentL2=4.65,\
               CurrentL3=4.49",
        measurements: &["smartmeter"],
    },
    Place {
        recipe: "kaifareader-newer.toml",
        telegram: KSM_WEST,
        theirs: "smartmeter ActiveEnergyIn_Wh=5693123i,ActiveEnergyOut_Wh=14388343i,\
                 CurrentL1_A=4.11,CurrentL2_A=4.65,CurrentL3_A=4.49,InstantaneousPowerIn_W=0i,\
                 InstantaneousPowerOut_W=3104i,ReactiveEnergyCapacitive_var=2386842i,\
                 ReactiveEnergyInductive_var=19942i,VoltageL1_V=234.3,VoltageL2_V=233.1,\
                 VoltageL3_V=234.9",
        ours: "smartmeter VoltageL1_V=234.3,VoltageL2_V=233.1,VoltageL3_V=234.9,CurrentL1_A=4.11,\
               CurrentL2_A=4.65,CurrentL3_A=4.49,InstantaneousPowerIn_W=0i,\
               InstantaneousPowerOut_W=3104i,ActiveEnergyIn_Wh=5693123i,\
               ActiveEnergyOut_Wh=14388343i,ReactiveEnergyInductive_var=19942i,\
               ReactiveEnergyCapacitive_var=2386842i",
        measurements: &["smartmeter"],
    },
    Place {
        recipe: "SmartMeterEVNSagemcom-T210-D.toml",
        telegram: SAGEMCOM,
        theirs: "Wirkenergie Bezug=5693.123,Lieferung=14388.343\n\
                 Momentanleistung Bezug=0i,Gesamt=-3104i,Lieferung=3104i\n\
                 Spannung L1=234.3,L2=233.10000000000002,L3=234.9\n\
                 Strom L1=4.11,L2=4.65,L3=4.49\n\
                 Leistungsfaktor value=0.999",
        ours: "Wirkenergie Bezug=5693.123,Lieferung=14388.343\n\
               Momentanleistung Bezug=0i,Lieferung=3104i,Gesamt=-3104i\n\
               Spannung L1=234.3,L2=233.1,L3=234.9\n\
               Strom L1=4.11,L2=4.65,L3=4.49\n\
               Leistungsfaktor value=0.999",
        measurements: &["Leistungsfaktor", "Momentanleistung", "Spannung", "Strom", "Wirkenergie"],
    },
];

impl Place {
    /// The readings of the telegram, as they come from a meter now.
    fn readings(&self) -> String {
        let decoded = Folder::new().decode(&[], self.telegram).out;
        let now = Timestamp::now();
        decoded.replacen("\"schema\":1", &format!("\"schema\":1,\"received\":\"{now:.3}\""), 1)
    }

    /// Publishes the readings by the recipe's sink, to that server.
    fn publish(&self, port: u16, store: &str) {
        let path = format!("{}/contrib/older/{}", env!("CARGO_MANIFEST_DIR"), self.recipe);
        let recipe = fs::read_to_string(path).unwrap();
        let sink = recipe.split("[[sink]]").find(|sink| sink.contains("influxdb://")).unwrap();
        let keep = |line: &&str| {
            !["bucket", "org", "token_file", "db"].iter().any(|key| line.starts_with(key))
        };
        let sink: String = sink.lines().filter(keep).map(|line| line.to_owned() + "\n").collect();
        let address = format!("influxdb://127.0.0.1:{port}\"\nguard = false\n{store}");
        let folder = Folder::new();
        let config = folder.write(
            "config.toml",
            format!("[[sink]]{}", sink.replacen("influxdb://localhost\"", &address, 1)),
        );
        let ran = run(&["publish", "--config", &config], self.readings().as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", self.recipe);
    }
}

/// A line without the time at its end, if it has one.
fn without_time(line: &str) -> (&str, Option<i64>) {
    match line.rsplit_once(' ') {
        Some((rest, time)) if rest.contains(' ') => (rest, Some(time.parse().unwrap())),
        _ => (line, None),
    }
}

#[test]
fn points_have_the_measurements_fields_and_types_of_the_older_program() {
    for place in PLACES {
        let server = Server::start(|_| Reply::status(204));
        place.publish(server.port, "bucket = \"b\"");
        let requests = server.requests();
        assert_eq!(requests.len(), 1, "{}", place.recipe);
        let lines: Vec<_> = requests[0].lines.iter().map(|line| without_time(line)).collect();
        let ours: BTreeSet<_> = lines.iter().map(|(line, _)| *line).collect();
        assert_eq!(ours, place.ours.lines().collect(), "{}", place.recipe);
        for (_, time) in lines {
            match place.recipe.starts_with("kaifareader") {
                true => assert_eq!(time, None),
                false => assert!((time.unwrap() - Timestamp::now().as_second()).abs() < 60),
            }
        }
        // The same fields with the same types, in any order, and the same numbers.
        let fields = |text: &str| -> BTreeSet<(String, bool, i64)> {
            let points = text.lines().map(|line| line.split_once(' ').unwrap());
            let fields = points.flat_map(|(measurement, fields)| {
                fields.split(',').map(move |field| {
                    let (name, value) = field.split_once('=').unwrap();
                    let number: f64 = value.trim_end_matches('i').parse().unwrap();
                    let name = format!("{measurement} {name}");
                    (name, value.ends_with('i'), (number * 1e6).round() as i64)
                })
            });
            fields.collect()
        };
        assert_eq!(fields(place.ours), fields(place.theirs), "{}", place.recipe);
    }
}

#[test]
fn influxdb_goes_on_with_the_series_of_the_older_program() {
    need("influxd", |command| {
        let server = Program::influx(command);
        for place in PLACES {
            let older = Timestamp::now().as_second() - 3600;
            let theirs: String =
                place.theirs.lines().map(|line| format!("{line} {older}\n")).collect();
            server.write(&theirs);
            place.publish(server.port, "db = \"house\"\nuser = \"anna\"\npassword = \"c4nary:7\"");
            for measurement in place.measurements {
                let series = server.query("anna", &format!("SHOW SERIES FROM {measurement}"));
                assert_eq!(series["values"].to_string(), format!("[[\"{measurement}\"]]"));
                let count = format!("SELECT COUNT(*) FROM {measurement}");
                let counts = server.query("anna", &count)["values"][0].clone();
                let counts: Vec<_> = counts.as_array().unwrap().iter().skip(1).collect();
                assert!(counts.iter().all(|count| count.as_i64() == Some(2)), "{counts:?}");
                let last = server.query("anna", &format!("SELECT * FROM {measurement}"));
                let time = last["values"][1][0].as_i64().unwrap();
                assert!((time - Timestamp::now().as_second()).abs() < 60, "{last}");
            }
            for measurement in place.measurements {
                server.query("anna", &format!("DROP MEASUREMENT {measurement}"));
            }
        }
    });
}

/// A reading now, or so many seconds ago.
fn reading(power: usize, seconds_ago: i64) -> String {
    let time = Timestamp::from_second(Timestamp::now().as_second() - seconds_ago).unwrap();
    format!("{{\"received\":\"{time:.3}\",\"meter\":\"1\",\"power_net_w\":{power}}}")
}

#[test]
fn only_what_is_sent_at_once_has_the_time_of_the_server() {
    let (folder, port) = (TempDir::new().unwrap(), crate::common::port::free_port());
    let spool = folder.path().join("spool").display().to_string();
    let uri = format!(
        "influxdb://127.0.0.1:{port}/?bucket=b&timestamp=server&retry=1s&sync=1s&spool={spool}"
    );
    let sink = start(&uri, 100);
    (0..3).for_each(|power| sink.put(&reading(power, 600)));
    sink.wait_for_message("cannot connect to");
    let (messages, lost) = sink.end(Duration::from_millis(500));
    assert_eq!(lost, 0, "{messages:?}");

    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let server = Server::on(listener, |_| Reply::status(204));
    let sink = start(&uri, 100);
    let start = Instant::now();
    // These come from a file that somebody decodes.
    sink.put(&reading(3, 86_400));
    (4..7).for_each(|power| sink.put(&reading(power, 0)));
    sink.put("{\"meter\":\"1\",\"power_net_w\":7}");
    assert_eq!(sink.end(LIMIT).1, 0);
    // Five seconds are now. A disk that holds the sink up for longer makes readings late.
    let may_be_late = start.elapsed() > Duration::from_secs(4);
    let requests = server.requests();
    let mut stored: Vec<_> = requests
        .iter()
        .flat_map(|request| {
            let lines = request.lines.iter().map(|line| without_time(line));
            lines.map(|(line, time)| (line.to_owned(), time.is_some(), request.lines.len()))
        })
        .collect();
    stored.sort();
    for (power, (line, is_timed, lines)) in stored.iter().enumerate() {
        assert_eq!(*line, format!("smartmeter,meter=1 power_net_w={power}i"));
        assert!(*is_timed == (power < 4) || power >= 4 && may_be_late, "{line}");
        assert!(*is_timed || *lines == 1, "no two points get one time");
    }
    assert_eq!(stored.len(), 8);
}

#[test]
fn a_telegram_of_several_points_is_one_reading_for_spool_and_accounts() {
    let (folder, port) = (TempDir::new().unwrap(), crate::common::port::free_port());
    let spool = folder.path().join("spool");
    let uri = format!(
        "influxdb://127.0.0.1:{port}/?bucket=b&retry=1s&flush=0&batch=4&spool={}\
         &measurements.power_net_w=Power%20net&measurements.voltage_l1_v=Grid%20voltage%20l1",
        spool.display()
    );
    let line = |number: usize| {
        format!(
            "{{\"time\":\"2026-11-20T11:00:0{number}Z\",\"meter\":\"1\",\"energy_import_wh\":{number},\
             \"power_net_w\":{number},\"voltage_l1_v\":230.{number}}}\n"
        )
    };
    let publish = |numbers: std::ops::Range<usize>| {
        let sink = format!("{uri}&guard=false");
        run(&["publish", "-v", "--to", &sink], numbers.map(line).collect::<String>().as_bytes())
    };
    let ran = publish(0..3);
    assert!(ran.err.contains("3 readings wait on the disk for the next start"), "{}", ran.err);

    // The second telegram is refused; all of its points are parked.
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let server = Server::on(listener, |request| {
        match request.lines.iter().any(|line| line.contains("net=1i")) {
            true => Reply::Status(400, "", "{\"error\":\"partial write: no\"}".to_owned()),
            false => Reply::status(204),
        }
    });
    let ran = publish(3..5);
    assert!(ran.err.contains("refuses a reading, left out"), "{}", ran.err);
    let stored: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| !request.lines.iter().any(|line| line.contains("net=1i")))
        .flat_map(|request| request.lines)
        .collect();
    let points = |number: usize| {
        let time = 1_795_172_400 + number;
        [
            format!("smartmeter,meter=1 energy_import_wh={number}i {time}"),
            format!("Power,meter=1 net={number}i {time}"),
            format!("Grid\\ voltage,meter=1 l1=230.{number} {time}"),
        ]
    };
    assert_eq!(stored, [0, 2, 3, 4].map(points).concat());
    let refused = fs::read_to_string(spool.join("refused.lp")).unwrap();
    assert_eq!(refused, points(1).map(|line| line + "\n").concat());
}

#[test]
fn without_a_tag_one_meter_is_stored_and_another_is_reported() {
    let server = Server::start(|_| Reply::status(204));
    let uri = format!("influxdb://127.0.0.1:{}/?bucket=b&flush=0&meter_tag=none", server.port);
    let sink = start(&uri, 100);
    for (meter, power) in [(1, 5), (2, 6), (1, 7), (2, 8)] {
        let time = "2026-11-20T12:00:00+01:00";
        sink.put(&format!("{{\"time\":\"{time}\",\"meter\":\"{meter}\",\"power_net_w\":{power}}}"));
    }
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(lost, 2);
    assert_eq!(
        messages,
        ["a series without a meter's tag has room for one meter, 1: 2 is left out; meter=NUMBER \
          chooses one, and meter_tag keeps them apart"]
    );
    let lines: Vec<_> = server.requests().into_iter().flat_map(|it| it.lines).collect();
    let line = |power| format!("smartmeter power_net_w={power}i 1795172400");
    assert_eq!(lines, [line(5), line(7)]);

    let uri = format!("influxdb://127.0.0.1:{}/?bucket=b&meter_tag=zaehler&tags.a=1", server.port);
    let sink = start(&uri, 100);
    sink.put("{\"time\":\"2026-11-20T12:00:00+01:00\",\"meter\":\"1\",\"power_net_w\":9}");
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let last = server.requests().pop().unwrap().lines;
    assert_eq!(last, ["smartmeter,a=1,zaehler=1 power_net_w=9i 1795172400"]);
}
