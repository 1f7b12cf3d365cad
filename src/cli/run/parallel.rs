//! The stage that decodes files with several threads.
//!
//! ```text
//! main thread   unframe, choose the key ─► batch ─┬──────────────► emit in order
//! worker                                          ├─► read batch ─►
//! worker                                          └─► read batch ─►
//! ```
//!
//! The main thread does all work that depends on earlier input: framing, reassembly, the choice of
//! a key, messages, counts. Workers do the rest: they decipher with the chosen key, read A-XDR and
//! write text. An APDU that a worker cannot read goes the careful way: the main thread reads it, in
//! its turn, as a run with one thread would. Standard output and standard error are therefore each
//! the same as with one thread.
//!
//! While the workers have enough to do, the main thread reads a batch itself.

use std::{
    collections::VecDeque,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender, SyncSender, TrySendError},
    },
    thread,
};

use jiff::tz::TimeZone;
use rustix::fs::FileType;

use crate::cli::run::{
    batch::{Batch, BatchReader, BatchResult},
    context::Context,
    decoder::{ChainSettings, Decoder, TextOutput, report_notes},
    events,
    stage::{Stage, Task},
    telegram_messages::TelegramMessages,
};
use meterpipe::{
    chain::{
        decode::{DecodeEvent, Telegrams},
        decrypt::Decrypt,
        event::{Refusal, StageEvent},
        unframe::Unframe,
    },
    error::Error,
    format::entry::{Format, OutputTelegram},
    reading::family::MeterFamilies,
    record::{Place, Record, RecordKind},
};

/// The number of threads, and the work that they share.
#[derive(Clone, Copy, Debug)]
pub struct Jobs {
    /// Threads, the main thread among them.
    pub count: usize,
    /// The items of a batch.
    pub batch: usize,
    /// The least size of all files together that is worth several threads.
    pub least: u64,
}

impl Jobs {
    /// As many threads as the user says, else as there are cores.
    pub fn new(count: Option<NonZero<usize>>) -> Self {
        let count = count.or_else(|| thread::available_parallelism().ok());
        Self { count: count.map_or(1, NonZero::get), batch: 128, least: 512 * 1024 }
    }

    /// True for regular files that are worth several threads. Anything else may be live.
    fn fit(&self, files: &[PathBuf]) -> bool {
        let stdin = [PathBuf::from("-")];
        let files = if files.is_empty() { &stdin } else { files };
        let size = files.iter().try_fold(0u64, |sum, path| Some(sum.saturating_add(size(path)?)));
        self.count > 1 && size.is_some_and(|size| size >= self.least)
    }
}

/// The size of a regular file, 0 for a file that cannot be read; nothing for a pipe or a device.
fn size(path: &Path) -> Option<u64> {
    let about = match path == Path::new("-") {
        true => rustix::fs::fstat(rustix::stdio::stdin()),
        false => rustix::fs::stat(path),
    };
    match about {
        Ok(about) if FileType::from_raw_mode(about.st_mode) == FileType::RegularFile => {
            u64::try_from(about.st_size).ok()
        }
        Ok(_) => None,
        Err(_) => Some(0),
    }
}

/// The stage that decodes `files` to text, up to `limit` telegrams: with several threads where they
/// are of use.
pub fn text_decoder(
    decrypt: Decrypt,
    settings: ChainSettings,
    format: Box<dyn Format>,
    zone: TimeZone,
    limit: Option<u64>,
    (jobs, files): (Jobs, &[PathBuf]),
    context: &mut Context,
) -> Box<dyn Stage> {
    if limit.is_none() && !format.is_snapshot() && jobs.fit(files) {
        return Box::new(ParallelDecoder::start(decrypt, settings, format, zone, jobs, context));
    }
    let text = TextOutput::start(format, context);
    Box::new(Decoder::new(decrypt, settings, zone, limit, vec![Box::new(text)]))
}

/// The stage.
pub struct ParallelDecoder {
    unframe: Unframe,
    emitter: Emitter,
}

/// Everything behind the unframing.
struct Emitter {
    telegrams: Telegrams,
    families: MeterFamilies,
    remarks: TelegramMessages,
    format: Box<dyn Format>,
    zone: TimeZone,
    jobs: Jobs,
    /// The workers, once there has been a telegram.
    workers: Option<Workers>,
    /// The batch that is being filled.
    batch: Batch,
    /// Full batches in order.
    pending: VecDeque<Pending>,
    spare: Vec<Batch>,
}

