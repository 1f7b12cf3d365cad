//! The meaning of the words that stand in front of keys and numbers, or above them.

/// The meaning of what stands behind a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyLabel {
    /// An encryption key.
    Encryption,
    /// An authentication key.
    Authentication,
    /// The number or the title of a meter.
    Meter,
    /// The serial number or the identifier of a meter, which is never a key.
    MeterIdentifier,
    /// A digest, or the identifier of something else, which is never a key.
    Identifier,
    /// The part of something with this number, of a key if the parts are as many digits.
    Part(usize),
    /// A password of the portal; a key all the same if it looks like one.
    Password,
    /// Something else; a key all the same if it looks like one.
    Other,
}

impl KeyLabel {
    /// True in front of an encryption or an authentication key.
    pub(super) const fn is_of_key(self) -> bool {
        matches!(self, Self::Encryption | Self::Authentication)
    }

    /// True in front of what is no key, whatever it looks like.
    pub(super) const fn is_of_other(self) -> bool {
        matches!(self, Self::MeterIdentifier | Self::Identifier)
    }

    /// True in front of the number of a meter.
    pub(super) const fn is_of_meter(self) -> bool {
        matches!(self, Self::Meter | Self::MeterIdentifier)
    }
}

/// The meaning of a label.
pub(super) fn meaning(label: &str) -> KeyLabel {
    let name = label.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is = |word: &str| name.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    let is_of_meter = has(&["meter", "hler", "serial", "serien", "title", "ger", "device"]);
    if has(&["_len", "länge", "length"]) {
        // A number beside the key.
        KeyLabel::Other
    } else if is_identifier(label, &name) {
        if is_of_meter { KeyLabel::MeterIdentifier } else { KeyLabel::Identifier }
    } else if has(&["teil ", "part ", "hälfte", "half"]) {
        KeyLabel::Part(part(&name))
    } else if let (Some(guek), Some(gak)) = (name.find("guek"), name.find("gak")) {
        // Both keys, in this order.
        if guek < gak { KeyLabel::Encryption } else { KeyLabel::Authentication }
    } else if has(&["gak", "auth"]) || is("ak") {
        KeyLabel::Authentication
    } else if (has(&["passw", "kennw", "pwd"]) || is("pin")) && !has(&KEY) {
        KeyLabel::Password
    } else if has(&KEY) || has(&["pass"]) || is("ek") {
        KeyLabel::Encryption
    } else if is_of_meter || name.trim() == "number" {
        KeyLabel::Meter
    } else {
        KeyLabel::Other
    }
}

/// The number of a part: `teil 2 von 2`, `zweite hälfte`; 0 without one.
fn part(name: &str) -> usize {
    let mut numbers = name.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok());
    let has = |words: [&str; 2]| words.iter().any(|word| name.contains(word));
    numbers.next().unwrap_or(match () {
        () if has(["erst", "first"]) => 1,
        () if has(["zweit", "second"]) => 2,
        () => 0,
    })
}

/// True if a label names an encryption key, and not what belongs to one or to encryption.
pub(super) fn names_key(label: &str) -> bool {
    let name = label.to_lowercase();
    let is_word = |part: &&str| part.contains(char::is_alphabetic);
    let last = name.split(|c: char| !c.is_alphanumeric()).rfind(is_word).unwrap_or_default();
    let is_key = ["guek", "key", "schlüssel", "schluessel"].iter().any(|it| last.ends_with(it));
    (is_key || last == "ek") && meaning(label) == KeyLabel::Encryption
}

/// True for the name of a digest, and of an identifier that is none of a key: `MD5`, `device_id`,
/// `requestId`.
fn is_identifier(label: &str, name: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_digit = |c: char| c.is_ascii_digit();
    let is_sha = |part: &str| part.strip_prefix("sha").is_some_and(|it| it.chars().all(is_digit));
    let is_id = |part: &str| {
        let stem = part.strip_suffix("Id").or_else(|| part.strip_suffix("ID"));
        matches!(&*part.to_lowercase(), "id" | "uid" | "etag")
            || stem.is_some_and(|it| it.ends_with(char::is_lowercase))
    };
    let mut parts = label.split(|c: char| !c.is_alphanumeric());
    has(&["md5", "hash", "prüfs", "pruefs", "checks", "fingerp", "uuid", "guid"])
        || parts.clone().any(|part| is_sha(&part.to_lowercase()))
        || !has(&KEY) && (has(&["token", "serial", "serien"]) || parts.any(is_id))
}

/// Parts of words for a key.
const KEY: [&str; 6] = ["key", "schl", "guek", "gak", "encr", "decr"];

/// The meanings of the cells that head the columns of a table; none if fewer than two have one.
pub(super) fn heading(line: &str) -> Vec<KeyLabel> {
    let cells: Vec<_> = cells(line).map(meaning).collect();
    let has_one = |it: &&KeyLabel| it.is_of_key() || it.is_of_meter();
    if cells.iter().filter(has_one).count() > 1 { cells } else { vec![] }
}

/// The place of the encryption key in a row of names and values whose value is empty: `GUEK;`.
pub(super) fn empty_cell(line: &str) -> Option<usize> {
    let (name, rest) = line.split_once([';', ',', '\t'])?;
    let is_empty = !rest.contains(char::is_alphanumeric) && names_key(name);
    is_empty.then(|| name.chars().count() + 1)
}

/// The cells of a row of a table.
pub(super) fn cells(line: &str) -> impl Iterator<Item = &str> {
    let mut is_tag = false;
    line.split(move |c: char| {
        is_tag = (is_tag || c == '<') && c != '>';
        is_tag || matches!(c, '>' | ';' | ',' | '|' | '\t')
    })
}
