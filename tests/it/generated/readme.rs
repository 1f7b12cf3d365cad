//! Parts of the README that the pages repeat.

/// The rows of its table of exit statuses: the number and what it means.
pub(crate) fn exit_statuses() -> Vec<(String, String)> {
    let readme = include_str!("../../../README.md");
    let section = readme.split("\n## Exit status\n").nth(1).expect("a section `Exit status`");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.filter_map(|row| row.split_once(" | "));
    let plain = |text: &str| text.replace(['`', '*'], "");
    let statuses = cells.filter(|(status, _)| status.starts_with(|c: char| c.is_ascii_digit()));
    let statuses: Vec<_> =
        statuses.map(|(status, meaning)| (plain(status), plain(meaning))).collect();
    assert_eq!(statuses.len(), 8, "the statuses 0 to 6, and signals");
    statuses
}
