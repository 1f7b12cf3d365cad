//! The table `names`: other names for readings than the published ones.
//!
//! Two readings of one name would be two members of one object, or two fields of one point, and a
//! reader of such an object takes either of them. For this reason no reading gets the name of
//! another one that may stand beside it.

use crate::{
    format::{key::FieldKey, units::Units},
    sink::settings::{error::SettingError, redact},
};

/// Reads the entries of the table `names`; `keys` are the fields that the sink stores, all of them
/// if there are none.
///
/// # Errors
/// A field that is not known, or a name that another field has.
pub fn parse(
    entries: &[(String, String)],
    keys: Option<&[FieldKey]>,
    units: &Units,
) -> Result<Vec<(FieldKey, String)>, SettingError> {
    let mut names: Vec<(FieldKey, String)> = Vec::new();
    for (field, name) in entries {
        let setting = format!("names.{field}");
        let unknown =
            || SettingError::of(&setting, format!("no field is called {}", redact::typed(field)));
        let key = FieldKey::parse(field, units).ok_or_else(unknown)?;
        if names.iter().any(|(named, _)| *named == key) {
            return Err(SettingError::of(&setting, "it has a name already"));
        }
        names.push((key, name.clone()));
    }
    let is_shown = |key: &FieldKey| keys.is_none_or(|keys| keys.contains(key));
    for ((field, name), (key, _)) in
        entries.iter().zip(&names).filter(|(_, (key, _))| is_shown(key))
    {
        let of_another = names
            .iter()
            .filter(|(other, _)| other != key && is_shown(other))
            .find(|(other, theirs)| has(*other, theirs, name));
        let published = published(name, units)
            .filter(|other| other != key && is_shown(other))
            .filter(|other| !names.iter().any(|(named, _)| named == other));
        if let Some(other) = of_another.map(|(other, _)| *other).or(published) {
            let cause = format!("that is the name of {}", other.text(units));
            return Err(SettingError::value(&format!("names.{field}"), name, cause));
        }
    }
    Ok(names)
}

/// True if a reading with the name `theirs` takes up `name`: as its own name, or as the name of its
/// unit (`theirs_unit`), which stands beside an object.
fn has(other: FieldKey, theirs: &str, name: &str) -> bool {
    theirs == name || has_unit(other) && name.strip_suffix("_unit") == Some(theirs)
}

/// The field that is published under a name.
fn published(name: &str, units: &Units) -> Option<FieldKey> {
    let is_called = |name: &str| FieldKey::parse(name, units).filter(|key| key.text(units) == name);
    let unit = || is_called(name.strip_suffix("_unit")?).filter(|key| has_unit(*key));
    is_called(name).or_else(unit)
}

const fn has_unit(key: FieldKey) -> bool {
    matches!(key, FieldKey::Object(..) | FieldKey::Item(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::selection::Selection;

    fn named(fields: &str, entries: &[(&str, &str)]) -> Result<usize, String> {
        let mut units = Units::default();
        units.choose("energy=kWh").unwrap();
        let selection = (!fields.is_empty()).then(|| Selection::parse(fields, &units).unwrap());
        let entries: Vec<_> =
            entries.iter().map(|(field, name)| ((*field).to_owned(), (*name).to_owned())).collect();
        let names = parse(&entries, selection.as_ref().map(Selection::keys), &units);
        names.map(|names| names.len()).map_err(|usage| usage.to_string())
    }

    #[test]
    fn each_has_a_name_of_its_own() {
        let (a, b) = ("power_import_w", "power_export_w");
        assert_eq!(named("", &[(a, "p"), (b, "q"), ("1-0:99.1.0", "r")]), Ok(3));
        // Two fields exchange their names; another keeps its own.
        assert_eq!(named("", &[(a, b), (b, a)]), Ok(2));
        assert_eq!(named("", &[(a, a)]), Ok(1));
        assert_eq!(named("", &[("energy_import_kwh", "energy_import_wh")]), Ok(1));
        // A field that is not stored takes no name away.
        assert_eq!(named(a, &[(a, b), (b, b)]), Ok(2));
        assert_eq!(named("item_3,time", &[("item_3", "p"), (a, "p")]), Ok(2));
    }

    #[test]
    fn none_gets_the_name_of_another() {
        let (a, b) = ("power_import_w", "power_export_w");
        let taken = |field, name, other| {
            Err(format!("names.{field} = {name}: that is the name of {other}"))
        };
        assert_eq!(named("", &[(a, "p"), (b, "p")]), taken(a, "p", b));
        assert_eq!(named("", &[(a, b)]), taken(a, b, b));
        assert_eq!(named(&format!("{a},{b}"), &[(a, b)]), taken(a, b, b));
        assert_eq!(named("", &[(a, "time")]), taken(a, "time", "time"));
        assert_eq!(named("", &[(a, "item_7_unit")]), taken(a, "item_7_unit", "item_7"));
        assert_eq!(
            named("", &[("energy_export_wh", "energy_import_kwh")]),
            taken("energy_export_wh", "energy_import_kwh", "energy_import_kwh")
        );
        assert_eq!(
            named("", &[("1-0:99.1.0", "x"), (a, "x_unit")]),
            taken(a, "x_unit", "1-0:99.1.0")
        );
        let twice = [("energy_import_wh", "p"), ("energy_import_kwh", "q")];
        let expected = "names.energy_import_kwh: it has a name already";
        assert_eq!(named("", &twice), Err(expected.to_owned()));
        let expected = "names.what: no field is called what";
        assert_eq!(named("", &[("what", "p")]), Err(expected.to_owned()));
    }
}
