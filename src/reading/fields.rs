//! The published names of values.
//!
//! A name carries its unit and keeps its meaning for ever. An object has it if its OBIS code has
//! A = 1 (electricity) and F = 255 (the current value), C, D and E as in the table, and its unit is
//! the unit of the name (IEC 62056-6-1, table of the value group C for electricity).

use std::sync::LazyLock;

use crate::cosem::{obis::Obis, unit::Unit};

/// A named value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, unit included.
    pub name: &'static str,
    /// The groups C, D and E; `None` for a computed value.
    pub code: Option<[u8; 3]>,
    /// The unit of the name.
    pub unit: Unit,
    /// True if an Austrian M-Bus layout has it: tables with fixed columns have one for it.
    pub column: bool,
}

/// The number of names: few enough for the bits of one word.
pub const COUNT: usize = FIELDS.len();
const _: () = assert!(COUNT <= 64, "a telegram keeps a bit for each name");

/// All names, in the order in which they are printed.
#[rustfmt::skip]
pub static FIELDS: [Field; 57] = [
    column("energy_import_wh",               [1, 8, 0],   WATT_HOUR),
    column("energy_export_wh",               [2, 8, 0],   WATT_HOUR),
    column("reactive_energy_import_varh",    [3, 8, 0],   VAR_HOUR),
    column("reactive_energy_export_varh",    [4, 8, 0],   VAR_HOUR),
    field("energy_import_t1_wh",            [1, 8, 1],   WATT_HOUR),
    field("energy_import_t2_wh",            [1, 8, 2],   WATT_HOUR),
    field("energy_import_t3_wh",            [1, 8, 3],   WATT_HOUR),
    field("energy_import_t4_wh",            [1, 8, 4],   WATT_HOUR),
    field("energy_export_t1_wh",            [2, 8, 1],   WATT_HOUR),
    field("energy_export_t2_wh",            [2, 8, 2],   WATT_HOUR),
    field("energy_export_t3_wh",            [2, 8, 3],   WATT_HOUR),
    field("energy_export_t4_wh",            [2, 8, 4],   WATT_HOUR),
    field("reactive_energy_import_t1_varh", [3, 8, 1],   VAR_HOUR),
    field("reactive_energy_import_t2_varh", [3, 8, 2],   VAR_HOUR),
    field("reactive_energy_import_t3_varh", [3, 8, 3],   VAR_HOUR),
    field("reactive_energy_import_t4_varh", [3, 8, 4],   VAR_HOUR),
    field("reactive_energy_export_t1_varh", [4, 8, 1],   VAR_HOUR),
    field("reactive_energy_export_t2_varh", [4, 8, 2],   VAR_HOUR),
    field("reactive_energy_export_t3_varh", [4, 8, 3],   VAR_HOUR),
    field("reactive_energy_export_t4_varh", [4, 8, 4],   VAR_HOUR),
    column("power_import_w",                 [1, 7, 0],   WATT),
    column("power_export_w",                 [2, 7, 0],   WATT),
    field("power_import_l1_w",              [21, 7, 0],  WATT),
    field("power_import_l2_w",              [41, 7, 0],  WATT),
    field("power_import_l3_w",              [61, 7, 0],  WATT),
    field("power_export_l1_w",              [22, 7, 0],  WATT),
    field("power_export_l2_w",              [42, 7, 0],  WATT),
    field("power_export_l3_w",              [62, 7, 0],  WATT),
    net("power_net_w",                    WATT),
    field("reactive_power_import_var",      [3, 7, 0],   VAR),
    field("reactive_power_export_var",      [4, 7, 0],   VAR),
    field("reactive_power_import_l1_var",   [23, 7, 0],  VAR),
    field("reactive_power_import_l2_var",   [43, 7, 0],  VAR),
    field("reactive_power_import_l3_var",   [63, 7, 0],  VAR),
    field("reactive_power_export_l1_var",   [24, 7, 0],  VAR),
    field("reactive_power_export_l2_var",   [44, 7, 0],  VAR),
    field("reactive_power_export_l3_var",   [64, 7, 0],  VAR),
    column("voltage_l1_v",                   [32, 7, 0],  VOLT),
    column("voltage_l2_v",                   [52, 7, 0],  VOLT),
    column("voltage_l3_v",                   [72, 7, 0],  VOLT),
    column("current_l1_a",                   [31, 7, 0],  AMPERE),
    column("current_l2_a",                   [51, 7, 0],  AMPERE),
    column("current_l3_a",                   [71, 7, 0],  AMPERE),
    column("power_factor",                   [13, 7, 0],  NUMBER),
    field("power_factor_l1",                [33, 7, 0],  NUMBER),
    field("power_factor_l2",                [53, 7, 0],  NUMBER),
    field("power_factor_l3",                [73, 7, 0],  NUMBER),
    field("frequency_hz",                   [14, 7, 0],  HERTZ),
    mean("power_import_mean_w",             WATT),
    mean("power_export_mean_w",             WATT),
    mean("reactive_power_import_mean_var",  VAR),
    mean("reactive_power_export_mean_var",  VAR),
    mean("power_import_forecast_w",         WATT),
    mean("power_export_forecast_w",         WATT),
    mean("power_import_peak_w",             WATT),
    mean("energy_import_today_wh",          WATT_HOUR),
    mean("energy_export_today_wh",          WATT_HOUR),
];

