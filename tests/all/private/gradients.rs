//! The gradient of each example by itself: as if it were alone, whatever layer it goes through.

use super::*;
use dlmc::tensor::{Graph, Id, Interpreter, Op, Slot, View, squares};

/// Models, each with the width of its input, or the number of its values where it takes a class; and what else is set.
const CASES: [(&str, Input, &str, &str); 16] = [
    ("a dense layer", Input::Numbers(3), "dense(4, tanh) as a |> dense(2) as b", ""),
    ("a layer used twice", Input::Numbers(3), "dense(3, tanh) as a |> a |> dense(2) as b", ""),
    (
        "dense layers at several places",
        Input::Numbers(12),
        "reshape([4, 3]) |> dense(5, gelu) as a |> flatten |> dense(2) as b",
        "",
    ),
    (
        "a convolution",
        Input::Numbers(50),
        "reshape([5, 5, 2]) |> conv(3, act: relu) as a |> max_pool(2, rest: drop) |> flatten |> dense(2) as b",
        "",
    ),
    (
        "a convolution with strides and groups",
        Input::Numbers(72),
        "reshape([6, 6, 2]) |> conv(4, stride: 2, groups: 2) as a |> flatten |> dense(2) as b",
        "",
    ),
    (
        "a convolution back",
        Input::Numbers(18),
        "reshape([3, 3, 2]) |> conv_transpose(3, stride: 2) as a |> flatten |> dense(2) as b",
        "",
    ),
    ("a norm of layers", Input::Numbers(4), "dense(6) as a |> layer_norm as n |> dense(2) as b", ""),
    ("a norm of roots", Input::Numbers(4), "dense(6) as a |> rms_norm as n |> dense(2) as b", ""),
    (
        "a norm of groups",
        Input::Numbers(32),
        "reshape([4, 4, 2]) |> conv(4) as a |> group_norm(groups: 2) as n |> flatten |> dense(2) as b",
        "",
    ),
    ("an embedding", Input::Class(7), "embed(3) as a |> dense(2) as b", ""),
    ("a recurrence", Input::Numbers(8), "reshape([4, 2]) |> rnn(3) as a |> flatten |> dense(2) as b", ""),
    (
        "a gated recurrence",
        Input::Numbers(8),
        "reshape([4, 2]) |> bidirectional(gru(3)) as a |> flatten |> dense(2) as b",
        "",
    ),
    ("a long memory", Input::Numbers(8), "reshape([4, 2]) |> lstm(3) as a |> flatten |> dense(2) as b", ""),
    ("attention", Input::Numbers(16), "reshape([4, 4]) |> attention(heads: 2) as a |> flatten |> dense(2) as b", ""),
    (
        "an adapter",
        Input::Numbers(3),
        "dense(4, tanh) as a |> dense(2) as b",
        "transfer from \"w.safetensors\" { adapt lora(rank: 2) on a.w }",
    ),
    (
        "a frozen part",
        Input::Numbers(3),
        "dense(4, tanh) as a |> dense(3, tanh) as c |> dense(2) as b",
        "freeze a, b.b",
    ),
];

#[derive(Clone, Copy)]
enum Input {
    Numbers(usize),
    Class(usize),
}

const ROWS: usize = 5;

fn text(input: Input, stages: &str, settings: &str, clip: f64) -> String {
    let (ty, columns, takes) = match input {
        Input::Numbers(width) => {
            let columns: Vec<String> = (0..width).map(|at| format!("x{at}")).collect();
            let of = if width == 1 { columns[0].clone() } else { format!("[{}]", columns.join(", ")) };
            (format!("f32[{width}] = {of}"), columns, format!("f32[{width}]"))
        }
        Input::Class(values) => {
            let words: Vec<String> = (0..values).map(|at| format!("\"w{at}\"")).collect();
            (format!("class[{}] = x0", words.join(", ")), vec!["x0".to_string()], format!("class[{values}]"))
        }
    };
    let cell = |input: Input| if matches!(input, Input::Class(_)) { "w0" } else { "0" };
    format!(
        "dlm 1
data them {{
  source: table {{
    | {} | y0 | y1 |
    | {} | 0 | 0 |
  }}
  input x: {ty}
  target y: f32[2] = [y0, y1]
}}
model net on x: {takes} -> f32[2] = x |> {stages}
train {{
  model: net
  data: them
  loss: mse
  optimizer: sgd(lr: 1)
  for: 1 epoch
  {settings}
  privacy {{
    method: dp_sgd(clip: {clip:?})
    budget: epsilon(3, delta: 1e-5)
  }}
}}
",
        columns.join(" | "),
        columns.iter().map(|_| cell(input)).collect::<Vec<_>>().join(" | "),
    )
}

