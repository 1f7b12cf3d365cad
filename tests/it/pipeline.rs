//! The stages on inputs that are cut, mixed, marked or misleading.

use crate::common::binary;
use crate::common::binary::run;
use crate::common::published::{DUMP, EXAMPLE_KEYS, Folder, HEADER, KEY, PLAIN, octets, set_mode};

impl Folder {
    /// Status, telegrams and messages of `decode`.
    fn counts(&self, more: &[&str], input: impl AsRef<[u8]>) -> (i32, usize, String) {
        let ran = self.decode(more, input);
        (ran.status, ran.out.lines().count(), ran.err)
    }
}

/// The two frames of the published telegram.
fn frames() -> [String; 2] {
    let mut lines = DUMP.lines().map(str::to_lowercase);
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
    // Like a log that was rotated between the two frames.
    let empty = folder.write("empty", "");
    assert_eq!(folder.counts(&[&ends, &begins], ""), fine(3));
    assert_eq!(folder.counts(&[&ends, &empty, &begins], ""), fine(3));
    // A row of a pasted telegram may be missing.
    let sizes = [&*first, &second, &first[..100]].map(|digits| (digits.len() / 2).to_string());
    let [first, second, part] = &sizes;
    let end = |name: &str, octets: &str| {
        format!("{name}: line 3: the text ends amid the telegram that begins here, {octets} octets")
    };
    let begin =
        |name: &str| format!("{name}: line 1: the text begins amid a telegram, {second} octets");
    for (files, telegrams, told) in [
        (&[&ends, &ends][..], 2, &[end(&ends, first), end(&ends, first)][..]),
        (&[&begins, &begins], 2, &[begin(&begins), begin(&begins)]),
        (&[&amid, &amid, &begins], 3, &[end(&amid, part), end(&amid, part), begin(&begins)]),
        (
            &[&begins, &ends, &amid, &ends, &begins],
            6,
            &[begin(&begins), end(&ends, first), end(&amid, part)],
        ),
    ] {
        let files: Vec<_> = files.iter().map(|file| file.as_str()).collect();
        let (status, found, said) = folder.counts(&files, "");
        assert_eq!((status, found, said.lines().count()), (0, telegrams, told.len()), "{said}");
        for (line, told) in said.lines().zip(told) {
            assert!(line.contains(told), "{line}\n{told}");
        }
    }
    // A capture begins and ends anywhere, and what else is in a text has other rows.
    let [first, second] = frames();
    let records = format!("{HEADER}- frame {second}\n{}- frame {first}\n", records(1));
    assert_eq!(folder.counts(&[], records), fine(1));
    assert_eq!(folder.counts(&[], octets(&[&second, DUMP, &first].concat())), fine(1));
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n".repeat(9);
    assert_eq!(folder.counts(&[], format!("sums:\n{hash}{DUMP}sums:\n{hash}")), fine(1));
}

/// The telegram as records.
fn records(times: usize) -> String {
    frames().map(|frame| format!("- frame {frame}\n")).concat().repeat(times)
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
        assert_eq!(folder.counts(&[], &input).1, 1);
        let ran = folder.counts(&["--require-auth"], &input);
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
    // A power cut leaves such octets at the end of a file, or within it when the logger goes on.
    assert_eq!(folder.counts(&[], [records, &[0; 4096]].concat()), fine(1));
    let amid = [records, &[0; 512], b"\n", records].concat();
    assert_eq!(folder.counts(&[], amid), fine(2));
    let latin = [b"Z\xe4hler:\n", DUMP.as_bytes()].concat();
    assert_eq!(folder.counts(&[], latin), fine(1));
    // The end of the inspected prefix cuts a character.
    let long = [&[b'-'; 4095][..], "ä\n".as_bytes(), DUMP.as_bytes()].concat();
    assert_eq!(folder.counts(&[], long), fine(1));
}

#[test]
fn a_record_that_the_end_of_the_input_cuts_is_no_error() {
    let folder = Folder::new();
    let [first, second] = frames();
    let time = "2021-09-27T07:47:17.482Z";
    let whole = format!("{time} frame {first} from=a\n{time} frame {second} from=a\n");
    let telegram = format!("{HEADER}{whole}");
    let truncated =
        format!("{telegram}{time} raw {} from=a err=parity@7,overrun@9\n", &first[..20]);
    for size in telegram.len()..truncated.len() {
        assert_eq!(
            folder.counts(&[], &truncated[..size]),
            fine(1),
            "{}",
            &truncated[telegram.len()..size]
        );
    }
    // Where a line ends, it is one.
    let (status, telegrams, message) = folder.counts(&[], format!("{telegram}- raw 0\n"));
    assert_eq!((status, telegrams, message.contains("odd number")), (1, 1, true), "{message}");
}

