//! The sinks that write files: their content at any moment, and after any failure.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::common::binary::wait_for;
use crate::common::disk::{fill, remount, small_disk, with_small_disk};
use crate::common::sinks::{HOSTILE, LIMIT, build, names, refused, start};

fn energy(meter: &str, number: u64) -> String {
    format!("{{\"meter\":\"{meter}\",\"energy_import_wh\":{number},\"energy_export_wh\":0}}")
}

fn uri(scheme: &str, path: &Path, query: &str) -> String {
    format!("{scheme}:{}{query}", path.display())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn solarview_gets_the_file_that_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("solar.txt");
    let sink = start(&uri("solarview", &path, ""), 8);
    sink.put(r#"{"meter":"1","energy_import_wh":166429,"energy_export_wh":1176026}"#);
    // These readings have no value for the file, so its content stays.
    sink.put(r#"{"meter":"1","power_net_w":1}"#);
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let published = "/?!\n/KAIFA\n1.8.0(000166.429*kWh)\n2.8.0(001176.026*kWh)\n!\n";
    assert_eq!(text(&path), published);
    assert_eq!(names(folder.path()), ["solar.txt"]);
}

#[test]
fn solarview_shows_one_meter_or_has_a_file_for_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let each = start(&uri("solarview", &path("{meter}.txt"), ""), 8);
    let first = start(&uri("solarview", &path("first"), "?style=d0"), 8);
    for (sink, notes) in [(each, 0), (first, 1)] {
        for _ in 0..2 {
            sink.put(&energy("1", 1000));
            sink.put(&energy("2", 2000));
        }
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!((messages.len(), lost), (notes, 2 * notes as u64), "{messages:?}");
        assert!(
            messages.iter().all(|text| text.contains("has room for one meter, 1: 2 is left out"))
        );
    }
    assert_eq!(names(folder.path()), ["1.txt", "2.txt", "first"]);
    assert!(text(&path("1.txt")).contains("1.8.0(000001.000*kWh)"));
    assert!(text(&path("2.txt")).contains("1.8.0(000002.000*kWh)"));
    assert!(text(&path("first")).contains("\r\n1-0:1.8.0*255(000001.000*kWh)\r\n"));
}

#[test]
fn a_file_takes_all_meters_if_its_lines_name_them() {
    for (name, query, lines, lost) in [
        ("all.jsonl", "", 4, 0),
        ("all.csv", "", 5, 0),
        ("named.csv", "?fields=meter,energy_import_wh", 5, 0),
        ("{meter}.csv", "?fields=energy_import_wh", 6, 0),
        ("unnamed.csv", "?fields=energy_import_wh", 3, 2),
        ("unnamed.jsonl", "?fields=time,energy_import_wh", 2, 2),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let sink = start(&uri("file", &folder.path().join(name), query), 8);
        for number in [1, 2] {
            sink.put(&energy("1", 1000 + number));
            sink.put(&energy("2", 2000 + number));
        }
        let (messages, told) = sink.end(LIMIT);
        let written = names(folder.path());
        let count = |name: &String| text(&folder.path().join(name)).lines().count();
        let found = written.iter().map(count).sum::<usize>();
        assert_eq!((found, told), (lines, lost), "{name}{query}: {messages:?}");
        let room = messages.iter().filter(|it| it.contains("has room for one meter, 1: 2 is"));
        assert_eq!(room.count(), usize::from(lost > 0), "{messages:?}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (uri, why) in [
        ("solarview:", "solarview: a file expected, as in solarview:/PATH"),
        ("solarview:x?style=d1", "style: solarview, d0 or kaifareader expected"),
        ("solarview:x?fields=power_net_w", "solarview: power_net_w has no OBIS code"),
        (
            "solarview:x?names.power_net_w=a",
            "solarview: a register has no other name than its code",
        ),
        ("solarview:x?stile=d0", "solarview: nothing is called stile: did you mean style?"),
        ("prometheus:", "prometheus: a file expected, as in prometheus:/PATH"),
        (
            "prometheus:{meter}.prom",
            "prometheus: one file holds all meters, its name cannot follow them",
        ),
        (
            "prometheus://127.0.0.1",
            "prometheus: a port expected, as in prometheus://127.0.0.1:9888",
        ),
        ("prometheus://127.0.0.1:1/x", "prometheus: the page is always /metrics"),
        (
            "prometheus:a.prom?units.energy=kWh",
            "prometheus: names and units are those of Prometheus, they cannot be chosen",
        ),
        ("file:", "file: a file expected, as in file:/PATH"),
        ("solarview://host/x", "solarview: a file expected, as in solarview:/PATH"),
        ("file:a{mater}", "file: {mater}: unknown; only {meter} and {date} exist"),
        ("file:a{meter", "file: a { that is not closed"),
        ("file:x?format=xml", "format: json or csv expected"),
        ("file:x?csv_locale=at", "csv_locale belongs to csv, not to json"),
        ("file:x.csv?csv_locale=fr", "csv_locale: at, de, ch or us expected"),
        ("file:x?rotate=often", "rotate = often: daily or a size expected, as in 10MB"),
        ("file:x?keep=3", "keep goes with rotate"),
        ("file:x?mode=999", "mode = 999: a mode such as 600 or 644 expected"),
        ("solarview:x?mode=444", "mode = 444: a mode such as 600 or 644 expected"),
        ("prometheus://127.0.0.1:1?mode=600", "mode: it belongs to prometheus:FILE"),
        ("prometheus:x.prom?hosts=a", "hosts: it belongs to prometheus://ADDRESS:PORT"),
    ] {
        assert_eq!(refused(uri), why);
    }
    assert!(!Path::new("x").exists(), "nothing is written before there are readings");
}

/// A folder in memory, if there is one: 10 000 pages are not to wear a disk out, and whether a page
/// is torn does not depend on where it is.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Rewrites a file 10 000 times while two threads read it without a pause. The next page comes when
/// this one was seen, so each of them was in the file. A read of a torn page, or of one older than
/// the page before, fails the test.
fn rewrite(scheme: &str, name: &str, value: fn(&str) -> Option<u64>) {
    const PAGES: u64 = 10_000;
    let folder = in_memory();
    let path = folder.path().join(name);
    let sink = start(&uri(scheme, &path, ""), 1);
    let patience = Instant::now() + Duration::from_secs(600);
    let failed = AtomicBool::new(false);
    let read = |shown: u64| {
        let page = fs::read_to_string(&path).unwrap();
        let now = value(&page).filter(|now| *now >= shown && Instant::now() < patience);
        now.unwrap_or_else(|| {
            // The other threads must not wait for pages that will not come.
            failed.store(true, Ordering::Relaxed);
            panic!("after {shown}: {page:?}: {:?}", sink.messages)
        })
    };
    let goes_on = |shown: u64| shown < PAGES && !failed.load(Ordering::Relaxed);
    sink.put(&energy("1", 1));
    wait_for("the first page", || path.exists());
    let reads: u64 = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let (mut shown, mut reads) = (0, 0);
            while goes_on(shown) {
                (shown, reads) = (read(shown), reads + 1);
            }
            reads
        });
        let (mut number, mut shown, mut reads) = (1, 0, 0);
        while goes_on(shown) {
            (shown, reads) = (read(shown), reads + 1);
            if shown == number && number < PAGES {
                number += 1;
                sink.put(&energy("1", number));
            }
        }
        reads + other.join().unwrap()
    });
    println!("{reads} reads of 10 000 pages");
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    assert_eq!(names(folder.path()), [name]);
}

