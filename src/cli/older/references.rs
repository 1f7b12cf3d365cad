//! Variables that stand for values, as a shell, systemd and the composer of containers fill them in: `$NAME`,
//! `${NAME}`, `${NAME:-DEFAULT}`.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use zeroize::Zeroizing;

use crate::cli::older::entry::{OldEntry, OldValue};

/// The sign in the place of a `$` that is filled in: no setting has it.
pub const MARK: char = '\u{1}';

/// The longest text that variables make: each may have others in it.
const LONGEST: usize = 64 * 1024;

/// The text with its `$` marked; two of them mean one.
pub fn marked(text: &str) -> String {
    let parts: Vec<_> = text.split("$$").map(|part| part.replace('$', "\u{1}")).collect();
    parts.join("$")
}

/// True for a text in which something has to be filled in.
pub fn is_open(text: &str) -> bool {
    text.contains(MARK)
}

/// The text with the variables filled in that have a value; others stay.
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<Zeroizing<String>>) -> Zeroizing<String> {
    let mut filled = Zeroizing::new(String::new());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(MARK) {
        filled.push_str(before);
        let found = Reference::first(behind).map(|it| (value(it.name), it));
        rest = match found {
            Some((Some(value), reference)) if filled.len() + value.len() <= LONGEST => {
                filled.push_str(&value);
                reference.behind
            }
            _ => {
                filled.push(MARK);
                behind
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// The text with what is left of its variables: those that have a default. None if one has none, or if a
/// shell works its value out.
pub fn close(text: &str) -> Option<Zeroizing<String>> {
    let mut closed = Zeroizing::new(String::new());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(MARK) {
        closed.push_str(before);
        rest = match Reference::first(behind) {
            Some(Reference { default: Some(default), behind, .. }) if !is_open(default) => {
                closed.push_str(default);
                behind
            }
            None if behind.is_empty() || behind.starts_with(char::is_whitespace) => {
                closed.push('$');
                behind
            }
            _ => return None,
        };
    }
    closed.push_str(rest);
    Some(closed)
}

/// Settings of a shell with what those before each one have set, and the names of the variables that are used.
pub fn in_order(entries: Vec<OldEntry>) -> (Vec<OldEntry>, BTreeSet<String>) {
    let (mut known, mut filled) = (HashMap::new(), Vec::new());
    let used = RefCell::new(BTreeSet::new());
    for entry in entries {
        let entry = match is_open(entry.value.as_text()) {
            true => {
                let value = |name: &str| {
                    let value: Option<&Zeroizing<String>> = known.get(name);
                    used.borrow_mut().extend(value.map(|_| name.to_owned()));
                    value.cloned()
                };
                let text = fill(entry.value.as_text(), &value);
                OldEntry { value: OldValue::of_text(&text), ..entry }
            }
            false => entry,
        };
        if entry.is_variable() {
            known.insert(entry.key.clone(), Zeroizing::new(entry.value.as_text().to_owned()));
        }
        filled.push(entry);
    }
    (filled, used.into_inner())
}

/// A variable, its default, and the text behind it.
struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
    behind: &'a str,
}

impl<'a> Reference<'a> {
    /// The one at the start of a text, behind the mark.
    fn first(text: &'a str) -> Option<Self> {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let inside = text.strip_prefix('{').unwrap_or(text);
        let (name, rest) = inside.split_at(inside.find(|c| !is_of_name(c)).unwrap_or(inside.len()));
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if !text.starts_with('{') {
            return Some(Self { name, default: None, behind: rest });
        }
        let (operation, behind) = rest.split_once('}')?;
        let default = operation.strip_prefix(":-").or(operation.strip_prefix('-'));
        if default.is_none() && !operation.is_empty() {
            return None;
        }
        Some(Self { name, default, behind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Option<String> {
        let value = |name: &str| match name {
            "A" => Some(Zeroizing::new("1".to_owned())),
            "B_2" => Some(Zeroizing::new("x y".to_owned())),
            _ => None,
        };
        close(&fill(&marked(text), &value)).map(|text| text.to_string())
    }

    #[test]
    fn a_variable_has_its_value_or_its_default() {
        for (text, expected) in [
            ("a $A, ${A}, $B_2.", "a 1, 1, x y."),
            ("${A:-2} ${C:-2}${C-3} ${C:-}", "1 23 "),
            ("$$A 5$ $ x$$", "$A 5$ $ x$"),
        ] {
            assert_eq!(filled(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["$C", "${C}", "$(cat x)", "$1", "${A:?no}", "${A", "${C:-$A", "${C:-$D}", "${}"]
        {
            assert_eq!(filled(text), None, "{text}");
        }
    }

    #[test]
    fn variables_of_variables_have_an_end() {
        let double = "$A".repeat(LONGEST + 1);
        assert_eq!(filled(&double), None);
    }
}
