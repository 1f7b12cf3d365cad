//! The Home Assistant entity of a reading.
//!
//! Names and classes come from tables here, never from a telegram. Home Assistant runs templates
//! found in texts, and anybody who can send telegrams could write one. The identifier of a named
//! reading is its name without the unit, so that the entity stays the same when the unit changes.

use std::borrow::Cow;

use crate::{
    cosem::{obis::Obis, unit::Unit},
    format::{
        key::{FieldKey, Meta},
        readings::ReadingValue,
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS},
    sink::{
        home_assistant::{language::NameLanguage, options::DiscoveryOptions},
        projection::ProjectedReading,
    },
};

/// An entity, always a sensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// The identifier within its device, which never changes: `[a-z0-9_]`.
    pub id: String,
    /// Its name in the state.
    pub member: String,
    /// Its name for people, shown after the name of the device.
    pub name: String,
    /// The device class.
    pub class: Option<&'static str>,
    /// The state class.
    pub state_class: Option<&'static str>,
    /// The unit.
    pub unit: Option<Cow<'static, str>>,
    /// True if the value in the state is to be divided by a thousand.
    pub in_thousands: bool,
    /// The number of decimals to show.
    pub decimals: Option<i16>,
    /// The icon.
    pub icon: Option<&'static str>,
    /// True if the value expires without telegrams. A counter never does: without a value the
    /// energy dashboard would complain.
    pub expires: bool,
    /// True for a diagnostic entity.
    pub diagnostic: bool,
    /// True if the user has to enable the entity.
    pub disabled: bool,
    /// True if nobody could know the entity before a telegram has it.
    pub unnamed: bool,
    /// The topic of its announcement by an older program, without a device.
    pub topic: Option<String>,
}

/// A device class of Home Assistant: sensor/const.py of 2026.11.
struct DeviceClass {
    unit: Unit,
    name: &'static str,
    /// The accepted units: with another one Home Assistant refuses the entity.
    units: &'static [&'static str],
    /// The units accepted before 2025.6. Reactive energy had no class then.
    old_units: &'static [&'static str],
    state_class: &'static str,
    decimals: i16,
}

const MEASUREMENT: &str = "measurement";
const TOTAL: &str = "total_increasing";

#[rustfmt::skip]
const CLASSES: [DeviceClass; 9] = [
    class(Unit::WATT_HOUR, "energy",          &["Wh", "kWh", "MWh"], &["Wh", "kWh", "MWh"], TOTAL,       0),
    // Mvarh and Mvar are unknown there; mvar is a thousandth of a var.
    class(Unit::VAR_HOUR,  "reactive_energy", &["varh", "kvarh"],    &[],                   TOTAL,       0),
    class(Unit::WATT,      "power",           &["W", "kW", "MW"],    &["W", "kW"],          MEASUREMENT, 0),
    class(Unit::VAR,       "reactive_power",  &["var", "kvar"],      &["var"],              MEASUREMENT, 0),
    class(Unit(28),        "apparent_power",  &["VA"],               &["VA"],               MEASUREMENT, 0),
    class(Unit::VOLT,      "voltage",         &["V"],                &["V"],                MEASUREMENT, 1),
    class(Unit::AMPERE,    "current",         &["A"],                &["A"],                MEASUREMENT, 2),
    class(Unit::HERTZ,     "frequency",       &["Hz"],               &["Hz"],               MEASUREMENT, 2),
    class(Unit::COUNT,     "power_factor",    &[""],                 &[""],                 MEASUREMENT, 3),
];

/// The longest state that Home Assistant accepts.
const LONGEST_STATE: usize = 255;

impl Entity {
    /// The entity of a reading; `None` if the reading fits no state.
    pub fn of(
        reading: &ProjectedReading<'_>,
        units: &Units,
        options: &DiscoveryOptions,
    ) -> Option<Self> {
        let (compat, language) = (options.compat, options.language);
        let value = reading.value.as_ref();
        if matches!(value, ReadingValue::Text(text) if text.len() > LONGEST_STATE) {
            return None;
        }
        let entity = match (reading.key, value) {
            (FieldKey::Meta(meta), ReadingValue::Text(_)) => Self::meta(meta, language)?,
            (FieldKey::Field(place, occurrence), ReadingValue::Number(_)) => {
                let entity = Self::named(place, occurrence, units, compat, language)?;
                if options.keeps_units {
                    entity
                } else {
                    entity.in_larger_unit(place, units, compat)
                }
            }
            (FieldKey::Object(..) | FieldKey::Item(_), ReadingValue::Number(_)) => {
                Self::unnamed(reading.key, &reading.unit, compat, language)
            }
            (
                FieldKey::Object(..) | FieldKey::Item(_),
                ReadingValue::Text(_) | ReadingValue::Truth(_),
            ) => Self::unnamed(reading.key, "", compat, language),
            _ => return None,
        };
        Some(Self {
            member: reading.name.clone().into_owned(),
            name: options.name(reading.key).map_or(entity.name, str::to_owned),
            topic: options.topic(reading.key).map(str::to_owned),
            ..entity
        })
    }

