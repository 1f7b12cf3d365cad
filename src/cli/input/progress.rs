//! The progress bar of a run over a long file, on a terminal.

use std::{io::IsTerminal, os::fd::BorrowedFd};

use indicatif::{ProgressBar, ProgressStyle};
use rustix::fs::FileType;

/// Files below this size are read before a bar could be seen.
const LONG: u64 = 32 * 1024 * 1024;

/// A bar on standard error, or nothing.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// The bar of an input that is about to be read.
    #[must_use]
    pub fn of(file: BorrowedFd<'_>) -> Self {
        let size = rustix::fs::fstat(file)
            .ok()
            .filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
            .and_then(|stat| u64::try_from(stat.st_size).ok())
            .filter(|size| *size >= LONG);
        // A bar would be in the way of readings that scroll by.
        let visible = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        Self(size.filter(|_| visible).map(|size| {
            let bar = ProgressBar::new(size);
            let style = "{bar:30} {bytes} of {total_bytes}, {eta} left";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        }))
    }

    /// Moves the bar on by so many octets.
    pub fn advance(&self, octets: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(octets as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
