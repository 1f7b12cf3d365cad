//! The counts of whole telegrams, and the facts about the keys that were tried on them.

use std::collections::{BTreeSet, HashMap};

use crate::{
    cipher::ciphered::SystemTitle,
    diagnosis::{diagnosis::Wording, key_turns::KeyTurns},
    error::Cause,
};

/// The counts of whole telegrams, and the facts about the keys.
#[derive(Clone, Debug, Default)]
pub struct KeyFacts {
    /// Telegrams that were read.
    pub opened: usize,
    /// Of these, telegrams with at least one value that has a name.
    pub named: usize,
    /// Of those without, telegrams with at least one OBIS code.
    pub coded: usize,
    /// Telegrams that were read and had been encrypted.
    pub ciphered: usize,
    /// Telegrams that no key opened.
    pub closed: usize,
    /// The reason of the last of them.
    pub cause: Option<Cause>,
    /// How many reasons they have.
    pub causes: usize,
    /// Telegrams that a key opens and whose content cannot be read.
    pub unsound: usize,
    /// True if more telegrams are damaged than open, be they few.
    pub is_mostly_damaged: bool,
    /// Of these, telegrams that were encrypted: the key fits.
    pub fitted: usize,
    /// Of these, telegrams whose text has a wrong CRC.
    pub wrong_sums: usize,
    /// The octets of their plaintext where that begins.
    pub unsound_at: BTreeSet<usize>,
    /// Those of them that are whole beyond doubt: plain ones in frames, and those with a verified tag.
    pub unreadable: usize,
    /// True if telegrams came without frames, and many octets between them.
    pub is_strewn: bool,
    /// True if no telegram came in a frame: no checksum vouches for their headers.
    pub is_bare: bool,
    /// True if the published example key opens telegrams that stay closed.
    pub opens_with_example: bool,
    /// True if one of them was not encrypted, and nothing vouches for its octets.
    pub is_plain: bool,
    /// The telegrams of each meter, by title.
    pub meters: HashMap<SystemTitle, KeyTurns>,
    /// True if the telegrams that stayed closed carry no system title, and the user gave one.
    pub title_was_given: bool,
    /// The system title of the last closed telegram.
    pub title: Option<SystemTitle>,
    /// The meters that the keys are named for.
    pub names: Vec<String>,
    /// How many keys there are.
    pub keys: usize,
    /// True if a key that is published as an example is among them.
    pub has_example: bool,
    /// True if the only key is the authentication key of the published examples.
    pub is_example_gak: bool,
    /// True if an authentication key is given beside the encryption key.
    pub has_gak: bool,
    /// True if the telegrams that stay closed carry a tag.
    pub tagged: bool,
    /// True if the keys of the file were tried without their names too.
    pub tried_nameless: bool,
    /// The number or title in front of the key that opens telegrams all the same.
    pub other_name: Option<String>,
    /// The last doubt about the meter's clock, in both languages.
    pub clock: Option<Wording>,
    /// The year of that clock if it counts from its first day on.
    pub clock_year: Option<i16>,
    /// Telegrams with such a doubt.
    pub doubted: usize,
    /// True if the clock of the last telegram is right.
    pub clock_is_right: bool,
    /// Telegrams with two clocks that disagree.
    pub two_times: usize,
}

impl KeyFacts {
    /// The most meters that are kept apart.
    const MOST_METERS: usize = 1000;

    /// Counts a telegram for its meter, with its counter.
    pub fn count(&mut self, title: Option<SystemTitle>, counter: Option<u32>, opens: bool) {
        if let Some(title) = title
            && (self.meters.len() < Self::MOST_METERS || self.meters.contains_key(&title))
        {
            self.meters.entry(title).or_default().push(opens, counter);
        }
    }

    /// Closed telegrams of meters whose key opens others, and opened ones with damage inside.
    pub(super) fn damaged(&self) -> usize {
        self.closed_by_damage()
            + if self.is_other_list() { 0 } else { self.unsound - self.unreadable }
    }

    /// Closed telegrams of meters whose key fits others. Without a whole one no key was exchanged.
    pub(super) fn closed_by_damage(&self) -> usize {
        let is_damage = |it: &&KeyTurns| match self.opened {
            0 => it.opened > 0,
            _ => it.is_damage(),
        };
        self.meters.values().filter(is_damage).map(|it| it.closed).sum()
    }

    /// Closed telegrams of meters whose key is missing, if the key fits no whole one: a title that comes once, and fewer
    /// than the key fits, are those of a damaged header.
    pub(super) fn closed_of_others(&self) -> usize {
        let closed = self.lacking_turns().map(|(_, turns)| turns.closed);
        Some(closed.sum()).filter(|closed| *closed > self.fitted).unwrap_or_default()
    }

    /// The meters of which several telegrams came, and none opened.
    fn lacking_turns(&self) -> impl Iterator<Item = (&SystemTitle, &KeyTurns)> {
        self.meters.iter().filter(|(_, turns)| turns.opened == 0 && turns.closed >= LACKING)
    }

    /// True if the octets around telegrams without frames are damaged, and no two headers belong together: those may be
    /// damaged too, and no key opens what has another title or counter.
    pub(super) fn has_damaged_headers(&self) -> bool {
        self.is_strewn && self.keys > 0 && self.lacking_turns().all(|(_, turns)| turns.follow == 0)
    }

    /// True if telegrams without frames have several titles, and no two of them belong together: one meter sends them, and
    /// damage makes several of it.
    pub(super) fn has_damaged_titles(&self) -> bool {
        let mut meters = self.meters.values();
        self.is_bare && self.keys > 0 && self.meters.len() > 1 && meters.all(|it| it.follow == 0)
    }

    /// Meters with one telegram, which stays closed.
    pub fn lone(&self) -> impl Iterator<Item = &SystemTitle> {
        let meters = self.meters.iter();
        meters.filter(|(_, turns)| turns.opened == 0 && turns.closed == 1).map(|(title, _)| title)
    }

    /// True if telegrams open and all of them break at the same octet: damage does not.
    fn is_other_list(&self) -> bool {
        let unsound = self.unsound - self.unreadable;
        self.opened == 0
            && self.wrong_sums == 0
            && unsound >= LISTS
            && self.unsound_at.len() == 1
            && !self.unsound_at.contains(&0)
    }

    /// The titles of these meters.
    pub(super) fn lacking(&self) -> Vec<SystemTitle> {
        let mut lacking: Vec<_> = self.lacking_turns().map(|(title, _)| *title).collect();
        lacking.sort_unstable();
        lacking
    }

    /// True if each key stands behind a number or a title, and none of them is this meter's title.
    pub(super) fn has_only_others(&self) -> bool {
        let title = self.title.map(hex::encode);
        let is_own = |name: &String| title.as_ref().is_some_and(|it| name.eq_ignore_ascii_case(it));
        self.keys > 0 && self.names.len() == self.keys && !self.names.iter().any(is_own)
    }

    pub(super) fn is_exchanged(&self) -> bool {
        self.opened > 0 && self.meters.values().any(KeyTurns::is_exchange)
    }
}

/// Telegrams that break at the same octet and are no chance.
const LISTS: usize = 3;

/// Closed telegrams of a meter that are no damage.
const LACKING: usize = 2;

/// One closed telegram in so many is no trouble.
pub(super) const TOLERATED: usize = 10;
