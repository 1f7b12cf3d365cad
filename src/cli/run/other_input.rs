//! An input that holds something else than readings, and the pipeline that fits.

/// The name of readings that are no JSON Lines.
pub const OTHER_FORMAT: &str = "readings in another format";

/// The name of rows of `quarters` in another format.
pub const OTHER_FORMAT_OF_ROWS: &str = "rows of quarters in another format";

/// The name of a table of something else, which mostly is the export of an operator's portal.
pub const TABLE: &str = "a table";

/// The name of a page or a document.
pub const PAGE: &str = "HTML or XML";

/// The message of a subcommand that takes readings about an input that has none.
pub fn text(found: &str, stage: &str) -> String {
    match found {
        OTHER_FORMAT => format!(
            "{OTHER_FORMAT}, and {stage} takes JSON Lines: meterpipe decode --format json makes them"
        ),
        OTHER_FORMAT_OF_ROWS => format!(
            "{found}, and {stage} takes JSON Lines: meterpipe quarters --format json makes them"
        ),
        TABLE | PAGE => format!(
            "{found}, not readings: {stage} takes JSON Lines of decode or watch, and meterpipe quarters \
             --compare FILE the CSV of an operator's portal beside them"
        ),
        "gzip data" | "xz data" | "zstd data" | "bzip2 data" => format!(
            "{found}, and {stage} takes JSON Lines: unpack it first, as in zcat FILE | meterpipe {stage}"
        ),
        _ if found.starts_with("a") => {
            format!("{found}, not readings: {stage} takes JSON Lines of decode or watch")
        }
        _ => format!(
            "these are {found}, not readings: decode makes them, as in meterpipe decode --key-file \
             KEYFILE FILE | meterpipe {stage}"
        ),
    }
}
