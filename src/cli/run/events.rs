//! The events of the chain that bring no telegram: counted, and reported.

use crate::cli::run::context::Context;
use meterpipe::{
    chain::{decode::DecodeEvent, event::StageEvent},
    cipher::ciphered::SystemTitle,
    record::RecordKind,
};

/// Writes the record of a stage, or counts and reports the rest of its events.
pub fn of_stage(event: &StageEvent<'_>, context: &mut Context) {
    match event {
        StageEvent::Record(record, _) => {
            match record.kind {
                RecordKind::Apdu => context.tally.telegrams += 1,
                _ => context.tally.passed += 1,
            }
            record.write(&mut context.output.text);
        }
        StageEvent::Refused(refusal) => context.refused(refusal),
        StageEvent::Noise(octets) => context.noise(*octets),
        StageEvent::Unverified(title) => unverified(*title, context),
        StageEvent::Sorted(_) => {}
        StageEvent::Unchecked => unchecked(context),
        StageEvent::Edge(edge) => context.edge(*edge),
    }
}

/// Counts and reports an event of the whole chain. Telegrams are for the caller.
pub fn of_chain(event: &DecodeEvent<'_>, context: &mut Context) {
    match event {
        DecodeEvent::Telegram { .. } => {}
        DecodeEvent::Refused(refusal) => context.refused(refusal),
        DecodeEvent::Noise(octets) => context.noise(*octets),
        DecodeEvent::Unverified(title) => unverified(*title, context),
        DecodeEvent::Unchecked => unchecked(context),
        DecodeEvent::Edge(edge) => context.edge(*edge),
    }
}

/// Reports a tag that no key can verify.
pub fn unverified(title: Option<SystemTitle>, context: &Context) {
    let title = title.map(|title| format!(" of {}", hex::encode(title))).unwrap_or_default();
    context.messages.say(&format!(
        "the telegrams{title} carry a tag that is not verified: no authentication key (GAK) is known"
    ));
}

/// Reports telegrams whose digits nothing checks.
pub fn unchecked(context: &Context) {
    context.messages.say(
        "the DSMR telegrams carry no CRC, as in DSMR 2.2 and 3.0: a damaged digit goes unnoticed",
    );
}
