//! The chain of stages as a function, and the folders of real telegrams.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        decrypt::{Decrypt, Demands},
    },
    cipher::key_file,
    cosem::clock::VIENNA,
    hex::dump::{Dump, HexRun},
    reading::value::Value,
    record::{Attributes, Auth, Place, Record, RecordKind, Time},
};

/// A folder of real telegrams beside the project. Prints a line if it is missing.
pub fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("not run: there is no folder {}", path.display());
    None
}

/// The output of the chain.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub telegrams: Vec<Reading>,
    pub refused: Vec<String>,
}

/// One telegram with every property that an expectation may name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub title: Option<String>,
    pub counter: Option<u32>,
    pub auth: Option<Auth>,
    pub time: Option<String>,
    pub meter: Option<String>,
    /// The plain APDU in hex.
    pub apdu: String,
    /// OBIS code, value, unit, raw integer and scaler of every number.
    pub values: Vec<(Option<String>, String, Option<String>)>,
}

/// Runs the chain over octets that are handed over in pieces.
pub fn decode_octets(octets: &[u8], keys: &str, piece: usize) -> Outcome {
    run(keys, |chain, outcome| {
        for piece in octets.chunks(piece) {
            chain.feed(&raw(piece), Place::Live, &mut |output: DecodeEvent<'_>| {
                outcome.take(output)
            });
        }
    })
}

/// Runs the chain over a hex dump.
pub fn decode_dump(text: &str, keys: &str) -> Outcome {
    run(keys, |chain, outcome| {
        let (mut dump, mut run) = (Dump::default(), HexRun::default());
        for (index, line) in text.lines().enumerate() {
            run.clear();
            if let Err(error) = dump.line(line.as_bytes(), true, &mut run) {
                outcome.refused.push(error.to_string());
            }
            let place = Place::Line(index as u64 + 1);
            chain.feed(&raw(&run.octets), place, &mut |output: DecodeEvent<'_>| {
                outcome.take(output)
            });
        }
    })
}

fn run(keys: &str, feed: impl FnOnce(&mut Decode, &mut Outcome)) -> Outcome {
    let entries = match keys {
        "" => vec![],
        keys => key_file::parse(keys).expect("a key file"),
    };
    let mut chain = Decode::new(Decrypt::new(entries, Demands::default()));
    let mut outcome = Outcome::default();
    feed(&mut chain, &mut outcome);
    chain.end(&mut |output: DecodeEvent<'_>| outcome.take(output));
    outcome
}

fn raw(octets: &[u8]) -> Record<'_> {
    let attributes = Attributes::default();
    Record { time: Time::UNKNOWN, kind: RecordKind::Raw, octets, attributes }
}

impl Outcome {
    fn take(&mut self, output: DecodeEvent<'_>) {
        match output {
            DecodeEvent::Telegram { telegram, record, .. } => {
                let zone: &TimeZone = &VIENNA;
                let values = telegram.objects().filter_map(|object| match Value::of(&object) {
                    Value::Number(number) => Some((
                        object.obis.map(|obis| obis.to_string()),
                        number.to_string(),
                        object.scale.and_then(|(_, unit)| unit.symbol().map(str::to_owned)),
                    )),
                    _ => None,
                });
                self.telegrams.push(Reading {
                    title: record.attributes.title.map(hex::encode),
                    counter: record.attributes.ic,
                    auth: record.attributes.auth,
                    time: telegram.time(zone).map(|stamp| stamp.to_string()),
                    meter: telegram.meter().map(|m| String::from_utf8_lossy(m).into_owned()),
                    apdu: hex::encode(record.octets),
                    values: values.collect(),
                });
            }
            DecodeEvent::Refused(refusal) => self.refused.push(refusal.error.to_string()),
            _ => {}
        }
    }
}

/// The keys of a corpus item or a stream: one line for a key file, or nothing.
pub fn keys_beside(path: &Path) -> String {
    let read = |extension| fs::read_to_string(path.with_extension(extension)).unwrap_or_default();
    format!("{} {}", read("key").trim(), read("gak").trim()).trim().to_owned()
}
