//! The secrets of all tests: whatever else is said, these are not.
//!
//! Every password and every token of a test has the canary in it, and keys are these. All that the
//! program and its sinks say in the whole suite comes by here.

/// What is in every password and in every token.
pub const CANARY: &str = "c4nary";

/// What is in a secret that a test types on purpose, so that others can read it.
pub const TYPED: &str = "typ3d";

/// The keys: the published one of Netz NÖ, and one that fits nothing.
const KEYS: [&str; 2] = ["36c66639e48a8ca4d6bc8b282a793bbb", "00112233445566778899aabbccddeeff"];

/// Fails if the list of processes shows the canary in that one. It is there already: who starts a
/// process goes on when it runs.
pub fn process(id: u32) {
    let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&line).contains(CANARY), "a secret in the list of processes");
}

/// A text in which nothing has to be hidden; it is handed back.
pub fn open(text: String) -> String {
    let plain: String = text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    // Base64 has these of it, by what stands before it; here in lower case.
    let base64 = ["yzruyxj5", "m0bmfye", "ng5hcn"];
    let mut secrets = KEYS.into_iter().chain([CANARY, TYPED]).chain(base64);
    assert!(!secrets.any(|secret| plain.contains(secret)), "a secret in {} octets", text.len());
    text
}
