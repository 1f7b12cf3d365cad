//! A source under a name chosen by the user.

use crate::source::{Burst, OpenError, Source, SourceEvent, SourceLine, event::CurrentLine};

/// Gives `source` that name.
pub fn named(name: String, source: Box<dyn Source>) -> Box<dyn Source> {
    Box::new(NamedSource { name, source })
}

struct NamedSource {
    name: String,
    source: Box<dyn Source>,
}

impl Source for NamedSource {
    fn name(&self) -> &str {
        &self.name
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
