//! Texts from telegrams as part of a name: in a topic, an identifier or a file name.
//!
//! ```text
//! 181220000009          181220000009
//! 1KFM-0200_1           1KFM-0200_1
//! a/b                   a_b-3a8e75c1
//! ```
//!
//! Anybody who can send telegrams chooses the text. A slug has no characters that mean something to
//! a broker, a file system or Home Assistant, and two texts that would become equal get different
//! endings.

/// The text as `[A-Za-z0-9_-]`, 64 at most. A text of that form stays as it is; a changed one gets
/// an ending that tells it from others. An empty text becomes `unknown`.
pub fn slug(text: &str) -> String {
    match text {
        "" => "unknown".to_owned(),
        text if text.len() <= LONGEST && text.chars().all(fits) => text.to_owned(),
        text => {
            let signs = text.chars().map(|sign| if fits(sign) { sign } else { '_' });
            let kept: String = signs.take(LONGEST - ENDING).collect();
            format!("{kept}-{:08x}", hash(text.as_bytes()))
        }
    }
}

const fn fits(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-')
}

/// FNV-1a, which is the same on every machine and in every version: a meter keeps its topic and its
/// file.
pub fn hash(octets: &[u8]) -> u32 {
    let step = |hash: u32, octet: &u8| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
    octets.iter().fold(0x811c_9dc5, step)
}

/// The longest slug, so that topics and file names stay within their limits.
const LONGEST: usize = 64;

/// The length of the ending: a hyphen and eight digits.
const ENDING: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_change_stays_as_it_is() {
        let longest = "9".repeat(64);
        for text in ["181220000009", "1KFM-0200_1", "KFM1200200000001", "___", "-", &longest] {
            assert_eq!(slug(text), text);
        }
    }

    #[test]
    fn what_is_changed_tells_itself_from_others() {
        for (text, expected) in [
            ("", "unknown"),
            ("a/b", "a_b-3a8e75c1"),
            ("a/../+#{{x}}\"\n\x1b[2J", "a________x______2J-1931134e"),
        ] {
            assert_eq!(slug(text), expected);
        }
        let long = "9".repeat(70_000);
        for (one, other) in [
            ("a/b", "a_b"),
            ("a/b", "a+b"),
            ("..", "__"),
            ("/", "+"),
            ("\u{e4}", "_"),
            (&long, "9"),
        ] {
            assert_ne!(slug(one), slug(other));
        }
        assert_ne!(slug(&long), slug(&long[1..]), "also where it is cut");
    }

    #[test]
    fn nothing_that_means_something_anywhere_is_left() {
        let long = "\u{e4}/".repeat(70_000);
        let hostile = "a/+/#{{x}}\x1b[2J";
        for text in ["", "/", "..", "+/#", "$SYS\0", "\u{202e}", "a b", ".hidden", hostile, &long] {
            let slug = slug(text);
            assert!((1..=64).contains(&slug.len()) && slug.chars().all(fits), "{slug}");
        }
    }

    #[test]
    fn the_hash_is_that_of_the_books() {
        for (text, sum) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(hash(text.as_bytes()), sum);
        }
    }
}
