//! JSON with the line of each value.
//!
//! serde_json checks the text and tells the line of a mistake. Values come as slices of the text, so their
//! place in it gives their lines.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::cli::older::{
    defect::OldDefect,
    entry::{OldEntry, OldValue},
};

/// The deepest nesting that is read; those programs nest twice.
const DEEPEST: usize = 8;

/// Reads an object.
///
/// # Errors
/// The text is no JSON, or nested too deeply.
pub fn parse(text: &str) -> Result<Vec<OldEntry>, OldDefect> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reading = JsonReading { text, entries: Vec::new() };
    let trimmed = text.trim_start();
    reading.members(trimmed, "", 0)?;
    Ok(reading.entries)
}

struct JsonReading<'a> {
    text: &'a str,
    entries: Vec<OldEntry>,
}

impl<'a> JsonReading<'a> {
    /// Adds the members of an object or a list, a slice of the text.
    fn members(&mut self, slice: &'a str, path: &str, depth: usize) -> Result<(), OldDefect> {
        let failed = |error: serde_json::Error| {
            let cause = error.to_string();
            let cause = cause.split(" at line ").next().unwrap_or_default().to_owned();
            let column = error.column();
            let line = self.line(slice) + error.line().saturating_sub(1);
            OldDefect::new(line, format!("JSON: {cause} in column {column}"))
        };
        if depth == DEEPEST {
            return Err(OldDefect::new(self.line(slice), "nested too deeply"));
        }
        if !slice.starts_with(['{', '[']) {
            return Err(OldDefect::new(self.line(slice), "JSON: an object is expected"));
        }
        let members: JsonMembers<'a> = serde_json::from_str(slice).map_err(failed)?;
        for (name, raw) in members.0 {
            let key = match path {
                "" => name.into_owned(),
                path => format!("{path}.{name}"),
            };
            self.value(raw.get(), key, depth)?;
        }
        Ok(())
    }

    fn value(&mut self, raw: &'a str, key: String, depth: usize) -> Result<(), OldDefect> {
        let count = self.entries.len();
        if raw.starts_with(['{', '[']) {
            self.members(raw, &key, depth + 1)?;
        }
        let value = match raw.chars().next() {
            Some('"') => {
                let text: Cow<'_, str> = serde_json::from_str(raw).unwrap_or_default();
                OldValue::of_text(&text)
            }
            Some('t') => OldValue::Truth(true),
            Some('f') => OldValue::Truth(false),
            Some('0'..='9' | '-') => OldValue::Number(raw.to_owned()),
            _ if self.entries.len() > count => return Ok(()),
            _ => OldValue::Nothing,
        };
        let line = self.line(raw);
        self.entries.push(OldEntry::new(key, value, line));
        Ok(())
    }

    /// The line in which a slice of the text begins.
    fn line(&self, slice: &str) -> usize {
        let at = (slice.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.text.get(..at).unwrap_or_default().matches('\n').count() + 1
    }
}

/// The members of an object in their order, or the elements of a list with their numbers.
struct JsonMembers<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for JsonMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = JsonMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
            members.push((Cow::Owned(name), raw));
        }
        Ok(JsonMembers(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(raw) = list.next_element::<&RawValue>()? {
            members.push((Cow::Owned(members.len().to_string()), raw));
        }
        Ok(JsonMembers(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_names_and_lines() {
        let text = "{\n  \"port\": \"/dev/ttyUSB0\", \"baudrate\": 2400,\n  \"on\": true,\n\
            \"values\": {\n\"a\\u0062\": false, \"n\": null, \"e\": {}},\n \"list\": [1, \"x\\n\"]}\n";
        let entries = parse(text).unwrap();
        let seen: Vec<_> =
            entries.iter().map(|it| (it.key.as_str(), it.value.as_text(), it.line)).collect();
        assert_eq!(
            seen,
            [
                ("port", "/dev/ttyUSB0", 2),
                ("baudrate", "2400", 2),
                ("on", "true", 3),
                ("values.ab", "false", 5),
                ("values.n", "", 5),
                ("values.e", "", 5),
                ("list.0", "1", 6),
                ("list.1", "x\n", 6),
            ]
        );
    }

    #[test]
    fn a_damaged_text_is_named_with_its_line_and_without_its_content() {
        let why = |text: &str| parse(text).unwrap_err();
        let torn = why("{\n\"a\": 1\n\"key\": \"c4nary\"\n}");
        assert_eq!((torn.line, torn.cause.contains("expected `,`")), (3, true), "{torn:?}");
        for text in
            ["", "[", "{\"key\": \"c4nary", "{\"key\": c4nary}", "\"c4nary\"", "{\"a\":1} c4nary"]
        {
            let defect = why(text);
            assert!(!defect.cause.contains("c4nary"), "{defect:?}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        assert!(why(&deep).cause.contains("deeply"));
    }
}
