//! The sources of keys.

use std::{
    env,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::cli::{
    run::{messages::Messages, status::Stop},
    setup::{
        config_file::{Config, MeterConfig},
        credentials, key_text, memory, shared_args,
    },
};
use meterpipe::{
    chain::decrypt::{Decrypt, Demands},
    cipher::{
        key::Key,
        key_file::{self, KeyEntry},
    },
    file_error,
    sink::settings::redact,
};

/// The longest key file: some ten thousand meters.
const LONGEST: u64 = 1024 * 1024;

/// The stage that opens telegrams, with all keys. A run without keys is no error yet: the telegrams
/// may be plain.
pub fn decrypt(
    args: &shared_args::KeyArgs,
    input: &shared_args::InputArgs,
    messages: &Messages,
) -> Result<Decrypt, Stop> {
    let stdin = input.files.is_empty() || input.files.iter().any(|file| file == Path::new("-"));
    guard_stdin(args, stdin)?;
    Ok(Decrypt::new(entries(args, messages)?, demands(args)))
}

/// Refuses standard input for the key and the data at once.
pub fn guard_stdin(args: &shared_args::KeyArgs, data: bool) -> Result<(), Stop> {
    match data && args.key_file.as_deref() == Some(Path::new("-")) {
        true => Err(Stop::usage("--key-file -: standard input is the data already")),
        false => Ok(()),
    }
}

/// The demands on telegrams.
pub const fn demands(args: &shared_args::KeyArgs) -> Demands {
    Demands { authenticated: args.require_auth, title: args.system_title }
}

/// All keys of the arguments, credentials and environment.
pub fn entries(args: &shared_args::KeyArgs, messages: &Messages) -> Result<Vec<KeyEntry>, Stop> {
    memory::protect();
    let mut entries = encryption_keys(args, messages)?;
    if let Some(gak) = secret("gak", &["METERPIPE_GAK", "P1_GAK"], messages)? {
        let gak = one(&gak, "the authentication key (GAK)")?;
        for entry in &mut entries {
            entry.gak.get_or_insert_with(|| gak.clone());
        }
    }
    Ok(entries)
}

/// The keys of the meters of a configuration.
pub fn configured(config: &Config, messages: &Messages) -> Result<Vec<KeyEntry>, Stop> {
    let keys = config.meters.iter().map(|meter| of_meter(config, meter, messages));
    Ok(keys.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The keys of a meter of a configuration.
pub fn of_meter(
    config: &Config,
    meter: &MeterConfig,
    messages: &Messages,
) -> Result<Vec<KeyEntry>, Stop> {
    let keys = meter.key_file.as_ref().map(|path| file(path, messages));
    let keys =
        keys.transpose().map_err(|stop| config.at(meter.lines.key_file, "key_file", stop))?;
    Ok(keys.unwrap_or_default())
}

/// Reads a key file.
pub fn file(path: &Path, messages: &Messages) -> Result<Vec<KeyEntry>, Stop> {
    memory::protect();
    let text = read(path, messages)?;
    parse(&text, &display(path))
}

/// The name of a file for messages. A key or another secret that was given in its place is not
/// shown.
pub fn display(path: &Path) -> String {
    match is_key(path) {
        true => "a file name that is a key; give a key with --key-file FILE".to_owned(),
        false => redact::typed(&path.display().to_string()),
    }
}

/// True if the name of a file is a key, or nearly one.
pub fn is_key(path: &Path) -> bool {
    let name = path.display().to_string();
    let digits = name.chars().filter(char::is_ascii_hexdigit).count();
    let others = name.chars().filter(|c| !c.is_ascii_hexdigit() && !" :-,".contains(*c)).count();
    (30..=34).contains(&digits) && others <= 2
}

fn encryption_keys(
    args: &shared_args::KeyArgs,
    messages: &Messages,
) -> Result<Vec<KeyEntry>, Stop> {
    if let Some(path) = &args.key_file {
        return read(path, messages)
            .map_err(|stop| in_option("the key file", stop))
            .and_then(|text| parse(&text, &display(path)));
    }
    if let Some(shared_args::SecretArg(text)) = &args.key {
        messages.warn("--key shows the key to other users of this machine: --key-file does not");
        return parse(text, "--key");
    }
    // An older program reads the last variable.
    match secret("guek", &["METERPIPE_KEY", "P1_GUEK", "SERIAL_KEY"], messages)? {
        Some((text, name)) => parse(&text, &name),
        None => Ok(vec![]),
    }
}

/// Says which file it is that cannot be read.
fn in_option(option: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Failed(status, text) => Stop::Failed(status, format!("{option}: {text}")),
        stop => stop,
    }
}

/// A secret text, and the name of its source.
type NamedSecret = (Zeroizing<String>, String);

/// A secret from the systemd credential, or from the first variable that holds it or, with `_FILE`
/// behind its name, names its file.
fn secret(
    credential: &str,
    names: &[&str],
    messages: &Messages,
) -> Result<Option<NamedSecret>, Stop> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = credentials::path(credential).filter(|path| path.exists()) {
        return Ok(Some((text_of(&path)?.0, display(&path))));
    }
    for name in names {
        if let Some(path) = set(&format!("{name}_FILE")).map(PathBuf::from) {
            let text = read(&path, messages);
            let text = text.map_err(|stop| in_option(&format!("${name}_FILE"), stop))?;
            return Ok(Some((text, display(&path))));
        }
        if let Some(value) = set(name) {
            let text = value.into_string();
            let text = text.map_err(|_| Stop::usage(format!("${name}: not a text")))?;
            return Ok(Some((Zeroizing::new(text), format!("${name}"))));
        }
    }
    Ok(None)
}

/// Reads a file of the user, with a warning if others can read it. Credentials of systemd get no
/// warning: their access list looks like rights of a group.
fn read(path: &Path, messages: &Messages) -> Result<Zeroizing<String>, Stop> {
    let (text, mode) = text_of(path)?;
    if mode & 0o044 != 0 {
        let name = display(path);
        messages.warn(&format!("{name}: others can read the keys; chmod 600 {name}"));
    }
    Ok(text)
}

/// The text of a file, and its mode if it is a regular one.
fn text_of(path: &Path) -> Result<(Zeroizing<String>, u32), Stop> {
    let name = display(path);
    let failed =
        |error: std::io::Error| Stop::usage(format!("{name}: {}", file_error::unreadable(&error)));
    // The buffer has its final size from the start: growing would leave copies of the key behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(4096));
    if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut octets).map_err(failed)?;
        return Ok((key_text::decode(&octets).ok_or_else(|| not_text(&name))?, 0));
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(Stop::usage(format!("{name}: a folder, not a key file")));
    }
    if about.len() > LONGEST {
        return Err(Stop::usage(format!("{name}: too long for a key file")));
    }
    octets.reserve_exact(usize::try_from(about.len()).unwrap_or_default());
    file.take(LONGEST).read_to_end(&mut octets).map_err(failed)?;
    let text = key_text::decode(&octets).ok_or_else(|| not_text(&name))?;
    Ok((text, if about.is_file() { about.mode() } else { 0 }))
}

