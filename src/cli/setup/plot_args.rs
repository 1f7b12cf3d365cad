//! The command line of `plot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::shared_args::MessageArgs;

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
