//! The arguments that several subcommands have in common.

use core::{fmt, str::FromStr};
use std::{ffi::OsStr, path::PathBuf};

use clap::{
    Args, ValueEnum, ValueHint,
    builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser},
};
use meterpipe::{
    format::{key::Meta, kinds::FormatKind},
    link::registry::LinkChoice,
    reading::fields::FIELDS,
    sink::{kind::SinkScheme, registry, settings::duration::duration},
};

/// The input of a stage.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// Records, hex in any usual form, or binary; without a FILE or with -, standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// The form of the input.
    #[command(flatten)]
    pub form: InputFormArgs,
}

/// Parallel work.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct JobsArgs {
    /// The number of threads that decode a file; the output is the same [default: one for each
    /// core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZero<usize>>,
}

/// The form of the input.
#[derive(Clone, Debug, Default, Args)]
pub struct InputFormArgs {
    /// The form of the input [default: detected from the content]
    #[arg(long = "input", value_name = "FORM", value_enum)]
    pub form: Option<InputForm>,
}

/// The forms of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputForm {
    /// Records, as capture writes them
    Records,
    /// Hex in any usual form
    Hex,
    /// The octets themselves
    Binary,
}

/// The link layer.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct LinkArgs {
    /// The link layer of the line; raw means APDUs without frames [default: auto, told by content]
    ///
    /// With a layer that is named here, the start octets of all others are noise.
    #[arg(long, value_name = "LINK", value_parser = links(), help_heading = "Line")]
    pub link: Option<LinkChoice>,
}

impl LinkArgs {
    /// The choice.
    pub fn choice(self) -> LinkChoice {
        self.link.unwrap_or_default()
    }
}

/// Settings of a serial line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct SerialArgs {
    /// Settings of a serial device, by the meter's socket; auto finds them [default: m-bus]
    #[arg(long, value_name = "LINE", value_enum, help_heading = "Line")]
    pub line: Option<LineArg>,
    /// Speed of a serial device, instead of the line's; auto finds it
    #[arg(long, value_name = "BAUD", value_parser = baud(), hide_possible_values = true,
        help_heading = "Line")]
    pub baud: Option<BaudArg>,
    /// Parity of a serial device, instead of the line's; auto finds it
    #[arg(long, value_name = "PARITY", value_enum, help_heading = "Line")]
    pub parity: Option<ParityArg>,
}

impl SerialArgs {
    /// These, and what they leave open from `others`.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        // A socket that is named stands for speed and parity of the others too.
        let others = if self.line.is_some() { &Self::default() } else { others };
        Self {
            line: self.line.or(others.line),
            baud: self.baud.or(others.baud),
            parity: self.parity.or(others.parity),
        }
    }
}

/// The settings of a customer interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LineArg {
    /// Wired M-Bus (RJ11 or RJ12 socket): 2400 8E1
    #[value(name = "m-bus")]
    MBus,
    /// Wired M-Bus without parity: 2400 8N1
    #[value(name = "m-bus-8n1")]
    MBus8n1,
    /// Infrared head on the front of the meter: 9600 8N1
    #[value(alias = "infrared")]
    Ir,
    /// P1 socket: 115200 8N1
    P1,
    /// Each of them in turn, until telegrams come
    Auto,
}

/// The speed of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaudArg {
    /// Bits a second.
    Fixed(u32),
    /// The speed that gives frames.
    Auto,
}

impl FromStr for BaudArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => match text.parse() {
                Ok(baud @ 1..) => Ok(Self::Fixed(baud)),
                _ => Err("a number or auto is expected"),
            },
        }
    }
}

impl fmt::Display for BaudArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(baud) => write!(f, "{baud}"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// Parity of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ParityArg {
    /// As meters on the M-Bus send
    Even,
    /// None
    None,
    /// Odd
    Odd,
    /// The parity that gives frames
    Auto,
}

/// Conditions that end a run.
#[derive(Clone, Debug, Default, Args)]
pub struct UntilArgs {
    /// End after N telegrams (capture: frames)
    #[arg(long, value_name = "N", help_heading = "End")]
    pub count: Option<u64>,
    /// End when nothing has come for this long: 30s, 5m, 1h
    #[arg(long, value_name = "DUR", value_parser = duration, help_heading = "End")]
    pub timeout: Option<std::time::Duration>,
    /// End after one telegram, or with an error if the source cannot be opened or is lost
    ///
    /// With --timeout the command waits that long for a source that is missing or in use.
    #[arg(long, help_heading = "End")]
    pub once: bool,
}

impl UntilArgs {
    /// True if the run waits for a source that is missing, lost or in use.
    pub const fn waits_for_source(&self) -> bool {
        !self.once || self.timeout.is_some()
    }
}

