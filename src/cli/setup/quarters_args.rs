//! The command line of `quarters`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::shared_args::{MessageArgs, RowFormatArgs};

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
