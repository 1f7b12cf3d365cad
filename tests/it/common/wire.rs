//! Frames built by hand from the figures of the standards, as an oracle for those of the program.

/// An M-Bus frame with one segment.
pub fn mbus(number: usize, last: bool, data: &[u8]) -> Vec<u8> {
    let size = data.len() as u8 + 5;
    let information = number as u8 | if last { 0x10 } else { 0 };
    let body = [&[0x53, 0xff, information, 0x01, 0x67], data].concat();
    let sum = body.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    [&[0x68, size, size, 0x68][..], &body, &[sum, 0x16]].concat()
}

/// The check sequence of HDLC, bit by bit.
pub fn check_sequence(octets: &[u8]) -> [u8; 2] {
    let mut register = 0xffff_u16;
    for octet in octets {
        register ^= u16::from(*octet);
        for _ in 0..8 {
            register = if register & 1 == 1 { register >> 1 ^ 0x8408 } else { register >> 1 };
        }
    }
    (!register).to_le_bytes()
}

/// An HDLC frame.
pub fn hdlc(first: bool, more: bool, data: &[u8]) -> Vec<u8> {
    let information = [if first { &[0xe6, 0xe7, 0x00][..] } else { &[] }, data].concat();
    let address = [0xce, 0xff, 0x03, 0x13];
    let length = 2 + address.len() + 2 + information.len() + 2;
    let form = if more { 0xa8 } else { 0xa0 };
    let mut frame = vec![form | (length >> 8) as u8, length as u8];
    frame.extend(address);
    frame.extend(check_sequence(&frame));
    frame.extend(information);
    frame.extend(check_sequence(&frame));
    [&[0x7e][..], &frame, &[0x7e]].concat()
}

/// A block of an APDU.
pub fn block(number: usize, last: bool, data: &[u8]) -> Vec<u8> {
    let control = if last { 0xc0 } else { 0x40 };
    [&[0xe0, control, 0, number as u8 + 1, 0, 0, data.len() as u8][..], data].concat()
}

/// An APDU in the COSEM wrapper.
pub fn wrapped(apdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(apdu.len()).unwrap().to_be_bytes();
    [&[0, 1, 0, 1, 0, 0x66][..], &length, apdu].concat()
}

/// The CRC of DSMR by the figure of the standard, bit by bit.
pub fn crc(text: &[u8]) -> u16 {
    text.iter().fold(0, |sum, octet| {
        let next = |sum: u16| if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 };
        (0..8).fold(sum ^ u16::from(*octet), |sum, _| next(sum))
    })
}

/// A DSMR telegram as an Austrian meter has it, with its CRC.
pub fn dsmr(energy: u32) -> Vec<u8> {
    let text = format!(
        "/EST5\\253710000_A\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(221006155014S)\r\n\
         0-0:96.1.1(31323334)\r\n1-0:1.8.0({energy:09}*Wh)\r\n1-0:1.7.0(000000286*W)\r\n\
         1-0:2.7.0(000000000*W)\r\n!"
    );
    format!("{text}{:04X}\r\n", crc(text.as_bytes())).into_bytes()
}
