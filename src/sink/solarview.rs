//! `solarview:FILE`: the energy registers as Solarview reads them, written anew for each telegram.
//!
//! | key | what |
//! |---|---|
//! | `fields` | these registers instead of 1.8.0 and 2.8.0 |
//! | `units` | other units than kWh and W, as in `units.power=kW` |
//! | `style` | `d0`: as IEC 62056-21 has it, for other readers than Solarview |
//!
//! FILE may hold `{meter}`: then each meter has its own, and else one does. A register that a telegram does not have has
//! no line, and without any the file stays as it is.

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

/// Reads what the user says about it.
///
/// # Errors
/// What cannot be meant.
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
