//! The files of `src`, their tokens without tests, and the paths in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

pub(super) struct SourceFile {
    /// Below `src`.
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Without the items under `#[cfg(test)]`.
    pub(super) tokens: Vec<TokenTree>,
}

/// A path as it is written, and the module in which it stands.
pub(super) struct WrittenPath {
    pub(super) line: usize,
    pub(super) names: Vec<String>,
    module: Vec<String>,
}

impl SourceFile {
    /// All files of `src`, except those that hold tests alone.
    pub(super) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = vec![];
        walk(&root, &mut found);
        found.sort();
        let files = found.iter().map(|file| {
            let text = fs::read_to_string(file).unwrap();
            Self::parse(file.strip_prefix(&root).unwrap(), &text)
        });
        files.collect()
    }

    pub(super) fn parse(path: &Path, text: &str) -> Self {
        let tokens: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let tokens = without_tests(tokens);
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    pub(super) fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// True for a file that only declares modules.
    pub(super) fn declares(&self) -> bool {
        self.path.ends_with("mod.rs") || self.path == Path::new("lib.rs")
    }

    /// The module that the file is: `link/mbus.rs` is `link::mbus`, and `hex/mod.rs` is `hex`. The
    /// roots of the library and of the binary have no name.
    pub(super) fn module(&self) -> Vec<String> {
        let path = self.path.with_extension("");
        let mut names: Vec<_> = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        if names.last().is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str())) {
            names.pop();
        }
        names
    }

    /// `link` of `link/mbus.rs`; in `cli`, where each folder has a floor, `cli/run` of
    /// `cli/run/output.rs`.
    pub(super) fn room(&self) -> String {
        match self.path.to_str().unwrap() {
            "lib.rs" | "main.rs" => self.path.with_extension("").to_str().unwrap().to_owned(),
            _ => room(&self.module()),
        }
    }

    /// Every path with `::` in it, also those in the arguments of macros.
    pub(super) fn paths(&self) -> Vec<WrittenPath> {
        let mut paths = vec![];
        collect(&self.tokens, &self.module(), &mut paths);
        paths
    }
}

impl WrittenPath {
    /// Where it leads in this tree, from the root; nothing if it leads into another crate.
    pub(super) fn target(&self) -> Option<Vec<String>> {
        let up = self.names.iter().take_while(|name| *name == "super").count();
        match self.names.first()?.as_str() {
            "crate" | "meterpipe" => Some(self.names[1..].to_vec()),
            "self" => Some([&self.module, &self.names[1..]].concat()),
            "super" => {
                let stay = self.module.len().saturating_sub(up);
                Some([&self.module[..stay], &self.names[up..]].concat())
            }
            _ => None,
        }
    }

    /// The same for a path that may begin with a module below the one in which it stands.
    pub(super) fn target_below(&self) -> Vec<String> {
        self.target().unwrap_or_else(|| [&*self.module, &*self.names].concat())
    }
}

pub(super) fn room(module: &[String]) -> String {
    let depth = if module.first().is_some_and(|name| name == "cli") { 2 } else { 1 };
    module.iter().take(depth).map(String::as_str).collect::<Vec<_>>().join("/")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            walk(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("_test.rs") {
            found.push(path);
        }
    }
}

fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept = vec![];
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let attribute =
            tokens.peek().is_some_and(|next| next.to_string().replace(' ', "") == "[cfg(test)]");
        if is_punct(Some(&token), '#') && attribute {
            // The item ends with its braces, or with a semicolon behind those of a `use`.
            let mut braces_end = true;
            for token in tokens.by_ref() {
                braces_end &= token.to_string() != "use";
                match &token {
                    TokenTree::Group(g) if g.delimiter() == Delimiter::Brace && braces_end => break,
                    TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                    _ => {}
                }
            }
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inner = without_tests(group.stream()).into_iter().collect();
                proc_macro2::Group::new(group.delimiter(), inner).into()
            }
            token => token,
        });
    }
    kept
}

fn collect(tokens: &[TokenTree], module: &[String], paths: &mut Vec<WrittenPath>) {
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let module = [module, &inline_module(tokens, at)].concat();
                collect(&inner, &module, paths);
            }
            TokenTree::Ident(_) if !ends_path(tokens, at) && is_path(tokens, at + 1) => {
                let mut trees = vec![];
                unfold(tokens, at, &mut vec![], &mut trees);
                let line = token.span().start().line;
                let written = |names| WrittenPath { line, names, module: module.to_vec() };
                paths.extend(trees.into_iter().map(written));
            }
            _ => {}
        }
    }
}

/// The paths that begin at a word, with the trees of a `use` unfolded:
/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn unfold(
    tokens: &[TokenTree],
    mut at: usize,
    prefix: &mut Vec<String>,
    paths: &mut Vec<Vec<String>>,
) {
    let depth = prefix.len();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => prefix.push(ident.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => prefix.push("*".into()),
            Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                let tree: Vec<_> = tree.stream().into_iter().collect();
                for branch in tree.split(|token| is_punct(Some(token), ',')) {
                    if !branch.is_empty() {
                        unfold(branch, 0, prefix, paths);
                    }
                }
                break;
            }
            _ => {
                paths.push(prefix.clone());
                break;
            }
        }
        if !is_path(tokens, at + 1) {
            paths.push(prefix.clone());
            break;
        }
        at += 3;
    }
    prefix.truncate(depth);
}

fn is_path(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn ends_path(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_path(tokens, at - 2)
}

pub(super) fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// The name of the module whose braces stand at a place, or none.
fn inline_module(tokens: &[TokenTree], at: usize) -> Vec<String> {
    match tokens.get(at.saturating_sub(2)..at) {
        Some([word, name]) if word.to_string() == "mod" => vec![name.to_string()],
        _ => vec![],
    }
}
