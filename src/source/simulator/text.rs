//! The text of a Sagemcom T210-D-r, in the form of DSMR.
//!
//! ```text
//! /EST5\253740976_A
//!
//! 1-3:0.2.8(50)
//! 0-0:1.0.0(220329215855S)
//! 1-0:1.8.0(009699947*Wh)
//! …
//! 1-0:4.7.0(000000216*var)
//! !3F5A
//! ```
//!
//! Lines end with CR LF. Behind the exclamation mark stands the CRC-16 (polynomial A001, reflected)
//! of everything up to and with it.

use super::house::Values;

/// Appends the text. `number` is in the first line.
pub(super) fn emit(number: &str, clock: &[u8; 12], values: &Values, plain: &mut Vec<u8>) {
    let [century, year, month, day, _, hour, minute, second, _, _, _, status] = *clock;
    let year = u16::from_be_bytes([century, year]) % 100;
    let season = if status & SUMMER == 0 { 'W' } else { 'S' };
    let mut text = format!(
        "/EST5\\2{number}_A\r\n\r\n1-3:0.2.8(50)\r\n\
         0-0:1.0.0({year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}{season})\r\n"
    );
    for ([c, d, e], value, unit) in registers(values) {
        text += &format!("1-0:{c}.{d}.{e}({value:09}*{unit})\r\n");
    }
    text.push('!');
    let sum = check_sequence(text.as_bytes());
    text += &format!("{sum:04X}\r\n");
    plain.extend_from_slice(text.as_bytes());
}

/// The registers in their order: octets C, D and E of the OBIS code, the value and the unit. The
/// Landis+Gyr E450 in Graz sends the same ones.
pub(super) fn registers(values: &Values) -> impl Iterator<Item = ([u8; 3], u32, &'static str)> {
    let groups = [
        (1, values.energy_import, values.power_import, ["Wh", "W"]),
        (2, values.energy_export, values.power_export, ["Wh", "W"]),
        (3, values.reactive_energy_import, values.reactive_power_import, ["varh", "var"]),
        (4, values.reactive_energy_export, values.reactive_power_export, ["varh", "var"]),
    ];
    groups.into_iter().flat_map(|(c, energy, power, [hours, unit])| {
        // A quarter in the second tariff: both rise with the sum.
        let second = energy / 4;
        [
            ([c, 8, 0], energy, hours),
            ([c, 8, 1], energy - second, hours),
            ([c, 8, 2], second, hours),
            ([c, 7, 0], power, unit),
        ]
    })
}

/// The clock status bit of summer time.
const SUMMER: u8 = 0x80;

fn check_sequence(octets: &[u8]) -> u16 {
    let mut sum = 0;
    for octet in octets {
        sum ^= u16::from(*octet);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 };
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sequence_is_that_of_dsmr() {
        // The check value of CRC-16/ARC in the catalogue of parametrised CRC algorithms.
        assert_eq!(check_sequence(b"123456789"), 0xbb3d);
    }

    #[test]
    fn a_telegram_has_the_size_of_a_real_one() {
        let clock = [0x07, 0xe6, 3, 29, 2, 21, 58, 55, 0, 0xff, 0x88, 0x80];
        let mut plain = vec![];
        emit("53740976", &clock, &Values::default(), &mut plain);
        assert_eq!(plain.len(), 481);
        let text = String::from_utf8(plain).unwrap();
        assert!(text.starts_with("/EST5\\253740976_A\r\n\r\n1-3:0.2.8(50)\r\n"), "{text}");
        assert!(text.contains("0-0:1.0.0(220329215855S)\r\n1-0:1.8.0(000000000*Wh)\r\n"));
    }
}
