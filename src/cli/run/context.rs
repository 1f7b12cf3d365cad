//! The context of a run: output, messages, counts.

use std::time::Duration;

use crate::cli::run::{
    key_facts,
    messages::{MessageSettings, Messages},
    output::Output,
    own_output,
    status::{Status, Stop, Tally},
};
use meterpipe::{
    chain::event::{Refusal, TextEdge},
    counted::counted,
    diagnosis::{
        beside_digits,
        diagnosis::Diagnosis,
        ended_input::{EndedInput, TextFacts},
        finding::Finding,
        foreign::{self, ForeignProtocol},
        key_finding::published_example,
        line::LineFacts,
        line_finding::line_finding,
        line_view::LineView,
        link,
        window::OctetWindow,
    },
    error::{Cause, Error, Layer},
    format::printable::printable,
    hex::{beside_digits::BesideDigits, unread},
    portal::header,
    record::{self, Place, Record, Time},
};

/// The surroundings of a stage.
#[derive(Debug)]
pub struct Context {
    /// Standard output.
    pub output: Output,
    /// Standard error.
    pub messages: Messages,
    /// Counts of telegrams, refusals and octets.
    pub tally: Tally,
    /// True once the stage has all that the run wants.
    pub done: bool,
    /// True while the input is a file, whose rest can wait.
    pub can_wait: bool,
    /// The first octets of inputs that end, and the first lines of their text.
    pub window: OctetWindow,
    text: OctetWindow,
    /// The same lines, and comments with octets, by their numbers.
    rows: Vec<(u64, Vec<u8>)>,
    /// The facts about that text.
    pub text_facts: TextFacts,
    /// True once the user was told why an input has nothing.
    is_told: bool,
    /// True once the user was told that the octets have another link layer than the chosen one.
    pub has_other_link: bool,
    /// The message about the telegram amid which the last text ended, until the next one goes on with it.
    cut_off: Option<String>,
    /// True once rows had another kind.
    has_other_rows: bool,
    /// True while nobody has been told of `meterpipe doctor`, and it may help.
    pub may_name_doctor: bool,
}

impl Context {
    /// The context of the subcommand `name`.
    #[must_use]
    pub fn new(name: &'static str, settings: impl Into<MessageSettings>) -> Self {
        Self::with(Output::stdout(), Messages::new(name, settings))
    }

    /// A context with this output and these messages.
    #[must_use]
    pub fn with(output: Output, messages: Messages) -> Self {
        let tally = Tally::default();
        let (window, text) = (OctetWindow::default(), OctetWindow::default());
        Self {
            output,
            messages,
            tally,
            done: false,
            can_wait: false,
            window,
            text,
            rows: Vec::new(),
            text_facts: TextFacts::default(),
            is_told: false,
            has_other_link: false,
            cut_off: None,
            has_other_rows: false,
            may_name_doctor: false,
        }
    }

    /// Notes if the run has as many telegrams as it wants.
    pub fn stop_at(&mut self, limit: Option<u64>) {
        self.done = limit.is_some_and(|limit| self.tally.telegrams >= limit);
    }

    /// True the first time, if the run may name `meterpipe doctor` to a user without readings.
    pub const fn names_doctor(&mut self) -> bool {
        core::mem::replace(&mut self.may_name_doctor, false)
    }

    /// Counts the octets of a record of an input that ends.
    pub fn note_input(&mut self, record: &Record<'_>) {
        self.tally.octets += record.octets.len() as u64;
        let marks = record.attributes.err.into_iter().flat_map(record::marks);
        self.window.push_first(record.octets, marks);
    }

    /// Takes note of a line of text: it may be that of another protocol.
    pub fn note_text(&mut self, number: u64, line: &[u8]) {
        self.text_facts.is_text = true;
        if self.text.has_room() {
            self.text.push_first(line, []);
            self.text.push_first(b"\n", []);
            self.note_row(number, line);
        }
    }

    /// Takes note of a line that may have octets, also of a comment.
    #[cold]
    pub fn note_row(&mut self, number: u64, line: &[u8]) {
        if self.text.has_room() && self.rows.len() < ROWS {
            self.rows.push((number, line.to_vec()));
        }
    }

    /// Takes note of a line of text without hex.
    pub fn note_prose(&mut self) {
        self.tally.prose += 1;
        self.text_facts.note_prose();
    }

