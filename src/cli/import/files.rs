//! From files and a command line to settings.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::cli::{
    import::settings::{OldSettings, PlacedEntry},
    older::{
        command_line,
        defect::OldDefect,
        entry::{OldEntry, OldValue},
        form::{self, OldForm},
        program::OldProgram,
        recognise, references,
        unit::ENVIRONMENT_FILE,
        variables,
    },
    run::status::Stop,
};
use meterpipe::{file_error, sink::settings::redact};

/// The longest file; none of these programs has one of a hundredth of this.
const LONGEST: u64 = 1024 * 1024;

/// The settings of all files and of the command line behind them, and the program that has them.
///
/// # Errors
/// A file that cannot be read, a damaged line, or settings of no known program.
pub fn settings(files: &[PathBuf], words: &[String]) -> Result<(OldProgram, OldSettings), Stop> {
    let mut found = Found::default();
    for path in files {
        found.file(path)?;
    }
    found.neighbour(files)?;
    let mut old = OldSettings::default();
    found.fill(&mut old);
    for (name, _, entries) in found.files {
        old.add(entries, Some(&name));
    }
    let mut program = found.program;
    if !words.is_empty() {
        let of_words = command_line::program(words);
        let of_words = of_words.or(program).ok_or_else(|| {
            Stop::usage(format!("no option of a program that is known here; {}", known()))
        })?;
        same(&mut program, of_words, "the command line")?;
        if files.is_empty() {
            old.add(variables(), Some("the environment"));
        }
        old.add(command_line::parse(words, of_words, 0), None);
    }
    let program = program.ok_or_else(|| Stop::usage("name a file, or a command line behind --"))?;
    let is_read = |it: &PlacedEntry| {
        let name = Path::new(it.text().trim_start_matches('-')).file_name();
        files.iter().any(|path| path.file_name() == name)
    };
    if let Some(file) = old.take(ENVIRONMENT_FILE).filter(|it| !is_read(it)) {
        let how = "is not read: name it behind this file if it sets anything";
        old.changed(&file, how);
        old.look_elsewhere(format!("{} {how}", file.place()));
    }
    Ok((program, old))
}

#[derive(Default)]
struct Found {
    files: Vec<(String, OldForm, Vec<OldEntry>)>,
    program: Option<OldProgram>,
}