    /// The identifier of a field with a name: that name without its unit.
    pub fn id_of(place: usize) -> Option<&'static str> {
        let field = FIELDS.get(place)?;
        Some(match (field.unit, field.name.rsplit_once('_')) {
            (Unit::COUNT, _) | (_, None) => field.name,
            (_, Some((bare, _))) => bare,
        })
    }

    /// The entity of a field with a name.
    pub fn named(
        place: usize,
        occurrence: usize,
        units: &Units,
        compat: bool,
        language: NameLanguage,
    ) -> Option<Self> {
        let field = FIELDS.get(place)?;
        let class = CLASSES.iter().find(|class| class.unit == field.unit)?;
        let (_, unit) = units.apply(Decimal::new(0, 0), field.unit);
        let bare = Self::id_of(place)?;
        let id = match occurrence {
            1 => bare.to_owned(),
            _ => format!("{bare}_{occurrence}"),
        };
        let decimals = (class.decimals + units.power(field.unit)).min(MOST_DECIMALS);
        Some(Self {
            name: language.name(&id),
            id,
            class: class.name(&unit, compat),
            state_class: Some(class.state_class),
            decimals: Some(decimals),
            unit: Some(unit).filter(|unit| !unit.is_empty()),
            expires: class.state_class == MEASUREMENT,
            disabled: occurrence > 1,
            unnamed: occurrence > 1,
            ..Self::default()
        })
    }

    /// The same with an energy in kWh or kvarh, unless the user chose the unit of the state. A
    /// Home Assistant that has no class for reactive energy cannot convert its history.
    fn in_larger_unit(self, place: usize, units: &Units, compat: bool) -> Self {
        let unit = FIELDS.get(place).map(|field| field.unit).filter(|it| !units.is_chosen(*it));
        let larger = match unit {
            Some(Unit::WATT_HOUR) => "kWh",
            Some(Unit::VAR_HOUR) if !compat => "kvarh",
            _ => return self,
        };
        Self { unit: Some(larger.into()), decimals: Some(3), in_thousands: true, ..self }
    }

    /// The metadata that are entities, with their identifiers.
    pub const METAS: [(&'static str, Meta); 2] =
        [("meter_time", Meta::Time), ("meter_number", Meta::Meter)];

    fn meta(meta: Meta, language: NameLanguage) -> Option<Self> {
        let (id, _) = Self::METAS.into_iter().find(|(_, known)| *known == meta)?;
        let clock = meta == Meta::Time;
        Some(Self {
            id: id.to_owned(),
            name: language.name(id),
            class: clock.then_some("timestamp"),
            icon: (!clock).then_some("mdi:identifier"),
            expires: clock,
            diagnostic: true,
            // The clock changes with each telegram, and hardly anybody looks at it.
            disabled: clock,
            ..Self::default()
        })
    }

    /// The entity of an object without a name, for users who know their meter.
    fn unnamed(key: FieldKey, unit: &str, compat: bool, language: NameLanguage) -> Self {
        let known = (0..=u8::MAX).find_map(|code| Unit(code).symbol().filter(|it| *it == unit));
        // Only the code tells a register from a momentary value.
        let state_class = match key {
            FieldKey::Object(Obis([1, _, _, 7, 0, 255]), _) => Some(MEASUREMENT),
            FieldKey::Object(Obis([1, _, _, 8, _, 255]), _) => Some(TOTAL),
            _ => None,
        };
        let of = |class: &&DeviceClass| Some(class.state_class) == state_class && !unit.is_empty();
        let class = CLASSES.iter().filter(of).find(|class| class.units.contains(&unit));
        let (id, text) = (id(key), key.text(&Units::default()));
        Self {
            name: if matches!(key, FieldKey::Item(_)) { language.name(&id) } else { text },
            id,
            class: class.and_then(|class| class.name(unit, compat)),
            state_class: state_class.filter(|_| class.is_some()),
            unit: known.map(Cow::Borrowed),
            expires: class.is_some_and(|class| class.state_class == MEASUREMENT),
            disabled: true,
            unnamed: true,
            ..Self::default()
        }
    }
}

impl DeviceClass {
    /// The class, if it accepts that unit.
    fn name(&self, unit: &str, compat: bool) -> Option<&'static str> {
        let units = if compat { self.old_units } else { self.units };
        units.contains(&unit).then_some(self.name)
    }
}