    /// The reason to stop a run that has waited for a telegram this long in vain: with the cause that the user was
    /// told of, else as far as the octets of a line show it.
    #[must_use]
    pub fn late(
        &self,
        waited: Duration,
        window: &OctetWindow,
        view: &LineView,
        told: Option<&str>,
    ) -> Stop {
        let Stop::Failed(status, text) = self.tally.late(waited) else {
            return Stop::Done;
        };
        let other = link::other_link(window.octets(), view.links);
        let told = told.map(str::to_owned);
        let clause = match status {
            Status::Closed if self.blames_key(&window.facts()) => {
                let clause = self.closed_clause(window);
                return Stop::Failed(status, format!("{text} {clause}"));
            }
            // Telegrams came: damage alone tells why they no longer do.
            _ if self.tally.telegrams > 0 => {
                let facts = window.facts();
                let damaged = (facts.damaged() > 0).then(|| line_finding(&facts, view)).flatten();
                told.or_else(|| damaged.map(|found| found.clause()))
            }
            _ if told.is_none() && other.is_some() => {
                other.map(|other| format!("the octets are {}", link::clause(other)))
            }
            _ => {
                let facts = window.facts();
                let facts = if self.tally.unsound == 0 { facts.without_telegrams() } else { facts };
                let found = || line_finding(&facts, view).map(|found| found.clause());
                let unsupported = || self.messages.unsupported_clause();
                let clause = told.or_else(unsupported).or_else(found);
                match (window.total(), facts.frames) {
                    (0, _) | (_, 1..) => clause,
                    (octets, 0) => {
                        let clause = clause.unwrap_or_else(|| view.settings_hint().to_owned());
                        return Stop::Failed(
                            status,
                            format!(
                                "{text}, and no whole frame in {}; {clause}",
                                counted(octets, "octet")
                            ),
                        );
                    }
                }
            }
        };
        let clause = clause.map(|clause| format!("; {clause}")).unwrap_or_default();
        Stop::Failed(status, format!("{text}{clause}"))
    }

    /// The property that the telegrams that stay closed lack, and the advice.
    #[must_use]
    pub fn closed_clause(&self, window: &OctetWindow) -> String {
        let clause = self.messages.closed_clause();
        match self.messages.lacks_key() && key_facts::opens_with_example(window.octets()) {
            true => format!("{clause}; {}", published_example().hint()),
            false => clause,
        }
    }

    /// True if a key is to blame for telegrams that stay closed on a line with these facts: not where the key fits
    /// others, or where most of what was refused is damaged.
    #[must_use]
    pub fn blames_key(&self, facts: &LineFacts) -> bool {
        let Tally { closed, rejected, fits, .. } = self.tally;
        fits == 0 && closed > rejected - closed && !self.is_in_damaged_frames(facts)
    }

    /// True if all telegrams that stay closed are parts of damaged frames: no key is to blame.
    fn is_in_damaged_frames(&self, facts: &LineFacts) -> bool {
        facts.outnumbers(usize::try_from(self.tally.closed).unwrap_or(usize::MAX))
    }

    /// Says that a text begins or ends amid a telegram. The next text may go on with that.
    pub fn edge(&mut self, edge: TextEdge) {
        let cut_off = self.cut_off.take();
        let (part, text) = match &edge {
            TextEdge::GoesOn => return,
            TextEdge::Begins(part) => (part, BEGINS_AMID),
            TextEdge::Ends(part) => (part, ENDS_AMID),
        };
        self.messages.say_if(cut_off);
        let text = text.replace("{}", &counted(part.octets as u64, "octet").to_string());
        let message = self.messages.about_line(part.line, &text);
        match edge {
            TextEdge::Ends(_) => self.cut_off = Some(message),
            _ => self.messages.say(&message),
        }
    }

