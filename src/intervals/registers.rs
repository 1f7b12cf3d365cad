//! The energy registers of a telegram.

use crate::{
    cosem::unit::Unit,
    reading::{decimal::Decimal, fields::FIELDS},
};

/// Registers by their places in [`FIELDS`], the lowest place first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnergyRegisters {
    registers: Vec<EnergyRegister>,
}

/// One register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnergyRegister {
    /// Its place in [`FIELDS`].
    pub place: usize,
    /// The value in units of its last digit.
    pub value: u64,
    /// The digits behind the point.
    pub decimals: u16,
}

/// True for the place of a register of energy.
#[must_use]
pub fn is_energy(place: usize) -> bool {
    let is_energy = |unit| unit == Unit::WATT_HOUR || unit == Unit::VAR_HOUR;
    FIELDS.get(place).is_some_and(|field| field.code.is_some() && is_energy(field.unit))
}

impl EnergyRegisters {
    /// Removes all registers.
    pub fn clear(&mut self) {
        self.registers.clear();
    }

    /// Adds a number with a published name, if it is a register of energy. No register is below zero.
    pub fn add(&mut self, place: usize, number: Decimal) {
        let decimals = number.decimals();
        let power = i16::try_from(decimals).map_or(i16::MIN, |decimals| -decimals);
        if let Some(value) = number.whole(power).filter(|_| is_energy(place))
            && !number.is_negative()
        {
            let register = EnergyRegister { place, value, decimals };
            match self.registers.last() {
                Some(last) if last.place >= place => {
                    let at = self.registers.partition_point(|it| it.place < place);
                    self.registers.insert(at, register);
                }
                _ => self.registers.push(register),
            }
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[EnergyRegister] {
        &self.registers
    }
}

impl EnergyRegister {
    /// The value with so many digits behind the point; `None` if it has more, or does not fit.
    #[must_use]
    pub fn with_decimals(self, decimals: u16) -> Option<u64> {
        let more = decimals.checked_sub(self.decimals)?;
        self.value.checked_mul(10_u64.checked_pow(more.into())?)
    }
}
