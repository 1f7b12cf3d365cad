//! Exact decimal numbers: an integer and a power of ten.

use core::{cmp::Ordering, fmt, hash::Hasher};

/// An integer × 10^exponent.
///
/// The integer has a sign and 64 bits, so that every integer of the Blue Book fits. Comparisons are
/// by value: 5 equals 5.0. [`same_digits`](Self::same_digits) also compares the spelling.
///
/// ```
/// use meterpipe::reading::decimal::Decimal;
///
/// assert_eq!(Decimal::new(2337, -1).to_string(), "233.7");
/// assert_eq!(Decimal::new(12, 3).to_string(), "12000");
/// assert_eq!(Decimal::new(-5, -3).to_string(), "-0.005");
/// assert_eq!(Decimal::new(5, 0), Decimal::new(50, -1));
/// assert!(!Decimal::new(5, 0).same_digits(Decimal::new(50, -1)));
/// ```
#[derive(Clone, Copy, Debug)]
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

    /// The same with an integer of any size; `None` if it needs more than a sign and 64 bits.
    #[must_use]
    pub fn of(integer: i128, exponent: i16) -> Option<Self> {
        let magnitude = u64::try_from(integer.unsigned_abs()).ok()?;
        Some(Self { magnitude, exponent, negative: integer < 0 })
    }

    /// Reads the output of [`write`](Self::write): digits with an optional sign and point. `None`
    /// for any other text, and for more digits than fit; zeros at the end of an integer always fit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        if let Some((number, size)) = Self::at_start(text.as_bytes())
            && size == text.len()
        {
            return Some(number);
        }
        let (mut magnitude, mut zeros, mut point) = (0_u64, 0, None);
        for (at, sign) in digits.iter().enumerate() {
            match sign {
                b'0'..=b'9' => {
                    let digit = u64::from(sign - b'0');
                    let longer = magnitude.checked_mul(10).and_then(|it| it.checked_add(digit));
                    match longer.filter(|_| zeros == 0) {
                        Some(longer) => magnitude = longer,
                        None if digit == 0 && point.is_none() => zeros += 1,
                        None => return None,
                    }
                }
                b'.' if at > 0 && zeros == 0 && point.is_none() => point = Some(at + 1),
                _ => return None,
            }
        }
        let decimals = point.map_or(0, |at| digits.len() - at);
        if digits.is_empty() || point.is_some() && decimals == 0 {
            return None;
        }
        let exponent = i16::try_from(zeros).ok()?.checked_sub(i16::try_from(decimals).ok()?)?;
        Some(Self { magnitude, exponent, negative: digits.len() < text.len() })
    }

    /// The number at the start of a text, and the size of its own text; `None` for none, and for one of
    /// more than eighteen characters.
    ///
    /// ```
    /// use meterpipe::reading::decimal::Decimal;
    ///
    /// assert_eq!(Decimal::at_start(b"-233.7,"), Some((Decimal::new(-2337, -1), 6)));
    /// assert_eq!(Decimal::at_start(b"5.,"), None);
    /// assert_eq!(Decimal::at_start(b".5"), None);
    /// assert_eq!(Decimal::at_start(b"9223372036854775807"), None);
    /// ```
    #[must_use]
    pub fn at_start(text: &[u8]) -> Option<(Self, usize)> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let (mut magnitude, mut decimals, mut is_fraction, mut size) = (0, 0, 0, 0);
        for sign in digits.get(..=SHORT).unwrap_or(digits) {
            match sign {
                b'0'..=b'9' => {
                    magnitude = magnitude * 10 + u64::from(sign - b'0');
                    decimals += is_fraction;
                }
                b'.' if is_fraction == 0 && size > 0 => is_fraction = 1,
                _ => break,
            }
            size += 1;
        }
        if !(1..=SHORT).contains(&size) || is_fraction == 1 && decimals == 0 {
            return None;
        }
        let negative = digits.len() < text.len();
        Some((Self { magnitude, exponent: -decimals, negative }, size + usize::from(negative)))
    }

    /// The number as an integer, if it has no fraction.
    #[must_use]
    pub fn to_integer(self) -> Option<i128> {
        match self.exponent {
            0 => Some(self.integer()),
            _ => self.with_decimals(0).filter(|whole| *whole == self).map(Self::integer),
        }
    }

    /// The distance from zero in units of 10^`power`, rounded down; `None` if it does not fit.
    ///
    /// ```
    /// use meterpipe::reading::decimal::Decimal;
    ///
    /// assert_eq!(Decimal::new(2337, -1).whole(-3), Some(233_700));
    /// assert_eq!(Decimal::new(-2337, -1).whole(0), Some(233));
    /// assert_eq!(Decimal::new(i64::MAX, 0).whole(-3), None);
    /// ```
    #[must_use]
    pub fn whole(self, power: i16) -> Option<u64> {
        match POWERS.get(usize::from(self.exponent.abs_diff(power))) {
            _ if self.magnitude == 0 => Some(0),
            Some(factor) if self.exponent >= power => self.magnitude.checked_mul(*factor),
            Some(factor) => Some(self.magnitude / factor),
            None if self.exponent >= power => None,
            None => Some(0),
        }
    }

    /// Hashes the number: alike for numbers that are written alike.
    pub fn hash_digits(self, hash: &mut impl Hasher) {
        // 12 × 10³ is written as 12000.
        let whole = if self.exponent > 0 { self.whole(0) } else { None };
        hash.write_u64(whole.unwrap_or(self.magnitude));
        let decimals = if whole.is_some() { 0 } else { self.exponent };
        hash.write_u64(u64::from(decimals.cast_unsigned()) << 1 | u64::from(self.negative));
    }

    /// True if both numbers are written alike: equal, and with as many digits behind the point.
    #[must_use]
    pub fn same_digits(self, other: Self) -> bool {
        let decimals = self.exponent.min(0) == other.exponent.min(0);
        decimals && self.negative == other.negative && self == other
    }

    /// The number of digits behind the point.
    #[must_use]
    pub const fn decimals(self) -> u16 {
        if self.exponent < 0 { self.exponent.unsigned_abs() } else { 0 }
    }

    /// The power of ten of its last digit that is not zero; `None` for zero.
    ///
    /// ```
    /// use meterpipe::reading::decimal::Decimal;
    ///
    /// assert_eq!(Decimal::new(12900, -1).last_digit(), Some(1));
    /// assert_eq!(Decimal::new(0, -1).last_digit(), None);
    /// ```
    #[must_use]
    pub const fn last_digit(self) -> Option<i16> {
        let (mut magnitude, mut power) = (self.magnitude, self.exponent);
        if magnitude == 0 {
            return None;
        }
        while magnitude.is_multiple_of(10) {
            (magnitude, power) = (magnitude / 10, power.saturating_add(1));
        }
        Some(power)
    }

    /// True for zero, of whatever scale.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.magnitude == 0
    }

    fn integer(self) -> i128 {
        let magnitude = i128::from(self.magnitude);
        if self.negative { -magnitude } else { magnitude }
    }

    /// The same number in a unit that is 10^`power` times as large.
    #[must_use]
    #[inline]
    pub const fn in_larger_unit(self, power: i16) -> Self {
        match power {
            // Nearly always.
            0 => self,
            _ => Self { exponent: self.exponent.saturating_sub(power), ..self },
        }
    }

    /// The same number with exactly so many digits behind the point, rounded half to even; `None`
    /// if it does not fit.
    #[must_use]
    pub fn with_decimals(self, decimals: i16) -> Option<Self> {
        let exponent = decimals.checked_neg()?;
        let power = 10u128.checked_pow(u32::from(self.exponent.abs_diff(exponent)));
        let magnitude = u128::from(self.magnitude);
        let magnitude = if magnitude == 0 {
            0
        } else if self.exponent >= exponent {
            magnitude.checked_mul(power?)?
        } else {
            // A power that does not fit is larger than any magnitude: the result is zero.
            power.map_or(0, |power| rounded(magnitude, power))
        };
        Some(Self { magnitude: u64::try_from(magnitude).ok()?, exponent, ..self })
    }

    /// `self` + `other` with the finer of both resolutions; `None` if it does not fit.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.minus(Self { negative: !other.negative, ..other })
    }

    /// `self` − `other` with the finer of both resolutions; `None` if it does not fit.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let at = |number: Self| match u32::from(number.exponent.abs_diff(exponent)) {
            0 => Some(number.integer()),
            power => number.integer().checked_mul(10i128.checked_pow(power)?),
        };
        Self::of(at(self)?.checked_sub(at(other)?)?, exponent)
    }

    /// True if it is less than zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.negative && self.magnitude > 0
    }

    /// True if it is farther from zero than `band`.
    #[must_use]
    pub fn exceeds(self, band: Self) -> bool {
        self.cmp_size(band) == Ordering::Greater
    }

    /// Compares the distances from zero.
    fn cmp_size(self, other: Self) -> Ordering {
        if self.exponent < other.exponent {
            return other.cmp_size(self).reverse();
        }
        let power = u32::from(self.exponent.abs_diff(other.exponent));
        if power == 0 || self.magnitude == 0 {
            return self.magnitude.cmp(&other.magnitude);
        }
        // A product that does not fit is larger than any magnitude.
        let scaled =
            10_u128.checked_pow(power).and_then(|it| it.checked_mul(self.magnitude.into()));
        scaled.map_or(Ordering::Greater, |scaled| scaled.cmp(&other.magnitude.into()))
    }

    /// −1, 0 or 1.
    fn sign(self) -> i8 {
        i8::from(self.magnitude > 0) - 2 * i8::from(self.is_negative())
    }

    /// The decimal that a float's shortest scientific notation stands for; `None` if it is not
    /// finite.
    #[must_use]
    pub fn shortest(scientific: &str) -> Option<Self> {
        let (mantissa, exponent) = scientific.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().ok()?;
        let exponent: i16 = exponent.parse().ok()?;
        Self::of(digits, exponent.checked_sub(i16::try_from(fraction.len()).ok()?)?)
    }

    /// Appends the number with exactly the digits that the exponent gives it.
    #[inline(always)]
    pub fn write(self, text: &mut Vec<u8>) {
        if self.negative {
            text.push(b'-');
        }
        match u32::try_from(self.magnitude) {
            Ok(magnitude @ 0..100_000_000) if (-7..=0).contains(&self.exponent) => {
                short(magnitude, u32::from(self.exponent.unsigned_abs()), text);
            }
            _ => self.long(text),
        }
    }

    fn long(self, text: &mut Vec<u8>) {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(self.magnitude).as_bytes();
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

/// The powers of ten that fit.
static POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < powers.len() {
        // An index beyond the end would not compile.
        #[allow(clippy::indexing_slicing)]
        {
            powers[at] = 10 * powers[at - 1];
        }
        at += 1;
    }
    powers
};

