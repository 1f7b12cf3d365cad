//! The choice of a link layer: for a run, for a meter of the configuration, and a wrong one.

use crate::common::{
    binary::run,
    published::{DUMP, Folder, READING},
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
    assert!(ran.err.contains("they are hdlc, and another link layer was chosen"), "{}", ran.err);
    assert!(!ran.err.contains("check adapter"), "{}", ran.err);
    for source in [&*dump, "sim:netz-noe-kaifa"] {
        let ran = run(&["doctor", "--link", "hdlc", "--key-file", &key, source], b"");
        let words = (ran.out + &ran.err).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("The link layer is chosen as hdlc"), "{source}: {words}");
        assert!(words.contains("or name mbus"), "{source}: {words}");
    }
    // Without frames of another link layer the choice is only the likely reason.
    let noise = folder.write("noise.bin", [0xaa; 100]);
    let ran = run(&["decode", "--link", "hdlc", &noise], b"");
    assert!(ran.err.contains("without it the content tells the link"), "{}", ran.err);
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
    assert!(ran.err.contains("they are hdlc"), "{}", ran.err);

    let ran = watch(meter(&dump, "m-bus"), &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("line 3: one of auto, mbus, hdlc, dsmr, wrapper, raw"), "{}", ran.err);
    let config = folder.write("config.toml", meter(&dump, "hdlc"));
    let ran = run(&["config", "show", "--config", &config], b"");
    assert!(ran.out.contains("link = \"hdlc\"\n"), "{}{}", ran.out, ran.err);
}
