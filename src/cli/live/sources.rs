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
        shared_args::{BaudArg, LineArg, ParityArg, SerialArgs},
    },
};
use meterpipe::{
    sink::settings::home,
    source::{
        Source,
        line::{LineSearch, LineSettings},
        parity::Parity,
        ports, serial, simulator, tcp,
    },
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

/// The places that the live sources of a run read.
#[derive(Default)]
pub struct SourcePlaces(Vec<String>);

impl SourcePlaces {
    /// Adds the place of a source.
    ///
    /// # Errors
    /// Another source has it.
    pub fn add(&mut self, spec: &Spec) -> Result<(), Stop> {
        // Virtual meters and files are read as often as they are named.
        let Some(place) = place(spec) else {
            return Ok(());
        };
        if self.0.contains(&place) {
            let why = "another source of this run is the same, and only one of them can read it: name it once, and \
                       write the keys of all its meters into one key file, a line for each";
            return Err(Stop::usage(format!("{place}: {why}")));
        }
        self.0.push(place);
        Ok(())
    }
}

/// The place that a live source reads, under the one name that it has.
pub fn place(spec: &Spec) -> Option<String> {
    let Spec::Live(source) = spec else {
        return None;
    };
    let device = source.line().device.map(|path| path.canonicalize().unwrap_or(path));
    Some(device.map_or_else(|| source.name().to_owned(), |path| path.display().to_string()))
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
    let path = home::expanded(Path::new(&name));
    destinations::is_none(&path, "SOURCE")?;
    if !is_device(&path) {
        return Ok(Spec::File(path));
    }
    let mut settings = serial::SerialSettings::new(path);
    settings.line = search(line);
    Ok(Spec::Live(serial::open(settings, lasting)))
}

/// The settings that these arguments fix, or the search among those that they leave open.
pub fn search(args: &SerialArgs) -> LineSearch {
    let preset = match args.line {
        Some(LineArg::Auto) => None,
        None if args.baud == Some(BaudArg::Auto) => None,
        None | Some(LineArg::MBus) => Some(LineSettings::M_BUS),
        Some(LineArg::MBus8n1) => Some(LineSettings::M_BUS_8N1),
        Some(LineArg::Ir) => Some(LineSettings::INFRARED),
        Some(LineArg::P1) => Some(LineSettings::P1),
    };
    let parity = match args.parity {
        Some(ParityArg::Even) => Some(Parity::Even),
        Some(ParityArg::None) => Some(Parity::None),
        Some(ParityArg::Odd) => Some(Parity::Odd),
        Some(ParityArg::Auto) | None => None,
    };
    let baud = match args.baud {
        Some(BaudArg::Fixed(baud)) => Some(baud),
        Some(BaudArg::Auto) => None,
        None => preset.map(|preset| preset.baud),
    };
    let Some(baud) = baud else {
        let settings =
            LineSettings::ALL.map(|it| LineSettings { parity: parity.unwrap_or(it.parity), ..it });
        let mut settings = settings.to_vec();
        settings.dedup();
        return LineSearch::among(settings);
    };
    let open = args.parity == Some(ParityArg::Auto) || preset.is_none();
    match (parity, preset) {
        (Some(parity), _) => LineSearch::fixed(LineSettings { baud, parity }),
        (None, Some(preset)) if !open => LineSearch::fixed(LineSettings { baud, ..preset }),
        _ => LineSearch::of_parity(baud),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_fix_a_line_or_leave_it_open() {
        use BaudArg::{Auto as AnySpeed, Fixed};
        use ParityArg::{Auto as AnyParity, Even, None as Without, Odd};
        let line = |line, baud, parity| search(&SerialArgs { line, baud, parity });
        for ((name, baud, parity), expected) in [
            ((None, None, None), "2400 8E1"),
            ((Some(LineArg::P1), None, None), "115200 8N1"),
            ((Some(LineArg::Ir), None, Some(Even)), "9600 8E1"),
            ((Some(LineArg::MBus8n1), None, None), "2400 8N1"),
            ((None, Some(Fixed(9600)), None), "9600 8E1"),
            ((None, Some(Fixed(9600)), Some(Without)), "9600 8N1"),
            ((None, Some(Fixed(9600)), Some(AnyParity)), "9600 8E1, 9600 8N1, 9600 8O1"),
            ((Some(LineArg::Auto), Some(Fixed(300)), None), "300 8E1, 300 8N1, 300 8O1"),
            ((None, None, Some(AnyParity)), "2400 8E1, 2400 8N1, 2400 8O1"),
            ((None, Some(AnySpeed), None), "2400 8E1, 2400 8N1, 9600 8N1, 115200 8N1"),
            ((None, Some(AnySpeed), Some(AnyParity)), "2400 8E1, 2400 8N1, 9600 8N1, 115200 8N1"),
            ((Some(LineArg::Auto), None, None), "2400 8E1, 2400 8N1, 9600 8N1, 115200 8N1"),
            ((Some(LineArg::Auto), None, Some(Odd)), "2400 8O1, 9600 8O1, 115200 8O1"),
        ] {
            let all: Vec<_> =
                line(name, baud, parity).candidates().map(|it| it.to_string()).collect();
            assert_eq!(all.join(", "), expected);
        }
    }
}
