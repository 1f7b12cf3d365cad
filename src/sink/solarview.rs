//! `solarview:FILE`: the energy registers as Solarview reads them, written anew for each telegram.
//!
//! The keys are in [`SOLARVIEW`].
//!
//! FILE may hold `{meter}`: then each meter has its own, and else one does. A register that a telegram does not have has
//! no line, and without any the file stays as it is.

use std::{path::PathBuf, sync::Arc};

use crate::{
    format::{
        readings::Readings,
        solarview::{Solarview, Style},
    },
    sink::{
        files::{
            place::{FilePlace, named},
            snapshot::{Pages, SnapshotSink},
        },
        kind::{BuildContext, SinkEnvironment, SinkKind, SinkScheme, TargetForm},
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
        },
        single_meter::SingleMeter,
        traits::Sink,
    },
};

/// The description of the sink.
pub const SOLARVIEW: SinkKind = SinkKind {
    title: "SOLARVIEW",
    schemes: &[SinkScheme {
        name: "solarview",
        form: TargetForm::File,
        example: "solarview:FILE",
        help: "the energy registers as Solarview reads them",
    }],
    about: "Each telegram replaces FILE in one step. FILE may hold `{meter}`. Without `fields` the file \
            has the registers 1.8.0 and 2.8.0, in kWh and W.",
    keys: &[KEYS],
    notes: "With each telegram this file, and that of `prometheus:FILE`, is written to the disk. On a \
            memory card, `every` spares it, or a FILE in `/run`.",
    environment: SinkEnvironment::KEYS_ONLY,
    build: new,
};

const KEYS: &[SettingKey] = &[SettingKey::new(
    "style",
    SettingType::Choice(&["solarview", "d0"]),
    "`d0` is for readers that take IEC 62056-21 at its word.",
)
.or("solarview")];

/// Reads the settings.
///
/// # Errors
/// A setting that cannot be meant.
fn new(settings: &mut SinkSettings, _: &BuildContext<'_>) -> Result<Box<dyn Sink>, SettingError> {
    let place = FilePlace::of(settings)?;
    let style = match settings.take_choice("style")? {
        Some("d0") => Style::Strict,
        _ => Style::Solarview,
    };
    let projection = settings.take_projection()?;
    if !projection.names.is_empty() {
        let message = "solarview: a register has no other name than its code";
        return Err(SettingError::new(message));
    }
    let format = Solarview::new(projection.keys.as_deref(), projection.units, style)?;
    let (seat, changed, notes) = (SingleMeter::default(), Vec::new(), Vec::new());
    Ok(Box::new(SnapshotSink(SolarviewFiles { place, seat, format, changed, notes })))
}

struct SolarviewFiles {
    place: FilePlace,
    seat: SingleMeter,
    format: Solarview,
    /// The latest page of each file that does not show it yet.
    changed: Vec<(PathBuf, Vec<u8>)>,
    notes: Vec<String>,
}

impl Pages for SolarviewFiles {
    fn take(&mut self, readings: Arc<Readings>) {
        if !self.place.is_by_meter() && !self.seat.takes(&readings) {
            let path = named(&self.place.path(&readings));
            return self.notes.extend(self.seat.note(&path, &readings));
        }
        let mut text = Vec::new();
        self.format.readings(&readings, &mut text);
        if !text.is_empty() {
            let path = self.place.path(&readings);
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
