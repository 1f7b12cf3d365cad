//! A small disk, in a namespace of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{binary::ignored_test, tools::need};

/// Runs one of the tests that are ignored in a namespace of its own, with a small disk.
pub(crate) fn with_small_disk(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    need("unshare", |mut unshare| {
        // Root has no need of a namespace of users, and may not be allowed one.
        let own = if rustix::process::getuid().is_root() { "-m" } else { "-rm" };
        let script = "mount -t tmpfs -o size=64k none \"$DISK\" && exec \"$@\"";
        unshare.args([own, "sh", "-c", script, "sh"]);
        let test = ignored_test(test);
        unshare.arg(test.get_program()).args(test.get_args()).env("DISK", folder.path());
        let ran = unshare.output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && out.contains("1 passed"), "{out}{err}");
    });
}

/// The small disk, if it is there, and the file that fills it.
pub(crate) fn small_disk() -> Option<(PathBuf, PathBuf)> {
    let disk = PathBuf::from(std::env::var_os("DISK")?);
    let filler = disk.join("filler");
    Some((disk, filler))
}

pub(crate) fn fill(filler: &Path) {
    assert!(fs::write(filler, vec![0; 1 << 20]).is_err(), "the disk is not small");
}

/// Mounts the small disk again: `ro` or `rw`.
pub(crate) fn remount(disk: &Path, how: &str) {
    let how = format!("remount,{how}");
    let status = Command::new("mount").args(["-o", &how]).arg(disk).status();
    assert!(status.unwrap().success(), "{how}");
}
