//! Settings of an older program, which the translation takes one by one: what remains is not carried over.

use crate::cli::{
    older::{
        command_line::{NO_OPTION, NO_WORD},
        entry::OldEntry,
    },
    run::status::Stop,
};
use meterpipe::sink::settings::redact;

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
        // A secret may stand in the place of a name.
        let is_shown = is_name(written) || [NO_OPTION, NO_WORD].contains(&written.as_str());
        let written = if is_shown { written } else { redact::HIDDEN };
        match (&self.file, line) {
            (Some(file), 1..) => format!("{file}:{line}: {written}"),
            (Some(file), 0) => format!("{file}: {written}"),
            (None, _) => written.to_owned(),
        }
    }
}

/// True for a text of which the names of settings have the form.
fn is_name(text: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.len() <= LONGEST_NAME && digits <= MOST_DIGITS && text.chars().all(is_of_name)
}

/// The longest name, with those of the tables around it.
const LONGEST_NAME: usize = 80;

/// The most digits in a name: `homeassistant.config_topics.10.config.val_tpl`.
const MOST_DIGITS: usize = 4;

/// Settings of an older program.
#[derive(Debug, Default)]
pub struct OldSettings {
    entries: Vec<PlacedEntry>,
    /// Notes for the user: settings that are not carried over, or have another meaning now.
    notes: Vec<String>,
    /// The advice for a setting that is missing here, because another file may have it.
    elsewhere: Option<String>,
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
            self.lost(&entry, why);
        }
    }

    /// Takes all settings that remain, and notes them.
    pub fn lose_rest(&mut self) {
        for entry in core::mem::take(&mut self.entries) {
            self.lost(&entry, "nothing here has this meaning");
        }
    }

    /// Takes all settings that remain, without a word.
    pub fn drop_rest(&mut self) {
        self.entries.clear();
    }

    /// Notes that a setting is not carried over.
    pub fn lost(&mut self, entry: &PlacedEntry, why: &str) {
        self.changed(entry, &format!("is not carried over: {why}"));
    }

    /// Notes that a setting is carried over with another meaning.
    pub fn changed(&mut self, entry: &PlacedEntry, how: &str) {
        self.notes.push(format!("{} {how}", entry.place()));
    }

    /// Notes something about no setting.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The mistake that a setting is missing; a misspelt one has a line. `start` belongs to all names here.
    pub fn missing(&self, start: &str, key: &str, what: &str) -> Stop {
        let near = |it: &&PlacedEntry| {
            let distance = strsim::damerau_levenshtein(&it.entry.key, key);
            3 * distance <= key.len().max(3)
        };
        Stop::usage(match self.entries.iter().find(near) {
            Some(entry) => format!("{}: did you mean {start}{key}?", entry.place()),
            None => {
                let advice = self.elsewhere.as_ref().map(|advice| format!("; {advice}"));
                format!("{start}{key}: the settings name no {what}{}", advice.unwrap_or_default())
            }
        })
    }

    /// Notes the advice for a setting that is missing.
    pub fn look_elsewhere(&mut self, advice: String) {
        self.elsewhere = Some(advice);
    }

    /// Moves the notes of other settings here.
    pub fn take_notes(&mut self, other: &mut Self) {
        self.notes.append(&mut other.notes);
    }

    /// All notes.
    pub fn into_notes(self) -> Vec<String> {
        self.notes
    }
}
