//! A list of texts that are passed on as they are, such as the arguments of a program.
//!
//! Commas separate the texts. A comma in a text is written `\,`, and a backslash `\\`.

/// The texts of a list.
#[must_use]
pub fn split(list: &str) -> Vec<String> {
    if list.is_empty() {
        return Vec::new();
    }
    let mut words = vec![String::new()];
    let mut characters = list.chars();
    while let Some(character) = characters.next() {
        if character == ',' {
            words.push(String::new());
            continue;
        }
        let Some(word) = words.last_mut() else { continue };
        match character {
            '\\' => word.push(characters.next().unwrap_or('\\')),
            _ => word.push(character),
        }
    }
    words
}

/// The list of some texts.
#[must_use]
pub fn join(words: &[String]) -> String {
    let escaped = words.iter().map(|word| word.replace('\\', "\\\\").replace(',', "\\,"));
    escaped.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_texts_come_back_as_they_were() {
        for words in
            [&[][..], &["-c"], &["a,b", "c\\", "\\,"], &["", "ä", ""], &["-e", "SELECT 1, 2"]]
        {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(split(&join(&words)), words);
        }
        assert_eq!(split("-batch,meter.db"), ["-batch", "meter.db"]);
        assert_eq!(split("a\\"), ["a\\"], "nothing follows");
    }
}
