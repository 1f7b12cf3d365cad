//! What the stages make of inputs that are cut, mixed, marked or not what they seem.

#[path = "common/binary.rs"]
mod binary;

use std::fs;

use binary::run;
use tempfile::TempDir;

const KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
const DUMP: &str = include_str!("data/netznoe-doc-2021.hex");
const PLAIN: &str = include_str!("data/netznoe-doc-2021.plain.hex");
const HEADER: &str = "# meterpipe-record 1\n";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("guek", KEY);
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(folder.path("guek"), private).unwrap();
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.0.path().join(name), content).unwrap();
        self.path(name)
    }

    /// Status, telegrams and messages of `decode`.
    fn decode(&self, more: &[&str], input: impl AsRef<[u8]>) -> (i32, usize, String) {
        let key = self.path("guek");
        let ran = run(&[&["decode", "--key-file", &key], more].concat(), input.as_ref());
        (ran.status, ran.out.lines().count(), ran.err)
    }
}

/// The two frames of the published telegram.
fn frames() -> [&'static str; 2] {
    let mut lines = DUMP.lines();
    [lines.next().unwrap(), lines.next().unwrap()]
}

fn fine(telegrams: usize) -> (i32, usize, String) {
    (0, telegrams, String::new())
}

#[test]
fn a_telegram_that_the_end_or_the_start_of_a_file_cuts_is_no_error() {
    let folder = Folder::new();
    let [first, second] = frames();
    let ends = folder.write("ends", format!("{DUMP}{first}\n"));
    let begins = folder.write("begins", format!("{second}\n{DUMP}"));
    let amid = folder.write("amid", format!("{DUMP}{}\n", &first[..100]));
    assert_eq!(folder.decode(&[&ends, &ends], ""), fine(2));
    assert_eq!(folder.decode(&[&begins, &begins], ""), fine(2));
    assert_eq!(folder.decode(&[&amid, &amid, &begins], ""), fine(3));
    // As from a log that was rotated between the two frames.
    assert_eq!(folder.decode(&[&ends, &begins], ""), fine(3));
}

#[test]
fn what_has_to_be_authenticated_is_not_so_by_being_plain() {
    let folder = Folder::new();
    let plain = PLAIN.replace('\n', "");
    for (input, telegrams) in [
        (plain.clone(), 0),
        (format!("{HEADER}- apdu {plain} sc=30 ic=1 auth=unverified\n"), 0),
        (format!("{HEADER}- apdu {plain} sc=30 ic=1 auth=verified\n"), 1),
    ] {
        assert_eq!(folder.decode(&[], &input).1, 1);
        let ran = folder.decode(&["--require-auth"], &input);
        assert_eq!((ran.0, ran.1), (4 * i32::from(telegrams == 0), telegrams), "{ran:?}");
        assert_eq!(ran.2.contains("not authenticated"), telegrams == 0, "{ran:?}");
    }
}

#[test]
fn a_damaged_text_is_a_text_all_the_same() {
    let folder = Folder::new();
    let [first, second] = frames();
    let records = format!("{HEADER}- frame {first}\n- frame {second}\n");
    let records = records.as_bytes();
    // What a power cut leaves at the end of a file, and amid it when the logger goes on.
    assert_eq!(folder.decode(&[], [records, &[0; 4096]].concat()), fine(1));
    let amid = [records, &[0; 512], b"\n", records].concat();
    assert_eq!(folder.decode(&[], amid), fine(2));
    let latin = [b"Z\xe4hler:\n", DUMP.as_bytes()].concat();
    assert_eq!(folder.decode(&[], latin), fine(1));
    // The end of what is looked at first cuts a character.
    let long = [&[b'-'; 4095][..], "ä\n".as_bytes(), DUMP.as_bytes()].concat();
    assert_eq!(folder.decode(&[], long), fine(1));
}
