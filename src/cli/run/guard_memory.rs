//! The guard's knowledge on the disk, from one run to the next.
//!
//! Only live telegrams use it: those whose time of arrival is now. A file of old telegrams gives
//! the same readings however often it is read.

use std::{
    env, fs, io,
    path::PathBuf,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use meterpipe::{
    file_error,
    format::{key::Meta, readings::Readings},
    sink::{files::atomic, guard::guard::Guard},
};

/// The file with the knowledge of the guard.
#[derive(Debug)]
pub struct GuardMemory {
    path: PathBuf,
    /// The places of the sinks of this run.
    pub sinks: Vec<String>,
    /// When it was read or written last; nothing before the first live telegram.
    since: Option<Instant>,
    /// True once this run has written it.
    is_written: bool,
}

/// A card wears out, so the file is written once an hour, and at the end.
const INTERVAL: Duration = Duration::from_secs(3600);

/// The first time in a run it is written soon: the power may fail before an hour has passed.
const FIRST_INTERVAL: Duration = Duration::from_secs(15);

/// A telegram that arrived so many seconds before or after now is live.
const LIVE: u64 = 60;

/// Far more than the meters of a house need.
const LARGEST: u64 = 1 << 20;

impl GuardMemory {
    /// The file in `$STATE_DIRECTORY`, else in `$XDG_STATE_HOME` or its default; nothing without
    /// them.
    pub fn find() -> Option<Self> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let by_service = set("STATE_DIRECTORY").and_then(|folders| {
            // systemd separates several folders by colons.
            let folders = folders.into_os_string();
            env::split_paths(&folders).next()
        });
        let home = || set("HOME").map(|home| home.join(".local/state"));
        let by_user = || set("XDG_STATE_HOME").or_else(home).map(|it| it.join("meterpipe"));
        let folder = by_service.or_else(by_user)?;
        let path = folder.join("guard.json");
        Some(Self { path, sinks: Vec::new(), since: None, is_written: false })
    }

    /// Fills the guard before the first live telegram. Returns a message if the file is of no use.
    pub fn recall(&mut self, readings: &Readings, guard: &mut Guard) -> Option<String> {
        if self.since.is_some() || !is_live(readings) {
            return None;
        }
        self.since = Some(Instant::now());
        let restored = self.read();
        let restored =
            restored.map(|state| state.is_none_or(|state| guard.restore(&state, &self.sinks)));
        let why = match restored {
            Ok(true) => return None,
            Ok(false) => "of another version".to_owned(),
            Err(error) => file_error::plain(&error),
        };
        Some(format!("{}: {why}; the guard starts without it", self.path.display()))
    }

    /// True once a live telegram came: what the guard knows is then kept.
    pub const fn is_in_use(&self) -> bool {
        self.since.is_some()
    }

    fn read(&self) -> io::Result<Option<Value>> {
        match fs::metadata(&self.path) {
            Ok(file) if file.len() > LARGEST => return Err(io::Error::other("too large")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            _ => {}
        }
        Ok(Some(serde_json::from_slice(&fs::read(&self.path)?)?))
    }

    /// Writes the file if it is time.
    pub fn keep(&mut self, guard: &Guard) -> Option<String> {
        let interval = if self.is_written { INTERVAL } else { FIRST_INTERVAL };
        self.since.filter(|since| since.elapsed() >= interval)?;
        self.write(guard)
    }

    /// Writes the file, unless there was no live telegram. Returns a message if this fails.
    pub fn write(&mut self, guard: &Guard) -> Option<String> {
        self.since.as_mut().map(|since| *since = Instant::now())?;
        self.is_written = true;
        // Another run may have written it meanwhile.
        let others = self.read().ok().flatten();
        let state = guard.state(&self.sinks, others.as_ref()).to_string();
        let folder = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| atomic::replace_private(&self.path, state.as_bytes()));
        let error = written.err()?;
        Some(format!(
            "{}: {}; the guard forgets with this run",
            self.path.display(),
            file_error::plain(&error)
        ))
    }
}

fn is_live(readings: &Readings) -> bool {
    let received = readings.meta(Meta::Received).and_then(|text| text.parse().ok());
    let seconds = |received: Timestamp| Timestamp::now().as_second().abs_diff(received.as_second());
    received.is_some_and(|received| seconds(received) <= LIVE)
}
