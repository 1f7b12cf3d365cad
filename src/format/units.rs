//! Units that the user prefers: `--unit energy=kWh`.
//!
//! Nothing is rounded: a larger unit moves the decimal point. The unit in a name follows, so
//! `energy_import_wh` becomes `energy_import_kwh`.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    cosem::unit::Unit,
    format::{printable::printable, usage::Usage, words::meant},
    reading::{decimal::Decimal, fields::FIELDS},
};

/// The unit of each quantity that has a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    chosen: [Option<usize>; QUANTITIES.len()],
}

/// A quantity with several units: its name, the unit of the meter, and all units, each a thousand
/// times the one before.
struct Quantity {
    name: &'static str,
    unit: Unit,
    symbols: [&'static str; 3],
}

#[rustfmt::skip]
const QUANTITIES: [Quantity; 4] = [
    Quantity { name: "energy",          unit: Unit::WATT_HOUR, symbols: ["Wh", "kWh", "MWh"] },
    Quantity { name: "reactive-energy", unit: Unit::VAR_HOUR,  symbols: ["varh", "kvarh", "Mvarh"] },
    Quantity { name: "power",           unit: Unit::WATT,      symbols: ["W", "kW", "MW"] },
    Quantity { name: "reactive-power",  unit: Unit::VAR,       symbols: ["var", "kvar", "Mvar"] },
];

const NOTHING: [Option<usize>; QUANTITIES.len()] = [None; QUANTITIES.len()];

impl Units {
    /// Those of the published names.
    pub const PUBLISHED: Self = Self { chosen: NOTHING };

    /// Adds one choice, `QUANTITY=UNIT`, to the earlier ones.
    ///
    /// # Errors
    /// An unknown quantity or unit.
    pub fn choose(&mut self, text: &str) -> Result<(), Usage> {
        let (name, symbol) = text.split_once('=').ok_or_else(|| {
            Usage(format!("{}: expected QUANTITY=UNIT, as in energy=kWh", printable(text)))
        })?;
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        let at = QUANTITIES.iter().position(|quantity| quantity.name == name);
        let (Some(quantity), Some(chosen)) =
            (at.and_then(|at| QUANTITIES.get(at)), at.and_then(|at| self.chosen.get_mut(at)))
        else {
            return Err(unknown(&name));
        };
        let symbol = symbol.trim();
        let found = quantity.symbols.iter().position(|known| known.eq_ignore_ascii_case(symbol));
        *chosen = Some(found.ok_or_else(|| {
            let known = quantity.symbols.join(", ");
            Usage(format!("{name} in {}: the unit must be one of {known}", printable(symbol)))
        })?);
        Ok(())
    }

    /// True if all units are those of the published names, as nearly always.
    #[must_use]
    #[inline]
    pub fn are_published(&self) -> bool {
        *self == Self::PUBLISHED
    }

    /// The number in the chosen unit, and that unit, empty for a count.
    #[must_use]
    pub fn apply(&self, number: Decimal, unit: Unit) -> (Decimal, Cow<'static, str>) {
        match self.of(unit) {
            Some((power, symbol)) => (number.in_larger_unit(power), symbol.into()),
            None => (number, symbol(unit)),
        }
    }

    /// The number in the chosen unit.
    #[must_use]
    pub fn number(&self, number: Decimal, unit: Unit) -> Decimal {
        if self.are_published() { number } else { self.apply(number, unit).0 }
    }

    /// True if the user chose a unit for this quantity.
    #[must_use]
    pub fn is_chosen(&self, unit: Unit) -> bool {
        let mut all = QUANTITIES.iter().zip(self.chosen);
        all.any(|(quantity, chosen)| quantity.unit == unit && chosen.is_some())
    }

    /// The power of ten by which the chosen unit is larger than `unit`.
    #[must_use]
    pub fn power(&self, unit: Unit) -> i16 {
        self.of(unit).map_or(0, |(power, _)| power)
    }

