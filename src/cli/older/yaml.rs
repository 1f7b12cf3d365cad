//! The part of YAML that one program's files use: maps and lists by indentation, and values on one line.
//!
//! A crate for all of YAML is ten times as long as this reader, and the best known one has no maintainer.
//! A list or map in brackets stays a text; a text over several lines, an anchor or a tab is refused with
//! its line.

use crate::cli::older::{
    defect::OldDefect,
    entry::{OldEntry, OldValue},
};

/// The deepest nesting that is read; those programs nest five times.
const DEEPEST: usize = 16;

/// Reads a document.
///
/// # Errors
/// A line that this reader does not know.
pub fn parse(text: &str) -> Result<Vec<OldEntry>, OldDefect> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().enumerate().map(|(at, line)| YamlLine::of(at + 1, line));
    let lines = lines.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let mut reading = YamlReading { lines, next: 0, entries: Vec::new() };
    while let Some(line) = reading.lines.get(reading.next) {
        let (indent, number) = (line.indent, line.number);
        let before = reading.next;
        reading.block(indent, "", 0)?;
        if reading.next == before {
            return Err(OldDefect::new(number, "YAML: this line belongs to nothing above it"));
        }
    }
    Ok(reading.entries)
}

/// A line with content.
#[derive(Clone, Debug)]
struct YamlLine<'a> {
    number: usize,
    indent: usize,
    content: &'a str,
}

impl<'a> YamlLine<'a> {
    /// The line without its comment; none if nothing is left.
    fn of(number: usize, line: &'a str) -> Result<Option<Self>, OldDefect> {
        let content = uncommented(line).trim_end();
        let trimmed = content.trim_start_matches(' ');
        if trimmed.is_empty() || ["---", "..."].contains(&content) {
            return Ok(None);
        }
        if trimmed.starts_with('\t') {
            return Err(OldDefect::new(number, "YAML: a tab cannot indent a line"));
        }
        let indent = content.len() - trimmed.len();
        Ok(Some(Self { number, indent, content: trimmed }))
    }
}

/// A line without its comment: a # at its start or behind a blank, outside of quotes.
fn uncommented(line: &str) -> &str {
    let (mut quote, mut before, mut escaped) = (None, ' ', false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(c),
            (None, '#') if before.is_whitespace() => return line.get(..at).unwrap_or_default(),
            (None, _) => {}
        }
        before = c;
    }
    line
}

struct YamlReading<'a> {
    lines: Vec<YamlLine<'a>>,
    next: usize,
    entries: Vec<OldEntry>,
}

impl<'a> YamlReading<'a> {
    /// Reads the lines with this indentation, and all that belongs to them.
    fn block(&mut self, indent: usize, path: &str, depth: usize) -> Result<(), OldDefect> {
        let mut element = 0;
        while let Some(line) = self.lines.get(self.next).cloned() {
            if line.indent < indent {
                return Ok(());
            }
            if line.indent > indent || depth == DEEPEST {
                return Err(OldDefect::new(line.number, "YAML: the indentation fits nothing"));
            }
            match line
                .content
                .strip_prefix('-')
                .filter(|rest| rest.is_empty() || rest.starts_with(' '))
            {
                Some(rest) => {
                    let path = joined(path, &element.to_string());
                    element += 1;
                    self.element(&line, rest, &path, depth)?;
                }
                None => self.member(&line, path, depth)?,
            }
        }
        Ok(())
    }

    /// Reads an element of a list, whose text may begin a map.
    fn element(
        &mut self,
        line: &YamlLine<'a>,
        rest: &'a str,
        path: &str,
        depth: usize,
    ) -> Result<(), OldDefect> {
        let content = rest.trim_start();
        if content.is_empty() {
            return self.below(line, path, depth, 1);
        }
        if split(content).is_none() && !content.starts_with("- ") {
            self.next += 1;
            return self.push(line.number, path, content);
        }
        // The map begins in this line, as far to the right as its first name.
        let indent = line.indent + line.content.len() - content.len();
        let number = line.number;
        if let Some(line) = self.lines.get_mut(self.next) {
            *line = YamlLine { number, indent, content };
        }
        self.block(indent, path, depth + 1)
    }

    fn member(&mut self, line: &YamlLine<'a>, path: &str, depth: usize) -> Result<(), OldDefect> {
        let Some((name, value)) = split(line.content) else {
            return Err(OldDefect::new(line.number, "YAML: NAME: VALUE is expected"));
        };
        let path = joined(path, scalar(name).as_text());
        match value {
            "" => self.below(line, &path, depth, 0),
            value if value.starts_with(['|', '>']) => {
                let cause = "YAML: a text over several lines is not read";
                Err(OldDefect::new(line.number, cause))
            }
            value => {
                self.next += 1;
                self.push(line.number, &path, value)
            }
        }
    }

    /// Reads what stands below a name without a value. A list may stand as far left as its name.
    fn below(
        &mut self,
        line: &YamlLine<'a>,
        path: &str,
        depth: usize,
        least: usize,
    ) -> Result<(), OldDefect> {
        self.next += 1;
        match self.lines.get(self.next) {
            Some(next) if next.indent > line.indent => self.block(next.indent, path, depth + 1),
            Some(next) if least == 0 && next.indent == line.indent && is_element(next.content) => {
                let indent = next.indent;
                self.list(indent, path, depth + 1)
            }
            _ => {
                self.entries.push(OldEntry::new(path, OldValue::Nothing, line.number));
                Ok(())
            }
        }
    }