#[test]
fn a_log_is_no_record_and_a_record_is_no_log() {
    let folder = Folder::new();
    let telegram = frames().concat();
    let logged = format!("2026-08-24T21:03:17.482Z received {telegram}\n");
    assert_eq!(folder.counts(&[], &logged), fine(1));
    let unframe =
        |input: &str, more: &[&str]| run(&[&["unframe"], more].concat(), input.as_bytes());
    for (input, more) in [
        (format!("{HEADER}{logged}"), &[][..]),
        (format!("- received {telegram}\n"), &[]),
        (logged, &["--input", "records"]),
    ] {
        let ran = unframe(&input, more);
        let passed = input.trim_start_matches(HEADER);
        assert_eq!((ran.status, ran.out), (0, format!("{HEADER}{passed}")), "{}", ran.err);
    }
}

#[test]
fn a_stage_that_has_nothing_to_do_says_nothing() {
    let folder = Folder::new();
    let [first, second] = frames();
    let key = folder.key();
    let framed = format!("{HEADER}- frame {first}\n- frame {second}\n");
    let apdus = run(&["unframe"], framed.as_bytes()).out;
    for (stage, input) in [
        (&["decrypt", "--key-file", &key][..], &framed),
        (&["unframe"], &apdus),
        (&["capture", "-"], &apdus),
    ] {
        let ran = run(stage, input.as_bytes());
        assert_eq!((ran.status, &ran.out, ran.err.as_str()), (0, input, ""), "{stage:?}");
    }
}

#[test]
fn an_unknown_mark_damages_too() {
    let folder = Folder::new();
    let [first, second] = frames();
    let marked = |err: &str| format!("{HEADER}- raw {first} err={err}\n- raw {second}\n{DUMP}");
    assert_eq!(folder.counts(&[], marked("overrun@0")), fine(2));
    for err in ["parity@17", "framing@17", "overrun@17"] {
        let (status, telegrams, message) = folder.counts(&[], marked(err));
        assert_eq!((status, telegrams), (1, 1), "{message}");
    }
}

#[test]
fn only_failures_mean_the_key() {
    let folder = Folder::new();
    folder.write("guek", "00".repeat(16));
    let reason = |input: String| {
        let (status, _, message) = folder.counts(&[], input);
        assert_eq!(status, 4, "{message}");
        message.contains("could be opened: the key does not fit")
    };
    assert!(!reason(DUMP.to_owned()));
    assert!(reason(DUMP.repeat(2)));
    // With something in between that is not supported.
    assert!(reason(format!("{}\n- apdu dd00\n", DUMP.repeat(2))));
}

#[test]
fn a_key_in_the_place_of_a_file_is_not_shown() {
    let nearly = &KEY[..31];
    let nested = format!("{KEY}/x");
    for arguments in [
        &["decode", "--key-file", KEY][..],
        &["decode", "--key-file", nearly],
        &["simulate", "--count", "1", "--key-file", KEY],
        &["decode", nearly],
        &["capture", KEY],
        &["watch", nearly],
        &["decode", "--key-file", &nested],
    ] {
        let ran = run(arguments, b"");
        assert!([2, 5].contains(&ran.status), "{arguments:?}");
        assert!(!ran.err.contains(&KEY[..8]), "{}", ran.err);
    }
    let mut command = binary::command(&["decode"]);
    command.env("P1_GUEK_FILE", KEY);
    let ran = binary::run_command(command, DUMP.as_bytes());
    assert_eq!((ran.status, ran.err.contains(&KEY[..8])), (2, false), "{}", ran.err);
}