/// A full batch.
enum Pending {
    Sent(Receiver<Batch>),
    Read(Batch),
}

impl ParallelDecoder {
    fn start(
        decrypt: Decrypt,
        ChainSettings { families, links }: ChainSettings,
        mut format: Box<dyn Format>,
        zone: TimeZone,
        jobs: Jobs,
        context: &mut Context,
    ) -> Self {
        format.start(&mut context.output.text);
        let (telegrams, batch) =
            (Telegrams::new(decrypt).with_families(families), Batch::default());
        let (workers, pending, spare) = (None, VecDeque::new(), Vec::new());
        let remarks = TelegramMessages::default();
        let emitter = Emitter {
            telegrams,
            families,
            remarks,
            format,
            zone,
            jobs,
            workers,
            batch,
            pending,
            spare,
        };
        Self { unframe: Unframe::with(links), emitter }
    }
}

impl Task for ParallelDecoder {}

impl Stage for ParallelDecoder {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        let Self { unframe, emitter } = self;
        unframe.feed(record, place, &mut |event: StageEvent<'_>| emitter.take(&event, context));
    }

    fn end(&mut self, context: &mut Context) {
        let Self { unframe, emitter } = self;
        unframe.end(&mut |event: StageEvent<'_>| emitter.take(&event, context));
        emitter.settle(context);
    }

    fn refused(&mut self, refusal: &Refusal<'_>, context: &mut Context) {
        self.emitter.take(&StageEvent::Refused(*refusal), context);
    }

    fn remark(&mut self, text: &str, context: &mut Context) {
        self.emitter.batch.push_remark(text);
        self.emitter.send_if_full(context);
    }

    fn settle(&mut self, context: &mut Context) {
        self.emitter.settle(context);
    }

    fn frames(&self) -> u64 {
        self.unframe.frames()
    }

    fn partial(&self) -> Option<Error> {
        self.unframe.partial()
    }

    fn finish(&mut self, context: &mut Context) -> bool {
        self.emitter.settle(context);
        self.emitter.remarks.report_vain(self.emitter.families, true, context);
        self.emitter.format.end(&mut context.output.text);
        report_notes(self.emitter.format.as_mut(), context);
        self.emitter.format.is_complete()
    }
}

impl Emitter {
    fn take(&mut self, event: &StageEvent<'_>, context: &mut Context) {
        match event {
            StageEvent::Record(record, place) if record.kind == RecordKind::Apdu => {
                let chosen = self.telegrams.decrypt().chosen(record);
                self.batch.push_apdu(record, *place, chosen);
            }
            // A kind that only a later version knows is for the stages behind this one.
            StageEvent::Record(..) => return,
            StageEvent::Refused(refusal) => self.batch.push_refused(refusal),
            StageEvent::Noise(octets) => return context.noise(*octets),
            StageEvent::Unverified(title) => return events::unverified(*title, context),
            StageEvent::Sorted(_) => return,
            StageEvent::Unchecked => return events::unchecked(context),
            StageEvent::Edge(edge) => {
                self.settle(context);
                return context.edge(*edge);
            }
        }
        self.send_if_full(context);
    }

    /// Sends a full batch. Until the first telegram every item is a batch: the workers' formats go
    /// on from the one that has written it.
    fn send_if_full(&mut self, context: &mut Context) {
        if self.workers.is_none() {
            self.settle(context);
            if context.tally.telegrams > 0 {
                self.workers = Some(Workers::start(self));
            }
        } else if self.batch.len() >= self.jobs.batch {
            self.send();
            self.emit_oldest(context);
        }
    }

    fn send(&mut self) {
        let next = self.spare.pop().unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, next);
        let pending = match &mut self.workers {
            Some(workers) => workers.send(batch),
            None => Pending::Read(batch),
        };
        self.pending.push_back(pending);
    }

    /// Emits the oldest batch once enough newer ones are pending. Their number is fixed, so that
    /// text and messages of one input come in the same order in every run.
    fn emit_oldest(&mut self, context: &mut Context) {
        if self.pending.len() > 3 * self.jobs.count {
            self.emit_next(context);
        }
    }

