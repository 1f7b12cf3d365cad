//! A spool after a disk has failed: each start works, says what it skips, and sends the rest.

use std::{
    fs,
    net::TcpListener,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use super::Random;
use crate::{
    common::{
        binary::wait_for,
        disk::{fill, remount, small_disk, with_small_disk},
        port::free_port,
        sinks::{LIMIT, names, start},
    },
    influx::{
        assert_stored, line, lines, reading,
        server::{Reply, Server},
    },
};

/// The lines of each segment.
const LINES: usize = 40;
const SEGMENTS: usize = 4;

fn uri(port: u16, spool: &Path) -> String {
    let spool = spool.display();
    format!("influxdb://127.0.0.1:{port}/?bucket=house&retry=1s&sync=1s&flush=0&spool={spool}")
}

fn server(port: u16) -> Server {
    Server::on(TcpListener::bind(("127.0.0.1", port)).unwrap(), |_| Reply::status(204))
}

fn stored(server: &Server) -> Vec<String> {
    server.requests().into_iter().flat_map(|request| request.lines).collect()
}

/// Keeps readings in a spool, as a segment that is written at the end.
fn keep(port: u16, spool: &Path, readings: Range<usize>) {
    let sink = start(&uri(port, spool).replace("sync=1s", "sync=1h"), 100);
    readings.for_each(|number| sink.put(&reading(number)));
    sink.wait_for_message("cannot connect to");
    assert_eq!(sink.end(Duration::from_millis(100)).1, 0);
}

fn segment(spool: &Path, number: usize) -> PathBuf {
    spool.join(format!("{number:08}.spool"))
}

/// Sends all that a spool has; returns the lines, the messages and the number of lost readings.
fn deliver(spool: &Path) -> (Vec<String>, Vec<String>, u64) {
    let server = Server::start(|_| Reply::status(204));
    let (messages, lost) = start(&uri(server.port, spool), 100).end(LIMIT);
    (stored(&server), messages, lost)
}

#[test]
fn a_random_damage_costs_the_lines_that_it_hits_and_is_told() {
    let folder = TempDir::new().unwrap();
    let (sound, port) = (folder.path().join("sound"), free_port());
    (0..SEGMENTS).for_each(|part| keep(port, &sound, LINES * part..LINES * (part + 1)));
    let sound = (1..=SEGMENTS).map(|number| fs::read(segment(&sound, number)).unwrap());
    let sound: Vec<_> = sound.collect();
    let mut random = Random(5);
    for round in 0..60 {
        let spool = folder.path().join(round.to_string());
        fs::create_dir(&spool).unwrap();
        for (at, text) in sound.iter().enumerate() {
            fs::write(segment(&spool, at + 1), text).unwrap();
        }
        let hit = random.below(SEGMENTS);
        let (text, path) = (&sound[hit], segment(&spool, hit + 1));
        let mut damaged = text.clone();
        let (place, length) = (random.below(text.len()), random.below(text.len()));
        let kind = random.below(6);
        match kind {
            0 => damaged.truncate(place),
            1 => damaged[place] ^= 1 << random.below(8),
            2 => (0..10).for_each(|_| damaged[random.below(text.len())] ^= 1 << random.below(8)),
            3 => damaged.iter_mut().skip(place).take(length / 8).for_each(|octet| *octet = 0),
            4 => damaged.fill(0),
            _ => damaged.clear(),
        }
        let is_unreadable = kind == 5;
        fs::write(&path, &damaged).unwrap();
        if is_unreadable {
            // Root reads a file of any mode, but no folder.
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        }
        let (arrived, messages, lost) = deliver(&spool);

        // A line arrives if it is whole, and if nothing has eaten the line end in front of it.
        let (mut wanted, mut start, mut mended) = (vec![], 0, 0);
        for number in 0..LINES * SEGMENTS {
            let is_hit = number / LINES == hit;
            if !is_hit {
                wanted.push(line(number));
                continue;
            }
            let length = text[start..].iter().position(|octet| *octet == b'\n').unwrap() + 1;
            let from = start.saturating_sub(1);
            let is_whole = damaged.get(from..start + length) == Some(&text[from..start + length]);
            start += length;
            match is_whole {
                true => wanted.push(line(number)),
                // The digits of a checksum may be upper case.
                false if arrived.contains(&line(number)) => {
                    mended += 1;
                    wanted.push(line(number));
                }
                false => {}
            }
        }
        assert_eq!(arrived, wanted, "round {round}, {kind}: {messages:?}");
        let missing = LINES * SEGMENTS - wanted.len();
        let is_cut_between_lines = damaged.ends_with(b"\n") && damaged.len() < text.len();
        let is_told = messages.len() > 1 || missing == 0 || is_cut_between_lines;
        assert!(is_told, "round {round}, {kind}: {missing} missing, {mended} whole: {messages:?}");
        assert!(u64::try_from(missing).unwrap() >= lost, "round {round}: {messages:?}");
        let left = names(&spool);
        assert_eq!(left.len(), 1 + usize::from(is_unreadable), "round {round}: {left:?}");
    }
}

#[test]
fn a_segment_that_cannot_be_read_stays_and_later_ones_get_other_names() {
    let folder = TempDir::new().unwrap();
    let (spool, port) = (folder.path().join("spool"), free_port());
    keep(port, &spool, 0..5);
    keep(port, &spool, 5..10);
    let text = fs::read(segment(&spool, 2)).unwrap();
    fs::remove_file(segment(&spool, 2)).unwrap();
    fs::create_dir(segment(&spool, 2)).unwrap();
    let (arrived, messages, lost) = deliver(&spool);
    assert_stored(&arrived, 0..5);
    assert_eq!(lost, 0, "it waits");
    let part = "00000002.spool: Is a directory";
    assert!(messages.iter().any(|text| text.contains(part)), "{messages:?}");
    keep(port, &spool, 10..15);
    assert_eq!(names(&spool), ["00000002.spool", "00000003.spool", "lock"]);
    // The disk can be read again.
    fs::remove_dir(segment(&spool, 2)).unwrap();
    fs::write(segment(&spool, 2), text).unwrap();
    assert_stored(&deliver(&spool).0, 5..15);
    assert_eq!(names(&spool), ["lock"]);
}

#[test]
fn a_full_disk_costs_nothing_while_the_sink_runs() {
    with_small_disk("endurance::damage::full_disk");
}

#[test]
#[ignore = "runs in a namespace of its own"]
fn full_disk() {
    let Some((disk, filler)) = small_disk() else { return };
    let (spool, port) = (disk.join("spool"), free_port());
    keep(port, &spool, 0..5);
    fill(&filler);
    let sink = start(&uri(port, &spool), 100);
    (5..50).for_each(|number| sink.put(&reading(number)));
    sink.wait_for_message("cannot be written to the disk: No space left on device");
    let server = server(port);
    wait_for("all lines", || stored(&server).len() >= 50);
    assert_eq!(sink.end(LIMIT).1, 0);
    assert_stored(&stored(&server), 0..50);
    assert_eq!(names(&spool), ["lock"]);
    // Without a server they are counted, and the disk is as it was.
    drop(server);
    fill(&filler);
    let port = free_port();
    let sink = start(&uri(port, &spool), 100);
    (50..60).for_each(|number| sink.put(&reading(number)));
    sink.wait_for_message("cannot be written to the disk: No space left on device");
    let (messages, lost) = sink.end(Duration::from_millis(100));
    assert_eq!((lost, names(&spool)), (10, vec!["lock".to_owned()]), "{messages:?}");
}

#[test]
fn a_disk_that_can_only_be_read_is_sent_and_does_not_stop_what_is_new() {
    with_small_disk("endurance::damage::read_only_disk");
}

#[test]
#[ignore = "runs in a namespace of its own"]
fn read_only_disk() {
    let Some((disk, _)) = small_disk() else { return };
    let spool = disk.join("spool");
    keep(free_port(), &spool, 0..5);
    keep(free_port(), &spool, 5..10);
    for has_lock in [true, false] {
        if !has_lock {
            remount(&disk, "rw");
            fs::remove_file(spool.join("lock")).unwrap();
        }
        remount(&disk, "ro");
        let port = free_port();
        let sink = start(&uri(port, &spool), 100);
        (10..15).for_each(|number| sink.put(&reading(number)));
        sink.wait_for_message("cannot be written to the disk: Read-only file system");
        let server = server(port);
        wait_for("all lines", || stored(&server).len() >= 15);
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!((stored(&server), lost), (lines(0..15), 0), "{messages:?}");
        let removed =
            messages.iter().filter(|text| text.contains("cannot be removed from the disk"));
        assert_eq!(removed.count(), 1, "{messages:?}");
        assert_eq!(names(&spool).len(), 2 + usize::from(has_lock));
    }
    // Once it can be written, all goes its usual way.
    remount(&disk, "rw");
    assert_stored(&deliver(&spool).0, 0..10);
    assert_eq!(names(&spool), ["lock"]);
}
