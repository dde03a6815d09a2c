//! Gradients as formulas: the text is read back by the language's own front end, and agrees with the graph.

use std::fmt::Write;
use std::path::Path;

use dlmc::compile::check;
use dlmc::model::Program;
use dlmc::model::program::StateRole;
use dlmc::tensor::formula::latex::latex;
use dlmc::tensor::formula::text::text;
use dlmc::tensor::{Array, Clock, Dtype, Function, Op, Wide, evaluate, evaluate_f64};

use crate::functions::Dice;
use crate::session::examples;

const EXAMPLES: usize = 6;
const CLOCK: Clock = Clock { seed: 3, step: 2 };

fn programs(path: &Path, program: Option<&str>) -> Vec<Program> {
    let checked = check(&crate::disk(), path, program.map(str::to_string), &[]).unwrap();
    assert!(checked.is_sound(), "{}: {:?}", path.display(), checked.problems);
    checked.programs
}

/// Numbers as the gradient of a training step may see them: fields by their meaning, states around nothing.
fn values(program: &Program, step: &Function) -> (Vec<Array>, Vec<Array>) {
    let mut dice = Dice::new(7);
    let mut real = move || (dice.below(20_000) as f32 - 10_000.0) / 8_000.0;
    let states = program.states.iter().map(|state| {
        let size: usize = state.shape.iter().product();
        Array::f32(&state.shape, (0..size).map(|_| real()).collect())
    });
    let states: Vec<Array> = states.collect();
    let mut dice = Dice::new(8);
    let feeds = step.feeds.iter().enumerate().map(|(at, (shape, dtype))| {
        let size = shape.iter().product();
        match dtype {
            Dtype::I32 => {
                let values = values_of(&program.data.fields[program.feeds[at]].ty);
                Array::i32(shape, (0..size).map(|_| dice.below(values) as i32).collect())
            }
            _ => Array::f32(shape, (0..size).map(|_| (1 + dice.below(1000)) as f32 / 1000.0).collect()),
        }
    });
    (states, feeds.collect())
}

fn values_of(ty: &dlmc::model::program::FieldType) -> usize {
    match ty {
        dlmc::model::program::FieldType::Class(class) => class.values(),
        _ => 2,
    }
}

/// What the model reads of the feeds of a step: of what is varied, what came of it.
fn as_read<A: Clone>(program: &Program, feeds: &[A], run: impl Fn(&Function, &[A], &[A]) -> Vec<A>) -> Vec<A> {
    let mut read = feeds[..program.feeds.len()].to_vec();
    let varied = program.varied_fields();
    if varied.is_empty() {
        return read;
    }
    for (field, seen) in varied.iter().zip(run(&program.varied(EXAMPLES), &[], feeds)) {
        let rest = program.encode_rest(*field, EXAMPLES);
        // What it does not read may be anything.
        let mut fits = vec![feeds[0].clone(); rest.states.len()];
        for (at, (of, fit)) in program.step_fits.iter().enumerate() {
            if of == field {
                fits[*fit] = feeds[program.feeds.len() + at].clone();
            }
        }
        let at = program.feeds.iter().position(|it| it == field).expect("what is varied is fed");
        read[at] = run(&rest, &fits, &[seen]).remove(0);
    }
    read
}

