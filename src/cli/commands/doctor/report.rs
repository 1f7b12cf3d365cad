//! The answer: lines for people, or JSON.

use serde_json::{Value, json};

use crate::cli::{
    commands::doctor::{examination::Examination, trials::TrialLine},
    run::{status::Status, word_wrap::wrapped},
    setup::toml_text::table,
};
use meterpipe::{
    diagnosis::{
        diagnosis::{AdviceLanguage, Diagnosis},
        finding::Finding,
    },
    format::printable::printable,
};

/// The answer about one source.
#[derive(Debug)]
pub struct DoctorReport {
    /// The name of its meter in the configuration.
    pub name: Option<String>,
    /// The source, as the user names it.
    pub source: String,
    /// The cause.
    pub finding: Finding,
    /// True if telegrams were opened, though perhaps not all.
    pub is_read: bool,
    /// The settings that were tried.
    pub tried: Vec<TrialLine>,
    /// The settings that fit.
    pub line: Option<TrialLine>,
    /// The key file.
    pub key_file: Option<String>,
    /// True if the key is an argument, which is not repeated.
    pub has_key_argument: bool,
    /// True if the published example key opens the telegrams, and none of the user does.
    pub is_anonymous: bool,
    /// The link layer, if the user or the configuration gives one.
    pub link: Option<&'static str>,
    /// The system title, if the user gives one.
    pub title: Option<String>,
    /// The tables of layouts that the user or the configuration gives.
    pub layouts: Vec<String>,
    /// True for a source that `watch` reads without end.
    pub is_live: bool,
    /// True if another answer is about the same source.
    pub is_repeated: bool,
}

impl DoctorReport {
    /// Takes over the outcome of the keys.
    pub fn take(&mut self, examination: &Examination) {
        self.is_read = examination.is_read();
        self.is_anonymous = examination.tally.keys.opens_with_example;
        let file = examination.other_key_file();
        self.key_file = file.map(str::to_owned).or(self.key_file.take());
    }

    /// Adds the way to a key file to the next step, if the key is an argument.
    pub fn conclude(&mut self) {
        if !self.has_key_argument || self.command().is_none() {
            return;
        }
        let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
        let cause = [english, german].map(|language| self.finding.cause(language).to_owned());
        let step = [
            format!(
                "{}; save the key in a file such as {KEY_FILE}, from which the command below takes it",
                self.finding.step(english)
            ),
            format!(
                "{}; den Schlüssel in einer Datei speichern, etwa {KEY_FILE}, die der Befehl unten nennt",
                self.finding.step(german)
            ),
        ];
        self.finding = self.finding.clone().advising(cause, step);
    }

    /// The exit status: that of a run with this fault.
    pub const fn status(&self) -> Status {
        use Diagnosis::{
            Busy, Clock, KeyFormat, NoDevice, Ok, Permission, Shared, Sink, UnknownLayout,
        };
        match self.finding.diagnosis {
            Ok => Status::Fine,
            KeyFormat => Status::Usage,
            NoDevice | Permission | Busy | Shared => Status::Source,
            Sink => Status::Output,
            UnknownLayout | Clock => Status::Rejected,
            _ if self.is_read => Status::Rejected,
            line if line.is_about_octets() => Status::Nothing,
            // Causes that lie in a key.
            _ => Status::Closed,
        }
    }

