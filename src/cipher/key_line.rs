//! A line of a key file as people write it: with quotes, braces, labels and tags around the keys.
//!
//! ```text
//! GUEK: "36C66639E48A8CA4D6BC8B282A793BBB"        a label, quotes
//! {"meter":"181220000009","key":"36C66639…"}      JSON
//! { 0x36, 0xC6, 0x66, … }                         a list of octets
//! <td>Schlüssel</td><td>36C66639…</td>            a cell of a web page
//! ```
//!
//! Every mark and every label becomes as many blanks, so a defect keeps its place in the line.

use zeroize::Zeroizing;

use crate::cipher::{
    key_label::{KeyLabel, meaning, names_key},
    key_notation,
};

/// A line without marks and labels.
pub(super) struct KeyLine {
    /// The columns that are left, each in its place.
    text: Zeroizing<String>,
    labels: Vec<PlacedLabel>,
}

/// A label and its place.
#[derive(Clone, Copy)]
struct PlacedLabel {
    /// The character behind it.
    end: usize,
    label: KeyLabel,
    /// True with a colon or an equals sign behind it.
    is_signed: bool,
    /// True if it names a key, and not what belongs to one: `Schlüssel:`, not `Schlüsseltyp:`.
    names_key: bool,
}

impl PlacedLabel {
    /// A label in front of the line, or of an item of a list.
    const fn before(end: usize, label: KeyLabel) -> Self {
        Self { end, label, is_signed: false, names_key: false }
    }
}

/// A column of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyColumn<'a> {
    pub(super) text: &'a str,
    /// Its first character within the line.
    pub(super) at: usize,
    /// The label just before it.
    pub(super) label: Option<KeyLabel>,
}

impl KeyLine {
    /// Takes a line apart. `label` is one that stands alone on the line before.
    pub(super) fn of(line: &str, label: Option<KeyLabel>) -> Self {
        let mut characters =
            Zeroizing::new(line.chars().filter(|c| !is_invisible(*c)).collect::<Vec<_>>());
        key_notation::rewrite(&mut characters);
        blank_markup(&mut characters);
        let comment = (0..characters.len()).find(|&at| is_comment(&characters, at));
        let end = comment.unwrap_or(characters.len());
        characters.truncate(end);
        blank_addresses(&mut characters);
        let lists = lists_of_keys(&characters);
        blank_marks(&mut characters);
        if label == Some(KeyLabel::Password) {
            blank_password(&mut characters, 0);
        }
        let mut labels: Vec<_> =
            label.into_iter().map(|label| PlacedLabel::before(0, label)).collect();
        blank_labels(&mut characters, &mut labels);
        for (start, comma) in lists {
            if let Some(of_list) = labels.iter().rfind(|it| it.end <= start) {
                labels.push(PlacedLabel::before(comma, of_list.label));
            }
        }
        labels.sort_by_key(|it| it.end);
        Self { text: Zeroizing::new(characters.iter().collect()), labels }
    }

    /// The text that is left.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The last label of a line without columns. One of the line before waits behind mere words.
    pub(super) fn open_label(&self) -> Option<KeyLabel> {
        let is_word =
            |it: &&PlacedLabel| it.end > 0 && it.label == KeyLabel::Other && !it.is_signed;
        let first = self.labels.first()?;
        match self.labels.get(1..).unwrap_or_default() {
            words if first.end == 0 && words.iter().all(|it| is_word(&it)) => Some(first.label),
            _ => self.labels.last().map(|it| it.label),
        }
    }

    /// The character behind the last label.
    pub(super) fn end(&self) -> usize {
        self.labels.last().map_or(0, |it| it.end)
    }

    /// The place of the encryption key that a label with its sign announces.
    pub(super) fn place_of_key(&self) -> Option<usize> {
        let announces = |it: &&PlacedLabel| it.is_signed && it.names_key;
        self.labels.iter().rfind(announces).map(|it| it.end)
    }

    /// The columns in their order. Two keys that are joined are one each.
    pub(super) fn columns(&self) -> Vec<KeyColumn<'_>> {
        let (mut at, mut from) = (0, 0);
        let mut columns = Vec::new();
        for word in self.text.split(char::is_whitespace) {
            if !word.is_empty() {
                let mut before = self.labels.iter().filter(|it| (from..=at).contains(&it.end));
                let label = before.next_back().map(|it| it.label);
                // A digest has as many digits: `SHA-256: e3b0…`.
                let may_be_keys = label.is_none_or(|it| it.is_of_key() || it == KeyLabel::Meter);
                match both_keys(word).filter(|_| may_be_keys) {
                    None => columns.push(KeyColumn { text: word, at, label }),
                    Some((first, text)) => {
                        columns.push(KeyColumn { text: first, at, label });
                        columns.push(KeyColumn { text, at: at + first.len(), label: None });
                    }
                }
                from = at + 1;
            }
            at += word.chars().count() + 1;
        }
        columns
    }
}

