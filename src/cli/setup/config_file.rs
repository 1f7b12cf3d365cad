//! The configuration: the meters of a home, and where their readings go.
//!
//! ```toml
//! [[meter]]
//! name = "house"
//! source = "/dev/ttyUSB0"
//! key_file = "/etc/meterpipe/guek"
//!
//! [[sink]]
//! to = "mqtt://homeassistant.local"
//! user = "meter"
//! password_file = "/etc/meterpipe/mqtt_password"
//! ```
//!
//! The keys of a sink are described by the [sinks](meterpipe::sink::registry).

use std::{
    borrow::Cow,
    env,
    fmt::Write as _,
    fs,
    io::Read as _,
    ops::Range,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::cli::{
    older::recognise::program_of_text,
    run::status::Stop,
    setup::{
        environment,
        shared_args::{self, LineArg, ParityArg, SerialArgs},
    },
};
use meterpipe::{
    cipher::ciphered::SystemTitle,
    counted::counted,
    file_error,
    link::registry::LinkChoice,
    sink::settings::{SinkSettings, error::SettingError, home, origin::SettingOrigin, redact},
};

/// The content of the file.
#[derive(Debug, Default)]
pub struct Config {
    /// The path of the file.
    pub path: PathBuf,
    /// The meters.
    pub meters: Vec<MeterConfig>,
    /// The sinks.
    pub sinks: Vec<SinkSettings>,
    /// The mistakes in the file, each with its place. What they stand in is left out above.
    pub mistakes: Vec<String>,
}

impl Config {
    /// True if the meters of another configuration have the same sources.
    pub fn has_same_sources(&self, other: &Self) -> bool {
        let sources = |config: &Self| -> Vec<_> {
            let meters = config.meters.iter();
            let of = |it: &MeterConfig| {
                let line = (it.serial.clone(), it.link, it.system_title);
                (it.name.clone(), it.source.clone(), line)
            };
            meters.map(of).collect()
        };
        sources(self) == sources(other)
    }

    /// True if the meters of another configuration have the same layouts.
    pub fn has_same_layouts(&self, other: &Self) -> bool {
        let layouts = |config: &Self| -> Vec<_> {
            config.meters.iter().map(|it| it.layout.clone()).collect()
        };
        layouts(self) == layouts(other)
    }

    /// The message with the line and the name of a key in front.
    pub fn at(&self, line: usize, key: &str, stop: Stop) -> Stop {
        match stop {
            Stop::Failed(status, text) => {
                let path = self.path.display();
                Stop::Failed(status, format!("{path}: line {line}: {key}: {text}"))
            }
            stop => stop,
        }
    }
}

/// A meter.
#[derive(Debug, Default)]
pub struct MeterConfig {
    /// Its name in messages and recordings.
    pub name: Option<String>,
    /// The source of its octets.
    pub source: Option<String>,
    /// A file with its key, or with the keys of several meters.
    pub key_file: Option<PathBuf>,
    /// A file with the layout of its telegrams.
    pub layout: Option<PathBuf>,
    /// The settings of its line.
    pub serial: SerialArgs,
    /// The link layer of its line.
    pub link: Option<LinkChoice>,
    /// Its system title, if its telegrams carry none.
    pub system_title: Option<SystemTitle>,
    /// The lines of the keys that name something outside the file.
    pub lines: MeterLines,
}

/// The lines of the keys of a meter, for messages about their values.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeterLines {
    /// The line of `source`.
    pub source: usize,
    /// The line of `key_file`.
    pub key_file: usize,
    /// The line of `layout`.
    pub layout: usize,
}

impl MeterConfig {
    /// The settings of its line: the arguments, else those of the configuration.
    pub fn line(&self, args: &SerialArgs) -> SerialArgs {
        args.or(&self.serial)
    }
}

/// Finds and reads the configuration: the named file, else the user's, else the system's. None if there is
/// no such file.
///
/// # Errors
/// The file cannot be read, or has a mistake.
pub fn find(named: Option<&Path>) -> Result<Option<Config>, Stop> {
    let config = find_with_mistakes(named)?;
    match config.as_ref().map(|config| config.mistakes.as_slice()) {
        None | Some([]) => Ok(config),
        Some([first]) => Err(Stop::usage(first)),
        Some([first, others @ ..]) => Err(Stop::usage(format!(
            "{first} ({} more: meterpipe config check)",
            counted(others.len(), "mistake")
        ))),
    }
}

/// The same, also with mistakes.
///
/// # Errors
/// The file cannot be read.
pub fn find_with_mistakes(named: Option<&Path>) -> Result<Option<Config>, Stop> {
    if let Some(path) = named {
        return read(path).map(Some);
    }
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let places = [user, Some(PathBuf::from("/etc"))];
    let mut paths = places.into_iter().flatten().map(|place| place.join("meterpipe/config.toml"));
    paths.find(|path| path.exists()).map(|path| read(&path)).transpose()
}

