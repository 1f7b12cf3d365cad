//! `--jobs`: several threads give the same output and status as one.

use std::{
    fs::{self, File},
    io::Read,
    process::{Command, Stdio},
};

use crate::common::binary::{METERPIPE, Ran, Running, command, ran, run};
use crate::common::published::Folder;

impl Folder {
    /// Telegrams of a meter, each tenth with a fault.
    fn telegrams(&self, form: &str, meter: &str, count: &str) -> String {
        let path = self.path(&format!("{form}.{meter}.{count}"));
        let mut simulate = command(&["simulate", "--count", count, "--output", form]);
        simulate.args(["--meter", meter, "--start", "2026-06-21T00:00:00Z"]);
        simulate.args(["--noise", "4%", "--flip", "2%", "--cut", "2%", "--lose", "2%"]);
        simulate.stdout(File::create(&path).unwrap());
        assert!(simulate.status().unwrap().success());
        path
    }

    fn run(&self, stage: &str, jobs: &str, more: &[&str]) -> Ran {
        let key = self.key();
        run(&[&[stage, "--key-file", &key, "--jobs", jobs], more].concat(), b"")
    }
}

#[test]
fn what_comes_out_does_not_depend_on_the_number_of_jobs() {
    let folder = Folder::new();
    // Several times the block that a thread takes, and of the chunk that is read at once.
    for (form, meter) in
        [("hex", "netz-noe-kaifa"), ("records", "ksm-west"), ("binary", "netz-noe-sagemcom")]
    {
        let path = folder.telegrams(form, meter, "4000");
        assert!(fs::metadata(&path).unwrap().len() > 1_000_000);
        for stage in ["decode", "watch"] {
            for format in ["csv", "json"] {
                let run = |jobs| folder.run(stage, jobs, &["--format", format, &path]);
                let one = run("1");
                assert_eq!(one.status, 1);
                assert!(one.out.lines().count() > 3600);
                assert!(one.err.contains(" more like: "), "{}", one.err);
                assert!(one.err.contains("of noise"), "{}", one.err);
                for jobs in ["2", "5"] {
                    let several = run(jobs);
                    assert_eq!(several.status, one.status, "{stage} {path}: {jobs} jobs");
                    assert_eq!(several.err, one.err, "{stage} {path}: {jobs} jobs");
                    assert!(several.out == one.out, "{stage} {path}: {jobs} jobs: other text");
                }
            }
        }
    }
}

#[test]
fn a_wrong_key_is_reported_as_with_one_job() {
    let folder = Folder::new();
    let path = folder.telegrams("hex", "netz-noe-kaifa", "2000");
    fs::write(folder.key(), "0".repeat(32)).unwrap();
    let one = folder.run("decode", "1", &[&path]);
    assert_eq!((one.status, one.out.as_str()), (4, ""));
    assert_eq!(folder.run("decode", "3", &[&path]), one);
}

#[test]
fn standard_input_is_read_from_where_it_stands_and_to_its_end() {
    let folder = Folder::new();
    let path = folder.telegrams("hex", "netz-noe-kaifa", "2000");
    let key = folder.key();
    let sh = |jobs: &str| {
        let decode = format!("{METERPIPE} decode --key-file {key} --jobs {jobs} --format csv");
        // The shell reads two lines before the decoder starts, and the decoder leaves none behind.
        let script = format!("read -r a; read -r b; {decode}; echo \"$?\"; wc -c");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdin(File::open(&path).unwrap());
        ran(command.output().unwrap())
    };
    let one = sh("1");
    assert!(one.out.trim_end().ends_with("\n1\n0"), "{}", one.err);
    assert_eq!(sh("2"), one);
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let folder = Folder::new();
    let path = folder.telegrams("hex", "netz-noe-kaifa", "8000");
    for jobs in ["1", "2", "5"] {
        let mut decode = command(&["decode", "--key-file", &folder.key(), "--jobs", jobs]);
        decode.args(["--format", "xml", &path]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut decode = Running(decode.spawn().unwrap());
        let mut out = decode.0.stdout.take().unwrap();
        out.read_exact(&mut [0; 1000]).unwrap();
        drop(out);
        assert_eq!(decode.0.wait().unwrap().code(), Some(0), "{jobs} jobs");
        let mut err = String::new();
        decode.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert!(!err.contains("output"), "{jobs} jobs: {err}");
    }
}

#[test]
fn a_full_disk_is_reported() {
    let folder = Folder::new();
    let path = folder.telegrams("hex", "netz-noe-kaifa", "2000");
    for jobs in ["1", "2", "5"] {
        let mut decode = command(&["decode", "--key-file", &folder.key(), "--jobs", jobs]);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = ran(decode.arg(&path).stdout(full).output().unwrap());
        assert_eq!(ran.status, 6, "{jobs} jobs");
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(last.contains("standard output: No space left on device"), "{}", ran.err);
    }
}

#[test]
fn as_many_telegrams_as_are_wanted_and_all_that_comes_through_a_pipe() {
    let folder = Folder::new();
    let path = folder.telegrams("hex", "netz-noe-kaifa", "2000");
    let format = ["--format", "csv", "--no-header"];
    let counted = folder.run("watch", "2", &[&format[..], &["--count", "7", &path]].concat());
    assert_eq!(counted.out.lines().count(), 7);
    let file = folder.run("decode", "1", &[&format[..], &[&path]].concat());
    let mut args = vec!["decode", "--jobs", "2", "--key-file"];
    let key = folder.key();
    args.push(&key);
    args.extend(format);
    assert_eq!(run(&args, &fs::read(&path).unwrap()), file);
}

#[test]
fn a_number_of_jobs_is_a_number_from_one_on() {
    for jobs in ["0", "-1", "many"] {
        let ran = run(&["decode", &format!("--jobs={jobs}")], b"");
        assert_eq!(ran.status, 2, "{jobs}: {}", ran.err);
        assert!(ran.err.contains("--jobs"), "{}", ran.err);
    }
}

#[test]
fn without_threads_the_main_one_reads_everything() {
    let folder = Folder::new();
    let path = folder.telegrams("hex", "netz-noe-kaifa", "1500");
    let one = folder.run("decode", "1", &[&path]);
    let key = folder.key();
    let mut several = command(&["decode", "--key-file", &key, "--jobs", "8", &path]);
    // No machine has room for a thread with such a stack.
    let several = ran(several.env("RUST_MIN_STACK", (1u64 << 60).to_string()).output().unwrap());
    assert_eq!((one.status, &one.out, &one.err), (several.status, &several.out, &several.err));
    assert!(one.out.lines().count() > 1300);
}

/// As XML the file has 68 MB, which do not fit into the room that there is.
#[test]
fn memory_does_not_grow_with_the_file() {
    let folder = Folder::new();
    let telegrams = fs::read(folder.telegrams("hex", "netz-noe-kaifa", "500")).unwrap();
    let path = folder.path("large");
    fs::write(&path, telegrams.repeat(60)).unwrap();
    let key = folder.key();
    for jobs in ["1", "2"] {
        let decode = format!("{METERPIPE} decode -q --key-file {key} --jobs {jobs} --format xml");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -v 50000; {decode} {path} | wc -c; exit $?")]);
        // Else each thread sets aside 64 MB of addresses, used or not.
        let ran = ran(command.env("MALLOC_ARENA_MAX", "1").output().unwrap());
        let octets: u64 = ran.out.trim().parse().unwrap();
        assert!(octets > 60_000_000, "{jobs} jobs: {octets} octets, {}", ran.err);
    }
}