#[test]
fn who_reads_solarviews_file_sees_whole_pages_only_over_10_000_rewrites() {
    rewrite("solarview", "solar.txt", |page: &str| {
        let value = page.strip_prefix("/?!\n/KAIFA\n1.8.0(")?;
        let value = value.strip_suffix("*kWh)\n2.8.0(000000.000*kWh)\n!\n")?;
        value.replace('.', "").parse().ok()
    });
}

#[test]
fn who_reads_the_textfile_sees_whole_pages_only_over_10_000_rewrites() {
    rewrite("prometheus", "meter.prom", |page: &str| {
        let number = |name: &str| {
            let (_, rest) = page.split_once(&format!("\n{name}{{meter=\"1\"}} "))?;
            rest.split_once('\n')?.0.parse::<u64>().ok()
        };
        // Two metrics far apart agree, and the last line is there, so the page is whole.
        let telegrams = number("smartmeter_telegrams_total")?;
        let value = number("smartmeter_active_energy_import_watthours_total")?;
        let is_whole = page.ends_with("\nmeterpipe_telegrams{result=\"good\"} 0\n");
        (value == telegrams && is_whole).then_some(value)
    });
}

#[test]
fn a_file_that_makes_room_for_another_is_closed_with_its_lines_on_the_disk() {
    // A file that takes writes, and cannot be synced, stands for a disk that fails late.
    let folder = tempfile::tempdir().unwrap();
    symlink("/proc/self/comm", folder.path().join("1")).unwrap();
    let sink = start(&uri("file", &folder.path().join("{meter}"), "?follow=true"), 100);
    for number in 1..=16 {
        sink.put(&energy(&number.to_string(), 1));
    }
    wait_for("sixteen files", || names(folder.path()).len() == 16);
    assert_eq!(sink.messages(), [""; 0]);
    sink.put(&energy("17", 1));
    sink.wait_for_message("1: invalid argument; its last lines may be missing");
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
}