    /// Reads a list that ends at the next name of the same indentation.
    fn list(&mut self, indent: usize, path: &str, depth: usize) -> Result<(), OldDefect> {
        let mut element = 0;
        while let Some(line) = self.lines.get(self.next).cloned() {
            let Some(rest) = line.content.strip_prefix('-').filter(|_| is_element(line.content))
            else {
                return Ok(());
            };
            if line.indent != indent || depth >= DEEPEST {
                return Ok(());
            }
            self.element(&line, rest, &joined(path, &element.to_string()), depth)?;
            element += 1;
        }
        Ok(())
    }

    fn push(&mut self, line: usize, path: &str, value: &str) -> Result<(), OldDefect> {
        let is_torn =
            |quote: char| value.starts_with(quote) && (value.len() < 2 || !value.ends_with(quote));
        if is_torn('"') || is_torn('\'') {
            return Err(OldDefect::new(line, "YAML: a quote is not closed"));
        }
        if value.starts_with(['&', '*', '!', '%', '@', '`']) {
            return Err(OldDefect::new(line, "YAML: an anchor, a tag or a sign that is not read"));
        }
        self.entries.push(OldEntry::new(path, scalar(value), line));
        Ok(())
    }
}

fn is_element(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

fn joined(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// The name and the value of a line: they stand around the first colon with a blank behind it, outside of
/// quotes.
fn split(content: &str) -> Option<(&str, &str)> {
    if content.starts_with(['{', '[']) {
        return None;
    }
    let from = match content.chars().next() {
        Some(quote @ ('"' | '\'')) => content.get(1..)?.find(quote)? + 2,
        _ => 0,
    };
    let rest = content.get(from..)?;
    let at = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1))? + from;
    let (name, value) = (content.get(..at)?, content.get(at + 1..)?);
    Some((name.trim_end(), value.trim()))
}

/// A value: a text in quotes, a number, true or false, nothing, or a text.
fn scalar(text: &str) -> OldValue {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inside) = inside('\'') {
        return OldValue::of_text(&inside.replace("''", "'"));
    }
    if let Some(inside) = inside('"') {
        return OldValue::of_text(&unescaped(inside));
    }
    let is_number = !text.is_empty()
        && text.trim_start_matches(['-', '+']).chars().all(|c| c.is_ascii_digit() || c == '.')
        && text.contains(|c: char| c.is_ascii_digit());
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => OldValue::Truth(true),
        "false" | "no" | "off" => OldValue::Truth(false),
        "" | "~" | "null" | "{}" | "[]" => OldValue::Nothing,
        _ if is_number => OldValue::Number(text.to_owned()),
        _ => OldValue::of_text(text),
    }
}

fn unescaped(inside: &str) -> String {
    let mut text = String::new();
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (c, false) => text.push(c),
            (_, true) => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(code @ ('x' | 'u' | 'U')) => {
                    let size = match code {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let digits: String = rest.by_ref().take(size).collect();
                    let number = u32::from_str_radix(&digits, 16).ok();
                    text.extend(number.and_then(char::from_u32));
                }
                other => text.extend(other),
            },
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, String, usize)> {
        let entries = parse(text).unwrap();
        let seen = |it: OldEntry| (it.key, it.value.as_text().to_owned(), it.line);
        entries.into_iter().map(seen).collect()
    }

    #[test]
    fn maps_and_lists_have_their_names_and_lines() {
        let text = "---\n# a comment\nmbus:\n    port: \"/dev/ttyUSB0\" # the adapter\n    baudrate: 2400\n\
            key: 'it''s #1'\ntopics:\n    - topic: \"a\\x41\\u00e4\"\n      config:\n          unit: \" \"\n\
            \x20         t: \"{{value_json.a}}\"\n    - topic: b\nlist:\n- 1\n- \"x: y\"\n-\n  deep: on\nnone:\nlast: a:b#c\n";
        let expected = [
            ("mbus.port", "/dev/ttyUSB0", 4),
            ("mbus.baudrate", "2400", 5),
            ("key", "it's #1", 6),
            ("topics.0.topic", "aAä", 8),
            ("topics.0.config.unit", " ", 10),
            ("topics.0.config.t", "{{value_json.a}}", 11),
            ("topics.1.topic", "b", 12),
            ("list.0", "1", 14),
            ("list.1", "x: y", 15),
            ("list.2.deep", "true", 17),
            ("none", "", 18),
            ("last", "a:b#c", 19),
        ];
        let expected = expected.map(|(key, value, line)| (key.to_owned(), value.to_owned(), line));
        assert_eq!(seen(text), expected);
    }

    #[test]
    fn a_line_that_is_not_read_is_named_without_its_content() {
        for (text, line) in [
            ("a: 1\n\tb: c4nary", 2),
            ("a:\n    b: 1\n  c4nary: 2\n", 3),
            ("a: 1\nc4nary\n", 2),
            ("a: 1\n  c4nary: 2\n", 2),
            ("a: |\n  c4nary\n", 1),
            ("a: \"c4nary\n", 1),
            ("a: &c4nary 1\n", 1),
            ("- a\n  - c4nary\n", 2),
        ] {
            let defect = parse(text).unwrap_err();
            assert_eq!(defect.line, line, "{text:?} {defect:?}");
            assert!(!defect.cause.contains("c4nary"), "{defect:?}");
        }
    }
}