    /// Prints a line on standard output, at once.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn print(&mut self, text: &str) -> Result<(), Stop> {
        self.output.text.extend_from_slice(printable(text).as_bytes());
        self.output.text.push(b'\n');
        self.output.flush()
    }

    /// Counts and reports a refusal.
    pub fn refused(&mut self, refusal: &Refusal<'_>) {
        self.count(&refusal.error);
        if let (Layer::Hex | Layer::Record, Place::Line(line)) =
            (refusal.error.layer, refusal.place)
        {
            self.text_facts.note(line, &refusal.error);
        }
        let is_untitled = refusal.error.cause == Cause::KeyOrDamage && refusal.title.is_none();
        self.tally.untitled += u64::from(is_untitled);
        let (tally, rows) = (&self.tally, &self.rows);
        self.messages.refused(refusal, || beside(tally, rows));
    }

    /// Counts and reports a damaged line of text. Of rows of another kind the first one is reported.
    pub fn defect(&mut self, line: u64, error: &Error) {
        if matches!(error.cause, Cause::OtherRows { .. }) {
            self.is_told = true;
            if std::mem::replace(&mut self.has_other_rows, true) {
                return self.told(error);
            }
        }
        self.refused(&line_refusal(line, error));
    }

    /// The input at its end, with the facts about its octets, its telegrams, and the one that the end cuts off.
    #[must_use]
    pub fn ended<'a>(
        &self,
        line: &'a LineFacts,
        telegrams: usize,
        partial: Option<Error>,
    ) -> EndedInput<'a> {
        let text = self.text_facts;
        let lines = self.text.octets();
        // The lines of a readout are octets.
        let readings = readings(lines).or_else(|| readings(self.window.octets()));
        let protocol = match readings {
            None if is_portal_export(lines) => Some(ForeignProtocol::Form(unread::PORTAL_EXPORT)),
            None => foreign::recognise(lines),
            readings => readings.map(ForeignProtocol::Form),
        };
        let beside = beside(&self.tally, &self.rows);
        EndedInput { text, protocol, beside, line, octets: self.tally.octets, telegrams, partial }
    }

    /// Counts a damaged line of text that the user was told of.
    pub fn told(&mut self, error: &Error) {
        self.count(error);
        self.messages.told(error);
        self.is_told = true;
    }

    /// Counts octets that belong to no telegram.
    pub const fn noise(&mut self, octets: usize) {
        self.tally.noise += octets as u64;
    }

    fn count(&mut self, error: &Error) {
        self.tally.rejected += 1;
        self.tally.misfits += u64::from(error.cause == Cause::KeyOrDamage);
        self.tally.fits += u64::from(matches!(error.cause, Cause::KeyFits { .. } | Cause::Altered));
        match (error.layer, error.cause) {
            (_, cause) if cause.leaves_closed() => self.tally.closed += 1,
            (_, Cause::Sources { .. }) => self.tally.cut_off += 1,
            // A line of another kind holds no telegram.
            (
                _,
                Cause::NotReadings { .. }
                | Cause::NoTime
                | Cause::TimeForm
                | Cause::Interval { .. }
                | Cause::OtherRows { .. }
                | Cause::OutOfOrder { .. }
                | Cause::TimeTaken { .. }
                | Cause::ClockAhead { .. },
            ) => {}
            (Layer::Apdu | Layer::Axdr | Layer::Reading | Layer::Cipher, _) => {
                self.tally.unsound += 1;
                let is_broken_off = matches!(error.cause, Cause::CutOff { .. });
                self.tally.broken_off += u64::from(is_broken_off);
            }
            _ => {}
        }
    }

    /// Ends a run that only printed a text.
    pub fn finish_plain(mut self) -> Status {
        match self.output.finish() {
            Err(Stop::Failed(status, text)) => {
                self.messages.fail(&text);
                status
            }
            _ => Status::Fine,
        }
    }

    /// Ends a run that never had a stage.
    pub fn stop(self, stop: Stop) -> Status {
        self.finish(Err(stop), Ending::default())
    }

    /// Ends a run: writes the rest, prints the summary, and returns the exit status.
    pub fn finish(mut self, result: Result<(), Stop>, ending: Ending) -> Status {
        let interrupted = matches!(result, Err(Stop::Interrupted));
        let result = match result {
            Err(stop @ (Stop::ReaderGone | Stop::Failed(Status::Usage | Status::Output, _))) => {
                Err(stop)
            }
            // Text that was decoded is written, whatever ended the run.
            result => self.output.finish().and(result),
        };
        match result {
            Ok(()) | Err(Stop::Done | Stop::Interrupted) => {}
            // A reader that goes away is no failure; readings that a sink did not store are one.
            Err(Stop::ReaderGone) if ending.not_stored => return Status::Output,
            Err(Stop::ReaderGone) => return Status::Fine,
            Err(Stop::Failed(status, text)) => {
                self.messages.fail(&text);
                return status;
            }
        }
        let status = match self.tally.status() {
            _ if ending.not_stored => Status::Output,
            _ if interrupted => Status::Fine,
            status => status,
        };
        // Without a telegram the reason says so.
        self.messages.say_if(self.cut_off.take().filter(|_| status != Status::Nothing));
        if self.is_told && status == Status::Nothing {
            return status;
        }
        let reason = match status {
            Status::Nothing => {
                let facts = [&self.text, &self.window].map(OctetWindow::facts);
                // As frames of the chosen link layer these octets say nothing.
                let read_as = if self.has_other_link { &[][..] } else { &facts };
                Some(nothing(&self.tally, read_as, &self.ended(&facts[1], 0, ending.partial)))
            }
            Status::Closed => {
                let facts = self.window.facts();
                Some(match self.is_in_damaged_frames(&facts) {
                    true => in_damaged_frames(&facts, &self.ended(&facts, 0, ending.partial)),
                    false => self.closed(),
                })
            }
            _ => None,
        };
        self.messages.finish(&self.tally, status, reason.as_deref());
        status
    }

    /// The message of a run over a file in which no telegram could be opened.
    fn closed(&self) -> String {
        let text = closed(&self.tally, self.messages.wrong_key_hint());
        if self.tally.fits > 0 || !key_facts::opens_with_example(self.window.octets()) {
            return text;
        }
        let hint = published_example().hint();
        match self.messages.has_no_keys() {
            true => format!("no telegram could be opened: {hint}"),
            false => format!("{text}; {hint}"),
        }
    }
}

