//! Programs nobody wrote: a generator writes well-typed texts, and everybody who can run them has to agree.
//!
//! `DLMC_PROGRAMS=5000 cargo test programs -- --include-ignored` tries that many, `DLMC_PROGRAM=17` one.

mod generate;
mod library;
mod outcome;
mod shrink;

use std::collections::{BTreeMap, BTreeSet};

use dlmc::model::program::{Pace, StateRole};
use dlmc::scalar::Scalar;
use dlmc::syntax::tree::Kind;
use dlmc::tensor::{Clock, Dtype, Function, Graph, Id, Node, Op, View, evaluate};
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
    // Of a few programs, all may be of a kind.
    let enough = delicate * 10 < arrays && kinks * 5 < slopes && unsure * 5 < count;
    assert!(count < 20 || enough, "too little was compared");
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

/// What a norm makes of equal numbers is rounding alone, which every executor does in its own order: that is known from f64,
/// whose rounding is another, and not from inputs that are moved a little, as equal numbers stay equal.
#[test]
fn what_is_nothing_but_rounding_is_judged_by_it() {
    let text = "data rows {
  source: jsonl(\"rows.jsonl\")
  input x1: class[4]
  target y2: prob[4]
}
model model10 on x1: class[4] -> logits[4] {
  param p3: f32[4] ~ normal(0, 0.5)
  param p7: f32 ~ uniform(-1, 1)
  param p9: f32[4] ~ uniform(-1, 1)
  v8 = expand(expm1(2 * tanh(p7)), 0, 27)
  norm = (1.5 * sin(for at5 in 4, h6 ~ 1.5 * sin(v8) => tanh(v8 + 0.5 * h6 + v8))) |> layer_norm as s4
  1.5 * sin(p9 / (1.25 + abs(2 * tanh(sum(norm, over: 1)) * 2 * tanh(p9)))) + p3
}
train {
  model: model10
  data: rows
  loss: cross_entropy
  optimizer: muon(nesterov: no, b1: 0.7875)
  batch: 8
  for: 20 steps
  clip: norm(1.0)
}
";
    for seed in [62177, 1, 2] {
        if let Err(failure) = judge(text, seed) {
            panic!("{}: {}", failure.kind, failure.details);
        }
    }
}

