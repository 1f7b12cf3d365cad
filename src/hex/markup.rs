//! Tags and entities of a web page around a telegram.
//!
//! ```text
//! <p>My telegram:</p><pre><code>68 FA FA 68 …</code></pre><br>
//! My telegram:
//! 68 FA FA 68 …
//! ```
//!
//! Only names of HTML are tags: loggers write `<<< 68` and `>h..hS...<` too.

use memchr::{memchr, memchr2_iter};

/// The lines without tags; nothing if there are none.
pub(super) fn strip(line: &[u8]) -> Option<Vec<u8>> {
    let first = mark(line)?;
    if begins_row(line) && !ends_row(line) {
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

/// Where the first tag or entity begins.
fn mark(text: &[u8]) -> Option<usize> {
    memchr2_iter(b'<', b'&', text)
        .find(|&at| text.get(at..).is_some_and(|text| tag(text).or_else(|| entity(text)).is_some()))
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
    let inner = text.strip_prefix(b"<")?;
    if let Some(comment) = inner.strip_prefix(b"!--") {
        let end = memchr::memmem::find(comment, b"-->")?;
        return Some((b" ", comment.get(end + 3..)?));
    }
    let name = inner.strip_prefix(b"/").unwrap_or(inner);
    let length = name.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    let (name, behind) = name.split_at_checked(length)?;
    let end = memchr(b'>', behind)?;
    let attributes = behind.get(..end)?;
    let named = |names: &[&str]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(name));
    let sound = matches!(attributes.first(), None | Some(b' ' | b'/' | b'\t'));
    let written: &[u8] = match () {
        () if named(&BLOCKS) => b"\n",
        () if named(&INLINE) => b"",
        () => return None,
    };
    sound.then_some((written, behind.get(end + 1..)?))
}

/// The character of an entity, and the text behind it.
fn entity(text: &[u8]) -> Option<(&'static [u8], &[u8])> {
    ENTITIES.iter().find_map(|(name, character)| {
        Some((character.as_bytes(), text.strip_prefix(name.as_bytes())?))
    })
}

const BLOCKS: [&str; 20] = [
    "br",
    "p",
    "div",
    "pre",
    "li",
    "ul",
    "ol",
    "tr",
    "td",
    "th",
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
    fn tags_of_pages_go_and_arrows_of_loggers_stay() {
        let strip =
            |line: &str| strip(line.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        let page = "<p class=\"x\">T:</p><pre><code>68 FA</code></pre><br />14&nbsp;14";
        assert_eq!(strip(page).as_deref(), Some("\nT:\n\n68 FA\n\n14 14"));
        assert_eq!(strip("68<b>FA</b>FA"), Some("68FAFA".to_owned()));
        for line in ["<<< 68:FA", " 68 fa  >h.<", "a < b > c", "68 FA <68> 14", "x & y", "<ab>"] {
            assert_eq!(strip(line), None, "{line}");
        }
    }
}