/// Writes the gradients of all parameters, reads the text, and compares with the interpreter.
fn check_program(name: &str, program: &Program) {
    let slots: Vec<u32> = (0..program.states.len() as u32)
        .filter(|&slot| program.states[slot as usize].role == StateRole::Parameter)
        .collect();
    let expected = program.gradient(&slots, EXAMPLES, true);
    let (states, feeds) = values(program, &expected);
    // A gradient that is nothing but what rounding leaves is measured by the others.
    let all = evaluate(&expected.graph, &expected.results, &states, &feeds, CLOCK);
    let scale = all.iter().flat_map(Array::floats).fold(0f64, |most, it| most.max(f64::from(it.abs()))) * 0.1;
    let wide = |arrays: &[Array]| arrays.iter().map(Wide::from).collect::<Vec<_>>();
    let (s, f) = (wide(&states), wide(&feeds));
    let read_f64 = as_read(program, &f, |it, states, feeds| evaluate_f64(&it.graph, &it.results, states, feeds, CLOCK));
    let read_f32 = as_read(program, &feeds, |it, states, feeds| evaluate(&it.graph, &it.results, states, feeds, CLOCK));
    // Of a large network all at once, which takes a while as it is.
    let small = slots.len() <= 20 && s.iter().map(|it| it.data.len()).sum::<usize>() < 100_000;
    let alone = slots.iter().filter(|_| small).map(|&slot| vec![slot]);
    let wanted: Vec<Vec<u32>> = alone.chain([slots.clone()]).collect();
    // A recurrence has no words yet, and says so.
    if expected.graph.ids().any(|id| matches!(expected.graph[id].op, Op::Scan { .. })) {
        assert!(program.formulas(&slots).is_none(), "{name}");
        return;
    }
    for chosen in wanted {
        let lines = program.formulas(&chosen).unwrap_or_else(|| panic!("{name}: no words"));
        let texts: Vec<String> = lines.iter().map(|line| text(&line.expr)).collect();
        let shown: String = lines.iter().zip(&texts).map(|(line, text)| format!("{} = {text}\n", line.name)).collect();
        let read =
            program.read_formulas(&lines, &texts, EXAMPLES).unwrap_or_else(|it| panic!("{name}:\n{shown}{it:#?}"));
        let results: Vec<_> =
            chosen.iter().map(|slot| expected.results[slots.iter().position(|it| it == slot).unwrap()]).collect();
        let right = evaluate_f64(&expected.graph, &results, &s, &f, CLOCK);
        let found = evaluate_f64(&read.graph, &read.results, &s, &read_f64, CLOCK);
        for ((slot, right), found) in chosen.iter().zip(&right).zip(&found) {
            let path = &program.states[*slot as usize].path;
            close(&format!("{name}: {path}\n{shown}"), &right.data, &found.data, 1e-6, scale);
        }
        let right = evaluate(&expected.graph, &results, &states, &feeds, CLOCK);
        let found = evaluate(&read.graph, &read.results, &states, &read_f32, CLOCK);
        for ((slot, right), found) in chosen.iter().zip(&right).zip(&found) {
            let path = &program.states[*slot as usize].path;
            let wide = |it: &Array| it.floats().iter().map(|it| f64::from(*it)).collect::<Vec<_>>();
            close(&format!("{name}: {path}\n{shown}"), &wide(right), &wide(found), 2e-5, scale);
        }
    }
}

/// Within `tolerance` of the largest number there is, or of `least`.
fn close(what: &str, right: &[f64], found: &[f64], tolerance: f64, least: f64) {
    assert_eq!(right.len(), found.len(), "{what}");
    let scale = right.iter().fold(least, |most, it| most.max(it.abs()));
    for (at, (a, b)) in right.iter().zip(found).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what}\nat {at}: {a} from the graph, {b} from the text");
    }
}

#[test]
fn of_every_example_are_true() {
    for name in examples::names() {
        for program in examples::small(&name).checked.programs {
            let train = program.name.clone().unwrap_or_default();
            check_program(&format!("{name} {train}"), &program);
        }
    }
}

