//! `explain` of a thousand damaged telegrams of each link beside the M-Bus: it names the octet that was
//! damaged, or the first check that could notice.

use core::ops::Range;

use crate::{
    common::{
        chain::decode_octets,
        damage::{self, Damage, DamageCounts},
        published::{DUMP, EXAMPLE_KEYS, KEY, octets},
        wire::{block, check_sequence, crc, dsmr, mbus, wrapped},
    },
    explain::{CHECKS, Span, explain_each, layers, simulated, tiles},
};
use meterpipe::source::simulator::meter::MeterKind;

/// A telegram to be damaged.
struct Victim {
    wire: Vec<u8>,
    frames: Vec<Range<usize>>,
    /// The octets of the line that carry the APDU, in its order; none if it is not ciphered.
    carried: Vec<usize>,
    /// Makes the checks of the frames right again.
    repair: Option<fn(&Self, &mut [u8])>,
    /// The octets at the start of a frame that make it one: damage to them leaves noise.
    header: usize,
}

impl Victim {
    /// The place of an octet in its frame, and the octets of this.
    fn in_frame(&self, at: usize) -> (usize, usize) {
        let frame = self.frames.iter().find(|frame| frame.contains(&at)).unwrap();
        (at - frame.start, frame.len())
    }
}

/// The octets of an HDLC frame in front of the check of its header.
fn before_check(frame: &[u8]) -> usize {
    let address = |from: usize| from + frame[from..].iter().position(|it| it & 1 == 1).unwrap() + 1;
    address(address(3)) + 1
}

/// A telegram in HDLC frames, each of which may hold a block.
fn hdlc(wire: Vec<u8>) -> Victim {
    let (mut frames, mut carried, mut at) = (vec![], vec![], 0);
    while at < wire.len() {
        let size = (usize::from(wire[at + 1] & 7) << 8 | usize::from(wire[at + 2])) + 2;
        let frame = &wire[at..at + size];
        let mut data = before_check(frame) + 2;
        data += if frame[data..].starts_with(&[0xe6, 0xe7, 0]) { 3 } else { 0 };
        if frame[data] == 0xe0 {
            data += if frame[data + 6] < 0x80 { 7 } else { 8 };
        }
        carried.extend(at + data..at + size - 3);
        frames.push(at..at + size);
        at += size;
    }
    // Up to the LLC header, and the number of a block.
    let header = if wire.windows(4).any(|it| it == [0xe6, 0xe7, 0, 0xe0]) { 19 } else { 12 };
    Victim { wire, frames, carried, repair: Some(repair_hdlc), header }
}

fn repair_hdlc(victim: &Victim, octets: &mut [u8]) {
    for frame in &victim.frames {
        let header = before_check(&victim.wire[frame.clone()]);
        let octets = &mut octets[frame.clone()];
        let end = octets.len() - 3;
        let check = check_sequence(&octets[1..header]);
        octets[header..header + 2].copy_from_slice(&check);
        let check = check_sequence(&octets[1..end]);
        octets[end..end + 2].copy_from_slice(&check);
    }
}

/// The ciphered APDU of the published telegram.
fn published() -> Vec<u8> {
    let octets = octets(DUMP);
    [&octets[9..254], &octets[265..280]].concat()
}

/// Blocks of the published telegram, each in an M-Bus frame.
fn m_bus_blocks() -> Victim {
    let apdu = published();
    let (mut wire, mut frames, mut carried) = (vec![], vec![], vec![]);
    for (number, data) in apdu.chunks(100).enumerate() {
        let start = wire.len();
        wire.extend(mbus(0, true, &block(number, data.len() < 100, data)));
        frames.push(start..wire.len());
        carried.extend(start + 9 + 7..wire.len() - 2);
    }
    let repair: fn(&Victim, &mut [u8]) = |victim, octets| {
        for frame in &victim.frames {
            let octets = &mut octets[frame.clone()];
            let end = octets.len() - 2;
            octets[end] = octets[4..end].iter().fold(0, |sum, it| sum.wrapping_add(*it));
        }
    };
    Victim { wire, frames, carried, repair: Some(repair), header: 14 }
}

