//! `config import`: the configuration of an older program becomes one of this program.

use std::path::PathBuf;

use crate::cli::{
    import::{files, translate, translation::Translation},
    run::{context::Context, status::Stop},
    setup::config_args::ConfigArgs,
    wizard::{
        files::{self as new_files, Folders, NewFiles},
        meter::MeterPlan,
    },
};
use meterpipe::sink::settings::{SinkTarget, redact};

/// Translates files and a command line. Without an output file nothing is written: the configuration goes to
/// standard output, and messages say where its secrets belong.
pub fn run(args: &ConfigArgs, context: &mut Context) -> Result<(), Stop> {
    let words: Vec<_> = args.old.iter().map(|word| word.0.to_string()).collect();
    let (program, old) = files::settings(&args.files, &words)?;
    let translation = translate::translate(program, old)?;
    let folders = Folders::find(args.output.as_deref())?;
    let (source, line) = (translation.source.clone(), translation.line.clone());
    let key = translation.key.as_ref().map(|(text, _)| text.clone());
    let meter = MeterPlan { source, key, line, title: None };
    let sinks: Vec<_> = translation.sinks.iter().map(|sink| sink.settings.clone()).collect();
    let name = program.name();
    let comment = format!("Written by meterpipe config import, from the settings of {name}.");
    let files = new_files::plan(&comment, &meter, &sinks, &folders)?;
    context.messages.say(&format!("settings of {name}"));
    let mut notes = translation.notes.clone();
    if args.output.is_none() {
        for (place, path) in places(&translation).zip(files.secrets()) {
            notes.push(format!("{place} belongs in the file {} with mode 600", path.display()));
        }
    }
    notes.sort_by_key(|note| line_of(note, &args.files));
    for note in &notes {
        context.messages.say(note);
    }
    if !words.is_empty() && key_was_typed(&translation) {
        let advice = "a shell may keep it in its history";
        context.messages.warn(&format!("the command line shows a secret to other users; {advice}"));
    }
    match &args.output {
        Some(_) => write(args.force, files, &translation, &folders, context),
        None => show(&files, context),
    }
}

/// True if a secret comes from the command line: such a place has no file.
fn key_was_typed(translation: &Translation) -> bool {
    places(translation).any(|place| place.starts_with("--"))
}

/// The places of all secrets, in the order of their files.
fn places(translation: &Translation) -> impl Iterator<Item = &str> {
    let key = translation.key.iter().map(|(_, place)| place.as_str());
    key.chain(translation.sinks.iter().flat_map(|sink| sink.secrets.iter().map(String::as_str)))
}

/// The file and the line that a note names; notes about neither come first, and those about a command line
/// last.
fn line_of(note: &str, files: &[PathBuf]) -> (usize, usize) {
    let Some((name, line)) = note.split(": ").next().and_then(|place| place.rsplit_once(':'))
    else {
        return if note.starts_with("--") { (usize::MAX, 0) } else { (0, 0) };
    };
    let is_named = |file: &PathBuf| redact::typed(&file.display().to_string()) == name;
    let number = files.iter().position(is_named).unwrap_or(files.len());
    (number + 1, line.parse().unwrap_or_default())
}

fn show(files: &NewFiles, context: &mut Context) -> Result<(), Stop> {
    context.output.text.extend_from_slice(files.text().as_bytes());
    context.messages.say("nothing is written: -o FILE writes the configuration and these files");
    Ok(())
}

fn write(
    force: bool,
    files: NewFiles,
    translation: &Translation,
    folders: &Folders,
    context: &mut Context,
) -> Result<(), Stop> {
    if let Some(path) = files.taken().filter(|_| !force) {
        let path = path.display();
        return Err(Stop::usage(format!(
            "{path}: there is such a file; --force replaces it, and keeps the old one as {path}.old"
        )));
    }
    for sink in &translation.sinks {
        if let SinkTarget::File(path) = &sink.settings.target
            && folders.are_of_service
            && !path.starts_with(&folders.state)
        {
            let (path, state) = (path.display(), folders.state.display());
            context.messages.warn(&format!(
                "{path}: the service writes only below {state}, unless ReadWritePaths of the unit \
                 names its folder"
            ));
        }
    }
    for path in files.write()? {
        context.print(&format!("written: {}", path.display()))?;
    }
    let config = folders.config.display();
    context.print(&format!("Next: meterpipe config check --config {config}"))?;
    context.print("Then stop the older program: a serial device has one reader")?;
    context.print(&match folders.are_of_service {
        true => "And start the service: systemctl enable --now meterpipe".to_owned(),
        false => format!("And start: meterpipe watch --config {config}"),
    })
}