/// The keys.
#[derive(Clone, Default, Args)]
pub struct KeyArgs {
    /// A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)
    ///
    /// Without the option: the systemd credential guek, $P1_GUEK_FILE, $P1_GUEK.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Keys")]
    pub key_file: Option<PathBuf>,
    /// The key itself; other users of this machine can read it while meterpipe runs
    #[arg(long, value_name = "HEX", conflicts_with = "key_file", help_heading = "Keys")]
    pub key: Option<SecretArg>,
    /// Accept only telegrams whose authentication tag was verified
    #[arg(long, help_heading = "Keys")]
    pub require_auth: bool,
    /// The system title of meters that send none, 16 hex digits
    #[arg(long, value_name = "TITLE", value_parser = title, help_heading = "Keys")]
    pub system_title: Option<[u8; 8]>,
}

impl std::fmt::Debug for KeyArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("key_file", &self.key_file).finish_non_exhaustive()
    }
}

/// A secret on the command line, accepted unparsed: an error would print the refused value.
#[derive(Clone)]
pub struct SecretArg(pub zeroize::Zeroizing<String>);

impl std::fmt::Debug for SecretArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl From<String> for SecretArg {
    fn from(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }
}

/// The output.
#[derive(Clone, Debug, Default, Args)]
pub struct FormatArgs {
    /// The form of the readings [default: table on a terminal, else json]
    #[arg(long, value_name = "FORMAT", value_parser = formats(), help_heading = "Output")]
    pub format: Option<FormatKind>,
    /// Print these fields in this order: names, OBIS codes, item_N
    #[arg(long, value_name = "FIELDS", value_parser = any_text(field_names),
        hide_possible_values = true, help_heading = "Output")]
    pub fields: Option<String>,
    /// Give fields other names: voltage_l1_v=VoltageL1,… (json, csv, table, lines, influx)
    ///
    /// The sinks have a key names of their own. publish reads published names only.
    #[arg(long, value_name = "FIELD=NAME", value_delimiter = ',', help_heading = "Output")]
    pub names: Vec<String>,
    /// Print all fields that have a name, and end
    #[arg(long, help_heading = "Output")]
    pub list_fields: bool,
    /// json: add every element of the telegram as it was sent
    #[arg(long, help_heading = "Output")]
    pub objects: bool,
    /// Print energy=kWh, reactive-energy=kvarh, power=kW or reactive-power=kvar (csv, table, lines,
    /// influx, solarview)
    #[arg(long, value_name = "QUANTITY=UNIT", value_parser = any_text(units),
        value_delimiter = ',', hide_possible_values = true, help_heading = "Output")]
    pub unit: Vec<String>,
    /// The time zone of meters that do not send their own [default: Europe/Vienna]
    #[arg(long, value_name = "ZONE", help_heading = "Output")]
    pub timezone: Option<String>,
    /// A table that names the values of a meter without OBIS codes
    #[arg(long = "layout", value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub layouts: Vec<PathBuf>,
    /// csv: no header line, for appending
    #[arg(long, help_heading = "Output")]
    pub no_header: bool,
    /// csv: the spreadsheet's country: its separators, and local dates with their offset in a
    /// column of its own
    #[arg(long, value_name = "LOCALE", value_enum, help_heading = "Output")]
    pub csv_locale: Option<CsvLocale>,
    /// xml: add comments with OBIS codes, times and texts
    #[arg(long, value_name = "STYLE", value_enum, num_args = 0..=1, require_equals = true,
        default_missing_value = "plain", help_heading = "Output")]
    pub comments: Option<Comments>,
}

/// The output of a command that prints rows of its own.
#[derive(Clone, Debug, Default, Args)]
pub struct RowFormatArgs {
    /// The form of the rows: json, csv, table, lines, influx, prometheus [default: table on a
    /// terminal, else json]
    #[arg(long, value_name = "FORMAT", value_parser = row_formats(), hide_possible_values = true,
        help_heading = "Output")]
    pub format: Option<FormatKind>,
    /// Print these fields in this order
    #[arg(long, value_name = "FIELDS", value_parser = any_text(field_names),
        hide_possible_values = true, help_heading = "Output")]
    pub fields: Option<String>,
    /// Give fields other names: energy_import_wh=Bezug,…
    #[arg(long, value_name = "FIELD=NAME", value_delimiter = ',', help_heading = "Output")]
    pub names: Vec<String>,
    /// Print all fields that have a name, and end
    #[arg(long, help_heading = "Output")]
    pub list_fields: bool,
    /// Print energy=kWh, reactive-energy=kvarh, power=kW or reactive-power=kvar (csv, table, lines,
    /// influx)
    #[arg(long, value_name = "QUANTITY=UNIT", value_parser = any_text(units), value_delimiter = ',',
        hide_possible_values = true, help_heading = "Output")]
    pub unit: Vec<String>,
    /// The time zone whose clock counts [default: Europe/Vienna]
    #[arg(long, value_name = "ZONE", help_heading = "Output")]
    pub timezone: Option<String>,
    /// csv, table: no header line, for appending
    #[arg(long, help_heading = "Output")]
    pub no_header: bool,
    /// csv: the spreadsheet's country: its separators, and local dates with their offset in a
    /// column of its own
    #[arg(long, value_name = "LOCALE", value_enum, help_heading = "Output")]
    pub csv_locale: Option<CsvLocale>,
}