/// The two keys that a word of hex digits joins. Codes of digits are those of one key.
fn both_keys(word: &str) -> Option<(&str, &str)> {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    let (first, second) = digits.split_at_checked(DIGITS).filter(|(a, b)| a != b)?;
    let is_code = |code: &[u8; 2]| matches!(code, [b'3', b'0'..=b'9'] | [b'4' | b'6', b'1'..=b'6']);
    let are_keys = second.len() == DIGITS
        && digits.bytes().all(|c| c.is_ascii_hexdigit())
        && !digits.as_bytes().as_chunks().0.iter().all(is_code);
    are_keys.then_some((first, second))
}

/// Tags and entities of HTML, control words of RTF. The tag of a key is its label.
fn blank_markup(line: &mut [char]) {
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let length = tag(rest).or_else(|| entity(rest)).or_else(|| control_word(rest));
        let Some(length) = length else {
            at += 1;
            continue;
        };
        match line.get_mut(at..at + length) {
            Some([start @ '<', name @ .., end]) if is_key_name(name) => (*start, *end) = (' ', ':'),
            part => part.into_iter().flatten().for_each(|c| *c = ' '),
        }
        at += length;
    }
}

/// True for the name of an element with a key: `<guek>`.
fn is_key_name(name: &[char]) -> bool {
    let word: String = name.iter().collect();
    name.iter().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) && meaning(&word).is_of_key()
}

fn tag(text: &[char]) -> Option<usize> {
    let ['<', first, ..] = text else {
        return None;
    };
    let named = first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?');
    // The rules of a style sheet are none of the text.
    let end = match text.get(..6) {
        Some(['<', 's', 't', 'y', 'l', 'e']) => text
            .windows(8)
            .position(|it| it.iter().eq("</style>".chars().collect::<Vec<_>>().iter())),
        _ => None,
    };
    let end = end.or_else(|| text.iter().position(|c| *c == '>')).filter(|_| named)?;
    // `<key value="36C66639…"/>`.
    let values = text.get(..end)?.split(|c| matches!(c, '"' | '\''));
    let is_key = |value: &[char]| value.iter().filter(|c| c.is_ascii_hexdigit()).count() >= DIGITS;
    (!values.skip(1).step_by(2).any(is_key)).then_some(end + 1)
}

fn entity(text: &[char]) -> Option<usize> {
    let name = text.strip_prefix(&['&'])?;
    let end = name.iter().position(|c| !c.is_ascii_alphanumeric() && *c != '#')?;
    (end > 0 && name.get(end) == Some(&';')).then_some(end + 2)
}

fn control_word(text: &[char]) -> Option<usize> {
    let word = text.strip_prefix(&['\\'])?;
    let letters = word.iter().take_while(|c| c.is_ascii_lowercase()).count();
    let number = word.iter().skip(letters).take_while(|c| c.is_ascii_digit() || **c == '-');
    // A lone x belongs to `\x36`.
    let is_octet = word.first() == Some(&'x') && word.get(1).is_some_and(char::is_ascii_hexdigit);
    (letters > 1 && !is_octet).then_some(1 + letters + number.count())
}

/// Addresses of mails and of their messages, which may be hex: `<0123…cdef@mx.example.org>`.
fn blank_addresses(line: &mut [char]) {
    let is_end = |c: &char| c.is_whitespace() || is_mark(*c);
    while let Some(at) = line.iter().position(|c| *c == '@') {
        let (before, behind) = line.split_at(at);
        let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
        let size = behind.iter().position(is_end).unwrap_or(behind.len());
        let domain = behind.get(1..size).unwrap_or_default();
        if !domain.contains(&'.') {
            return;
        }
        line.iter_mut().take(at + size).skip(start).for_each(|c| *c = ' ');
    }
}

/// The commas between the keys of lists, each with the start of its list: the label in front is that of all.
fn lists_of_keys(line: &[char]) -> Vec<(usize, usize)> {
    let mut commas = Vec::new();
    for start in (0..line.len()).filter(|at| line.get(*at) == Some(&'[')) {
        let list = line.get(start + 1..).unwrap_or_default();
        let list = list.split(|c| *c == ']').next().unwrap_or_default();
        let is_key =
            |item: &[char]| item.iter().filter(|c| c.is_ascii_hexdigit()).count() == DIGITS;
        if list.split(|c| *c == ',').all(is_key) {
            let within = list.iter().enumerate().filter(|(_, c)| **c == ',');
            commas.extend(within.map(|(at, _)| (start, start + 1 + at)));
        }
    }
    commas
}

