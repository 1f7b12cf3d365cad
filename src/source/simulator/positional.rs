//! The lists of meters that send no OBIS codes: the place of a value says what it is.
//!
//! ```text
//! 02 09  090C <clock>  06 <1.8.0> <2.8.0> <3.8.0> <4.8.0> <1.7.0> <2.7.0> <3.7.0> <4.7.0>    Vienna
//! 02 0C  0906 0006190900FF  090D <number>  0904 <time>  0905 <date>
//!        06 <1.8.0> <2.8.0> <3.8.0> <4.8.0> <1.7.0> <2.7.0>  0900 0900                    Carinthia
//! 02 0E  12 <U1> <U2> <U3> <I1> <I2> <I3>  06 <1.7.0> <2.7.0> <1.8.0> <2.8.0>
//!        12 <angle 1> <angle 2> <angle 3>  0908 <number>                                 Burgenland
//! ```

use super::house::Values;

/// The tag of a structure.
pub(super) const STRUCTURE: u8 = 0x02;

/// Appends an octet string of at most 127 octets; all strings here are shorter.
pub(super) fn octet_string(plain: &mut Vec<u8>, octets: &[u8]) {
    plain.extend_from_slice(&[0x09, octets.len() as u8]);
    plain.extend_from_slice(octets);
}

/// The list of Wiener Netze.
pub(super) fn vienna(clock: &[u8; 12], values: &Values, plain: &mut Vec<u8>) {
    plain.extend_from_slice(&[STRUCTURE, 9]);
    octet_string(plain, clock);
    double_longs(plain, &energies(values));
    double_longs(plain, &[values.power_import, values.power_export]);
    double_longs(plain, &[values.reactive_power_import, values.reactive_power_export]);
}

/// The list of Kärnten Netz.
pub(super) fn carinthia(number: &str, clock: &[u8; 12], values: &Values, plain: &mut Vec<u8>) {
    let [year, year_low, month, day, weekday, hour, minute, second, hundredths, ..] = *clock;
    plain.extend_from_slice(&[STRUCTURE, 12]);
    octet_string(plain, &PUSH_SETUP);
    octet_string(plain, number.as_bytes());
    octet_string(plain, &[hour, minute, second, hundredths]);
    octet_string(plain, &[year, year_low, month, day, weekday]);
    double_longs(plain, &energies(values));
    double_longs(plain, &[values.power_import, values.power_export]);
    // No text for the customer, and no code.
    octet_string(plain, &[]);
    octet_string(plain, &[]);
}

/// The longer list of Netz Burgenland.
pub(super) fn burgenland(number: &str, values: &Values, plain: &mut Vec<u8>) {
    plain.extend_from_slice(&[STRUCTURE, 14]);
    longs(plain, values.voltage.map(|tenths| (tenths + 5) / 10));
    longs(plain, values.current);
    double_longs(plain, &[values.power_import, values.power_export]);
    double_longs(plain, &[values.energy_import, values.energy_export]);
    longs(plain, [angle(values); 3]);
    octet_string(plain, number.as_bytes());
}

const PUSH_SETUP: [u8; 6] = [0, 6, 25, 9, 0, 0xff];

const fn energies(values: &Values) -> [u32; 4] {
    [
        values.energy_import,
        values.energy_export,
        values.reactive_energy_import,
        values.reactive_energy_export,
    ]
}

fn double_longs(plain: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        plain.push(0x06);
        plain.extend_from_slice(&value.to_be_bytes());
    }
}

fn longs(plain: &mut Vec<u8>, values: [u16; 3]) {
    for value in values {
        plain.push(0x12);
        plain.extend_from_slice(&value.to_be_bytes());
    }
}

/// The angle between current and voltage in degrees, by the power factor: beyond 90 while the house
/// feeds in.
fn angle(values: &Values) -> u16 {
    let factor = u32::from(values.power_factor);
    // The cosine of x degrees is (32400 - 4x²) / (32400 + x²) to two parts in a thousand.
    let fits = |x: &u16| {
        let square = u32::from(*x).pow(2);
        1_000 * (32_400 - 4 * square) >= factor * (32_400 + square)
    };
    let acute = (0..=90).rev().find(fits).unwrap_or(0);
    if values.power_export > 0 { 180 - acute } else { acute }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_follow_the_power_factor() {
        for (power_factor, power_export, expected) in
            [(1_000, 0, 0), (866, 0, 29), (500, 0, 59), (0, 0, 90), (707, 900, 136)]
        {
            let values = Values { power_factor, power_export, ..Values::default() };
            assert!(angle(&values).abs_diff(expected) <= 1, "{power_factor}: {}", angle(&values));
        }
    }
}
