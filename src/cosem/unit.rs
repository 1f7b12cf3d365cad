//! Physical units (IEC 62056-6-2, enumeration `unit` of the register; Blue Book, 4.3.2).

use core::fmt;

/// The code of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit(pub u8);

/// A power of ten and a unit.
pub type ScalerUnit = (i8, Unit);

macro_rules! units {
    ($($code:literal $text:literal,)*) => {
        impl Unit {
            /// The unit as the Blue Book spells it; `None` for a count without a unit and for
            /// codes that are not assigned.
            #[must_use]
            pub const fn symbol(self) -> Option<&'static str> {
                match self.0 { $($code => Some($text),)* _ => None }
            }
        }
    };
}

units! {
    1 "a", 2 "mo", 3 "wk", 4 "d", 5 "h", 6 "min", 7 "s", 8 "°", 9 "°C", 10 "currency",
    11 "m", 12 "m/s", 13 "m³", 14 "m³", 15 "m³/h", 16 "m³/h", 17 "m³/d", 18 "m³/d", 19 "l",
    20 "kg", 21 "N", 22 "Nm", 23 "Pa", 24 "bar", 25 "J", 26 "J/h",
    27 "W", 28 "VA", 29 "var", 30 "Wh", 31 "VAh", 32 "varh",
    33 "A", 34 "C", 35 "V", 36 "V/m", 37 "F", 38 "Ω", 39 "Ωm²/m", 40 "Wb", 41 "T", 42 "A/m",
    43 "H", 44 "Hz", 45 "1/(Wh)", 46 "1/(varh)", 47 "1/(VAh)", 48 "V²h", 49 "A²h", 50 "kg/s",
    51 "S", 52 "K", 53 "1/(V²h)", 54 "1/(A²h)", 55 "1/m³", 56 "%", 57 "Ah", 60 "Wh/m³",
    61 "J/m³", 62 "Mol%", 63 "g/m³", 64 "Pa s", 65 "J/kg", 66 "g/cm²", 67 "atm",
    70 "dBm", 71 "dBµV", 72 "dB",
}

impl Unit {
    /// Active power.
    pub const WATT: Self = Self(27);
    /// Reactive power.
    pub const VAR: Self = Self(29);
    /// Active energy.
    pub const WATT_HOUR: Self = Self(30);
    /// Reactive energy.
    pub const VAR_HOUR: Self = Self(32);
    /// Current.
    pub const AMPERE: Self = Self(33);
    /// Voltage.
    pub const VOLT: Self = Self(35);
    /// Frequency.
    pub const HERTZ: Self = Self(44);
    /// A number without a unit.
    pub const COUNT: Self = Self(255);
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.symbol(), *self) {
            (Some(symbol), _) => f.write_str(symbol),
            (None, Self::COUNT) => Ok(()),
            (None, Self(code)) => write!(f, "unit {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_of_the_operators_papers() {
        for (code, text) in [(27, "W"), (30, "Wh"), (32, "varh"), (33, "A"), (35, "V"), (255, "")] {
            assert_eq!(Unit(code).to_string(), text);
        }
        assert_eq!(Unit(99).to_string(), "unit 99");
    }
}