    /// The place of a name with the chosen unit.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        if self.are_published() {
            return None;
        }
        (0..FIELDS.len()).find(|place| self.name(*place) == name)
    }

    /// The published name at a place, with the chosen unit.
    #[must_use]
    pub fn name(&self, place: usize) -> Cow<'static, str> {
        let Some(field) = FIELDS.get(place) else {
            return "".into();
        };
        if self.are_published() {
            return field.name.into();
        }
        let symbol = self.of(field.unit).filter(|(power, _)| *power != 0);
        match (symbol, field.name.rsplit_once('_')) {
            (Some((_, symbol)), Some((name, _))) => {
                format!("{name}_{}", symbol.to_ascii_lowercase()).into()
            }
            _ => field.name.into(),
        }
    }

    fn of(&self, unit: Unit) -> Option<(i16, &'static str)> {
        let at = QUANTITIES.iter().position(|quantity| quantity.unit == unit)?;
        let chosen = self.chosen.get(at)?.unwrap_or_default();
        let symbol = QUANTITIES.get(at)?.symbols.get(chosen)?;
        Some((3 * i16::try_from(chosen).ok()?, symbol))
    }
}

/// The refusal of a quantity, with the one that its name means.
fn unknown(name: &str) -> Usage {
    let known = QUANTITIES.iter().map(|quantity| quantity.name);
    let meant = meant(name, &known.clone().collect::<BTreeSet<_>>()).replace('_', "-");
    let name = printable(name);
    Usage(match known.clone().find(|known| *known == meant) {
        Some(meant) => format!("no quantity is called {name}: did you mean {meant}?"),
        None => format!("{name}: not one of {}", known.collect::<Vec<_>>().join(", ")),
    })
}

/// The unit as text, empty for a count.
#[must_use]
pub fn symbol(unit: Unit) -> Cow<'static, str> {
    match (unit.symbol(), unit) {
        (Some(symbol), _) => symbol.into(),
        (None, Unit::COUNT) => "".into(),
        (None, unit) => unit.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::fields::of_name;

    fn units(texts: &[&str]) -> Units {
        let mut units = Units::default();
        texts.iter().for_each(|text| units.choose(text).unwrap());
        units
    }

    #[test]
    fn values_names_and_symbols_follow_the_choice() {
        let units = units(&["energy=kWh", "reactive_energy=Mvarh", "power=kw"]);
        for (name, digits, exponent, as_name, value, symbol) in [
            ("energy_import_wh", 12937, 0, "energy_import_kwh", "12.937", "kWh"),
            ("energy_export_t2_wh", 5, 3, "energy_export_t2_kwh", "5", "kWh"),
            (
                "reactive_energy_import_varh",
                7,
                0,
                "reactive_energy_import_mvarh",
                "0.000007",
                "Mvarh",
            ),
            ("power_net_w", -8615, 0, "power_net_kw", "-8.615", "kW"),
            ("reactive_power_import_var", 1, 0, "reactive_power_import_var", "1", "var"),
            ("voltage_l1_v", 2337, -1, "voltage_l1_v", "233.7", "V"),
            ("power_factor", 1000, -3, "power_factor", "1.000", ""),
        ] {
            let place = of_name(name).unwrap();
            assert_eq!(units.name(place), as_name);
            let (number, unit) = units.apply(Decimal::new(digits, exponent), FIELDS[place].unit);
            assert_eq!((number.to_string().as_str(), &*unit), (value, symbol));
        }
        assert_eq!(units.apply(Decimal::new(1, 0), Unit(99)).1, "unit 99");
    }

    #[test]
    fn a_wrong_choice_is_named_with_what_there_is() {
        let error = |text| Units::default().choose(text).unwrap_err().to_string();
        assert_eq!(error("kWh"), "kWh: expected QUANTITY=UNIT, as in energy=kWh");
        assert_eq!(
            error("voltage=kV"),
            "voltage: not one of energy, reactive-energy, power, reactive-power"
        );
        for (name, meant) in [
            ("energie", "energy"),
            ("Leistung", "power"),
            ("enrgie", "energy"),
            ("Blindleistung", "reactive-power"),
            ("blindenergie", "reactive-energy"),
        ] {
            let told = Units::default().choose(&format!("{name}=kW")).unwrap_err().to_string();
            assert!(told.ends_with(&format!(": did you mean {meant}?")), "{told}");
        }
        assert_eq!(error("energy=J"), "energy in J: the unit must be one of Wh, kWh, MWh");
        assert_eq!(error("\x1b=J").find('\x1b'), None);
    }
}
