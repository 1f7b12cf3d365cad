//! The examination of one source: its octets, and what the keys make of them.

use std::time::{Duration, Instant};

use crate::cli::{
    commands::doctor::{patient_keys::PatientKeys, telegram_tally::TelegramTally},
    live::frameless::BETWEEN_PUSHES,
    run::{
        context::Context,
        key_facts,
        stage::{Stage, Task},
    },
};
use meterpipe::{
    chain::{
        decode::{Decode, DecodeEvent},
        decrypt::{Decrypt, Demands},
    },
    cipher::{ciphered::SystemTitle, key_file::KeyEntry},
    diagnosis::{
        foreign::{self, ForeignProtocol},
        key_facts::KeyFacts,
        line::{self, LineFacts},
        line_finding::LEAST_OCTETS,
        link,
        window::OctetWindow,
    },
    error::Error,
    link::registry::LinkChoice,
    reading::family::MeterFamilies,
    record::{self, Attributes, Place, Record, RecordKind, Time},
    source::simulator::meter::example_key,
};

/// Telegrams that open and follow each other without damage: the line is sound.
const ENOUGH: usize = 2;

/// Telegrams that stay closed: one may be damaged.
const ENOUGH_CLOSED: usize = 3;

/// Octets without a frame after which other settings are tried: two telegrams of an M-Bus, or the longest text of a
/// P1 socket.
const IN_VAIN: usize = 600;
const IN_VAIN_OF_P1: usize = 4200;

/// The highest speed of an M-Bus or an infrared head.
const SLOW: u32 = 9600;

/// The time in which a device hands out what it received before it was set.
const SETTLING: Duration = Duration::from_millis(300);

/// Keys that are tried without their names.
const MOST_NAMES: usize = 100;

/// Octets among which chance makes the header of an APDU: far fewer than that, and it is one.
const LOOK_ALIKE: u64 = 20_000;

/// Octets to one that belongs to nothing: with fewer the line is damaged.
const FEW_STRAYS: u64 = 10;

/// The least octets of a push.
pub const LEAST_PUSH: usize = 90;

/// The time in which a telegram comes to its end.
pub const LONGEST_PUSH: Duration = Duration::from_secs(5);

/// The rule by which an examination makes room for another one.
#[derive(Clone, Copy, Debug)]
struct Alternative {
    octets: usize,
    pushes: u32,
    least_push: usize,
    /// The time in which octets of other settings may still be in the queue of the device.
    settling: Duration,
}

/// How long settings are tried that bring no frame, if there are others.
#[derive(Clone, Copy, Debug)]
pub enum TrialPatience {
    /// The usual ones, for two pushes: one may be noise.
    Usual,
    /// Others, for one push.
    Other,
    /// The usual ones once more, for one push, however short: other settings make a few octets of it.
    Again,
}

/// The stage that examines.
pub struct Examination {
    chain: Decode,
    patient_keys: PatientKeys,
    demands: Demands,
    families: MeterFamilies,
    links: LinkChoice,
    window: OctetWindow,
    /// The outcome of the telegrams so far.
    pub tally: TelegramTally,
    /// True while octets come from a live source.
    live: bool,
    /// The rule by which other settings are tried when octets bring no frame, if there are others.
    alternative: Option<Alternative>,
    /// Pushes from silence to silence that brought no frame.
    frameless: u32,
    /// The end of the examination of a live source.
    until: Instant,
    /// The end if no octets come before.
    longest: Instant,
    deadline: Instant,
    begun: Instant,
    /// The time of the first octets.
    heard: Option<Instant>,
    /// True if the first octets came after a silence: they begin a telegram.
    from_silence: bool,
    /// The octets since the last silence, and the most that there were.
    push: usize,
    longest_push: usize,
    /// The telegram that the end of a file cuts off.
    pub cut_off: Option<Error>,
    is_foreign: bool,
    look_at: usize,
}

