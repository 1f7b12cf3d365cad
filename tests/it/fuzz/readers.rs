//! Every reader of foreign octets as a function of octets. The fuzzer calls them with octets that
//! it invents, and the replay with all seeds and findings.
//!
//! A reader may refuse its octets. It may not panic, hang, or depend on where a read ends.

use std::{
    cell::RefCell,
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener},
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::seeds::EXAMPLE_KEY;
use meterpipe::{
    chain::{
        apdu_start::MAX_APDU,
        decode::{Decode, DecodeEvent},
        decrypt::{Decrypt, Demands},
    },
    cipher::key_file,
    cosem::clock::VIENNA,
    diagnosis::{
        diagnosis::AdviceLanguage, line::LineFacts, line_finding::line_finding, line_view::LineView,
    },
    error::Mark,
    explain::telegram::{LinePiece, PiecePart, TelegramParts, cut_off_frame, layers},
    format::{
        entry::OutputTelegram, kinds::FormatKind, options::FormatOptions, readings::Readings,
    },
    hex::{
        detect,
        dump::{Dump, HexRun},
    },
    link::registry::LinkKind,
    portal::export::PortalExport,
    reading::{family::MeterFamilies, telegram::Telegram},
    record::{Attributes, Auth, Place, Record, RecordKind, Time},
    sink::{
        guard::{evidence::TelegramEvidence, guard::Guard},
        http::{PostOutcome, PostTarget, Trust},
        influx::response::{ServerNames, WriteOutcome},
        kind::BuildContext,
        line_counters::LineCounters,
        metrics,
        mqtt::{
            disconnect::Disconnect,
            packets::{ConnectOptions, Protocol},
            publication::{Publication, Qos},
            session::Session,
        },
        registry,
        settings::{Secret, SinkSettings},
        site::{
            data::{AbsentValue, DataPage},
            meter_site::MeterSite,
        },
        spool::segments::Spool,
        traits::Report,
        web::{answer, host_names::HostNames, site::WebSite},
    },
    source::{Burst, parmrk::Unescaper},
};
use tempfile::TempDir;

/// A reader by its name.
pub struct Reader {
    pub name: &'static str,
    pub read: fn(&[u8]),
}

pub const READERS: [Reader; 14] = [
    Reader { name: "stream", read: stream },
    Reader { name: "hex_dump", read: hex_dump },
    Reader { name: "record", read: record },
    Reader { name: "apdu", read: apdu },
    Reader { name: "key_file", read: key_file },
    Reader { name: "sink_uri", read: sink_uri },
    Reader { name: "mqtt", read: mqtt },
    Reader { name: "http_response", read: http_response },
    Reader { name: "http_request", read: http_request },
    Reader { name: "spool", read: spool },
    Reader { name: "readings", read: readings },
    Reader { name: "portal", read: portal },
    Reader { name: "explain", read: explain },
    Reader { name: "diagnosis", read: diagnosis },
];

/// Octets of a line: the first one chooses the size of the pieces, the rest is the stream.
pub fn stream(octets: &[u8]) {
    let Some((piece, octets)) = octets.split_first() else { return };
    let whole = decoded(octets, octets.len().max(1));
    let pieces = decoded(octets, usize::from(*piece).max(1));
    // An APDU without frames ends where the octets end, so a cut changes what noise of its kind is.
    if !whole.iter().chain(&pieces).any(|text| text == NO_FRAME) {
        assert_eq!(pieces, whole, "the cut matters");
    }
    let mut burst = Burst::default();
    let mut unescaper = Unescaper::default();
    octets.chunks(usize::from(*piece).max(1)).for_each(|part| unescaper.push(part, &mut burst));
    assert!(burst.octets.len() <= octets.len());
}

/// Stands for the refusal of octets that may be an APDU without frames.
const NO_FRAME: &str = "refused";

