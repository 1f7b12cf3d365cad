//! Prints the readings of a dump: `cargo run --example read_file -- DUMP KEYFILE`.
//!
//! The dump is binary or hex in any usual spelling; the key file is that of `meterpipe decode`.

use std::{env, error::Error, fs};

use meterpipe::{
    chain::decode::{Decode, DecodeEvent},
    cipher::key_file,
    cosem::clock::VIENNA,
    hex::{
        detect::{self, Form},
        dump::{Dump, HexRun},
    },
    reading::fields::FIELDS,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [dump, keys] = arguments.as_slice() else {
        return Err("usage: read_file DUMP KEYFILE".into());
    };
    let octets = octets(&fs::read(dump)?)?;
    let keys = key_file::parse(&fs::read_to_string(keys)?)
        .map_err(|defect| format!("{keys}, line {}: {}", defect.line, defect.error))?;
    let mut decode = Decode::with_keys(keys);
    decode.push(&octets, &mut |event: DecodeEvent<'_>| print(&event));
    decode.end(&mut |event: DecodeEvent<'_>| print(&event));
    Ok(())
}

/// The octets of a file, whatever its form.
fn octets(file: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    if detect::detect(file, true) == Some(Ok(Form::Binary)) {
        return Ok(file.to_vec());
    }
    let (mut dump, mut run, mut octets) = (Dump::default(), HexRun::default(), Vec::new());
    for line in file.split(|octet| *octet == b'\n') {
        run.clear();
        dump.line(line, true, &mut run)?;
        octets.extend(run.earlier.drain(..).flat_map(|(_, row)| row));
        octets.extend_from_slice(&run.octets);
    }
    Ok(octets)
}

fn print(event: &DecodeEvent<'_>) {
    match event {
        DecodeEvent::Telegram { telegram, .. } => {
            let meter = String::from_utf8_lossy(telegram.meter().unwrap_or_default());
            let time = telegram.time(&VIENNA).map(|stamp| stamp.to_string());
            println!("{} meter {meter}", time.unwrap_or_default());
            for (place, number) in telegram.fields() {
                println!("  {} {number}", FIELDS[place].name);
            }
        }
        DecodeEvent::Refused(refusal) => eprintln!("{}", refusal.error),
        _ => {}
    }
}
