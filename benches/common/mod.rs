//! The input of the benchmarks: telegrams of the simulator, as each stage gets them.

pub mod kernel;

use meterpipe::{
    chain::{
        decrypt::{Decrypt, Demands},
        event::StageEvent,
        unframe::Unframe,
    },
    cipher::{key::Key, key_file},
    format::{entry::Format, kinds::FormatKind, options},
    hex::canonical,
    link::deframer::Deframer,
    record::{Attributes, Place, Record, RecordKind, Time},
    source::simulator::{
        meter::{EXAMPLE_KEY, MeterKind},
        push::{PushOptions, Simulator},
    },
};

/// One meter of each layout.
pub const METERS: [MeterKind; 2] = [MeterKind::NetzNoeKaifa, MeterKind::KsmWest];

/// Enough telegrams that no branch can be learnt by heart, and few enough to stay in the cache.
const SAMPLES: usize = 64;

/// One telegram: the same at every stage.
pub struct Sample {
    /// Its frames, a line of hex each, without line ends.
    pub lines: Vec<Vec<u8>>,
    /// The ciphered APDU.
    pub apdu: Vec<u8>,
    /// The plain APDU.
    pub plain: Vec<u8>,
}

/// Telegrams in the order in which the meter pushes them, their values changing.
pub fn samples(meter: MeterKind) -> Vec<Sample> {
    let start = "2026-06-21T00:00:00Z".parse().expect("a time");
    let mut simulator = Simulator::new(PushOptions::new(meter, start));
    let (mut unframe, mut decrypt) = (Unframe::default(), decrypt());
    let mut sample = || {
        let mut wire = vec![];
        simulator.push(&mut wire);
        let lines = lines(&wire);
        let mut apdu = vec![];
        let whole = record(RecordKind::Raw, &wire);
        unframe.feed(&whole, Place::Live, &mut |event: StageEvent<'_>| apdu = octets(&event));
        let mut plain = vec![];
        let ciphered = record(RecordKind::Apdu, &apdu);
        decrypt.feed(&ciphered, Place::Live, &mut |event: StageEvent<'_>| plain = octets(&event));
        Sample { lines, apdu, plain }
    };
    (0..SAMPLES).map(|_| sample()).collect()
}

/// The stage with the key of the simulator.
pub fn decrypt() -> Decrypt {
    let key = key_file::KeyEntry { name: None, guek: Key::new(EXAMPLE_KEY), gak: None };
    Decrypt::new(vec![key], Demands::default())
}

/// A format as the command line builds it.
pub fn format(kind: FormatKind) -> Box<dyn Format> {
    kind.build(&options::FormatOptions::default()).expect("a format without options")
}

/// Octets of which nothing else is known.
pub fn record<'a>(kind: RecordKind<'a>, octets: &'a [u8]) -> Record<'a> {
    Record { time: Time::UNKNOWN, kind, octets, attributes: Attributes::default() }
}

/// As `simulate` writes hex: a line a frame.
fn lines(wire: &[u8]) -> Vec<Vec<u8>> {
    let (mut deframer, mut lines) = (Deframer::default(), vec![]);
    deframer.push(wire, []);
    while let Some(frame) = deframer.next() {
        let mut line = vec![];
        canonical::encode(frame.expect("a frame").octets, &mut line);
        lines.push(line);
    }
    lines
}

fn octets(event: &StageEvent<'_>) -> Vec<u8> {
    match event {
        StageEvent::Record(record, _) => record.octets.to_vec(),
        other => panic!("a telegram of the simulator is not read: {other:?}"),
    }
}
