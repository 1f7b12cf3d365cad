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
    setup::toml_text::{list, row, subtable, table},
    wizard::meter::MeterPlan,
};
use meterpipe::{
    file_error,
    sink::{
        files::atomic,
        kind::SinkKind,
        registry,
        settings::{
            SinkSettings,
            common_keys::COMMON,
            key::{SettingKey, SettingType},
        },
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
        if config.is_dir() {
            return Err(Stop::usage(format!("{}: a folder, not a file", config.display())));
        }
        let are_of_service = config.starts_with("/etc/meterpipe");
        Ok(Self { config, state, are_of_service })
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.config.with_file_name(name)
    }
}

/// The files of a new configuration, before they are written.
#[derive(Default)]
pub struct NewFiles {
    /// Paths, contents and modes; the configuration is the last one.
    files: Vec<(PathBuf, Zeroizing<String>, u32)>,
}

/// The files for a meter and sinks; the configuration begins with this comment.
///
/// # Errors
/// A secret that cannot be read.
pub fn plan(
    comment: &str,
    meter: &MeterPlan,
    sinks: &[SinkSettings],
    folders: &Folders,
) -> Result<NewFiles, Stop> {
    let mut files = NewFiles::default();
    let mut text = format!("# {comment}\n");
    let mut rows = vec![("source".to_owned(), meter.source.clone())];
    if let Some(key) = &meter.key {
        let path = folders.beside(KEY_FILE);
        rows.push(("key_file".to_owned(), path.display().to_string()));
        files.secret(path, key.clone());
    }
    let title = meter.title.map(hex::encode);
    rows.extend(title.map(|title| ("system_title".to_owned(), title)));
    rows.extend(meter.line.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    table("meter", rows.iter().map(|(key, value)| (key.as_str(), value.as_str())), &mut text);
    for settings in sinks {
        sink_table(settings, folders, &mut files, &mut text)?;
    }
    files.files.push((folders.config.clone(), Zeroizing::new(text), 0o644));
    Ok(files)
}

/// Appends the table of a sink; its secrets become files.
fn sink_table(
    settings: &SinkSettings,
    folders: &Folders,
    files: &mut NewFiles,
    text: &mut String,
) -> Result<(), Stop> {
    let keys = registry::kind(&settings.scheme).into_iter().flat_map(SinkKind::keys);
    let keys: Vec<&SettingKey> = keys.chain(COMMON).collect();
    let key_of = |name: &str| keys.iter().find(|key| key.matches(name));
    table("sink", [("to", settings.name.as_str())].into_iter(), text);
    let others =
        settings.entries().filter(|(key, _)| !key_of(key).is_some_and(|it| it.is_secret()));
    let mut tables: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for (key, value) in others {
        match key_of(key).map(|key| key.value) {
            Some(SettingType::Table(..)) => {
                let (name, key) = key.split_once('.').unwrap_or((key, ""));
                match tables.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, rows)) => rows.push((key, value)),
                    None => tables.push((name, vec![(key, value)])),
                }
            }
            Some(SettingType::List(_)) => list(key, &value.split(',').collect::<Vec<_>>(), text),
            _ => row(key, value, text),
        }
    }
    for key in keys.iter().filter(|key| key.is_secret()) {
        let secret = settings.clone().take_secret(key.name);
        let secret = secret.map_err(|error| Stop::usage(error.to_string()))?;
        if let Some(secret) = secret {
            let path = files.free(folders, key.credential.unwrap_or(key.name));
            row(&format!("{}_file", key.name), &path.display().to_string(), text);
            files.secret(path, Zeroizing::new(secret.reveal().to_owned()));
        }
    }
    for (name, rows) in tables {
        subtable("sink", name, rows.into_iter(), text);
    }
    Ok(())
}

impl NewFiles {
    fn secret(&mut self, path: PathBuf, text: Zeroizing<String>) {
        let text = Zeroizing::new(format!("{}\n", text.trim_end()));
        self.files.push((path, text, 0o600));
    }

    /// A name that no other file has: `mqtt_password`, `mqtt_password_2`.
    fn free(&self, folders: &Folders, name: &str) -> PathBuf {
        let names = (1..).map(|count| match count {
            1 => folders.beside(name),
            count => folders.beside(&format!("{name}_{count}")),
        });
        let is_free = |path: &PathBuf| self.files.iter().all(|(known, ..)| known != path);
        names.into_iter().find(is_free).unwrap_or_else(|| folders.beside(name))
    }

    /// The text of the configuration.
    pub fn text(&self) -> &str {
        self.files.last().map_or("", |(_, text, _)| text.as_str())
    }

    /// The files with secrets, in the order of their settings.
    pub fn secrets(&self) -> impl Iterator<Item = &Path> {
        let secrets = self.files.iter().filter(|(.., mode)| *mode == 0o600);
        secrets.map(|(path, ..)| path.as_path())
    }

    /// The first file that is there already, and has another content.
    pub fn taken(&self) -> Option<&Path> {
        let differs = |path: &Path, text: &str| {
            let old = fs::read(path).map(Zeroizing::new);
            match old {
                Ok(old) => old.as_slice() != text.as_bytes(),
                Err(error) => error.kind() != io::ErrorKind::NotFound,
            }
        };
        let mut taken = self.files.iter().filter(|(path, text, _)| differs(path, text));
        taken.next_back().map(|(path, ..)| path.as_path())
    }

    /// Writes the files, the configuration last, and returns their names. Files that are there already are
    /// kept as `config.toml.old` and so on.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn write(self) -> Result<Vec<PathBuf>, Stop> {
        let config = self.files.last().map(|(path, ..)| path.clone()).unwrap_or_default();
        let failed = |path: &Path, error: io::Error| {
            let why = file_error::unwritable(&error);
            Stop::Failed(Status::Output, format!("{}: {why}", path.display()))
        };
        if let Some(folder) = config.parent() {
            let created = DirBuilder::new().recursive(true).mode(0o755).create(folder);
            created.map_err(|error| failed(folder, error))?;
        }
        let mut written = Vec::new();
        for (path, text, mode) in self.files {
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
