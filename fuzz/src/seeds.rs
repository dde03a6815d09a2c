//! The texts that the fuzzer starts from and the words that it knows: all of them found in the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of dlmc").to_owned()
}

/// The files below a folder whose names end so, in the order of their paths.
pub fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned()
}

/// The samples, the examples, the cases of the checker's tests, the programs of the pages and of the manual, the
/// definitions of the library.
pub fn seeds() -> Vec<String> {
    let root = root();
    let mut seeds = BTreeSet::new();
    for folder in ["examples", "tests/samples", "tests/format"] {
        seeds.extend(files(&root.join(folder), ".dlm").iter().map(|path| read(path)));
    }
    for path in files(&root.join("tests/check"), ".dlm") {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for case in lines.chunk_by(|_, line| !line.starts_with("#! ")) {
            let case: Vec<&str> = case.iter().copied().filter(|it| !it.starts_with("#!")).collect();
            seeds.insert(case.join("\n"));
        }
    }
    for folder in ["src/problem/pages", "docs"] {
        for path in files(&root.join(folder), ".md") {
            let text = read(&path);
            let fences = text.split("\n```dlm").skip(1);
            seeds.extend(fences.filter_map(|it| Some(it.split("\n```").next()?.split_once('\n')?.1.to_owned())));
        }
    }
    for path in files(&root.join("src/std"), ".dlm") {
        seeds.extend(read(&path).split("\n\n").map(str::to_owned));
    }
    seeds.into_iter().filter(|it| it.len() < 8000 && !it.trim().is_empty()).collect()
}

/// The texts that earlier runs have kept.
pub fn kept(folder: &Path) -> Vec<(PathBuf, String)> {
    files(folder, ".dlm").into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// What stands in quotes in the grammar, the names of the library's definitions, and a few numbers and characters that
/// are easily forgotten.
pub fn dictionary() -> Vec<String> {
    let root = root();
    let grammar = read(&root.join("grammar/dlm.pest"));
    let mut words: BTreeSet<String> = grammar.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    words.retain(|it| !it.is_empty() && !it.contains(['\\', '\n', ' ']));
    for path in files(&root.join("src/std"), ".dlm") {
        let text = read(&path);
        let heads = text.lines().filter(|it| it.starts_with(|it: char| it.is_alphabetic()));
        let names = heads.filter_map(|it| it.split(|it: char| !it.is_alphanumeric() && it != '_').nth(1));
        words.extend(names.filter(|it| !it.is_empty()).map(str::to_owned));
    }
    let odd = [
        "0",
        "1",
        "2",
        "-1",
        "1e-3",
        "1e400",
        "0.5",
        "1_000_000",
        "9007199254740993",
        "99999999999999999999",
        "70%",
        "3 epochs",
        "2 steps",
        "\t",
        "\r\n",
        "\r",
        "\u{FEFF}",
        "\u{A0}",
        "\u{2028}",
        "\u{0}",
        "損",
        "e\u{301}",
        "’",
        "\"\"\"",
        "\"",
        "\\",
        "# c\n",
        "## d\n",
        "\n\n\n",
        "'",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ";",
        ",",
    ];
    words.extend(odd.map(str::to_owned));
    words.into_iter().collect()
}