#[test]
fn a_full_disk_leaves_the_old_page_and_is_reported_once() {
    with_small_disk("files::small_disk_snapshot");
}

#[test]
#[ignore = "runs in a namespace of its own"]
fn small_disk_snapshot() {
    let Some((disk, filler)) = small_disk() else { return };
    let path = disk.join("solar.txt");
    let sink = start(&uri("solarview", &path, ""), 8);
    sink.put(&energy("1", 1000));
    wait_for("the first page", || text(&path).contains("000001.000"));
    let old = text(&path);
    fill(&filler);
    for number in 2000..2100 {
        sink.put(&energy("1", number));
    }
    wait_for("the message", || !sink.messages().is_empty());
    thread::sleep(Duration::from_secs(3));
    assert_eq!(text(&path), old);
    assert_eq!(names(&disk), ["filler", "solar.txt"], "nothing is left behind");
    fs::remove_file(&filler).unwrap();
    wait_for("the last page", || text(&path).contains("000002.099"));
    fill(&filler);
    sink.put(&energy("1", 3000));
    let (messages, lost) = sink.end(Duration::from_secs(1));
    let full =
        format!("{}: no space left on device; the old content stays; trying again", path.display());
    assert_eq!(messages, [full.as_str(), "written again", full.as_str()]);
    assert_eq!(lost, 1, "the page that nobody will see");
    assert!(text(&path).contains("000002.099"));
}

#[test]
fn a_full_disk_holds_lines_up_and_those_that_find_no_room_are_counted() {
    with_small_disk("files::small_disk_log");
}

#[test]
fn a_disk_that_can_only_be_read_for_a_while_costs_nothing() {
    with_small_disk("files::read_only_disk");
}

#[test]
#[ignore = "runs in a namespace of its own"]
fn read_only_disk() {
    let Some((disk, _)) = small_disk() else { return };
    let path = disk.join("log.jsonl");
    remount(&disk, "ro");
    let sink = start(&uri("file", &path, ""), 100);
    (0..50).for_each(|number| sink.put(&energy("1", number)));
    sink.wait_for_message("log.jsonl: read-only file system; trying again, every 10 s");
    remount(&disk, "rw");
    sink.wait_for_message("written again");
    wait_for("all lines", || text(&path).lines().count() == 50);
    assert_eq!(sink.end(LIMIT).1, 0);
    remount(&disk, "ro");
    let sink = start(&uri("file", &path, ""), 100);
    (0..50).for_each(|number| sink.put(&energy("2", number)));
    let (_, lost) = sink.end(Duration::from_secs(1));
    assert_eq!((text(&path).lines().count(), lost), (50, 50), "stored or counted");
}

