//! The whole chain at the level of the library, on real telegrams.
use meterpipe::{
    chain::{
        decode::{Decode, Output},
        decrypt::{Decrypt, Demands},
    },
    cipher::key_file,
    record::{Attributes, Kind, Place, Record, Time},
};
use std::{fs, path::PathBuf};

fn corpus() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/streams");
    path.exists().then_some(path)
}

fn run(octets: &[u8], keys: &str, chunk: usize) -> (Vec<(u32, Vec<String>)>, Vec<String>) {
    let mut chain = Decode::new(Decrypt::new(key_file::parse(keys).unwrap(), Demands::default()));
    let (mut telegrams, mut refused) = (vec![], vec![]);
    let mut out = |output: Output<'_>| match output {
        Output::Telegram { telegram, record, .. } => telegrams.push((
            record.attributes.ic.unwrap_or(0),
            telegram.fields().map(|(_, value)| value.to_string()).collect(),
        )),
        Output::Refused(refusal) => refused.push(refusal.error.to_string()),
        _ => {}
    };
    for piece in octets.chunks(chunk) {
        let record = Record {
            time: Time::UNKNOWN,
            kind: Kind::Raw,
            octets: piece,
            attributes: Attributes::default(),
        };
        chain.feed(&record, Place::Live, &mut out);
    }
    chain.end(&mut out);
    (telegrams, refused)
}

#[test]
fn streams() {
    let Some(dir) = corpus() else {
        println!("not run: no folder of streams");
        return;
    };
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "bin") {
            continue;
        }
        let octets = fs::read(&path).unwrap();
        let mut keys = fs::read_to_string(path.with_extension("key")).unwrap().trim().to_string();
        if let Ok(gak) = fs::read_to_string(path.with_extension("gak")) {
            keys = format!("{keys} {}", gak.trim());
        }
        let (telegrams, refused) = run(&octets, &keys, 65536);
        let text = fs::read_to_string(path.with_extension("jsonl")).unwrap();
        let expected: Vec<u32> = text
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap())
            .filter(|e| ["decodes", "duplicate"].contains(&e["outcome"].as_str().unwrap()))
            .map(|e| e["frame_counter"].as_u64().unwrap() as u32)
            .collect();
        let found: Vec<u32> = telegrams.iter().map(|t| t.0).collect();
        println!("{} {} {} refused {}", path.display(), expected.len(), found.len(), refused.len());
        if found != expected {
            println!("  MISMATCH");
            for r in refused.iter().take(5) {
                println!("   {r}");
            }
        }
        assert_eq!(found, expected, "{}", path.display());
    }
}
