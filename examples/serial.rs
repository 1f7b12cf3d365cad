//! Prints the power of a meter on a serial port: `cargo run --example serial -- PORT KEYFILE`.

use std::{
    env,
    error::Error,
    fs,
    io::{ErrorKind, Read},
    time::Duration,
};

use meterpipe::{
    chain::decode::{Decode, DecodeEvent},
    cipher::key_file,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [port, keys] = arguments.as_slice() else {
        return Err("usage: serial PORT KEYFILE".into());
    };
    let keys = key_file::parse(&fs::read_to_string(keys)?)
        .map_err(|defect| format!("{keys}, line {}: {}", defect.line, defect.error))?;
    let mut decode = Decode::with_keys(keys);
    // The wired M-Bus: 2400 baud, 8E1.
    let line = serialport::new(port, 2400).parity(serialport::Parity::Even);
    let mut port = line.timeout(Duration::from_secs(10)).open()?;
    let mut room = [0; 512];
    loop {
        let size = match port.read(&mut room) {
            Err(error) if error.kind() == ErrorKind::TimedOut => continue,
            read => read?,
        };
        decode.push(&room[..size], &mut |event: DecodeEvent<'_>| match event {
            DecodeEvent::Telegram { telegram, .. } => match telegram.get("power_net_w") {
                Some(power) => println!("{power} W"),
                None => eprintln!("a telegram without power"),
            },
            DecodeEvent::Refused(refusal) => eprintln!("{}", refusal.error),
            _ => {}
        });
    }
}
