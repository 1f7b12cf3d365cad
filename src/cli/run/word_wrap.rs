//! Long texts in lines that are broken between words.

/// The text in lines of at most so many characters, unless a word is longer.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else {
            continue;
        };
        match line.chars().count() + 1 + word.chars().count() {
            _ if line.is_empty() => line.push_str(word),
            length if length <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The same for a message on a terminal: its further lines are indented.
pub fn message(text: &str, columns: usize) -> String {
    let lines = wrapped(text, columns.saturating_sub(INDENT.len()).max(LEAST));
    lines.join(&format!("\n{INDENT}"))
}

const INDENT: &str = "  ";

/// The least width of a text that can be read.
const LEAST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_broken_and_no_line_is_too_long() {
        let text = "meterpipe watch: ttyUSB0: nothing for 15 s; check the wiring, and that the operator has \
                    switched the interface on";
        for columns in 24..=200 {
            let shown = message(text, columns);
            assert_eq!(shown.split_whitespace().collect::<Vec<_>>().join(" "), text);
            assert!(
                shown.lines().all(|line| line.chars().count() <= columns),
                "{columns}: {shown}"
            );
        }
        assert_eq!(message("a-word-that-is-longer-than-the-terminal b", 24).lines().count(), 2);
    }
}