const fn class(
    unit: Unit,
    name: &'static str,
    units: &'static [&'static str],
    old_units: &'static [&'static str],
    state_class: &'static str,
    decimals: i16,
) -> DeviceClass {
    DeviceClass { unit, name, units, old_units, state_class, decimals }
}

/// The most decimals to show: more would show single watt-hours of a value in megawatt-hours.
const MOST_DECIMALS: i16 = 3;

/// `1-0:99.1.0` as `obis_1_0_99_1_0`; `f` precedes a sixth group and `n` an occurrence.
fn id(key: FieldKey) -> String {
    let plain = key.text(&Units::default()).replace('*', "_f").replace('#', "_n");
    let plain = plain.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    match key {
        FieldKey::Object(..) => format!("obis_{plain}"),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        format::readings::Readings,
        reading::fields::of_name,
        sink::{mqtt::publication::StateFormat, projection::Projection, settings::SinkSettings},
    };

    const ENGLISH: NameLanguage = NameLanguage::English;

    fn entities(line: &str, projection: &Projection, query: &str) -> Vec<Entity> {
        let mut settings: SinkSettings = format!("mqtt://broker?{query}").parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let options = DiscoveryOptions::take(&mut settings, &state_format).unwrap().unwrap();
        let readings = Readings::parse(line.as_bytes()).unwrap();
        projection
            .of(&readings)
            .filter_map(|reading| Entity::of(&reading, &projection.units, &options))
            .collect()
    }

    fn one(member: &str) -> Option<Entity> {
        let line = format!("{{{member},\"power_net_w\":1}}");
        let all = entities(&line, &Projection::default(), "ha=device");
        assert_eq!(all.last().unwrap().id, "power_net");
        (all.len() == 2).then(|| all[0].clone())
    }

    #[test]
    fn each_quantity_has_the_class_the_unit_and_the_decimals_that_home_assistant_takes() {
        for (name, id, class, state_class, unit, decimals, expires) in [
            ("energy_import_wh", "energy_import", "energy", TOTAL, Some("Wh"), 0, false),
            ("energy_export_t2_wh", "energy_export_t2", "energy", TOTAL, Some("Wh"), 0, false),
            (
                "reactive_energy_import_varh",
                "reactive_energy_import",
                "reactive_energy",
                TOTAL,
                Some("varh"),
                0,
                false,
            ),
            ("power_net_w", "power_net", "power", MEASUREMENT, Some("W"), 0, true),
            (
                "reactive_power_export_l1_var",
                "reactive_power_export_l1",
                "reactive_power",
                MEASUREMENT,
                Some("var"),
                0,
                true,
            ),
            ("voltage_l3_v", "voltage_l3", "voltage", MEASUREMENT, Some("V"), 1, true),
            ("current_l1_a", "current_l1", "current", MEASUREMENT, Some("A"), 2, true),
            ("frequency_hz", "frequency", "frequency", MEASUREMENT, Some("Hz"), 2, true),
            ("power_factor_l2", "power_factor_l2", "power_factor", MEASUREMENT, None, 3, true),
        ] {
            let entity =
                Entity::named(of_name(name).unwrap(), 1, &Units::default(), false, ENGLISH)
                    .unwrap();
            assert_eq!(entity.id, id);
            assert_eq!((entity.class, entity.state_class), (Some(class), Some(state_class)));
            assert_eq!((entity.unit.as_deref(), entity.decimals), (unit, Some(decimals)));
            assert_eq!(
                (entity.expires, entity.diagnostic, entity.disabled),
                (expires, false, false)
            );
        }
    }

    #[test]
    fn every_name_of_the_table_is_an_entity_of_its_own() {
        let entity = |place| Entity::named(place, 1, &Units::default(), false, ENGLISH).unwrap();
        let ids: BTreeSet<_> = (0..FIELDS.len()).map(|place| entity(place).id).collect();
        assert_eq!(ids.len(), FIELDS.len());
        let plain = |id: &String| {
            id.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
        };
        assert!(ids.iter().all(plain), "{ids:?}");
        let names: BTreeSet<_> = (0..FIELDS.len()).map(|place| entity(place).name).collect();
        assert_eq!(names.len(), FIELDS.len());
        assert!(names.iter().all(|name| !name.contains('_')), "{names:?}");
    }

    #[test]
    fn a_choice_of_names_and_units_is_followed_by_the_same_entity() {
        let key = |name| FieldKey::parse(name, &Units::default()).unwrap();
        let mut projection = Projection {
            names: vec![(key("power_net_w"), "Leistung".to_owned())],
            ..Projection::default()
        };
        projection.units.choose("energy=kWh").unwrap();
        projection.units.choose("reactive-energy=Mvarh").unwrap();
        let line = "{\"energy_import_wh\":5,\"reactive_energy_import_varh\":5,\"power_net_w\":7}";
        let all = entities(line, &projection, "ha=device");
        let found: Vec<_> = all
            .iter()
            .map(|it| {
                (it.id.as_str(), it.member.as_str(), it.class, it.unit.as_deref(), it.decimals)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("energy_import", "energy_import_kwh", Some("energy"), Some("kWh"), Some(3)),
                // Home Assistant does not know Mvarh: with the class it would refuse the entity.
                (
                    "reactive_energy_import",
                    "reactive_energy_import_mvarh",
                    None,
                    Some("Mvarh"),
                    Some(3)
                ),
                ("power_net", "Leistung", Some("power"), Some("W"), Some(0)),
            ]
        );
    }

    #[test]
    fn an_old_home_assistant_gets_nothing_that_it_does_not_know() {
        let line = "{\"energy_import_wh\":5,\"reactive_energy_import_varh\":5}";
        let all = entities(line, &Projection::default(), "ha_compat=true");
        assert_eq!((all[0].class, all[1].class), (Some("energy"), None));
        assert_eq!((all[1].state_class, all[1].unit.as_deref()), (Some(TOTAL), Some("varh")));
    }

    #[test]
    fn what_has_no_name_has_to_be_switched_on_and_is_classed_by_its_code_alone() {
        let entity = one("\"1-0:9.7.0\":12,\"1-0:9.7.0_unit\":\"VA\"").unwrap();
        assert_eq!((entity.id.as_str(), entity.name.as_str()), ("obis_1_0_9_7_0", "1-0:9.7.0"));
        assert_eq!((entity.class, entity.state_class), (Some("apparent_power"), Some(MEASUREMENT)));
        assert!(entity.disabled && entity.expires);
        let entity = one("\"1-0:1.6.0\":12,\"1-0:1.6.0_unit\":\"W\"").unwrap();
        assert_eq!(
            (entity.class, entity.state_class, entity.unit.as_deref()),
            (None, None, Some("W"))
        );
        let entity = one("\"1-0:1.8.0*1\":12,\"1-0:1.8.0*1_unit\":\"Wh\"").unwrap();
        assert_eq!((entity.id.as_str(), entity.state_class), ("obis_1_0_1_8_0_f1", None));
        let entity = one("\"1-0:1.8.0#2\":12").unwrap();
        assert_eq!((entity.id.as_str(), entity.class), ("obis_1_0_1_8_0_n2", None));
        let entity = one("\"item_7\":\"abc\"").unwrap();
        assert_eq!((entity.id.as_str(), entity.name.as_str()), ("item_7", "Item 7"));
        assert!(one("\"energy_import_wh#2\":5").unwrap().disabled);
    }

    #[test]
    fn a_unit_that_nobody_knows_and_what_is_no_state_are_left_out() {
        let unit = one("\"1-0:99.1.0\":1,\"1-0:99.1.0_unit\":\"{{ states }}\"").unwrap().unit;
        assert_eq!(unit, None);
        assert_eq!(one("\"0-0:94.1.0\":[1,2]"), None);
        assert_eq!(one(&format!("\"item_7\":\"{}\"", "x".repeat(256))), None);
        assert_eq!(one("\"authenticated\":false"), None);
        assert_eq!(one("\"system_title\":\"aa\""), None);
    }

    #[test]
    fn the_clock_is_out_of_date_without_telegrams_and_the_number_never() {
        let clock = one("\"time\":\"2021-09-27T09:47:15+02:00\"").unwrap();
        assert_eq!(
            (clock.id.as_str(), clock.class, clock.expires),
            ("meter_time", Some("timestamp"), true)
        );
        let number = one("\"meter\":\"181220000009\"").unwrap();
        assert_eq!(
            (number.id.as_str(), number.class, number.expires),
            ("meter_number", None, false)
        );
        assert!(clock.diagnostic && number.diagnostic);
        assert!(clock.disabled && !number.disabled, "the clock changes with each telegram");
    }
}
