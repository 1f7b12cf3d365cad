//! Commands in documents, and the comparison of their answers.

/// A fenced block: what stands behind its name, and its lines.
pub(crate) struct Block {
    varying: bool,
    pub(crate) text: String,
}

/// The blocks of a name in a Markdown document.
pub(crate) fn blocks(document: &str, name: &str) -> Vec<Block> {
    let mut found = vec![];
    for piece in document.split("\n```").skip(1).step_by(2) {
        let (title, text) = piece.split_once('\n').unwrap_or((piece, ""));
        let mut words = title.split_whitespace();
        if words.next() == Some(name) {
            found.push(Block { varying: words.next() == Some("varying"), text: text.to_owned() });
        }
    }
    found
}

/// A section of a Markdown document, up to the next one.
pub(crate) fn section<'a>(document: &'a str, title: &str) -> &'a str {
    let section = document.split(&format!("\n## {title}\n")).nth(1);
    section.unwrap_or_else(|| panic!("no section {title}")).split("\n## ").next().unwrap()
}

/// The cells of the rows of the table whose first column has this title.
pub(crate) fn table<'a>(document: &'a str, title: &str) -> Vec<Vec<&'a str>> {
    let (_, table) = document.split_once(&format!("\n| {title} |")).expect(title);
    let rows = table.lines().skip(2).map_while(|row| row.strip_prefix("| "));
    rows.map(|row| row.trim_end_matches(" |").split(" | ").collect()).collect()
}

impl Block {
    /// The commands behind `$ `, each with the lines below it.
    pub(crate) fn commands(&self) -> Vec<(bool, String, String)> {
        let mut commands: Vec<(bool, String, String)> = vec![];
        let mut goes_on = false;
        for line in self.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push((self.varying, command.to_owned(), String::new()));
            } else if let Some((_, command, answer)) = commands.last_mut() {
                let part = if goes_on { command } else { answer };
                if !part.is_empty() {
                    part.push('\n');
                }
                part.push_str(line);
                goes_on = goes_on && continues(line);
                continue;
            } else {
                panic!("a console block begins with a command: {line}");
            }
            goes_on = continues(line);
        }
        commands
    }
}

/// True if the next line belongs to the same command.
fn continues(line: &str) -> bool {
    line.ends_with('|') || line.ends_with('\\')
}

/// The commands of a crontab, behind their five columns of time, with its variables in front. Its
/// PATH is for cron alone.
pub(crate) fn cron_jobs(crontab: &str) -> Vec<String> {
    let is_job = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit() || c == '*');
    let is_set = |line: &&str| !is_job(line) && line.contains('=') && !line.starts_with("PATH=");
    let set: String =
        crontab.lines().filter(is_set).map(|line| format!("export {line}; ")).collect();
    let job = |line: &str| {
        assert!(!line.contains('%'), "cron takes a per cent sign for a line end: {line}");
        let mut rest = line;
        for _ in 0..5 {
            let (column, after) = rest.split_once(char::is_whitespace).expect("five columns");
            assert!(column.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c)), "{line}");
            rest = after.trim_start();
        }
        format!("{set}{rest}")
    };
    crontab.lines().filter(is_job).map(job).collect()
}

/// The commands in the section EXAMPLES of a man page.
pub(crate) fn examples(page: &str) -> Vec<String> {
    let section = page.split("\n.SH EXAMPLES\n").nth(1).unwrap_or_default();
    let section = section.split("\n.SH ").next().unwrap_or_default();
    let mut commands: Vec<String> = vec![];
    let mut goes_on = false;
    let blocks = section.split(".EX\n").skip(1).map(|block| block.split("\n.EE").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        let line = line.replace("\\-", "-").replace("\\(aq", "'").replace("\\&", "");
        match commands.last_mut() {
            Some(command) if goes_on => command.extend(["\n", &line]),
            _ => commands.push(line.clone()),
        }
        goes_on = continues(&line);
    }
    commands
}

/// True if an answer is the expected one; see the head of this test.
pub(crate) fn alike(expected: &str, found: &str, varying: bool) -> bool {
    let tidy = |text: &str| -> Vec<String> {
        let line = |line: &str| match varying {
            true => without_numbers(line),
            false => line.trim_end().to_owned(),
        };
        text.trim_end().lines().map(line).collect()
    };
    let (expected, found) = (tidy(expected), tidy(found));
    let (expected, found): (Vec<_>, Vec<_>) =
        (expected.iter().map(String::as_str).collect(), found.iter().map(String::as_str).collect());
    lines_alike(&expected, &found)
}

fn lines_alike(expected: &[&str], found: &[&str]) -> bool {
    match (expected, found) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=found.len()).any(|skip| lines_alike(rest, &found[skip..])),
        ([line, lines @ ..], [other, others @ ..]) => {
            line_alike(line, other) && lines_alike(lines, others)
        }
        _ => false,
    }
}

fn line_alike(expected: &str, found: &str) -> bool {
    match expected.split_once('…') {
        None => expected == found,
        Some((start, rest)) => found.strip_prefix(start).is_some_and(|after| {
            let ends = after.char_indices().map(|(at, _)| at).chain([after.len()]);
            ends.into_iter().any(|at| line_alike(rest, &after[at..]))
        }),
    }
}

/// `power_net  -12 W` becomes `power_net 0 W`: digits, sign and width are the numbers' own, also in
/// the cells of a row: `233,7;-12`.
fn without_numbers(line: &str) -> String {
    let mut text = String::new();
    for character in line.trim_end().chars() {
        let character = if character.is_ascii_digit() { '0' } else { character };
        if matches!(character, '0' | ' ') && text.ends_with(character) {
            continue;
        }
        if character == '0' && (text.ends_with(" -") || text.ends_with(";-")) {
            text.pop();
        }
        text.push(character);
    }
    text
}
