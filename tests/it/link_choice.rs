//! The choice of a link layer: for a run, for a meter of the configuration, and a wrong one.

use crate::common::{
    binary::run,
    published::{DUMP, Folder, PLAIN, READING, octets},
    wire::{block, dsmr, hdlc, mbus, wrapped},
};

#[test]
fn a_wrong_choice_is_named_with_the_link_layer_of_the_octets() {
    let folder = Folder::new();
    let (dump, key) = (folder.write("dump.txt", DUMP), folder.key());
    for command in ["decode", "explain", "watch"] {
        let ran = run(&[command, "--key-file", &key, "--link", "hdlc", &dump], b"");
        assert_eq!(ran.status, 3, "{command}: {}", ran.err);
        let told = "the octets are mbus, and --link hdlc makes them noise";
        assert!(ran.err.contains(told), "{command}: {}", ran.err);
    }
    let live =
        ["watch", "--key-file", &key, "--link", "mbus", "--timeout", "3s", "sim:wiener-netze"];
    let ran = run(&live, b"");
    assert!(
        ran.err.contains("the octets are hdlc, and another link layer was chosen"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("check adapter"), "{}", ran.err);
    for source in [&*dump, "sim:netz-noe-kaifa"] {
        let ran = run(&["doctor", "--link", "hdlc", "--key-file", &key, source], b"");
        let words = (ran.out + &ran.err).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("--link hdlc (in the configuration: link) is wrong"),
            "{source}: {words}"
        );
        assert!(words.contains("or name mbus"), "{source}: {words}");
    }
    // Without frames of another link layer the choice is only the likely reason.
    let noise = folder.write("noise.bin", [0xaa; 100]);
    let ran = run(&["decode", "--link", "hdlc", &noise], b"");
    assert!(ran.err.contains("without it the content tells the link"), "{}", ran.err);
}

#[test]
fn a_frame_that_lost_its_start_is_told_with_a_chosen_link_too() {
    let apdu = octets(PLAIN);
    for (link, frame) in [("hdlc", hdlc(true, false, &apdu)), ("mbus", mbus(0, true, &apdu))] {
        let mut damaged = frame.clone();
        damaged[0] ^= 4;
        let stream = [&frame[..], &damaged, &frame].concat();
        let ran = run(&["decode", "--input", "binary", "--link", link], &stream);
        assert_eq!((ran.status, ran.out.lines().count()), (1, 2), "{link}: {}", ran.err);
        assert!(ran.err.contains("first octets are damaged or lost"), "{link}: {}", ran.err);
    }
}

/// Octets of each link layer, by its name on the command line.
fn lines() -> Vec<(&'static str, Vec<u8>)> {
    let data = |frame: &str| frame[18..frame.len() - 4].to_owned();
    let apdu = octets(&DUMP.lines().map(data).collect::<String>());
    let (plain, size) = (octets(PLAIN), apdu.len().div_ceil(3));
    let blocks = apdu.chunks(size).enumerate().map(|(at, part)| block(at, at == 2, part));
    let blocks: Vec<_> = blocks.collect();
    let each = |frame: &dyn Fn(usize, &[u8]) -> Vec<u8>| {
        let frames = blocks.iter().enumerate().map(|(at, block)| frame(at, block));
        frames.flatten().collect::<Vec<u8>>()
    };
    let untitled = [&[apdu[0], 0][..], &apdu[10..]].concat();
    let without_crc = dsmr(7)[..dsmr(7).len() - 6].to_vec();
    vec![
        ("mbus", octets(DUMP)),
        ("mbus", each(&|_, block| mbus(0, true, block))),
        ("hdlc", hdlc(true, false, &apdu)),
        ("hdlc", hdlc(true, false, &plain)),
        ("hdlc", each(&|at, block| hdlc(at == 0, false, block))),
        ("dsmr", dsmr(7)),
        ("dsmr", without_crc),
        ("wrapper", wrapped(&apdu)),
        ("wrapper", wrapped(&plain)),
        ("wrapper", each(&|_, block| wrapped(block))),
        ("raw", apdu),
        ("raw", blocks.concat()),
        ("raw", plain),
        ("raw", [&untitled[..], &untitled].concat()),
    ]
}