#[test]
#[ignore = "runs in a namespace of its own"]
fn small_disk_log() {
    let Some((disk, filler)) = small_disk() else { return };
    let path = disk.join("log.jsonl");
    let sink = start(&uri("file", &path, ""), 200);
    for number in 0..50 {
        sink.put(&energy("1", number));
    }
    wait_for("the first lines", || text(&path).lines().count() == 50);
    fill(&filler);
    for number in 50..200 {
        sink.put(&energy("1", number));
    }
    wait_for("the message", || !sink.messages().is_empty());
    let written = text(&path);
    assert!(written.ends_with('\n'), "no line is split: {written:?}");
    fs::remove_file(&filler).unwrap();
    wait_for("the rest", || sink.messages().len() == 2);
    wait_for("the last line", || text(&path).lines().count() == 200);
    let expected: String = (0..200).map(|number| energy("1", number) + "\n").collect();
    assert_eq!(text(&path), expected, "each line once, in order");
    assert_eq!(sink.messages.lost(), 0);

    fill(&filler);
    for number in 200..1000 {
        sink.put(&energy("1", number));
    }
    let (messages, lost) = sink.end(Duration::from_secs(2));
    let full =
        format!("{}: no space left on device; trying again, every 10 s at most", path.display());
    assert_eq!(messages, [full.as_str(), "written again", full.as_str()]);
    let stored = text(&path);
    assert!(stored.starts_with(&expected) && stored.ends_with('\n'));
    assert_eq!(stored.lines().count() as u64 + lost, 1000, "stored or counted");
}

#[test]
fn lines_are_appended_as_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let line = r#"{"schema":1,"time":"2021-09-27T09:47:15+02:00","meter":"1","energy_import_wh":12937,"voltage_l1_v":233.70}"#;
    for _ in 0..2 {
        let sink = start(&uri("file", &path, ""), 8);
        sink.put(line);
        assert_eq!(sink.end(LIMIT), (vec![], 0));
    }
    assert_eq!(text(&path), format!("{line}\n{line}\n"));
    let query = "?fields=voltage_l1_v,energy_import_wh&units.energy=kWh&names.voltage_l1_v=U1";
    let other = folder.path().join("other");
    let sink = start(&uri("file", &other, query), 8);
    sink.put(line);
    sink.end(LIMIT);
    assert_eq!(text(&other), "{\"U1\":233.70,\"energy_import_kwh\":12.937}\n");
}

#[test]
fn only_its_owner_reads_a_new_file_unless_others_are_to() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().mode() & 0o777;
    let write = |scheme: &str, name: &str, query: &str| {
        let sink = start(&uri(scheme, &folder.path().join(name), query), 8);
        sink.put(&energy("1", 1000));
        assert_eq!(sink.end(LIMIT), (vec![], 0));
        mode(name)
    };
    assert_eq!(write("file", "a", ""), 0o600);
    assert_eq!(write("file", "b", "?mode=0644"), 0o644);
    assert_eq!(write("file", "b", "?mode=600"), 0o644, "it exists");
    assert_eq!(write("solarview", "c", ""), 0o644);
    assert_eq!(write("solarview", "d", "?mode=640"), 0o640);
    assert_eq!(write("prometheus", "e.prom", "?mode=600"), 0o600);
    // The next file of a rotation is for the same readers.
    assert_eq!(write("file", "b", "?rotate=10"), 0o644);
    assert_eq!((mode("b"), mode("b.1")), (0o644, 0o644));
}

#[test]
fn a_symbolic_link_is_followed_only_if_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("theirs"), "").unwrap();
    for (link, target) in [("there", "theirs"), ("nowhere", "new"), ("1.jsonl", "theirs")] {
        symlink(path(target), path(link)).unwrap();
    }
    for name in ["there", "nowhere", "{meter}.jsonl"] {
        let sink = start(&uri("file", &path(name), ""), 8);
        sink.put(&energy("1", 1));
        let (messages, lost) = sink.end(Duration::from_secs(1));
        let why = "a symbolic link: name the file that it leads to, or set follow=true";
        let at = path(&name.replace("{meter}", "1"));
        let message = format!("{}: {why}; trying again, every 10 s at most", at.display());
        assert_eq!((messages, lost), (vec![message], 1));
    }
    assert!(text(&path("theirs")).is_empty() && !path("new").exists());
    let sink = start(&uri("file", &path("there"), "?follow=true"), 8);
    sink.put(&energy("1", 1));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    assert_eq!(text(&path("theirs")), energy("1", 1) + "\n");
}

