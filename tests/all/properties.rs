//! What holds for every text, program or not: of its tree, of its layout, of what is said about it. The fuzzer looks for
//! texts for which it does not hold (`fuzz/`), and the tests try those that it has found interesting.

use std::collections::HashSet;
use std::path::Path;

use dlmc::compile::{self, Checked};
use dlmc::model::program::Pace;
use dlmc::problem::Problem;
use dlmc::source::{FileId, Memory};
use dlmc::syntax::{self, print_tree};

/// The word for what a property is about, and the property: it panics where a text does not have it.
pub type Property = (&'static str, fn(&str));

pub const PROPERTIES: [Property; 3] =
    [("parse", has_a_tree), ("format", keeps_its_meaning_in_its_layout), ("check", is_answered)];

/// Every text has a tree, which can be printed; what is said about the text is said about a place in it.
pub fn has_a_tree(text: &str) {
    let (tree, problems) = syntax::parse(FileId(0), text);
    print_tree(&tree);
    are_about(text, FileId(0), &problems);
}

/// A text without mistakes has a layout, which is its own layout and has the same tree, the same comments and, where the
/// program is sound, the same graphs. A text with mistakes has none.
pub fn keeps_its_meaning_in_its_layout(text: &str) {
    let (tree, problems) = syntax::parse(FileId(0), text);
    let layout = syntax::format(FileId(0), text);
    if !problems.is_empty() {
        assert_eq!(layout.as_ref(), Err(&problems), "a program with mistakes has no layout");
        return;
    }
    let layout = layout.expect("a program without mistakes has a layout");
    let (again, problems) = syntax::parse(FileId(0), &layout);
    assert_eq!(problems, [], "{layout}");
    assert_eq!(print_tree(&tree), print_tree(&again), "{layout}");
    assert_eq!(ink(text), ink(&layout));
    assert_eq!(syntax::format(FileId(0), &layout).as_ref(), Ok(&layout), "laid out twice");
    let [before, after] = [text, &layout].map(check);
    let codes = |checked: &Checked| checked.problems.iter().map(|it| it.code).collect::<Vec<_>>();
    assert_eq!(codes(&before), codes(&after), "{layout}");
    if before.is_sound() {
        assert_eq!(graphs(&before), graphs(&after), "{layout}");
    }
}

/// Whatever the text, it is checked, and what is said about it is said once, about a place in it.
pub fn is_answered(text: &str) {
    let checked = check(text);
    are_about(text, checked.file, &checked.problems);
    // No cascade: a longer text may have more mistakes, but no more for each word of it.
    let words: usize = text.split_whitespace().map(tokens).sum();
    let (count, most) = (checked.problems.len(), 4 + 3 * words);
    assert!(count <= most, "{count} problems of {words} words");
}

/// How many words and marks stand in a text without blanks.
fn tokens(text: &str) -> usize {
    let characters: Vec<char> = text.chars().collect();
    characters.chunk_by(|one, next| one.is_alphanumeric() && next.is_alphanumeric()).count()
}

fn check(text: &str) -> Checked {
    compile::check(&Memory::default(), Path::new("text.dlm"), Some(text.to_owned()), &[]).expect("the text is given")
}

/// What the programs of a text compute in a step.
fn graphs(checked: &Checked) -> Vec<String> {
    let pace = Pace { batch: 2, epoch: 100, total: 1000 };
    checked.programs.iter().map(|it| it.step(pace).to_string()).collect()
}

/// A text without white space and without the separators that a line break may stand for.
fn ink(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace() && !matches!(it, ',' | ';' | '\u{FEFF}')).collect()
}

#[track_caller]
fn are_about(text: &str, file: FileId, problems: &[Problem]) {
    let mut said = HashSet::new();
    for problem in problems {
        assert!(!problem.message.is_empty() && !problem.labels.is_empty(), "{problem:?}");
        let edits = problem.edits.iter().map(|it| it.span);
        let spans = problem.labels.iter().map(|it| it.span).chain(edits).filter(|it| it.file == file);
        for span in spans {
            assert!(text.get(span.range()).is_some(), "{span:?} is no place in the text: {problem:?}");
        }
        let places: Vec<_> = problem.labels.iter().map(|it| it.span).collect();
        assert!(said.insert((problem.code, &problem.message, places)), "said twice: {problem:?}");
    }
}