/// The characters of a number that is so short that nothing can overflow.
const SHORT: usize = 18;

/// `magnitude` / `power`, rounded half to even.
const fn rounded(magnitude: u128, power: u128) -> u128 {
    let (whole, rest) = (magnitude / power, magnitude % power);
    let up = rest > power - rest || rest == power - rest && whole % 2 == 1;
    whole + up as u128
}

/// Appends a number of up to eight digits, of which up to seven are decimals. Nearly all numbers
/// are that short and make up most of the output, so there is no loop over digits, and all
/// arguments fit into registers.
#[inline(never)]
fn short(magnitude: u32, decimals: u32, text: &mut Vec<u8>) {
    let digits = eight_digits(magnitude);
    let zeros = (digits.trailing_zeros() / 8).min(7 - decimals);
    let whole = 8 - zeros - decimals;
    let digits = (digits | u64::from_le_bytes(*b"00000000")) >> (8 * zeros);
    if decimals == 0 {
        return append(digits, whole, text);
    }
    // The point moves the decimals one octet up; the ninth octet of a full register is left over.
    let point = 8 * whole;
    let (below, decimal) = (digits & ((1 << point) - 1), digits >> point);
    append(below | (u64::from(b'.') | decimal << 8) << point, 8 - zeros + 1, text);
    if zeros == 0 {
        text.push((digits >> 56) as u8);
    }
}

