//! The cause of telegrams that are whole and stay closed, or that say little.
//!
//! An authentication key (GAK) that is given alone cannot be told from any other wrong key by the telegrams. The tag
//! is a GHASH under a hash key, masked with a block of the key stream, and both are made with the encryption key
//! (NIST SP 800-38D, 7.1): without that one, no tag can be computed. A label in the file tells it, and so does the
//! published example; else a tag in the telegrams is only a reason to ask which of two keys was copied.

use std::collections::{BTreeSet, HashMap};

use crate::{
    cipher::ciphered::SystemTitle,
    counted::{counted, counted_as, verb},
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis, Wording},
        finding::Finding,
        foreign::ForeignProtocol,
        key_turns::KeyTurns,
    },
    error::Cause,
};

/// The counts of whole telegrams, and the facts about the keys.
#[derive(Clone, Debug, Default)]
pub struct KeyFacts {
    /// Telegrams that were read.
    pub opened: usize,
    /// Of these, telegrams with at least one value that has a name.
    pub named: usize,
    /// Of those without, telegrams with at least one OBIS code.
    pub coded: usize,
    /// Telegrams that were read and had been encrypted.
    pub ciphered: usize,
    /// Telegrams that no key opened.
    pub closed: usize,
    /// The reason of the last of them.
    pub cause: Option<Cause>,
    /// How many reasons they have.
    pub causes: usize,
    /// Telegrams that a key opens and whose content cannot be read.
    pub unsound: usize,
    /// True if more telegrams are damaged than open, be they few.
    pub is_mostly_damaged: bool,
    /// Of these, telegrams that were encrypted: the key fits.
    pub fitted: usize,
    /// Of these, telegrams whose text has a wrong CRC.
    pub wrong_sums: usize,
    /// The octets of their plaintext where that begins.
    pub unsound_at: BTreeSet<usize>,
    /// Those of them that are whole beyond doubt: plain ones in frames, and those with a verified tag.
    pub unreadable: usize,
    /// True if telegrams came without frames, and many octets between them.
    pub is_strewn: bool,
    /// True if no telegram came in a frame: no checksum vouches for their headers.
    pub is_bare: bool,
    /// True if the published example key opens telegrams that stay closed.
    pub opens_with_example: bool,
    /// True if one of them was not encrypted, and nothing vouches for its octets.
    pub is_plain: bool,
    /// The telegrams of each meter, by title.
    pub meters: HashMap<SystemTitle, KeyTurns>,
    /// True if the telegrams that stayed closed carry no system title, and the user gave one.
    pub title_was_given: bool,
    /// The system title of the last closed telegram.
    pub title: Option<SystemTitle>,
    /// The meters that the keys are named for.
    pub names: Vec<String>,
    /// How many keys there are.
    pub keys: usize,
    /// True if a key that is published as an example is among them.
    pub has_example: bool,
    /// True if the only key is the authentication key of the published examples.
    pub is_example_gak: bool,
    /// True if an authentication key is given beside the encryption key.
    pub has_gak: bool,
    /// True if the telegrams that stay closed carry a tag.
    pub tagged: bool,
    /// True if the keys of the file were tried without their names too.
    pub tried_nameless: bool,
    /// The number or title in front of the key that opens telegrams all the same.
    pub other_name: Option<String>,
    /// The last doubt about the meter's clock, in both languages.
    pub clock: Option<Wording>,
    /// The year of that clock if it counts from its first day on.
    pub clock_year: Option<i16>,
    /// Telegrams with such a doubt.
    pub doubted: usize,
    /// True if the clock of the last telegram is right.
    pub clock_is_right: bool,
    /// Telegrams with two clocks that disagree.
    pub two_times: usize,
}

impl KeyFacts {
    /// The most meters that are kept apart.
    const MOST_METERS: usize = 1000;

    /// Counts a telegram for its meter, with its counter.
    pub fn count(&mut self, title: Option<SystemTitle>, counter: Option<u32>, opens: bool) {
        if let Some(title) = title
            && (self.meters.len() < Self::MOST_METERS || self.meters.contains_key(&title))
        {
            self.meters.entry(title).or_default().push(opens, counter);
        }
    }

    /// Closed telegrams of meters whose key opens others, and opened ones with damage inside.
    fn damaged(&self) -> usize {
        self.closed_by_damage()
            + if self.is_other_list() { 0 } else { self.unsound - self.unreadable }
    }

    /// Closed telegrams of meters whose key fits others. Without a whole one no key was exchanged.
    fn closed_by_damage(&self) -> usize {
        let is_damage = |it: &&KeyTurns| match self.opened {
            0 => it.opened > 0,
            _ => it.is_damage(),
        };
        self.meters.values().filter(is_damage).map(|it| it.closed).sum()
    }

