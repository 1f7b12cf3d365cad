//! The words of a command line, as a shell takes them.

use crate::cli::older::references::MARK;

/// Splits a text into words; none if a quote is not closed.
pub fn split(text: &str) -> Option<Vec<String>> {
    split_with(text, '$')
}

/// The same with a mark in the place of each `$` that a shell fills in.
pub fn split_marked(text: &str) -> Option<Vec<String>> {
    split_with(text, MARK)
}

fn split_with(text: &str, mark: char) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(rest.next()?),
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None | Some('"'), '$') => word.get_or_insert_default().push(mark),
            // Between two of these stands a command.
            (None | Some('"'), '`') if mark == MARK => {
                word.get_or_insert_default().extend([mark, c])
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let words = split(r#"python3 a\ b.py --x "it's \"1\"" '' --y='a b' # end"#).unwrap();
        assert_eq!(words, ["python3", "a b.py", "--x", "it's \"1\"", "", "--y=a b"]);
        assert!(split("a 'b").is_none() && split("a\\").is_none());
        let marked = split_marked(r#"$a "$b" '$c' \$d `e`"#).unwrap();
        assert_eq!(marked, ["\u{1}a", "\u{1}b", "$c", "$d", "\u{1}`e\u{1}`"]);
    }
}
