//! `solarview:FILE`: the energy registers in Solarview's format, rewritten for each telegram.
//!
//! | key | meaning |
//! |---|---|
//! | `fields` | these registers instead of 1.8.0 and 2.8.0 |
//! | `units` | other units than kWh and W, such as `units.power=kW` |
//! | `style` | `d0`: strictly by IEC 62056-21, for other readers than Solarview |
//!
//! If FILE contains `{meter}`, each meter has its own file; otherwise only one meter is shown. A
//! register
//! that a telegram lacks has no line, and a telegram without any leaves the file as it is.

use std::{path::PathBuf, sync::Arc};

use crate::{
    format::{
        readings::Readings,
        solarview::{Solarview, Style},
        usage::Usage,
    },
    sink::{
        files::{
            path_template::{PathTemplate, printable_path},
            snapshot::{Pages, SnapshotSink},
        },
        settings::SinkSettings,
        single_meter::SingleMeter,
        traits::Sink,
    },
};

/// Builds the sink from its settings.
///
/// # Errors
/// Invalid values.
pub fn new(settings: &mut SinkSettings) -> Result<Box<dyn Sink>, Usage> {
    let path_template = PathTemplate::of(settings)?;
    let style = match settings.take("style").as_deref() {
        None | Some("solarview") => Style::Solarview,
        Some("d0") => Style::Strict,
        Some(_) => return Err(Usage("style: solarview or d0 expected".to_owned())),
    };
    let projection = settings.take_view()?;
    if !projection.names.is_empty() {
        return Err(Usage("solarview: a register has no other name than its code".to_owned()));
    }
    let format = Solarview::new(projection.keys.as_deref(), projection.units, style)?;
    let (single_meter, changed, notes) = (SingleMeter::default(), Vec::new(), Vec::new());
    Ok(Box::new(SnapshotSink(SolarviewFiles {
        path_template,
        single_meter,
        format,
        changed,
        notes,
    })))
}

struct SolarviewFiles {
    path_template: PathTemplate,
    single_meter: SingleMeter,
    format: Solarview,
    /// The latest page of each file that does not show it yet.
    changed: Vec<(PathBuf, Vec<u8>)>,
    notes: Vec<String>,
}

impl Pages for SolarviewFiles {
    fn take(&mut self, readings: Arc<Readings>) {
        if !self.path_template.is_by_meter() && !self.single_meter.takes(&readings) {
            let path = printable_path(&self.path_template.path(&readings));
            return self.notes.extend(self.single_meter.note(&path, &readings));
        }
        let mut text = Vec::new();
        self.format.readings(&readings, &mut text);
        if !text.is_empty() {
            let path = self.path_template.path(&readings);
            self.changed.retain(|(changed, _)| *changed != path);
            self.changed.push((path, text));
        }
    }

    fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn pages(&mut self) -> Vec<(PathBuf, Vec<u8>)> {
        std::mem::take(&mut self.changed)
    }
}
