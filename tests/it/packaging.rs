//! The parts of a release that can be checked without building one.

use crate::common::binary;
use std::{fs, path::Path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_long_version_names_the_target_and_the_short_one_does_not() {
    let number = format!("meterpipe {}", env!("CARGO_PKG_VERSION"));
    let short = binary::run(&["-V"], b"");
    assert_eq!((short.status, short.out), (0, format!("{number}\n")));
    for args in [&["--version"][..], &["watch", "--version"]] {
        let long = binary::run(args, b"");
        let build = long.out.split_once(" (").expect("a build").1.trim_end();
        let target = build.strip_suffix(')').unwrap().rsplit(", ").next().unwrap();
        assert!(target.split('-').count() >= 3 && long.status == 0, "{long:?}");
    }
    assert!(binary::run(&["--version"], b"").out.starts_with(&number));
}

/// The example of the package is all comments, and what they say is a configuration without a mistake.
#[test]
fn the_example_of_the_package_is_valid_once_it_is_uncommented() {
    let example = read("contrib/config.toml");
    assert!(example.lines().all(|line| line.is_empty() || line.starts_with('#')));
    let settings = example.lines().filter(|line| !line.starts_with("# ") && *line != "#");
    let settings: String =
        settings.map(|line| format!("{}\n", line.trim_start_matches('#'))).collect();
    let folder = tempfile::tempdir().unwrap();
    let inside = |path: &str| folder.path().join(path);
    for secret in ["guek", "mqtt_password", "influx_token"] {
        fs::write(inside(secret), "36C66639E48A8CA4D6BC8B282A793BBB\n").unwrap();
    }
    let path = format!("{}/", folder.path().display());
    let settings = settings.replace("/etc/meterpipe/", &path).replace("/var/lib/meterpipe/", &path);
    fs::write(inside("config.toml"), settings).unwrap();
    let path = inside("config.toml");
    let ran = binary::run(&["config", "check", "--config", path.to_str().unwrap()], b"");
    assert!(ran.status == 0 && ran.out.contains("1 meter, 3 sinks, no mistake"), "{ran:?}");
}

/// cargo-deb stops at a file that is missing, hours after the change that removed it.
#[test]
fn the_files_of_the_package_exist() {
    let manifest = read("Cargo.toml");
    let assets = manifest.split("\nassets = [\n").nth(1).unwrap().split("\n]").next().unwrap();
    let paths: Vec<_> = assets.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths.iter().filter(|path| !path.starts_with("target/")) {
        let (folder, extension) = path.split_once("*").unwrap_or((path, ""));
        // `**/*` is the whole folder.
        let is_one = |name: &str| extension == "*/*" || name.ends_with(extension);
        let exists = match fs::read_dir(Path::new(ROOT).join(folder)) {
            Ok(mut files) => files.any(|file| is_one(file.unwrap().file_name().to_str().unwrap())),
            Err(_) => Path::new(ROOT).join(folder).is_file(),
        };
        assert!(exists, "there is no {path}");
    }
}

/// A reader of the package has its files alone.
#[test]
fn the_links_of_the_package_lead_to_its_files() {
    let manifest = read("Cargo.toml");
    let documents = "\", \"usr/share/doc/meterpipe/";
    let packed: Vec<_> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[\"")?.split_once(documents))
        .map(|(path, _)| path)
        .collect();
    let is_packed = |link: &str| match link.strip_prefix("contrib/") {
        Some(_) => packed.contains(&"contrib/**/*") && Path::new(ROOT).join(link).exists(),
        None => packed.contains(&link),
    };
    let texts: Vec<_> = packed.iter().filter(|path| path.ends_with(".md")).collect();
    assert!(texts.len() >= 5, "{texts:?}");
    for path in texts {
        let text = read(path);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split_once('#').map_or(link, |(file, _)| file);
            assert!(is_packed(file), "{path}: {link}");
        }
    }
    // The dump that README decodes.
    assert!(is_packed("tests/data/netznoe-doc-2021.hex"));
}

/// One number, wherever a release shows it.
#[test]
fn the_add_on_has_the_version_of_the_program() {
    let version = format!("version: \"{}\"", env!("CARGO_PKG_VERSION"));
    let addon = read("contrib/home-assistant-addon/config.yaml");
    assert!(addon.lines().any(|line| line == version), "{addon}");
}
