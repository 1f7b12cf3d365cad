//! The description of the sink of a program.

use crate::sink::{
    exec::settings,
    kind::{SinkEnvironment, SinkKind, SinkScheme},
    settings::key::{SettingKey, SettingType},
};

/// The description of the sink.
pub const EXEC: SinkKind = SinkKind {
    title: "PROGRAM",
    schemes: &[SinkScheme::program(
        "exec",
        "exec:PROGRAM",
        "a line for each telegram on the standard input of a program",
    )],
    about: "The sink starts PROGRAM once, without a shell, and writes to its standard input. A name \
            without a slash is looked for in `PATH`. A program that ends is started again, after a wait \
            that grows to `retry`; lines that it had not read go to the next one. A line counts as stored when \
            the program has read it. While the program reads nothing, live readings wait in the queue of this sink alone, \
            and those without room are counted as lost; a file waits.",
    keys: &[KEYS],
    notes: "What the program writes on standard error becomes a message, at most ten lines a minute; its \
            standard output goes nowhere. It gets no secrets of meterpipe: of the environment only `PATH`, \
            `HOME`, `USER`, `LOGNAME`, `SHELL`, `TMPDIR`, `TZ`, `LANG`, `LANGUAGE`, the `LC_` variables and \
            the folders of systemd, such as `STATE_DIRECTORY`. At the end of the run its standard input is \
            closed; five seconds later it gets SIGTERM, and then SIGKILL. `config check --online` looks \
            for the program and does not start it.",
    environment: SinkEnvironment::KEYS_ONLY,
    build: settings::new,
};

const KEYS: &[SettingKey] = &[
    SettingKey::new(
        "args",
        SettingType::Words("ARG"),
        "The arguments of the program, in the configuration a list of texts. On the command line commas \
         separate them, and `\\,` is a comma in one. Other users of the machine can see them: a password \
         belongs in a file that the program reads.",
    ),
    SettingKey::new(
        "format",
        SettingType::Choice(&["json", "csv", "lines"]),
        "The lines: a telegram as JSON; a telegram as CSV, after a line with the names for each start of the \
         program; or a line for each reading with TABs, as `decode --format lines` prints it.",
    )
    .or("json"),
    SettingKey::new(
        "env",
        SettingType::SecretTable("NAME", "VALUE"),
        "More environment variables for the program. Their values are never shown.",
    ),
    SettingKey::new("retry", SettingType::Duration, "The longest wait before another start.")
        .or("60s"),
];