    /// Closed telegrams of meters whose key is missing, if the key fits no whole one: a title that comes once, and fewer
    /// than the key fits, are those of a damaged header.
    fn closed_of_others(&self) -> usize {
        let closed = self.lacking_turns().map(|it| it.closed);
        Some(closed.sum()).filter(|closed| *closed > self.fitted).unwrap_or_default()
    }

    /// The meters of which several telegrams came, and none opened.
    fn lacking_turns(&self) -> impl Iterator<Item = &KeyTurns> {
        self.meters.values().filter(|it| it.opened == 0 && it.closed >= LACKING)
    }

    /// True if the octets around telegrams without frames are damaged, and no two headers belong together: those may be
    /// damaged too, and no key opens what has another title or counter.
    fn has_damaged_headers(&self) -> bool {
        self.is_strewn && self.keys > 0 && self.lacking_turns().all(|it| it.follow == 0)
    }

    /// True if telegrams without frames have several titles, and no two of them belong together: one meter sends them, and
    /// damage makes several of it.
    fn has_damaged_titles(&self) -> bool {
        let mut meters = self.meters.values();
        self.is_bare && self.keys > 0 && self.meters.len() > 1 && meters.all(|it| it.follow == 0)
    }

    /// Meters with one telegram, which stays closed.
    pub fn lone(&self) -> impl Iterator<Item = &SystemTitle> {
        let meters = self.meters.iter();
        meters.filter(|(_, turns)| turns.opened == 0 && turns.closed == 1).map(|(title, _)| title)
    }

    /// True if telegrams open and all of them break at the same octet: damage does not.
    fn is_other_list(&self) -> bool {
        let unsound = self.unsound - self.unreadable;
        self.opened == 0
            && self.wrong_sums == 0
            && unsound >= LISTS
            && self.unsound_at.len() == 1
            && !self.unsound_at.contains(&0)
    }

    /// The meters of which several telegrams came, and none opened.
    fn lacking(&self) -> Vec<SystemTitle> {
        let meters = self.meters.iter();
        let lacking = meters.filter(|(_, turns)| turns.opened == 0 && turns.closed >= LACKING);
        let mut lacking: Vec<_> = lacking.map(|(title, _)| *title).collect();
        lacking.sort_unstable();
        lacking
    }

    /// True if each key stands behind a number or a title, and none of them is this meter's title.
    fn has_only_others(&self) -> bool {
        let title = self.title.map(hex::encode);
        let is_own = |name: &String| title.as_ref().is_some_and(|it| name.eq_ignore_ascii_case(it));
        self.keys > 0 && self.names.len() == self.keys && !self.names.iter().any(is_own)
    }

    fn is_exchanged(&self) -> bool {
        self.opened > 0 && self.meters.values().any(KeyTurns::is_exchange)
    }
}

/// Telegrams that break at the same octet and are no chance.
const LISTS: usize = 3;

/// Closed telegrams of a meter that are no damage.
const LACKING: usize = 2;

