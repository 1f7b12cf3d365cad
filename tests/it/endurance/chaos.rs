//! Servers that fail in every way: the history misses nothing, the state comes back, memory stays flat.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    os::fd::OwnedFd,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use meterpipe::source::simulator::{
    meter::MeterKind,
    push::{PushOptions, Simulator},
};
use rustix::{
    process::Signal,
    termios::{LocalModes, tcgetattr},
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    Random,
    proxy::{LineFault, Proxy},
    wanted,
};
use crate::{
    common::{
        binary::{Running, command, signal},
        published::KEY,
        sinks::names,
        terminal::terminal,
    },
    influx::server::{Reply, Server},
    mqtt::mosquitto::{Listener, Mosquitto, with_mosquitto},
};

/// The time between two telegrams of the meter, in a short trial and in a long one. Each moves the clock of
/// the meter by five seconds, which must not leave the time of arrival by more than an hour.
const INTERVALS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// The clock of the meter at the start, behind the time of arrival.
const BEHIND: i64 = 45 * 60;

/// The longest wait: a sink that suspects a second client of its name waits for two minutes.
const PATIENCE: Duration = Duration::from_secs(180);

/// The longest time from a connection to the right state.
const RECOVERY: Duration = Duration::from_secs(5);

/// The most memory of the program, in KiB.
const MEMORY: usize = 48 * 1024;

/// Answers for a TLS or HTTP server on the port of another: an alert, a page.
const TLS_ALERT: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
const PAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nwrong";

#[test]
fn no_fault_of_a_server_costs_a_telegram() {
    with_mosquitto(|| {
        let faults = wanted("METERPIPE_CHAOS");
        chaos(faults.unwrap_or(4), faults.is_some());
    });
}

fn chaos(faults: usize, is_timed: bool) {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (influx, mqtt) = (Influx::new(), Mqtt::new());
    let to = [
        format!(
            "influxdb://127.0.0.1:{}/?bucket=house&retry=1s&sync=1s&flush=0&timeout=2s&guard=false&spool={}",
            influx.proxy.port,
            path("points")
        ),
        format!(
            "mqtt://127.0.0.1:{}/house?ha=off&meter_status=none&retain=true&qos=1&keepalive=2s&\
             history={{base}}/{{meter}}/history&sync=1s&guard=false&spool={}",
            mqtt.proxy.port,
            path("lines")
        ),
    ];
    let (master, device) = terminal();
    let mut watch = command(&["watch", device.to_str().unwrap(), "--to", &to[0], "--to", &to[1]]);
    let messages = fs::File::create(path("messages")).unwrap();
    watch.env("P1_GUEK", KEY).stdin(Stdio::null()).stdout(Stdio::null()).stderr(messages);
    let mut watch = Running(watch.spawn().unwrap());
    wait("the line is raw", || {
        !tcgetattr(&master).unwrap().local_modes.contains(LocalModes::ICANON)
    });
    let meter = SentTelegrams::default();
    let memory = || memory(watch.0.id());
    let mut sizes = vec![];
    thread::scope(|scope| {
        let feeder = scope.spawn(|| meter.send(&master, INTERVALS[usize::from(is_timed)]));
        let _end = EndOfMeter(&meter);
        mqtt.wait_for_state(meter.next());
        thread::sleep(Duration::from_millis(600));
        let points = scope.spawn(|| influx.suffer(faults / 2));
        mqtt.suffer(faults - faults / 2, &meter, is_timed, || sizes.push(memory()));
        points.join().unwrap();
        meter.is_over.store(true, Ordering::SeqCst);
        feeder.join().unwrap();
    });
    let sent = meter.all();
    mqtt.wait_for_state(sent.last().unwrap().0);
    wait("all points", || influx.times().len() >= sent.len());
    wait("the whole history", || mqtt.history().len() >= sent.len());
    sizes.push(memory());
    signal(&watch.0, Signal::TERM);
    let status = watch.0.wait().unwrap().code();
    let messages = fs::read_to_string(path("messages")).unwrap();
    assert_eq!(status, Some(0), "{messages}");

    let (counters, times): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
    assert_eq!(influx.times(), times, "each once, in order");
    assert_eq!(mqtt.history(), counters, "each once, in order");
    assert!(!influx.was_led_away.load(Ordering::SeqCst), "a redirect was followed");
    for spool in ["points", "lines"] {
        assert_eq!(names(&folder.path().join(spool)), ["lock"], "nothing waits");
    }
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    println!(
        "{faults} faults, {} telegrams; {} points and {} lines came twice; memory {least} to {most} KiB, \
         {} at the end; {} lines of messages",
        counters.len(),
        influx.repeated(),
        mqtt.seen.lock().unwrap().repeated,
        sizes.last().unwrap(),
        messages.lines().count()
    );
    assert!(*most < MEMORY, "{sizes:?}");
}

