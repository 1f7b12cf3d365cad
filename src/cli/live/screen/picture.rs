//! The state that the view draws, and the size it draws it in.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use crate::cli::{
    live::screen::{
        ink::{Glyphs, ScreenInk},
        live_meter::LiveMeter,
    },
    run::message_format::Severity,
};

/// From this width on, the values stand beside the rest.
pub const WIDE: usize = 100;

/// A terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize {
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Its signs.
    pub glyphs: Glyphs,
}

/// The choice of the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScreenPage {
    /// Everything that fits.
    #[default]
    Overview,
    /// All values, from this one on.
    Values(usize),
    /// The keys, from this line on.
    Help(usize),
}

/// A message on the screen.
#[derive(Clone, Debug)]
pub struct ScreenMessage {
    /// How bad it is.
    pub severity: Severity,
    /// The local time.
    pub time: String,
    /// The text.
    pub text: String,
}

/// A meter and its line.
#[derive(Clone, Debug)]
pub struct MeterPicture {
    /// The meter.
    pub meter: Rc<LiveMeter>,
    /// The quality of its line.
    pub quality: (ScreenInk, String),
}

/// All that is drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The local time.
    pub clock: String,
    /// The time at which it is drawn.
    pub now: Instant,
    /// The meters.
    pub meters: Vec<MeterPicture>,
    /// The one that is shown in full.
    pub chosen: usize,
    /// The page.
    pub page: ScreenPage,
    /// True if the values stand still.
    pub paused: bool,
    /// True if keys are read.
    pub has_keys: bool,
    /// The messages, the latest one last.
    pub messages: Vec<ScreenMessage>,
    /// The names of the sources.
    pub sources: Vec<String>,
    /// The sources that have brought no telegram, and the quality of their lines.
    pub unread: Vec<(String, (ScreenInk, String))>,
    /// The counts of octets and refusals.
    pub counts: String,
    /// How long the run has waited for its first telegram.
    pub waited: Duration,
}

/// Rows that are not given away yet.
pub struct FreeRows(pub usize);

impl FreeRows {
    /// As many of the wanted rows as are left.
    pub fn take(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.0);
        self.0 -= taken;
        taken
    }
}
