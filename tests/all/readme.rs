//! What the README and the manual of the language say is so: their commands run, their programs are sound, what they name
//! is there, and nothing is left out.

use std::collections::BTreeSet;
use std::path::Path;

use dlmc::data::{sources, split};
use dlmc::model::train::SETTINGS;
use dlmc::model::{export, tune};
use dlmc::syntax::{tree, units};

use crate::cli::{Shell, commands};
use crate::pages::{Block, blocks, checked, files};

const README: &str = include_str!("../../README.md");
const LANGUAGE: &str = include_str!("../../docs/language.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Puts the files of `folder` into the shell's folder.
fn copy(shell: &Shell, folder: &str) {
    for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().to_str().expect("UTF-8"));
        match entry.path().is_dir() {
            true => copy(shell, &name),
            false => shell.write(&name, std::fs::read(entry.path()).expect("a file")),
        }
    }
}

#[test]
fn the_commands_of_the_readme_run() {
    let shell = Shell::new();
    copy(&shell, "examples");
    let mut count = 0;
    for block in blocks(README).iter().filter(|block| block.kind == "sh") {
        for line in block.body.lines().filter(|line| !line.starts_with("cargo test")) {
            let line = line.replace("cargo run --release --", "dlmc");
            let said = shell.script(&line);
            assert_eq!(said.code, 0, "{line}\n{}", said.err);
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn the_programs_of_the_readme_and_the_manual_are_sound() {
    for text in [README, LANGUAGE] {
        let blocks = blocks(text);
        let files: Vec<&Block> = blocks.iter().filter(|block| block.file.is_some()).collect();
        let programs = blocks.iter().filter(|block| block.kind == "dlm" && block.file.is_none());
        let mut count = 0;
        for program in programs {
            let all: Vec<Block> = files.iter().copied().chain([program]).cloned().collect();
            assert_eq!(checked(&all), [""; 0], "{}", program.body);
            count += 1;
        }
        assert!(count > 0);
    }
}

/// A short run of each program of the manual that has one `train` block.
#[test]
fn the_programs_of_the_manual_run() {
    let shell = Shell::new();
    let blocks = blocks(LANGUAGE);
    for (name, content) in files(&blocks) {
        shell.write(&name, content);
    }
    let runs = blocks.iter().filter(|block| block.kind == "dlm" && block.body.contains("\ntrain {"));
    for (number, block) in runs.enumerate() {
        let file = format!("it{number}.dlm");
        shell.write(&file, block.body);
        let said = shell.run(&["run", &file, "--set", "train.for=3 epochs"]);
        assert_eq!(said.code, 0, "{}\n{}", block.body, said.err);
    }
}

#[test]
fn the_readme_lists_every_command_and_its_options() {
    let (_, after) = README.split_once("## Commands\n").expect("a chapter");
    let (chapter, _) = after.split_once("\n## ").expect("another chapter");
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for row in chapter.lines().filter(|line| line.starts_with("| `")) {
        let what = row.split(" | ").next().expect("a first cell");
        let names: Vec<&str> = what.split("dlmc ").skip(1).filter_map(|it| it.split([' ', '`']).next()).collect();
        for option in options(row) {
            let shown = names.iter().any(|name| Shell::new().run(&[name, "--help"]).out.contains(&option));
            assert!(shown, "{option} of {names:?} is in the README, and not in the help");
        }
        listed.extend(names.iter().map(|name| name.to_string()));
    }
    assert_eq!(listed, commands().into_iter().collect());
    let help = |name: &String| Shell::new().run(&[name, "--help"]).out;
    let everywhere: String = commands().iter().map(help).collect();
    let rest: String = chapter.lines().filter(|line| !line.starts_with('|')).collect();
    for option in options(&rest) {
        assert!(everywhere.contains(&option), "{option} is in the README, and not in the help");
    }
}

/// The words that begin with two hyphens.
fn options(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !(it.is_alphanumeric() || it == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(String::from).collect()
}

#[test]
fn the_files_that_the_readme_names_are_there() {
    for link in README.split("](").skip(1).filter_map(|it| it.split(')').next()).filter(|it| !it.contains("://")) {
        assert!(root().join(link).exists(), "{link}");
    }
    let words = README.split(|it: char| it.is_whitespace() || "`(),".contains(it));
    let paths = words.filter(|word| ["examples/", "src/", "grammar/", "docs/"].iter().any(|it| word.starts_with(it)));
    for path in paths.map(|path| path.trim_end_matches('.')) {
        assert!(root().join(path).exists(), "{path}");
    }
}

/// What a merge leaves where it could not decide is no text.
#[test]
fn nothing_is_left_of_a_merge() {
    let is_mark = |line: &str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
    let left: Vec<&str> = README.lines().chain(LANGUAGE.lines()).filter(|line| is_mark(line)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The manual names every declaration, role, source, split, setting and unit.
#[test]
fn the_manual_leaves_nothing_out() {
    let mut wanted: Vec<String> = vec![];
    wanted.extend(tree::Kind::ALL.iter().map(|kind| format!("`{}`", kind.word())));
    wanted.extend(["input", "target", "weight", "group", "time", "id", "ignore"].map(|role| format!("`{role}`")));
    for source in sources::SOURCES {
        wanted.push(format!("`{}`", source.name));
        wanted.extend(source.params().iter().map(|param| format!("`{}`", param.name)));
    }
    for way in split::WAYS {
        wanted.push(format!("`{}`", way.name));
        wanted.extend(way.params().iter().map(|param| format!("`{}`", param.name)));
    }
    wanted.extend(
        SETTINGS.iter().chain(tune::SETTINGS).chain(export::SETTINGS).map(|setting| format!("`{}`", setting.name)),
    );
    wanted.extend(units::words().map(|unit| format!("`{unit}`")));
    wanted.retain(|word| !LANGUAGE.contains(word.as_str()));
    assert!(wanted.is_empty(), "the manual does not name {}", wanted.join(", "));
}