/// The resident memory of a process in KiB.
fn memory(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The telegrams that the meter has sent: counter and time of each.
#[derive(Default)]
struct SentTelegrams {
    all: Mutex<Vec<(u64, i64)>>,
    is_over: AtomicBool,
}

impl SentTelegrams {
    fn send(&self, line: &OwnedFd, interval: Duration) {
        let start = Timestamp::now() - SignedDuration::from_secs(BEHIND);
        let mut meter = Simulator::new(PushOptions::new(MeterKind::NetzNoeKaifa, start));
        let mut wire = vec![];
        while !self.is_over.load(Ordering::SeqCst) {
            wire.clear();
            let push = meter.push(&mut wire);
            self.all
                .lock()
                .unwrap()
                .push((u64::from(push.invocation_counter), push.time.as_second()));
            let mut octets = &wire[..];
            while !octets.is_empty() {
                octets = &octets[rustix::io::write(line, octets).unwrap()..];
            }
            thread::sleep(interval);
        }
    }

    fn all(&self) -> Vec<(u64, i64)> {
        self.all.lock().unwrap().clone()
    }

    /// The counter of the next telegram.
    fn next(&self) -> u64 {
        let first = || self.all.lock().unwrap().last().map(|last| last.0 + 1);
        wait("a telegram", || first().is_some());
        first().unwrap()
    }
}

/// Lets the meter end when a test fails.
struct EndOfMeter<'a>(&'a SentTelegrams);

impl Drop for EndOfMeter<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

