//! The command line of `simulate`.

use std::path::PathBuf;

use clap::{
    Args, ValueEnum, ValueHint,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use meterpipe::source::simulator::{faults::Rate, meter::MeterKind};

use super::shared_args::MessageArgs;

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
