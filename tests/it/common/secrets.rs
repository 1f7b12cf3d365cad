//! The secrets of all tests, which no output may contain.
//!
//! Every password and every token of a test contains the canary. All output of the program and
//! its sinks in the whole suite is checked here.

/// A part of every password and every token.
pub const CANARY: &str = "c4nary";

/// A part of each secret that a test types on purpose, where other users can read it.
pub const TYPED: &str = "typ3d";

/// The keys: the published one of Netz NÖ, and one that fits nothing.
const KEYS: [&str; 2] = ["36c66639e48a8ca4d6bc8b282a793bbb", "00112233445566778899aabbccddeeff"];

/// Fails if the list of processes shows the canary in the arguments of that process, which runs
/// already.
pub fn process(id: u32) {
    let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&line).contains(CANARY), "a secret in the list of processes");
}

/// Returns the text, after checking that it contains no secret.
pub fn open(text: String) -> String {
    let plain: String = text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    // The canary in Base64, at each of the three alignments, in lower case.
    let base64 = ["yzruyxj5", "m0bmfye", "ng5hcn"];
    let mut secrets = KEYS.into_iter().chain([CANARY, TYPED]).chain(base64);
    assert!(!secrets.any(|secret| plain.contains(secret)), "a secret in {} octets", text.len());
    text
}