impl Examination {
    /// An examination with these keys that takes this long at most, or up to the deadline within a first
    /// telegram.
    pub fn new(
        patient_keys: PatientKeys,
        demands: Demands,
        families: MeterFamilies,
        links: LinkChoice,
        (time, deadline): (Duration, Instant),
    ) -> Self {
        let keys = key_facts::of_keys(&patient_keys.own);
        let chain = Decode::new(Decrypt::new(patient_keys.all(), demands));
        Self {
            chain: chain.with_families(families).with_links(links),
            patient_keys,
            demands,
            families,
            links,
            window: OctetWindow::default(),
            tally: TelegramTally::new(keys, demands.title.is_some()),
            live: false,
            alternative: None,
            frameless: 0,
            until: Instant::now() + time,
            longest: Instant::now() + time,
            deadline,
            begun: Instant::now(),
            heard: None,
            from_silence: false,
            push: 0,
            longest_push: 0,
            cut_off: None,
            is_foreign: false,
            look_at: 64,
        }
    }

    /// Makes room for other settings when the octets at this speed bring no frame.
    pub const fn has_alternatives(&mut self, speed: u32, patience: TrialPatience) {
        let octets = if speed > SLOW { IN_VAIN_OF_P1 } else { IN_VAIN };
        let (pushes, least_push, settling) = match patience {
            TrialPatience::Usual => (2, LEAST_PUSH, Duration::ZERO),
            TrialPatience::Other => (1, LEAST_PUSH, Duration::ZERO),
            TrialPatience::Again => (1, LEAST_OCTETS, SETTLING),
        };
        self.alternative = Some(Alternative { octets, pushes, least_push, settling });
    }

    /// Goes on for that long if no octets come.
    pub fn wait_for_octets(&mut self, longest: Duration) {
        self.longest = Instant::now() + longest;
    }

    /// The end as things are.
    fn end_of_time(&self) -> Instant {
        let is_silent = self.octets() < LEAST_OCTETS as u64;
        let end = if is_silent { self.longest.max(self.until) } else { self.until };
        if self.is_within_first() { end.max(self.deadline.min(end + LONGEST_PUSH)) } else { end }
    }

    /// True while a live line may be within its first telegram.
    fn is_within_first(&self) -> bool {
        let has_begun = self.chain.frames() > 0 || self.from_silence && self.push < IN_VAIN;
        self.is_within_push() && has_begun && self.telegrams() == 0
    }

    /// True while no pause has come since the last octets of a live line.
    pub const fn is_within_push(&self) -> bool {
        self.live && self.push > 0
    }

    /// Whole telegrams, opened or not.
    pub const fn telegrams(&self) -> usize {
        self.tally.telegrams()
    }

    /// True if telegrams were opened, the content of which may be wrong.
    pub const fn is_read(&self) -> bool {
        self.tally.keys.opened + self.tally.keys.unsound > 0
    }

    /// True if most octets are those of frames or telegrams, or some open: chance makes a frame, and no line of them.
    pub const fn is_clear(&self, line: &LineFacts) -> bool {
        let is_bare =
            line.frames == 0 && self.telegrams() > 0 && self.tally.strays * 2 <= self.octets();
        self.is_read() || line.framed > 0 && line.framed * 2 >= line.octets || is_bare
    }

    /// The most octets that came without a pause.
    pub const fn longest_push(&self) -> usize {
        self.longest_push
    }

    /// The facts about the octets.
    pub fn line(&self) -> LineFacts {
        let facts = self.window.facts_of_links(self.links);
        let checksums = facts.checksums + self.tally.wrong_crcs;
        let facts = LineFacts { broken_off: self.tally.broken_off, checksums, ..facts };
        match self.telegrams() + self.tally.wrong_crcs {
            0 => facts.without_telegrams(),
            _ => facts,
        }
    }

    /// Meters with one telegram, which stays closed: that is whole if the line has no damage.
    pub fn other_meters(&self, line: &LineFacts) -> Vec<SystemTitle> {
        let lone = self.tally.keys.lone().filter(|_| line.damaged() == 0);
        lone.copied().collect()
    }

    /// The telegrams that are damaged: on the line, and inside.
    pub fn damaged(&self, line: &LineFacts) -> usize {
        let others = self.other_meters(line).len();
        line.damaged() + self.tally.keys.closed.saturating_sub(others) + self.tally.keys.unsound
    }