    /// Lines for people.
    pub fn text(&self, language: AdviceLanguage) -> String {
        let words = Words::of(language);
        let Self { finding, .. } = self;
        let source = match self.source.as_str() {
            "" => words.no_source.into(),
            source => printable(source),
        };
        let source = match &self.name {
            Some(name) => format!("{} ({source})", printable(name)).into(),
            None => source,
        };
        let mut text = format!("{source}: {}\n", finding.diagnosis.name());
        let mut row = |name: &str, content: &str| {
            for (at, line) in wrapped(content, WIDTH - words.width - 4).into_iter().enumerate() {
                let name = if at == 0 { name } else { "" };
                text.push_str(&format!("  {name:width$}  {line}\n", width = words.width));
            }
        };
        row(words.cause, &sentence(finding.cause(language)));
        for (at, evidence) in finding.evidence.iter().enumerate() {
            let name = if at == 0 { words.evidence } else { "" };
            row(name, &printable(evidence.text(language)));
        }
        if let [_, ..] = self.tried.as_slice() {
            row(words.tried, &self.tried_text());
        }
        row(words.step, &sentence(finding.step(language)));
        if let Some(command) = self.command() {
            text.push_str(&format!("  {:width$}  {command}\n", words.command, width = words.width));
        }
        if let Some(config) = self.config() {
            text.push_str(&format!("  {}\n", words.config));
            for line in config.lines() {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// A JSON object in a line.
    pub fn json(&self, language: AdviceLanguage) -> String {
        let Self { source, finding, .. } = self;
        let evidence: Vec<_> = finding.evidence.iter().map(|it| it.text(language)).collect();
        let mut object = json!({
            "schema": 1,
            "source": source,
            "verdict": finding.diagnosis.name(),
            "evidence": evidence,
            "cause": finding.cause(language),
            "next_step": finding.step(language),
        });
        let mut add = |key: &str, value: Option<Value>| {
            if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
                object.insert(key.to_owned(), value);
            }
        };
        add("name", self.name.as_deref().map(Value::from));
        add("protocol", finding.protocol.map(|protocol| protocol.name().into()));
        let tried: Vec<_> = self.tried.iter().map(|it| it.0.to_string()).collect();
        add("tried", (!tried.is_empty()).then(|| tried.into()));
        add("watch", self.command().map(Value::from));
        add("configuration", self.config().map(Value::from));
        format!("{object}\n")
    }

    fn tried_text(&self) -> String {
        self.tried.iter().map(|it| it.0.to_string()).collect::<Vec<_>>().join(", ")
    }

    /// True if the link layer that was chosen is left out.
    fn is_wrong_link(&self) -> bool {
        let is_other = self.finding.diagnosis == Diagnosis::OtherProtocol;
        is_other && self.finding.protocol.is_none() && self.link.is_some()
    }

    /// The command that reads this source, unless it cannot be read as it is.
    fn command(&self) -> Option<String> {
        let is_wrong_link = self.is_wrong_link();
        let is_other = self.finding.diagnosis == Diagnosis::OtherProtocol;
        let is_hopeless = self.is_repeated
            || is_other && !is_wrong_link
            || matches!(self.finding.diagnosis, Diagnosis::NoDevice | Diagnosis::KeyFormat);
        if is_hopeless {
            return None;
        }
        let command = if self.is_live { "watch" } else { "decode" };
        let mut text = format!("meterpipe {command} {}", quoted(&self.source));
        for (key, value) in self.options() {
            text.push_str(&format!(" --{key} {value}"));
        }
        if let Some(link) = self.link.filter(|_| !is_wrong_link) {
            text.push_str(&format!(" --link {link}"));
        }
        for layout in &self.layouts {
            text.push_str(&format!(" --layout {}", quoted(layout)));
        }
        if let Some(title) = &self.title {
            text.push_str(&format!(" --system-title {title}"));
        }
        if let Some(file) = self.key_file() {
            text.push_str(&format!(" --key-file {}", quoted(file)));
        }
        Some(text)
    }

    /// The entry of the configuration for a source that goes on. It has one table of a layout.
    fn config(&self) -> Option<String> {
        let fits = self.is_live && self.layouts.len() <= 1;
        self.command().filter(|_| fits)?;
        let options = self.options();
        let mut rows: Vec<_> = self.name.iter().map(|name| ("name", name.as_str())).collect();
        rows.push(("source", self.source.as_str()));
        // A service runs in another folder than this command.
        let absolute = |file: &str| match std::path::absolute(file) {
            Ok(path) if file != "-" => path.display().to_string(),
            _ => file.to_owned(),
        };
        let key_file = self.key_file().map(absolute);
        rows.extend(key_file.as_deref().map(|file| ("key_file", file)));
        rows.extend(self.title.as_deref().map(|title| ("system_title", title)));
        let layout = self.layouts.first().map(|file| absolute(file));
        rows.extend(layout.as_deref().map(|file| ("layout", file)));
        let link = self.link.filter(|_| !self.is_wrong_link());
        rows.extend(link.map(|link| ("link", link)));
        rows.extend(options.iter().map(|(key, value)| (*key, value.as_str())));
        let mut text = String::new();
        table("meter", rows.into_iter(), &mut text);
        Some(text.trim().to_owned())
    }

    /// The key file, or the one that the next step has the user write.
    fn key_file(&self) -> Option<&str> {
        let diagnosis = self.finding.diagnosis;
        if self.is_anonymous && matches!(diagnosis, Diagnosis::WrongKey | Diagnosis::OtherMeter) {
            return Some(EXAMPLE_FILE);
        }
        let missing = diagnosis == Diagnosis::NoKey || self.has_key_argument;
        self.key_file.as_deref().or(missing.then_some(KEY_FILE))
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        self.line.map(TrialLine::options).unwrap_or_default()
    }
}

/// The names of key files that are not there yet: with the key of the user, and with the published one.
const KEY_FILE: &str = "guek";
const EXAMPLE_FILE: &str = "example";

/// The width of the lines.
const WIDTH: usize = 80;

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    // The name of the command is spelt as it is typed.
    if clause.starts_with("meterpipe ") {
        return format!("{clause}.");
    }
    let mut letters = clause.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// An argument as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@,+=[]".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The names of the rows.
struct Words {
    no_source: &'static str,
    cause: &'static str,
    evidence: &'static str,
    tried: &'static str,
    step: &'static str,
    command: &'static str,
    config: &'static str,
    width: usize,
}

impl Words {
    const fn of(language: AdviceLanguage) -> Self {
        match language {
            AdviceLanguage::English => Self {
                no_source: "no source",
                cause: "cause",
                evidence: "evidence",
                tried: "tried",
                step: "next step",
                command: "command",
                config: "configuration",
                width: 13,
            },
            AdviceLanguage::German => Self {
                no_source: "keine Quelle",
                cause: "Ursache",
                evidence: "Anzeichen",
                tried: "versucht",
                step: "nächster Schritt",
                command: "Befehl",
                config: "Konfiguration",
                width: 16,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_ends_with_the_command_and_the_configuration() {
        let report = DoctorReport {
            name: None,
            source: "/dev/ttyUSB0".to_owned(),
            finding: Finding::new(Diagnosis::Silent)
                .with("nothing came in 30 s", "in 30 s kam nichts an"),
            is_read: false,
            tried: vec![],
            line: None,
            key_file: Some("my key".to_owned()),
            has_key_argument: false,
            is_anonymous: false,
            link: None,
            title: Some("4b464d6750000009".to_owned()),
            layouts: vec!["my.toml".to_owned()],
            is_live: true,
            is_repeated: false,
        };
        let text = report.text(AdviceLanguage::English);
        assert!(
            text.starts_with("/dev/ttyUSB0: silent\n  cause          Nothing reaches"),
            "{text}"
        );
        assert!(
            text.contains("--layout my.toml --system-title 4b464d6750000009 --key-file 'my key'\n"),
            "{text}"
        );
        assert!(text.contains("/my key\"\n"), "{text}");
        assert!(text.contains("system_title = \"4b464d6750000009\"\n"), "{text}");
        assert!(text.ends_with("/my.toml\"\n"), "{text}");
        let (name, link) = (Some("house".to_owned()), Some("hdlc"));
        let report = DoctorReport { name, link, ..report };
        let text = report.text(AdviceLanguage::English);
        assert!(text.starts_with("house (/dev/ttyUSB0): silent\n"), "{text}");
        assert!(text.contains("    name = \"house\"\n    source = "), "{text}");
        assert!(text.contains(" --link hdlc --layout"), "{text}");
        assert!(text.contains("    link = \"hdlc\"\n"), "{text}");
        let json: Value = serde_json::from_str(&report.json(AdviceLanguage::German)).unwrap();
        assert_eq!(
            (&json["name"], &json["verdict"], &json["evidence"][0]),
            (&"house".into(), &"silent".into(), &"in 30 s kam nichts an".into())
        );
    }
}