/// What follows a product has to be looked up at places that are cut in a way in which a product is not.
#[test]
fn values_whose_axes_are_cut_in_different_ways_are_different_loops() {
    let text = "dlm 1
data rows {
  source: jsonl(\"rows.jsonl\")
  input  x1: f32[1]
  target y2: f32[9]
}
model model20 on (x1: f32[1]) -> f32[9] across batch {
  param p3:  f32[9] ~ normal(0, 0.5)
  param p4:  f32[1] ~ 0.5
  param p18: f32[1] ~ 0.5
  p3
  * sum(tanh((sin(reshape(reshape(expand((p18[(for at5 in 3 => at5)]), 1, 9), [27]), [9, 3])))
             @ (reshape((for at19 in 12 => x1), [3, 4]))))
}
train {
  model:     model20
  data:      rows
  loss:      mse
  optimizer: lamb
  for:       2 steps
  freeze p18 until 1 steps
}
";
    if let Err(failure) = judge(text, 1) {
        panic!("{}: {}", failure.kind, failure.details);
    }
}

/// A fault that somebody might have: of these nodes it makes something else than they mean.
struct Fault {
    name: &'static str,
    hits: fn(&Node) -> bool,
}

const FAULTS: [Fault; 6] = [
    Fault { name: "tanh", hits: |it| it.op == Op::Map(Scalar::Tanh) },
    Fault { name: "division", hits: |it| it.op == Op::Map(Scalar::Div) && it.dtype == Dtype::F32 },
    Fault { name: "contraction", hits: |it| matches!(it.op, Op::Contract { .. }) },
    Fault { name: "maximum", hits: |it| matches!(it.op, Op::Max { .. }) && it.dtype == Dtype::F32 },
    Fault { name: "gather", hits: |it| matches!(it.op, Op::Gather { .. }) && it.dtype == Dtype::F32 },
    Fault { name: "window", hits: |it| matches!(it.op, Op::View(View::Window { .. })) && it.dtype == Dtype::F32 },
];

impl Fault {
    /// The function as it is with the fault: what the nodes make is half as large again.
    fn planted(&self, function: &Function) -> Option<Function> {
        let mut graph = Graph::default();
        let mut new: Vec<Option<Id>> = vec![None; function.graph.len()];
        let mut is_hit = false;
        for id in function.needed() {
            let node = &function.graph[id];
            let args: Vec<Id> = node.args.iter().map(|it| new[it.0 as usize].expect("operands come first")).collect();
            let mut made = graph.node(node.op.clone(), &args, node.shape.clone(), node.dtype);
            if (self.hits)(node) {
                is_hit = true;
                let factor = graph.constant(1.5, &node.shape);
                made = graph.map(Scalar::Mul, &[made, factor]);
            }
            new[id.0 as usize] = Some(made);
        }
        let results = function.results.iter().map(|it| new[it.0 as usize].expect("needed")).collect();
        is_hit.then(|| Function { graph, results, updates: vec![], ..function.clone() })
    }

    /// Whether the gradients of a sound program are others with the fault.
    fn shows_in(&self, text: &str, seed: u64) -> bool {
        let whole = outcome::checked(text);
        if !whole.is_sound() {
            return false;
        }
        let program = &whole.programs[0];
        let trained = |slot: &u32| program.states[*slot as usize].role == StateRole::Parameter;
        let slots: Vec<u32> = (0..program.states.len() as u32).filter(trained).collect();
        let right = program.gradient(&slots, 2, true);
        let Some(wrong) = self.planted(&right) else { return false };
        let mut dice = crate::functions::Dice::new(seed);
        let feeds = outcome::feeds(&whole, program, 2, &mut dice);
        let states = outcome::states(program, &mut dice);
        let clock = Clock { seed, step: 2 };
        let run = |it: &Function| evaluate(&it.graph, &it.results, &states, &feeds, clock);
        let far = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-3 * (a.abs() + b.abs()) + 1e-4;
        run(&right).iter().zip(&run(&wrong)).any(|(a, b)| a.floats().iter().zip(b.floats()).any(far))
    }

    /// The smallest program found that shows the fault, of the first long one that does; and that one.
    fn shrunk(&self) -> (String, String) {
        let long = |seed: &u64| self.shows_in(&generate::program(*seed, length(*seed)), *seed);
        let seed = (3..).step_by(4).find(long).expect("endless");
        let text = generate::program(seed, length(seed));
        let small = shrink::shrink(&text, 3000, |it| self.shows_in(it, seed));
        assert!(self.shows_in(&small, seed), "{}", self.name);
        (text, small)
    }
}

/// The lines that every program has: of these kinds of data, what is trained on it, for how long.
fn is_frame(line: &str) -> bool {
    let line = line.trim();
    let words = ["dlm 1", "data ", "source:", "train {", "}", "model:", "data:", "optimizer:", "batch:", "for:"];
    line.is_empty() || words.iter().any(|it| line.starts_with(it))
}

#[track_caller]
fn check_shrinking(faults: &[Fault]) {
    for fault in faults {
        let (text, small) = fault.shrunk();
        let lines = |text: &str| text.lines().filter(|it| !is_frame(it)).count();
        eprintln!("{}: {} lines to {} beside the frame\n{small}", fault.name, lines(&text), lines(&small));
        assert!(lines(&small) <= 9 && small.len() < 500, "{}\n{small}", fault.name);
    }
}

#[test]
fn a_failing_program_is_shrunk_to_a_few_lines() {
    check_shrinking(&FAULTS[..5]);
}

#[test]
fn a_program_that_fails_in_a_view_is_shrunk_to_a_few_lines() {
    check_shrinking(&FAULTS[5..]);
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
    for setting in ["accumulate: ", "freeze ", " until ", "augment batch { mixup", "augment x", "clip: ", "schedule: "]
    {
        let count = texts.matches(setting).count();
        assert!(count > 10, "{count} of `{setting}`");
    }
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
