//! Text beside hex digits that is read as octets, or hides some: whole frames without it prove it.

use crate::{
    diagnosis::conversion::whole_frames,
    hex::{
        beside_digits::{BesideDigits, beside_digits, pairs},
        dump::{Dump, HexRun},
    },
};

/// The first text beside the digits of numbered lines, if the lines have more whole frames without it.
#[must_use]
pub fn proven(rows: &[(u64, Vec<u8>)]) -> Option<BesideDigits> {
    let found = beside_digits(rows.iter().map(|(number, line)| (*number, line.as_slice())))?;
    let lines = || rows.iter().map(|(_, line)| line.as_slice());
    let (mut dump, mut run, mut read) = (Dump::default(), HexRun::default(), vec![]);
    for line in lines() {
        run.clear();
        // Of a line that cannot be read, a part may be read all the same.
        let _ = dump.line(line, true, &mut run);
        read.extend_from_slice(&run.octets);
    }
    let frames = whole_frames(&read);
    pairs(lines()).iter().any(|octets| whole_frames(octets) > frames).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of M-Bus in two rows.
    const FRAME: [&str; 2] = ["68 07 07 68 53 FF", "10 01 67 AA BB 2F 16"];

    fn is_proven(rows: &[&str]) -> bool {
        let rows: Vec<_> = (1..).zip(rows.iter().map(|row| row.as_bytes().to_vec())).collect();
        proven(&rows).is_some()
    }

    #[test]
    fn whole_frames_prove_what_damage_does_not() {
        let [first, last] = FRAME;
        let marked = |first: &str, last: &str| [format!("{first} ~07"), format!("{last} ~14")];
        let proven = |[first, last]: [String; 2]| is_proven(&[&first, &last]);
        assert!(proven(marked(first, last)));
        assert!(!proven(marked(first, &last.replace("AA", "AB"))), "the sum is wrong");
        assert!(!proven(marked(first, &last.replace("67 ", ""))), "an octet is lost");
        assert!(!is_proven(&FRAME), "it is read");
    }
}
