//! The sink from its settings.

use std::path::PathBuf;

use crate::{
    format::locale::Locale,
    sink::{
        exec::{
            child::ProgramCall,
            sink::{ExecPace, ExecSink},
        },
        kind::BuildContext,
        line_format::LineFormat,
        settings::{SinkSettings, SinkTarget, error::SettingError},
        traits::Sink,
    },
};

/// Builds the sink from its settings.
///
/// # Errors
/// Settings that are missing, invalid or contradictory.
pub(super) fn new(
    settings: &mut SinkSettings,
    _: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let program = match &settings.target {
        SinkTarget::File(path) => path.clone(),
        SinkTarget::Server { .. } => PathBuf::new(),
    };
    if program.as_os_str().is_empty() {
        return Err(SettingError::new("exec: a program expected, as in exec:/usr/bin/sqlite3"));
    }
    let args = settings.take_words("args");
    let env = settings.take_table("env");
    if let Some(text) = args.iter().find(|text| text.contains('\0')) {
        return Err(SettingError::value("args", text, "an argument has no NUL"));
    }
    let is_wrong = |(name, value): &&(String, String)| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    if let Some((name, _)) = env.iter().find(is_wrong) {
        return Err(SettingError::of(&format!("env.{name}"), "not a variable"));
    }
    let format = settings.take_choice("format")?;
    let projection = settings.take_projection()?;
    let lines = match format {
        Some("csv") => LineFormat::csv(projection, Locale::Standard),
        Some("lines") => LineFormat::Lines(projection),
        _ => LineFormat::Json(projection),
    };
    let longest = settings.take_duration("retry")?.unwrap_or_default();
    let call = ProgramCall { program, args, env };
    Ok(Box::new(ExecSink::new(call, lines, ExecPace::new(longest))))
}