/// The cause, if the telegrams are not read; `None` if they are.
#[must_use]
pub fn key_finding(facts: &KeyFacts) -> Option<Finding> {
    let KeyFacts { opened, unsound, .. } = *facts;
    let damaged = facts.damaged();
    let closed = match opened {
        0 if facts.fitted > 0 => facts.closed_of_others(),
        _ => facts.closed.saturating_sub(facts.closed_by_damage()),
    };
    let many =
        |count: usize| facts.is_mostly_damaged || count > 1 && count * TOLERATED >= opened + count;
    let lacking = facts.lacking();
    // Damage may hit a system title, too: then the key that fits all others fits this meter not.
    let fits = opened + facts.fitted > 0;
    // Where octets inside telegrams are wrong, some are those of a title.
    let tolerated = if facts.fitted > 0 { opened + facts.fitted } else { opened / (TOLERATED - 1) };
    let are_many = closed > 1 && closed > tolerated;
    if closed > 0 && (!fits || are_many || !lacking.is_empty()) {
        let found = match facts.is_exchanged() {
            _ if !fits && facts.has_damaged_headers() => return Some(closed_by_noise(closed)),
            _ if !fits && facts.has_damaged_titles() => {
                return Some(damaged_headers().with(
                    format!("telegrams that stay closed, with different system titles: {closed}"),
                    format!("Telegramme, die geschlossen bleiben, mit verschiedenen Systemtiteln: {closed}"),
                ));
            }
            true => exchanged(closed, opened),
            false if opened > 0 && !lacking.is_empty() => {
                return Some(without_key(closed, opened, &lacking));
            }
            false => closed_finding(&KeyFacts { closed, ..facts.clone() }),
        };
        let is_of_key = matches!(found.diagnosis, Diagnosis::WrongKey | Diagnosis::ExampleKey);
        let found = match () {
            () if facts.opens_with_example => with_example_key(found),
            () if facts.is_bare && closed == 1 && opened == 0 && is_of_key => found.with(
                "it is the only telegram, and no frame vouches for its octets: another one tells if they are right",
                "es ist das einzige Telegramm, und kein Rahmen steht für seine Oktette ein: ein anderes zeigt, ob sie stimmen",
            ),
            () => found,
        };
        return Some(with_title(found, facts));
    }
    if opened == 0 && unsound > damaged || opened > 0 && facts.named == 0 {
        let found = unknown_layout(facts);
        return Some(match opened {
            0 if unsound == facts.unreadable && facts.keys == 0 => found.with(
                format!("whole telegrams whose list cannot be read: {unsound}"),
                format!("vollständige Telegramme, deren Liste nicht lesbar ist: {unsound}"),
            ),
            0 => found.with(
                format!("telegrams that open and whose list cannot be read: {unsound}"),
                format!(
                    "Telegramme, die sich öffnen lassen und deren Liste nicht lesbar ist: {unsound}"
                ),
            ),
            _ => found.with(
                format!(
                    "{} {} read, and no value in {} has a name",
                    counted(opened, "telegram"),
                    verb(opened, "is", "are"),
                    verb(opened, "it", "them")
                ),
                format!(
                    "{} {} gelesen, doch kein Wert darin hat einen Namen",
                    counted_as(opened, "Telegramm", "Telegramme"),
                    verb(opened, "wird", "werden")
                ),
            ),
        });
    }
    if damaged > 0 && (opened == 0 || many(damaged)) {
        return Some(damaged_inside(damaged, facts));
    }
    if facts.two_times > 1 && facts.two_times * TOLERATED >= opened + facts.two_times {
        return Some(two_times(facts.two_times, opened));
    }
    // A telegram alone may be damaged in its time.
    let clock = facts.clock.clone().filter(|_| !facts.clock_is_right || facts.doubted > 1)?;
    let doubted = facts.doubted;
    let [is_right, stimmt] = match facts.clock_is_right {
        true => ["; the last one is right", "; das letzte stimmt"],
        false => ["", ""],
    };
    let found = match (facts.clock_year, facts.clock_is_right) {
        (year, true) => clock_of_once(year),
        (Some(year), false) => reset_clock(year),
        (None, false) => Finding::new(Diagnosis::Clock),
    };
    let found = Finding { evidence: vec![clock], ..found };
    Some(found.with(
        format!("{doubted} of {opened} telegrams{is_right}"),
        format!("{doubted} von {opened} Telegrammen{stimmt}"),
    ))
}

/// The finding that telegrams say nothing that has a name, with the cause that the facts show.
fn unknown_layout(facts: &KeyFacts) -> Finding {
    let found = Finding::new(Diagnosis::UnknownLayout);
    match facts {
        KeyFacts { opened: 0, .. } => found.advising(
            [
                "telegrams arrive whole, and their list has a form that meterpipe does not read",
                "Telegramme kommen vollständig an, doch ihre Liste hat eine Form, die meterpipe nicht liest",
            ],
            [
                "see where it breaks off with meterpipe explain, and report the meter's model and operator",
                "mit meterpipe explain sehen, wo sie abbricht, und Modell und Netzbetreiber melden",
            ],
        ),
        KeyFacts { coded: 1.., .. } => found.advising(
            [
                "telegrams are read; none of the OBIS codes in their list has a name here",
                "Telegramme werden gelesen; keiner der OBIS-Codes ihrer Liste hat hier einen Namen",
            ],
            [
                "take the values under their codes, as decode shows them, or name them in a table of your own (--layout FILE)",
                "die Werte unter ihren Codes nehmen, wie decode sie zeigt, oder in einer eigenen Tabelle benennen (--layout DATEI)",
            ],
        ),
        _ => found,
    }
}

/// The finding that several meters send, and keys for some of them are missing.
fn without_key(closed: usize, opened: usize, lacking: &[SystemTitle]) -> Finding {
    let cause = [
        "several meters send on this line, and no key opens the telegrams of the one below: its key is missing or wrong",
        "auf dieser Leitung senden mehrere Zähler, und die Telegramme des unten genannten öffnet kein Schlüssel: seiner fehlt oder ist falsch",
    ];
    let step = [
        "write a line for each meter into the key file: its system title, a space, its key; a meter of the neighbours needs none",
        "in die Schlüsseldatei für jeden Zähler eine Zeile schreiben: Systemtitel, Leerzeichen, Schlüssel; ein Zähler der Nachbarn braucht keine",
    ];
    let found = Finding::new(Diagnosis::OtherMeter).advising(cause, step).with(
        format!("whole telegrams that stay closed: {closed}; {opened} of other meters open"),
        format!("vollständige Telegramme, die geschlossen bleiben: {closed}; {opened} anderer Zähler lassen sich öffnen"),
    );
    lacking.iter().fold(found, |found, title| {
        let title = hex::encode(title);
        found.with(
            format!("no key opens the meter with system title {title}"),
            format!("kein Schlüssel öffnet den Zähler mit dem Systemtitel {title}"),
        )
    })
}

