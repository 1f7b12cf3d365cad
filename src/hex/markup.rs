//! Tags and entities of a web page around a telegram.
//!
//! ```text
//! <p>My telegram:</p><pre><code>68 FA FA 68 …</code></pre><br>
//! My telegram:
//! 68 FA FA 68 …
//! ```
//!
//! Only names of HTML and of forums (`[code]`) are tags: loggers write `<<< 68` and `>h..hS...<` too.
//! Other names are, if nothing but text is between both of them: `<Data>68 FA…</Data>`.

use memchr::{memchr, memchr3_iter};

use super::beside_text::without_text;

/// The state between two lines of a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup {
    /// The cells of a row of a table that goes on.
    row: Option<Vec<u8>>,
}

impl Markup {
    /// True within a row of a table.
    pub(super) const fn is_within(&self) -> bool {
        self.row.is_some()
    }

    /// The lines without tags; nothing if there are none. A row of a table is a line.
    pub(super) fn strip(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if let Some(row) = self.row.take() {
            return Some(self.go_on(row, line));
        }
        let stripped = strip(line)?;
        if opens_row(line) {
            self.row = Some(cells(&stripped));
            return Some(Vec::new());
        }
        Some(without_first_tabs(&stripped))
    }

    /// A line within a row. The end of a row may be left out.
    fn go_on(&mut self, mut row: Vec<u8>, line: &[u8]) -> Vec<u8> {
        let lower = line.to_ascii_lowercase();
        let next = memchr::memmem::find(&lower, b"<tr");
        let (own, behind) = line.split_at(next.unwrap_or(line.len()));
        row.push(b'\t');
        row.extend(strip(own).unwrap_or_else(|| own.to_vec()));
        let ends = ["</tr", "</table"];
        let is_end = ends.iter().any(|end| memchr::memmem::find(&lower, end.as_bytes()).is_some());
        if next.is_none() && !is_end && row.len() < MOST_OF_ROW {
            self.row = Some(row);
            return Vec::new();
        }
        let mut lines = cells(&row);
        if next.is_some() {
            lines.push(b'\n');
            lines.extend(self.strip(behind).unwrap_or_default());
        }
        lines
    }
}

/// True if a row begins in the line, and its end is not there.
fn opens_row(line: &[u8]) -> bool {
    let lower = line.to_ascii_lowercase();
    let at = |tag: &[u8]| memchr::memmem::rfind(&lower, tag);
    let begins = at(b"<tr>").or_else(|| at(b"<tr "));
    begins.is_some_and(|begin| at(b"</tr").is_none_or(|end| end < begin))
}

/// The cells of a row in one line, with tabs between them.
fn cells(text: &[u8]) -> Vec<u8> {
    let cells = text.split(|c| matches!(c, b'\t' | b'\n' | b'\r'));
    let cells: Vec<_> = cells.map(<[u8]>::trim_ascii).filter(|cell| !cell.is_empty()).collect();
    cells.join(&b'\t')
}

fn without_first_tabs(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|&c| c == b'\n');
    let lines: Vec<_> = lines
        .map(|line| {
            let tabs = line.iter().take_while(|&&c| c == b'\t').count();
            line.get(tabs..).unwrap_or_default()
        })
        .collect();
    lines.join(&b'\n')
}

/// A row whose end is missing is handed on after so many characters.
const MOST_OF_ROW: usize = 4096;

/// The lines without tags; nothing if there are none.
fn strip(line: &[u8]) -> Option<Vec<u8>> {
    let elements = elements(line);
    let line = elements.as_deref().unwrap_or(line);
    let is_row = || begins_row(line) && !ends_row(line);
    if memchr(b'&', line).is_some() && is_row() {
        return entities_of_row(line).filter(|row| without_text(row).line.len() < row.len());
    }
    let Some(first) = mark(line) else {
        return elements;
    };
    if is_row() {
        return None;
    }
    let (before, mut rest) = line.split_at_checked(first)?;
    let mut text = before.to_vec();
    while let Some(at) = mark(rest) {
        let (before, behind) = rest.split_at_checked(at)?;
        let (written, behind) = tag(behind).or_else(|| entity(behind))?;
        text.extend_from_slice(before);
        text.extend_from_slice(written);
        rest = behind;
    }
    text.extend_from_slice(rest);
    Some(text)
}

