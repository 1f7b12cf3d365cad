//! Findings that show the first octets of a line.

use crate::{
    counted::{counted, counted_as},
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis},
        finding::Finding,
        foreign::ForeignProtocol,
        line::LineFacts,
    },
};

pub(super) fn foreign(protocol: ForeignProtocol, facts: &LineFacts) -> Finding {
    use AdviceLanguage::{English, German};
    let found = Finding::new(Diagnosis::OtherProtocol).with(
        format!("the octets are {}", protocol.title(English)),
        format!("die Oktette sind {}", protocol.title(German)),
    );
    let is_words = protocol.is_text() || protocol.is_service();
    let found = match printed(&facts.sample).filter(|_| is_words) {
        Some(text) => counted_octets(found, facts, &format!("\"{text}\"")),
        None => sampled(found, facts),
    };
    Finding { protocol: Some(protocol), ..found }
}

/// Adds the count of the octets and the first of them.
pub(super) fn sampled(found: Finding, facts: &LineFacts) -> Finding {
    let sample: Vec<String> = facts.sample.iter().map(|octet| format!("{octet:02x}")).collect();
    counted_octets(found, facts, &sample.join(" "))
}

/// The octets as text, if they are nothing else.
fn printed(octets: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(octets).ok()?.trim();
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

/// Adds the count of the octets and what they begin with.
fn counted_octets(found: Finding, facts: &LineFacts, sample: &str) -> Finding {
    let octets = facts.octets;
    found.with(
        format!("{}: {sample} …", counted(octets, "octet")),
        format!("{}: {sample} …", counted_as(octets, "Oktett", "Oktette")),
    )
}
