//! The table `names`: other names for readings than the published ones.

use crate::{
    format::{
        key::FieldKey,
        names::{self, NameMistake},
        units::Units,
    },
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
    names::parse(entries, keys, units).map_err(|mistake| match mistake {
        NameMistake::Unknown { field } => {
            let cause = format!("no field is called {}", redact::typed(&field));
            SettingError::of(&format!("names.{field}"), cause)
        }
        NameMistake::Twice { field } => {
            SettingError::of(&format!("names.{field}"), "it has a name already")
        }
        NameMistake::Taken { field, name, other } => {
            let cause = format!("that is the name of {other}");
            SettingError::value(&format!("names.{field}"), &name, cause)
        }
    })
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
