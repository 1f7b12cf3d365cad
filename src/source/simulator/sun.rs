//! The position of the sun, in integers.

/// A full circle: angles are hundredths of a degree.
const CIRCLE: i64 = 36_000;

/// The sine of 90°: one is 10 000.
pub(super) const ONE: i64 = 10_000;

/// 48° north: Vienna, Linz and (nearly) Bregenz.
const LATITUDE: i64 = 4_800;

/// The sun over Lower Austria (16° east) is highest at 10:55 UTC; the equation of time is left out.
const NOON: i64 = 10 * 60 + 55;

/// The sun of one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sun {
    /// sin(latitude) · sin(declination)
    constant: i64,
    /// cos(latitude) · cos(declination)
    swing: i64,
}

impl Sun {
    /// The sun of a day, counted from 1970-01-01.
    pub(super) const fn on(day: i64) -> Self {
        // 79 days lie before 21 March; a year has 365.2425 of them, the circle 36 000 steps.
        let season = ((day - 79) * 10_000 * CIRCLE).div_euclid(3_652_425);
        let declination = 2_344 * sine(season) / ONE;
        Self {
            constant: sine(LATITUDE) * sine(declination) / ONE,
            swing: cosine(LATITUDE) * cosine(declination) / ONE,
        }
    }

    /// The sine of its elevation at a minute of the day in UTC, below zero at night.
    pub(super) const fn elevation(self, minute: i64) -> i64 {
        // 15° an hour.
        self.constant + self.swing * cosine((minute - NOON) * 25) / ONE
    }
}

const fn cosine(angle: i64) -> i64 {
    sine(angle + CIRCLE / 4)
}

/// Bhaskara's approximation of the year 629, at most 0.17 % off: one division, no table.
const fn sine(angle: i64) -> i64 {
    let angle = angle.rem_euclid(CIRCLE);
    let half = angle % (CIRCLE / 2);
    let product = half * (CIRCLE / 2 - half);
    let sine = 4 * product * ONE / (405_000_000 - product);
    if angle < CIRCLE / 2 { sine } else { -sine }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The day of 2024-01-01.
    const NEW_YEAR: i64 = 19_723;

    #[test]
    fn the_sine_is_right_to_two_thousandths() {
        for angle in -40_000..40_000 {
            let exact = (angle as f64 / 100.0).to_radians().sin() * 10_000.0;
            assert!((sine(angle) as f64 - exact).abs() < 20.0, "{angle}");
        }
    }

    #[test]
    fn the_sun_of_vienna_rises_and_climbs_as_the_almanac_says() {
        // Elevations at noon: 90° − latitude ± 23.4°; sines of 65.4°, 42° and 18.6°.
        for (day, noon) in [(172, 9_092), (79, 6_691), (355, 3_189)] {
            let sun = Sun::on(NEW_YEAR + day);
            assert!((sun.elevation(NOON) - noon).abs() < 60, "{day} {}", sun.elevation(NOON));
            assert!(sun.elevation(NOON + 720) < 0);
        }
        // 21 June, Vienna: sunrise about 02:54 UTC, sunset about 18:58 (with refraction).
        let sun = Sun::on(NEW_YEAR + 172);
        assert!(sun.elevation(2 * 60 + 40) < 0 && sun.elevation(3 * 60 + 15) > 0);
        assert!(sun.elevation(18 * 60 + 35) > 0 && sun.elevation(19 * 60 + 15) < 0);
    }
}
