//! Replaces a file in one step: a reader sees the old content or the new, never a mixture.
//!
//! The new content goes to a temporary file beside it and to the disk; then the temporary file
//! takes the name of the old one. If any step fails, the old content stays and the temporary file
//! is removed.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    process,
};

/// The mode of a file that tells something of a house, and is for this program alone.
const PRIVATE: u32 = 0o600;

/// Replaces the content of a file, which keeps its mode and its owner; a new file gets this mode.
///
/// # Errors
/// Errors of the disk. Only files are replaced: neither a device nor a symbolic link, which could
/// lead to a place that somebody else chose.
pub fn replace(path: &Path, content: &[u8], new_mode: u32) -> io::Result<()> {
    let old = old(path)?;
    let mode = old.as_ref().map_or(new_mode, |old| old.mode() & 0o777);
    replace_as(path, content, old.as_ref(), mode)
}

/// The same for a file that no other user may read.
///
/// # Errors
/// The same.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let old = old(path)?;
    replace_as(path, content, old.as_ref(), PRIVATE)
}

/// Checks that a file can be [replaced](replace): a temporary file beside it is created and removed.
///
/// # Errors
/// The same.
pub fn check(path: &Path) -> io::Result<()> {
    old(path)?;
    let temporary = temporary(path)?;
    create(&temporary)?;
    fs::remove_file(&temporary)
}

fn replace_as(path: &Path, content: &[u8], old: Option<&Metadata>, mode: u32) -> io::Result<()> {
    let temporary = temporary(path)?;
    let replaced =
        store(&temporary, old, mode, content).and_then(|()| fs::rename(&temporary, path));
    match replaced {
        // An error here is no failure: the system writes the folder later.
        Ok(()) => drop(folder(path).and_then(|folder| File::open(folder)?.sync_all())),
        Err(_) => drop(fs::remove_file(&temporary)),
    }
    replaced
}

fn old(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_symlink() => {
            Err(io::Error::other("a symbolic link: name the file that it leads to"))
        }
        Ok(_) => Err(io::Error::other("not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A name that no other process uses and that the textfile collector ignores.
fn temporary(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("no name of a file"))?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", process::id()));
    Ok(path.with_file_name(temporary))
}

fn folder(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or_else(|| io::Error::other("no folder"))?;
    Ok(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

fn store(temporary: &Path, old: Option<&Metadata>, mode: u32, content: &[u8]) -> io::Result<()> {
    let mut file = create(temporary)?;
    let new = file.metadata()?;
    if let Some(old) = old.filter(|old| (old.uid(), old.gid()) != (new.uid(), new.gid())) {
        // Only root can change the owner. A service must not even try: its unit may forbid the call.
        let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}

/// Creates a new file, which therefore cannot be a link to another place.
fn create(path: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match create() {
        // A killed process with the same id left it behind: in a container the id is always 1.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create()
        }
        created => created,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_gets_its_content_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("solar.txt");
        replace(&path, b"one", 0o644).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"one"[..], 0o644));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let left = format!(".solar.txt.{}.tmp", process::id());
        fs::write(folder.path().join(left), "of a process that was killed").unwrap();
        replace(&path, b"two", 0o644).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"two"[..], 0o640));
        assert_eq!(names(folder.path()), ["solar.txt"]);
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "theirs").unwrap();
        symlink(&file, &link).unwrap();
        let error = replace(&link, b"ours", 0o644).unwrap_err().to_string();
        assert_eq!(error, "a symbolic link: name the file that it leads to");
        assert_eq!(fs::read(&file).unwrap(), b"theirs");
        assert_eq!(
            replace(Path::new("/dev/null"), b"", 0o644).unwrap_err().to_string(),
            "not a file"
        );
        assert_eq!(replace(folder.path(), b"", 0o644).unwrap_err().to_string(), "not a file");
        let nowhere = folder.path().join("no/folder");
        assert_eq!(replace(&nowhere, b"", 0o644).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(names(folder.path()).len(), 2, "nothing is left behind");
    }
}