    /// True if telegrams open, and more are damaged. One that the end of a file cuts off alone is no damage.
    pub fn is_mostly_damaged(&self, line: &LineFacts) -> bool {
        let damaged = self.damaged(line);
        let cut_off = usize::from(self.cut_off.is_some() && damaged > 0);
        self.tally.keys.opened > 0 && damaged + cut_off > self.tally.keys.opened
    }

    /// True if the only telegrams are in no frame, and look-alikes among noise, few for so many octets, or parts of
    /// damaged frames.
    pub const fn is_chance(&self, line: &LineFacts) -> bool {
        let telegrams = self.telegrams();
        let is_rare = telegrams > 0 && telegrams as u64 * LOOK_ALIKE < self.octets();
        self.tally.keys.opened == 0 && (line.apdus == 0 && is_rare || line.outnumbers(telegrams))
    }

    /// The octets that came, if they are a line or two of text.
    pub fn words(&self) -> Option<&str> {
        self.window.words(usize::MAX)
    }

    /// The octets that came.
    pub const fn octets(&self) -> u64 {
        self.window.total()
    }

    /// Looks at the telegrams that were not read: plain ones are judged; for closed ones, keys of other meters are
    /// left aside, and those of the file are tried without their names.
    pub fn look_at_unread(&mut self) {
        self.tally.judge_plain(self.chain.frames() > 0);
        if self.tally.keys.opened > 0 || self.tally.keys.closed == 0 {
            return;
        }
        if !self.patient_keys.others.is_empty() {
            self.tally.keys = self.with_own_keys();
        }
        let is_bare = self.chain.frames() == 0;
        self.tally.keys.is_bare = is_bare;
        self.tally.keys.opens_with_example = self.opens(vec![example_key()]);
        self.tally.keys.is_strewn =
            is_bare && (self.tally.rejected > 0 || self.tally.strays * FEW_STRAYS >= self.octets());
        // A key with another name first: the others were tried as they are.
        let named = self.patient_keys.own.iter().filter(|entry| entry.name.is_some());
        let mut named = named.take(MOST_NAMES);
        self.tally.keys.tried_nameless = named.clone().next().is_some();
        let opens =
            named.find(|entry| self.opens(vec![KeyEntry { name: None, ..(*entry).clone() }]));
        self.tally.keys.other_name = opens.and_then(key_facts::name_of);
    }

    /// The outcome of the own keys alone on the octets that are kept.
    fn with_own_keys(&self) -> KeyFacts {
        let own = &self.patient_keys.own;
        let mut chain = self.chain_of(own.clone());
        let err = record::err(self.window.marks().iter().copied());
        let attributes =
            Attributes { err: Some(&*err).filter(|it| !it.is_empty()), ..Attributes::default() };
        let (kind, octets) = (RecordKind::Raw, self.window.octets());
        let record = Record { time: Time::UNKNOWN, kind, octets, attributes };
        let mut tally = TelegramTally::new(key_facts::of_keys(own), self.demands.title.is_some());
        let mut take = |event: DecodeEvent<'_>| tally.take(&event);
        chain.feed(&record, Place::Octet(0), &mut take);
        chain.end(&mut take);
        tally.judge_plain(chain.frames() > 0);
        tally.keys
    }

    /// The key file of another meter that opens telegrams which the own one does not.
    pub fn other_key_file(&self) -> Option<&str> {
        let others = || self.patient_keys.others.iter();
        if self.tally.keys.opened == 0
            || others().next().is_none()
            || self.opens(self.patient_keys.own.clone())
        {
            return None;
        }
        others().find(|(_, keys)| self.opens(keys.clone())).map(|(file, _)| &**file)
    }

    /// True if keys open a telegram of the octets that are kept.
    fn opens(&self, keys: Vec<KeyEntry>) -> bool {
        key_facts::opens(self.chain_of(keys), self.window.octets())
    }

    /// The stages with these keys.
    fn chain_of(&self, keys: Vec<KeyEntry>) -> Decode {
        let chain = Decode::new(Decrypt::new(keys, self.demands));
        chain.with_families(self.families).with_links(self.links)
    }

