//! The facts about the keys of a run, before a telegram came.

use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        decrypt::{Decrypt, Demands},
    },
    cipher::{
        key::Key,
        key_file::{KeyEntry, MeterName},
    },
    diagnosis::key_facts::KeyFacts,
    source::simulator::meter::{EXAMPLE_KEY, example_key, is_example_gak},
};

/// The facts about these keys.
pub fn of_keys(entries: &[KeyEntry]) -> KeyFacts {
    let example = Key::new(EXAMPLE_KEY);
    KeyFacts {
        keys: entries.len(),
        names: entries.iter().filter_map(name_of).collect(),
        has_example: !entries.is_empty() && entries.iter().all(|it| it.guek == example),
        is_example_gak: is_example_gak(entries),
        has_gak: entries.iter().any(|entry| entry.gak.is_some()),
        ..KeyFacts::default()
    }
}

/// True if the key of the published examples opens a telegram among these octets.
pub fn opens_with_example(octets: &[u8]) -> bool {
    opens(Decode::new(Decrypt::new(vec![example_key()], Demands::default())), octets)
}

/// True if a telegram among these octets is opened.
pub fn opens(mut chain: Decode, octets: &[u8]) -> bool {
    let mut opens = false;
    let mut out = |event: DecodeEvent<'_>| opens |= matches!(event, DecodeEvent::Telegram { .. });
    chain.push(octets, &mut out);
    chain.end(&mut out);
    opens
}

/// The meter that a key is for.
pub fn name_of(entry: &KeyEntry) -> Option<String> {
    match &entry.name {
        Some(MeterName::Title(title)) => Some(hex::encode(title)),
        Some(MeterName::Meter(number)) => Some(number.clone()),
        None => None,
    }
}