/// True if a comment begins here.
fn is_comment(line: &[char], at: usize) -> bool {
    let first = line.iter().take(at).all(|c| c.is_whitespace());
    match line.get(at..) {
        Some(['#', 'd', 'e', 'f', 'i', 'n', 'e', ..]) => !first,
        Some(['#', ..]) => true,
        Some([';', ..]) => first,
        Some(['/', '/', ..]) => first,
        _ => false,
    }
}

/// Quotes, brackets, and separators that are none of a key.
fn blank_marks(line: &mut [char]) {
    let digits = |part: &[char]| part.iter().filter(|c| c.is_ascii_alphanumeric()).count();
    for at in 0..line.len() {
        let (before, behind) = line.split_at(at);
        let Some((mark, behind)) = behind.split_first() else {
            break;
        };
        let start = before.iter().rposition(|c| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        let run = before.get(start..).map_or(0, digits);
        let next = behind.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let ends = behind.first().is_none_or(|c| c.is_whitespace() || is_mark(*c));
        let blank = match mark {
            // The commas and colons between the octets of a key stay.
            ',' => ends || run == 0 || run > GROUP || next > GROUP,
            '/' => run == 0 || run > GROUP || next > GROUP,
            '_' => run == 0 || next == 0 || is_grouped(before, behind) || is_path(before, behind),
            '+' => is_grouped(before, behind),
            '.' => ends || is_path(before, behind),
            // `%20` is an octet in an address.
            '!' | '?' | '%' => ends,
            '-' | '–' | '—' | '•' => run == 0 && ends,
            _ => is_mark(*mark) || mark.is_control(),
        };
        if blank && let Some(mark) = line.get_mut(at) {
            *mark = ' ';
        }
    }
}

/// True between groups of hex digits, of which a key is made.
fn is_grouped(before: &[char], behind: &[char]) -> bool {
    let is_group = |c: &&char| c.is_ascii_hexdigit() || "_+ ".contains(**c);
    let digits = |c: &&char| c.is_ascii_hexdigit();
    let before = before.iter().rev().take_while(is_group).filter(digits).count();
    let behind = behind.iter().take_while(is_group).filter(digits).count();
    before > 0 && behind > 0 && before + behind == DIGITS
}

/// True between the number of a meter and a word: `meter.181220000009.guek`, `GUEK_181220000009`.
fn is_path(before: &[char], behind: &[char]) -> bool {
    let is_part = |c: &&char| c.is_alphanumeric();
    let parts = [
        before.iter().rev().take_while(is_part).collect::<Vec<_>>(),
        behind.iter().take_while(is_part).collect(),
    ];
    let is_number =
        |part: &Vec<&char>| part.len() >= LEAST_PATH && part.iter().all(|c| c.is_ascii_digit());
    let is_word = |part: &Vec<&char>| {
        part.iter().all(|c| c.is_alphabetic()) && part.iter().any(|c| !c.is_ascii_hexdigit())
    };
    parts.iter().any(is_number) && parts.iter().any(is_word)
}

/// True for a mark that is never part of a key.
const fn is_mark(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '´' | '„' | '“' | '”' | '‚' | '‘' | '’' | '‛' | '‟')
        || matches!(
            c,
            '«' | '»' | '‹' | '›' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '|' | ';' | '*'
        )
        || c == '&'
        || matches!(c, '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{feff}')
}

/// True for a mark without width, which web pages put within a key.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{ad}')
}

/// Words that name what stands behind them.
fn blank_labels(line: &mut [char], labels: &mut Vec<PlacedLabel>) {
    let (mut at, mut data, mut name) = (0, false, String::new());
    while at < line.len() {
        let rest = line.get(at..).unwrap_or_default();
        if rest.first().is_some_and(|c| c.is_whitespace() || matches!(c, ':' | '=' | '>')) {
            // A sign between two columns.
            line.iter_mut().skip(at).take(1).for_each(|c| *c = ' ');
            at += 1;
            continue;
        }
        let length = word_length(rest);
        let word: Zeroizing<String> = Zeroizing::new(rest.iter().take(length).collect());
        let behind = rest.iter().skip(length).find(|c| !c.is_whitespace());
        let signed = matches!(behind, Some(':' | '='));
        if is_label(&word, signed, data) || !name.is_empty() && is_label_number(rest) {
            name.push_str(&word);
            name.push(' ');
            line.iter_mut().skip(at).take(length).for_each(|c| *c = ' ');
            if signed || line.get(at + length..).is_none_or(is_column_next) {
                let (label, names_key) = (meaning(&name), names_key(&name));
                name.clear();
                labels.push(PlacedLabel { end: at + length, label, is_signed: signed, names_key });
                if label == KeyLabel::Password {
                    blank_password(line, at + length);
                }
            }
        } else {
            data = true;
        }
        at += length;
    }
}

