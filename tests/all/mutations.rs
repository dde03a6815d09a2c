//! Every text that is one letter away from a program: it is checked without panic, soon, and with few messages.
//!
//! `cargo test mutations -- --include-ignored --nocapture` tries all of them and shows the shares and the worst causes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dlmc::ide::report;
use dlmc::problem::Problem;
use dlmc::source::FileId;

/// A program and what is said of it as it is: of some samples, that this version does not run them.
struct Original {
    path: PathBuf,
    text: String,
    said: Vec<String>,
}

/// What is put in, one after the other.
const INSERTED: [char; 12] = ['x', ' ', '(', '}', '"', ',', '1', ':', '|', '\'', '#', '='];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Way {
    Deletion,
    Insertion,
    Truncation,
}

/// How many texts gave so many messages, and which codes came in the texts with more than two.
#[derive(Default)]
struct Tally {
    texts: usize,
    at_most_two: usize,
    many: Vec<(usize, String)>,
    codes: BTreeMap<String, usize>,
}

fn check(path: &std::path::Path, text: &str) -> Vec<Problem> {
    report::check(&crate::disk(), path, Some(text.to_owned()), &[]).expect("the text is given").problems
}

fn originals() -> Vec<Original> {
    let paths = [crate::programs("examples"), crate::programs("tests/samples")].concat();
    let original = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("text");
        let said = check(&path, &text).into_iter().map(|it| it.message).collect();
        Original { path, text, said }
    };
    paths.into_iter().map(original).collect()
}

fn mutated(text: &str, at: usize, way: Way) -> String {
    let (before, after) = text.split_at(at);
    match way {
        Way::Deletion => format!("{before}{}", &after[after.chars().next().map_or(0, char::len_utf8)..]),
        Way::Insertion => format!("{before}{}{after}", INSERTED[at % INSERTED.len()]),
        Way::Truncation => before.to_owned(),
    }
}

/// Checks every mutation of every program whose place, counted on through all of them, is a multiple of `stride`.
fn tallies(stride: usize) -> (BTreeMap<Way, Tally>, (Duration, String)) {
    let mut tallies: BTreeMap<Way, Tally> = BTreeMap::new();
    let (mut place, mut longest) = (0_usize, (Duration::ZERO, String::new()));
    for original in originals() {
        for (at, _) in original.text.char_indices() {
            for way in [Way::Deletion, Way::Insertion, Way::Truncation] {
                place += 1;
                if !place.is_multiple_of(stride) {
                    continue;
                }
                let text = mutated(&original.text, at, way);
                let start = Instant::now();
                let problems = check(&original.path, &text);
                let mut took = start.elapsed();
                // A pause of the machine is not ours.
                for _ in 0..3 {
                    if took > Duration::from_millis(25) {
                        let start = Instant::now();
                        check(&original.path, &text);
                        took = took.min(start.elapsed());
                    }
                }
                // What has a layout has one.
                if let Ok(formatted) = dlmc::syntax::format(FileId(0), &text) {
                    assert_eq!(dlmc::syntax::format(FileId(0), &formatted).as_ref(), Ok(&formatted), "{text}");
                }
                if took > longest.0 {
                    let name = original.path.file_name().expect("a file").to_string_lossy();
                    longest = (took, format!("{name} at byte {at}, {way:?}"));
                }
                assert!(problems.iter().all(|it| !it.labels.is_empty() && !it.message.is_empty()), "{text}");
                let new: Vec<&Problem> = problems.iter().filter(|it| !original.said.contains(&it.message)).collect();
                let tally = tallies.entry(way).or_default();
                tally.texts += 1;
                tally.at_most_two += usize::from(new.len() <= 2);
                if new.len() > 2 {
                    let line = original.text[..at].lines().count();
                    let near: String = text[..at.min(text.len())]
                        .chars()
                        .rev()
                        .take(30)
                        .collect::<Vec<_>>()
                        .into_iter()
                        .rev()
                        .collect();
                    let name = original.path.file_name().expect("a file").to_string_lossy();
                    let codes: Vec<&str> = new.iter().map(|it| it.code).collect();
                    tally.many.push((new.len(), format!("{name}:{line} {near:?} {}", codes.join(" "))));
                    for code in codes {
                        *tally.codes.entry(code.into()).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    (tallies, longest)
}

#[track_caller]
fn assert_calm(stride: usize) {
    let (tallies, longest) = tallies(stride);
    let mut shares = BTreeMap::new();
    for (way, tally) in &tallies {
        let share = 100.0 * tally.at_most_two as f64 / tally.texts as f64;
        eprintln!("{way:?}: {share:.2} % of {} have at most two messages; {:?}", tally.texts, tally.codes);
        let mut many = tally.many.clone();
        many.sort();
        many.iter().rev().step_by(1 + many.len() / 40).for_each(|(count, what)| eprintln!("  {count}: {what}"));
        shares.insert(*way, share);
    }
    // What the clock says is for people: a machine that does other things too must not fail.
    eprintln!("the longest took {:?}: {}", longest.0, longest.1);
    assert!(shares[&Way::Deletion] >= 95.0 && shares[&Way::Insertion] >= 95.0 && shares[&Way::Truncation] >= 90.0);
}

#[test]
fn a_sample_of_all_mutations_gives_few_messages() {
    assert_calm(197);
}

#[test]
#[ignore = "all mutations of all programs: minutes"]
fn every_mutation_gives_few_messages() {
    assert_calm(std::env::var("DLMC_STRIDE").ok().and_then(|it| it.parse().ok()).unwrap_or(1));
}
