//! The parts of meterpipe-sinks(7) that follow from the descriptions of the sinks.

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use meterpipe::sink::{
    registry::KINDS,
    settings::{
        common_keys::COMMON,
        key::{SettingDefault, SettingKey, SettingType},
    },
};

/// The page: the template with its placeholders filled.
pub(crate) fn page(template: &str) -> String {
    let mut page = template.to_owned();
    for (name, part) in [
        ("@COMMON@", common()),
        ("@SINKS@", sinks()),
        ("@ADDRESSES@", addresses()),
        ("@VARIABLES@", variables()),
        ("@CREDENTIALS@", credentials()),
    ] {
        assert_eq!(page.matches(name).count(), 1, "{name} in meterpipe-sinks.7");
        page = page.replace(&format!("{name}\n"), &part);
    }
    page
}

fn common() -> String {
    let mut roff = Roff::new();
    COMMON.iter().for_each(|key| describe(&mut roff, key));
    super::pages::written(&roff)
}

/// A section for each kind of sink.
fn sinks() -> String {
    let mut roff = Roff::new();
    for kind in KINDS {
        roff.control("SH", [kind.title]);
        for scheme in kind.schemes {
            let help = [scheme.help, "."].concat();
            item(&mut roff, vec![bold(scheme.example)], &capital(&help));
        }
        paragraph(&mut roff, kind.about);
        kind.keys().for_each(|key| describe(&mut roff, key));
        paragraph(&mut roff, kind.notes);
    }
    super::pages::written(&roff)
}

/// `KEY=VALUE`, its meaning and its default.
fn describe(roff: &mut Roff, key: &SettingKey) {
    let default = match key.default {
        SettingDefault::Unset => String::new(),
        SettingDefault::Value(value) => format!(" Default: `{value}`."),
        SettingDefault::Depends(words) => format!(" Default: {words}."),
    };
    item(roff, term(key), &[key.help, &default].concat());
}

fn term(key: &SettingKey) -> Vec<Inline> {
    let mut term = vec![bold(key.name)];
    match key.value {
        SettingType::Text(word) | SettingType::Number(word) => {
            let word = if key.value == SettingType::Number(word) { "N" } else { word };
            term.extend([roman("="), italic(word)]);
        }
        SettingType::List(word) | SettingType::Words(word) => {
            term.extend([roman("="), italic(word), roman(","), italic("…")]);
        }
        SettingType::Choice(words) => term.extend(alternatives(words)),
        SettingType::Switch => term.extend(alternatives(&["true", "false"])),
        SettingType::Duration => term.extend([roman("="), italic("TIME")]),
        SettingType::File => term.extend([roman("="), italic("FILE")]),
        SettingType::Folder => term.extend([roman("="), italic("FOLDER")]),
        SettingType::Table(name, value) | SettingType::SecretTable(name, value) => {
            term.extend([roman("."), italic(name), roman("="), italic(value)]);
        }
        SettingType::Secret => {
            let file = bold(format!("{}_file", key.name));
            term.extend([roman("="), italic("TEXT"), roman(", "), file]);
            term.extend([roman("="), italic("FILE")]);
        }
    }
    term
}

fn alternatives(words: &[&str]) -> Vec<Inline> {
    let separators = ["="].into_iter().chain(std::iter::repeat("|"));
    separators.zip(words).flat_map(|(separator, word)| [roman(separator), bold(*word)]).collect()
}

/// The variables of the parts of each address.
fn addresses() -> String {
    let mut roff = Roff::new();
    for kind in KINDS {
        for (part, variables) in kind.environment.address {
            let scheme = kind.schemes.first().unwrap().name;
            let names = vec![bold(scheme), roman(format!(", {part}"))];
            item(&mut roff, names, &listed(variables));
        }
    }
    super::pages::written(&roff)
}

/// The variables of each key.
fn variables() -> String {
    let mut roff = Roff::new();
    for (kind, key) in keys().filter(|(_, key)| !key.variables.is_empty()) {
        item(&mut roff, vec![bold(kind), roman(", "), bold(key.name)], &listed(key.variables));
    }
    super::pages::written(&roff)
}

/// The variables of the addresses of all sinks, and of their keys that are no secrets.
pub(crate) fn places(roff: &mut Roff) {
    for kind in KINDS {
        let scheme = kind.schemes.first().unwrap().name;
        for (part, variables) in kind.environment.address {
            let text = format!("The {part} of `--to {scheme}` and of `--to '{scheme}?KEY=VALUE'`.");
            item(roff, terms(variables), &text);
        }
    }
    let keys = keys().filter(|(_, key)| !key.is_secret() && !key.variables.is_empty());
    for (kind, key) in keys {
        item(
            roff,
            terms(key.variables),
            &format!("The `{}` of an {kind} sink that has none.", key.name),
        );
    }
}

/// The names of variables, in bold, with commas.
fn terms(variables: &'static [&'static str]) -> Vec<Inline> {
    let commas = [""].into_iter().chain(std::iter::repeat(", ")).map(roman);
    let names = variables.iter().map(|name| bold(*name));
    commas.zip(names).flat_map(|(comma, name)| [comma, name]).collect()
}

/// The variables and credentials of the secrets of all sinks.
pub(crate) fn secrets(roff: &mut Roff) {
    for (kind, key) in keys().filter(|(_, key)| key.is_secret()) {
        let credential = key.credential.expect("each secret has a credential");
        let article = if kind.starts_with('w') { "a" } else { "an" };
        let text = format!(
            "The {} of {article} {kind} sink, if neither the sink nor the systemd credential \
             {credential} gives one. With _FILE behind its name, a variable names a file with it.",
            key.name
        );
        item(roff, terms(key.variables), &text);
    }
}

fn credentials() -> String {
    let names: Vec<_> = keys().filter_map(|(_, key)| key.credential).collect();
    let mut roff = Roff::new();
    roff.text(inline(&listed(&names)));
    super::pages::written(&roff)
}

/// All keys, each with the first scheme of its kind.
fn keys() -> impl Iterator<Item = (&'static str, &'static SettingKey)> {
    KINDS.iter().flat_map(|kind| kind.keys().map(|key| (kind.schemes.first().unwrap().name, key)))
}

fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{}.", names.join(", "))
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

fn item(roff: &mut Roff, term: Vec<Inline>, text: &str) {
    roff.control("TP", []).text(term).text(inline(text));
}

fn paragraph(roff: &mut Roff, text: &str) {
    if !text.is_empty() {
        roff.control("PP", []).text(inline(text));
    }
}

/// Text in which `words in backticks` are bold.
fn inline(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

#[test]
fn each_sink_and_each_key_is_on_the_page() {
    let page = super::text("man/meterpipe-sinks.7");
    for kind in KINDS {
        assert!(page.contains(&format!("\n.SH {}\n", kind.title)), "{}", kind.title);
    }
    for key in KINDS.iter().flat_map(|kind| kind.keys()).chain(COMMON) {
        assert!(page.contains(&format!("\n.TP\n\\fB{}\\fR", key.name)), "{}", key.name);
        assert!(key.help.ends_with('.') && key.help.matches('`').count() % 2 == 0, "{}", key.help);
    }
}