/// A program around a model, a loss and regularizers.
fn program(model: &str, target: &str, loss: &str, regularize: &str) -> String {
    format!(
        "dlm 1
data rows {{
  source: table {{
    | a | b | c | y | p | q | k |
    | 1 | 0.5 | red | 1 | 0.3 | 0.7 | 0 |
    | 2 | 0.1 | blue | 0 | 0.6 | 0.4 | 2 |
    | 3 | 0.7 | red | 1 | 0.9 | 0.1 | 1 |
  }}
  input  x: f32[2] = [a, b]
  input  colour: class[\"red\", \"blue\"] = c
  target {target}
}}
model net on {model}
train {{
  model: net
  data: rows
  loss: {loss}
  {regularize}
  optimizer: sgd(lr: 0.1)
  batch: all
  for: 1 epoch
}}
"
    )
}

const NUMBERS: &str = "t: f32[2] = [p, q]";

fn check_all(programs_of: &[(String, String)]) {
    let mut wrong = String::new();
    for (name, text) in programs_of {
        let failed = std::panic::catch_unwind(|| {
            for program in programs(Path::new("formula.dlm"), Some(text)) {
                check_program(name, &program);
            }
        });
        if let Err(why) = failed {
            let why = why.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".into());
            writeln!(wrong, "{name}: {why}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn through_every_activation_are_true() {
    let functions = include_str!("../../src/std/functions.dlm");
    // What takes a row, like `glu`, says so in its type.
    let names = functions
        .lines()
        .filter_map(|line| line.strip_prefix("fn ")?.split_once("(x"))
        .filter(|(_, rest)| rest.starts_with([')', ',']))
        .map(|it| it.0);
    let programs: Vec<(String, String)> = names
        .map(|name| {
            // A logarithm wants something positive.
            let inner = if name == "log1p" { "|> dense(4, sigmoid) as hidden |> log1p" } else { "" };
            let act = if inner.is_empty() { format!("|> dense(4, {name}) as hidden") } else { inner.to_string() };
            let model = format!("x: f32[2] -> f32[2] {{ x {act} |> dense(2) as out }}");
            (name.to_string(), program(&model, NUMBERS, "mse", ""))
        })
        .collect();
    assert!(programs.len() > 15, "the functions were found");
    check_all(&programs);
}

#[test]
fn of_every_loss_are_true() {
    let numbers = "x: f32[2] -> f32[2] { x |> dense(3, tanh) as hidden |> dense(2) as out }";
    let scores = "x: f32[2] -> logits[K] { x |> dense(3, tanh) as hidden |> dense(K) as out }";
    let logit = "x: f32[2] -> logit { x |> dense(3, tanh) as hidden |> dense(1) as out }";
    let logs = "x: f32[2] -> log_prob[3] { x |> dense(3, tanh) as hidden |> dense(3) as out |> log_softmax }";
    let cases = [
        (numbers, NUMBERS, "mse"),
        (numbers, NUMBERS, "mae"),
        (numbers, NUMBERS, "huber(delta: 0.5)"),
        (numbers, NUMBERS, "log_cosh"),
        (numbers, NUMBERS, "quantile(q: 20%)"),
        (numbers, NUMBERS, "0.5 * mse + 2 * mae"),
        (scores, "k: class[3]", "cross_entropy"),
        (scores, "k: class[3]", "cross_entropy(label_smoothing: 10%)"),
        ("x: f32[2] -> logits[2] { x |> dense(2) as out }", "t: prob[2] = [p, q]", "cross_entropy"),
        (logit, "y: binary", "binary_cross_entropy"),
        (logit, "y: prob[1] = [p]", "binary_cross_entropy"),
        (logs, "k: class[3]", "nll"),
    ];
    let programs: Vec<(String, String)> =
        cases.iter().map(|(model, target, loss)| (loss.to_string(), program(model, target, loss, ""))).collect();
    check_all(&programs);
}

#[test]
fn through_every_layer_and_regularizer_are_true() {
    let model = |body: &str| format!("x: f32[2] -> f32[2] {{ x {body} |> dense(2) as out }}");
    let cases = [
        ("no bias", model("|> dense(3, tanh, bias: no) as hidden")),
        ("flatten", model("|> dense(4, tanh) as hidden |> flatten")),
        ("dropout", model("|> dense(4, relu) as hidden |> dropout(30%)")),
        ("layer norm", model("|> dense(4, tanh) as hidden |> layer_norm as norm")),
        ("batch norm", model("|> dense(4) as hidden |> batch_norm as norm |> relu")),
        ("deep", model("|> repeat(3, dense(4, tanh)) as deep")),
        (
            "a convolution",
            model("|> dense(6, tanh) as hidden |> reshape([3, 2]) |> conv(2, stride: 2) as c |> max_pool |> flatten"),
        ),
        (
            "a way back",
            model("|> dense(4, tanh) as hidden |> reshape([2, 2]) |> conv_transpose(1, stride: 2) as c |> flatten"),
        ),
        ("a residue", "x: f32[2] -> f32[2] { h = x |> dense(2, tanh) as one\n h + (h |> dense(2, gelu) as two) }".into()),
        (
            "embedding",
            "(x: f32[2], colour: class[C]) -> f32[2] { concat(x, colour |> embed(3) as colours) |> dense(2) as out }"
                .into(),
        ),
        (
            "formulas",
            "x: f32[2] -> f32[2] { param w: f32[2, 3] ~ glorot\n h = for i in 3 => sum(for j in 2 => x[j] * w[j, i]^2)\n \
             p = softmax(h)\n [sum(p * h), max(h)] |> dense(2) as out }"
                .into(),
        ),
    ];
    let mut programs: Vec<(String, String)> =
        cases.iter().map(|(name, model)| (name.to_string(), program(model, NUMBERS, "mse", ""))).collect();
    for regularizer in ["l1(0.1)", "l2(0.1)", "elastic(l1: 0.1, l2: 0.2)"] {
        let block = format!("regularize {{ {regularizer} on *.w }}");
        programs.push((regularizer.into(), program(&model("|> dense(3, tanh) as hidden"), NUMBERS, "mse", &block)));
    }
    check_all(&programs);
}

fn shown(path: &str, pattern: &str) -> String {
    let program = programs(Path::new(path), None).remove(0);
    let lines = program.formulas(&program.selected(pattern).unwrap()).unwrap();
    let plain: String = lines.iter().map(|line| format!("{} = {}\n", line.name, text(&line.expr))).collect();
    format!("{plain}\n{}", latex(&lines))
}

#[test]
fn read_like_a_paper() {
    insta::assert_snapshot!("of_xor", shown("examples/xor.dlm", "hidden.w"));
    insta::assert_snapshot!("of_all_of_xor", shown("examples/xor.dlm", "*"));
    insta::assert_snapshot!("of_the_first_layer_of_digits", shown("examples/digits.dlm", "fc1.w"));
    insta::assert_snapshot!("of_the_perceptron", shown("examples/perceptron.dlm", "w"));
    insta::assert_snapshot!("of_an_embedding", shown("examples/penguins.dlm", "sexes.w"));
}
