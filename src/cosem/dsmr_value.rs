//! One value of a DSMR telegram: the text between its parentheses (DSMR 5.0.2 P1, 6.4).
//!
//! ```text
//! 001581.123*kWh                  a number with its unit
//! 161113205757W                   a time: S in summer, W in winter
//! 0002                            a text
//! ```
//!
//! The units are those of COSEM with a k or an M in front. A number without a unit is one only if it
//! has a point: else it is a code or a number of something, whose zeros count.

use crate::cosem::{
    clock::Clock,
    unit::{ScalerUnit, Unit},
};

/// A number, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DsmrNumber {
    /// Its digits, without the point.
    pub integer: i128,
    /// How many stand behind the point.
    pub decimals: i8,
    /// The power of ten in front of its unit: 3 for a k.
    pub prefix: i8,
    /// Its unit without that.
    pub unit: Unit,
}

/// The most digits of a number: all numbers of so many fit 64 bits.
const DIGITS: usize = 19;

impl DsmrNumber {
    /// The number in a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Option<Self> {
        let star = value.iter().position(|octet| *octet == b'*');
        let (digits, unit) = value.split_at(star.unwrap_or(value.len()));
        let (prefix, unit) = match unit.split_first() {
            Some((_, unit)) => unit_of(unit)?,
            None => (0, Unit::COUNT),
        };
        let (negative, digits) = match digits.split_first() {
            Some((b'-', digits)) => (true, digits),
            _ => (false, digits),
        };
        let point = digits.iter().position(|octet| *octet == b'.');
        let behind = point.map_or(0, |at| digits.len() - at - 1);
        let is_number = digits.first().is_some_and(u8::is_ascii_digit)
            && digits.last().is_some_and(u8::is_ascii_digit)
            && digits.len() <= DIGITS
            && (star.is_some() || point.is_some());
        if !is_number {
            return None;
        }
        let mut integer = 0;
        for (at, octet) in digits.iter().enumerate() {
            match octet {
                b'0'..=b'9' => integer = 10 * integer + i128::from(octet - b'0'),
                b'.' if Some(at) == point => {}
                _ => return None,
            }
        }
        let integer = if negative { -integer } else { integer };
        Some(Self { integer, decimals: i8::try_from(behind).ok()?, prefix, unit })
    }

    /// The power of ten of its last digit in its unit without a prefix, and that unit.
    #[must_use]
    pub const fn scale(self) -> ScalerUnit {
        (self.prefix - self.decimals, self.unit)
    }

    /// The prefix of its unit.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self.prefix {
            3 => "k",
            6 => "M",
            9 => "G",
            _ => "",
        }
    }
}

/// The power of ten and the unit that a text stands for.
#[must_use]
pub fn unit_of(text: &[u8]) -> Option<(i8, Unit)> {
    const UNITS: [(&str, Unit); 14] = [
        ("Wh", Unit::WATT_HOUR),
        ("W", Unit::WATT),
        ("varh", Unit::VAR_HOUR),
        ("var", Unit::VAR),
        ("VAh", Unit(31)),
        ("VA", Unit(28)),
        ("V", Unit::VOLT),
        ("A", Unit::AMPERE),
        ("Hz", Unit::HERTZ),
        ("J", Unit(25)),
        ("m3", Unit(13)),
        ("s", Unit(7)),
        ("%", Unit(56)),
        ("l", Unit(19)),
    ];
    let of = |text: &[u8]| {
        let found = UNITS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(text));
        found.map(|(_, unit)| *unit)
    };
    let prefixed = || {
        let (first, rest) = text.split_first()?;
        let prefix = match first {
            b'k' | b'K' => 3,
            b'M' => 6,
            b'G' => 9,
            _ => return None,
        };
        // A thousand cubic metres are none of it.
        let unit = of(rest).filter(|unit| !matches!(unit.0, 7 | 13 | 19 | 56))?;
        Some((prefix, unit))
    };
    of(text).map(|unit| (0, unit)).or_else(prefixed)
}

