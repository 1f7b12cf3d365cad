//! The command line. This file only declares it; the subcommands give it its meaning.

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand, ValueEnum, ValueHint,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use meterpipe::{
    sink::settings::duration::duration,
    source::simulator::{faults::Rate, meter::MeterKind},
};

use super::{
    setup_args::SetupArgs,
    shared_args::{
        FormatArgs, InputArgs, InputFormArgs, JobsArgs, KeyArgs, LinkArgs, MessageArgs,
        RowFormatArgs, SecretArg, SerialArgs, SinkArgs, UntilArgs,
    },
};

/// Readings from Austrian smart meters, as a pipe of small commands.
///
/// Austrian smart meters push an encrypted telegram every five seconds over a wired M-Bus socket.
/// meterpipe reads the line, takes the frames apart, decrypts them with the key that the operator
/// hands out, and prints exact readings.
#[derive(Debug, Parser)]
#[command(
    name = "meterpipe",
    version,
    max_term_width = 100,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  meterpipe watch sim:                           # virtual: no hardware, no key
  meterpipe watch /dev/ttyUSB0 --key-file guek   # a real one
  meterpipe decode --key-file guek dump.txt      # a hex dump from anywhere
  meterpipe capture /dev/ttyUSB0 | meterpipe unframe |
    meterpipe decrypt --key-file guek | meterpipe decode --format csv"
)]
pub struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record the octets from a meter: sound frames, and everything else raw
    ///
    /// Nothing is lost: the octets of all records, joined, are those that came from the line. When
    /// the adapter is unplugged, meterpipe waits until it is back.
    Capture(CaptureArgs),
    /// Pull the APDUs out of M-Bus frames
    ///
    /// Each frame is checked, and the parts of a telegram are put together in order. APDUs pass
    /// unchanged.
    Unframe(UnframeArgs),
    /// Open ciphered APDUs with the key of the meter
    ///
    /// Plain APDUs pass unchanged; those that no key opens are dropped, with a message.
    Decrypt(DecryptArgs),
    /// Print readings from any input: frames, APDUs, hex dumps
    ///
    /// The command does the work of unframe and decrypt where that is needed. It detects the form
    /// of the input from the content: records, hex in any usual form (also listings of xxd and
    /// hexdump -C and lines of logs) or binary.
    Decode(DecodeArgs),
    /// Show every octet of a telegram with its meaning, layer by layer
    ///
    /// The layers are the frames of the line, blocks, the ciphered APDU, and the plain one with the OBIS
    /// code, the name and the value of each element. Without a key the command explains all but the
    /// ciphertext. Of a damaged telegram it shows the sound part and the octet at which it breaks. The input
    /// has the forms that decode takes.
    Explain(ExplainArgs),
    /// Read a meter and print readings as they come, all in one process
    ///
    /// The output is a live display on a terminal, and a line for each telegram elsewhere. When the
    /// adapter is unplugged, meterpipe waits until it is back. Files are read to their end.
    Watch(WatchArgs),
    /// Hand readings to sinks: MQTT and Home Assistant, InfluxDB, Prometheus, files
    ///
    /// The input is the JSON Lines of decode. Each sink has its own queue and thread, so that none
    /// holds up another.
    Publish(PublishArgs),
    /// Energies and mean powers of quarter hours, hours, days or months
    ///
    /// The input is the JSON Lines of decode, sorted by time for each meter. A row for each interval and
    /// meter has the energies between two boundaries of the local clock, to the last digit of the
    /// registers: the rows add up to what the meter has counted.
    ///
    /// The rows are an input too: --every 1d makes days of quarter hours. A telegram whose clock leaps
    /// farther than its time of arrival or its invocation counter explains, or without both by more than
    /// a week, counts once two others agree.
    Quarters(QuartersArgs),
    /// Pictures: load curve, energies, a heat map, peaks; as SVG, as a page, on a terminal
    ///
    /// The input is the JSON Lines of decode or the quarter hours of quarters. Times are local, with both
    /// changes of the clock, and times without readings stay empty.
    Plot(PlotArgs),
    /// Check the configuration, show the settings in effect, or import those of an older program
    ///
    /// The command publishes nothing, and reads a source only with --online.
    Config(ConfigArgs),
    /// Set up a meter: find it, check its key, choose sinks, write the configuration
    ///
    /// On a terminal the command asks for what no option answers. It waits for a telegram, tries the key on
    /// it, asks each sink whether it takes readings, and writes configuration and secrets: for root to
    /// /etc/meterpipe, where the service looks, else to ~/.config/meterpipe.
    Setup(SetupArgs),
    /// Find out why no readings come
    ///
    /// The command listens to a meter, or reads a file, and names one cause with its evidence and the
    /// next step. It tries what the cause needs: other speeds and parities of a serial device, the two
    /// keys of a file in the place of each other, the sinks of the configuration.
    Doctor(DoctorArgs),
    /// Make a capture anonymous, so that it can be shown to others
    ///
    /// Numbers, system titles and names of devices are replaced, registers shifted, and telegrams
    /// ciphered again under a published example key, in frames as long as before. Voltages, currents,
    /// powers and times stay. What no key opens is left out.
    ///
    /// The key is 36C66639E48A8CA4D6BC8B282A793BBB, the authentication key of telegrams with a tag
    /// D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF.
    Anonymise(AnonymiseArgs),
    /// Simulate a meter
    ///
    /// The telegrams of a virtual house, ciphered with a published key, come out octet for octet as
    /// a meter sends them. Options add faults of the line.
    Simulate(SimulateArgs),
}

