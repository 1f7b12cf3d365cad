//! The tables of meters that send no OBIS codes: those of `layouts/`, and the user's own.

use std::{
    path::{Path, PathBuf},
    sync::{LazyLock, atomic::AtomicBool},
};

use crate::cli::{
    run::status::Stop,
    setup::{
        config_file::{Config, MeterConfig, text_of},
        layout_file::read,
    },
};
use meterpipe::{
    reading::family::{MeterFamilies, MeterFamily},
    sink::settings::redact,
};

/// The files of `layouts/`.
const FILES: [&str; 12] = [
    include_str!("../../../layouts/wiener-netze.toml"),
    include_str!("../../../layouts/kaernten-netz.toml"),
    include_str!("../../../layouts/wels-strom.toml"),
    include_str!("../../../layouts/netz-burgenland.toml"),
    include_str!("../../../layouts/kaifa-han.toml"),
    include_str!("../../../layouts/kamstrup.toml"),
    include_str!("../../../layouts/landisgyr-e450.toml"),
    include_str!("../../../layouts/landisgyr-e360.toml"),
    include_str!("../../../layouts/energienetze-steiermark.toml"),
    include_str!("../../../layouts/iskra-am550-switzerland.toml"),
    include_str!("../../../layouts/iskra-am550-slovenia.toml"),
    include_str!("../../../layouts/iskra-ie5-croatia.toml"),
];

/// Their tables. Most meters need none of them.
static BUILT_IN: LazyLock<Vec<MeterFamily>> = LazyLock::new(|| {
    let read = |text: &&str| read(text).unwrap_or_default();
    FILES.iter().flat_map(read).collect()
});

/// True once a table of the user's fitted a list.
static HAS_FITTED: AtomicBool = AtomicBool::new(false);

/// All tables: first those of the user's files, then those of the configuration's.
///
/// # Errors
/// A file cannot be read, or is wrong.
pub fn all(files: &[PathBuf], config: Option<&Config>) -> Result<MeterFamilies, Stop> {
    let mut families = Vec::new();
    for path in files {
        families.extend(of_file(path)?);
    }
    if let Some(config) = config {
        for meter in &config.meters {
            families.extend(of_meter(config, meter)?);
        }
    }
    // They are read once in a run, and telegrams refer to them.
    Ok(MeterFamilies::of(Vec::leak(families)).noted(&HAS_FITTED).with(&BUILT_IN))
}

/// The tables of a configured meter.
///
/// # Errors
/// As [`all`], with the line of the configuration.
pub fn of_meter(config: &Config, meter: &MeterConfig) -> Result<Vec<MeterFamily>, Stop> {
    let read = meter.layout.as_deref().map_or_else(|| Ok(Vec::new()), of_file);
    read.map_err(|stop| config.at(meter.lines.layout, "layout", stop))
}

fn of_file(path: &Path) -> Result<Vec<MeterFamily>, Stop> {
    let name = redact::typed(&path.display().to_string());
    let wrong = |why: String| Stop::usage(format!("{name}: {why}"));
    read(&text_of(path).map_err(wrong)?).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use meterpipe::{cosem::obis::Obis, reading::family::FamilyTable};

    #[test]
    fn the_tables_of_this_program_are_sound() {
        let families: Vec<_> = FILES.iter().map(|text| read(text).unwrap()).collect();
        let counts = families.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(counts, [1, 1, 1, 2, 7, 1, 3, 2, 1, 1, 6, 1]);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/layouts");
        assert_eq!(fs::read_dir(folder).unwrap().count(), FILES.len());
        for family in families.iter().flatten() {
            let is_register = |obis: &Obis| obis.0[0] == 1 && obis.0[2] > 0;
            let scales: Vec<_> = match &family.table {
                FamilyTable::Places(elements) => {
                    let named =
                        elements.iter().filter(|it| it.obis.as_ref().is_some_and(is_register));
                    named.map(|it| it.scale).collect()
                }
                FamilyTable::Codes { scales, .. } => scales.iter().map(|it| Some(it.1)).collect(),
            };
            assert!(scales.iter().all(Option::is_some), "{}", family.name);
            let few = ["Kaifa, power", "Iskraemeco AM550, Slovenia, one name"];
            let few = few.contains(&&*family.name) || family.name.ends_with("four elements");
            assert!(scales.len() >= 6 || few, "{}", family.name);
        }
    }
}