/// The content of a text without a file; mistakes have no file's name.
pub fn of_text(text: &str) -> Config {
    let (config, mistakes) = parse(text);
    let mistakes = mistakes.into_iter().map(|mistake| mistake.text).collect();
    Config { mistakes, ..config }
}

/// The most octets of a file of settings.
const LONGEST: u64 = 1024 * 1024;

/// The text of a file of settings, or the reason why there is none.
pub fn text_of(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(home::expanded(path))
        .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    match read {
        Ok(octets) if octets as u64 > LONGEST => Err("too long for such a file".to_owned()),
        Ok(_) => Ok(text),
        Err(error) => Err(file_error::unreadable(&error)),
    }
}

fn read(path: &Path) -> Result<Config, Stop> {
    let name = redact::typed(&path.display().to_string());
    let text = text_of(path).map_err(|why| Stop::usage(format!("{name}: {why}")))?;
    let (config, mistakes) = parse(&text);
    let older = (!mistakes.is_empty()).then(|| program_of_text(&text)).flatten();
    if let Some(program) = older {
        let program = program.name();
        return Err(Stop::usage(format!(
            "{name}: the configuration of {program}; meterpipe config import {name} translates it"
        )));
    }
    let place = |Mistake { at, text: cause }: &Mistake| {
        format!("{name}: line {}: {cause}", line_of(&text, at))
    };
    let mistakes = mistakes.iter().map(place).collect();
    Ok(Config { path: path.to_owned(), mistakes, ..config })
}

pub(super) fn line_of(text: &str, at: &Range<usize>) -> usize {
    text.get(..at.start).unwrap_or_default().matches('\n').count() + 1
}

/// A mistake and its place.
#[derive(Debug)]
pub(super) struct Mistake {
    pub at: Range<usize>,
    pub text: String,
}

pub(super) type TomlTable<'a> = DeTable<'a>;
pub(super) type TomlValue<'a> = Spanned<DeValue<'a>>;
type TomlKey<'a> = Spanned<Cow<'a, str>>;

/// The content of the file, and all mistakes in the order of their places.
fn parse(text: &str) -> (Config, Vec<Mistake>) {
    let (mut config, mut mistakes) = (Config::default(), Vec::new());
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let (at, text) = (error.span().unwrap_or_default(), error.message().to_owned());
            return (config, vec![Mistake { at, text }]);
        }
    };
    let line = |at: Range<usize>| line_of(text, &at);
    for (key, value) in table.get_ref() {
        let known = match key.get_ref().as_ref() {
            "meter" => tables(value, "[[meter]]").map(|tables| {
                let meters = tables.map(|(table, _)| meter(table, &line, &mut mistakes));
                config.meters = meters.collect();
            }),
            "sink" => tables(value, "[[sink]]").map(|tables| {
                let sinks = tables.filter_map(|table| sink(table, &line, &mut mistakes));
                config.sinks = sinks.collect();
            }),
            unknown => Err(mistake(key.span(), unknown, &["meter", "sink"])),
        };
        mistakes.extend(known.err());
    }
    mistakes.sort_by_key(|mistake| mistake.at.start);
    (config, mistakes)
}

pub(super) fn tables<'a, 'b>(
    value: &'a TomlValue<'b>,
    header: &str,
) -> Result<impl Iterator<Item = (&'a TomlTable<'b>, Range<usize>)>, Mistake> {
    let wrong = |at| Mistake { at, text: format!("tables are expected here: {header}") };
    let all = value.get_ref().as_array().ok_or_else(|| wrong(value.span()))?;
    if let Some(other) = all.iter().find(|value| !value.get_ref().is_table()) {
        return Err(wrong(other.span()));
    }
    Ok(all.iter().filter_map(|value| Some((value.get_ref().as_table()?, value.span()))))
}

const METER: [&str; 9] =
    ["name", "source", "key_file", "layout", "line", "baud", "parity", "link", "system_title"];

fn meter(
    table: &TomlTable<'_>,
    line: &dyn Fn(Range<usize>) -> usize,
    mistakes: &mut Vec<Mistake>,
) -> MeterConfig {
    let mut meter = MeterConfig::default();
    for (key, value) in table {
        mistakes.extend(meter.set(key, value, line(key.span())).err());
    }
    meter
}