fn fed(input: Input) -> Vec<Array> {
    let x = match input {
        Input::Numbers(width) => Array::f32(&[ROWS, width], numbers(ROWS * width, 1)),
        Input::Class(values) => Array::i32(&[ROWS], (0..ROWS).map(|row| ((row * 3) % values) as i32).collect()),
    };
    vec![x, Array::f32(&[ROWS, 2], numbers(ROWS * 2, 2))]
}

/// The parameters that training moves.
fn moving(settings: &str, program: &Program) -> Vec<u32> {
    let is_frozen = |slot: &u32| {
        let path = &program.states[*slot as usize].path;
        let is_adapted = settings.contains("adapt") && path == "a.w";
        is_adapted || settings.contains("freeze") && (path.starts_with("a.") || path == "b.b")
    };
    parameters(program).into_iter().filter(|slot| !is_frozen(slot)).collect()
}

#[test]
fn each_gradient_is_that_of_its_example_alone() {
    for (what, input, stages, settings) in CASES {
        let free = program(&text(input, stages, settings, 1e6));
        let (slots, feeds) = (moving(settings, &free), fed(input));
        let before = states(&free, 3);
        let own = &before[..free.states.len()];
        let alone: Vec<Vec<Vec<f64>>> = (0..ROWS).map(|row| gradient_of(&free, &slots, own, &feeds, row)).collect();
        // Some are longer than that, some are not.
        let mut norms: Vec<f64> = alone.iter().map(|it| norm(it)).collect();
        norms.sort_by(f64::total_cmp);
        assert!(norms[0] > 1e-3 && norms[ROWS - 1] > 1.05 * norms[0], "{what}: {norms:?}");
        for clip in [norms[ROWS / 2], 1e6] {
            let program = program(&text(input, stages, settings, clip));
            let present = [1.0, 1.0, 0.0, 1.0, 1.0];
            let function = pass(&program, ROWS, true);
            let [there, deviation, expected] = behind(&present, 0.0, 1.0);
            let all: Vec<&Array> = feeds.iter().chain([&there, &deviation, &expected]).collect();
            let mut runs: Vec<(String, Box<dyn Executor>)> =
                vec![("as it is".into(), Box::new(Interpreter::new(function.clone())))];
            runs.extend(Backend::ALL.map(|backend| (backend.word().to_string(), executor(&function, backend))));
            for (by, mut run) in runs {
                let mut after = before.clone();
                run.run(&mut after, &all, Clock { seed: 1, step: 1 });
                for (at, &slot) in slots.iter().enumerate() {
                    let path = &program.states[slot as usize].path;
                    for place in 0..before[slot as usize].size() {
                        let kept = (0..ROWS).filter(|row| present[*row] > 0.0);
                        let shortened = kept.map(|row| alone[row][at][place] * (clip / norm(&alone[row])).min(1.0));
                        let expected: f64 = shortened.sum();
                        let floats = |states: &[Array]| f64::from(states[slot as usize].floats()[place]);
                        let found = floats(&before) - floats(&after);
                        let close = (found - expected).abs() < 2e-4 * (1.0 + clip.min(norms[ROWS - 1]));
                        assert!(close, "{what}, {by}, {path} at {place}: {found} and {expected}");
                    }
                }
                for slot in parameters(&program).into_iter().filter(|slot| !slots.contains(slot)) {
                    assert_eq!(before[slot as usize], after[slot as usize], "{what}: frozen");
                }
                // The sums are empty again.
                assert!(after[program.states.len()..].iter().all(|it| it.floats().iter().all(|it| *it == 0.0)));
            }
        }
    }
}