/// A row of a listing with characters in place of the entities in its text.
fn entities_of_row(line: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut rest = line;
    while let Some((before, behind)) = memchr(b'&', rest).and_then(|at| rest.split_at_checked(at)) {
        text.extend_from_slice(before);
        // Elsewhere this may be an octet.
        let quote = || Some((&b"'"[..], behind.strip_prefix(b"&#x27;")?));
        let other = || Some((&b"&"[..], behind.get(1..)?));
        let (character, behind) = entity(behind).or_else(quote).or_else(other)?;
        text.extend_from_slice(character);
        rest = behind;
    }
    text.extend_from_slice(rest);
    (text.len() < line.len()).then_some(text)
}

/// Where the first tag or entity begins.
fn mark(text: &[u8]) -> Option<usize> {
    memchr3_iter(b'<', b'&', b'[', text)
        .find(|&at| text.get(at..).is_some_and(|text| tag(text).or_else(|| entity(text)).is_some()))
}

/// The line with ends in the place of tags around text, whatever their names; nothing if there are none.
fn elements(line: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut rest = line;
    while let Some((before, content, behind)) = element(rest) {
        text.extend_from_slice(&[before, b"\n", content, b"\n"].concat());
        rest = behind;
    }
    text.extend_from_slice(rest);
    (rest.len() < line.len()).then_some(text)
}

/// The first text between two tags of one name: what is before it, the text, and what is behind.
fn element(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    memchr::memmem::find(text, b"</")?;
    memchr::memchr_iter(b'<', text).find_map(|at| {
        let (before, inner) = (text.get(..at)?, text.get(at + 1..)?);
        let length = inner.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let (name, behind) = inner.split_at_checked(length)?;
        let next = memchr(b'<', behind)?;
        let inside = behind.get(..next)?;
        let (head, content) = inside.split_at_checked(memchr(b'>', inside)?)?;
        let is_head = matches!(head.first(), None | Some(b' '));
        let is_name = name.iter().any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit());
        let behind = behind.get(next..)?.strip_prefix(b"</")?.strip_prefix(name)?;
        let is_element = is_head && is_name && !is_known(name) && content.len() > 1;
        is_element.then_some((before, content.get(1..)?, behind.strip_prefix(b">")?))
    })
}

/// True if the line begins as a row of a listing. What looks like a tag there may be the octets as
/// text.
fn begins_row(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let digits = line.iter().take_while(|c| c.is_ascii_hexdigit()).count();
    digits > 3 && matches!(line.get(digits), Some(b' ' | b':'))
}

/// True if a row has a tag that text hardly has: a line break, or a closing one at its end.
fn ends_row(line: &[u8]) -> bool {
    let closing = line.trim_ascii_end().strip_suffix(b">").and_then(|line| {
        let at = memchr::memmem::rfind(line, b"</")?;
        line.get(at + 2..)
    });
    let named = |name: &[u8]| name != b"a" && name.iter().all(u8::is_ascii_alphabetic);
    closing.is_some_and(named) || memchr::memmem::find(line, b"<br").is_some()
}

/// The text that a tag becomes, and the text behind it.
fn tag(text: &[u8]) -> Option<(&'static [u8], &[u8])> {
    if let Some(inner) = text.strip_prefix(b"[") {
        return forum_tag(inner);
    }
    let inner = text.strip_prefix(b"<")?;
    if let Some(comment) = inner.strip_prefix(b"!--") {
        let end = memchr::memmem::find(near(comment), b"-->")?;
        return Some((b" ", comment.get(end + 3..)?));
    }
    let name = inner.strip_prefix(b"/").unwrap_or(inner);
    let length = name.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    let (name, behind) = name.split_at_checked(length)?;
    let end = memchr(b'>', near(behind))?;
    let attributes = behind.get(..end)?;
    let named = |names: &[&str]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(name));
    // `<o:p>`, as word processors write.
    let is_foreign = attributes.starts_with(b":") && !name.is_empty();
    let sound = is_foreign || matches!(attributes.first(), None | Some(b' ' | b'/' | b'\t'));
    let written: &[u8] = match () {
        () if is_foreign => b"",
        () if named(&CELLS) && text.starts_with(b"</") => b"",
        () if named(&CELLS) => b"\t",
        () if named(&BLOCKS) => b"\n",
        () if named(&INLINE) => b"",
        () => return None,
    };
    sound.then_some((written, behind.get(end + 1..)?))
}

