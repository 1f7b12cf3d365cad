//! One model: the readings of a telegram are those of its line of JSON, digit for digit.

use std::{fs, mem::discriminant, path::Path};

use meterpipe::{
    cosem::clock::VIENNA,
    format::{
        entry::{Format, OutputTelegram},
        json::Json,
        readings::{Member, ReadingValue, Readings},
    },
    reading::template::Templates,
    record::{Attributes, Auth, Time},
    source::simulator::{
        clock::date_time,
        house::House,
        meter::{Identity, MeterKind},
        telegram::SimulatedTelegram,
    },
};
use serde_json::Value;

/// Compares both ways for a plain APDU with and without an envelope. `false` if it is no telegram.
fn agree(apdu: &[u8], name: &str) -> bool {
    let mut templates = Templates::default();
    let Ok(telegram) = templates.read(apdu) else { return false };
    let received = Time::parse(b"2026-08-24T21:03:17.482Z").unwrap();
    let auth = Some(Auth::Verified);
    let title = Some(*b"KFMgP\0\0\x09");
    let ciphered =
        Attributes { title, ic: Some(35), sc: Some(0x30), auth, ..Attributes::default() };
    for (received, attributes) in [(received, ciphered), (Time::UNKNOWN, Attributes::default())] {
        let entry = OutputTelegram { telegram: &telegram, zone: &VIENNA, received, attributes };
        let mut line = vec![];
        Json::new(None, false).entry(&entry, &mut line);
        let text = String::from_utf8_lossy(&line);
        match (Readings::of(&entry), Readings::parse(&line)) {
            (Some(direct), Ok(parsed)) => {
                let (direct, parsed) = (direct.members(), parsed.members());
                let same = |(one, other): (&Member, &Member)| is_same(one, other);
                assert_eq!(direct.len(), parsed.len(), "{name}: {text}");
                let other = direct.iter().zip(parsed).find(|pair| !same(*pair));
                assert!(other.is_none(), "{name}: {other:?}: {text}");
            }
            (None, Err(_)) => {}
            (direct, parsed) => panic!("{name}: {direct:?} and {parsed:?}: {text}"),
        }
    }
    true
}

/// Equal in name, unit, type, and spelling.
fn is_same(one: &Member, other: &Member) -> bool {
    let value = match (&one.value, &other.value) {
        (ReadingValue::Number(one), ReadingValue::Number(other)) => one.same_digits(*other),
        (one, other) => one == other,
    };
    let kind = discriminant(&one.value) == discriminant(&other.value);
    value && kind && (one.key, &one.unit) == (other.key, &other.unit)
}

#[test]
fn both_ways_agree_on_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(manifest) = fs::read_to_string(corpus.join("manifest.json")) else {
        eprintln!("the corpus is not beside this checkout: nothing was compared");
        return;
    };
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let mut compared = 0;
    for item in manifest["items"].as_array().unwrap() {
        let (folder, name) = (item["dir"].as_str().unwrap(), item["name"].as_str().unwrap());
        let path = corpus.join(folder).join(format!("{name}.expected.json"));
        let expected: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for telegram in expected["telegrams"].as_array().unwrap() {
            if let Some(plaintext) = telegram["plaintext"].as_str() {
                compared += usize::from(agree(&hex::decode(plaintext).unwrap(), name));
            }
        }
    }
    assert!(compared > 50, "only {compared} telegrams compared");
}

#[test]
fn both_ways_agree_on_every_meter_and_on_damaged_telegrams() {
    let start = "2026-06-21T00:00:00Z".parse().unwrap();
    let mut random = Random(1);
    let mut compared = 0;
    for meter in MeterKind::ALL {
        let mut house = House::new(7, meter.phases() == 1, start);
        for number in 0..50 {
            let mut plain = vec![];
            SimulatedTelegram {
                meter,
                identity: &Identity::new(meter, number),
                invoke_id: meter.invoke_id(number),
                clock: date_time(start, meter.clock_status()),
                values: &house.measure(),
            }
            .emit(&mut plain);
            assert!(agree(&plain, meter.name()));
            for _ in 0..20 {
                let mut damaged = plain.clone();
                let at = random.below(damaged.len());
                damaged[at] = random.octet();
                compared += usize::from(agree(&damaged, meter.name()));
            }
        }
    }
    assert!(compared > 1000, "only {compared} telegrams compared");
}

#[test]
fn both_ways_agree_on_objects_of_all_kinds() {
    let mut random = Random(2);
    let mut compared = 0;
    for number in 0..5000 {
        let mut apdu = hex::decode("0f00000001").unwrap();
        apdu.extend(random.one(&[
            "00",
            "0c07e5091b01092f0f00ff8880",
            "0c07ea0a19ff021e00ff800080",
        ]));
        let objects = random.below(9);
        apdu.extend([0x02, u8::try_from(objects).unwrap()]);
        for _ in 0..objects {
            random.object(&mut apdu);
        }
        let name = format!("telegram {number}: {}", hex::encode(&apdu));
        compared += usize::from(agree(&apdu, &name));
    }
    assert!(compared > 4000, "only {compared} telegrams compared");
}

/// Codes with and without a name, of identities and of clocks, each of them more than once.
const CODES: [&str; 12] = [
    "0100010800ff",
    "0100010800ff",
    "0101010800ff",
    "01000e0700ff",
    "0100200700ff",
    "010063010001",
    "0000600100ff",
    "0000600101ff",
    "00002a0000ff",
    "0000010000ff",
    "0000600a03ff",
    "01000d0700ff",
];

/// Every type with values at its limits, texts that need escapes, and a compact array.
const VALUES: [&str; 35] = [
    "00",
    "0300",
    "0301",
    "040aaa80",
    "0400",
    "0580000000",
    "057fffffff",
    "06ffffffff",
    "0600000000",
    "0900",
    "0903414243",
    "0904225c0a09",
    "0903000000",
    "090401000000",
    "090cffffffffffffffffff8000ff",
    "090c07e5091b01092f0f00ff8880",
    "0a05225c2f7f1b",
    "0a0a20202d2b3d4120412020",
    "0c06c3a4e282ac21",
    "0d42",
    "0fff",
    "108000",
    "11ff",
    "12ffff",
    "148000000000000000",
    "147fffffffffffffff",
    "15ffffffffffffffff",
    "16ff",
    "173dcccccd",
    "1780000000",
    "177fc00000",
    "18406d366666666666",
    "187fefffffffffffff",
    "1311021122",
    "130903024142",
];

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    fn octet(&mut self) -> u8 {
        self.next() as u8
    }

    fn one(&mut self, all: &[&str]) -> Vec<u8> {
        hex::decode(all[self.below(all.len())]).unwrap()
    }

    /// A code, a value, and a scaler with a unit, each of them there or not.
    fn object(&mut self, apdu: &mut Vec<u8>) {
        let (coded, scaled) = (self.below(4) > 0, self.below(3) > 0);
        if !coded {
            return apdu.extend(self.one(&VALUES));
        }
        apdu.extend([0x02, if scaled { 3 } else { 2 }, 0x09, 0x06]);
        apdu.extend(self.one(&CODES));
        apdu.extend(self.one(&VALUES));
        if scaled {
            let scaler =
                if self.below(8) == 0 { self.octet() } else { (self.octet() & 7).wrapping_sub(4) };
            let unit = [30, 30, 27, 35, 44, 255, 99, 8][self.below(8)];
            apdu.extend([0x02, 0x02, 0x0f, scaler, 0x16, unit]);
        }
    }
}