/// Without noise, and with nothing to clip, an update is what it is without privacy.
#[test]
fn what_hides_nothing_is_the_usual_update() {
    let (_, input, stages, _) = CASES[3];
    let settings = "regularize { l2(0.01) on *.w }\n  clip: norm(0.05)";
    let adam = |clip| text(input, stages, settings, clip).replace("sgd(lr: 1)", "adam(lr: 0.01)");
    let program = program(&adam(1e9));
    let usual = program.step(Pace { batch: ROWS, epoch: 1, total: 1 });
    let (before, feeds) = (states(&program, 3), fed(input));
    let own = program.states.len();
    let [there, deviation, expected] = behind(&[1.0; ROWS], 0.0, ROWS as f32);
    for backend in Backend::ALL {
        let (mut one, mut other) = (before[..own].to_vec(), before.clone());
        let told =
            executor(&usual, backend).run(&mut one, &feeds.iter().collect::<Vec<_>>(), Clock { seed: 1, step: 1 });
        let all: Vec<&Array> = feeds.iter().chain([&there, &deviation, &expected]).collect();
        let sums = executor(&pass(&program, ROWS, true), backend).run(&mut other, &all, Clock { seed: 1, step: 1 });
        let (mean, sum) = (told[0].floats()[0], sums[0].floats()[0]);
        assert!((mean - sum / ROWS as f32).abs() < 1e-5 * mean.abs(), "{mean} {sum}");
        for ((one, other), state) in one.iter().zip(&other).zip(&program.states) {
            for (one, other) in one.floats().iter().zip(other.floats()) {
                assert!((one - other).abs() < 1e-4, "{} on {backend:?}: {one} {other}", state.path);
            }
        }
    }
}

/// An update in several passes is one in one pass, whatever their number and whatever fills the rows that are left.
#[test]
fn passes_add_up() {
    let (_, input, stages, _) = CASES[0];
    let program = program(&text(input, stages, "", 0.2));
    let (before, feeds) = (states(&program, 3), fed(input));
    let run = |after: &mut Vec<Array>, rows: &[usize], present: &[f32], is_last: bool| {
        let some = rows_of(&feeds, rows);
        let [there, deviation, expected] = behind(present, 0.7, 4.0);
        let all: Vec<&Array> = some.iter().chain([&there, &deviation, &expected]).collect();
        let mut function = executor(&pass(&program, rows.len(), is_last), Backend::Native);
        function.run(after, &all, Clock { seed: 9, step: 4 })
    };
    let (mut one, mut several) = (before.clone(), before.clone());
    let whole = run(&mut one, &[0, 1, 2, 3, 4], &[1.0; 5], true);
    run(&mut several, &[3, 0], &[1.0, 1.0], false);
    run(&mut several, &[4, 1], &[1.0, 0.0], false);
    let last = run(&mut several, &[1, 2], &[1.0, 1.0], true);
    assert!((whole[0].floats()[0] - last[0].floats()[0]).abs() < 1e-4);
    for (one, several) in one.iter().zip(&several) {
        for (one, several) in one.floats().iter().zip(several.floats()) {
            assert!((one - several).abs() < 1e-5, "{one} {several}");
        }
    }
}