/// The texts of a stream's telegrams and refusals.
fn decoded(octets: &[u8], piece: usize) -> Vec<String> {
    let mut decode = Decode::with_keys(key_file::parse(EXAMPLE_KEY).unwrap());
    let mut texts = vec![];
    let mut take = |event: DecodeEvent<'_>| match event {
        DecodeEvent::Telegram { telegram, record, .. } => {
            texts.push(formatted(telegram, record.attributes));
        }
        DecodeEvent::Refused(refusal) => match LinkKind::has(refusal.error.layer) {
            true => texts.push(refusal.error.to_string()),
            false => texts.push(NO_FRAME.to_owned()),
        },
        _ => {}
    };
    octets.chunks(piece).for_each(|piece| decode.push(piece, &mut take));
    decode.end(&mut take);
    texts
}

/// A telegram in every format. Its JSON line is read back as the same readings.
fn formatted(telegram: &Telegram<'_>, attributes: Attributes<'_>) -> String {
    let entry = OutputTelegram { telegram, zone: &VIENNA, received: Time::UNKNOWN, attributes };
    let mut all = vec![];
    for kind in FormatKind::ALL {
        let mut format = kind.build(&FormatOptions::default()).unwrap();
        let mut text = vec![];
        format.start(&mut text);
        let start = text.len();
        format.entry(&entry, &mut text);
        if kind == FormatKind::Json {
            read_back(&entry, &text[start..]);
        }
        format.end(&mut text);
        all.push(String::from_utf8(text).expect("a format is text"));
    }
    all.concat()
}

fn read_back(entry: &OutputTelegram<'_>, line: &[u8]) {
    match (Readings::of(entry), Readings::parse(line)) {
        (Some(direct), Ok(parsed)) => assert_eq!(direct, parsed),
        (None, Err(_)) => {}
        (direct, parsed) => panic!("{direct:?} and {parsed:?}"),
    }
}

/// A hex dump, in whole lines and in pieces of lines.
pub fn hex_dump(text: &[u8]) {
    let forms = [1, 16, 64, 256, 512].map(|size| text.get(..size).unwrap_or(text));
    let form = forms.map(|sample| detect::detect(sample, false));
    assert!(text.len() < 512 || form.iter().any(Option::is_some), "the form stays unknown");
    let _ = detect::detect(text, true);
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    for line in text.split(|octet| *octet == b'\n') {
        let _ = dump.line(line, true, &mut run);
    }
    let _ = dump.finish();
    // A `*` stands for at most 64 KiB of repeated rows.
    let stars = text.iter().filter(|octet| **octet == b'*').count();
    assert!(run.octets.len() <= text.len() + stars * 65536, "octets from nowhere");
    assert!(run.marks.iter().all(|(at, _)| *at <= run.octets.len()));
    let mut parts = text.chunks(7).peekable();
    while let Some(part) = parts.next() {
        let _ = dump.line(part, parts.peek().is_none(), &mut run);
    }
    let _ = dump.finish();
}

/// Lines of records: a record that is read is written as one that is the same.
pub fn record(text: &[u8]) {
    let mut decode = Decode::with_keys(key_file::parse(EXAMPLE_KEY).unwrap());
    let (mut room, mut again) = (vec![], vec![]);
    for (at, line) in text.split(|octet| *octet == b'\n').enumerate() {
        let Ok(record) = Record::parse(line, &mut room) else { continue };
        let mut written = vec![];
        record.write(&mut written);
        let written = written.strip_suffix(b"\n").unwrap();
        assert!(!written.contains(&b'\n'));
        let same = Record::parse(written, &mut again).expect("our own record");
        let mut twice = vec![];
        same.write(&mut twice);
        assert_eq!(twice.strip_suffix(b"\n").unwrap(), written);
        decode.feed(&record, Place::Line(at as u64), &mut |event: DecodeEvent<'_>| {
            if let DecodeEvent::Telegram { telegram, record, .. } = event {
                formatted(telegram, record.attributes);
            }
        });
    }
    decode.end(&mut |_: DecodeEvent<'_>| {});
}

