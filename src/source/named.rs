//! A source under the name that its user gave it.

use crate::source::{Burst, Event, OpenError, Source};

/// The source, under that name.
#[must_use]
pub fn named(name: String, source: Box<dyn Source>) -> Box<dyn Source> {
    Box::new(Named { name, source })
}

struct Named {
    name: String,
    source: Box<dyn Source>,
}

impl Source for Named {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&mut self, burst: &mut Burst) -> Result<Event, OpenError> {
        self.source.read(burst)
    }

    fn frames_seen(&mut self, frames: usize) {
        self.source.frames_seen(frames);
    }
}
