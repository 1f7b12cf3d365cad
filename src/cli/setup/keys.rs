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
        credentials,
        key_problem::{self, KeyFault, KeyProblem},
        key_text, memory, shared_args,
    },
};
use meterpipe::{
    chain::decrypt::{Decrypt, Demands},
    cipher::{
        key::Key,
        key_file::{self, KeyEntry},
    },
    hex::{detect, unread},
    sink::settings::{home, redact},
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
pub fn entries(
    args: &shared_args::KeyArgs,
    messages: &Messages,
) -> Result<Vec<KeyEntry>, KeyProblem> {
    memory::protect();
    let mut entries = encryption_keys(args, messages)?;
    if let Some(gak) = secret("gak", &["METERPIPE_GAK", "P1_GAK"], messages)? {
        let gak =
            one(&gak, ["the authentication key (GAK)", "der Authentifizierungsschlüssel (GAK)"])?;
        for entry in &mut entries {
            entry.gak.get_or_insert_with(|| gak.clone());
        }
    }
    messages.note_keys(&entries);
    Ok(entries)
}

/// The keys of the meters of a configuration.
pub fn configured(config: &Config, messages: &Messages) -> Result<Vec<KeyEntry>, KeyProblem> {
    let keys = config.meters.iter().map(|meter| of_meter(config, meter, messages));
    let entries: Vec<_> = keys.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    messages.note_all_keys(&entries);
    Ok(entries)
}

/// The keys of a meter of a configuration.
pub fn of_meter(
    config: &Config,
    meter: &MeterConfig,
    messages: &Messages,
) -> Result<Vec<KeyEntry>, KeyProblem> {
    let keys = meter.key_file.as_ref().map(|path| file(path, messages));
    let place = || format!("{}: line {}: key_file", config.path.display(), meter.lines.key_file);
    let keys = keys.transpose().map_err(|problem| KeyProblem::at(&place(), problem))?;
    Ok(keys.unwrap_or_default())
}

/// Reads a key file.
pub fn file(path: &Path, messages: &Messages) -> Result<Vec<KeyEntry>, KeyProblem> {
    memory::protect();
    let text = read(path, messages)?;
    let entries = parse(&text, &display(path))?;
    messages.note_keys(&entries);
    Ok(entries)
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
) -> Result<Vec<KeyEntry>, KeyProblem> {
    if let Some(path) = &args.key_file {
        return read(path, messages)
            .map_err(|problem| KeyProblem::of(["the key file", "die Schlüsseldatei"], problem))
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

/// A secret text, and the name of its source.
type NamedSecret = (Zeroizing<String>, String);

/// A secret from the systemd credential, or from the first variable that holds it or, with `_FILE`
/// behind its name, names its file.
fn secret(
    credential: &str,
    names: &[&str],
    messages: &Messages,
) -> Result<Option<NamedSecret>, KeyProblem> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = credentials::path(credential).filter(|path| path.exists()) {
        return Ok(Some((text_of(&path)?.0, display(&path))));
    }
    for name in names {
        if let Some(path) = set(&format!("{name}_FILE")).map(PathBuf::from) {
            let text = read(&path, messages);
            let text = text.map_err(|problem| KeyProblem::at(&format!("${name}_FILE"), problem))?;
            return Ok(Some((text, display(&path))));
        }
        if let Some(value) = set(name) {
            let text = value.into_string();
            let text = text.map_err(|_| {
                KeyProblem::new(KeyFault::Format, &format!("${name}"), ["not a text", "kein Text"])
            })?;
            return Ok(Some((Zeroizing::new(text), format!("${name}"))));
        }
    }
    Ok(None)
}

/// Reads a file of the user, with a warning if others can read it. Credentials of systemd get no
/// warning: their access list looks like rights of a group.
fn read(path: &Path, messages: &Messages) -> Result<Zeroizing<String>, KeyProblem> {
    let (text, mode) = text_of(path)?;
    if mode & 0o044 != 0 {
        let name = display(path);
        messages.warn(&format!("{name}: others can read the keys; chmod 600 {name}"));
    }
    Ok(text)
}

/// The text of a file, and its mode if it is a regular one.
fn text_of(path: &Path) -> Result<(Zeroizing<String>, u32), KeyProblem> {
    let name = display(path);
    let failed = |error: std::io::Error| KeyProblem::of_file(&name, &error);
    let unreadable = |texts| KeyProblem::new(KeyFault::Unreadable, &name, texts);
    // The buffer has its final size from the start: growing would leave copies of the key behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(4096));
    if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut octets).map_err(failed)?;
        return Ok((decoded(&octets, &name)?, 0));
    }
    let file = std::fs::File::open(home::expanded(path)).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(unreadable(["a folder, not a key file", "ein Ordner, keine Schlüsseldatei"]));
    }
    if about.len() > LONGEST {
        return Err(unreadable(["too long for a key file", "zu lang für eine Schlüsseldatei"]));
    }
    octets.reserve_exact(usize::try_from(about.len()).unwrap_or_default());
    file.take(LONGEST).read_to_end(&mut octets).map_err(failed)?;
    let text = decoded(&octets, &name)?;
    Ok((text, if about.is_file() { about.mode() } else { 0 }))
}

/// The text of a key file, or its kind if it is none.
fn decoded(octets: &[u8], name: &str) -> Result<Zeroizing<String>, KeyProblem> {
    let failed = |texts: [&str; 2]| KeyProblem::new(KeyFault::Format, name, texts);
    if let Some(what) = detect::kind_of_file(octets) {
        let [english, german] = unread::titles(what);
        return Err(failed([
            &format!("the key file is {english}: copy the key into a text file"),
            &format!("die Schlüsseldatei ist {german}: den Schlüssel in eine Textdatei kopieren"),
        ]));
    }
    key_text::decode(octets).ok_or_else(|| {
        let count = octets.len();
        failed([
            &format!("the key file is not a text; a key in binary has 16 octets, it has {count}"),
            &format!(
                "die Schlüsseldatei ist kein Text; ein Schlüssel in Binärform hat 16 Oktette, sie hat {count}"
            ),
        ])
    })
}

fn parse(text: &str, name: &str) -> Result<Vec<KeyEntry>, KeyProblem> {
    key_file::parse(text)
        .or_else(|defect| {
            let listed = key_text::listed(text).and_then(|text| key_file::parse(&text).ok());
            listed.ok_or(defect)
        })
        .map_err(|defect| {
            KeyProblem::of_defect(text, name, &defect, &key_text::mark(text, &defect))
        })
}

fn one((text, name): &NamedSecret, [what, was]: [&str; 2]) -> Result<Key, KeyProblem> {
    let key = key_file::parse_authentication_key(text);
    key.map_err(|defect| {
        let [advice, rat] = key_problem::hint(text);
        let (error, fehler) = (defect.error, key_problem::german(&defect));
        let (english, german) =
            (format!("{what}: {error}{advice}"), format!("{was}: {fehler}{rat}"));
        KeyProblem::new(KeyFault::Format, name, [&english, &german])
    })
}
