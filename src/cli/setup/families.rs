//! The tables of meters that send no OBIS codes: those of `layouts/`, and the user's own.
//!
//! ```toml
//! source = "the operator's paper"
//!
//! [[list]]
//! name = "my meter"
//! elements = [
//!     { type = "octet-string", length = 12, obis = "0-0:1.0.0" },
//!     { type = "double-long-unsigned", name = "energy_import_wh" },
//!     { type = "long-unsigned", obis = "1-0:32.7.0", unit = "V", scaler = -1 },
//! ]
//! ```
//!
//! The list is recognised by the types of all its elements, and by `length` and `fixed` where they
//! are given. A `name` of `--list-fields` stands for its code and unit.

use std::{path::PathBuf, sync::LazyLock};

use serde::Deserialize;

use crate::cli::{run::status::Stop, setup::config_file::text_of};
use meterpipe::{
    cosem::{data_type::DataType, obis::Obis, unit::Unit},
    reading::{
        family::{FamilyElement, MeterFamily},
        fields::{self, FIELDS},
    },
};

/// The files of `layouts/`.
const BUILT_IN: [&str; 5] = [
    include_str!("../../../layouts/wiener-netze.toml"),
    include_str!("../../../layouts/kaernten-netz.toml"),
    include_str!("../../../layouts/wels-strom.toml"),
    include_str!("../../../layouts/netz-burgenland.toml"),
    include_str!("../../../layouts/kaifa-han.toml"),
];

/// Their tables.
static FAMILIES: LazyLock<Vec<MeterFamily>> = LazyLock::new(|| {
    let read = |text: &&str| read(text).unwrap_or_default();
    BUILT_IN.iter().flat_map(read).collect()
});

/// All tables; those of the user's files come first.
///
/// # Errors
/// A file cannot be read, or is wrong.
pub fn all(files: &[PathBuf]) -> Result<&'static [MeterFamily], Stop> {
    if files.is_empty() {
        return Ok(&FAMILIES);
    }
    let mut families = Vec::new();
    for path in files {
        let wrong = |why: String| Stop::usage(format!("{}: {why}", path.display()));
        let text = text_of(path).map_err(wrong)?;
        families.extend(read(&text).map_err(wrong)?);
    }
    families.extend_from_slice(&FAMILIES);
    // They are read once in a run, and telegrams refer to them.
    Ok(Vec::leak(families))
}

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyFile {
    /// Where the knowledge comes from: for the reader of the file.
    #[serde(rename = "source")]
    _source: String,
    list: Vec<FamilyList>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyList {
    name: String,
    elements: Vec<toml::Spanned<ElementRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElementRow {
    #[serde(rename = "type")]
    kind: String,
    length: Option<usize>,
    fixed: Option<String>,
    obis: Option<String>,
    name: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    scaler: i8,
}

fn read(text: &str) -> Result<Vec<MeterFamily>, String> {
    let file: FamilyFile = toml::from_str(text).map_err(|error| {
        // Its own text shows the line, which may be a secret: the file may be another one.
        let start = error.span().map_or(0, |span| span.start);
        format!("line {}: {}", line_of(text, start), error.message())
    })?;
    let lists = file.list.into_iter().map(|list| {
        let elements = list.elements.into_iter().map(|row| {
            let line = line_of(text, row.span().start);
            row.into_inner().read().map_err(|error| format!("line {line}: {error}"))
        });
        Ok(MeterFamily { name: list.name, elements: elements.collect::<Result<_, String>>()? })
    });
    lists.collect()
}

/// The number of the line with that octet.
fn line_of(text: &str, octet: usize) -> usize {
    1 + text.as_bytes().iter().take(octet).filter(|it| **it == b'\n').count()
}

impl ElementRow {
    fn read(self) -> Result<FamilyElement, String> {
        let Self { kind, length, fixed, obis, name, unit, scaler } = self;
        let kind = (0..=u8::MAX).map(DataType).find(|it| it.name() == Some(&*kind));
        let kind = kind.ok_or("type: expected one of the Blue Book, such as long-unsigned")?;
        let fixed = fixed.map(hex::decode).transpose();
        let fixed = fixed.map_err(|error| format!("fixed: expected octets in hex: {error}"))?;
        let field = name.map(|name| field(&name)).transpose()?;
        let obis = obis.map(|code| code.parse::<Obis>().map_err(|_| "obis: expected A-B:C.D.E"));
        let obis = obis.transpose()?.or(field.map(|(obis, _)| obis));
        let unit = unit.map(|symbol| unit_of(&symbol)).transpose()?;
        let unit = unit.or(field.map(|(_, unit)| unit));
        let scale = unit.map(|unit| (scaler, unit));
        Ok(FamilyElement { kind, length, fixed, obis, scale })
    }
}

/// The code and the unit of a published name.
fn field(name: &str) -> Result<(Obis, Unit), String> {
    let field = fields::of_name(name).and_then(|place| FIELDS.get(place));
    let code = field.and_then(|field| Some((field.code?, field.unit)));
    let ([c, d, e], unit) = code.ok_or("name: expected one of --list-fields that has a code")?;
    Ok((Obis([1, 0, c, d, e, 255]), unit))
}

fn unit_of(symbol: &str) -> Result<Unit, String> {
    let unit = (0..=u8::MAX).map(Unit).find(|unit| unit.symbol() == Some(symbol));
    let unit = unit.or((symbol == "1").then_some(Unit::COUNT));
    unit.ok_or_else(|| "unit: expected one of the Blue Book, such as Wh, or 1".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_tables_of_this_program_are_sound() {
        let families: Vec<_> = BUILT_IN.iter().map(|text| read(text).unwrap()).collect();
        assert_eq!(families.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 2, 5]);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/layouts");
        assert_eq!(fs::read_dir(folder).unwrap().count(), BUILT_IN.len());
        for family in families.iter().flatten() {
            let named = |it: &&FamilyElement| it.obis.is_some_and(|it| it.0[0] == 1 && it.0[2] > 0);
            let named = family.elements.iter().filter(named);
            assert!(named.clone().all(|it| it.scale.is_some()), "{}", family.name);
            assert!(named.count() >= 6, "{}", family.name);
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = |row: &str| {
            let text =
                format!("source = \"\"\n[[list]]\nname = \"x\"\nelements = [\n    {row},\n]\n");
            read(&text).unwrap_err()
        };
        for (row, message) in [
            ("{ type = \"u32\" }", "line 5: type: expected one of the Blue Book"),
            ("{ type = \"enum\", fixed = \"1\" }", "line 5: fixed: expected octets in hex"),
            ("{ type = \"enum\", obis = \"1.8\" }", "line 5: obis: expected A-B:C.D.E"),
            ("{ type = \"enum\", unit = \"Watt\" }", "line 5: unit: expected one of"),
            ("{ type = \"enum\", name = \"power_net_w\" }", "line 5: name: expected one of"),
        ] {
            assert!(error(row).starts_with(message), "{row}: {}", error(row));
        }
        assert!(error("{ type = \"enum\", scalar = 1 }").contains("scalar"));
    }
}