/// Up to a blank, or to a sign that does not stand between groups of a key.
fn word_length(text: &[char]) -> usize {
    let mut run = 0;
    let mut hex = true;
    for (at, c) in text.iter().enumerate() {
        let ends = match c {
            ':' => !hex || run > GROUP || text.get(at + 1).is_none_or(|c| c.is_whitespace()),
            '=' => true,
            c => c.is_whitespace(),
        };
        if ends {
            return at;
        }
        run = if c.is_ascii_alphanumeric() { run + 1 } else { 0 };
        hex &= c.is_ascii_hexdigit() || matches!(c, ':' | '-' | ',' | 'x' | 'X' | '\\');
    }
    text.len()
}

/// Blanks the word behind the label of a password, whatever it is made of, unless a key stands there.
fn blank_password(line: &mut [char], from: usize) {
    let rest = line.get(from..).unwrap_or_default();
    let sign = |c: &char| c.is_whitespace() || matches!(c, ':' | '=' | '>');
    let skipped = rest.iter().take_while(|c| sign(c)).count();
    let rest = rest.get(skipped..).unwrap_or_default();
    let length = rest.iter().position(|c| c.is_whitespace()).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or_default();
    let is_hex = |text: &[char]| text.iter().all(|c| c.is_ascii_hexdigit() || " :-\t".contains(*c));
    let digits = |text: &[char]| text.iter().filter(|c| c.is_ascii_hexdigit()).count();
    let is_key = |text: &[char]| is_hex(text) && digits(text) == DIGITS;
    // A further label is none: `Passwort / Schlüssel:`.
    let is_label = rest.iter().skip(length).find(|c| !c.is_whitespace()) == Some(&'=')
        || word.last() == Some(&':');
    if !is_key(word) && !is_key(rest) && !is_label {
        line.iter_mut().skip(from + skipped).take(length).for_each(|c| *c = ' ');
    }
}

/// True if no further word of the label follows.
fn is_column_next(text: &[char]) -> bool {
    let start = text.iter().position(|c| !c.is_whitespace()).unwrap_or(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let word: Zeroizing<String> = Zeroizing::new(rest.iter().take(word_length(rest)).collect());
    word.is_empty() || !is_label(&word, false, true) && !is_label_number(rest)
}

/// True for a number that ends a label, or stands in front of its last word: `Key 1:`, `GUEK (16 Byte):`.
fn is_label_number(text: &[char]) -> bool {
    let (number, rest) = word_and_rest(text);
    let (unit, behind) = word_and_rest(rest);
    let is_signed = |text: &[char]| matches!(text.first(), Some(':' | '='));
    let is_unit =
        unit.iter().all(|c| c.is_alphabetic()) && unit.iter().any(|c| !c.is_ascii_hexdigit());
    (1..=2).contains(&number.len())
        && number.iter().all(char::is_ascii_digit)
        && (is_signed(rest) || is_unit && is_signed(behind))
}

/// A word, and the text behind it and the blanks.
fn word_and_rest(text: &[char]) -> (&[char], &[char]) {
    let (word, behind) = text.split_at_checked(word_length(text)).unwrap_or((text, &[]));
    let blanks = behind.iter().take_while(|c| c.is_whitespace()).count();
    (word, behind.get(blanks..).unwrap_or_default())
}

/// True for a word that is neither key nor number. Behind a column it must not be a damaged part
/// of that.
fn is_label(word: &str, signed: bool, behind_data: bool) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let foreign = word.chars().any(|c| !c.is_ascii_hexdigit() && !":-,.xX\\".contains(c));
    // `set -x KEY …`
    let is_option = word.strip_prefix('-').is_some_and(|name| {
        name.contains(char::is_alphabetic) && !name.contains(|c: char| c.is_ascii_hexdigit())
    });
    if is_metering_point(word) || is_option {
        return true;
    }
    foreign && digits < NUMBER && (signed || !behind_data || digits == 0 && word.len() > 1)
}

/// `AT` and 31 digits, or about as many: the number of a connection, which no telegram carries.
fn is_metering_point(word: &str) -> bool {
    let digits = word.strip_prefix("AT").unwrap_or_default().replace('.', "");
    METERING_POINT.contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The digits of a metering point, which people mistype.
const METERING_POINT: core::ops::RangeInclusive<usize> = 28..=36;

/// Hex digits of a key.
pub(super) const DIGITS: usize = 32;

/// The longest group of digits that a key is written in.
const GROUP: usize = 8;

/// The fewest digits of a meter number.
const NUMBER: usize = 6;

/// The same within a name of several parts.
const LEAST_PATH: usize = 8;
