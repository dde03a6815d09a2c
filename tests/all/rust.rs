//! Rust as the tests of the house read it: every file of `src`, split into code and strings, without comments.

use std::path::{Path, PathBuf};

pub struct File {
    /// Below `src`: `tensor/view.rs`.
    pub path: PathBuf,
    /// The text with comments and the insides of strings blanked out; lines stay where they are.
    pub code: String,
    /// The insides of strings, each with its line.
    pub strings: Vec<(usize, String)>,
}

impl File {
    /// The first part of the path: `tensor`.
    pub fn floor(&self) -> String {
        let first = self.path.iter().next().unwrap().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }
}

/// Every Rust file below `src`, in the order of their paths.
pub fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    walk(&root, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| {
        let (code, strings) = split(&std::fs::read_to_string(path).unwrap());
        File { path: path.strip_prefix(&root).unwrap().to_owned(), code, strings }
    };
    paths.iter().filter(|path| path.extension().is_some_and(|it| it == "rs")).map(read).collect()
}

pub fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, paths) } else { paths.push(path) }
    }
}

/// Code and strings of a Rust text.
pub fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let (mut code, mut strings) = (String::new(), vec![]);
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (len, string) = token(rest, code.chars().next_back());
        let (here, after) = rest.split_at(len);
        match string {
            Kept::Code => code.push_str(here),
            Kept::Nothing => code.extend(here.chars().filter(|&it| it == '\n')),
            Kept::Inside(range) => {
                strings.push((line, here[range].to_owned()));
                code.push('"');
                code.extend(here.chars().filter(|&it| it == '\n'));
                code.push('"');
            }
        }
        line += here.matches('\n').count();
        rest = after;
    }
    (code, strings)
}

enum Kept {
    Code,
    Nothing,
    Inside(std::ops::Range<usize>),
}

/// The length of the next piece of `rest`, and what stays of it. `before` is the character before it.
fn token(rest: &str, before: Option<char>) -> (usize, Kept) {
    let in_word = before.is_some_and(|it| it.is_alphanumeric() || it == '_');
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kept::Nothing);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |at| at + 2), Kept::Nothing);
    }
    let hashes = rest.strip_prefix("br").or(rest.strip_prefix('r')).filter(|_| !in_word);
    if let Some(raw) = hashes.filter(|it| it.trim_start_matches('#').starts_with('"')) {
        let close = format!("\"{}", "#".repeat(raw.len() - raw.trim_start_matches('#').len()));
        let start = rest.find('"').unwrap() + 1;
        let end = start + rest[start..].find(&close).unwrap();
        return (end + close.len(), Kept::Inside(start..end));
    }
    if let Some(inside) = rest.strip_prefix('"') {
        let end = closing(inside) + 1;
        return (end + 1, Kept::Inside(1..end));
    }
    if let Some(inside) = rest.strip_prefix('\'') {
        let mut chars = inside.char_indices();
        let (_, first) = chars.next().unwrap();
        let end = if first == '\\' {
            inside[2..].find('\'').map(|at| at + 2)
        } else {
            chars.next().filter(|it| it.1 == '\'').map(|it| it.0)
        };
        // Without a closing quote it is a lifetime.
        return end.map_or((1, Kept::Code), |end| (end + 2, Kept::Nothing));
    }
    (rest.chars().next().unwrap().len_utf8(), Kept::Code)
}

/// Where the quote stands that closes a string.
fn closing(inside: &str) -> usize {
    let mut escaped = false;
    for (at, char) in inside.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    inside.len()
}

#[test]
fn code_strings_and_comments_are_told_apart() {
    let (code, strings) =
        split("a(\"x\\\"y\"); // \"no\"\nlet c = '\"'; let r = r#\"z\"w\"#; fn f<'a>() {} /* unsafe */ '\\''");
    assert_eq!(strings, [(1, "x\\\"y".into()), (2, "z\"w".into())]);
    assert_eq!(code, "a(\"\"); \nlet c = ; let r = \"\"; fn f<'a>() {}  ");
}
