//! The choice of readings for a sink, with their names and units.

use std::borrow::Cow;

use crate::{
    cosem::unit::Unit,
    format::{
        json_string,
        key::FieldKey,
        names::{self, MemberNames},
        numbers::NumberStyle,
        readings::{Member, ReadingValue, Readings},
        units::Units,
    },
    reading::fields::FIELDS,
    sink::settings::error::SettingError,
};

/// A choice of readings.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// These readings in this order; all without a choice.
    pub keys: Option<Vec<FieldKey>>,
    /// Units other than the meter's.
    pub units: Units,
    /// Names other than the published ones.
    pub names: Vec<(FieldKey, String)>,
    /// The spelling of numbers; metadata keep theirs.
    pub numbers: NumberStyle,
}

/// One reading as the projection makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectedReading<'a> {
    /// Its key.
    pub key: FieldKey,
    /// Its name at the sink.
    pub name: Cow<'a, str>,
    /// Its value in its unit at the sink.
    pub value: Cow<'a, ReadingValue>,
    /// That unit, empty for a value without one.
    pub unit: Cow<'a, str>,
}

impl Projection {
    /// Refuses a spelling of numbers, for a sink that has its own.
    ///
    /// # Errors
    /// A spelling is chosen.
    pub fn refuse_numbers(&self) -> Result<(), SettingError> {
        match self.numbers {
            NumberStyle::Exact => Ok(()),
            NumberStyle::Float | NumberStyle::Short => {
                Err(SettingError::of("numbers", "this sink has its own spelling"))
            }
        }
    }

    /// The chosen readings, in their order.
    pub fn of<'a>(&'a self, readings: &'a Readings) -> impl Iterator<Item = ProjectedReading<'a>> {
        self.members(readings).map(|member| self.project(member))
    }

    fn members<'a>(&'a self, readings: &'a Readings) -> impl Iterator<Item = &'a Member> {
        let all = self.keys.is_none().then(|| readings.members());
        let chosen = self.keys.iter().flatten().filter_map(|key| readings.member(*key));
        all.into_iter().flatten().chain(chosen)
    }

    /// One reading as the projection makes it.
    pub fn project<'a>(&'a self, member: &'a Member) -> ProjectedReading<'a> {
        let Member { key, value, unit } = member;
        let (value, unit) = match (value, key) {
            (ReadingValue::Number(number), FieldKey::Field(place, _)) => {
                let (number, unit) = self.units.apply(*number, unit_of(*place));
                (Cow::Owned(ReadingValue::Number(self.numbers.of(number))), unit)
            }
            (ReadingValue::Number(number), FieldKey::Object(..) | FieldKey::Item(_)) => {
                let number = ReadingValue::Number(self.numbers.of(*number));
                (Cow::Owned(number), Cow::Borrowed(unit.as_ref()))
            }
            _ => (Cow::Borrowed(value), Cow::Borrowed(unit.as_ref())),
        };
        ProjectedReading { key: *key, name: self.name(*key), value, unit }
    }

    /// The name of a reading.
    pub fn name(&self, key: FieldKey) -> Cow<'_, str> {
        match names::find(&self.names, key) {
            Some(name) => name.into(),
            None => key.name(&self.units),
        }
    }

    /// Appends them as a JSON object; `null` for each key of `due` that is absent.
    pub fn write_json(&self, readings: &Readings, due: &[FieldKey], text: &mut Vec<u8>) {
        let start = text.len();
        let names = &MemberNames::new(&self.names, &self.units);
        self.members(readings).for_each(|member| self.write_member(member, names, text));
        for key in due.iter().filter(|key| readings.member(**key).is_none()) {
            names.write(*key, text);
            text.extend_from_slice(b"null");
        }
        // Every member begins with a comma; the first comma becomes the brace.
        match text.get_mut(start) {
            Some(first) => *first = b'{',
            None => text.push(b'{'),
        }
        text.push(b'}');
    }

    fn write_member(
        &self,
        Member { key, value, unit }: &Member,
        names: &MemberNames<'_>,
        text: &mut Vec<u8>,
    ) {
        names.write(*key, text);
        match (value, key) {
            (ReadingValue::Number(number), FieldKey::Field(place, _)) => {
                self.numbers.of(self.units.number(*number, unit_of(*place))).write(text);
            }
            (ReadingValue::Number(number), FieldKey::Object(..) | FieldKey::Item(_)) => {
                self.numbers.of(*number).write(text);
            }
            _ => value.write_json(text),
        }
        if matches!(key, FieldKey::Object(..) | FieldKey::Item(_)) && !unit.is_empty() {
            names.write_with(*key, "_unit", text);
            json_string::write(unit, text);
        }
    }
}

/// The meter's unit of a field.
fn unit_of(place: usize) -> Unit {
    FIELDS.get(place).map_or(Unit::COUNT, |field| field.unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        "{\"schema\":1,\"time\":\"2021-09-27T09:47:15+02:00\",\"meter\":\"181220000009\",",
        "\"energy_import_wh\":12937,\"voltage_l1_v\":233.7,",
        "\"1-0:99.1.0\":12,\"1-0:99.1.0_unit\":\"Wh\",\"item_7\":\"a\\\"b\"}"
    );

    fn json(projection: &Projection, due: &[FieldKey]) -> String {
        let mut text = Vec::new();
        projection.write_json(&Readings::parse(LINE.as_bytes()).unwrap(), due, &mut text);
        String::from_utf8(text).unwrap()
    }

    fn key(name: &str) -> FieldKey {
        FieldKey::parse(name, &Units::default()).unwrap()
    }

    #[test]
    fn without_a_choice_everything_is_as_it_came() {
        assert_eq!(json(&Projection::default(), &[]), LINE);
    }

    #[test]
    fn numbers_may_look_like_floats_but_not_those_of_the_metadata() {
        let projection = Projection { numbers: NumberStyle::Float, ..Projection::default() };
        let expected = LINE.replace(":12937,", ":12937.0,").replace(":12,", ":12.0,");
        assert_eq!(json(&projection, &[]), expected);
    }

    #[test]
    fn what_is_chosen_comes_in_that_order_with_its_names_and_units() {
        let mut projection = Projection {
            keys: Some(["voltage_l1_v", "energy_import_wh", "power_net_w"].map(key).to_vec()),
            names: vec![(key("voltage_l1_v"), "SpannungL1".to_owned())],
            ..Projection::default()
        };
        projection.units.choose("energy=kWh").unwrap();
        assert_eq!(json(&projection, &[]), r#"{"SpannungL1":233.7,"energy_import_kwh":12.937}"#);
        assert_eq!(
            json(&projection, &["power_net_w", "voltage_l1_v"].map(key)),
            r#"{"SpannungL1":233.7,"energy_import_kwh":12.937,"power_net_w":null}"#
        );
        let readings = Readings::parse(LINE.as_bytes()).unwrap();
        let units: Vec<_> =
            projection.of(&readings).map(|reading| reading.unit.into_owned()).collect();
        assert_eq!(units, ["V", "kWh"]);
    }
}