/// The state in which a stage ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ending {
    /// The telegram that the end of the input cut off.
    pub partial: Option<Error>,
    /// A sink or a recording did not store everything.
    pub not_stored: bool,
}

/// The refusal of a line of text.
#[must_use]
pub const fn line_refusal(line: u64, error: &Error) -> Refusal<'static> {
    let (place, time) = (Place::Line(line), Time::UNKNOWN);
    Refusal { place, time, from: None, title: None, counter: None, is_tagged: false, error: *error }
}

/// The text beside the hex digits of an input that brought no telegram.
fn beside(tally: &Tally, rows: &[(u64, Vec<u8>)]) -> Option<BesideDigits> {
    if tally.telegrams + tally.closed > 0 { None } else { beside_digits::proven(rows) }
}

/// The message of a run in which no telegram could be opened. One failure may be a damaged
/// telegram; several failures and nothing else mean the wrong key.
fn closed(tally: &Tally, advice: &str) -> String {
    let text = "no telegram could be opened";
    match tally.misfits {
        _ if tally.fits > 0 => {
            format!(
                "{text}: the key fits, and octets inside them are wrong; {}",
                Diagnosis::Checksum.hint()
            )
        }
        2.. if tally.misfits == tally.closed && tally.untitled == tally.closed => format!(
            "{text}: the key or the system title that was given does not fit; compare the title with \
             the meter's; {advice}"
        ),
        2.. if tally.misfits == tally.closed => format!("{text}: the key does not fit; {advice}"),
        _ => text.to_owned(),
    }
}

/// The same of telegrams that are parts of damaged frames.
fn in_damaged_frames(facts: &LineFacts, input: &EndedInput<'_>) -> String {
    let found = line_finding(facts, &LineView::default()).map(|found| input.finding(found));
    let clause = found.map(|found| format!("; {}", found.clause())).unwrap_or_default();
    format!("no telegram could be opened{clause}")
}

fn nothing(tally: &Tally, facts: &[LineFacts], input: &EndedInput<'_>) -> String {
    let mut text = match (tally.octets, tally.prose) {
        (0, 1..) => {
            let lines = counted(tally.prose, "line");
            format!("no telegram found in {lines} of text without hex")
        }
        (octets, _) => format!("no telegram found in {}", counted(octets, "octet")),
    };
    // A file may hold anything: only a cause that its octets show is told.
    let view = LineView::default();
    let mut found = facts.iter().filter_map(|facts| line_finding(facts, &view));
    let is_told = |found: &Finding| {
        TOLD_OF_FILES.contains(&found.diagnosis)
            && !found.protocol.is_some_and(ForeignProtocol::is_text)
    };
    let found = found.find(is_told);
    // The text may be of another kind, or in a form that is not read, whatever digits stand in it.
    let is_form = matches!(input.protocol, Some(ForeignProtocol::Form(_)))
        || input.text.is_text && tally.octets > 0;
    let found = found.or_else(|| is_form.then(|| Finding::new(Diagnosis::Noise)));
    let told = found.map(|found| input.finding(found));
    // The text of another protocol may begin as a telegram does, and the message says once that the end cuts one off.
    let is_foreign = told.as_ref().is_some_and(|found| found.protocol.is_some());
    let is_slip = input.text.first.is_some();
    let partial = input.partial.filter(|_| !is_foreign && !is_slip);
    if let Some(error) = partial {
        text.push_str(&format!("; at the end, {error}"));
    }
    if let Some(found) = told {
        let is_cut_off = partial.is_some_and(|it| {
            matches!(it.cause, Cause::LastSegmentMissing { .. } | Cause::LastBlockMissing { .. })
        });
        let clause = if is_cut_off { found.hint().to_owned() } else { found.clause() };
        text.push_str(&format!("; {clause}"));
    }
    text
}

