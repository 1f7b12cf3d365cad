//! Octets in base64, as cloud services and MQTT bridges carry them.
//!
//! ```text
//! {"payload":"aPr6aFP/AAFn2whLRk1n…"}
//! 68 fa fa 68 53 ff 00 01 67 db 08 4b 46 4d 67
//! ```
//!
//! Letters and digits are words too: only a long run is read, and only if a telegram begins in it. Lines of a wrapped
//! text in front of that one wait for it: the text may begin amid a telegram.

use super::telegram::{TelegramEnd, begins_telegram, holds_header, is_whole_frame};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Base64Lines {
    /// The length of the lines of a wrapped text.
    width: Option<usize>,
    /// The octets of lines of one width, in which no telegram was found yet.
    waiting: Vec<u8>,
    /// The place among the telegrams, and the text around the last run.
    end: TelegramEnd,
    around: Vec<u8>,
}

impl Base64Lines {
    /// True while the next line may go on.
    pub(super) const fn is_within(&self) -> bool {
        self.width.is_some()
    }

    /// True if the line is one of a wrapped text, whatever its first characters are elsewhere.
    pub(super) fn owns(&self, line: &[u8]) -> bool {
        let is_open = self.width.is_some_and(|width| line.len() <= width) || is_wrapped(line);
        is_open && decoded(line).is_some()
    }

    /// The octets of a line; nothing if it is of another form.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let line = line.trim_ascii();
        if let Some(width) = self.width.take()
            && line.len() <= width
            && let Some(octets) = decoded(line)
        {
            self.width = (line.len() == width).then_some(width);
            match self.width {
                Some(_) => self.end.line(&octets),
                None => self.end = TelegramEnd::default(),
            }
            return Some(octets);
        }
        let mut waiting = core::mem::take(&mut self.waiting);
        let run = longest(line)?;
        let own = decoded(run)?;
        let around = around(line, run);
        // A frame in lines of any length, or one that is short.
        let goes_on = self.end.is_amid() && around == self.around;
        let is_word = run.len() < LEAST && !is_whole_frame(&own);
        if !goes_on && (is_word || run.iter().all(u8::is_ascii_hexdigit)) {
            return None;
        }
        let is_row = run.len() == line.len() && is_wrapped(line);
        self.width = is_row.then_some(run.len());
        if goes_on || begins_telegram(&own) {
            self.end.line(&own);
            self.around = around;
            return Some([waiting, own].concat());
        }
        waiting.extend(own);
        if holds_header(&waiting) {
            return Some(waiting);
        }
        self.width = None;
        let passed = waiting.len().saturating_sub(MOST);
        waiting.drain(..passed);
        self.waiting = if is_row { waiting } else { Vec::new() };
        None
    }
}

/// The text around a run, without numbers.
fn around(line: &[u8], run: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(line, run).unwrap_or_default();
    let (before, behind) = line.split_at_checked(at).unwrap_or_default();
    let behind = behind.get(run.len()..).unwrap_or_default();
    before.iter().chain(behind).copied().filter(|c| !c.is_ascii_digit()).collect()
}

/// True for a line as long as programs wrap the text.
fn is_wrapped(line: &[u8]) -> bool {
    matches!(line.len(), 64 | 76) && line.iter().all(|c| is_digit(*c))
}

/// The longest run of digits of base64.
fn longest(line: &[u8]) -> Option<&[u8]> {
    if line.len() < SHORTEST {
        return None;
    }
    let runs = line.split(|c| !is_digit(*c) && *c != b'=');
    let padded = |run: &[u8]| {
        let start = run.iter().position(|c| *c != b'=').unwrap_or(run.len());
        run.get(start..).map(<[u8]>::len)
    };
    let run = runs.max_by_key(|run| run.len())?;
    let run = run.get(run.len() - padded(run)?..)?;
    // `key=aPr6…`: a sign of equality within is none of the text.
    let end = run.iter().rposition(|c| *c != b'=')? + 1;
    let start = run.get(..end)?.iter().rposition(|c| *c == b'=').map_or(0, |at| at + 1);
    run.get(start..)
}

pub(super) const fn is_digit(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_')
}