/// An APDU behind frames and cipher: plain, or with a key that fits.
pub fn apdu(octets: &[u8]) {
    if let Ok(telegram) = Telegram::parse(octets) {
        formatted(&telegram, Attributes::default());
    }
    let attributes = Attributes::default();
    let record = Record { time: Time::UNKNOWN, kind: RecordKind::Apdu, octets, attributes };
    let keys = key_file::parse(EXAMPLE_KEY).unwrap();
    let mut decode = Decode::new(Decrypt::new(keys, Demands::default()));
    // The second one meets what the first one taught.
    for _ in 0..2 {
        let mut events = 0;
        decode.feed(&record, Place::Live, &mut |_: DecodeEvent<'_>| events += 1);
        assert!(events > 0 || octets.len() > MAX_APDU || octets.is_empty(), "no answer");
    }
}

/// A key file. No message may show a key: a defect has only a place.
pub fn key_file(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    match key_file::parse(text) {
        Ok(entries) => assert!(!entries.is_empty()),
        // An end of a line is \n, \r\n or \r.
        Err(defect) => assert!(defect.line <= text.split(['\n', '\r']).count(), "{defect:?}"),
    }
}

/// The text of a sink. Sinks that read other files or load authorities are parsed and not built. A sink of
/// MQTT makes its messages too.
pub fn sink_uri(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    let Ok(settings) = text.parse::<SinkSettings>() else { return };
    let shown = settings.redacted();
    let reads = |(key, _): &(String, String)| key.contains("file") || key.starts_with("ca");
    if shown.iter().any(reads)
        || matches!(&*settings.scheme, "mqtts" | "influxdbs" | "webhook+https")
    {
        return;
    }
    let is_mqtt = settings.scheme == "mqtt";
    let Ok(mut built) = registry::build(settings, "fuzz", &LineCounters::default()) else { return };
    if is_mqtt {
        let readings = Arc::new(Readings::parse(LINE).unwrap());
        built.sink.preview(&readings, &Silence);
    }
}

const LINE: &[u8] = br#"{"time":"2021-09-27T09:47:15+02:00","meter":"a\"/+","energy_import_wh":12937,"power_net_w":-8615,"voltage_l1_v":233.70,"1-0:99.1.0":12,"item_9":"\u0000\""}"#;

/// Hears nothing.
struct Silence;

impl Report for Silence {
    fn say(&self, _: &str) {}

    fn lost(&self, _: u64) {}
}

/// Octets of a broker. The first one chooses the version and how the octets are cut; `00 FF` in
/// the rest, doubled or not, ends a connection.
pub fn mqtt(octets: &[u8]) {
    let Some((choice, octets)) = octets.split_first() else { return };
    let will = publication("status", b"offline", Qos::AtLeastOnce);
    let mut session = Session::new(
        ConnectOptions {
            client_id: "m".to_owned(),
            user: Some("anna".to_owned()),
            password: Some(Secret::new("geheim".to_owned())),
            keepalive: 30,
            will: Some(will),
        },
        [None, Some(Protocol::Three), Some(Protocol::Five), None][usize::from(choice & 3)],
    );
    let mut now = Instant::now();
    let piece = usize::from(choice >> 2).max(1);
    let ends = octets.windows(2).position(|pair| pair == [0, 0xff]).unwrap_or(octets.len());
    let (first, second) = octets.split_at(ends);
    for connection in [first, second.get(2..).unwrap_or_default()] {
        session.begin(now).unwrap();
        session.take(now);
        let mut end = None;
        for part in connection.chunks(piece) {
            let was_open = session.is_open();
            match session.feed(part) {
                Ok(events) => assert!(events.len() <= part.len()),
                Err(why) => {
                    end = Some(why);
                    break;
                }
            }
            if session.is_open() && !was_open {
                session.subscribe(&["homeassistant/status".to_owned()]);
                session.announce(publication("status", b"online", Qos::AtLeastOnce));
                session.resume();
                for qos in [Qos::AtLeastOnce, Qos::AtMostOnce, Qos::AtLeastOnce] {
                    session.publish(vec![publication("house", b"{\"power_net_w\":1}", qos)]);
                }
            }
            session.take(now);
            now += Duration::from_secs(7);
            let _ = session.next_check();
            if let Err(why) = session.check_keepalive(now) {
                end = Some(why);
                break;
            }
        }
        session.disconnect();
        session.take(now);
        session.connection_lost(&end.unwrap_or(Disconnect::Closed));
        assert!(session.unsent() <= 6, "readings from nowhere");
    }
}

fn publication(topic: &str, payload: &[u8], qos: Qos) -> Publication {
    Publication { topic: topic.to_owned(), payload: payload.to_vec(), retain: true, qos }
}

/// The response of a server of InfluxDB, over a real connection: the HTTP client offers no other
/// way.
pub fn http_response(octets: &[u8]) {
    thread_local!(static SERVER: ScriptedServer = ScriptedServer::start());
    SERVER.with(|server| {
        server.response.send(octets.to_vec()).unwrap();
        let target = format!("http://127.0.0.1:{}/write?db=house", server.port);
        let token = Some(Secret::new("Token geheim".to_owned()));
        let timeout = Duration::from_secs(2);
        let target = PostTarget::new(&target, Trust::Plain, token, timeout).unwrap();
        let outcome = target.post(b"smartmeter power_net_w=1i 1\n");
        if let PostOutcome::Status { body, .. } = &outcome {
            assert!(body.len() <= 16 * 1024);
        }
        let names = ServerNames {
            server: "h:8086".to_owned(),
            store: "the database house".to_owned(),
            login: Some("the token"),
            secrets: vec![Secret::new("geheim".to_owned())],
        };
        match WriteOutcome::of(&outcome, &names, timeout) {
            WriteOutcome::Retry(outage) => assert!(printable(&outage.text), "{}", outage.text),
            WriteOutcome::TooLarge(text) | WriteOutcome::Refused(text) => {
                assert!(printable(&text) && !text.contains("geheim"), "{text}");
            }
            WriteOutcome::Stored => {}
        }
    });
}

fn printable(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// A server that answers each request with the next response, whatever it asks.
struct ScriptedServer {
    port: u16,
    response: mpsc::Sender<Vec<u8>>,
}

impl ScriptedServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (response, responses) = mpsc::channel::<Vec<u8>>();
        thread::spawn(move || {
            for response in responses {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&response);
                let _ = stream.shutdown(Shutdown::Write);
                // The client closes first, so that no port waits here.
                let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
                while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
            }
        });
        Self { port, response }
    }
}

