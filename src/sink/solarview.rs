//! `solarview:FILE`: the energy registers in Solarview's format, rewritten for each telegram.
//!
//! The keys are in [`SOLARVIEW`].
//!
//! If FILE contains `{meter}`, each meter has its own file; otherwise only one meter is shown. A
//! register that a telegram lacks has no line, and a telegram without any leaves the file as it is.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    format::{
        readings::Readings,
        solarview::{Solarview, Style},
    },
    sink::{
        files::{
            atomic,
            path_template::{PathTemplate, printable_path},
            snapshot::{Pages, SnapshotSink},
        },
        kind::{BuildContext, SinkEnvironment, SinkKind, SinkScheme},
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
            mode::MODE,
        },
        single_meter::SingleMeter,
        traits::{Report, Sink},
    },
};

/// The description of the sink.
pub const SOLARVIEW: SinkKind = SinkKind {
    title: "SOLARVIEW",
    schemes: &[SinkScheme::file(
        "solarview",
        "solarview:FILE",
        "the energy registers as Solarview reads them",
    )],
    about: "Each telegram replaces FILE in one step. FILE may contain `{meter}`. Without \
            `fields` the file has the registers 1.8.0 and 2.8.0, in kWh and W.",
    keys: &[KEYS],
    notes: "Each telegram writes this file, and that of `prometheus:FILE`, to the disk. To spare \
            a memory card, set `every`, or choose a FILE in `/run`.",
    environment: SinkEnvironment::KEYS_ONLY,
    build: new,
};

const KEYS: &[SettingKey] = &[
    SettingKey::new(
        "style",
        SettingType::Choice(&["solarview", "d0", "kaifareader"]),
        "`d0` follows IEC 62056-21 to the letter, for readers that accept nothing else. `kaifareader` \
         writes the file of kaifareader's newer image: without `fields` 13 registers, in Wh, with the \
         unit `W` for reactive energy unless `units` chooses one.",
    )
    .or("solarview"),
    MODE.or_depending("644, because Solarview runs as another user"),
];

/// Builds the sink from its settings.
///
/// # Errors
/// Invalid values.
fn new(settings: &mut SinkSettings, _: &BuildContext<'_>) -> Result<Box<dyn Sink>, SettingError> {
    let path_template = PathTemplate::of(settings)?;
    let style = match settings.take_choice("style")? {
        Some("d0") => Style::Strict,
        Some("kaifareader") => Style::Kaifareader,
        _ => Style::Solarview,
    };
    let projection = settings.take_projection()?;
    if !projection.names.is_empty() {
        let message = "solarview: a register has no other name than its code";
        return Err(SettingError::new(message));
    }
    projection.refuse_numbers()?;
    let format = Solarview::new(projection.keys.as_deref(), projection.units, style)?;
    let (single_meter, changed) = (SingleMeter::default(), BTreeMap::new());
    let pages = SolarviewFiles { path_template, single_meter, format, changed };
    Ok(Box::new(SnapshotSink { pages, mode: settings.take_mode()? }))
}

struct SolarviewFiles {
    path_template: PathTemplate,
    single_meter: SingleMeter,
    format: Solarview,
    /// The latest page of each file that does not show it yet.
    changed: BTreeMap<PathBuf, Vec<u8>>,
}

impl Pages for SolarviewFiles {
    fn form_of_registers(&self) -> Option<&'static str> {
        Some("a readout for Solarview")
    }

    fn probe(&self) -> Result<String, String> {
        self.path_template.probe(atomic::check)
    }

    fn take(&mut self, readings: Arc<Readings>, report: &dyn Report) {
        let path = || printable_path(&self.path_template.path(&readings));
        if !self.path_template.is_by_meter() && !self.single_meter.takes(path, &readings, report) {
            return self.single_meter.leave_out(&path(), &readings, report);
        }
        let mut text = Vec::new();
        self.format.readings(&readings, &mut text);
        if !text.is_empty() {
            self.changed.insert(self.path_template.path(&readings), text);
        }
    }

    fn pages(&mut self) -> Vec<(PathBuf, Vec<u8>)> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }
}
