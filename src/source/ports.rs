//! The serial devices of this machine.
//!
//! A name under `/dev/serial/by-id` stays with its adapter, even if the adapter comes back as
//! `ttyUSB1` instead of `ttyUSB0`. These are the names to use, to list and to recommend.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::OpenError;

/// The names under `/dev/serial/by-id`, sorted.
pub fn candidates() -> Vec<PathBuf> {
    entries(Path::new(BY_ID), |_| true)
}

/// The lasting name of a device, if `path` is a name that may change.
pub fn by_id(path: &Path) -> Option<PathBuf> {
    by_id_in(Path::new(BY_ID), path)
}

/// The only device under `/dev/serial/by-id`.
///
/// # Errors
/// [`OpenError::NoDefault`] with all existing serial devices, if there is none or more than one.
pub fn default_port() -> Result<PathBuf, OpenError> {
    default_in(Path::new(BY_ID), Path::new("/dev"))
}

/// Names to suggest when a device is missing: lasting ones, and nodes without one.
pub fn available() -> Vec<PathBuf> {
    available_in(Path::new(BY_ID), Path::new("/dev"))
}

fn default_in(by_id: &Path, dev: &Path) -> Result<PathBuf, OpenError> {
    match entries(by_id, |_| true).as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(OpenError::NoDefault { available: available_in(by_id, dev) }),
    }
}

fn available_in(by_id: &Path, dev: &Path) -> Vec<PathBuf> {
    let mut available = entries(by_id, |_| true);
    let named: Vec<_> = available.iter().filter_map(|link| fs::canonicalize(link).ok()).collect();
    // A built-in UART has no name by id. The node of an adapter has one, and is not listed twice.
    let node = |name: &str| NODES.iter().any(|start| name.starts_with(start));
    available.extend(
        entries(dev, node)
            .into_iter()
            .filter(|node| fs::canonicalize(node).is_ok_and(|node| !named.contains(&node))),
    );
    available
}

fn by_id_in(directory: &Path, path: &Path) -> Option<PathBuf> {
    if path.starts_with(directory) {
        return None;
    }
    let node = fs::canonicalize(path).ok()?;
    entries(directory, |_| true)
        .into_iter()
        .find(|link| fs::canonicalize(link).is_ok_and(|named| named == node))
}

fn entries(directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

const BY_ID: &str = "/dev/serial/by-id";

/// USB adapters with a driver of their own, CDC devices, the UART of a Raspberry Pi and its alias.
const NODES: [&str; 4] = ["ttyUSB", "ttyACM", "ttyAMA", "serial0"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A `/dev` with these nodes (plain files do here) and these names by id.
    fn dev(nodes: &[&str], names: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let dev = root.path().canonicalize().unwrap();
        let by_id = dev.join("serial/by-id");
        fs::create_dir_all(&by_id).unwrap();
        for node in nodes {
            fs::write(dev.join(node), "").unwrap();
        }
        for (name, node) in names {
            symlink(format!("../../{node}"), by_id.join(name)).unwrap();
        }
        (root, dev, by_id)
    }

    #[test]
    fn the_only_name_by_id_is_the_default() {
        let (_root, dev, by_id) = dev(&["ttyUSB0", "ttyAMA0"], &[("usb-a", "ttyUSB0")]);
        assert_eq!(default_in(&by_id, &dev), Ok(by_id.join("usb-a")));
    }

    #[test]
    fn without_an_only_one_everything_is_listed_once() {
        let (_root, dev, by_id) = dev(
            &["ttyUSB0", "ttyUSB1", "ttyACM0", "serial0", "tty1", "ttyS0"],
            &[("usb-b", "ttyUSB1"), ("usb-a", "ttyUSB0")],
        );
        let available = vec![
            by_id.join("usb-a"),
            by_id.join("usb-b"),
            dev.join("serial0"),
            dev.join("ttyACM0"),
        ];
        assert_eq!(default_in(&by_id, &dev), Err(OpenError::NoDefault { available }));
    }

    #[test]
    fn without_any_the_list_is_empty() {
        let (_root, dev, _) = dev(&["tty1"], &[]);
        let gone = dev.join("gone");
        assert_eq!(default_in(&gone, &dev), Err(OpenError::NoDefault { available: vec![] }));
    }

    #[test]
    fn a_bare_node_has_its_lasting_name() {
        let (_root, dev, by_id) =
            dev(&["ttyUSB0", "ttyUSB1", "ttyUSB2"], &[("usb-b", "ttyUSB1"), ("usb-a", "ttyUSB0")]);
        assert_eq!(by_id_in(&by_id, &dev.join("ttyUSB1")), Some(by_id.join("usb-b")));
        assert_eq!(by_id_in(&by_id, &dev.join("ttyUSB2")), None);
        assert_eq!(by_id_in(&by_id, &dev.join("ttyUSB9")), None);
        assert_eq!(by_id_in(&by_id, &by_id.join("usb-b")), None, "it is one already");
    }
}