fn single(wire: Vec<u8>, header: usize) -> Victim {
    let size = wire.len();
    Victim {
        wire,
        frames: vec![Range { start: 0, end: size }],
        carried: vec![],
        repair: None,
        header,
    }
}

/// Damages each victim in turn, a thousand times in all; the check sequences are made right every other
/// time.
fn thousand(victims: &[Victim], keys: &str) -> DamageCounts {
    let wires: Vec<_> = victims.iter().map(|victim| victim.wire.as_slice()).collect();
    let damaged = damage::thousand(11, &wires, |round, number, octets| {
        let victim = &victims[number];
        let repair = victim.repair.filter(|_| round / victims.len() % 2 == 1);
        repair.map(|repair| repair(victim, octets)).is_some()
    });
    let octets: Vec<_> = damaged.iter().map(|damage| damage.octets.clone()).collect();
    let explained = explain_each(&octets, keys);
    let mut counts = DamageCounts::default();
    for (Damage { octets, at, victim, repaired }, telegrams) in damaged.iter().zip(&explained) {
        let what = format!("octet {at}, repaired {repaired}: {}", hex::encode(octets));
        let damage = (*at, *repaired);
        check(&victims[*victim], octets, telegrams, damage, keys, &mut counts, &what);
    }
    counts
}

fn check(
    victim: &Victim,
    octets: &[u8],
    telegrams: &[Vec<Span>],
    (at, repaired): (usize, bool),
    keys: &str,
    counts: &mut DamageCounts,
    what: &str,
) {
    let all: Vec<_> = telegrams.iter().flatten().collect();
    let frames = ["mbus", "hdlc", "wrapper"];
    let name = |layer: &str| layer.split('#').next().unwrap().to_owned();
    let tiles: Vec<_> = telegrams.iter().flat_map(|spans| tiles(spans, what)).collect();
    let is_frame = |layer: &str| layer == "noise" || frames.contains(&layer);
    let framed = tiles.iter().filter(|(layer, _)| is_frame(&name(layer)));
    let is_framed = framed.map(|(_, octets)| octets.len()).sum::<usize>() == octets.len();
    let is_text = victim.wire.starts_with(b"/");
    let of_line = |layer: &str| match &*name(layer) {
        "noise" | "mbus" | "hdlc" | "wrapper" => true,
        "cipher" => !is_framed,
        "dsmr" => is_text,
        _ => false,
    };
    // The APDU of a frame that lost its start is not taken apart.
    let is_whole =
        |layer: &str, octets: &[u8]| name(layer) == "apdu" && octets.starts_with(&[0xdb]);
    let line = tiles.iter().filter(|(layer, octets)| of_line(layer) || is_whole(layer, octets));
    let line = line.flat_map(|(_, octets)| octets);
    assert_eq!(hex::encode(line.copied().collect::<Vec<_>>()), hex::encode(octets), "{what}");
    let outcome = decode_octets(octets, keys, usize::MAX);
    let (in_frame, size) = victim.in_frame(at);
    let Some(error) = outcome.refused.first() else {
        // Without its last line a text is cut off at the end of the input.
        let last_line = if is_text { 8 } else { 1 };
        let header = in_frame < victim.header || in_frame + last_line >= size;
        assert!(outcome.telegrams.len() == 1 || header, "nothing is refused: {what}");
        counts.silent += 1;
        return;
    };
    // Alone, a tag that does not fit may be the fault of the authentication key.
    let said = error.split(", though the encryption key").next().unwrap();
    let told = all.iter().find(|span| span.text.contains(said));
    let Some(told) = told else {
        // Behind the frames of the others, the APDU in a wrapper that is none is not looked at.
        let is_wrapped = victim.wire.starts_with(&[0x00, 0x01]);
        assert!(is_wrapped && error.starts_with("cipher: length"), "nothing says {error}: {what}");
        counts.silent += 1;
        return;
    };
    let mut before = 0;
    let mut place = None;
    for layer in telegrams.iter().flat_map(|spans| layers(spans)) {
        if layer.iter().any(|span| std::ptr::eq(span, *told)) && of_line(&told.layer) {
            place = Some(before + told.offset);
        }
        if of_line(&layer[0].layer) {
            before += layer.iter().map(Span::end).max().unwrap();
        }
    }
    let (start, hit) = match place {
        Some(place) => (place, Some(at)),
        // An octet of the ciphertext is that of the plaintext.
        None => {
            let ciphertext = all.iter().find(|span| span.name == "ciphertext");
            let carried = victim.carried.iter().position(|it| *it == at);
            let plain =
                carried.zip(ciphertext).and_then(|(hit, span)| hit.checked_sub(span.offset));
            let is_plain = ["apdu", "dsmr"].contains(&&*told.layer);
            (told.offset, if is_plain { plain } else { carried })
        }
    };
    match hit {
        Some(hit) if (start..start + told.length).contains(&hit) => counts.named += 1,
        _ => {
            counts.noticed += 1;
            let is_check = CHECKS.contains(&&*told.name)
                || ["authentication tag", "ciphertext", "end", "line end", "CRC", "damaged"]
                    .contains(&&*told.name);
            assert!(is_check || repaired || place.is_none(), "{told:?} {what}");
            // Of two lengths either may be wrong.
            let is_behind = place.is_none_or(|place| place > at) || told.name == "length";
            assert!(is_behind || repaired, "{told:?} {what}");
            // The first check that could notice.
            let is_hdlc = victim.wire[0] == 0x7e && !repaired && place.is_some();
            if is_hdlc
                && in_frame > 0
                && in_frame < before_check(&victim.wire[victim.frames[0].clone()])
            {
                let first = ["header check sequence", "flag"];
                assert!(first.contains(&&*told.name), "{told:?} {what}");
            }
        }
    }
}