#[test]
fn a_folder_that_is_gone_costs_nothing_if_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (place, away) = (folder.path().join("disk"), folder.path().join("away"));
    fs::create_dir(&place).unwrap();
    let path = place.join("log.jsonl");
    let sink = start(&uri("file", &path, ""), 100);
    sink.put(&energy("1", 0));
    wait_for("the first line", || text(&path).lines().count() == 1);
    fs::rename(&place, &away).unwrap();
    (1..50).for_each(|number| sink.put(&energy("1", number)));
    sink.wait_for_message("log.jsonl: no such folder; trying again, every 10 s at most");
    fs::rename(&away, &place).unwrap();
    sink.wait_for_message("written again");
    wait_for("all lines", || text(&path).lines().count() == 50);
    fs::rename(&place, &away).unwrap();
    sink.put(&energy("1", 50));
    wait_for("the next failure", || sink.messages().len() == 3);
    (51..250).for_each(|number| sink.put(&energy("1", number)));
    wait_for("a count", || sink.messages.lost() > 0);
    fs::rename(&away, &place).unwrap();
    wait_for("the last line", || text(&path).contains(&energy("1", 249)));
    let lost = sink.messages.lost();
    let message = format!("written again; {lost} readings had no room to wait");
    assert!(sink.messages().contains(&message), "{message}: {:?}", sink.messages());
    assert_eq!(text(&path).lines().count() as u64 + lost, 250, "stored or counted");
    fs::rename(&place, &away).unwrap();
    (0..150).for_each(|number| sink.put(&energy("2", number)));
    assert_eq!(sink.end(Duration::from_secs(2)).1, lost + 150);
}

#[test]
fn csv_has_the_names_of_its_columns_once_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let run = |query: &str| {
        let sink = start(&uri("file", &path, query), 8);
        sink.put(r#"{"meter":"1","energy_import_wh":12937,"voltage_l1_v":233.7,"item_9":"x"}"#);
        sink.end(LIMIT).0
    };
    let query = "?fields=meter,energy_import_wh,voltage_l1_v&units.energy=kWh&csv_locale=at&names.meter=Z%3B";
    assert!(run(query).is_empty());
    assert!(run(query).is_empty());
    let head = "\"Z;\";energy_import_kwh;voltage_l1_v\n";
    let row = "1;12,937;233,7\n";
    assert_eq!(text(&path), format!("{head}{row}{row}"));
    let messages = run("?fields=meter");
    let other = "has other columns: a new header precedes the new rows";
    assert_eq!(messages, [format!("{} {other}", path.display())]);
    assert_eq!(text(&path), format!("{head}{row}{row}meter\n1\n"));
    fs::remove_file(&path).unwrap();
    assert_eq!(
        run(""),
        ["no column for item_9: --fields chooses columns, and fields= those of a sink"]
    );
    assert!(text(&path).starts_with("time,meter,energy_import_wh,"));
}

#[test]
fn a_line_that_broke_off_is_closed_before_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    for (name, torn, expected) in [
        ("a.jsonl", "{\"a\":1}\n{\"a\":", "{\"a\":1}\n{\"a\":\n{\"power_net_w\":1}\n"),
        ("b.jsonl", "{\"a\":1}\n", "{\"a\":1}\n{\"power_net_w\":1}\n"),
        ("c.csv", "power_net_w\n7\n\"a", "power_net_w\n7\n\"a\"\n1\n"),
        ("d.csv", "power_net_w\n7", "power_net_w\n7\n1\n"),
        ("e.csv", "power_net", "power_net\npower_net_w\n1\n"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, torn).unwrap();
        let query = if name.ends_with("csv") { "?fields=power_net_w" } else { "" };
        let sink = start(&uri("file", &path, query), 8);
        sink.put(r#"{"power_net_w":1}"#);
        sink.end(LIMIT);
        assert_eq!(text(&path), expected, "{name}");
    }
}

/// All lines of the files of a rotation, the oldest first.
fn rotated(path: &Path) -> (Vec<String>, usize) {
    let numbered = |number: usize| path.with_extension(format!("jsonl.{number}"));
    let files = (1..).take_while(|number| numbered(*number).exists()).count();
    let mut all: String = (1..=files).rev().map(|number| text(&numbered(number))).collect();
    all.push_str(&text(path));
    assert!(all.ends_with('\n'));
    (all.lines().map(str::to_owned).collect(), files)
}