/// The finding that a clock lost the time and began anew.
fn reset_clock(year: i16) -> Finding {
    let cause = [
        format!(
            "the meter's clock began anew in {year}, as after a power failure, and was not set since"
        ),
        format!(
            "die Uhr des Zählers hat im Jahr {year} neu begonnen, wie nach einem Stromausfall, und wurde seither nicht gestellt"
        ),
    ];
    let step = [
        "ask the operator to set the meter's clock; until then history sinks use the time of arrival, and all readings are right",
        "den Netzbetreiber die Uhr des Zählers stellen lassen; bis dahin verwenden Verlaufsdaten die Ankunftszeit, und alle Werte stimmen",
    ];
    Finding::new(Diagnosis::Clock).advising(cause, step)
}

/// The finding that a clock was wrong, and is right again.
fn clock_of_once(year: Option<i16>) -> Finding {
    let cause = match year {
        Some(year) => [
            format!(
                "the meter's clock began anew in {year} for a while, as after a power failure, and was set since"
            ),
            format!(
                "die Uhr des Zählers hat zeitweise im Jahr {year} neu begonnen, wie nach einem Stromausfall, und wurde seither gestellt"
            ),
        ],
        None => [
            "some telegrams have a wrong time; the meter's clock, or this machine's, was wrong for a while".to_owned(),
            "manche Telegramme haben eine falsche Zeit; die Uhr des Zählers oder die dieses Rechners ging zeitweise falsch".to_owned(),
        ],
    };
    let step = [
        "nothing has to be done now: history sinks use the time of arrival for these telegrams, and all readings are right; if it happens again, report it to the operator",
        "jetzt ist nichts zu tun: Verlaufsdaten verwenden für diese Telegramme die Ankunftszeit, und alle Werte stimmen; kommt es wieder vor, dem Netzbetreiber melden",
    ];
    Finding::new(Diagnosis::Clock).advising(cause, step)
}

/// The finding that telegrams have two times.
fn two_times(telegrams: usize, opened: usize) -> Finding {
    let cause = [
        "telegrams have two times that contradict each other: octets of one are damaged, or the meter's clock is wrong",
        "Telegramme haben zwei Zeiten, die einander widersprechen: Oktette der einen sind beschädigt, oder die Uhr des Zählers geht falsch",
    ];
    let step = [
        "check cable and contacts; sinks do not get these telegrams; if all have it, report the meter's model to the operator",
        "Kabel und Kontakte prüfen; Ziele erhalten diese Telegramme nicht; haben es alle, das Modell des Zählers dem Netzbetreiber melden",
    ];
    Finding::new(Diagnosis::Clock).advising(cause, step).with(
        format!("telegrams with two different times: {telegrams} of {opened}"),
        format!("Telegramme mit zwei verschiedenen Zeiten: {telegrams} von {opened}"),
    )
}

/// The finding that telegrams pass the checks of their frames and are damaged all the same.
fn damaged_inside(damaged: usize, facts: &KeyFacts) -> Finding {
    let opened = facts.opened;
    let cause = [
        "the key fits, and octets inside some telegrams are wrong: something between meter and meterpipe alters them",
        "der Schlüssel passt, doch im Inneren von Telegrammen sind Oktette falsch: etwas zwischen Zähler und meterpipe verändert sie",
    ];
    let step = [
        "read the adapter directly instead of through another program, shorten the cable, and check plug and contacts; the key can stay",
        "den Adapter direkt statt über ein anderes Programm lesen, das Kabel kürzen, Stecker und Kontakte prüfen; der Schlüssel kann bleiben",
    ];
    let found = match facts.is_plain {
        true => damaged_plain(),
        false => Finding::new(Diagnosis::Checksum).advising(cause, step),
    };
    let found = found.with(
        format!("telegrams that are damaged inside: {damaged}; {opened} open"),
        format!("Telegramme, die innen beschädigt sind: {damaged}; {opened} lassen sich öffnen"),
    );
    match facts.unsound_at.first() {
        None => found,
        Some(at) => found.with(
            format!("the first damage is at octet {at} of the plaintext"),
            format!("der erste Schaden ist bei Oktett {at} des Klartexts"),
        ),
    }
}

