//! Events of a source, for the tests of sources.

use std::time::{Duration, Instant};

use meterpipe::source::{Burst, OpenError, Source, SourceEvent};

/// The next event that is not `Quiet`.
pub fn try_next(source: &mut dyn Source, burst: &mut Burst) -> Result<SourceEvent, OpenError> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        match source.read(burst) {
            Ok(SourceEvent::Quiet) => {}
            other => return other,
        }
    }
    panic!("nothing happened")
}

/// The same where no error may come.
pub fn next(source: &mut dyn Source, burst: &mut Burst) -> SourceEvent {
    try_next(source, burst).unwrap()
}