#[test]
fn no_line_is_lost_or_split_over_a_hundred_rotations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let sink = start(&uri("file", &path, "?rotate=4kB"), 64);
    for number in 0..8000 {
        sink.put(&energy("1", number));
    }
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let (lines, files) = rotated(&path);
    assert_eq!(lines, (0..8000).map(|number| energy("1", number)).collect::<Vec<_>>());
    println!("{files} rotations");
    assert!(files >= 100, "{files} rotations");
    for name in names(folder.path()) {
        let size = fs::metadata(folder.path().join(&name)).unwrap().len();
        assert!(size <= 4000, "{name}: {size}");
    }
}

#[test]
fn a_file_that_is_gone_is_made_anew_though_nobody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for query in ["", "?rotate=1MB"] {
        let path = folder.path().join("log.jsonl");
        let sink = start(&uri("file", &path, query), 64);
        let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        sink.put("{\"power_net_w\":1}");
        wait_for("the first", || written("log.jsonl").contains(":1}"));
        fs::rename(&path, folder.path().join("moved")).unwrap();
        sink.put("{\"power_net_w\":2}");
        wait_for("the second", || written("log.jsonl").contains(":2}"));
        fs::remove_file(&path).unwrap();
        sink.put("{\"power_net_w\":3}");
        assert_eq!(sink.end(std::time::Duration::from_secs(30)), (vec![], 0));
        assert_eq!(written("moved"), "{\"power_net_w\":1}\n");
        assert_eq!(written("log.jsonl"), "{\"power_net_w\":3}\n");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn no_line_is_lost_or_split_while_files_are_moved_away_a_hundred_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let sink = start(&uri("file", &path, ""), 64);
    let mut all = String::new();
    for round in 0..100 {
        for number in 0..50 {
            sink.put(&energy("1", round * 50 + number));
        }
        // logrotate moves the file at any moment and sends the signal afterwards.
        wait_for("a file", || path.exists());
        let moved = folder.path().join(format!("moved.{round:03}"));
        fs::rename(&path, &moved).unwrap();
        sink.put(&energy("2", round));
        sink.reopen();
    }
    sink.put(&energy("3", 1));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let found = names(folder.path());
    assert_eq!(found.len(), 101);
    for name in found.iter().filter(|name| *name != "log.jsonl") {
        let moved = text(&folder.path().join(name));
        assert!(moved.ends_with('\n'), "{name}");
        all.push_str(&moved);
    }
    all.push_str(&text(&path));
    let expected = (0..100).flat_map(|round| {
        let lines = (0..50).map(move |number| energy("1", round * 50 + number));
        lines.chain([energy("2", round)])
    });
    let expected: Vec<_> = expected.chain([energy("3", 1)]).collect();
    assert_eq!(all.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_of_yesterday_is_moved_away_with_the_first_line_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let run = || {
        let sink = start(&uri("file", &path, "?rotate=daily&keep=2"), 8);
        sink.put(&energy("1", 1));
        sink.put(&energy("1", 2));
        assert_eq!(sink.end(LIMIT), (vec![], 0));
    };
    run();
    run();
    assert_eq!(names(folder.path()), ["log.jsonl"]);
    for _ in 0..3 {
        let yesterday = SystemTime::now() - Duration::from_secs(86_400);
        File::options().append(true).open(&path).unwrap().set_modified(yesterday).unwrap();
        run();
    }
    assert_eq!(names(folder.path()), ["log.jsonl", "log.jsonl.1", "log.jsonl.2"]);
    assert_eq!(text(&path).lines().count(), 2);
}

#[test]
fn a_file_that_cannot_be_moved_away_goes_on_growing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    // The name belongs to a folder that is not empty, so no file can be moved onto it.
    fs::create_dir_all(folder.path().join("log.jsonl.1/x")).unwrap();
    let sink = start(&uri("file", &path, "?rotate=100&keep=1"), 8);
    (0..20).for_each(|number| sink.put(&energy("1", number)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages.len(), lost), (1, 0), "{messages:?}");
    assert!(messages[0].contains("log.jsonl cannot be moved away: "), "{messages:?}");
    assert_eq!(text(&path).lines().count(), 20);
}