/// The octets of whole groups of four digits.
pub(crate) fn decoded(run: &[u8]) -> Option<Vec<u8>> {
    let groups = run.as_chunks::<4>();
    let (groups, []) = groups else {
        return None;
    };
    let mut octets = Vec::with_capacity(run.len() / 4 * 3);
    for (at, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|c| **c == b'=').count();
        if padding > 2 || padding > 0 && at + 1 < groups.len() {
            return None;
        }
        let digits = group.get(..4 - padding)?;
        let mut bits = 0u32;
        for digit in digits {
            bits = bits << 6 | value(*digit)?;
        }
        let [_, all @ ..] = (bits << (6 * padding)).to_be_bytes();
        octets.extend_from_slice(all.get(..3 - padding)?);
    }
    (!octets.is_empty()).then_some(octets)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// No more octets wait: a telegram begins in them.
const MOST: usize = 1024;

/// Fewer digits are a word, unless they are a whole frame or a telegram goes on in them.
const LEAST: usize = 40;

/// The digits of an octet.
const SHORTEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "aPr6aFP/AAFn2whLRk1nUAAACYH4IAAAACMA";

    #[test]
    fn a_telegram_is_read_and_words_are_not() {
        let long = format!("{TEXT}{}", "AAECAwQF".repeat(5));
        let start = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1, 0x67, 0xdb, 8];
        let read = |line: &str| Base64Lines::default().octets(line.as_bytes());
        for line in [
            long.clone(),
            long.replace('+', "-").replace('/', "_"),
            format!("{{\"payload\":\"{long}\",\"qos\":0}}"),
            format!("data: {long}=="),
            format!("data={long}"),
        ] {
            let found = read(&line.replace("AAECAwQF==", "AAECAw=="));
            assert!(found.is_some_and(|octets| octets.starts_with(&start)), "{line}");
        }
        for line in [
            &"ThisIsAVeryLongWordThatNoTelegramBeginsWithInIt".repeat(2),
            &"68fafa6853ff000167db08".repeat(4),
            TEXT,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn wrapped_lines_go_on_to_the_shorter_one() {
        let line = format!("{TEXT}{}", "AAECAwQF".repeat(5));
        let mut lines = Base64Lines::default();
        assert_eq!(line.len(), 76);
        assert_eq!(lines.octets(line.as_bytes()).map(|it| it.len()), Some(57));
        assert_eq!(lines.octets("AAEC".repeat(19).as_bytes()).map(|it| it.len()), Some(57));
        assert_eq!(lines.octets(b"AAECAw==").map(|it| it.len()), Some(4));
        assert_eq!(lines.octets(b"AAECAw=="), None, "the text is over");
    }

    #[test]
    fn short_lines_are_a_whole_frame_or_go_on_with_a_telegram() {
        let frame = "aBQUaFP/EQFnCBfPAIwf4eVIVQq48/gShhY=";
        let read = |lines: &[&str]| {
            let mut text = Base64Lines::default();
            let octets = lines.iter().map(|line| text.octets(line.as_bytes()));
            octets.map(|it| it.map_or(0, |it| it.len())).collect::<Vec<_>>()
        };
        assert_eq!(read(&[frame, &format!("{{\"t\":7,\"data\":\"{frame}\"}}")]), [26, 26]);
        let (begin, end) = (format!("{TEXT}{}", "AAEC".repeat(4)), "AAEC".repeat(5));
        assert_eq!(read(&[&begin, &end, "AAECAw=="]), [39, 15, 4]);
        let json = |at: u8, text: &str| format!("{{\"t\":{at},\"data\":\"{text}\"}}");
        assert_eq!(
            read(&[&json(1, &begin), &json(2, "AAEC"), "wifi", &json(3, "AA==")]),
            [39, 3, 0, 1]
        );
        assert_eq!(read(&[&end, "AAEC"]), [0, 0], "no telegram before");
        assert_eq!(read(&[&format!("{frame}\n"), "wifi"]), [26, 0], "the frame is over");
    }

    #[test]
    fn a_text_that_begins_amid_a_telegram_is_read_from_there() {
        let row = "/gBq5".to_owned() + &"A".repeat(71);
        let start = format!("//8AaPr6aFP{}", "A".repeat(65));
        let mut lines = Base64Lines::default();
        assert!(lines.owns(start.as_bytes()));
        assert_eq!(lines.octets(row.as_bytes()), None);
        assert_eq!(lines.octets(start.as_bytes()).map(|it| it.len()), Some(114));
        assert!(lines.owns(b"//8A") && !lines.owns(b"// comment"));
        assert_eq!(lines.octets(b"//8A").map(|it| it.len()), Some(3));
        assert!(!lines.owns(b"//8A"));
    }
}
