//! What the benchmarks work on: telegrams of the simulator, as each stage gets them.

pub mod kernel;

use meterpipe::{
    chain::{
        decrypt::{Decrypt, Demands},
        event::Event,
        unframe::Unframe,
    },
    cipher::{key::Key, key_file},
    format::{entry::Format, options},
    hex::canonical,
    link::mbus::Deframer,
    record::{Attributes, Kind, Place, Record, Time},
    source::simulator::{
        meter::{EXAMPLE_KEY, Meter},
        push::{Options, Simulator},
    },
};

/// One meter of each layout.
pub const METERS: [Meter; 2] = [Meter::NetzNoeKaifa, Meter::KsmWest];

/// So many telegrams that no branch can be learnt by heart, and so few that they stay in the cache.
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
pub fn samples(meter: Meter) -> Vec<Sample> {
    let start = "2026-06-21T00:00:00Z".parse().expect("a time");
    let mut simulator = Simulator::new(Options::new(meter, start));
    let (mut unframe, mut decrypt) = (Unframe::default(), decrypt());
    let mut sample = || {
        let mut wire = vec![];
        simulator.push(&mut wire);
        let lines = lines(&wire);
        let mut apdu = vec![];
        let whole = record(Kind::Raw, &wire);
        unframe.feed(&whole, Place::Live, &mut |event: Event<'_>| apdu = octets(&event));
        let mut plain = vec![];
        let ciphered = record(Kind::Apdu, &apdu);
        decrypt.feed(&ciphered, Place::Live, &mut |event: Event<'_>| plain = octets(&event));
        Sample { lines, apdu, plain }
    };
    (0..SAMPLES).map(|_| sample()).collect()
}

/// The stage with the key of the simulator.
pub fn decrypt() -> Decrypt {
    let key = key_file::Entry { name: None, guek: Key::new(EXAMPLE_KEY), gak: None };
    Decrypt::new(vec![key], Demands::default())
}

/// A format as the command line builds it.
pub fn format(kind: options::Kind) -> Box<dyn Format> {
    kind.build(&options::Options::default()).expect("a format without options")
}

/// Octets of which nothing else is known.
pub fn record<'a>(kind: Kind<'a>, octets: &'a [u8]) -> Record<'a> {
    Record { time: Time::UNKNOWN, kind, octets, attributes: Attributes::default() }
}

/// As `simulate` writes hex: a line a frame.
fn lines(wire: &[u8]) -> Vec<Vec<u8>> {
    let (mut deframer, mut lines) = (Deframer::default(), vec![]);
    deframer.push(wire, []);
    while let Some(frame) = deframer.next() {
        let mut line = vec![];
        canonical::encode(frame.expect("a frame").octets(), &mut line);
        lines.push(line);
    }
    lines
}

fn octets(event: &Event<'_>) -> Vec<u8> {
    match event {
        Event::Record(record, _) => record.octets.to_vec(),
        other => panic!("a telegram of the simulator is not read: {other:?}"),
    }
}