    fn run(
        &mut self,
        context: &mut Context,
        step: impl FnOnce(&mut Decode, &mut dyn FnMut(DecodeEvent<'_>)),
    ) {
        step(&mut self.chain, &mut |event| self.tally.take(&event));
        if self.live {
            context.done |= self.is_done();
        }
    }

    /// True once a live source has shown enough.
    fn is_done(&mut self) -> bool {
        let KeyFacts { opened, closed, unsound, keys, .. } = self.tally.keys;
        let has_keys = keys > 0 || !self.patient_keys.others.is_empty();
        // A second telegram tells another meter from a damaged one.
        let waits = self.tally.keys.lone().next().is_some();
        let octets = self.window.octets();
        if self.telegrams() == 0 && self.chain.frames() == 0 && octets.len() >= self.look_at {
            let foreign = foreign::recognise(octets);
            // A bridge tells that it starts, once, and telegrams follow.
            let may_be_start = foreign == Some(ForeignProtocol::Text)
                && self.heard.is_some_and(|heard| heard.elapsed() < LONGEST_PUSH);
            if !may_be_start {
                self.look_at = octets.len() * 2;
                // The text of a P1 socket is none before its end.
                self.is_foreign = foreign.is_some_and(|it| it != ForeignProtocol::Dsmr)
                    || self.other_link().is_some();
            }
        }
        // A telegram without a frame that has begun among noise comes to its end.
        let is_long = self.alternative.is_some_and(|it| {
            octets.len() >= it.octets
                && (octets.len() >= it.octets * 2 || !line::begins_apdu(octets))
        });
        let in_vain = is_long && self.chain.frames() == 0 && self.telegrams() == 0;
        opened >= ENOUGH && self.tally.rejected == 0 && unsound == 0 && !waits
            || opened == 0 && (closed >= ENOUGH_CLOSED || closed > 0 && !has_keys)
            || unsound >= ENOUGH_CLOSED
            || self.is_foreign
            || in_vain
    }
}

impl Examination {
    /// The link layer of the line, if it is another one than the one that was chosen.
    pub fn other_link(&self) -> Option<LinkChoice> {
        link::other_link(self.window.octets(), self.links)
    }
}

impl Task for Examination {
    fn tick(&mut self, context: &mut Context) {
        context.done |= self.live && Instant::now() >= self.end_of_time();
    }

    fn tick_interval(&self) -> Duration {
        self.end_of_time().saturating_duration_since(Instant::now()).min(Duration::from_secs(1))
    }
}

impl Stage for Examination {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        if self.alternative.is_some_and(|it| self.begun.elapsed() < it.settling) {
            return;
        }
        let marks = record.attributes.err.into_iter().flat_map(record::marks);
        if self.octets() == 0 {
            self.from_silence = self.begun.elapsed() >= BETWEEN_PUSHES;
            self.heard = Some(Instant::now());
            // The first telegram comes to its end, however late it began.
            let end = Instant::now() + LONGEST_PUSH;
            self.until = self.until.max(end.min(self.longest));
        }
        self.push += record.octets.len();
        self.longest_push = self.longest_push.max(self.push);
        match self.live {
            true => self.window.push(record.octets, marks),
            false => self.window.push_file(record.octets, marks),
        }
        self.run(context, |chain, out| chain.feed(record, place, out));
    }

    fn end(&mut self, context: &mut Context) {
        self.run(context, |chain, out| chain.end(out));
        self.cut_off = self.chain.partial();
    }

    fn start_live(&mut self) {
        self.live = true;
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        self.run(context, |chain, out| chain.quiet(silent, out));
        if silent < BETWEEN_PUSHES {
            return;
        }
        // A whole push brought no frame: the next one shows no more.
        let least = self.alternative.map_or(LEAST_PUSH, |it| it.least_push);
        let is_whole = self.from_silence && self.push >= least;
        self.frameless += u32::from(is_whole);
        self.from_silence = true;
        self.push = 0;
        let in_vain = self.alternative.is_some_and(|it| self.frameless >= it.pushes);
        let is_frameless = self.chain.frames() == 0 && self.telegrams() == 0;
        context.done |= self.live && in_vain && is_frameless;
    }

    fn frames(&self) -> u64 {
        self.chain.frames()
    }

    fn links(&self, _: &str) -> LinkChoice {
        self.links
    }
}
