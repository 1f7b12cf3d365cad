//! Other names for readings than the published ones: `--names voltage_l1_v=VoltageL1`, and the table
//! `names` of a sink.
//!
//! Two readings of one name would be two members of one object, or two fields of one point, and a
//! reader of such an object takes either of them. For this reason no reading gets the name of
//! another one that may stand beside it.

use std::borrow::Cow;

use crate::{
    cosem::obis::Obis,
    format::{
        json_string,
        key::{FieldKey, KNOWN, KnownName},
        printable::printable,
        selection,
        selection::Selection,
        units::Units,
        usage::Usage,
    },
    reading::fields::FIELDS,
};

/// The names that the user chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldNames {
    names: Vec<(FieldKey, String)>,
}

/// The names of the members of an object of JSON.
#[derive(Clone, Copy)]
pub struct MemberNames<'a> {
    names: &'a [(FieldKey, String)],
    units: &'a Units,
    /// The published names, if nothing else is chosen.
    published: &'static [KnownName],
}

impl<'a> MemberNames<'a> {
    /// With the names and units that the user chose.
    #[must_use]
    pub fn new(names: &'a [(FieldKey, String)], units: &'a Units) -> Self {
        let published = names.is_empty() && units.are_published();
        Self { names, units, published: if published { &KNOWN } else { &[] } }
    }

    /// Appends the start of a member, `,"time":`.
    #[inline]
    pub fn write(&self, key: FieldKey, text: &mut Vec<u8>) {
        match key.known().and_then(|place| self.published.get(place)) {
            Some(known) => known.write_member(text),
            None => self.write_with(key, "", text),
        }
    }

    /// Appends the same with an ending of the name.
    #[inline(never)]
    pub fn write_with(&self, key: FieldKey, ending: &str, text: &mut Vec<u8>) {
        if let Some(name) = find(self.names, key) {
            text.push(b',');
            json_string::write(&format!("{name}{ending}"), text);
            return text.push(b':');
        }
        // No name of ours needs an escape.
        text.extend_from_slice(b",\"");
        key.write(self.units, text);
        text.extend_from_slice(ending.as_bytes());
        text.extend_from_slice(b"\":");
    }
}

/// A name that cannot be given, and the field that it was meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameMistake {
    /// There is no such field.
    Unknown {
        /// As it was written.
        field: String,
    },
    /// The field has a name already.
    Twice {
        /// As it was written.
        field: String,
    },
    /// Another field has the name.
    Taken {
        /// As it was written.
        field: String,
        /// The name.
        name: String,
        /// The published name of the other field.
        other: String,
    },
}

impl FieldNames {
    /// Reads `FIELD=NAME`, each from the command line.
    ///
    /// # Errors
    /// A text of another form, an unknown field, or a name that another field has.
    pub fn parse(
        texts: &[String],
        selection: Option<&Selection>,
        units: &Units,
    ) -> Result<Self, Usage> {
        let entry = |text: &String| match text.split_once('=') {
            Some((field, name)) if !name.trim().is_empty() => {
                Ok((field.trim().to_owned(), name.trim().to_owned()))
            }
            _ => {
                let text = printable(text);
                Err(Usage(format!("{text}: expected FIELD=NAME, as in voltage_l1_v=VoltageL1")))
            }
        };
        let entries = texts.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let names = parse(&entries, selection.map(Selection::keys), units).map_err(usage)?;
        Ok(Self { names })
    }

    /// True if all readings have their published names.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The readings that have other names, with these.
    #[must_use]
    pub fn pairs(&self) -> &[(FieldKey, String)] {
        &self.names
    }

    /// The name that the user chose for a reading.
    #[must_use]
    pub fn find(&self, key: FieldKey) -> Option<&str> {
        find(&self.names, key)
    }

    /// The name of a reading, the published one with the unit that the user chose.
    #[must_use]
    pub fn name(&self, key: FieldKey, units: &Units) -> Cow<'_, str> {
        self.find(key).map_or_else(|| key.name(units), Cow::Borrowed)
    }

    /// Refuses names for a format that has its own.
    ///
    /// # Errors
    /// There are names.
    pub fn refuse(&self, format: &str) -> Result<(), Usage> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(Usage(format!("--names: {format} has names of its own"))),
        }
    }
}