/// The name of the readings that a text begins with.
fn readings(text: &[u8]) -> Option<&'static str> {
    let lines = text.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end);
    let mut lines = lines.skip_while(|line| line.is_empty());
    let (first, second) = (lines.next()?, lines.next().unwrap_or_default());
    if first.starts_with(b"{\"schema\":") {
        return Some(unread::READINGS);
    }
    // A time may stand in front of hex too, a readout after a request in front of that of a meter, and XML may
    // hold telegrams.
    let is_ours = match first.first() {
        Some(b'{' | b'<') | None => false,
        Some(b'/') => text.trim_ascii_start().starts_with(SOLARVIEW),
        Some(b'0'..=b'9') | Some(b'n') if !first.contains(&b'\t') => second.starts_with(b"  "),
        Some(_) => !is_sentence(first),
    };
    (is_ours && own_output::kind(first).is_some()).then_some(unread::READINGS_FOR_OTHERS)
}

/// The first lines of the format solarview.
const SOLARVIEW: &[u8] = b"/?!\n/KAIFA\n";

/// True for words that may speak of a reading, and are neither names of columns nor a point of InfluxDB.
fn is_sentence(line: &[u8]) -> bool {
    let is_known = [&b"smartmeter_"[..], b"smartmeter,", b"start  "];
    let is_known = is_known.iter().any(|it| line.starts_with(it));
    let words = line.split(|octet| *octet == b' ').filter(|word| !word.is_empty());
    let are_values = words.clone().any(|word| memchr::memmem::find(word, b"_wh=").is_some())
        || words.clone().any(|word| memchr::memmem::find(word, b"_w=").is_some());
    words.count() > 1 && !is_known && !are_values
}

/// True for the export of an operator's portal, whose columns have names at the top, and energies below.
fn is_portal_export(text: &[u8]) -> bool {
    let rows = text.split(|octet| *octet == b'\n').map(String::from_utf8_lossy);
    let rows = rows.filter(|row| !row.trim().is_empty());
    let rows: Vec<_> = rows.take(FIRST_ROWS + ROWS_BELOW).collect();
    [';', ',', '\t'].into_iter().any(|separator| {
        let cells = |row: &str| -> Vec<String> {
            row.split(separator).map(|cell| cell.trim().trim_matches('"').to_owned()).collect()
        };
        rows.iter().take(FIRST_ROWS).enumerate().any(|(at, row)| {
            let names = cells(row);
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let columns = header::columns(&names);
            let begins_with_digit = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
            let has_energy = |row: &str| {
                let row = cells(row);
                columns.iter().any(|it| row.get(it.value).is_some_and(begins_with_digit))
            };
            let mut below = rows.iter().skip(at + 1).take(ROWS_BELOW);
            !columns.is_empty() && (at + 1 == rows.len() || below.any(|row| has_energy(row)))
        })
    })
}

/// The text about a telegram whose first, or last, octets are missing, with the number of them.
const BEGINS_AMID: &str = "the text begins amid a telegram, {} of which are lost; if it should not, a row in front of \
    them is missing or cannot be read";
const ENDS_AMID: &str = "the text ends amid the telegram that begins here, {} of which are lost; if it should not, a \
    row behind them is missing or cannot be read";

/// The most rows that are kept: they show how a text is written.
const ROWS: usize = 1000;

/// The rows below the names among which one has values; units may stand above it.
const ROWS_BELOW: usize = 3;

/// The lines up to the names, with those about the customer.
const FIRST_ROWS: usize = 20;

/// Causes that the octets of a file show beyond doubt.
const TOLD_OF_FILES: [Diagnosis; 7] = [
    Diagnosis::OtherProtocol,
    Diagnosis::OctetsLost,
    Diagnosis::Constant,
    Diagnosis::Half,
    Diagnosis::Parity,
    Diagnosis::Checksum,
    Diagnosis::HdlcDamaged,
];
