//! Streams in the forms of text: each gives what its octets give.

use crate::common::{
    binary::{command, run, run_command},
    published::{EXAMPLE_KEYS, Folder},
};

/// The lines that the simulator writes in hex, as octets: a telegram each.
fn simulated(meter: &str, count: usize) -> Vec<Vec<u8>> {
    let count = count.to_string();
    let start = "2026-01-15T10:00:00+01:00";
    let args = ["--meter", meter, "--count", &count, "--seed", "3", "--start", start];
    let simulate = [&["simulate", "--output", "hex"], &args[..]].concat();
    let text = run_command(command(&simulate), b"").out;
    text.lines().map(|line| hex::decode(line).unwrap()).collect()
}

/// Reads octets in several forms of text, each with its name.
struct Reader {
    _folder: Folder,
    key: String,
}

impl Reader {
    fn new() -> Self {
        let folder = Folder::new();
        let key = folder.write("keys", EXAMPLE_KEYS);
        Self { _folder: folder, key }
    }

    fn readings(&self, input: &[u8]) -> (String, String) {
        let ran = run(&["decode", "--format", "json", "--key-file", &self.key], input);
        (ran.out, ran.err)
    }
}

fn rows(octets: &[u8], size: usize, row: impl Fn(&[u8]) -> String) -> String {
    octets.chunks(size).map(|octets| row(octets) + "\n").collect()
}

fn digits(octets: &[u8]) -> String {
    hex::encode(octets)
}

fn spaced(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}

const METERS: [&str; 6] =
    ["netz-noe-kaifa", "ksm-west-1phase", "wiener-netze", "kaernten-netz", "graz", "steiermark"];

#[test]
fn a_dump_that_begins_anywhere_keeps_all_its_rows() {
    let reader = Reader::new();
    for meter in METERS {
        let all = simulated(meter, 2).concat();
        for start in [0, 1, 3, 4, 9, 14, 17] {
            // The rest of an earlier telegram, or noise.
            let noise = &[0x16, 0xe5, 0x00, 0x3b][..start % 4];
            for octets in [all[start..].to_vec(), [noise, all.as_slice()].concat()] {
                let (expected, _) = reader.readings(&octets);
                assert!(!expected.is_empty(), "{meter} from {start}");
                for (size, row) in [(16, digits as fn(&[u8]) -> String), (24, digits), (32, spaced)]
                {
                    let text = rows(&octets, size, row);
                    let (found, said) = reader.readings(text.as_bytes());
                    assert_eq!(
                        found, expected,
                        "{meter}, rows of {size} from {start}: {said}\n{text}"
                    );
                }
            }
        }
    }
}
