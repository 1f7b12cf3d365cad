//! A comment names the actor first: few of its lines begin with What, Who, Whether, So or It.

use std::collections::BTreeMap;

use super::source::SourceFile;

const OPENINGS: [&str; 6] = ["What", "Who", "Whoever", "Whether", "So", "It"];

/// How many lines of a hundred may begin so.
const ALLOWED: usize = 3;

#[test]
fn few_lines_of_comments_begin_with_a_riddle() {
    let mut rooms = BTreeMap::<String, (usize, usize)>::new();
    for file in SourceFile::all() {
        let (lines, openings) = rooms.entry(file.room()).or_default();
        for comment in file.text.lines().filter_map(comment) {
            *lines += 1;
            *openings += usize::from(opens_with_a_riddle(comment));
        }
    }
    let wrong: Vec<_> = rooms
        .iter()
        .filter(|(_, (lines, openings))| openings * 100 > lines * ALLOWED)
        .map(|(room, (lines, openings))| format!("{room}: {openings} of {lines} lines"))
        .collect();
    assert!(wrong.is_empty(), "begin with one of {OPENINGS:?}: {wrong:#?}");
}

#[test]
fn a_riddle_is_a_whole_word_at_the_start_of_a_comment() {
    let opens = |line| comment(line).is_some_and(opens_with_a_riddle);
    assert!(opens("    /// What a sink says.") && opens("// It's so") && opens("//! So it is"));
    assert!(!opens("/// Whatever comes") && !opens("let x = 1; // What") && !opens("// Sockets"));
}

/// The text of a line that is a comment.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.trim_start_matches(['/', '!']).trim_start())
}

fn opens_with_a_riddle(comment: &str) -> bool {
    let end = comment.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(comment.len());
    OPENINGS.contains(&&comment[..end])
}