/// The squares of rows, known from what the rows are made of.
#[test]
fn squares_of_rows_are_those_of_their_elements() {
    let mut graph = Graph::default();
    let mut feeds: Vec<Array> = vec![];
    let mut feed = |graph: &mut Graph, shape: &[usize]| {
        feeds.push(Array::f32(shape, numbers(shape.iter().product(), feeds.len())));
        graph.input(Slot::Feed(feeds.len() as u32 - 1), shape, dlmc::tensor::Dtype::F32)
    };
    let (a, b, c) = (feed(&mut graph, &[3, 4]), feed(&mut graph, &[3, 5]), feed(&mut graph, &[3, 2, 4]));
    let (d, e) = (feed(&mut graph, &[3, 2, 5]), feed(&mut graph, &[3, 4, 6]));
    let (f, g) = (feed(&mut graph, &[3, 6, 2]), feed(&mut graph, &[3, 2, 2, 6]));
    let index = |count: usize| Array::i32(&[3, count], (0..3 * count).map(|at| ((at * 5) % 7) as i32 - 1).collect());
    let few = feeds.len();
    let all = [index(2), index(6)];
    let at = |graph: &mut Graph, at: usize| {
        graph.input(Slot::Feed((few + at) as u32), &all[at].shape, dlmc::tensor::Dtype::I32)
    };
    let (two, six) = (at(&mut graph, 0), at(&mut graph, 1));
    let outer = graph.contract("ni,no->nio", a, b);
    let turned = graph.contract("no,ni->nio", b, a);
    let batched = graph.contract("nti,nto->ntio", c, d);
    let summed = graph.contract("nti,nto->nio", c, d);
    let permuted = graph.permute(outer, &[0, 2, 1]);
    let flat = graph.reshape(permuted, &[3, 20]);
    let minus = graph.map(dlmc::scalar::Scalar::Neg, &[flat]);
    let padded = graph.view(View::Pad { axis: 1, before: 1, after: 2, between: 1 }, minus);
    let cut = graph.fold(View::Slice { axis: 1, start: 3, step: 2, len: 2 }, g, &[3, 9, 2, 6]);
    let few_in_many = graph.scatter_add(d, two, 1, 1, &[3, 6, 5]);
    let many_in_few = graph.scatter_add(f, six, 1, 1, &[3, 6, 2]);
    let behind = graph.scatter_add(g, two, 2, 1, &[3, 2, 6, 6]);
    let wanted = [outer, turned, batched, summed, permuted, flat, padded, cut, few_in_many, many_in_few, behind, e];
    let mut both: Vec<Id> = vec![];
    for &id in &wanted {
        let square = graph.map(dlmc::scalar::Scalar::Mul, &[id, id]);
        let mut plain = square;
        while graph.shape(plain).len() > 1 {
            plain = graph.sum(plain, 1);
        }
        both.extend([squares(&mut graph, id), plain]);
    }
    let feeds: Vec<Wide> = feeds.iter().chain(&all).map(Wide::from).collect();
    let found = evaluate_f64(&graph, &both, &[], &feeds, Clock { seed: 0, step: 1 });
    for (at, pair) in found.chunks(2).enumerate() {
        assert_eq!(pair[0].shape, [3]);
        for (one, other) in pair[0].data.iter().zip(&pair[1].data) {
            assert!((one - other).abs() < 1e-9 * (1.0 + other.abs()), "{at}: {one} {other}");
        }
    }
}

/// What is the same for all examples is not kept for each of them: the sum of gradients is that of the usual step, and where
/// nothing is summed within a gradient, nothing as large as a parameter for each example is computed.
#[test]
fn nobody_writes_down_the_gradient_of_each_example() {
    let widest = |stages: &str, input| {
        let program = program(&text(input, stages, "", 1.0));
        let function = dlmc::compile::simplified(&pass(&program, ROWS, true));
        let is_made = |id: &Id| !matches!(function.graph[*id].op, Op::View(_) | Op::Input(_) | Op::Const(_));
        let needed = function.needed().into_iter().filter(is_made);
        needed.map(|id| function.graph[id].size()).max().expect("some nodes")
    };
    // 40 x 30 numbers in the largest parameter.
    assert_eq!(widest("dense(30, tanh) as a |> dense(2) as b", Input::Numbers(40)), 1200);
    // A recurrence reads its weights as they are, turn by turn.
    let program =
        program(&text(Input::Numbers(8), "reshape([4, 2]) |> rnn(3) as a |> flatten |> dense(2) as b", "", 1.0));
    let function = dlmc::compile::simplified(&pass(&program, ROWS, true));
    let scans = function.needed().into_iter().filter(|id| matches!(function.graph[*id].op, Op::Scan { .. }));
    let read = scans.flat_map(|id| function.graph[id].args.clone()).map(|id| function.graph.shape(id).to_vec());
    let read: Vec<Vec<usize>> = read.collect();
    assert!(read.contains(&vec![3, 3]) && !read.contains(&vec![ROWS, 3, 3]), "{read:?}");
    // A table of 40 rows with 30 numbers each.
    assert_eq!(widest("embed(30) as a |> dense(2) as b", Input::Class(40)), 1200);
}