/// The same of telegrams that are not encrypted.
fn damaged_plain() -> Finding {
    let cause = [
        "octets inside some telegrams are wrong, missing or too many; these are not encrypted, and no checksum vouches for them",
        "im Inneren von Telegrammen sind Oktette falsch, fehlen oder sind zu viel; sie sind nicht verschlüsselt, und keine Prüfsumme steht für sie ein",
    ];
    let step = [
        "take another telegram, or compare this one with the original; meterpipe explain shows where it breaks off",
        "ein anderes Telegramm nehmen oder dieses mit dem Original vergleichen; meterpipe explain zeigt, wo es abbricht",
    ];
    Finding::new(Diagnosis::Checksum).advising(cause, step)
}

/// The finding that the key of a meter changed.
fn exchanged(closed: usize, opened: usize) -> Finding {
    let cause = [
        "the key opens only a part of this meter's telegrams, before or after one moment: the operator exchanged the key",
        "der Schlüssel öffnet nur einen Teil der Telegramme dieses Zählers, vor oder nach einem Zeitpunkt: der Netzbetreiber hat den Schlüssel getauscht",
    ];
    let step = [
        "copy the present key (GUEK) from the operator's portal into a further line of the key file, and keep the old one for old captures",
        "den jetzigen Schlüssel (GUEK) aus dem Portal des Netzbetreibers in eine weitere Zeile der Schlüsseldatei schreiben und den alten für alte Mitschnitte behalten",
    ];
    Finding::new(Diagnosis::WrongKey).advising(cause, step).with(
        format!("telegrams that stay closed: {closed}, all before or all after {opened} that open"),
        format!("Telegramme, die geschlossen bleiben: {closed}, alle vor oder alle nach {opened} anderen, die sich öffnen lassen"),
    )
}

/// One closed telegram in so many is no trouble.
const TOLERATED: usize = 10;

fn closed_finding(facts: &KeyFacts) -> Finding {
    let KeyFacts { closed, keys, opened, .. } = *facts;
    let whole = |diagnosis| {
        let keys = match keys {
            0 => Wording::new("", ""),
            1 => Wording::new(" with the key", " mit dem Schlüssel"),
            keys => Wording::new(format!(" with {keys} keys"), format!(" mit {keys} Schlüsseln")),
        };
        let (english, german) = match opened {
            0 => ("none opens", "keines lässt sich öffnen"),
            _ => ("others open", "andere lassen sich öffnen"),
        };
        Finding::new(diagnosis).with(
            format!("whole telegrams that stay closed{}: {closed}; {english}", keys.english),
            format!(
                "vollständige Telegramme, die{} geschlossen bleiben: {closed}; {german}",
                keys.german
            ),
        )
    };
    let names = || with_names(whole(Diagnosis::OtherMeter), facts);
    match facts.cause {
        // Of one meter all telegrams are ciphered alike.
        Some(Cause::Unsupported { .. }) if facts.causes > 1 => damaged_headers().with(
            format!("telegrams that stay closed for different reasons: {closed}"),
            format!("Telegramme, die aus verschiedenen Gründen geschlossen bleiben: {closed}"),
        ),
        Some(Cause::Unsupported { what }) => Finding {
            protocol: Some(ForeignProtocol::Dlms(what)),
            ..Finding::new(Diagnosis::OtherProtocol)
        }
        .with(
            format!("they are {what}, which is not read"),
            format!(
                "es ist {}, was nicht gelesen wird",
                ForeignProtocol::Dlms(what).title(AdviceLanguage::German)
            ),
        ),
        Some(Cause::NoTitle) if keys == 0 => Finding::new(Diagnosis::NoKey).with(
            "the telegrams carry no system title either: give that of the meter with --system-title",
            "die Telegramme tragen auch keinen Systemtitel: den des Zählers mit --system-title angeben",
        ),
        Some(Cause::NoTitle) => Finding::new(Diagnosis::NoTitle).with(
            format!("whole, encrypted telegrams without a system title: {closed}"),
            format!("vollständige, verschlüsselte Telegramme ohne Systemtitel: {closed}"),
        ),
        Some(Cause::KeysSwapped) => whole(Diagnosis::AuthenticationKey),
        Some(Cause::TagOrAuthenticationKey) => Finding::new(Diagnosis::Tag).with(
            format!("telegrams that open and whose tag does not fit: {closed}"),
            format!("Telegramme, die sich öffnen lassen und deren Marke nicht passt: {closed}"),
        ),
        Some(Cause::NotAuthenticated) => not_authenticated(closed),
        _ if facts.other_name.is_some() => under_other_name(facts, whole(Diagnosis::OtherMeter)),
        Some(Cause::OtherMeter) => names(),
        Some(Cause::NoKey) if keys == 0 && facts.opens_with_example => published_example(),
        Some(Cause::NoKey) if keys == 0 => Finding::new(Diagnosis::NoKey).with(
            format!("whole, encrypted telegrams: {closed}"),
            format!("vollständige, verschlüsselte Telegramme: {closed}"),
        ),
        Some(Cause::NoKey) => names(),
        Some(Cause::KeyOrDamage) if facts.title_was_given => whole(Diagnosis::WrongKey).with(
            "the telegrams carry no system title; the one that was given may be that of another meter",
            "die Telegramme tragen keinen Systemtitel; der angegebene kann der eines anderen Zählers sein",
        ),
        _ if facts.is_example_gak => lone_authentication_key().with(
            "the key is the authentication key of the published examples",
            "der Schlüssel ist der Authentifizierungsschlüssel der veröffentlichten Beispiele",
        ),
        _ if facts.has_example && opened == 0 => whole(Diagnosis::ExampleKey),
        _ if facts.has_only_others() => of_others(facts, whole(Diagnosis::OtherMeter)),
        _ if facts.tagged && !facts.has_gak => {
            let mut found = one_of_two_keys();
            found.evidence.extend(whole(Diagnosis::WrongKey).evidence);
            found
        }
        _ if facts.names.is_empty() => whole(Diagnosis::WrongKey),
        _ => with_names(whole(Diagnosis::WrongKey), facts),
    }
}