impl MeterConfig {
    fn set(
        &mut self,
        key: &TomlKey<'_>,
        value: &TomlValue<'_>,
        line: usize,
    ) -> Result<(), Mistake> {
        let scalar = || scalar(value).ok_or_else(|| expected(value, "a text"));
        let text = || {
            let text = value.get_ref().as_str().map(str::to_owned);
            text.ok_or_else(|| expected(value, "a text"))
        };
        match key.get_ref().as_ref() {
            "name" => self.name = Some(text()?),
            "source" => {
                self.source = Some(text()?);
                self.lines.source = line;
            }
            "key_file" => {
                self.key_file = Some(text()?.into());
                self.lines.key_file = line;
            }
            "layout" => {
                self.layout = Some(text()?.into());
                self.lines.layout = line;
            }
            "line" => {
                let line = LineArg::from_str(&text()?, false);
                let line = line.map_err(|_| expected(value, "m-bus, m-bus-8n1, ir, p1 or auto"))?;
                self.serial.line = Some(line);
            }
            "baud" => {
                let baud = scalar()?.parse().map_err(|_| expected(value, "a number or auto"))?;
                self.serial.baud = Some(baud);
            }
            "parity" => {
                let parity = ParityArg::from_str(&text()?, false);
                let parity = parity.map_err(|_| expected(value, "even, none, odd or auto"))?;
                self.serial.parity = Some(parity);
            }
            "link" => {
                let name = text()?;
                let link = LinkChoice::all().find(|link| link.name() == name);
                self.link = Some(link.ok_or_else(|| {
                    let names: Vec<_> = LinkChoice::all().map(LinkChoice::name).collect();
                    expected(value, &format!("one of {}", names.join(", ")))
                })?);
            }
            "system_title" => {
                let title = shared_args::title(&text()?);
                self.system_title =
                    Some(title.map_err(|_| expected(value, "a text of 16 hex digits"))?);
            }
            "key" => {
                let text = "a key stands in a file of its own: key_file".to_owned();
                return Err(Mistake { at: key.span(), text });
            }
            unknown => return Err(mistake(key.span(), unknown, &METER)),
        }
        Ok(())
    }
}

/// The settings of a sink; none if it has no valid target.
fn sink(
    (table, at): (&TomlTable<'_>, Range<usize>),
    line: &dyn Fn(Range<usize>) -> usize,
    mistakes: &mut Vec<Mistake>,
) -> Option<SinkSettings> {
    let mut settings = match target(table, at.clone()) {
        Ok(settings) => settings,
        Err(mistake) => {
            mistakes.push(mistake);
            return None;
        }
    };
    let to =
        table.iter().find(|(key, _)| key.get_ref() == "to").map_or(at.clone(), |it| it.1.span());
    settings.origins_mut().set_lines(line(at), line(to));
    for (key, value) in table.iter().filter(|(key, _)| key.get_ref() != "to") {
        mistakes.extend(set(&mut settings, key, value, line).err());
    }
    Some(settings)
}

/// The settings that `to` alone makes.
fn target(table: &TomlTable<'_>, at: Range<usize>) -> Result<SinkSettings, Mistake> {
    let to = table.iter().find(|(key, _)| key.get_ref() == "to");
    let Some((_, to)) = to else {
        return Err(Mistake { at, text: "the sink has no to = \"mqtt://HOST\"".to_owned() });
    };
    let text = scalar(to).ok_or_else(|| expected(to, "a text"))?;
    environment::sink(&text).map_err(|error| Mistake { at: to.span(), text: error.to_string() })
}

fn set(
    settings: &mut SinkSettings,
    key: &TomlKey<'_>,
    value: &TomlValue<'_>,
    line: &dyn Fn(Range<usize>) -> usize,
) -> Result<(), Mistake> {
    for FlatSetting { name, text, at } in flat(settings, key, value)? {
        let origin = SettingOrigin::Line(line(at.clone()));
        let set = settings.set(&name, text, origin);
        set.map_err(|error: SettingError| Mistake { at, text: error.to_string() })?;
    }
    Ok(())
}

/// A setting in the form of a URI.
struct FlatSetting {
    name: String,
    text: String,
    /// The place of its key.
    at: Range<usize>,
}

/// The settings of a key: one, or several if its value is a table.
fn flat(
    settings: &SinkSettings,
    key: &TomlKey<'_>,
    value: &TomlValue<'_>,
) -> Result<Vec<FlatSetting>, Mistake> {
    let simple = "a text, a number, true or false, or a list or a table of such";
    let (name, at) = (key.get_ref().to_string(), key.span());
    if let Some(text) = scalar(value) {
        return Ok(vec![FlatSetting { name, text, at }]);
    }
    match value.get_ref() {
        DeValue::Array(all) => {
            let texts =
                all.iter().map(|value| scalar(value).ok_or_else(|| expected(value, "a text")));
            let text = settings.joined(&name, &texts.collect::<Result<Vec<_>, _>>()?);
            Ok(vec![FlatSetting { name, text, at }])
        }
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| {
                let text = scalar(value).ok_or_else(|| expected(value, simple))?;
                Ok(FlatSetting { name: format!("{name}.{}", key.get_ref()), text, at: key.span() })
            })
            .collect(),
        _ => Err(expected(value, simple)),
    }
}

