//! The words of a server that has the device of a meter, and refuses a client.

use crate::diagnosis::{diagnosis::Diagnosis, finding::Finding};

/// The finding that a server has another client, if its words say so.
#[must_use]
pub fn taken(words: &str) -> Option<Finding> {
    let cause = [
        "the server has the device for another client; only one can read it",
        "der Server hat das Gerät für einen anderen Client; nur einer kann es lesen",
    ];
    let step = [
        "end the other client, or let the server take several (ser2net: max-connections)",
        "den anderen Client beenden, oder den Server mehrere annehmen lassen (ser2net: max-connections)",
    ];
    let is_taken = words.to_ascii_lowercase().contains("in use");
    is_taken.then(|| {
        let hint = "it has the device for another client: end that one, or let the server take several \
                    (ser2net: max-connections)";
        Finding::new(Diagnosis::Busy).advising(cause, step).hinting(hint)
    })
}

/// The words of a server in a clause, with the advice if they tell the cause.
#[must_use]
pub fn said(words: &str) -> String {
    let advice = taken(words).map(|found| format!("; {}", found.hint()));
    format!("the server says: {words}{}", advice.unwrap_or_default())
}