/// The text that `[code]`, `[/code]` or `[size=2]` becomes, and the text behind it.
fn forum_tag(inner: &[u8]) -> Option<(&'static [u8], &[u8])> {
    let name = inner.strip_prefix(b"/").unwrap_or(inner);
    let length = name.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let (name, behind) = name.split_at_checked(length)?;
    let end = memchr(b']', near(behind))?;
    let named = FORUM.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
    let sound = named && (end == 0 || behind.starts_with(b"="));
    let written: &[u8] = if is_known(name) { b"" } else { b"\n" };
    sound.then_some((written, behind.get(end + 1..)?))
}

/// True for a name of HTML.
fn is_known(name: &[u8]) -> bool {
    let mut known = CELLS.iter().chain(&BLOCKS).chain(&INLINE);
    known.any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// The character of an entity, and the text behind it.
fn entity(text: &[u8]) -> Option<(&'static [u8], &[u8])> {
    ENTITIES.iter().find_map(|(name, character)| {
        Some((character.as_bytes(), text.strip_prefix(name.as_bytes())?))
    })
}

/// Tags of forums. Those that HTML knows too are within a line.
const FORUM: [&str; 9] =
    ["code", "quote", "pre", "spoiler", "plain", "tt", "font", "size", "color"];

/// The part of a text in which a tag ends, or a comment.
fn near(text: &[u8]) -> &[u8] {
    text.get(..LONGEST_TAG).unwrap_or(text)
}

/// The characters of the longest tag.
const LONGEST_TAG: usize = 1024;

const CELLS: [&str; 2] = ["td", "th"];

const BLOCKS: [&str; 18] = [
    "br",
    "p",
    "div",
    "pre",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "tbody",
    "html",
    "body",
    "head",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "textarea",
];

const INLINE: [&str; 14] = [
    "code", "span", "b", "i", "em", "strong", "tt", "font", "a", "samp", "kbd", "u", "small", "wbr",
];

const ENTITIES: [(&str, &str); 9] = [
    ("&nbsp;", " "),
    ("&#160;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&amp;", "&"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_table_is_a_line() {
        let lines = |text: &str| {
            let mut page = Markup::default();
            let lines = text.lines().filter_map(|line| page.strip(line.as_bytes()));
            let text: Vec<u8> = lines.flat_map(|line| [line, b"\n".to_vec()].concat()).collect();
            let text = String::from_utf8(text).unwrap();
            text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("|")
        };
        for page in [
            "<table><tr><td>0</td><td>68</td></tr><tr><td>1</td><td>FA</td></tr></table>",
            "<table>\n<tr><td>0<td>68\n<tr><td>1<td>FA\n</table>",
            "<tr>\n<td>0</td>\n<td>68</td>\n</tr>\n<tr class=\"odd\">\n<td>1</td><td>\nFA</td>\n</tr>",
        ] {
            assert_eq!(lines(page), "0\t68|1\tFA", "{page}");
        }
    }

    #[test]
    fn tags_of_pages_go_and_arrows_of_loggers_stay() {
        let strip =
            |line: &str| strip(line.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        let page = "<p class=\"x\">T:</p><pre><code>68 FA</code></pre><br />14&nbsp;14";
        assert_eq!(strip(page).as_deref(), Some("\nT:\n\n68 FA\n\n14 14"));
        assert_eq!(strip("68<b>FA</b>FA"), Some("68FAFA".to_owned()));
        assert_eq!(strip("[code]68 FA[/code]").as_deref(), Some("68 FA"));
        assert_eq!(strip("[size=2]68[TT]FA[/tt][/size]").as_deref(), Some("\n68FA\n"));
        let nested = strip("<T a=\"1\"><Data>68 FA</Data><Name>x</Name></T>");
        assert_eq!(nested.as_deref(), Some("<T a=\"1\">\n68 FA\n\nx\n</T>"));
        for line in [
            "<<< 68:FA",
            " 68 fa  >h.<",
            "a < b > c",
            "68 FA <68> 14",
            "x & y",
            "<ab>",
            "[D] 68 FA",
            "Time [s]",
            "[68][FA]",
            "<X></X>",
            "<X>68",
        ] {
            assert_eq!(strip(line), None, "{line}");
        }
    }
}
