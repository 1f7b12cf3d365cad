//! A time in a setting or an argument: `30s`.

use core::time::Duration;

/// The longest time. Whoever writes a longer one means for ever, and the clock cannot add much more
/// to the present time.
const LONGEST: Duration = Duration::from_secs(3650 * 86400);

/// A time: `30s`, `5m`, `2h`, `1d`; without a unit, seconds.
///
/// # Errors
/// The text is no time; the message says how to write one.
pub fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err(EXPECTED.to_owned()),
    };
    if number.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    // The number has digits only, so one that does not fit is too large.
    let seconds = number.parse().ok().and_then(|number: u64| number.checked_mul(factor));
    let duration = seconds.map(Duration::from_secs).filter(|duration| *duration <= LONGEST);
    duration.ok_or_else(|| "at most ten years expected: 3650d".to_owned())
}

const EXPECTED: &str = "expected a duration such as 30s, 5m, 1h or 2d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_of_a_unit() {
        for (text, seconds) in
            [("0", 0), ("90", 90), ("30s", 30), ("5m", 300), ("5min", 300), ("2h", 7200)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "1w", "-1s", "1.5h", "1 s"] {
            let expected = "expected a duration such as 30s, 5m, 1h or 2d";
            assert_eq!(duration(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn no_time_is_longer_than_the_clock_can_count() {
        assert_eq!(duration("3650d"), Ok(LONGEST));
        for text in ["3651d", "87601h", "315360001", "999999999999999999d", &"9".repeat(40)] {
            assert_eq!(duration(text), Err("at most ten years expected: 3650d".to_owned()));
        }
        assert!(std::time::Instant::now().checked_add(LONGEST).is_some());
    }
}
