//! No name of the library stands in Rust: what is a formula is not a case in the compiler.

use std::collections::BTreeSet;
use std::path::Path;

use crate::rust::{files, walk};

/// The kinds whose names are the library's own. An `fn` or a built-in operation is part of the language.
const KINDS: [&str; 7] = ["layer", "loss", "optimizer", "regularizer", "schedule", "metric", "encoder"];

/// The names that `src/std` defines.
fn library() -> BTreeSet<String> {
    let mut paths = vec![];
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/std"), &mut paths);
    let mut names = BTreeSet::new();
    for path in paths {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let mut words = line.split(|it: char| !it.is_alphanumeric() && it != '_');
            if words.next().is_some_and(|kind| KINDS.contains(&kind)) {
                names.insert(words.next().unwrap().to_owned());
            }
        }
    }
    names
}

/// Words of the language that the library uses as names too: what they mean in Rust.
const WORDS: &[(&str, &str)] = &[
    ("step", "an update, in events and in the unit `steps`"),
    ("poisson", "how updates of private training come to their examples"),
    ("precision", "of a run: how exact its numbers are; and a column of the table of classes"),
    ("recall", "a column of the table of classes"),
];

#[test]
fn no_name_of_the_library_stands_in_rust() {
    let names = library();
    assert!(names.len() > 20, "the library was not found");
    let mut found = vec![];
    for file in files() {
        for (line, string) in &file.strings {
            let alone = names.contains(string) && WORDS.iter().all(|(word, _)| word != string);
            // Advice may show code, and all advice is words of the floor `problem`.
            if alone || (file.floor() != "problem" && mentions(string, &names)) {
                found.push(format!("src/{}:{line}: \"{string}\"", file.path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a text speaks of a name as code: `name` in backquotes, or `name(`.
fn mentions(text: &str, names: &BTreeSet<String>) -> bool {
    names.iter().any(|name| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
            let starts = before.is_none_or(|it| !it.is_alphanumeric() && it != '_' && it != '.');
            starts && (after == Some('(') || before == Some('`') && after == Some('`'))
        })
    })
}
