//! Settings of an older program, which the translation takes one by one: what remains is not carried over.

use crate::cli::older::entry::OldEntry;

/// A setting and its place.
#[derive(Clone, Debug)]
pub struct PlacedEntry {
    /// The setting.
    pub entry: OldEntry,
    /// The name of its file; none for a command line.
    pub file: Option<String>,
}

impl PlacedEntry {
    /// The value as text.
    pub fn text(&self) -> &str {
        self.entry.value.as_text()
    }

    /// The place, for messages: `meter.json:8: key_hex_string`, or the option of a command line.
    pub fn place(&self) -> String {
        let OldEntry { written, line, .. } = &self.entry;
        match (&self.file, line) {
            (Some(file), 1..) => format!("{file}:{line}: {written}"),
            (Some(file), 0) => format!("{file}: {written}"),
            (None, _) => written.clone(),
        }
    }
}

/// Settings of an older program.
#[derive(Debug, Default)]
pub struct OldSettings {
    entries: Vec<PlacedEntry>,
    /// What the user has to know.
    pub notes: Vec<String>,
}

impl OldSettings {
    /// Adds settings; of two with one name the last one counts.
    pub fn add(&mut self, entries: Vec<OldEntry>, file: Option<&str>) {
        let placed = |entry| PlacedEntry { entry, file: file.map(str::to_owned) };
        self.entries.extend(entries.into_iter().map(placed));
    }

    /// True if a setting is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|it| it.entry.key == key)
    }

    /// Takes a setting.
    pub fn take(&mut self, key: &str) -> Option<PlacedEntry> {
        let mut last = None;
        let is_other = |it: &PlacedEntry| it.entry.key != key;
        for entry in core::mem::take(&mut self.entries) {
            match is_other(&entry) {
                true => self.entries.push(entry),
                false => last = Some(entry),
            }
        }
        last
    }

    /// Takes a setting that is not empty.
    pub fn take_text(&mut self, key: &str) -> Option<PlacedEntry> {
        self.take(key).filter(|entry| !entry.text().trim().is_empty())
    }

    /// Takes all settings whose names begin so, without this beginning.
    pub fn take_below(&mut self, start: &str) -> Vec<(String, PlacedEntry)> {
        let mut taken = Vec::new();
        for entry in core::mem::take(&mut self.entries) {
            match entry.entry.key.strip_prefix(start).map(str::to_owned) {
                Some(rest) => taken.push((rest, entry)),
                None => self.entries.push(entry),
            }
        }
        taken
    }

    /// Takes a setting that has no effect here, with the reason.
    pub fn lose(&mut self, key: &str, why: &str) {
        if let Some(entry) = self.take(key) {
            self.notes.push(lost(&entry, why));
        }
    }

    /// Takes all settings that remain, and notes them.
    pub fn lose_rest(&mut self) {
        for entry in core::mem::take(&mut self.entries) {
            self.notes.push(lost(&entry, "nothing here has this meaning"));
        }
    }

    /// Takes all settings that remain, without a word.
    pub fn drop_rest(&mut self) {
        self.entries.clear();
    }

    /// Notes that a value is carried over with another meaning.
    pub fn changed(&mut self, entry: &PlacedEntry, how: &str) {
        self.notes.push(format!("{} {how}", entry.place()));
    }
}

/// The note about a setting that is not carried over.
pub fn lost(entry: &PlacedEntry, why: &str) -> String {
    format!("{} is not carried over: {why}", entry.place())
}
