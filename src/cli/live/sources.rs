//! From the SOURCE argument to a source: a device, a TCP peer, a virtual meter, or an input that
//! ends.

use std::{
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use crate::cli::{
    run::status::{Status, Stop},
    setup::{
        destinations, environment,
        shared_args::{ParityArg, SerialArgs},
    },
};
use meterpipe::source::{
    Source,
    parity::{Parity, ParitySearch},
    ports, serial, simulator, tcp,
};

/// A source that is ready to be read.
pub enum Spec {
    /// A source that reconnects, or never ends.
    Live(Box<dyn Source>),
    /// A virtual meter with the example key.
    Simulated(Box<dyn Source>),
    /// A file, a FIFO, standard input.
    File(PathBuf),
}

/// Finds the source of that name, or the default one.
pub fn find(name: Option<&str>, line: &SerialArgs, lasting: bool) -> Result<Spec, Stop> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => default()?,
    };
    if let Some(meter) = simulator::real_time::of_name(&name) {
        let meter = meter.map_err(|error| Stop::usage(format!("{name}: {error}")))?;
        return Ok(Spec::Simulated(simulator::real_time::open(meter)));
    }
    if name.starts_with("tcp://") && tcp::address(&name).is_none() {
        return Err(Stop::usage(format!("{name}: a peer is written as tcp://HOST:PORT")));
    }
    if let Some(address) = tcp::address(&name) {
        return Ok(Spec::Live(tcp::open(tcp::TcpSettings::new(address), lasting)));
    }
    let path = PathBuf::from(&name);
    destinations::is_none(&path, "SOURCE")?;
    if !is_device(&path) {
        return Ok(Spec::File(path));
    }
    let mut settings = serial::SerialSettings::new(path);
    settings.baud = line.baud.unwrap_or(settings.baud);
    settings.parity = match line.parity {
        None => settings.parity,
        Some(ParityArg::Even) => ParitySearch::fixed(Parity::Even),
        Some(ParityArg::None) => ParitySearch::fixed(Parity::None),
        Some(ParityArg::Odd) => ParitySearch::fixed(Parity::Odd),
        Some(ParityArg::Auto) => ParitySearch::default(),
    };
    Ok(Spec::Live(serial::open(settings, lasting)))
}

fn default() -> Result<String, Stop> {
    if let Some(source) = environment::source() {
        return Ok(source);
    }
    let port = ports::default_port();
    let port = port.map_err(|error| Stop::Failed(Status::Source, error.to_string()))?;
    Ok(port.display().to_string())
}

/// True if a path is a serial device, or will be one when it is plugged in.
fn is_device(path: &Path) -> bool {
    match path.metadata() {
        // These flags open a device without a wait for its carrier, and without making it the
        // controlling terminal.
        Ok(about) if about.file_type().is_char_device() => {
            let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK;
            rustix::fs::open(path, flags, Mode::empty()).map_or(true, rustix::termios::isatty)
        }
        Ok(_) => false,
        // A link to nowhere, or a missing node under /dev, is a device that is unplugged, not a
        // missing file.
        Err(_) => path.starts_with("/dev") || path.symlink_metadata().is_ok(),
    }
}
