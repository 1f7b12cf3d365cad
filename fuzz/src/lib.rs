//! The fuzz targets, which share their readers and seeds with the tests of meterpipe.

#[path = "../../tests/it/fuzz/readers.rs"]
pub mod readers;
#[path = "../../tests/it/fuzz/seeds.rs"]
pub mod seeds;

/// The rooms of the binary that hold the configuration: a binary has no interface to call.
#[path = "../../src/cli"]
pub mod cli {
    pub mod import;
    pub mod older;
    pub mod run;
    pub mod setup;
}

/// The configuration of an older program, from a file as always.
pub fn older(octets: &[u8]) {
    thread_local!(static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder"));
    let path = FOLDER.with(|folder| folder.path().join("meter.json"));
    std::fs::write(&path, octets).expect("written");
    if let Ok((program, old)) = cli::import::files::settings(&[path], &[]) {
        drop(cli::import::translate::translate(program, old));
    }
}

/// The configuration, from a file as always.
pub fn config(octets: &[u8]) {
    thread_local!(static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder"));
    let path = FOLDER.with(|folder| folder.path().join("config.toml"));
    std::fs::write(&path, octets).expect("written");
    if let Ok(Some(config)) = cli::setup::config_file::find(Some(&path)) {
        config.sinks.iter().for_each(|sink| drop(sink.redacted()));
    }
}

/// A table of a meter without codes.
pub fn layout(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    match cli::setup::layout_file::read(text) {
        Ok(families) => assert!(!families.is_empty()),
        Err(why) => assert!(!why.is_empty()),
    }
}