/// The text of a single value. A number keeps its digits and is never a float.
pub(super) fn scalar(value: &TomlValue<'_>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().replace('_', "")),
        DeValue::Float(number) => Some(number.as_str().replace('_', "")),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

pub(super) fn expected(value: &TomlValue<'_>, form: &str) -> Mistake {
    Mistake { at: value.span(), text: format!("{form} is expected here") }
}

pub(super) fn mistake(at: Range<usize>, unknown: &str, known: &[&str]) -> Mistake {
    let mut text = format!("nothing is called {}", redact::typed(unknown));
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, unknown));
    if let Some(nearest) = nearest {
        let _ = write!(text, ": did you mean {nearest}?");
    }
    Mistake { at, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::setup::shared_args::BaudArg;

    #[test]
    fn meters_and_sinks_are_read() {
        let config = parse(
            r#"
            [[meter]]
            name = "house"
            source = "/dev/ttyUSB0"
            baud = 9600

            [[sink]]
            to = "mqtt://broker:1884/base"
            retain = true
            fields = ["time", "power_net_w"]
            names = { power_net_w = "Leistung" }
            bands = { power_net_w = 10.50 }
            "#,
        );
        let (mut config, mistakes) = config;
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(config.meters[0].name.as_deref(), Some("house"));
        assert_eq!(config.meters[0].serial.baud, Some(BaudArg::Fixed(9600)));
        let sink = &mut config.sinks[0];
        assert_eq!((sink.scheme.as_str(), sink.name.as_str()), ("mqtt", "mqtt://broker:1884/base"));
        assert_eq!(sink.take("retain").as_deref(), Some("true"));
        assert_eq!(sink.take("fields").as_deref(), Some("time,power_net_w"));
        let table = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        assert_eq!(sink.take_table("names"), table("power_net_w", "Leistung"));
        assert_eq!(sink.take_table("bands"), table("power_net_w", "10.50"));
    }

    #[test]
    fn what_is_typed_goes_before_what_stands_here() {
        let (baud, parity) = (Some(BaudArg::Fixed(9600)), Some(ParityArg::None));
        let serial = SerialArgs { line: None, baud, parity };
        let meter = MeterConfig { serial, ..MeterConfig::default() };
        let line = |baud: Option<u32>, parity| {
            let baud = baud.map(BaudArg::Fixed);
            let line = meter.line(&SerialArgs { line: None, baud, parity });
            (line.baud.map(|it| it.to_string().parse::<u32>().unwrap()), line.parity)
        };
        assert_eq!(line(None, None), (Some(9600), Some(ParityArg::None)));
        assert_eq!(line(Some(300), None), (Some(300), Some(ParityArg::None)));
        assert_eq!(line(None, Some(ParityArg::Even)), (Some(9600), Some(ParityArg::Even)));
        // A socket stands for both.
        let line = meter.line(&SerialArgs { line: Some(LineArg::P1), ..SerialArgs::default() });
        let p1 = SerialArgs { line: Some(LineArg::P1), baud: None, parity: None };
        assert_eq!(line, p1);
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_what_is_near() {
        let message = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("c.toml");
            fs::write(&path, text).unwrap();
            match find(Some(&path)) {
                Err(Stop::Failed(_, why)) => why.rsplit_once("c.toml: ").unwrap().1.to_owned(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(message("[[meters]]"), "line 1: nothing is called meters: did you mean meter?");
        assert_eq!(
            message("[[meter]]\nname = 'a'\nsorce = 'b'"),
            "line 3: nothing is called sorce: did you mean source?"
        );
        assert_eq!(
            message("\n[[sink]]\nretain = true"),
            "line 2: the sink has no to = \"mqtt://HOST\""
        );
        assert_eq!(message("[meter]\n"), "line 1: tables are expected here: [[meter]]");
        assert_eq!(message("[[meter]]\nbaud = 'x'"), "line 2: a number or auto is expected here");
        assert_eq!(
            message("[[meter]]\nline = 'usb'"),
            "line 2: m-bus, m-bus-8n1, ir, p1 or auto is expected here"
        );
        assert_eq!(
            message("[[meter]]\n\nparity = 'eve'"),
            "line 3: even, none, odd or auto is expected here"
        );
        assert!(message("[[meter]\n").starts_with("line 1: "), "{}", message("[[meter]\n"));
        assert_eq!(
            message("[[sink]]\nto = 'mqtt'"),
            "line 2: mqtt: a sink is written as mqtt://HOST or file:PATH"
        );
    }
}
