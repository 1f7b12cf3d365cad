//! The files of a new configuration. Each secret stands in a file of its own, which only its owner reads.

use std::{
    env, fs,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::cli::{
    run::status::{Status, Stop},
    setup::toml_text::table,
    wizard::meter::MeterPlan,
};
use meterpipe::{
    file_error,
    sink::{
        files::atomic,
        registry,
        settings::{SinkSettings, key::SettingKey},
    },
};

/// The name of the key file, and of its systemd credential.
const KEY_FILE: &str = "guek";

/// The folders of a configuration and its state.
#[derive(Debug)]
pub struct Folders {
    /// The configuration.
    pub config: PathBuf,
    /// The state: spools, files.
    pub state: PathBuf,
    /// True if they are those of the service of systemd.
    pub are_of_service: bool,
}

impl Folders {
    /// The folders of the service for root, else those of the user; or that of a named configuration.
    ///
    /// # Errors
    /// The user has no home.
    pub fn find(config: Option<&Path>) -> Result<Self, Stop> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = |variable, folder: &str| {
            let path = set(variable).or_else(|| set("HOME").map(|home| home.join(folder)));
            let path = path.map(|path| path.join("meterpipe/config.toml"));
            path.ok_or_else(|| Stop::usage("there is no $HOME: name a file with --config"))
        };
        let is_root = rustix::process::geteuid().is_root();
        let state = match is_root {
            true => PathBuf::from("/var/lib/meterpipe"),
            false => home("XDG_STATE_HOME", ".local/state")?.with_file_name(""),
        };
        let config = match (config, is_root) {
            (Some(path), _) => path.to_owned(),
            (None, true) => PathBuf::from("/etc/meterpipe/config.toml"),
            (None, false) => home("XDG_CONFIG_HOME", ".config")?,
        };
        let config = std::path::absolute(&config).unwrap_or(config);
        let are_of_service = config.starts_with("/etc/meterpipe");
        Ok(Self { config, state, are_of_service })
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.config.with_file_name(name)
    }
}

/// Writes the files, the configuration last, and returns their names. Files that are there already are kept
/// as `config.toml.old` and so on.
///
/// # Errors
/// Errors of the disk.
pub fn write(
    meter: &MeterPlan,
    sinks: &[SinkSettings],
    folders: &Folders,
) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Files::default();
    let mut text =
        "# Written by meterpipe setup: meterpipe-watch(1), meterpipe-sinks(7).\n".to_owned();
    let mut rows = vec![("source".to_owned(), meter.source.clone())];
    if let Some(key) = &meter.key {
        let path = folders.beside(KEY_FILE);
        rows.push(("key_file".to_owned(), path.display().to_string()));
        files.secret(path, key.clone());
    }
    table("meter", rows.iter().map(|(key, value)| (key.as_str(), value.as_str())), &mut text);
    for settings in sinks {
        let rows = rows_of(settings, folders, &mut files)?;
        table("sink", rows.iter().map(|(key, value)| (key.as_str(), value.as_str())), &mut text);
    }
    files.0.push((folders.config.clone(), Zeroizing::new(text), 0o644));
    files.write(&folders.config)
}

/// The keys of a sink; its secrets become files.
fn rows_of(
    settings: &SinkSettings,
    folders: &Folders,
    files: &mut Files,
) -> Result<Vec<(String, String)>, Stop> {
    let keys = registry::kind(&settings.scheme).into_iter().flat_map(|kind| kind.keys());
    let secrets: Vec<&SettingKey> = keys.filter(|key| key.is_secret()).collect();
    let is_secret = |name: &str| secrets.iter().any(|key| key.matches(name));
    let mut rows = vec![("to".to_owned(), settings.name.clone())];
    let others = settings.entries().filter(|(key, _)| !is_secret(key));
    rows.extend(others.map(|(key, value)| (key.to_owned(), value.to_owned())));
    for key in secrets {
        let secret = settings.clone().take_secret(key.name);
        let secret = secret.map_err(|error| Stop::usage(error.to_string()))?;
        if let Some(secret) = secret {
            let path = files.free(folders, key.credential.unwrap_or(key.name));
            rows.push((format!("{}_file", key.name), path.display().to_string()));
            files.secret(path, Zeroizing::new(secret.reveal().to_owned()));
        }
    }
    Ok(rows)
}

/// Files to write: path, content, mode.
#[derive(Default)]
struct Files(Vec<(PathBuf, Zeroizing<String>, u32)>);

impl Files {
    fn secret(&mut self, path: PathBuf, text: Zeroizing<String>) {
        let text = Zeroizing::new(format!("{}\n", text.trim_end()));
        self.0.push((path, text, 0o600));
    }

    /// A name that no other file has: `mqtt_password`, `mqtt_password_2`.
    fn free(&self, folders: &Folders, name: &str) -> PathBuf {
        let names = (1..).map(|count| match count {
            1 => folders.beside(name),
            count => folders.beside(&format!("{name}_{count}")),
        });
        let is_free = |path: &PathBuf| self.0.iter().all(|(known, ..)| known != path);
        names.into_iter().find(is_free).unwrap_or_else(|| folders.beside(name))
    }

    fn write(self, config: &Path) -> Result<Vec<PathBuf>, Stop> {
        let failed = |path: &Path, error: io::Error| {
            let why = file_error::unwritable(&error);
            Stop::Failed(Status::Output, format!("{}: {why}", path.display()))
        };
        if let Some(folder) = config.parent() {
            let created = DirBuilder::new().recursive(true).mode(0o755).create(folder);
            created.map_err(|error| failed(folder, error))?;
        }
        let mut written = Vec::new();
        for (path, text, mode) in self.0 {
            keep_old(&path, text.as_bytes()).map_err(|error| failed(&path, error))?;
            let replaced = match mode {
                0o600 => atomic::replace_private(&path, text.as_bytes()),
                mode => atomic::replace(&path, text.as_bytes(), mode),
            };
            replaced.map_err(|error| failed(&path, error))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// Keeps a file with other content as `NAME.old`, or `NAME.old2` and so on: it may be the only place of a key.
/// Its place is never empty.
fn keep_old(path: &Path, text: &[u8]) -> io::Result<()> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(old) if old.as_slice() != text => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let names = (1..).map(|count: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(if count == 1 { ".old".to_owned() } else { format!(".old{count}") });
        PathBuf::from(name)
    });
    for name in names {
        match fs::hard_link(path, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => return linked,
        }
    }
    Ok(())
}