/// The time that a text is. The letter tells whether it is summer in Central Europe, where DSMR
/// counts. Without the letter the zone has to.
#[must_use]
pub fn time(text: &[u8]) -> Option<Clock> {
    let (digits, letter) = text.split_at_checked(12)?;
    let mut fields = [0; 6];
    for (field, digits) in fields.iter_mut().zip(digits.as_chunks::<2>().0) {
        let &[tens, ones] = digits;
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        *field = 10 * (tens - b'0') + (ones - b'0');
    }
    let (deviation, status) = match letter {
        b"W" => (-60, 0x00),
        b"S" => (-120, 0x80),
        b"" => (i16::MIN, 0x00),
        _ => return None,
    };
    let [year, month, day, hour, minute, second] = fields;
    let ([year_high, year_low], [high, low]) =
        ((2000 + u16::from(year)).to_be_bytes(), i16::to_be_bytes(deviation));
    Clock::of(&[
        year_high, year_low, month, day, 0xff, hour, minute, second, 0xff, high, low, status,
    ])
}

/// The characters that some hex digits stand for; `None` if they stand for none.
pub fn decoded(digits: &[u8]) -> Option<impl Iterator<Item = u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let octet = move |&[high, low]: &[u8; 2]| {
        let octet = value(high)? << 4 | value(low)?;
        matches!(octet, b' '..=b'~').then_some(octet)
    };
    let is_text =
        rest.is_empty() && !pairs.is_empty() && pairs.iter().all(|it| octet(it).is_some());
    is_text.then(|| pairs.iter().filter_map(octet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosem::clock::VIENNA;

    fn number(value: &str) -> Option<(i128, i8, &'static str, &'static str)> {
        let number = DsmrNumber::of(value.as_bytes())?;
        let (scaler, unit) = number.scale();
        Some((number.integer, scaler, number.prefix(), unit.symbol().unwrap_or_default()))
    }

    #[test]
    fn numbers_are_exact_in_the_unit_of_cosem() {
        for (value, expected) in [
            ("001581.123*kWh", (1_581_123, 0, "k", "Wh")),
            ("009699947*Wh", (9_699_947, 0, "", "Wh")),
            ("00.170*kW", (170, 0, "k", "W")),
            ("000.1*A", (1, -1, "", "A")),
            ("0000.022*kVAr", (22, 0, "k", "var")),
            ("00000369.429*kVArh", (369_429, 0, "k", "varh")),
            ("002*kvarh", (2, 3, "k", "varh")),
            ("1.5*kVA", (15, 2, "k", "VA")),
            ("000216*var", (216, 0, "", "var")),
            ("234.7*V", (2347, -1, "", "V")),
            ("50.02*Hz", (5002, -2, "", "Hz")),
            ("12.785*GJ", (12_785, 6, "G", "J")),
            ("00981.443*m3", (981_443, -3, "", "m³")),
            ("0000237126*s", (237_126, 0, "", "s")),
            ("0.98", (98, -2, "", "")),
            ("-0.5*kW", (-5, 2, "k", "W")),
        ] {
            assert_eq!(number(value), Some(expected), "{value}");
        }
        for text in ["", "0002", "1*xyz", "*kWh", ".5*W", "5.*W", "1.2.3*W", "1-2*W", "1*ks", "-*W"]
        {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number(&format!("{}*W", "9".repeat(20))), None);
    }

    #[test]
    fn the_letter_of_a_time_is_its_offset() {
        let text =
            |text: &[u8]| time(text).and_then(|it| it.stamp(&VIENNA)).map(|it| it.to_string());
        assert_eq!(text(b"161113205757W"), Some("2016-11-13T20:57:57+01:00".into()));
        assert_eq!(text(b"200512135409S"), Some("2020-05-12T13:54:09+02:00".into()));
        // The doubled hour.
        assert_eq!(text(b"201025023000S"), Some("2020-10-25T02:30:00+02:00".into()));
        assert_eq!(text(b"201025023000W"), Some("2020-10-25T02:30:00+01:00".into()));
        assert_eq!(text(b"200512135409"), Some("2020-05-12T13:54:09+02:00".into()));
        assert!(time(b"200512135409").unwrap().stamp(&VIENNA).unwrap().assumed);
        for wrong in [&b"201325023000W"[..], b"200230000000W", b"20102502300W", b"20102502300xW"] {
            assert_eq!(time(wrong), None);
        }
    }

    #[test]
    fn digits_in_hex_are_text_if_it_can_be_shown() {
        let text = |digits| decoded(digits).map(Iterator::collect::<Vec<u8>>);
        assert_eq!(text(b"3153414733313031303231363035"), Some(b"1SAG3101021605".to_vec()));
        for other in [&b"3960221976"[..], b"50217", b"", b"4k", b"00"] {
            assert_eq!(text(other), None);
        }
    }
}