#[test]
fn every_wrong_choice_is_named_on_every_line() {
    let folder = Folder::new();
    let key = folder.key();
    std::thread::scope(|scope| {
        for (at, (own, octets)) in lines().into_iter().enumerate() {
            let (folder, key) = (&folder, &key);
            scope.spawn(move || {
                let line = folder.write(&format!("line-{at}"), octets.repeat(3));
                let file = ["--input", "binary", &line];
                for link in ["mbus", "hdlc", "dsmr", "wrapper", "raw"] {
                    // Without frames an APDU inside the wrapper is one like any other; a block is not.
                    let reads = own == link || (own, link) == ("wrapper", "raw") && at != 9;
                    if reads {
                        continue;
                    }
                    let words = if own == "raw" { "raw APDUs" } else { own };
                    let octets_are = format!("the octets are {words}");
                    for command in ["decode", "watch", "explain", "unframe", "capture", "doctor"] {
                        let has_key = !matches!(command, "unframe" | "capture");
                        let keys = ["--key-file", key];
                        let keys = if has_key { &keys[..] } else { &[] };
                        let file = if command == "doctor" { &file[2..] } else { &file[..] };
                        let ran = run(&[&[command, "--link", link][..], keys, file].concat(), b"");
                        let told = (ran.out.clone() + &ran.err).contains(&octets_are);
                        let case = format!("{at}, {own} as {link}: {command}: {}", ran.err);
                        assert!(told && ran.status == 3, "{case}{}", ran.out);
                        assert!(!ran.err.contains("key") && !ran.err.contains("damaged"), "{case}");
                    }
                }
            });
        }
    });
}

#[test]
fn a_live_line_names_a_wrong_choice_at_once() {
    let folder = Folder::new();
    let key = folder.key();
    std::thread::scope(|scope| {
        for (meter, words) in [
            ("sim:netz-noe-kaifa", "mbus"),
            ("sim:wiener-netze", "hdlc"),
            ("sim:graz", "hdlc"),
            ("sim:steiermark", "raw APDUs"),
        ] {
            for link in ["mbus", "hdlc", "dsmr", "wrapper", "raw"] {
                let key = &key;
                let own = words.split(' ').next().unwrap();
                scope.spawn(move || {
                    if link == own {
                        return;
                    }
                    for command in ["watch", "capture"] {
                        let ran = run(&[command, "--link", link, "--timeout", "2s", meter], b"");
                        let told =
                            format!("the octets are {words}, and another link layer was chosen");
                        let case = format!("{meter} as {link}: {}", ran.err);
                        assert!(ran.err.contains(&told) && ran.status == 3, "{case}");
                        assert!(!ran.err.contains("parity") && !ran.err.contains("key"), "{case}");
                    }
                    let ran = run(&["doctor", "--link", link, "--key-file", key, meter], b"");
                    let told = format!("the octets are {words}");
                    assert!(ran.out.contains(&told), "{meter} as {link}: {}{}", ran.out, ran.err);
                });
            }
        }
    });
}

#[test]
fn each_meter_of_the_configuration_has_its_link_layer() {
    let folder = Folder::new();
    let (dump, key) = (folder.write("dump.txt", DUMP), folder.key());
    let watch = |text: String, more: &[&str]| {
        let config = folder.write("config.toml", text);
        run(&[&["watch", "--format", "json", "--config", &config], more].concat(), b"")
    };
    let meter = |source: &str, link: &str| {
        format!("[[meter]]\nsource = \"{source}\"\nlink = \"{link}\"\nkey_file = \"{key}\"\n")
    };
    assert_eq!(watch(meter(&dump, "mbus"), &[]).out, READING);
    let ran = watch(meter(&dump, "hdlc"), &[]);
    assert_eq!((ran.status, &*ran.out), (3, ""));
    assert!(ran.err.contains("the octets are mbus"), "{}", ran.err);
    assert_eq!(watch(meter(&dump, "hdlc"), &["--link", "mbus"]).out, READING);
    let two = meter("sim:netz-noe-kaifa", "mbus") + &meter("sim:wiener-netze", "hdlc");
    let ran = watch(two, &["--count", "2", "--timeout", "20s"]);
    assert_eq!((ran.status, ran.out.lines().count()), (0, 2), "{}", ran.err);
    let ran = watch(meter("sim:wiener-netze", "mbus"), &["--once", "--timeout", "3s"]);
    assert!(ran.err.contains("the octets are hdlc"), "{}", ran.err);

    let ran = watch(meter(&dump, "m-bus"), &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("line 3: one of auto, mbus, hdlc, dsmr, wrapper, raw"), "{}", ran.err);
    let config = folder.write("config.toml", meter(&dump, "hdlc"));
    let ran = run(&["config", "show", "--config", &config], b"");
    assert!(ran.out.contains("link = \"hdlc\"\n"), "{}{}", ran.out, ran.err);
}