#[test]
fn hdlc_frames() {
    let meters = [MeterKind::WienerNetze, MeterKind::KaerntenNetz, MeterKind::NetzBurgenland];
    let counts = thousand(&meters.map(|meter| hdlc(simulated(meter))), EXAMPLE_KEYS);
    counts.assert_more_than(30, 600);
}

#[test]
fn blocks_in_frames() {
    let graz = thousand(&[hdlc(simulated(MeterKind::Graz))], EXAMPLE_KEYS);
    graz.assert_more_than(30, 600);
    let mbus = thousand(&[m_bus_blocks()], KEY);
    mbus.assert_more_than(30, 600);
}

#[test]
fn apdus_in_the_wrapper() {
    let wire = wrapped(&published());
    let carried = (8..wire.len()).collect();
    let counts = thousand(&[Victim { carried, ..single(wire, 22) }], KEY);
    counts.assert_more_than(30, 300);
}

#[test]
fn dsmr_telegrams() {
    let repair: fn(&Victim, &mut [u8]) = |victim, octets| {
        let mark = victim.wire.iter().rposition(|octet| *octet == b'!').unwrap();
        let digits = format!("{:04X}", crc(&octets[..=mark]));
        octets[mark + 1..mark + 5].copy_from_slice(digits.as_bytes());
    };
    let victim = Victim { repair: Some(repair), ..single(dsmr(6_545_766), 19) };
    let counts = thousand(&[victim], KEY);
    counts.assert_more_than(30, 500);
}

#[test]
fn the_styrian_form() {
    let wire = simulated(MeterKind::Steiermark);
    let carried: Vec<_> = (0..wire.len()).collect();
    // Without the authentication key the CRC inside is the check.
    for keys in [EXAMPLE_KEYS, KEY] {
        let victim = Victim { carried: carried.clone(), ..single(wire.clone(), 15) };
        let counts = thousand(&[victim], keys);
        assert!(counts.named + counts.noticed > 900, "{counts:?}");
    }
}
