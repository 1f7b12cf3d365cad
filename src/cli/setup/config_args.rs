//! The command line of `config`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use meterpipe::sink::settings::duration::duration;

use super::shared_args::{MessageArgs, SecretArg};

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