/// `capture`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe capture sim:ksm-west --count 4         # of a virtual meter
  meterpipe capture /dev/ttyUSB0 > meter.records   # keep all, decode it later
  meterpipe capture tcp://ser2net.local:3001 | meterpipe decode --key-file guek
  meterpipe capture --timeout 1m /dev/ttyUSB0 || echo 'the meter is silent'")]
pub struct CaptureArgs {
    /// A serial device, tcp://HOST:PORT, a file, a FIFO, - or sim:METER
    ///
    /// sim:METER is one of the virtual meters of simulate, with a published key; sim: alone is
    /// sim:netz-noe-kaifa. Without a SOURCE: $P1_PORT, else the only device in /dev/serial/by-id.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub source: Option<String>,
    /// Line settings.
    #[command(flatten)]
    pub line: SerialArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// Conditions that end the run.
    #[command(flatten)]
    pub until: UntilArgs,
    /// Write the octets alone, not records
    #[arg(long)]
    pub binary: bool,
    /// The form of the input.
    #[command(flatten)]
    pub form: InputFormArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `unframe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe capture sim: --count 4 | meterpipe unframe
  meterpipe unframe dump.txt > telegrams.records")]
pub struct UnframeArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `decrypt`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe unframe meter.records | meterpipe decrypt --key-file guek
  meterpipe unframe tagged.records |
    meterpipe decrypt --key-file keys --require-auth   # only verified tags")]
pub struct DecryptArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `anonymise`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe anonymise --key-file guek meter.records > shown.records
  meterpipe anonymise --key-file guek --shift-time 30d dump.txt |
    meterpipe decode --key 36C66639E48A8CA4D6BC8B282A793BBB")]
pub struct AnonymiseArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Put all times back by DUR; by default they stay
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub shift_time: Option<std::time::Duration>,
    /// A table that names the values of a meter without OBIS codes
    #[arg(long = "layout", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub layouts: Vec<PathBuf>,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `decode`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe decode --key-file guek dump.txt
  meterpipe decode --key-file guek --format csv meter.records > meter.csv
  meterpipe decode --key-file guek --fields time,energy_import_wh meter.records
  meterpipe simulate --count 1 | meterpipe decode --key-file guek --format xml
  meterpipe decode --list-fields")]
pub struct DecodeArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The output.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Parallel work.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe explain --key-file guek dump.txt
  meterpipe explain --key-file guek --at apdu:57 dump.txt
  meterpipe explain --key-file guek --at 'mbus: checksum at octet 254' dump.txt
  meterpipe simulate --count 1 | meterpipe explain --key-file guek --format json")]
pub struct ExplainArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Output")]
    pub format: ExplainFormat,
    /// Show only one place: an OCTET, LAYER:OCTET, "line N", "telegram N", or a message that names one
    ///
    /// An octet counts from 0, in the frame or the APDU of the layer. The layers are mbus, hdlc,
    /// wrapper, dsmr, block, cipher and apdu (axdr and reading mean the same); mbus#2 is the second frame.
    /// A line stands for the telegram that begins in it, else for the one that it is a part of.
    #[arg(long, value_name = "OCTET", help_heading = "Output")]
    pub at: Option<String>,
    /// The time zone of meters that do not send their own [default: Europe/Vienna]
    #[arg(long, value_name = "ZONE", help_heading = "Output")]
    pub timezone: Option<String>,
    /// A table that names the values of a meter without OBIS codes
    #[arg(long = "layout", value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub layouts: Vec<PathBuf>,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// The form of the output of `explain`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// A page for people, with colours on a terminal
    #[default]
    Text,
    /// A JSON array for each telegram, in a line of its own
    Json,
}

/// `watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe watch sim:                               # a virtual meter
  meterpipe watch /dev/ttyUSB0 --key-file guek       # a real one
  meterpipe watch --once --timeout 1m --key-file guek --format json /dev/ttyUSB0
  meterpipe watch /dev/ttyUSB0 --key-file guek --format csv \\
    --record meter.records > meter.csv
  meterpipe watch sim: --to mqtt://homeassistant.local --dry-run")]
pub struct WatchArgs {
    /// Serial devices, tcp://HOST:PORT, files, FIFOs, - or sim:METER
    ///
    /// sim:METER is one of the virtual meters of simulate, with a published key; sim: alone is
    /// sim:netz-noe-kaifa. Without a SOURCE: $P1_PORT, else the only device in /dev/serial/by-id.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub sources: Vec<String>,
    /// Line settings.
    #[command(flatten)]
    pub line: SerialArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// Conditions that end the run.
    #[command(flatten)]
    pub until: UntilArgs,
    /// Also record all input to FILE, as capture does; SIGHUP opens FILE again
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
    /// Sinks.
    #[command(flatten)]
    pub to: SinkArgs,
    /// Send and write nothing, and print what each sink would get
    ///
    /// A line has the sink, the place (a topic, an address or a path) and the content, with tabs between
    /// them. The guard and the intervals of the sinks hold as in a run.
    #[arg(long, conflicts_with_all = ["format", "record"], help_heading = "Sinks")]
    pub dry_run: bool,
    /// The form of the input.
    #[command(flatten)]
    pub form: InputFormArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The output.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Parallel work.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `publish`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe decode --key-file guek meter.records |
    meterpipe publish --to 'file:readings.csv?every=15m'
  meterpipe watch /dev/ttyUSB0 --key-file guek --format json |
    meterpipe publish --to solarview:meter.txt --to prometheus:meter.prom")]
pub struct PublishArgs {
    /// JSON Lines of decode; without a FILE or with -, standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Sinks.
    #[command(flatten)]
    pub to: SinkArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// `quarters`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe decode --key-file guek meter.records |
    meterpipe quarters > quarters.jsonl
  meterpipe quarters --every 1d --csv-locale at --unit energy=kWh meter.jsonl
  meterpipe quarters --every 1mo quarters.jsonl
  meterpipe quarters --peaks meter.jsonl     # the highest of each month
  meterpipe quarters --compare portal.csv meter.jsonl
  meterpipe watch /dev/ttyUSB0 --key-file guek --format json |
    meterpipe quarters --running")]
pub struct QuartersArgs {
    /// JSON Lines of decode or quarters; without a FILE or with -, standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// The length of an interval
    #[arg(long, value_name = "LENGTH", value_enum, default_value_t)]
    pub every: IntervalLength,
    /// One row a month: its interval with the highest mean of the imported power
    ///
    /// "month_complete":false stands where intervals of the month are missing, or estimated: a higher one may be
    /// among them.
    #[arg(long)]
    pub peaks: bool,
    /// Also a row for each telegram: the interval so far, and the mean that it will probably have
    ///
    /// Such a row has "running":true, the peak of the month and the energies since midnight. Where the
    /// input begins later than month or day, month_since or today_since is the time from which it counts.
    #[arg(long, conflicts_with = "peaks")]
    pub running: bool,
    /// Readings from before those of the input: they count for month and day, and give no rows
    ///
    /// They are telegrams, or rows if the input has rows. Telegrams at the start of the input that are in FILE too
    /// are no others, so FILE may be the one that the input follows: tail -n 0 -F FILE.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "compare")]
    pub history: Option<PathBuf>,
    /// Print where the quarter hours differ from those that the operator's portal exports as CSV
    ///
    /// The export is recognised by its row of names: Netz NÖ, Wiener Netze, TINETZ, IKB, Salzburg Netz,
    /// Vorarlberg Netz, Linz Netz, Kärnten Netz, Energienetze Steiermark and others, or the common
    /// form. Words such as Bezug, Einspeisung or Erzeugung and OBIS codes such as 1.8.0 or 2.9.0, in names, rows
    /// or above them, tell the direction; Wh, kWh and MWh the unit. The output is JSON Lines: quarters that differ, those that one side lacks, and the
    /// sums. The exit status is 3 if both sides have no quarter in common.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["peaks", "running", "every", "format", "fields", "names", "unit", "csv_locale", "no_header"])]
    pub compare: Option<PathBuf>,
    /// With --compare: the watt-hours by which a quarter may differ
    ///
    /// Without it 2, or half of the last digit of the portal's numbers if that is more.
    #[arg(long, value_name = "WH", requires = "compare")]
    pub tolerance: Option<u32>,
    /// Only the telegrams of this meter
    #[arg(long, value_name = "NUMBER")]
    pub meter: Option<String>,
    /// The output.
    #[command(flatten)]
    pub format: RowFormatArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// The length of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum IntervalLength {
    /// A quarter of an hour, at which the operators count
    #[default]
    #[value(name = "15m")]
    Quarter,
    /// Half an hour
    #[value(name = "30m")]
    HalfHour,
    /// An hour
    #[value(name = "1h")]
    Hour,
    /// A day, from midnight to midnight
    #[value(name = "1d")]
    Day,
    /// A month
    #[value(name = "1mo")]
    Month,
}

/// `plot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe plot quarters.jsonl                  # on the terminal
  meterpipe plot --last 7d quarters.jsonl > load.svg
  meterpipe plot --format html --from 2026-06 quarters.jsonl > june.html
  meterpipe plot --kind heatmap --lang de --last 30d quarters.jsonl > heat.svg")]
pub struct PlotArgs {
    /// JSON Lines of decode or quarters; without a FILE or with -, standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// The picture [default: load]; a page has all of them
    #[arg(long, value_name = "KIND", value_enum)]
    pub kind: Option<PlotKind>,
    /// The form of the picture [default: terminal on a terminal, else svg]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<PlotFormat>,
    /// The last days or months of the input, such as 7d or 12mo; the day of the last reading counts
    #[arg(long, value_name = "LENGTH", conflicts_with_all = ["from", "to"])]
    pub last: Option<String>,
    /// The first day: 2026-06-21, 2026-06, today, yesterday, this-month or last-month
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// The last day, which counts
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Only the readings of this meter
    #[arg(long, value_name = "NUMBER")]
    pub meter: Option<String>,
    /// The language of the picture [default: that of the locale, else en]
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub lang: Option<PlotLanguage>,
    /// The time zone whose clock counts [default: Europe/Vienna]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// The kind of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlotKind {
    /// The mean power of each quarter of an hour
    #[default]
    Load,
    /// A bar for each day, or for each month of a long time
    Energy,
    /// Days beside each other, the time of day downwards
    Heatmap,
    /// The highest quarter of an hour of each month
    Peaks,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlotFormat {
    /// Vectors, light and dark
    Svg,
    /// Pixels, 1680 across, light
    Png,
    /// A page with all pictures and tables, which loads nothing
    Html,
    /// Letters
    Terminal,
}

/// The language of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlotLanguage {
    /// German
    De,
    /// English
    En,
}

/// `config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe config check --config house.toml
  meterpipe config show --config house.toml
  meterpipe config import meter.json          # of kaifareader, prints it
  meterpipe config import -o new.toml config.yaml data_format.yaml
  meterpipe config import -- --port /dev/ttyUSB0 --mqtt --mqtt-host 192.168.1.10")]
pub struct ConfigArgs {
    /// What to do with the configuration
    #[arg(value_enum)]
    pub action: ConfigAction,
    /// import: the files of an older program; - is standard input
    ///
    /// The content tells the program: meter.json of kaifareader and kaifa; config.yaml and
    /// data_format.yaml of smartmeterreader; config.json and scripts of greenMikeEU; .env, units,
    /// compose files and scripts that start smartmeter_kaifa_ma309_ha_mqtt.py or smartmeter-ha.
    /// Messages say with file and line what is not carried over, or has another meaning.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// import: the command line of an older program, behind --
    #[arg(last = true, value_name = "OLD COMMAND LINE")]
    pub old: Vec<SecretArg>,
    /// import: write the configuration to FILE, and each secret to a file beside it
    ///
    /// Without the option the configuration goes to standard output, and nothing is written.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// import: replace files that exist; the old ones become FILE.old
    #[arg(long)]
    pub force: bool,
    /// The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// check: also wait for a telegram of each source, and ask each sink
    ///
    /// A telegram has to be opened by its key. Sinks get no reading, and nothing is left behind. For a
    /// configuration in /etc/meterpipe root uses the key and the passwords that systemd hands to the service.
    #[arg(long)]
    pub online: bool,
    /// The longest wait of --online
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "20s")]
    pub timeout: std::time::Duration,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// An action on the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConfigAction {
    /// Read the configuration and all files that it names, and report mistakes
    Check,
    /// Print the settings in effect, without secrets
    Show,
    /// Translate the configuration of an older program
    Import,
}

/// `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe doctor /dev/ttyUSB0 --key-file guek
  meterpipe doctor --key-file guek meter.records   # a capture or a hex dump
  meterpipe doctor --format json sim:
  meterpipe doctor --lang de        # the meters and sinks of the configuration")]
pub struct DoctorArgs {
    /// A serial device, tcp://HOST:PORT, a file, a FIFO, - or sim:METER
    ///
    /// Without a SOURCE: the meters of the configuration and its sinks; without one: $P1_PORT, else the
    /// only device in /dev/serial/by-id.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub source: Option<String>,
    /// Line settings.
    #[command(flatten)]
    pub line: SerialArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// A table for a meter whose list has no OBIS codes, or no scalers: FILE.toml; may be repeated
    #[arg(long = "layout", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub layouts: Vec<PathBuf>,
    /// The longest examination of a meter
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "30s")]
    pub time: std::time::Duration,
    /// The form of the answer
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: DoctorFormat,
    /// The language of the answer [default: German for a German locale, else English]
    #[arg(long, value_name = "LANG", value_enum)]
    pub lang: Option<LanguageArg>,
    /// The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "source")]
    pub config: Option<PathBuf>,
    /// The form of the input.
    #[command(flatten)]
    pub form: InputFormArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// The form of the answer of `doctor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// Lines for people
    #[default]
    Text,
    /// A JSON object a meter
    Json,
}