/// Appends the lowest octets of a register. Copying all eight takes one instruction.
#[inline]
fn append(octets: u64, size: u32, text: &mut Vec<u8>) {
    let end = text.len() + size as usize;
    text.extend_from_slice(&octets.to_le_bytes());
    text.truncate(end);
}

/// The decimal digits of a number below 100 000 000, an octet each, the first one lowest.
///
/// Three halvings: two groups of four digits, four of two, eight of one, each group in its part of
/// the register. Division by 100 and by 10 is a multiplication and a shift, exact for such small
/// numbers.
#[inline]
const fn eight_digits(number: u32) -> u64 {
    let groups = (number / 10_000) as u64 | ((number % 10_000) as u64) << 32;
    let hundreds = ((groups * 5243) >> 19) & 0x0000_007f_0000_007f;
    let groups = hundreds | (groups - 100 * hundreds) << 16;
    let tens = ((groups * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (groups - 10 * tens) << 8
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| match self.negative {
            true => other.cmp_size(*self),
            false => self.cmp_size(*other),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

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
    fn numbers_have_the_digits_that_the_standard_library_gives_them() {
        let mut text = Vec::new();
        for at in 0..=2_000_000u64 {
            // All small ones, both sides of each power of ten, and some of all sizes.
            let large = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (at % 64);
            let power = 10u64.pow((at % 20) as u32).wrapping_add(at % 3).wrapping_sub(1);
            for magnitude in [at, power, large, large % 100_000_000] {
                text.clear();
                Decimal::of(magnitude.into(), 0).unwrap().write(&mut text);
                let mut digits = itoa::Buffer::new();
                assert_eq!(text, digits.format(magnitude).as_bytes());
            }
        }
        for exponent in -30..=0i16 {
            let decimals = usize::from(exponent.unsigned_abs());
            for magnitude in [0, 1, 9, 10, 99, 12_345, 99_999_999, 100_000_000, u64::MAX] {
                let digits = format!("{magnitude:0>width$}", width = decimals + 1);
                let (whole, fraction) = digits.split_at(digits.len() - decimals);
                let point = if decimals == 0 { "" } else { "." };
                let number = Decimal::of(-i128::from(magnitude), exponent).unwrap();
                let sign = if magnitude == 0 { "" } else { "-" };
                assert_eq!(number.to_string(), format!("{sign}{whole}{point}{fraction}"));
            }
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["0", "-0.005", "233.7", "0.000", "18446744073709551615", "-12", "1.000"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        for number in [Decimal::new(5, 127), Decimal::new(-5, -128), Decimal::new(i64::MAX, 3)] {
            assert!(Decimal::parse(&number.to_string()).unwrap().same_digits(number), "{number}");
        }
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "+5",
            "1e3",
            "1 2",
            "1.2.3",
            "18446744073709551616",
            "x",
            "184467440737095516150.0",
            "1844674407370955161501",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_rounded_half_to_even_and_only_where_it_has_to_be() {
        for (text, decimals, rounded) in [
            ("12.937", 3, "12.937"),
            ("12.9375", 3, "12.938"),
            ("12.9365", 3, "12.936"),
            ("-12.93651", 3, "-12.937"),
            ("0.0004", 3, "0.000"),
            ("99.9996", 3, "100.000"),
            ("5", 3, "5.000"),
            ("2.5", 0, "2"),
            ("18446744073709551615", 0, "18446744073709551615"),
        ] {
            let number = Decimal::parse(text).unwrap().with_decimals(decimals);
            assert_eq!(number.unwrap().to_string(), rounded, "{text}");
        }
        assert_eq!(Decimal::new(i64::MAX, 0).with_decimals(3), None);
        assert_eq!(Decimal::new(5, -128).with_decimals(3).unwrap().to_string(), "0.000");
        assert_eq!(Decimal::new(0, 127).with_decimals(1).unwrap().to_string(), "0.0");
        assert_eq!(Decimal::new(7, 127).with_decimals(i16::MIN), None);
    }

    #[test]
    fn differences_keep_the_finer_resolution() {
        let minus = |a, b| Decimal::minus(a, b).map(|d| d.to_string());
        assert_eq!(minus(Decimal::new(5, 0), Decimal::new(15, -1)).as_deref(), Some("3.5"));
        assert_eq!(minus(Decimal::new(0, 0), Decimal::new(8615, 0)).as_deref(), Some("-8615"));
        assert_eq!(minus(Decimal::new(1, 127), Decimal::new(1, -128)), None);
    }

    #[test]
    fn numbers_compare_by_value_and_digits_by_spelling() {
        let number = |text: &str| Decimal::parse(text).unwrap();
        let rising = [
            "-18446744073709551615",
            "-12000",
            "-0.5",
            "-0.0000000000000000000000001",
            "0",
            "0.0000000000000000000000001",
            "4.999",
            "5",
            "5.001",
            "18446744073709551615",
            "50000000000000000000000000",
        ]
        .map(number);
        for (at, one) in rising.iter().enumerate() {
            for (other_at, other) in rising.iter().enumerate() {
                assert_eq!(one.cmp(other), at.cmp(&other_at), "{one} and {other}");
            }
        }
        for (one, other, alike) in [
            ("5", "5.0", false),
            ("-0", "0", false),
            ("0.0", "0.000", false),
            ("233.70", "233.7", false),
            ("-1.5", "-1.5", true),
        ] {
            assert_eq!(number(one), number(other));
            assert_eq!(number(one).same_digits(number(other)), alike, "{one} and {other}");
        }
        assert!(Decimal::new(12, 3).same_digits(number("12000")));
        assert!(!number("5").same_digits(number("-5")) && number("5") != number("6"));
        let far = Decimal::new(1, 127);
        assert!(far.exceeds(Decimal::new(1, -128)) && !Decimal::new(1, -128).exceeds(far));
        assert_eq!(number("35.0").to_integer(), Some(35));
        assert_eq!(Decimal::new(-12, 3).to_integer(), Some(-12_000));
        assert_eq!((number("35.5").to_integer(), far.to_integer()), (None, None));
    }

    #[test]
    fn a_zero_with_a_sign_is_not_less_than_zero() {
        let is_negative = |text| Decimal::parse(text).unwrap().is_negative();
        assert_eq!(["-0.001", "-0", "0", "5"].map(is_negative), [true, false, false, false]);
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
