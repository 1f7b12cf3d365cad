//! Labels below bars: all of them, or every second one and so on, so that they stand apart and none is missing.

use jiff::tz::TimeZone;

use crate::picture::{
    language::{PictureLanguage, local},
    palette::Ink,
    scene::{Anchor, PictureSize, Scene, text_width},
};

/// The room between two labels.
const BETWEEN: i64 = 60;

/// The height of a line.
const LINE: i64 = 180;

/// The lines below each bar of a picture, whose bars are equally wide.
#[derive(Debug, Default)]
pub struct BarLabels {
    lines: Vec<Vec<String>>,
}

impl BarLabels {
    /// Labels of the longest form that all bars have room for, else of the last form.
    #[must_use]
    pub fn fitting(forms: impl IntoIterator<Item = Vec<Vec<String>>>, slot: i64) -> Self {
        let mut chosen = Self::default();
        for lines in forms {
            chosen = Self { lines };
            if chosen.widest() + BETWEEN <= slot {
                break;
            }
        }
        chosen
    }

    /// The longest line.
    fn widest(&self) -> i64 {
        self.lines.iter().flatten().map(|line| text_width(line)).max().unwrap_or(0)
    }

    /// Draws them from a base line downwards.
    pub fn draw(&self, scene: &mut Scene, y: i64, slot: impl Fn(usize) -> (i64, i64)) {
        let (x, end) = slot(0);
        let room = (end - x).max(1);
        let every = usize::try_from((self.widest() + BETWEEN + room - 1) / room).unwrap_or(1);
        for (place, lines) in self.lines.iter().enumerate().step_by(every.max(1)) {
            let (x, end) = slot(place);
            // A label of the last bars may be wider than its bar.
            let widest = lines.iter().map(|line| text_width(line)).max().unwrap_or(0);
            let half = widest / 2;
            let middle = ((x + end) / 2).max(half).min(scene.size.0 - half);
            for (line, text) in (0..).zip(lines) {
                let ink = if line == 0 { Ink::Text } else { Ink::Faint };
                scene.label(ink, (middle, y + line * LINE), Anchor::Middle, text);
            }
        }
    }
}

/// The names of months in two forms: with the year, and with the year below the first month of a year.
#[must_use]
pub fn months(
    starts: &[i64],
    zone: &TimeZone,
    size: PictureSize,
    language: PictureLanguage,
) -> [Vec<Vec<String>>; 2] {
    let at = || starts.iter().map(|start| local(*start, zone));
    let long = at().map(|at| vec![language.month_of_year(at)]).collect();
    // Where some labels are left out, that with the year may be among them: then each has it.
    let slot = size.plot() / i64::try_from(starts.len()).unwrap_or(i64::MAX).max(1);
    let has_all = slot >= text_width("Juni") + BETWEEN;
    let mut known = None;
    let short = at().map(|at| {
        let is_new = known.replace(at.year()) != Some(at.year());
        let year = (is_new || !has_all).then(|| at.year().to_string());
        [language.month(at).to_owned()].into_iter().chain(year).collect()
    });
    [long, short.collect()]
}
