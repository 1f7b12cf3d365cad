//! A live source, listened to until its examination is over.

use std::{sync::mpsc, time::Duration};

use crate::cli::{
    commands::doctor::examination::{Examination, LONGEST_PUSH},
    live::event_loop,
    run::{
        context::Context,
        messages::Verbosity,
        stage::Stage,
        status::{Status, Stop},
    },
    setup::shared_args::UntilArgs,
};
use meterpipe::{
    record::{self, Attributes, Place, Record, RecordKind},
    source::{Burst, OpenError, Source, SourceEvent, SourceLine, event::CurrentLine},
};

/// Listens to a source until its examination is over.
pub fn listen(
    mut source: Box<dyn Source>,
    time: Duration,
    examination: &mut Examination,
) -> Result<Result<(), OpenError>, Stop> {
    let until = UntilArgs { timeout: Some(time + LONGEST_PUSH), ..UntilArgs::default() };
    let mut context = quiet();
    // The first read opens the source, and tells why that fails.
    let from = record::escape(source.name());
    let mut burst = Burst::default();
    match source.read(&mut burst) {
        Err(error) => return Ok(Err(error)),
        Ok(SourceEvent::Octets) => {
            examination.start_live();
            let err = record::err(burst.marks.iter().copied());
            let err = (!err.is_empty()).then_some(err.as_str());
            let attributes = Attributes { from: Some(&from), err, ..Attributes::default() };
            let (time, kind, octets) = (burst.time, RecordKind::Raw, &*burst.octets);
            let record = Record { time, kind, octets, attributes };
            examination.feed(&record, Place::Live, &mut context);
        }
        Ok(_) => {}
    }
    match event_loop::run(vec![source], &until, examination, &mut context) {
        Err(Stop::Failed(Status::Source, why)) => {
            Ok(Err(OpenError::Lost { name: String::new(), reason: why }))
        }
        ended => go_on(ended).map(Ok),
    }
}

/// The end of an examination is none of the command.
pub fn go_on(ended: Result<(), Stop>) -> Result<(), Stop> {
    match ended {
        Ok(()) | Err(Stop::Done | Stop::Failed(Status::Nothing | Status::Closed, _)) => Ok(()),
        Err(stop) => Err(stop),
    }
}

/// A context whose messages nobody needs: the report says it all.
pub fn quiet() -> Context {
    Context::new("doctor", Verbosity::Quiet)
}

/// A source that tells when it is closed: the thread that reads it may end a second after the examination.
pub struct ClosingSource {
    source: Box<dyn Source>,
    /// Dropped behind the source.
    _closed: mpsc::Sender<()>,
}

/// The end of a [`ClosingSource`].
#[derive(Debug, Default)]
pub struct Closing(Option<mpsc::Receiver<()>>);

impl ClosingSource {
    /// The source, and its end.
    pub fn wrap(source: Box<dyn Source>) -> (Box<dyn Source>, Closing) {
        let (sender, receiver) = mpsc::channel();
        (Box::new(Self { source, _closed: sender }), Closing(Some(receiver)))
    }
}

impl Closing {
    /// Waits until the source is closed.
    pub fn wait(&mut self) {
        // A read lasts a second at most; a system that hangs must not hold up the answer.
        let _ = self.0.take().map(|closed| closed.recv_timeout(LONGEST_CLOSING));
    }
}

const LONGEST_CLOSING: Duration = Duration::from_secs(3);

impl Source for ClosingSource {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn read(&mut self, burst: &mut Burst) -> Result<SourceEvent, OpenError> {
        self.source.read(burst)
    }

    fn line(&self) -> SourceLine {
        self.source.line()
    }

    fn frames_seen(&mut self, frames: usize) {
        self.source.frames_seen(frames);
    }

    fn current_line(&self) -> Option<CurrentLine> {
        self.source.current_line()
    }
}