/// The finding that damage made telegrams of one meter differ.
fn damaged_headers() -> Finding {
    let cause = [
        "octets of the telegrams are wrong or missing: their headers differ in what a meter never changes",
        "Oktette der Telegramme sind falsch oder fehlen: ihre Köpfe unterscheiden sich in dem, was ein Zähler nie ändert",
    ];
    Finding::new(Diagnosis::Checksum).caused_by(cause)
}

/// The same finding about telegrams of nobody: anonymised or simulated ones.
fn with_example_key(found: Finding) -> Finding {
    let found = found.with(
        "the published example key opens them: they are anonymised or simulated",
        "der veröffentlichte Beispielschlüssel öffnet sie: sie sind anonymisiert oder simuliert",
    );
    if !matches!(found.diagnosis, Diagnosis::WrongKey | Diagnosis::OtherMeter) {
        return found;
    }
    let languages = [AdviceLanguage::English, AdviceLanguage::German];
    let cause = languages.map(|language| found.cause(language).to_owned());
    let [step, schritt] = languages.map(|language| found.step(language).to_owned());
    let steps = [
        format!(
            "for such a capture, give the published example key: meterpipe anonymise --help has its digits; for your own meter, {step}"
        ),
        format!(
            "für eine solche Aufzeichnung den veröffentlichten Beispielschlüssel angeben: meterpipe anonymise --help zeigt seine Ziffern; für den eigenen Zähler: {schritt}"
        ),
    ];
    found.advising(cause, steps)
}

/// The finding that telegrams stay closed on a line that brings octets of none, and that nothing vouches for them.
fn closed_by_noise(closed: usize) -> Finding {
    let cause = [
        "many octets belong to no telegram, and those that stay closed may be damaged too: nothing shows that the key is wrong",
        "viele Oktette gehören zu keinem Telegramm, und auch die geschlossenen können beschädigt sein: nichts zeigt, dass der Schlüssel falsch ist",
    ];
    Finding::new(Diagnosis::Checksum).caused_by(cause).with(
        format!("telegrams that stay closed, and whose headers do not follow each other: {closed}"),
        format!(
            "Telegramme, die geschlossen bleiben und deren Köpfe nicht aufeinander folgen: {closed}"
        ),
    )
}

/// The finding that telegrams are refused because nobody verifies their tag.
fn not_authenticated(closed: usize) -> Finding {
    let cause = [
        "--require-auth refuses telegrams whose tag is not verified: they carry none, or the authentication key (GAK) is missing",
        "--require-auth weist Telegramme ab, deren Marke nicht geprüft ist: sie tragen keine, oder der Authentifizierungsschlüssel (GAK) fehlt",
    ];
    let step = [
        "leave --require-auth out, or write the authentication key (GAK) of the meter behind its key (GUEK) in the file",
        "--require-auth weglassen oder den Authentifizierungsschlüssel (GAK) des Zählers in der Datei hinter seinen Schlüssel (GUEK) schreiben",
    ];
    Finding::new(Diagnosis::Tag).advising(cause, step).hinting(step[0]).with(
        format!("telegrams that are not authenticated: {closed}"),
        format!("Telegramme, die nicht authentifiziert sind: {closed}"),
    )
}