#[test]
fn only_files_of_the_user_are_warned_of() {
    let folder = Folder::new();
    set_mode(folder.key(), 0o640);
    assert!(folder.counts(&[], DUMP).2.contains("others can read the keys"));
    let mut command = binary::command(&["decode"]);
    command.env("CREDENTIALS_DIRECTORY", folder.0.path());
    let ran = binary::run_command(command, DUMP.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn as_many_frames_as_are_wanted_and_nothing_behind_them() {
    let folder = Folder::new();
    let frames = frames();
    let octets = octets(&frames.concat().repeat(3));
    let noise = [&[0xff, 0x00][..], &octets].concat();
    let dump = folder.write("dump", noise);
    let [first, second] = &frames;
    let expected =
        format!("{HEADER}- raw ff00\n- frame {first}\n- frame {second}\n- frame {first}\n");
    let ran = run(&["capture", "--count", "3", &dump], b"");
    assert_eq!((ran.status, ran.out, ran.err.as_str()), (0, expected, ""));
    let marked = format!("{HEADER}- raw {first}{second} err=parity@9\n- raw {first}{second}\n");
    let ran = run(&["capture", "--once", "-"], marked.as_bytes());
    let columns =
        |number: usize| ran.out.lines().skip(1).filter_map(move |l| l.split(' ').nth(number));
    assert_eq!(columns(1).collect::<Vec<_>>(), ["raw", "frame"]);
    assert_eq!(columns(2).collect::<String>(), format!("{first}{second}"));
    assert_eq!(columns(3).collect::<Vec<_>>(), ["err=parity@9"]);
    let mut command = binary::command(&["capture", "--binary", "--count", "1", &dump]);
    let output = command.output().unwrap();
    assert_eq!(hex::encode(output.stdout), format!("ff00{first}"));
}

#[test]
fn a_silent_pipe_ends_with_the_timeout() {
    let folder = Folder::new();
    let fifo = folder.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let key = folder.key();
    for arguments in [
        &["watch", "--timeout", "1s", "--key-file", &key, "-"][..],
        &["watch", "--timeout", "1s", "--key-file", &key, &fifo],
        &["capture", "--timeout", "1s", "-"],
    ] {
        let mut command = binary::command(arguments);
        command.stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The input stays open, and nothing more comes.
        let mut silent = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut silent, DUMP.as_bytes()).unwrap();
        let ran = binary::ran(child.wait_with_output().unwrap());
        let lines = if arguments.last() == Some(&fifo.as_str()) { 0 } else { 1 };
        assert!(ran.out.lines().count() >= lines, "{ran:?}");
        assert_eq!((ran.status, ran.err.contains("no telegram for 1 s")), (3, true), "{ran:?}");
    }
    let dump = folder.write("dump", DUMP);
    let watch = ["watch", "--timeout", "0s", "--key-file", &key, &dump];
    assert_eq!(run(&watch, b"").status, 0, "a file is never silent");
}

#[test]
fn a_key_that_fits_and_is_for_another_meter_is_distinguished() {
    let folder = Folder::new();
    folder.write("guek", format!("181220000008 {KEY}\n{}\n", "00".repeat(16)));
    let (status, _, message) = folder.counts(&[], DUMP);
    assert_eq!((status, message.contains("names another meter number")), (4, true), "{message}");
}

/// A recording of a meter with another link goes through the stages as separate processes.
#[test]
fn recordings_of_hdlc_and_of_blocks_pass_through_every_stage_alone() {
    let folder = Folder::new();
    let keys = folder.write("keys", EXAMPLE_KEYS);
    for meter in ["wiener-netze", "graz"] {
        let source = format!("sim:{meter}");
        let record = folder.path(&format!("{meter}.records"));
        let watched = run(&["watch", "--once", "--format=json", "--record", &record, &source], b"");
        assert_eq!((watched.status, watched.err.as_str()), (0, ""), "{meter}");
        let frames = if meter == "graz" { "3" } else { "1" };
        let captured = run(&["capture", "--count", frames, &source], b"");
        assert_eq!((captured.status, captured.err.as_str()), (0, ""), "{meter}");
        let recorded = std::fs::read(&record).unwrap();
        for (recording, watched) in
            [(recorded, Some(&watched.out)), (captured.out.into_bytes(), None)]
        {
            let mut octets = recording.clone();
            for stage in [&["unframe"][..], &["decrypt", "--key-file", &keys], &["decode"]] {
                let ran = run(stage, &octets);
                assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{meter}: {stage:?}");
                octets = ran.out.into_bytes();
            }
            let at_once = run(&["decode", "--key-file", &keys], &recording);
            assert_eq!(at_once.out.lines().count(), 1, "{meter}");
            assert_eq!(String::from_utf8(octets).unwrap(), at_once.out, "{meter}");
            let watched = watched.map_or(at_once.out.as_str(), String::as_str);
            assert_eq!(at_once.out, watched, "{meter}");
        }
    }
}
