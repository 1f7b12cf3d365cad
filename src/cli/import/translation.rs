//! The result: a meter, its sinks, and what the user has to know.

use zeroize::Zeroizing;

use crate::cli::{
    import::{
        settings::{OldSettings, PlacedEntry},
        sink::{TranslatedSink, key_text},
    },
    older::program::OldProgram,
    run::status::Stop,
};
use meterpipe::source::tcp;

/// The configuration that the settings of a program become.
#[derive(Debug)]
pub struct Translation {
    /// The program that had them.
    pub program: OldProgram,
    /// The source of the meter.
    pub source: String,
    /// The key of the meter, and its place.
    pub key: Option<(Zeroizing<String>, String)>,
    /// The keys about its line, where they are not the usual ones.
    pub line: Vec<(&'static str, String)>,
    /// The sinks.
    pub sinks: Vec<TranslatedSink>,
    /// Notes on settings that are not carried over, or have another meaning now.
    pub notes: Vec<String>,
}

/// The names of the settings about the line.
#[derive(Debug)]
pub struct OldLine<'a> {
    /// The device.
    pub source: &'a str,
    /// Bits a second.
    pub baud: &'a str,
    /// The key.
    pub key: &'a str,
}

impl Translation {
    /// The meter of a program; sinks follow.
    ///
    /// # Errors
    /// A speed that is none.
    pub fn new(
        program: OldProgram,
        names: &OldLine<'_>,
        old: &mut OldSettings,
    ) -> Result<Self, Stop> {
        let source = match old.take_text(names.source) {
            Some(source) => new_source(&source, old)?,
            None => DEVICE.to_owned(),
        };
        let mut line = Vec::new();
        if let Some(baud) = old.take_text(names.baud)
            && baud.text().trim() != "2400"
        {
            let number: Result<u32, _> = baud.text().trim().parse();
            let number = number.ok().filter(|number| *number > 0);
            let place = baud.place();
            let number =
                number.ok_or_else(|| Stop::usage(format!("{place}: a number is expected")))?;
            line.push(("baud", number.to_string()));
        }
        let key = old.take(names.key);
        let key = key_text(key, old);
        Ok(Self { program, source, key, line, sinks: Vec::new(), notes: Vec::new() })
    }

    /// Takes the parity of a program that lets its user choose one. The names are those of pyserial, which
    /// the program evaluates; here they are only read.
    pub fn parity(&mut self, [parity, stop, size]: [&str; 3], old: &mut OldSettings) {
        if let Some(parity) = old.take(parity) {
            match parity.text().rsplit('.').next().unwrap_or_default() {
                "PARITY_EVEN" => {}
                "PARITY_ODD" => self.line.push(("parity", "odd".to_owned())),
                _ if self.source.starts_with("tcp://") => {}
                "PARITY_NONE" => old.changed(&parity, NONE_IS_EVEN),
                _ => old.lost(&parity, "even parity is taken, as meters send it"),
            }
        }
        for (key, usual) in [(stop, "STOPBITS_ONE"), (size, "EIGHTBITS")] {
            let other = old.take(key).filter(|it| !it.text().ends_with(usual));
            if let Some(other) = other {
                old.lost(&other, "meters send 8 data bits and 1 stop bit");
            }
        }
    }

    /// Notes that the program reads without parity whatever its user says.
    pub fn fixed_parity(&self, old: &mut OldSettings) {
        if !self.source.starts_with("tcp://") {
            old.note(format!("the parity, none in that program, {NONE_IS_EVEN}"));
        }
    }

    /// Adds a sink.
    ///
    /// # Errors
    /// A value that the sink refuses.
    pub fn push(&mut self, sink: TranslatedSink, place: &str) -> Result<(), Stop> {
        self.sinks.push(sink.checked(place)?);
        Ok(())
    }
}

/// The source for a port of pyserial, which also takes addresses and the names of Windows.
fn new_source(source: &PlacedEntry, old: &mut OldSettings) -> Result<String, Stop> {
    let text = source.text().trim();
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let peer = rest.split(['?', '/']).next().unwrap_or_default();
    let tcp = format!("tcp://{peer}");
    let how = match scheme.to_ascii_lowercase().as_str() {
        "socket" => "",
        "rfc2217" => {
            ": no RFC 2217 is spoken, so the server has to serve this port raw, and to set the \
             line to 2400 8E1 itself"
        }
        "" if is_of_windows(text) => {
            old.changed(
                source,
                &format!("becomes {DEVICE}, because COM ports belong to Windows: {CHOOSE}"),
            );
            return Ok(DEVICE.to_owned());
        }
        "" | "tcp" => return Ok(text.to_owned()),
        _ => {
            old.changed(
                source,
                &format!("becomes {DEVICE}, because no source has such an address: {CHOOSE}"),
            );
            return Ok(DEVICE.to_owned());
        }
    };
    if tcp::address(&tcp).is_none() {
        let text = format!("{}: HOST:PORT is expected behind {scheme}://", source.place());
        return Err(Stop::usage(text));
    }
    old.changed(source, &format!("becomes {tcp}{how}"));
    Ok(tcp)
}

/// True for `COM3` and `\\.\COM12`.
fn is_of_windows(text: &str) -> bool {
    let name = text.strip_prefix(r"\\.\").unwrap_or(text);
    let number =
        name.get(..3).filter(|it| it.eq_ignore_ascii_case("com")).and_then(|_| name.get(3..));
    number.is_some_and(|number| number.parse::<u8>().is_ok())
}

/// How to name a device.
const CHOOSE: &str = "ls /dev/serial/by-id shows the devices, of which source names one";

/// Why parity none is not carried over.
const NONE_IS_EVEN: &str = "becomes even: meters send 8E1, and the parity bit shows damaged octets; \
                            parity = \"none\" in [[meter]] is there for an adapter that hides it";

/// The device that every program takes by default.
pub const DEVICE: &str = "/dev/ttyUSB0";

/// Says why no sink follows from a switch that is off.
pub fn is_off(switch: Option<PlacedEntry>, what: &str, old: &mut OldSettings) -> bool {
    let is_on = switch.as_ref().is_some_and(|it| it.entry.value.is_true());
    if let Some(switch) = switch.filter(|_| !is_on) {
        old.changed(&switch, &format!("is off: no {what}, and none of its settings"));
    }
    !is_on
}
