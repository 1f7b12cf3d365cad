//! Each stage, the whole chain and the kernel, in one process: time a telegram, on any machine to
//! be read as a ratio to `kernel`.
//!
//! `cargo bench --bench stages`, and `… -- chain` for some of them. `benches/run` shows the cost of
//! processes, with reading and writing.

#![allow(missing_docs)]

mod common;

use core::fmt;
use std::hint::black_box;

use common::{
    METERS, Sample, format,
    kernel::{Kernel, Load},
    record, samples,
};
use divan::Bencher;
use jiff::tz::TimeZone;
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        event::StageEvent,
        unframe::Unframe,
    },
    format::{
        entry::{Format, OutputTelegram},
        kinds::FormatKind,
    },
    hex::dump::{Dump, HexRun},
    link::deframer::Deframer,
    reading::telegram::Telegram,
    record::{Attributes, Place, RecordKind, Time},
    source::simulator::meter::MeterKind,
};

fn main() {
    // Ten times each sample: one alone would be measured before it is warm.
    divan::Divan::default().sample_size(640).config_with_args().main();
}

/// A meter and a format.
struct Case(MeterKind, FormatKind);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.1, self.0)
    }
}

fn cases() -> impl Iterator<Item = Case> {
    FormatKind::ALL.into_iter().flat_map(|kind| METERS.map(|meter| Case(meter, kind)))
}

/// Does `work` with one after the other.
fn each<T, R>(bencher: Bencher<'_, '_>, items: &[T], mut work: impl FnMut(&T) -> R) {
    let mut items = items.iter().cycle();
    bencher.bench_local(|| items.next().map(|item| work(black_box(item))));
}

mod stages {
    use super::*;

    #[divan::bench(args = METERS)]
    fn hex(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let (mut dump, mut run) = (Dump::default(), HexRun::default());
        each(bencher, &samples(meter), |sample| {
            run.clear();
            let fine = sample.lines.iter().all(|line| dump.line(line, true, &mut run).is_ok());
            (fine, black_box(&run.octets).len())
        });
    }

    #[divan::bench(args = METERS)]
    fn deframe(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let mut deframer = Deframer::default();
        each(bencher, &frames(meter), |frames| {
            for frame in frames {
                deframer.push(frame, []);
                while let Some(result) = deframer.next() {
                    black_box(result.expect("a frame"));
                }
            }
        });
    }

    /// Deframe and join.
    #[divan::bench(args = METERS)]
    fn unframe(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let mut stage = Unframe::default();
        each(bencher, &frames(meter), |frames| {
            let mut apdus = 0;
            for frame in frames {
                stage.feed(
                    &record(RecordKind::Raw, frame),
                    Place::Live,
                    &mut |event: StageEvent<'_>| {
                        black_box(&event);
                        apdus += 1;
                    },
                );
            }
            assert_eq!(apdus, 1);
        });
    }

    /// With the key that opened the last one.
    #[divan::bench(args = METERS)]
    fn decrypt(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let (mut stage, samples) = (common::decrypt(), samples(meter));
        stage.feed(
            &record(RecordKind::Apdu, &samples[0].apdu),
            Place::Live,
            &mut |_: StageEvent<'_>| {},
        );
        each(bencher, &samples, |sample| {
            let apdu = record(RecordKind::Apdu, &sample.apdu);
            let mut size = 0;
            stage.feed(&apdu, Place::Live, &mut |event: StageEvent<'_>| {
                if let StageEvent::Record(plain, _) = event {
                    size = plain.octets.len();
                }
            });
            size
        });
    }

    #[divan::bench(args = METERS)]
    fn parse(bencher: Bencher<'_, '_>, meter: MeterKind) {
        each(bencher, &samples(meter), |sample| black_box(Telegram::parse(&sample.plain)).is_ok());
    }

    #[divan::bench(args = cases())]
    fn text(bencher: Bencher<'_, '_>, case: &Case) {
        let Case(meter, kind) = *case;
        let samples = samples(meter);
        let telegrams: Vec<_> = samples
            .iter()
            .map(|sample| Telegram::parse(&sample.plain).expect("a telegram"))
            .collect();
        let (mut format, mut text) = (format(kind), vec![]);
        each(bencher, &telegrams, |telegram| {
            text.clear();
            let (received, attributes) = (Time::UNKNOWN, Attributes::default());
            let entry = OutputTelegram { telegram, zone: &TimeZone::UTC, received, attributes };
            format.entry(&entry, &mut text);
            black_box(&text).len()
        });
    }

    fn frames(meter: MeterKind) -> Vec<Vec<Vec<u8>>> {
        let octets = |line: &Vec<u8>| hex::decode(line).expect("hex");
        samples(meter).iter().map(|sample| sample.lines.iter().map(octets).collect()).collect()
    }
}

/// Hex to text, as `decode` does it line by line, without its reading and writing.
#[divan::bench(args = cases())]
fn chain(bencher: Bencher<'_, '_>, case: &Case) {
    let Case(meter, kind) = *case;
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    let (mut chain, mut format) = (Decode::new(common::decrypt()), format(kind));
    let mut text = vec![];
    each(bencher, &samples(meter), |sample: &Sample| {
        text.clear();
        for line in &sample.lines {
            run.clear();
            dump.line(line, true, &mut run).expect("hex");
            let record = record(RecordKind::Raw, &run.octets);
            chain.feed(&record, Place::Live, &mut |output: DecodeEvent<'_>| {
                write(&output, format.as_mut(), &mut text);
            });
        }
        black_box(&text).len()
    });
}

fn write(output: &DecodeEvent<'_>, format: &mut dyn Format, text: &mut Vec<u8>) {
    let DecodeEvent::Telegram { telegram, record, .. } = output else {
        panic!("a telegram of the simulator is not read");
    };
    let (received, attributes) = (record.time, record.attributes);
    format.entry(&OutputTelegram { telegram, zone: &TimeZone::UTC, received, attributes }, text);
}

mod kernel {
    use super::*;

    #[divan::bench(args = METERS)]
    fn hex(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let mut kernel = Kernel::default();
        each(bencher, &loads(meter, FormatKind::Csv), |load| {
            kernel.hex(load);
            black_box(&kernel);
        });
    }

    #[divan::bench(args = METERS)]
    fn sum(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let mut kernel = Kernel::default();
        each(bencher, &loads(meter, FormatKind::Csv), |load| black_box(&mut kernel).sum(load));
    }

    #[divan::bench(args = METERS)]
    fn aes(bencher: Bencher<'_, '_>, meter: MeterKind) {
        let mut kernel = Kernel::default();
        each(bencher, &loads(meter, FormatKind::Csv), |load| {
            kernel.aes(load);
            black_box(&kernel);
        });
    }

    #[divan::bench(args = cases())]
    fn copy(bencher: Bencher<'_, '_>, case: &Case) {
        let mut kernel = Kernel::default();
        each(bencher, &loads(case.0, case.1), |load| {
            kernel.copy(load);
            black_box(&kernel);
        });
    }

    #[divan::bench(args = cases())]
    fn all(bencher: Bencher<'_, '_>, case: &Case) {
        let mut kernel = Kernel::default();
        each(bencher, &loads(case.0, case.1), |load| kernel.run(load));
    }

    fn loads(meter: MeterKind, kind: FormatKind) -> Vec<Load> {
        let mut format = format(kind);
        samples(meter).iter().map(|sample| Load::new(sample, format.as_mut())).collect()
    }
}