/// Adds the meters that the file names.
fn with_names(found: Finding, facts: &KeyFacts) -> Finding {
    let names = facts.names.join(", ");
    let found = found.with(format!("the file names {names}"), format!("die Datei nennt {names}"));
    match (facts.tried_nameless, facts.names.len()) {
        (false, _) => found,
        (true, 1) => found.with(
            "its key was tried without its name too, and opens nothing",
            "sein Schlüssel wurde auch ohne den Namen versucht und öffnet nichts",
        ),
        (true, _) => found.with(
            "their keys were tried without their names too, and open nothing",
            "ihre Schlüssel wurden auch ohne die Namen versucht und öffnen nichts",
        ),
    }
}

/// The finding that no key of the file is for this meter, as far as their numbers tell.
fn of_others(facts: &KeyFacts, found: Finding) -> Finding {
    let names = facts.names.join(", ");
    let cause = [
        "no key of the file opens the telegrams of this meter: each one stands behind a number or a title, which is that of another meter as it seems",
        "kein Schlüssel der Datei öffnet die Telegramme dieses Zählers: jeder steht hinter einer Nummer oder einem Systemtitel, wohl eines anderen Zählers",
    ];
    let step = [
        format!(
            "compare {names} with the number on this meter: if it is another one, write the key of this meter into a \
             line of its own; if it is the same, copy its key (GUEK) from the operator's portal again"
        ),
        format!(
            "{names} mit der Nummer an diesem Zähler vergleichen: ist sie eine andere, den Schlüssel dieses Zählers in \
             eine eigene Zeile schreiben; ist sie dieselbe, ihren Schlüssel (GUEK) noch einmal aus dem Portal des \
             Netzbetreibers kopieren"
        ),
    ];
    with_names(found, facts).advising(cause, step)
}

/// The finding that a key stands under the name of another meter.
fn under_other_name(facts: &KeyFacts, found: Finding) -> Finding {
    let name = facts.other_name.as_deref().unwrap_or_default();
    let cause = [
        "the key fits this meter; the number or title in front of it in the file is that of another one",
        "der Schlüssel passt zu diesem Zähler; die Nummer oder der Systemtitel davor in der Datei gehört zu einem anderen",
    ];
    let step = [
        format!("write the system title above in front of the key instead of {name}, or nothing"),
        format!("statt {name} den Systemtitel oben vor den Schlüssel schreiben, oder nichts"),
    ];
    found.advising(cause, step).with(
        format!("the key of {name} opens them"),
        format!("der Schlüssel von {name} öffnet sie"),
    )
}

/// The finding that the key of the published examples opens the telegrams.
#[must_use]
pub fn published_example() -> Finding {
    let cause = [
        "the telegrams are those of nobody: an anonymised capture, a virtual meter, or an operator's example",
        "die Telegramme gehören niemandem: eine anonymisierte Aufzeichnung, ein virtueller Zähler oder das Beispiel eines Netzbetreibers",
    ];
    let step = [
        "save the published example key in a file such as guek, and name the file with --key-file: meterpipe anonymise --help has its digits",
        "den veröffentlichten Beispielschlüssel in einer Datei speichern, etwa guek, und diese mit --key-file angeben: meterpipe anonymise --help zeigt seine Ziffern",
    ];
    Finding::new(Diagnosis::NoKey).advising(cause, step).hinting(
        "the published example key opens them, as it does anonymised captures: meterpipe anonymise --help has its digits",
    )
}

/// The finding that the only key is an authentication key.
#[must_use]
pub fn lone_authentication_key() -> Finding {
    let cause = [
        "the only key is an authentication key (GAK); it checks tags, and opens nothing",
        "der einzige Schlüssel ist ein Authentifizierungsschlüssel (GAK); er prüft Marken und öffnet nichts",
    ];
    let step = [
        "write the encryption key (GUEK) of the meter into the file, in front of the authentication key (GAK)",
        "den Schlüssel (GUEK) des Zählers in die Datei schreiben, vor den Authentifizierungsschlüssel (GAK)",
    ];
    Finding::new(Diagnosis::AuthenticationKey).advising(cause, step).hinting(
        "the only key is the authentication key (GAK), which opens nothing: give the encryption key (GUEK)",
    )
}

/// The finding that a meter with two keys is not opened by the one that is given.
fn one_of_two_keys() -> Finding {
    let cause = [
        "telegrams arrive whole, and the key does not open them: it may be the authentication key (GAK) in the place of the encryption key (GUEK), or it is mistyped, outdated, or of another meter",
        "Telegramme kommen vollständig an, doch der Schlüssel öffnet sie nicht: er kann der Authentifizierungsschlüssel (GAK) anstelle des Schlüssels (GUEK) sein, oder er ist vertippt, veraltet oder gehört zu einem anderen Zähler",
    ];
    Finding::new(Diagnosis::WrongKey)
        .caused_by(cause)
        .hinting(
            "it may be the authentication key (GAK), as the telegrams carry a tag; compare the encryption key (GUEK) with the operator's portal, and the meter number there with the one on the meter",
        )
        .with(
            "the telegrams carry a tag: this meter has two keys, and the one given may be its authentication key (GAK)",
            "die Telegramme tragen eine Marke: dieser Zähler hat zwei Schlüssel, und der angegebene kann sein Authentifizierungsschlüssel (GAK) sein",
        )
}

