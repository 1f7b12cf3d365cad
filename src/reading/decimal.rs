//! Exact decimal numbers: an integer and a power of ten.

use core::fmt;

/// An integer × 10^exponent.
///
/// The integer has a sign and 64 bits, so that every integer of the Blue Book fits.
///
/// ```
/// use meterpipe::reading::decimal::Decimal;
///
/// assert_eq!(Decimal::new(2337, -1).to_string(), "233.7");
/// assert_eq!(Decimal::new(12, 3).to_string(), "12000");
/// assert_eq!(Decimal::new(-5, -3).to_string(), "-0.005");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    magnitude: u64,
    exponent: i16,
    negative: bool,
}

impl Decimal {
    /// `integer` × 10^`exponent`.
    #[must_use]
    pub const fn new(integer: i64, exponent: i16) -> Self {
        Self { magnitude: integer.unsigned_abs(), exponent, negative: integer < 0 }
    }

    /// The same with an integer of any size; nothing if it needs more than a sign and 64 bits.
    #[must_use]
    pub fn of(integer: i128, exponent: i16) -> Option<Self> {
        let magnitude = u64::try_from(integer.unsigned_abs()).ok()?;
        Some(Self { magnitude, exponent, negative: integer < 0 })
    }

    fn integer(self) -> i128 {
        let magnitude = i128::from(self.magnitude);
        if self.negative { -magnitude } else { magnitude }
    }

    /// The same number in a unit that is 10^`power` times as large.
    #[must_use]
    pub const fn in_larger_unit(self, power: i16) -> Self {
        Self { exponent: self.exponent.saturating_sub(power), ..self }
    }

    /// `self` − `other` with the finer of both resolutions; nothing if it does not fit.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let at = |number: Self| {
            let power = u32::from(number.exponent.abs_diff(exponent));
            number.integer().checked_mul(10i128.checked_pow(power)?)
        };
        Self::of(at(self)?.checked_sub(at(other)?)?, exponent)
    }

    /// The shortest decimal that reads back as the same float, exactly.
    ///
    /// Nothing for what is no number.
    #[must_use]
    pub fn shortest(scientific: &str) -> Option<Self> {
        let (mantissa, exponent) = scientific.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().ok()?;
        let exponent: i16 = exponent.parse().ok()?;
        Self::of(digits, exponent.checked_sub(i16::try_from(fraction.len()).ok()?)?)
    }

    /// Appends the number with exactly the digits that the exponent gives it.
    pub fn write(self, text: &mut Vec<u8>) {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(self.magnitude).as_bytes();
        if self.negative {
            text.push(b'-');
        }
        let shift = usize::from(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            text.extend_from_slice(digits);
            let zeros = if self.magnitude == 0 { 0 } else { shift };
            text.resize(text.len() + zeros, b'0');
        } else if let Some((whole, fraction)) =
            digits.len().checked_sub(shift).and_then(|at| digits.split_at_checked(at))
            && !whole.is_empty()
        {
            text.extend_from_slice(whole);
            text.push(b'.');
            text.extend_from_slice(fraction);
        } else {
            text.extend_from_slice(b"0.");
            text.resize(text.len() + shift.saturating_sub(digits.len()), b'0');
            text.extend_from_slice(digits);
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.pad(core::str::from_utf8(&text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_exactly_the_digits_of_its_exponent() {
        for (digits, exponent, text) in [
            (0, 0, "0"),
            (0, -1, "0.0"),
            (0, -3, "0.000"),
            (0, 3, "0"),
            (1000, -3, "1.000"),
            (999, -3, "0.999"),
            (2337, -1, "233.7"),
            (-2337, -2, "-23.37"),
            (-7, -2, "-0.07"),
            (12, 3, "12000"),
            (i64::MIN, -3, "-9223372036854775.808"),
            (4_294_967_295, -3, "4294967.295"),
        ] {
            assert_eq!(Decimal::new(digits, exponent).to_string(), text);
        }
        let largest = Decimal::of(u64::MAX.into(), 3).unwrap();
        assert_eq!(largest.to_string(), "18446744073709551615000");
        assert_eq!(Decimal::of(i128::from(u64::MAX) + 1, 0), None);
        assert_eq!(size_of::<Option<Decimal>>(), 16, "a telegram has room for many");
        assert_eq!(Decimal::new(5, -128).to_string().len(), 130);
        assert_eq!(Decimal::new(5, 127).to_string().len(), 128);
    }

    #[test]
    fn differences_keep_the_finer_resolution() {
        let minus = |a, b| Decimal::minus(a, b).map(|d| d.to_string());
        assert_eq!(minus(Decimal::new(5, 0), Decimal::new(15, -1)).as_deref(), Some("3.5"));
        assert_eq!(minus(Decimal::new(0, 0), Decimal::new(8615, 0)).as_deref(), Some("-8615"));
        assert_eq!(minus(Decimal::new(1, 127), Decimal::new(1, -128)), None);
    }

    #[test]
    fn floats_become_their_shortest_decimal() {
        for (float, text) in [(0.1f32, "0.1"), (16_777_216.0, "16777216"), (-1.5e-7, "-0.00000015")]
        {
            assert_eq!(Decimal::shortest(&format!("{float:e}")).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::shortest(&format!("{:e}", 233.7f64)).unwrap().to_string(), "233.7");
        assert_eq!(Decimal::shortest(&format!("{:e}", f64::NAN)), None);
        assert_eq!(Decimal::shortest(&format!("{:e}", f64::INFINITY)), None);
    }
}