/// An answer that stores nothing, or not visibly.
#[derive(Clone, Copy, Debug)]
enum WrongAnswer {
    Status(u16, &'static str, &'static str),
    /// The points are stored and the connection ends in the middle of the answer.
    Torn,
    Octets(&'static [u8]),
}

const LOGIN: &str = "<html><form>Please log in</form></html>";

const WRONG_ANSWERS: &[WrongAnswer] = {
    use WrongAnswer::{Octets, Status, Torn};
    &[
        Status(400, "", "<html>Bad Request</html>"),
        Status(404, "", "404 page not found"),
        Status(405, "", "Method Not Allowed"),
        Status(407, "", "Proxy Authentication Required"),
        Status(408, "", ""),
        Status(410, "", "Gone"),
        Status(413, "", "<html>Request Entity Too Large</html>"),
        Status(421, "", "Misdirected Request"),
        Status(429, "Retry-After: 1\r\n", ""),
        Status(431, "", ""),
        Status(500, "", r#"{"code":"internal error","message":"timeout"}"#),
        Status(502, "", "<html>Bad Gateway</html>"),
        Status(503, "Retry-After: 1\r\n", "busy"),
        Status(504, "", ""),
        Status(200, "Content-Type: text/html\r\n", LOGIN),
        Status(200, "", ""),
        Status(301, "Location: http://127.0.0.1:AWAY/\r\n", ""),
        Status(307, "Location: http://127.0.0.1:AWAY/\r\n", ""),
        Torn,
        Octets(b"HTTP/1.1 204 No"),
        Octets(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ]
};

/// InfluxDB behind a proxy.
struct Influx {
    proxy: Proxy,
    _server: Server,
    wrong: Arc<Mutex<Option<WrongAnswer>>>,
    /// The number of wrong answers.
    answered: Arc<AtomicU64>,
    /// The time of each point, in the order of storing.
    stored: Arc<Mutex<Vec<i64>>>,
    was_led_away: Arc<AtomicBool>,
}

impl Influx {
    fn new() -> Self {
        let wrong = Arc::new(Mutex::new(None));
        let answered = Arc::new(AtomicU64::new(0));
        let stored = Arc::new(Mutex::new(vec![]));
        let was_led_away = Arc::new(AtomicBool::new(false));
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        let away = elsewhere.local_addr().unwrap().port().to_string();
        let led = was_led_away.clone();
        thread::spawn(move || {
            let _ = elsewhere.accept();
            led.store(true, Ordering::SeqCst);
        });
        let (answers, count, store) = (wrong.clone(), answered.clone(), stored.clone());
        let server = Server::start(move |request| {
            let keep = || {
                let times = request.lines.iter().map(|line| line.rsplit_once(' ').unwrap().1);
                store.lock().unwrap().extend(times.map(|time| time.parse::<i64>().unwrap()));
            };
            let answer = *answers.lock().unwrap();
            count.fetch_add(u64::from(answer.is_some()), Ordering::SeqCst);
            match answer {
                None => {
                    keep();
                    Reply::status(204)
                }
                Some(WrongAnswer::Torn) => {
                    keep();
                    Reply::Octets(b"HTTP/1.1 2".to_vec())
                }
                Some(WrongAnswer::Octets(octets)) => Reply::Octets(octets.to_vec()),
                Some(WrongAnswer::Status(code, headers, body)) => {
                    let headers = headers.replace("AWAY", &away);
                    let length = body.len();
                    let text = format!(
                        "HTTP/1.1 {code} Wrong\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
                    );
                    Reply::Octets(text.into_bytes())
                }
            }
        });
        let proxy = Proxy::new(server.port);
        Self { proxy, _server: server, wrong, answered, stored, was_led_away }
    }

    fn suffer(&self, faults: usize) {
        let mut random = Random(3);
        for fault in 0..faults {
            let hold = Duration::from_millis(random.below(1500) as u64);
            if random.below(2) == 0 {
                let wrong = WRONG_ANSWERS[random.below(WRONG_ANSWERS.len())];
                println!("{fault}: InfluxDB answers {wrong:?}");
                let before = self.answered.load(Ordering::SeqCst);
                *self.wrong.lock().unwrap() = Some(wrong);
                wait("a wrong answer", || self.answered.load(Ordering::SeqCst) > before);
                thread::sleep(hold);
                *self.wrong.lock().unwrap() = None;
            } else {
                let line = line_fault(&mut random);
                println!("{fault}: InfluxDB: {} for {hold:?}", name(line));
                fail(&self.proxy, line, hold, &mut random);
            }
            // The server works for a while, or not.
            let before = self.stored.lock().unwrap().len();
            if random.below(3) > 0 {
                wait("a point", || self.stored.lock().unwrap().len() > before);
            }
        }
    }

    /// The time of each point, where it came first.
    fn times(&self) -> Vec<i64> {
        let mut seen = BTreeSet::new();
        let stored = self.stored.lock().unwrap();
        stored.iter().copied().filter(|time| seen.insert(*time)).collect()
    }

    fn repeated(&self) -> usize {
        let all = self.stored.lock().unwrap().len();
        all - self.times().len()
    }
}

fn line_fault(random: &mut Random) -> LineFault {
    match random.below(18) {
        // A broker that closes connections twice and takes the client each time is left alone for two
        // minutes, since a second client of the same name may be there. Others refuse in between.
        17 => LineFault::None,
        0..4 => LineFault::Refused,
        4..7 => LineFault::Hangs,
        7..10 => LineFault::Trickles,
        10..12 => LineFault::Answers(TLS_ALERT),
        12..14 => LineFault::Answers(PAGE),
        14 => LineFault::Answers(b""),
        _ => LineFault::CutsInTheMiddle,
    }
}

/// The name of a fault for the log.
fn name(fault: LineFault) -> &'static str {
    match fault {
        LineFault::None => "cut",
        LineFault::Refused => "nobody listens",
        LineFault::Hangs => "hangs",
        LineFault::Trickles => "sends one octet a second",
        LineFault::Answers(TLS_ALERT) => "sends a TLS alert",
        LineFault::Answers(PAGE) => "sends a page",
        LineFault::Answers(_) => "closes at once",
        LineFault::CutsInTheMiddle => "cut in the middle",
    }
}

/// Lets a line fail for some time.
fn fail(proxy: &Proxy, fault: LineFault, hold: Duration, random: &mut Random) {
    let before = proxy.answered();
    proxy.set(fault);
    let is_alive =
        matches!(fault, LineFault::Hangs | LineFault::Trickles | LineFault::CutsInTheMiddle);
    if !is_alive {
        proxy.cut();
    }
    if matches!(fault, LineFault::Answers(_)) {
        wait("a connection", || proxy.answered() > before);
    }
    thread::sleep(hold);
    // A server that is started again has lost its connections; one that rested has not.
    if is_alive && random.below(2) == 0 {
        proxy.set(LineFault::Refused);
        proxy.cut();
        thread::sleep(Duration::from_millis(50));
    }
    proxy.set(LineFault::None);
}

/// The messages that a subscriber of mosquitto got.
#[derive(Default)]
struct SeenMessages {
    /// The counters of the history, each where it came first.
    history: Vec<u64>,
    known: BTreeSet<u64>,
    repeated: usize,
    /// The counter of the last state.
    state: Option<u64>,
}

/// mosquitto behind a proxy, and a subscriber that stands beside it.
struct Mqtt {
    proxy: Proxy,
    broker: Mutex<(Mosquitto, Option<Listener>)>,
    seen: Mutex<SeenMessages>,
}

impl Mqtt {
    fn new() -> Self {
        let broker = Mosquitto::start(
            TempDir::new().unwrap(),
            "allow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true",
        );
        let listener = broker.listen(&[]);
        let proxy = Proxy::new(broker.port);
        let broker = Mutex::new((broker, Some(listener)));
        Self { proxy, broker, seen: Mutex::default() }
    }

    /// Takes what the subscriber got.
    fn collect(&self) {
        let mut seen = self.seen.lock().unwrap();
        let lines = self.broker.lock().unwrap().1.as_ref().map(Listener::take).unwrap_or_default();
        for line in lines {
            let Some((topic, payload)) = line.split_once(" {") else { continue };
            let object: Value = serde_json::from_str(&format!("{{{payload}")).unwrap();
            let counter = object["invocation_counter"].as_u64().unwrap();
            if topic.ends_with("/history") {
                match seen.known.insert(counter) {
                    true => seen.history.push(counter),
                    false => seen.repeated += 1,
                }
            } else {
                seen.state = Some(counter);
            }
        }
    }

    fn history(&self) -> Vec<u64> {
        self.collect();
        self.seen.lock().unwrap().history.clone()
    }

    fn wait_for_state(&self, counter: u64) {
        wait("the state", || {
            self.collect();
            self.seen.lock().unwrap().state >= Some(counter)
        });
    }

    fn suffer(
        &self,
        faults: usize,
        meter: &SentTelegrams,
        is_timed: bool,
        mut after: impl FnMut(),
    ) {
        let mut random = Random(2);
        let (mut longest, mut longest_outage) = (Duration::ZERO, Duration::ZERO);
        for fault in 0..faults {
            let hold =
                Duration::from_millis(random.below(if is_timed { 3000 } else { 600 }) as u64);
            let what = match random.below(5) {
                0 => {
                    self.restart(hold);
                    "is killed and started again".to_owned()
                }
                1 => {
                    let stop = |stop| self.broker.lock().unwrap().0.signal(stop);
                    stop(Signal::STOP);
                    thread::sleep(hold);
                    stop(Signal::CONT);
                    "is stopped and continues".to_owned()
                }
                _ => {
                    let line = line_fault(&mut random);
                    fail(&self.proxy, line, hold, &mut random);
                    name(line).to_owned()
                }
            };
            let (healed, next) = (Instant::now(), meter.next());
            self.wait_for_state(next);
            let connected = self.proxy.connected().max(healed);
            let (recovery, outage) = (connected.elapsed(), healed.elapsed());
            println!(
                "{fault}: mosquitto: {what} for {hold:?}; the state is right {outage:?} after it, \
                 {recovery:?} after the connection"
            );
            longest = longest.max(recovery);
            longest_outage = longest_outage.max(outage);
            after();
            // A connection that ends sooner looks as if it was closed on purpose.
            thread::sleep(Duration::from_millis(600));
        }
        println!(
            "the state was right {longest:?} after a connection at most, {longest_outage:?} after a fault"
        );
        assert!(!is_timed || longest < RECOVERY, "{longest:?}");
    }

    /// Kills mosquitto after its subscriber has got all that was acknowledged, and starts it.
    fn restart(&self, hold: Duration) {
        self.proxy.set(LineFault::Refused);
        self.proxy.cut();
        let broker = self.broker.lock().unwrap();
        broker.0.publish("end/of/broker", &[]);
        broker.1.as_ref().unwrap().wait_for("end/of/broker");
        drop(broker);
        self.collect();
        let mut broker = self.broker.lock().unwrap();
        broker.1 = None;
        broker.0.kill();
        thread::sleep(hold);
        broker.0.run();
        broker.1 = Some(broker.0.listen(&[]));
        drop(broker);
        self.proxy.set(LineFault::None);
    }
}