    /// Emits the next batch, after a wait for its worker; false if none is pending.
    fn emit_next(&mut self, context: &mut Context) -> bool {
        let Some(next) = self.pending.pop_front() else {
            return false;
        };
        let batch = match next {
            Pending::Read(batch) => batch,
            // A worker ends only with the process.
            Pending::Sent(batch) => batch.recv().unwrap_or_default(),
        };
        self.emit(batch, context);
        true
    }

    /// Emits everything so far.
    fn settle(&mut self, context: &mut Context) {
        if self.batch.len() > 0 {
            let next = self.spare.pop().unwrap_or_default();
            self.pending.push_back(Pending::Read(std::mem::replace(&mut self.batch, next)));
        }
        while self.emit_next(context) {}
    }

    fn emit(&mut self, mut batch: Batch, context: &mut Context) {
        // Texts that follow each other are written as one.
        let mut text = 0..0;
        batch.results(|result| {
            if let BatchResult::Apdu(_, _, chosen, Some(end)) = result
                && self.telegrams.decrypt().is_current(chosen)
            {
                #[cfg(test)]
                TAKEN.set(TAKEN.get() + 1);
                context.tally.telegrams += 1;
                text.end = end;
                return;
            }
            context.output.append(batch.text(text.clone()));
            text = text.end..text.end;
            match result {
                BatchResult::Refused(refusal) => context.refused(refusal),
                BatchResult::Remark(text) => context.messages.say(text),
                BatchResult::Apdu(record, place, _, outdated) => {
                    // Its text was made with a choice of keys that has changed since.
                    if let Some(end) = outdated {
                        text = end..end;
                    }
                    self.read(record, place, context);
                }
            }
        });
        context.output.append(batch.text(text));
        batch.clear();
        self.spare.push(batch);
    }

    /// Reads an APDU the careful way.
    fn read(&mut self, record: Record<'_>, place: Place, context: &mut Context) {
        let Self { telegrams, remarks, format, zone, .. } = self;
        telegrams.feed(StageEvent::Record(record, place), &mut |event| match event {
            DecodeEvent::Telegram { telegram, record, .. } => {
                let (received, attributes) = (record.time, record.attributes);
                let telegram = OutputTelegram { telegram, zone, received, attributes };
                context.tally.telegrams += 1;
                remarks.report(&telegram, context);
                format.entry(&telegram, &mut context.output.text);
                report_notes(format.as_mut(), context);
            }
            event => events::of_chain(&event, context),
        });
    }
}

/// The threads that read batches.
struct Workers {
    queue: SyncSender<(Batch, Sender<Batch>)>,
    /// The reader of the main thread.
    own: BatchReader,
}

impl Workers {
    /// Starts them, or as many as the system allows; without any, the main thread reads all
    /// batches.
    fn start(emitter: &Emitter) -> Self {
        let reader = || {
            let format = emitter.format.for_worker();
            BatchReader::new(emitter.telegrams.reopen(), format, emitter.zone.clone())
        };
        let count = emitter.jobs.count.saturating_sub(1);
        // Four batches wait for each worker. With fewer, workers fall asleep, and to wake one costs
        // as much as to read dozens of telegrams.
        let (queue, batches) = mpsc::sync_channel(2 * count);
        let batches = Arc::new(Mutex::new(batches));
        for _ in 0..count {
            let (mut reader, batches) = (reader(), batches.clone());
            let thread = thread::Builder::new().name("worker".to_owned());
            if thread.spawn(move || read_batches(&mut reader, &batches)).is_err() {
                break;
            }
        }
        Self { queue, own: reader() }
    }

    /// Gives a batch to the workers; if they have enough to do, or none is there, it is read here.
    fn send(&mut self, batch: Batch) -> Pending {
        let (sender, receiver) = mpsc::channel();
        match self.queue.try_send((batch, sender)) {
            Ok(()) => Pending::Sent(receiver),
            Err(
                TrySendError::Full((mut batch, _)) | TrySendError::Disconnected((mut batch, _)),
            ) => {
                self.own.read(&mut batch);
                Pending::Read(batch)
            }
        }
    }
}

/// Reads batches until the queue is closed.
fn read_batches(reader: &mut BatchReader, batches: &Mutex<Receiver<(Batch, Sender<Batch>)>>) {
    let next = || batches.lock().ok()?.recv().ok();
    while let Some((mut batch, done)) = next() {
        reader.read(&mut batch);
        let _ = done.send(batch);
    }
}

#[cfg(test)]
thread_local! {
    /// The telegrams that were read by workers, or in batches by the main thread.
    pub static TAKEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}