impl Found {
    /// Fills in the variables that stand for values, from all files. What has none is not carried over.
    fn fill(&mut self, old: &mut OldSettings) {
        let closed = |it: &&OldEntry| it.is_variable() && !references::is_open(it.value.as_text());
        let others = self.files.iter().filter(|(_, form, _)| *form != OldForm::Compose);
        let others = others.flat_map(|(_, _, entries)| entries.iter().filter(closed));
        let known: HashMap<_, _> = others.map(|it| (it.key.clone(), it.value.clone())).collect();
        let used = RefCell::new(BTreeSet::new());
        let value = |name: &str| {
            let value = known.get(name)?;
            used.borrow_mut().insert(name.to_owned());
            Some(Zeroizing::new(value.as_text().to_owned()))
        };
        for (name, form, entries) in &mut self.files {
            let has_marks = matches!(form, OldForm::Variables | OldForm::Unit | OldForm::Compose);
            let is_open = |it: &OldEntry| has_marks && references::is_open(it.value.as_text());
            for mut entry in core::mem::take(entries) {
                if is_open(&entry) {
                    let text = references::close(&references::fill(entry.value.as_text(), &value));
                    let Some(text) = text else {
                        let placed = PlacedEntry { entry, file: Some(name.clone()) };
                        old.lost(&placed, "no file here sets the variable that is its value");
                        let how = "takes variables from another file: name it, too";
                        old.look_elsewhere(format!("{name} {how}"));
                        continue;
                    };
                    entry.value = OldValue::of_text(&text);
                }
                entries.push(entry);
            }
        }
        // A variable that only others name has done its work.
        let used = used.into_inner();
        let is_own = |it: &OldEntry| {
            it.is_variable()
                && used.contains(&it.key)
                && !variables::KNOWN.contains(&it.key.as_str())
        };
        for (_, form, entries) in &mut self.files {
            if matches!(form, OldForm::Variables | OldForm::Unit) {
                entries.retain(|it| !is_own(it));
            }
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Stop> {
        let name = redact::typed(&path.display().to_string());
        let text = text_of(path, &name)?;
        let program = recognise::program_of_text(&text);
        let unknown =
            || Stop::usage(format!("{name}: no settings of a known program; {}", known()));
        let (form, entries) = match (form::read(&text), program) {
            (Ok(read), _) => read,
            // A text of any other form is no damaged file of these.
            (Err(_), None) if !text.trim_start().starts_with('{') => return Err(unknown()),
            (Err(OldDefect { line, cause }), _) => {
                return Err(Stop::usage(format!("{name}: line {line}: {cause}")));
            }
        };
        let is_more = matches!(form, OldForm::Variables | OldForm::Unit | OldForm::Compose);
        match program {
            Some(program) => same(&mut self.program, program, &name)?,
            None if is_more && self.program.is_some() => {}
            None => return Err(unknown()),
        }
        self.files.push((name, form, entries));
        Ok(())
    }

    /// The file that is read besides the one that is named: by one program, and by the composer of containers.
    fn neighbour(&mut self, files: &[PathBuf]) -> Result<(), Stop> {
        let has = |start: &str| {
            let mut entries = self.files.iter().flat_map(|(_, _, entries)| entries);
            entries.any(|entry| entry.key.starts_with(start))
        };
        if files.len() != 1 {
            return Ok(());
        }
        let is_reader = self.program == Some(OldProgram::Smartmeterreader);
        let is_compose = self.files.iter().any(|(_, form, _)| *form == OldForm::Compose);
        let other = match (has("mqtt."), has("apdu_format.")) {
            _ if is_compose => ".env",
            (true, false) if is_reader => "data_format.yaml",
            (false, true) if is_reader => "config.yaml",
            _ => return Ok(()),
        };
        let path = files.first().map(|path| path.with_file_name(other));
        path.filter(|path| path.is_file()).map_or(Ok(()), |path| self.file(&path))
    }
}

/// Notes the program of a file; all files belong to one.
fn same(program: &mut Option<OldProgram>, found: OldProgram, place: &str) -> Result<(), Stop> {
    match program {
        Some(other) if *other != found => {
            let (other, found) = (other.name(), found.name());
            Err(Stop::usage(format!("{place} belongs to {found}, and what precedes it to {other}")))
        }
        _ => {
            *program = Some(found);
            Ok(())
        }
    }
}

fn known() -> String {
    let names: Vec<_> = OldProgram::ALL.iter().map(|program| program.name()).collect();
    format!("known are {}", names.join(", "))
}

fn text_of(path: &Path, name: &str) -> Result<Zeroizing<String>, Stop> {
    let failed =
        |error: io::Error| Stop::usage(format!("{name}: {}", file_error::unreadable(&error)));
    let mut octets = Zeroizing::new(Vec::new());
    match path == Path::new("-") {
        true => io::stdin().lock().take(LONGEST + 1).read_to_end(&mut octets),
        false => {
            fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut octets))
        }
    }
    .map_err(failed)?;
    if octets.len() as u64 > LONGEST {
        return Err(Stop::usage(format!("{name}: too long for such a file")));
    }
    let text = core::str::from_utf8(&octets);
    let text = text.map_err(|_| Stop::usage(format!("{name}: not a text file")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The variables of the environment that the two programs with a command line read.
fn variables() -> Vec<OldEntry> {
    let set = |name: &str| {
        let value = env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(OldEntry::new(name, OldValue::of_text(&value), 0))
    };
    variables::KNOWN.into_iter().filter_map(set).collect()
}