/// The place of the imported energy.
pub const ENERGY_IMPORT: usize = 0;

/// The place of the exported energy.
pub const ENERGY_EXPORT: usize = 1;

/// The place of import less export, the only value that is computed from one telegram.
pub const POWER_NET: usize = 28;

/// The place of the imported power.
pub const POWER_IMPORT: usize = 20;

/// The place of the exported power.
pub const POWER_EXPORT: usize = 21;

/// The place of the mean of the imported power over an interval.
pub const POWER_IMPORT_MEAN: usize = 48;

/// The place of the mean of the exported power.
pub const POWER_EXPORT_MEAN: usize = 49;

/// The place of the mean of the imported reactive power.
pub const REACTIVE_POWER_IMPORT_MEAN: usize = 50;

/// The place of the mean of the exported reactive power.
pub const REACTIVE_POWER_EXPORT_MEAN: usize = 51;

/// The place of the mean of the imported power that an interval will probably have.
pub const POWER_IMPORT_FORECAST: usize = 52;

/// The place of the same of the exported power.
pub const POWER_EXPORT_FORECAST: usize = 53;

/// The place of the highest mean of the imported power in a month so far.
pub const POWER_IMPORT_PEAK: usize = 54;

/// The place of the energy imported since midnight.
pub const ENERGY_IMPORT_TODAY: usize = 55;

/// The place of the energy exported since midnight.
pub const ENERGY_EXPORT_TODAY: usize = 56;

/// The place of the name that an object with this code and unit has.
#[must_use]
pub fn of_object(obis: Obis, unit: Unit) -> Option<usize> {
    let [1, _, c, d, e, 255] = obis.0 else {
        return None;
    };
    let place = usize::from(*BY_CODE.get(index([c, d, e])?)?);
    (FIELDS.get(place)?.unit == unit).then_some(place)
}

/// The place of a name.
#[must_use]
pub fn of_name(name: &str) -> Option<usize> {
    FIELDS.iter().position(|field| field.name == name)
}

const WATT: Unit = Unit::WATT;
const VAR: Unit = Unit::VAR;
const WATT_HOUR: Unit = Unit::WATT_HOUR;
const VAR_HOUR: Unit = Unit::VAR_HOUR;
const AMPERE: Unit = Unit::AMPERE;
const VOLT: Unit = Unit::VOLT;
const HERTZ: Unit = Unit::HERTZ;
const NUMBER: Unit = Unit::COUNT;

const fn field(name: &'static str, code: [u8; 3], unit: Unit) -> Field {
    Field { name, code: Some(code), unit, column: false }
}

const fn column(name: &'static str, code: [u8; 3], unit: Unit) -> Field {
    Field { name, code: Some(code), unit, column: true }
}