fn not_text(name: &str) -> Stop {
    Stop::usage(format!("{name}: the key file is not a text"))
}

fn parse(text: &str, name: &str) -> Result<Vec<KeyEntry>, Stop> {
    key_file::parse(text).map_err(|defect| {
        let is_file = !name.starts_with(['-', '$']) || name == "-";
        let place = match defect.line {
            0 if !is_file => name.to_owned(),
            0 if text.trim().is_empty() => format!("{name}: the key file is empty"),
            0 => format!("{name}: the key file has no key"),
            line => format!("{name}: line {line}"),
        };
        let mark = key_text::mark(text, &defect);
        Stop::usage(format!("{place}: {}{mark}{}", defect.error, hint(text)))
    })
}

fn one((text, name): &NamedSecret, what: &str) -> Result<Key, Stop> {
    let key = key_file::parse_authentication_key(text);
    key.map_err(|defect| Stop::usage(format!("{name}: {what}: {}{}", defect.error, hint(text))))
}

/// Advice for texts that are often mistaken for a key.
fn hint(text: &str) -> &'static str {
    let text = text.trim();
    let hex = text.bytes().all(|c| c.is_ascii_hexdigit());
    match text.len() {
        16 if !text.contains(char::is_whitespace) => {
            "; 16 characters are a key only when written as 32 hex digits"
        }
        64 if hex => "; 64 digits look like the character codes of a key",
        32 if text.contains(['o', 'O']) => "; is a letter O meant to be a zero?",
        _ => "",
    }
}
