//! The floors of the building: what a module may know of the others.

use crate::rust::{File, files};

/// From the ground up.
const FLOORS: [&str; 14] = [
    "source", "problem", "syntax", "scalar", "tensor", "kernel", "native", "model", "compile", "data", "session",
    "ide", "lsp", "cli",
];

/// The floors that `code` of `file` names: after `crate::`, or after enough `super::`.
fn named(file: &File) -> Vec<(usize, String)> {
    let up = "super::".repeat(file.path.components().count());
    let mut found = vec![];
    for (line, text) in file.code.lines().enumerate() {
        for root in ["crate::", up.as_str()] {
            let further = text.match_indices(root).map(|(at, _)| &text[at + root.len()..]);
            for rest in further.filter(|rest| !rest.starts_with("super::")) {
                let inner = rest.strip_prefix('{').map_or(rest, |group| group.split('}').next().unwrap());
                let several = rest.starts_with('{');
                let words = inner.split(if several { ',' } else { '\n' });
                let heads =
                    words.map(|it| it.trim().split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap());
                found.extend(heads.map(|head| (line + 1, head.to_owned())));
            }
        }
    }
    found
}

#[test]
fn no_module_imports_from_above() {
    let place = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let mut above = vec![];
    for file in files() {
        let Some(here) = place(&file.floor()) else { continue };
        for (line, name) in named(&file) {
            if place(&name).is_some_and(|there| there > here) {
                above.push(format!("src/{}:{line} imports from `{name}`, above it", file.path.display()));
            }
        }
    }
    assert!(above.is_empty(), "{}", above.join("\n"));
}

#[test]
fn every_module_is_a_floor_and_the_library_lists_them_from_the_ground_up() {
    let files = files();
    let library = files.iter().find(|file| file.path.as_os_str() == "lib.rs").unwrap();
    let listed: Vec<&str> =
        library.code.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let expected: Vec<&str> = FLOORS.into_iter().filter(|floor| listed.contains(floor)).collect();
    assert_eq!(listed, expected);
    for file in &files {
        let floor = file.floor();
        assert!(["lib", "main"].contains(&floor.as_str()) || listed.contains(&floor.as_str()), "`{floor}` is no floor");
    }
}

/// The files below `src` where one of `words` stands as code, other than on `floor`.
fn outside(floor: &str, words: &[&str]) -> Vec<String> {
    let mut found = vec![];
    for file in files().iter().filter(|file| file.floor() != floor) {
        for (line, text) in file.code.lines().enumerate() {
            let pieces: Vec<&str> = text.split(|it: char| !it.is_alphanumeric() && it != '_' && it != '!').collect();
            let word = words.iter().find(|word| pieces.contains(word));
            found.extend(word.map(|word| format!("src/{}:{}: `{word}`", file.path.display(), line + 1)));
        }
    }
    found
}

#[test]
fn nothing_prints_but_the_command_line() {
    let mut found = outside("cli", &["println!", "eprintln!", "print!", "eprint!", "dbg!", "stdout", "stderr"]);
    // The streams of a program that is started are called so, too.
    found.retain(|it| !it.starts_with("src/data/process.rs:"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn nothing_is_unsafe_but_machine_code() {
    let found = outside("native", &["unsafe"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_knows() {
    for file in files() {
        let text = std::fs::read_to_string(std::path::Path::new("src").join(&file.path)).unwrap();
        assert!(text.starts_with("//! "), "src/{} opens without `//!`", file.path.display());
    }
}
