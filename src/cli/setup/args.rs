//! The command line. This file only declares it, with files beside it for the larger subcommands; the subcommands
//! give it its meaning.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use meterpipe::sink::settings::duration::duration;

use super::{
    config_args::ConfigArgs,
    doctor_args::DoctorArgs,
    plot_args::PlotArgs,
    quarters_args::QuartersArgs,
    setup_args::SetupArgs,
    shared_args::{
        FormatArgs, InputArgs, InputFormArgs, JobsArgs, KeyArgs, LinkArgs, MessageArgs, SerialArgs,
        SinkArgs, UntilArgs,
    },
    simulate_args::SimulateArgs,
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
