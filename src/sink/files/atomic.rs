//! Replaces a file in one step: who reads it sees the old content or the new one, never a part.
//!
//! The new content goes to a file beside it, to the disk, and then takes the name of the old one. If
//! any of that fails, the old content stays and nothing else is left.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    process,
};

/// The mode of a file that was not there: what shows it runs as another user.
const MODE: u32 = 0o644;

/// Gives a file that content. It keeps its mode and its owner.
///
/// # Errors
/// Those of the disk. What is no file is not replaced: neither a device, nor a symbolic link, which
/// may lead to where others want it.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let old = old(path)?;
    let temporary = temporary(path)?;
    let replaced =
        store(&temporary, old.as_ref(), content).and_then(|()| fs::rename(&temporary, path));
    match replaced {
        // The name is there at the latest when the system writes its folder on its own account.
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

/// A name that no other process uses, and that the textfile collector does not read.
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

fn store(temporary: &Path, old: Option<&Metadata>, content: &[u8]) -> io::Result<()> {
    let mut file = create(temporary)?;
    let mode = old.map_or(MODE, |old| old.mode() & 0o777);
    if let Some(old) = old {
        // Only root can give a file away; for others it is theirs already.
        let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}

/// Creates a file that was not there; so it cannot be a link to somewhere else.
fn create(path: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match create() {
        // Left by a process of the same number that was killed: in a container it is always 1.
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
        replace(&path, b"one").unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"one"[..], 0o644));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let left = format!(".solar.txt.{}.tmp", process::id());
        fs::write(folder.path().join(left), "of a process that was killed").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"two"[..], 0o640));
        assert_eq!(names(folder.path()), ["solar.txt"]);
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "theirs").unwrap();
        symlink(&file, &link).unwrap();
        let error = replace(&link, b"ours").unwrap_err().to_string();
        assert_eq!(error, "a symbolic link: name the file that it leads to");
        assert_eq!(fs::read(&file).unwrap(), b"theirs");
        assert_eq!(replace(Path::new("/dev/null"), b"").unwrap_err().to_string(), "not a file");
        assert_eq!(replace(folder.path(), b"").unwrap_err().to_string(), "not a file");
        let nowhere = folder.path().join("no/folder");
        assert_eq!(replace(&nowhere, b"").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(names(folder.path()).len(), 2, "nothing is left behind");
    }
}