/// A request to the server of metrics and JSON. Every answer is whole, and its JSON is JSON.
pub fn http_request(octets: &[u8]) {
    thread_local!(static SITE: MeterSite = site());
    let names = HostNames::new("127.0.0.1", "x");
    let Some(answer) = SITE.with(|site| answer::answer(octets, &names, site)) else {
        return assert!(octets.len() < 8192, "waits for ever");
    };
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 "), "{head}");
    let length = format!("\r\nContent-Length: {}\r\n", body.len());
    assert!(body.is_empty() || head.contains(&length), "{head}");
    if head.contains("Content-Type: application/json\r\n") && !body.is_empty() {
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }
    if head.contains("openmetrics") && !body.is_empty() {
        assert!(body.ends_with("\n# EOF\n"), "{body}");
    }
}

/// A site with two meters, one of them with a name that needs escapes.
fn site() -> MeterSite {
    let mut settings: SinkSettings = "http://127.0.0.1:9888".parse().unwrap();
    let counters = LineCounters::default();
    let context = BuildContext { run: "fuzz", counters: &counters, interval: None };
    let (metrics, _) = metrics::settings::take(&mut settings, &context).unwrap();
    let mut site = MeterSite::new(metrics, DataPage::new(None, AbsentValue::Omitted));
    for meter in ["181220000009", r#"a b\"\n"#] {
        let line = format!(r#"{{"meter":"{meter}","power_net_w":-5,"energy_import_wh":12937}}"#);
        site.take(Arc::new(Readings::parse(line.as_bytes()).unwrap()), &NoReport);
    }
    site
}

struct NoReport;

impl Report for NoReport {
    fn say(&self, _: &str) {}

    fn lost(&self, _: u64) {}
}

/// A segment of a spool: every line that comes out has the checksum before it.
pub fn spool(octets: &[u8]) {
    thread_local!(static SPOOL: RefCell<(TempDir, PathBuf, Spool)> = RefCell::new(empty_spool()));
    SPOOL.with_borrow_mut(|(_, path, spool)| {
        fs::write(path, octets).unwrap();
        let content = spool.oldest().unwrap().unwrap();
        let lines = content.lines.len() as u64 + content.damaged + u64::from(content.is_torn);
        assert_eq!(lines, octets.split_inclusive(|octet| *octet == b'\n').count() as u64);
        assert!(content.lines.iter().all(|line| line.ends_with(b"\n")));
    });
}

/// A spool of one segment, in a folder that goes with the thread.
fn empty_spool() -> (TempDir, PathBuf, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("00000001.spool");
    fs::write(&path, "").unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    (folder, path, spool)
}

/// Lines of readings as JSON, for sinks.
pub fn readings(text: &[u8]) {
    let mut guard = Guard::default();
    for line in text.split(|octet| *octet == b'\n') {
        let Ok(readings) = Readings::parse(line) else { continue };
        for member in readings.members() {
            let mut text = vec![];
            member.value.write_json(&mut text);
        }
        guard.check(&Arc::new(readings), &TelegramEvidence::default());
    }
    guard.kept(Duration::ZERO);
}

/// The export of an operator's portal. Every row is a quarter, or counted as none.
pub fn portal(octets: &[u8]) {
    let Ok(exports) = PortalExport::parse(octets, &VIENNA) else { return };
    // UTF-16 has an end of a line in two octets, and each of them is looked at here.
    let lines = octets.split(|octet| matches!(octet, b'\n' | b'\r')).count() as u64;
    assert!(!exports.is_empty());
    for export in exports {
        assert!(export.unreadable.iter().all(|line| *line <= lines));
        assert!(!export.quarters.is_empty() && export.quarters.len() as u64 <= 2 * lines);
        assert!(export.quarters.keys().is_sorted());
    }
}

/// Octets of a line and of an APDU, listed. The first one chooses where the plaintext begins.
pub fn explain(octets: &[u8]) {
    let Some((choice, octets)) = octets.split_first() else { return };
    let families = MeterFamilies::default();
    let piece = |part| LinePiece { octets, place: Place::Octet(0), part, errors: vec![] };
    let cut_off = cut_off_frame(octets).map(|(_, link)| PiecePart::CutOff(link));
    for part in [Some(PiecePart::Noise), cut_off].into_iter().flatten() {
        tiled(&TelegramParts::of(vec![piece(part)], families, &VIENNA));
    }
    let alone = TelegramParts::of(vec![], families, &VIENNA);
    tiled(&TelegramParts { apdu: Some(octets), ..alone.clone() });
    let plain = octets.get(usize::from(*choice)..);
    tiled(&TelegramParts { apdu: Some(octets), plain, auth: Some(Auth::None), ..alone });
}

/// The leaves of each layer follow each other without a gap, up to its end.
fn tiled(parts: &TelegramParts<'_>) {
    for listing in layers(parts) {
        let mut end = 0;
        for leaf in listing.leaves() {
            assert_eq!(leaf.offset, end, "{}: {}", listing.name(), leaf.name);
            end = leaf.end();
        }
        assert_eq!(end, listing.octets.len(), "{}", listing.name());
    }
}

/// Octets of a line that nobody could read. The first one chooses which of them the UART marked.
pub fn diagnosis(octets: &[u8]) {
    let Some((choice, octets)) = octets.split_first() else { return };
    let places = (0..octets.len()).filter(|at| *choice > 0 && at % usize::from(*choice) == 0);
    let marks: Vec<_> = places.map(|at| (at, Mark::Parity)).collect();
    let facts = LineFacts::of(octets, &marks);
    assert!(facts.marked <= facts.octets && facts.octets == octets.len());
    for (seconds, is_device) in [(None, false), (Some(30), true)] {
        let view = LineView { seconds, is_device, telegrams: facts.apdus, ..LineView::default() };
        let Some(finding) = line_finding(&facts, &view) else { continue };
        for language in [AdviceLanguage::English, AdviceLanguage::German] {
            assert!(!finding.cause(language).is_empty() && !finding.step(language).is_empty());
            assert!(printable(finding.cause(language)), "{}", finding.cause(language));
        }
    }
}
