//! The spelling of numbers: with the digits of the meter, or as programs print a float.
//!
//! ```text
//! exact   12937     233.70   1.000
//! float   12937.0   233.7    1.0
//! short   12937     233.7    1.0
//! ```

use crate::reading::decimal::Decimal;

/// The spelling of the numbers of a sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberStyle {
    /// With exactly the digits that the meter's scaler gives.
    #[default]
    Exact,
    /// As Python and others print a float: one decimal at least, and no zeros behind it.
    Float,
    /// The same for numbers with decimals; integers stay integers.
    Short,
}

impl NumberStyle {
    /// The same number with the digits of this style.
    #[must_use]
    #[inline]
    pub fn of(self, number: Decimal) -> Decimal {
        match self {
            Self::Short if number.decimals() > 0 => float(number),
            Self::Float => float(number),
            Self::Exact | Self::Short => number,
        }
    }
}

/// A number that has no room for a decimal stays as it is.
fn float(number: Decimal) -> Decimal {
    let decimals = number.last_digit().map_or(1, |power| power.checked_neg().unwrap_or(1).max(1));
    number.with_decimals(decimals).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_has_a_decimal_and_no_more_zeros_than_that() {
        for (exact, as_float, short) in [
            ("12937", "12937.0", "12937"),
            ("0", "0.0", "0"),
            ("0.00", "0.0", "0.0"),
            ("1.000", "1.0", "1.0"),
            ("233.70", "233.7", "233.7"),
            ("-8.615", "-8.615", "-8.615"),
            ("-8615", "-8615.0", "-8615"),
            ("12000", "12000.0", "12000"),
            ("0.0005", "0.0005", "0.0005"),
            ("18446744073709551615", "18446744073709551615", "18446744073709551615"),
        ] {
            let number = Decimal::parse(exact).unwrap();
            assert_eq!(NumberStyle::Float.of(number).to_string(), as_float);
            assert_eq!(NumberStyle::Short.of(number).to_string(), short);
            assert_eq!(NumberStyle::Exact.of(number).to_string(), exact);
        }
        let thousands = Decimal::new(12, 3);
        assert_eq!(NumberStyle::Float.of(thousands).to_string(), "12000.0");
        assert_eq!(NumberStyle::Short.of(thousands).to_string(), "12000");
    }
}