const fn net(name: &'static str, unit: Unit) -> Field {
    Field { name, code: None, unit, column: true }
}

/// Computed over an interval: no telegram has it.
const fn mean(name: &'static str, unit: Unit) -> Field {
    Field { name, code: None, unit, column: false }
}

/// The places of all codes by [`index`], since a telegram asks a dozen times.
static BY_CODE: LazyLock<[u8; INDICES]> = LazyLock::new(|| {
    let mut places = [u8::MAX; INDICES];
    for (at, field) in FIELDS.iter().enumerate() {
        let place = field.code.and_then(index).and_then(|index| places.get_mut(index));
        if let (Some(place), Ok(at)) = (place, u8::try_from(at)) {
            *place = at;
        }
    }
    places
});

/// Instantaneous values of any quantity, then energies of the first tariffs.
const INDICES: usize = 256 + TARIFFS * QUANTITIES;
const TARIFFS: usize = 8;
const QUANTITIES: usize = 16;

/// One number for each code that may have a name.
fn index([c, d, e]: [u8; 3]) -> Option<usize> {
    let (quantity, tariff) = (usize::from(c), usize::from(e));
    match d {
        7 if tariff == 0 => Some(quantity),
        8 if tariff < TARIFFS && quantity < QUANTITIES => {
            Some(256 + tariff * QUANTITIES + quantity)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_where_the_constants_put_them() {
        assert_eq!(of_name("energy_import_wh"), Some(ENERGY_IMPORT));
        assert_eq!(of_name("energy_export_wh"), Some(ENERGY_EXPORT));
        assert_eq!(of_name("power_net_w"), Some(POWER_NET));
        assert_eq!(of_name("power_import_w"), Some(POWER_IMPORT));
        assert_eq!(of_name("power_export_w"), Some(POWER_EXPORT));
        assert_eq!(of_name("power_import_mean_w"), Some(POWER_IMPORT_MEAN));
        assert_eq!(of_name("power_export_mean_w"), Some(POWER_EXPORT_MEAN));
        assert_eq!(of_name("power_import_peak_w"), Some(POWER_IMPORT_PEAK));
        assert_eq!(of_name("energy_import_today_wh"), Some(ENERGY_IMPORT_TODAY));
        assert_eq!(of_name("energy_export_today_wh"), Some(ENERGY_EXPORT_TODAY));
        assert_eq!(of_name("power_import_forecast_w"), Some(POWER_IMPORT_FORECAST));
        assert_eq!(of_name("power_export_forecast_w"), Some(POWER_EXPORT_FORECAST));
        assert_eq!(of_name("reactive_power_import_mean_var"), Some(REACTIVE_POWER_IMPORT_MEAN));
        assert_eq!(of_name("reactive_power_export_mean_var"), Some(REACTIVE_POWER_EXPORT_MEAN));
    }

    #[test]
    fn names_and_codes_are_unique_and_names_end_with_their_unit() {
        for (at, field) in FIELDS.iter().enumerate() {
            assert_eq!(of_name(field.name), Some(at));
            if let Some([c, d, e]) = field.code {
                assert_eq!(of_object(Obis([1, 0, c, d, e, 255]), field.unit), Some(at));
            }
            let unit = field.unit.to_string().to_lowercase();
            assert!(unit.is_empty() || field.name.ends_with(&format!("_{unit}")), "{}", field.name);
        }
    }

    #[test]
    fn another_medium_history_or_quantity_has_no_name() {
        let wh = Unit::WATT_HOUR;
        assert!(of_object(Obis([1, 0, 1, 8, 0, 255]), wh).is_some());
        assert_eq!(of_object(Obis([7, 0, 1, 8, 0, 255]), wh), None);
        assert_eq!(of_object(Obis([1, 0, 1, 8, 0, 1]), wh), None);
        assert_eq!(of_object(Obis([1, 0, 1, 8, 0, 255]), Unit::WATT), None);
        assert_eq!(of_object(Obis([1, 0, 99, 1, 0, 255]), wh), None);
    }
}
