//! Which names and keys of a key file belong to one meter.
//!
//! ```text
//! N a name, G a GUEK, K a GAK, in the order of the file
//! N G K  N G K    each name begins a meter
//! G K N  G K N    names stand behind their keys: as many as those, the first one behind a key
//! G  N G          a key of any meter, and one of a meter that is named
//! N G  N K        one meter, named twice
//! ```
//!
//! The end of an object or of a section parts two meters whatever their order.

use crate::cipher::{
    key::Key,
    key_entry::{KeyEntry, MeterName},
};

/// A part of a key file with its meaning.
pub(super) enum KeyField {
    /// The name of a meter. That of a heading or of a sentence may be a remark: the number of a
    /// connection, of a customer.
    Name {
        /// The name.
        name: MeterName,
        /// The line.
        line: usize,
        /// True if it is a remark beside the only key of a file.
        may_be_remark: bool,
    },
    /// An encryption key, and its line.
    Guek(Key, usize),
    /// An authentication key.
    Gak(Key),
    /// The end of what belongs to a meter.
    End,
}

/// The entries of a file, and an authentication key that is left over.
pub(super) fn entries(fields: &[KeyField]) -> (Vec<KeyEntry>, Option<Key>) {
    let mut groups = KeyGroups::default();
    for run in fields.split(|field| matches!(field, KeyField::End)) {
        let order = NameOrder::of(run);
        run.iter().for_each(|field| groups.take(field, order));
        groups.close();
        groups.name = None;
    }
    for (name, gak) in groups.named_gaks {
        let of_meter = groups.entries.iter_mut().find(|entry| entry.name.as_ref() == Some(&name));
        match of_meter {
            Some(entry) => entry.gak = entry.gak.take().or(Some(gak)),
            None => groups.gak = Some(gak),
        }
    }
    if let ([only], true) = (groups.entries.as_mut_slice(), groups.has_remark) {
        only.name = None;
    }
    (groups.entries, groups.gak)
}

/// The place of the names of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameOrder {
    /// In front of the keys.
    Front,
    /// Behind the keys.
    Behind,
    /// There is one encryption key, to which all belongs.
    One,
}

impl NameOrder {
    fn of(run: &[KeyField]) -> Self {
        let is_name = |field: &&KeyField| matches!(field, KeyField::Name { .. });
        let is_guek = |field: &&KeyField| matches!(field, KeyField::Guek(..));
        let keys = run.iter().filter(is_guek).count();
        let first = run.iter().find(|field| is_name(field) || is_guek(field));
        match keys {
            0 => Self::Front,
            1 => Self::One,
            _ if first.is_some_and(|it| is_guek(&it))
                && run.iter().filter(is_name).count() == keys =>
            {
                Self::Behind
            }
            _ => Self::Front,
        }
    }
}

/// The fields of a meter that is not complete, and the entries before it.
#[derive(Default)]
struct KeyGroups {
    entries: Vec<KeyEntry>,
    /// Authentication keys of meters whose encryption key stands elsewhere.
    named_gaks: Vec<(MeterName, Key)>,
    /// The name of an entry may be a remark.
    has_remark: bool,
    name: Option<(MeterName, usize, bool)>,
    guek: Option<(Key, usize)>,
    gak: Option<Key>,
}

impl KeyGroups {
    fn take(&mut self, field: &KeyField, order: NameOrder) {
        match field {
            KeyField::Name { name, line, may_be_remark } => {
                let is_over = match order {
                    NameOrder::Front => {
                        self.guek.is_some() || self.name.is_some() && self.gak.is_some()
                    }
                    NameOrder::Behind => self.guek.is_some() && self.name.is_some(),
                    NameOrder::One if self.guek.is_some() && self.name.is_some() => return,
                    NameOrder::One => {
                        let is_other = |(given, ..): &(MeterName, _, _)| given != name;
                        self.name.as_ref().is_some_and(is_other) && self.gak.is_some()
                    }
                };
                if is_over {
                    self.close();
                }
                self.name = Some((name.clone(), *line, *may_be_remark));
            }
            KeyField::Guek(key, line) => {
                if self.guek.is_some() {
                    self.close();
                }
                self.guek = Some((key.clone(), *line));
            }
            KeyField::Gak(key) => {
                if self.gak.is_some() {
                    self.close();
                }
                self.gak = Some(key.clone());
            }
            KeyField::End => {}
        }
    }

    /// Ends a meter. A lone authentication key belongs to the one before, or to the next one.
    fn close(&mut self) {
        if let Some((guek, line)) = self.guek.take() {
            let name = self.name.take();
            self.has_remark |= name.as_ref().is_some_and(|(_, at, remark)| *remark || *at != line);
            let name = name.map(|(name, ..)| name);
            self.entries.push(KeyEntry { name, guek, gak: self.gak.take() });
        } else if let Some(gak) = self.gak.take() {
            match (self.name.take(), self.entries.last_mut()) {
                (Some((name, ..)), _) => self.named_gaks.push((name, gak)),
                (None, Some(last)) if last.gak.is_none() => last.gak = Some(gak),
                (None, _) => self.gak = Some(gak),
            }
        }
    }
}