/// Adds the system title, which names the meter.
fn with_title(found: Finding, facts: &KeyFacts) -> Finding {
    let Some(title) = facts.title else {
        return found;
    };
    let lacking = facts.lacking();
    if lacking.len() > 1 {
        let titles: Vec<_> = lacking.iter().map(hex::encode).collect();
        let titles = titles.join(", ");
        return found.with(
            format!("the meters have the system titles {titles}"),
            format!("die Zähler haben die Systemtitel {titles}"),
        );
    }
    let title = hex::encode(title);
    found.with(
        format!("the meter has the system title {title}"),
        format!("der Zähler hat den Systemtitel {title}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_closed_telegrams_depends_on_the_keys() {
        let closed =
            KeyFacts { closed: 3, keys: 1, cause: Some(Cause::KeyOrDamage), ..KeyFacts::default() };
        let diagnosis = |facts: KeyFacts| key_finding(&facts).map(|found| found.diagnosis);
        assert_eq!(diagnosis(KeyFacts { opened: 1, named: 1, ..KeyFacts::default() }), None);
        assert_eq!(diagnosis(closed.clone()), Some(Diagnosis::WrongKey));
        let none = KeyFacts { keys: 0, cause: Some(Cause::NoKey), ..closed.clone() };
        assert_eq!(diagnosis(none), Some(Diagnosis::NoKey));
        let named = KeyFacts { cause: Some(Cause::NoKey), ..closed.clone() };
        assert_eq!(diagnosis(named), Some(Diagnosis::OtherMeter));
        let names = vec!["181220000008".to_owned()];
        let numbered = KeyFacts { names, title: Some([1; 8]), ..closed.clone() };
        assert_eq!(diagnosis(numbered.clone()), Some(Diagnosis::OtherMeter));
        let found = key_finding(&numbered).unwrap();
        assert!(found.evidence.iter().any(|it| it.english.contains("0101010101010101")));
        let own = KeyFacts { names: vec!["01".repeat(8)], ..numbered.clone() };
        assert_eq!(diagnosis(own), Some(Diagnosis::WrongKey));
        assert_eq!(diagnosis(KeyFacts { keys: 2, ..numbered }), Some(Diagnosis::WrongKey));
        let example = KeyFacts { has_example: true, ..closed.clone() };
        assert_eq!(diagnosis(example), Some(Diagnosis::ExampleKey));
        let gak = KeyFacts { is_example_gak: true, ..closed.clone() };
        assert_eq!(diagnosis(gak), Some(Diagnosis::AuthenticationKey));
        let evidence = |has_gak| {
            let facts = KeyFacts { tagged: true, has_gak, ..closed.clone() };
            key_finding(&facts).unwrap().evidence
        };
        assert!(evidence(false).iter().any(|it| it.english.contains("may be its authentication")));
        assert!(!evidence(true).iter().any(|it| it.english.contains("may be its authentication")));
        let swapped = KeyFacts { cause: Some(Cause::KeysSwapped), ..closed.clone() };
        assert_eq!(diagnosis(swapped), Some(Diagnosis::AuthenticationKey));
        let titled = KeyFacts { title_was_given: true, has_example: true, ..closed.clone() };
        let found = key_finding(&titled).unwrap();
        assert_eq!(found.diagnosis, Diagnosis::WrongKey);
        assert!(found.evidence.iter().any(|it| it.english.contains("may be that of another")));
        let untitled = KeyFacts { cause: Some(Cause::NoTitle), ..closed.clone() };
        assert_eq!(diagnosis(untitled), Some(Diagnosis::NoTitle));
        let tag = KeyFacts { cause: Some(Cause::TagOrAuthenticationKey), ..closed.clone() };
        assert_eq!(diagnosis(tag), Some(Diagnosis::Tag));
        let foreign = Cause::Unsupported { what: "general-ciphering" };
        let found = key_finding(&KeyFacts { cause: Some(foreign), ..closed }).unwrap();
        assert_eq!(found.protocol.map(|it| it.name()), Some("general-ciphering"));
        let nameless = KeyFacts { opened: 2, ..KeyFacts::default() };
        assert_eq!(diagnosis(nameless), Some(Diagnosis::UnknownLayout));
    }
}
