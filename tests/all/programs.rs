//! Programs nobody wrote: a generator writes well-typed texts, and everybody who can run them has to agree.
//!
//! `DLMC_PROGRAMS=5000 cargo test programs -- --include-ignored` tries that many, `DLMC_PROGRAM=17` one.

mod generate;
mod library;
mod outcome;
mod shrink;

use std::collections::{BTreeMap, BTreeSet};

use dlmc::model::program::Pace;
use dlmc::scalar::Scalar;
use dlmc::syntax::tree::Kind;
use dlmc::tensor::{Id, Op, View};
use outcome::{Failure, Tally, judge};

/// How many operations the program of a seed has, about.
fn length(seed: u64) -> usize {
    [4, 8, 14, 24][(seed % 4) as usize]
}

/// A failure with the smallest program that has it.
fn report(seed: u64, text: &str, failure: &Failure) -> String {
    let Failure { kind, details } = failure;
    // What is refused would be refused for other reasons when cut.
    let small = match kind.starts_with("refused") {
        true => text.to_owned(),
        false => shrink::shrink(text, 1500, |it| judge(it, seed).is_err_and(|it| it.kind == *kind)),
    };
    let details = judge(&small, seed).err().map_or(details.clone(), |it| it.details);
    let details: String = details.chars().take(2000).collect();
    format!("program {seed}, {kind}:\n{details}\n\n{small}")
}

/// Judges the programs of these seeds, and tells of the first that fail.
fn try_all(seeds: impl Iterator<Item = u64>) {
    let (mut all, mut failures, mut count) = (Tally::default(), vec![], 0);
    for seed in seeds {
        let text = generate::program(seed, length(seed));
        match judge(&text, seed) {
            Ok(it) => {
                all.arrays += it.arrays;
                all.delicate += it.delicate;
                all.slopes += it.slopes;
                all.kinks += it.kinks;
                all.unsure += it.unsure;
            }
            Err(failure) => {
                eprintln!("{}", report(seed, &text, &failure));
                failures.push((seed, failure.kind));
            }
        }
        count += 1;
    }
    let Tally { arrays, delicate, slopes, kinks, unsure } = all;
    eprintln!(
        "{count} programs, {arrays} arrays ({delicate} delicate), {slopes} slopes ({kinks} kinks), {unsure} unsure steps"
    );
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(delicate * 10 < arrays && kinks * 5 < slopes && unsure * 5 < count, "too little was compared");
}

#[test]
fn all_executors_agree_on_programs_that_nobody_wrote() {
    try_all(0..100);
}

#[test]
#[ignore = "as many as DLMC_PROGRAMS says: for a person who waits"]
fn all_executors_agree_on_thousands_of_programs() {
    let number = |name| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    match number("DLMC_PROGRAM") {
        Some(seed) => {
            eprintln!("{}", generate::program(seed, length(seed)));
            try_all(seed..seed + 1);
        }
        None => {
            let from = number("DLMC_FROM").unwrap_or(1000);
            try_all(from..from + number("DLMC_PROGRAMS").unwrap_or(1000));
        }
    }
}

/// Whether a sound program computes the hyperbolic tangent of a window.
fn has_tanh_of_a_window(text: &str) -> bool {
    let checked = outcome::checked(text);
    checked.is_sound() && {
        let function = checked.programs[0].objective(2, true);
        let graph = &function.graph;
        let is_window = |id: Id| matches!(graph[id].op, Op::View(View::Window { .. }));
        let of = |id: &Id| graph[*id].op == Op::Map(Scalar::Tanh) && is_window(graph[*id].args[0]);
        function.needed().iter().any(of)
    }
}

#[test]
fn a_failing_program_is_shrunk_to_a_few_lines() {
    let seed =
        (0..).step_by(4).find(|&seed| has_tanh_of_a_window(&generate::program(seed, length(seed)))).expect("endless");
    let text = generate::program(seed, length(seed));
    let small = shrink::shrink(&text, 3000, has_tanh_of_a_window);
    assert!(has_tanh_of_a_window(&small));
    assert!(small.lines().filter(|it| !it.is_empty()).count() <= 24 && small.len() < 800, "{}\n{small}", text.len());
}

/// What the generator writes has every kind of node, every row, every view and every adjoint, every definition that it takes
/// from the library.
#[test]
fn nothing_is_left_out() {
    let (mut seen, mut texts) = (BTreeMap::new(), String::new());
    for seed in 0..400 {
        let text = generate::program(seed, length(seed));
        let checked = outcome::checked(&text);
        for program in &checked.programs {
            let step = program.step(Pace { batch: 3, epoch: 2, total: 9 });
            for (kind, count) in crate::functions::kinds(&step) {
                *seen.entry(kind).or_insert(0) += count;
            }
        }
        texts += &text;
    }
    let words: BTreeSet<&str> = texts.split(|it: char| !it.is_alphanumeric() && it != '_').collect();
    let named = [Kind::Optimizer, Kind::Schedule, Kind::Regularizer].map(library::of);
    let named = named.iter().flatten().map(|it| it.callable.name.as_str());
    let unseen: Vec<&str> = named.filter(|it| !words.contains(it)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    let activations = library::activations();
    let called = activations.iter().filter(|it| words.contains(*it)).count();
    assert!(called + 2 >= activations.len(), "{called} of {}", activations.len());
    let rows = Scalar::ALL.iter().map(|it| it.def().name.to_string());
    let views = ["expand", "permute", "slice", "pad", "window", "reshape"];
    let views = views.iter().flat_map(|it| ["view", "fold"].map(|way| format!("{way} {it}")));
    let nodes = ["input", "const", "contract", "max", "gather", "scatteradd", "index", "order", "random", "scan"];
    let unseen: Vec<String> = rows
        .chain(views)
        .chain(nodes.iter().map(|it| format!("node {it}")))
        .filter(|it| !seen.contains_key(it))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?} of {seen:?}");
}