impl RowFormatArgs {
    /// The same as the options of a command that prints telegrams.
    pub fn of_telegrams(&self) -> FormatArgs {
        let Self { format, fields, names, list_fields, unit, timezone, no_header, csv_locale } =
            self.clone();
        FormatArgs {
            format,
            fields,
            names,
            list_fields,
            unit,
            timezone,
            no_header,
            csv_locale,
            ..FormatArgs::default()
        }
    }
}

/// The form of times and texts in the comments of XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Comments {
    /// 2021-09-27T09:47:15+02:00, and texts as they are; the default without a STYLE
    Plain,
    /// 09/27/21 09:47:15, and bytearray(b'text'), as Gurux's translator for Python
    Gurux,
}

/// The separators of a spreadsheet in that country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CsvLocale {
    /// Austria: 21.06.2026 12:00, semicolons and decimal commas
    At,
    /// Germany: the same
    De,
    /// Switzerland: the same with a decimal point
    Ch,
    /// United States: 2026-06-21 12:00, commas and decimal points
    Us,
}

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text, with the time in front if standard error is a file
    Text,
    /// A line of text with its priority, for systemd's journal
    Journal,
    /// A JSON object in a line
    Json,
}

/// The choices about standard error.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct MessageArgs {
    /// Print nothing on standard error; the exit status still tells the outcome
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Always print a summary at the end
    #[arg(short, long)]
    pub verbose: bool,
    /// The form of the messages, instead of the one that fits standard error
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// The sinks.
#[derive(Debug, Default, Args)]
pub struct SinkArgs {
    /// A sink, such as mqtt://HOST or file:PATH; repeat it for several sinks: meterpipe-sinks(7)
    ///
    /// Options follow a question mark: mqtt://HOST?retain=true&every=30s. Without --to: the sinks
    /// of the configuration, which watch uses only without a SOURCE or with --config.
    #[arg(long, value_name = "SINK", value_parser = any_text(schemes), hide_possible_values = true,
        help_heading = "Sinks")]
    pub to: Vec<String>,
    /// The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Sinks")]
    pub config: Option<PathBuf>,
}

/// The link layers, from their own list.
fn links() -> impl TypedValueParser<Value = LinkChoice> {
    let find = |name: String| LinkChoice::all().find(|link| link.name() == name);
    let names = LinkChoice::all().map(|link| PossibleValue::new(link.name()));
    PossibleValuesParser::new(names).try_map(move |name| find(name).ok_or("no link layer"))
}

/// The formats with their help, from their own table.
fn formats() -> impl TypedValueParser<Value = FormatKind> {
    let name = |kind: FormatKind| PossibleValue::new(kind.name()).help(kind.entry().help);
    PossibleValuesParser::new(FormatKind::ALL.map(name)).try_map(|name| name.parse::<FormatKind>())
}

/// The schemes of all sinks.
pub fn schemes() -> Vec<PossibleValue> {
    let value = |scheme: &SinkScheme| PossibleValue::new(scheme.prefix()).help(scheme.help);
    registry::schemes().map(value).collect()
}

/// Offers some words to completions, and takes what a parser of its own takes.
#[derive(Clone)]
pub struct OfferedWords<P> {
    parser: P,
    words: fn() -> Vec<PossibleValue>,
}

impl<P: TypedValueParser> TypedValueParser for OfferedWords<P>
where
    P::Value: Clone + Send + Sync,
{
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<P::Value, clap::Error> {
        self.parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.words)().into_iter()))
    }
}

/// Takes any text, and offers words.
pub fn any_text(words: fn() -> Vec<PossibleValue>) -> OfferedWords<StringValueParser> {
    OfferedWords { parser: StringValueParser::new(), words }
}

/// The speeds of meters.
fn baud() -> OfferedWords<impl TypedValueParser<Value = BaudArg>> {
    let words = || ["auto", "300", "2400", "9600", "115200"].map(PossibleValue::new).into();
    OfferedWords { parser: |text: &str| text.parse::<BaudArg>(), words }
}

/// The formats of rows.
fn row_formats() -> OfferedWords<impl TypedValueParser<Value = FormatKind>> {
    let words = || {
        let has_rows = |it: &FormatKind| !matches!(it, FormatKind::Xml | FormatKind::Solarview);
        let kinds = FormatKind::ALL.into_iter().filter(has_rows);
        kinds.map(|kind| PossibleValue::new(kind.name()).help(kind.entry().help)).collect()
    };
    OfferedWords { parser: formats(), words }
}

/// All fields that have a name.
fn field_names() -> Vec<PossibleValue> {
    let metas = Meta::ALL.into_iter().map(Meta::name);
    metas.chain(FIELDS.iter().map(|field| field.name)).map(PossibleValue::new).collect()
}

fn units() -> Vec<PossibleValue> {
    ["energy=kWh", "reactive-energy=kvarh", "power=kW", "reactive-power=kvar"]
        .map(PossibleValue::new)
        .into()
}

/// A system title of 16 hex digits.
pub fn title(text: &str) -> Result<[u8; 8], String> {
    let mut title = [0; 8];
    hex::decode_to_slice(text, &mut title).map_err(|_| "16 hex digits expected".to_owned())?;
    Ok(title)
}
