//! The name of a type occurs once, so that a reader who meets it knows which is meant.

use std::{collections::BTreeMap, path::Path};

use proc_macro2::{Delimiter, TokenTree};

use super::source::SourceFile;

/// Names that may occur twice, with the reason.
const TWICE: [(&str, &str); 0] = [];

#[test]
fn the_name_of_a_type_occurs_once() {
    let files = SourceFile::all();
    let mut places = BTreeMap::<String, Vec<&str>>::new();
    for file in &files {
        for name in types(file) {
            places.entry(name).or_default().push(file.name());
        }
    }
    assert!(places.len() > 200, "only {} types found: the test is blind", places.len());
    places.retain(|name, files| files.len() > 1 && !TWICE.iter().any(|(twice, _)| twice == name));
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn types_are_found_wherever_they_stand() {
    let found = |text: &str| types(&SourceFile::parse(Path::new("a.rs"), text));
    let all =
        "pub struct A; enum B<T> { C } trait D { type E; } type F = u8; mod m { struct G(u8); }
        fn f() -> impl Iterator { enum H {} } impl A { fn g() { struct I; } } union J {}";
    assert_eq!(found(all), ["A", "B", "D", "F", "G", "H", "I", "J"]);
    assert!(found("impl D for A { type E = u8; } // struct K").is_empty());
    assert!(found("macro_rules! m { ($name:ident) => { struct $name; } }").is_empty());
    assert!(found("#[cfg(test)] mod tests { struct L; }").is_empty());
}

/// The names of the types of a file, without associated types.
fn types(file: &SourceFile) -> Vec<String> {
    let mut found = vec![];
    collect(&file.tokens, false, &mut found);
    found
}

/// `associated` is true within an `impl` or a trait.
fn collect(tokens: &[TokenTree], associated: bool, found: &mut Vec<String>) {
    let mut item = String::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let within = ["impl", "trait"].contains(&item.as_str());
                let inner: Vec<_> = group.stream().into_iter().collect();
                collect(&inner, within, found);
                if group.delimiter() == Delimiter::Brace {
                    item.clear();
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => item.clear(),
            TokenTree::Ident(ident) if item.is_empty() => {
                let word = ident.to_string();
                let is_type = ["struct", "enum", "union", "trait", "type"].contains(&&*word);
                if is_type || ["fn", "impl", "mod", "macro_rules"].contains(&&*word) {
                    if let Some(TokenTree::Ident(name)) = tokens.get(at + 1)
                        && is_type
                        && !(word == "type" && associated)
                    {
                        found.push(name.to_string());
                    }
                    item = word;
                }
            }
            _ => {}
        }
    }
}