/// Reads pairs of a field and its name; `keys` are the fields that are shown, all of them if there
/// are none.
///
/// # Errors
/// A field that is not known, or a name that another field has.
pub fn parse(
    entries: &[(String, String)],
    keys: Option<&[FieldKey]>,
    units: &Units,
) -> Result<Vec<(FieldKey, String)>, NameMistake> {
    let mut names: Vec<(FieldKey, String)> = Vec::new();
    for (field, name) in entries {
        let field = || field.clone();
        let key = FieldKey::parse(&field(), units)
            .ok_or_else(|| NameMistake::Unknown { field: field() })?;
        if names.iter().any(|(named, _)| *named == key) {
            return Err(NameMistake::Twice { field: field() });
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
            let (field, name) = (field.clone(), name.clone());
            return Err(NameMistake::Taken { field, name, other: other.text(units) });
        }
    }
    Ok(names)
}

/// The name among these that a reading has. The OBIS code of a published field names it too.
#[must_use]
pub fn find(names: &[(FieldKey, String)], key: FieldKey) -> Option<&str> {
    let of = |key| names.iter().find(|(named, _)| *named == key).map(|(_, name)| name.as_str());
    let by_code = |place: usize, occurrence| {
        let [c, d, e] = FIELDS.get(place)?.code?;
        of(FieldKey::Object(Obis([1, 0, c, d, e, 255]), occurrence))
    };
    of(key).or_else(|| match key {
        FieldKey::Field(place, occurrence) if !names.is_empty() => by_code(place, occurrence),
        _ => None,
    })
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

fn usage(mistake: NameMistake) -> Usage {
    match mistake {
        NameMistake::Unknown { field } => selection::unknown(&field),
        NameMistake::Twice { field } => Usage(format!("field {} has two names", printable(&field))),
        NameMistake::Taken { field, name, other } => {
            let (field, name) = (printable(&field), printable(&name));
            Usage(format!("{field}={name}: that is the name of {other}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(fields: &str, texts: &[&str]) -> Result<FieldNames, String> {
        let units = Units::default();
        let selection = (!fields.is_empty()).then(|| Selection::parse(fields, &units).unwrap());
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        FieldNames::parse(&texts, selection.as_ref(), &units).map_err(|usage| usage.to_string())
    }

    #[test]
    fn the_start_of_each_member_has_room() {
        for known in KNOWN.iter() {
            let start = format!(",\"{}\":", known.name);
            assert_eq!(known.member(), start.as_bytes());
        }
    }

    #[test]
    fn a_reading_has_the_name_that_was_chosen_or_its_own() {
        let names =
            ["voltage_l1_v=VoltageL1:", " 1-0:99.1.0 = a=b ", "1-0:1.8.0=Bezug", "item_3=c"];
        let names = named("", &names).unwrap();
        let name = |text: &str| {
            let units = Units::default();
            names.name(FieldKey::parse(text, &units).unwrap(), &units).into_owned()
        };
        assert_eq!(name("voltage_l1_v"), "VoltageL1:");
        assert_eq!(name("1-0:99.1.0"), "a=b");
        assert_eq!(name("energy_import_wh"), "Bezug");
        assert_eq!((name("1-0:1.8.0").as_str(), name("item_3").as_str()), ("Bezug", "c"));
        assert_eq!(name("voltage_l2_v"), "voltage_l2_v");
    }

    #[test]
    fn a_mistake_is_named_with_what_was_written() {
        for (texts, message) in [
            (
                &["voltage_l1_v"][..],
                "voltage_l1_v: expected FIELD=NAME, as in voltage_l1_v=VoltageL1",
            ),
            (
                &["voltage_l1_v="],
                "voltage_l1_v=: expected FIELD=NAME, as in voltage_l1_v=VoltageL1",
            ),
            (&["voltage_l1=U"], "no field is called voltage_l1: did you mean voltage_l1_v?"),
            (&["time=a", "time=b"], "field time has two names"),
            (&["time=meter"], "time=meter: that is the name of meter"),
            (&["time=a", "meter=a"], "time=a: that is the name of meter"),
        ] {
            assert_eq!(named("", texts).unwrap_err(), message);
        }
        assert!(named("time", &["time=meter"]).is_ok(), "meter is not shown");
    }
}