#[test]
fn a_hostile_meter_does_not_leave_its_file_line_or_cell() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{{\"meter\":\"{HOSTILE}\",\"energy_import_wh\":5}}");
    let formula = r#"{"meter":"=1+1,\"x\"\n-2","energy_import_wh":-5}"#;
    let path = |name: &str| folder.path().join(name);
    for uri in [uri("file", &path("{meter}"), ""), uri("solarview", &path("{meter}.txt"), "")] {
        let sink = start(&uri, 8);
        sink.put(&line);
        assert_eq!(sink.end(LIMIT), (vec![], 0));
    }
    let name = "a________x______2J-1931134e";
    assert_eq!(names(folder.path()), [name.to_owned(), format!("{name}.txt")]);
    assert_eq!(text(&path(name)), format!("{line}\n"), "the name is whole in the line");
    let page = "/?!\n/KAIFA\n1.8.0(000000.005*kWh)\n!\n";
    assert_eq!(text(&path(&format!("{name}.txt"))), page);

    let csv = path("log.csv");
    let sink = start(&uri("file", &csv, "?fields=meter,energy_import_wh"), 8);
    [&line, formula].into_iter().for_each(|line| sink.put(line));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().collect()).collect();
    assert_eq!(
        cells,
        [["a/../+#{{x}}\"\n\u{1b}[2J", "5"], ["'=1+1,\"x\"\n-2", "-5"]],
        "one record each, and no formula"
    );
}

#[test]
fn a_link_is_not_followed_where_the_meter_chooses_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs");
    fs::write(&theirs, "theirs\n").unwrap();
    std::os::unix::fs::symlink(&theirs, folder.path().join("1")).unwrap();
    let sink = start(&uri("file", &folder.path().join("{meter}"), ""), 8);
    sink.put(&energy("1", 1));
    let (messages, lost) = sink.end(Duration::from_millis(10));
    assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
    assert!(messages[0].contains("a symbolic link: name the file that"), "{messages:?}");
    assert_eq!(text(&theirs), "theirs\n");
}

#[test]
fn a_folder_that_comes_later_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later/log.jsonl");
    let sink = start(&uri("file", &path, ""), 8);
    sink.put(&energy("1", 1));
    wait_for("the message", || !sink.messages().is_empty());
    fs::create_dir(path.parent().unwrap()).unwrap();
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages.len(), lost), (2, 0), "{messages:?}");
    assert!(messages[0].contains("later/log.jsonl: no such folder; trying again"), "{messages:?}");
    assert_eq!(text(&path), energy("1", 1) + "\n");
}

#[test]
fn a_sink_knows_if_its_file_can_be_written_and_creates_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("there.csv"), "a\n").unwrap();
    fs::create_dir(path("folder")).unwrap();
    symlink(path("there.csv"), path("link")).unwrap();
    let before = names(folder.path());
    for (scheme, name, problem) in [
        ("file", "there.csv", ""),
        ("file", "new.csv", ""),
        ("file", "{meter}-{date}.csv", ""),
        ("file", "{meter}/{date}.csv", ""),
        ("file", "link?follow=true", ""),
        ("file", "link", "a symbolic link: name the file that it leads to, or set follow=true"),
        ("file", "folder", "a folder, not a file"),
        ("file", "none/new.csv", "no such folder"),
        ("file", "none/{meter}.csv", "no such folder"),
        ("prometheus", "new.prom", ""),
        ("prometheus", "none/new.prom", "no such folder"),
        ("solarview", "there.csv", ""),
        ("solarview", "{meter}.txt", ""),
        ("solarview", "link", "a symbolic link: name the file that it leads to"),
        ("solarview", "none/{meter}.txt", "no such folder"),
    ] {
        let answer = build(&uri(scheme, &path(name), "")).unwrap().probe(LIMIT);
        match (problem, &answer) {
            ("", Ok(text)) => assert_eq!(text, "can be written"),
            (problem, Err(text)) if !problem.is_empty() => {
                assert!(text.ends_with(problem), "{name}: {text}")
            }
            _ => panic!("{scheme}:{name}: {answer:?}"),
        }
    }
    assert_eq!((names(folder.path()), text(&path("there.csv"))), (before, "a\n".to_owned()));
}
