//! `capture` as a user runs it, on finite input.

use std::{fs, process::Stdio};

use crate::common::{
    binary::{command, run},
    terminal::terminal,
};

/// A long frame around that data.
fn frame(data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    let sum = data.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
    [&[0x68, length, length, 0x68], data, &[sum, 0x16]].concat()
}

fn binary(args: &[&str], input: &[u8]) -> (i32, Vec<u8>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), input).unwrap();
    let output = command(args).arg(file.path()).output().unwrap();
    (output.status.code().unwrap(), output.stdout)
}

#[test]
fn a_frame_that_is_found_only_at_the_end_counts_as_one() {
    // The start of a frame of 256 octets, which hides the frame behind it until nothing follows.
    let hidden = frame(&[1, 2, 3, 4]);
    let input = [&[0x68, 0xfa, 0xfa, 0x68, 0x53], hidden.as_slice()].concat();
    let ran = run(&["capture", "--input", "binary", "-"], &input);
    let expected =
        format!("# meterpipe-record 1\n- raw 68fafa6853\n- frame {}\n", hex::encode(&hidden));
    assert_eq!((ran.status, ran.out, ran.err), (0, expected, String::new()));
    assert_eq!(binary(&["capture", "--binary"], &input), (0, input));
}

#[test]
fn nothing_is_written_behind_the_last_frame_that_is_wanted() {
    let frames = [frame(&[1, 2, 3, 4]), frame(&[5, 6, 7, 8]), frame(&[9, 10, 11, 12])];
    let input = [&[0xff; 300], frames.concat().as_slice(), &[0xff]].concat();
    let end = |count: usize| 300 + frames[..count].concat().len();
    for (args, count) in [(["--count", "2"].as_slice(), 2), (&["--once"], 1)] {
        let ran = run(&[&["capture", "--input", "binary", "-"], args].concat(), &input);
        let columns = ran.out.lines().skip(1).map(|line| line.split(' ').nth(2).unwrap());
        assert_eq!(columns.collect::<String>(), hex::encode(&input[..end(count)]));
        assert_eq!(ran.status, 0, "{}", ran.err);
        let (status, octets) = binary(&[&["capture", "--binary"], args].concat(), &input);
        assert_eq!((status, octets), (0, input[..end(count)].to_vec()));
    }
}

#[test]
fn records_of_many_sources_are_all_written() {
    let mut input = String::from("# meterpipe-record 1\n");
    let lines: Vec<_> = (0..1000).map(|n| format!("- raw 68fa from=tty{n}\n")).collect();
    input.extend(lines.iter().map(String::as_str));
    let ran = run(&["capture", "-"], input.as_bytes());
    assert_eq!((ran.status, ran.out), (3, input));
}

#[test]
fn apdus_pass_through_and_are_telegrams() {
    let input = "# meterpipe-record 1\n- apdu 0f80 link=mbus foo=baz\n- zzz 00 q=1\n";
    let ran = run(&["capture", "-"], input.as_bytes());
    assert_eq!((ran.status, ran.out.as_str()), (0, input), "{}", ran.err);
}

#[test]
fn octets_are_not_written_to_a_terminal() {
    let (_master, node) = terminal();
    let mut capture = command(&["capture", "--binary", "--once", "sim:"]);
    let device = fs::OpenOptions::new().write(true).open(node).unwrap();
    let output = capture.stdout(device).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && err.contains("--binary"), "{err}");
}