/// The language of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LanguageArg {
    /// German
    De,
    /// English
    En,
}

/// `simulate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe simulate --count 1 --output hex
  meterpipe simulate --meter ksm-west --count 3 | meterpipe unframe
  meterpipe simulate --pty /tmp/meter      # a device for other programs to read
  meterpipe simulate --start 2026-06-21T00:00+02 --count 17280 > day.records
  meterpipe simulate --count 1000 --flip 1% --lose 1% |
    meterpipe decode --key-file guek")]
pub struct SimulateArgs {
    /// The kind of meter
    #[arg(long, value_name = "METER", value_parser = meter_kind(), default_value_t)]
    pub meter: MeterKind,
    /// The form of the output
    #[arg(long, value_name = "FORM", value_enum, default_value_t, conflicts_with = "pty")]
    pub output: SimulateOutput,
    /// Create a pseudo-terminal and a symbolic LINK to it, and send the telegrams there in real
    /// time
    ///
    /// A telegram is discarded if no program has begun to read it when the next one is due.
    /// LINK may be an existing symbolic link; it is removed at the end.
    #[arg(long, value_name = "LINK", value_hint = ValueHint::FilePath)]
    pub pty: Option<PathBuf>,
    /// Send a telegram at the meter's interval (five seconds, most of them) and the pace of its
    /// line; --pty implies it
    #[arg(long)]
    pub real_time: bool,
    /// Write as fast as the output is read, and discard nothing; the default without --pty
    #[arg(long, conflicts_with = "real_time")]
    pub fast: bool,
    /// End after N telegrams [default: run without end]
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// The seed of house, people, weather and faults; equal seed, meter and start give equal octets
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The meter's clock at the first telegram, such as 2026-06-21T12:00:00+02:00 [default: now]
    #[arg(long, value_name = "TIME")]
    pub start: Option<jiff::Timestamp>,
    /// A key file; its first key is used, and a GAK beside it adds authentication tags
    ///
    /// Without the option: the published example key of Netz NÖ, 36C66639E48A8CA4D6BC8B282A793BBB. Meters
    /// that send a tag take the GAK of the DLMS examples, D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// Share of telegrams with noise before them, such as 0.01 or 1%
    #[arg(long, value_name = "RATE", default_value = "0", help_heading = "Faults")]
    pub noise: Rate,
    /// Share of telegrams with a flipped bit
    #[arg(long, value_name = "RATE", default_value = "0", help_heading = "Faults")]
    pub flip: Rate,
    /// Share of telegrams with a truncated frame
    #[arg(long, value_name = "RATE", default_value = "0", help_heading = "Faults")]
    pub cut: Rate,
    /// Share of telegrams with a missing frame
    #[arg(long, value_name = "RATE", default_value = "0", help_heading = "Faults")]
    pub lose: Rate,
    /// Share of telegrams that are sent twice
    #[arg(long, value_name = "RATE", default_value = "0", help_heading = "Faults")]
    pub duplicate: Rate,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// The form of the output of `simulate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SimulateOutput {
    /// Records, as capture writes them
    #[default]
    Records,
    /// Hex digits, a frame a line
    Hex,
    /// The octets of the line
    Binary,
}

fn meter_kind() -> impl TypedValueParser<Value = MeterKind> {
    let value = |meter: MeterKind| PossibleValue::new(meter.name()).help(meter.description());
    PossibleValuesParser::new(MeterKind::ALL.map(value)).try_map(|name| name.parse::<MeterKind>())
}
