//! The telegram that Netz NÖ published in 2021, its key, and a folder for both.

use super::binary::{Ran, run};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

/// The published key. The simulator takes it too.
pub const KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";

/// The keys of all virtual meters, the GUEK and the GAK.
pub const EXAMPLE_KEYS: &str = "36C66639E48A8CA4D6BC8B282A793BBB D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";

/// A key that fits nothing.
pub const WRONG_KEY: &str = "000102030405060708090A0B0C0D0E0F";

/// The two frames, each in a line.
pub const DUMP: &str = include_str!("../../data/netznoe-doc-2021.hex");

/// The plain APDU.
pub const PLAIN: &str = include_str!("../../data/netznoe-doc-2021.plain.hex");

/// The first line of records.
pub const HEADER: &str = "# meterpipe-record 1\n";

/// The reading, as the operator prints it.
pub const READING: &str = concat!(
    r#"{"schema":1,"time":"2021-09-27T09:47:15+02:00","meter":"181220000009","#,
    r#""system_title":"4b464d6750000009","invocation_counter":35,"authenticated":false,"#,
    r#""energy_import_wh":12937,"energy_export_wh":0,"power_import_w":0,"#,
    r#""power_export_w":0,"power_net_w":0,"voltage_l1_v":233.7,"voltage_l2_v":0.0,"#,
    r#""voltage_l3_v":0.0,"current_l1_a":0.00,"current_l2_a":0.00,"current_l3_a":0.00,"#,
    r#""power_factor":1.000}"#,
    "\n"
);

/// The octets of hex digits with any white space between them.
pub fn octets(digits: &str) -> Vec<u8> {
    hex::decode(digits.split_whitespace().collect::<String>()).unwrap()
}

/// A folder with the key in the file `guek`.
pub struct Folder(pub TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("guek", KEY);
        folder
    }

    pub fn key(&self) -> String {
        self.path("guek")
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Writes a file that only its owner can read.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        path
    }

    pub fn decode(&self, more: &[&str], input: impl AsRef<[u8]>) -> Ran {
        run(&[&["decode", "--key-file", &self.key()], more].concat(), input.as_ref())
    }
}

pub fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
