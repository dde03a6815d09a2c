//! The library beside PyTorch: values and gradients that its layers, functions, losses and optimizers gave in float64.
//!
//! `tests/fixtures/pytorch/make.py` made them, and says from what.

use serde_json::Value;

use super::layers::model;
use super::optimizers::{descended, parabola};
use super::*;

/// The examples of a layer's case.
const N: usize = 2;

fn fixtures(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("cases in JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|it| it.as_f64().expect("a number")).collect()
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().expect(key)
}

/// Numbers as an array of a door's type.
fn fed(value: &Value, (shape, dtype): &(Vec<usize>, Dtype)) -> Wide {
    Wide { shape: shape.clone(), dtype: *dtype, data: numbers(value) }
}

/// The gradient of the first result in each f32 door that is read.
fn gradients(function: &Function, states: &[Wide], feeds: &[Wide]) -> Vec<(Slot, Wide)> {
    let doors = float_doors(function);
    let mut graph = function.graph.clone();
    let wanted: Vec<Id> = doors.iter().map(|it| it.1).collect();
    let found = grad(&mut graph, function.results[0], &wanted);
    let found = evaluate_f64(&graph, &found, states, feeds, CLOCK);
    doors.into_iter().map(|it| it.0).zip(found).collect()
}

/// A layer's case: what it gives, the loss of it, and the gradients of that in the input and in each parameter.
fn holds(case: &Value) {
    let name = word(case, "name");
    let shape: Vec<String> = numbers(&case["shape"]).iter().map(f64::to_string).collect();
    let (input, taken, start) = match case["classes"].as_u64() {
        Some(classes) => (format!("class[{classes}]"), "class[V]".to_string(), "input = x".to_string()),
        None => {
            let size: f64 = numbers(&case["shape"]).iter().product();
            let ty = format!("f32[{size}]");
            (ty.clone(), ty, format!("input = reshape(x, [{}])", shape.join(", ")))
        }
    };
    let weight = case["states"]["s"].as_array().map(|s| format!("param s: f32[{}] ~ ones\n  ", s.len()));
    let body = format!("{}{start}\n  ({}) |> flatten", weight.unwrap_or_default(), word(case, "expr"));
    let program = model(&input, &taken, &format!("f32[{}]", case["width"]), &body);
    let paths: Vec<&str> = program.states.iter().map(|it| &it.path[..]).collect();

    let training = case["training"].as_bool().expect("yes or no");
    let function = program.objective(N, training);
    let states: Vec<Wide> = function
        .states
        .iter()
        .zip(&paths)
        .map(|(kind, path)| match &case["states"][path] {
            // What a layer remembers and PyTorch was not asked about.
            Value::Null => Wide { shape: kind.0.clone(), dtype: kind.1, data: vec![0.0; kind.0.iter().product()] },
            given => fed(given, kind),
        })
        .collect();
    let feeds = [fed(&case["x"], &function.feeds[0]), fed(&case["y"], &function.feeds[1])];
    let loss = evaluate_f64(&function.graph, &function.results, &states, &feeds, CLOCK).remove(0).data;
    close(&loss, &[case["loss"].as_f64().expect("a number")], 2e-6, &format!("{name}: the loss"));
    let mut seen = 0;
    for (slot, found) in gradients(&function, &states, &feeds) {
        let (what, expected) = match slot {
            Slot::State(slot) => (paths[slot as usize], &case["gradients"][paths[slot as usize]]),
            Slot::Feed(0) => ("the input", &case["dx"]),
            _ => continue,
        };
        if *expected != Value::Null {
            close(&found.data, &numbers(expected), 2e-6, &format!("{name}: the gradient in {what}"));
            seen += 1;
        }
    }
    let wanted = case["gradients"].as_object().expect("by path").len() + usize::from(!case["dx"].is_null());
    assert_eq!(seen, wanted, "{name}: {paths:?}");
    if !training {
        let function = program.predict(N);
        let out = evaluate_f64(&function.graph, &function.results, &states, &feeds[..1], CLOCK).remove(0).data;
        close(&out, &numbers(&case["out"]), 2e-6, &format!("{name}: what it gives"));
    }
}

#[test]
fn layers_are_those_of_pytorch() {
    let all = fixtures(include_str!("../../fixtures/pytorch/layers.json"));
    all.iter().for_each(holds);
    assert!(all.len() >= 30);
}

#[test]
fn functions_are_those_of_pytorch() {
    let all = fixtures(include_str!("../../fixtures/pytorch/functions.json"));
    all.iter().for_each(holds);
    assert!(all.len() >= 25);
}

#[test]
fn losses_are_those_of_pytorch() {
    for case in fixtures(include_str!("../../fixtures/pytorch/losses.json")) {
        let (name, result) = (word(&case, "loss"), word(&case, "result"));
        let width = numbers(&case["s"]).len();
        let rest = format!(
            "model m on x: f32[{width}] -> {result} {{\n  param s: f32[{width}] ~ ones\n  s * x\n}}\n\
             train {{\n  model: m\n  data: points\n  loss: {name}\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
        );
        let function = with_data(&format!("f32[{width}]"), word(&case, "target"), &rest).objective(3, true);
        let states = [fed(&case["s"], &function.states[0])];
        let feeds = [fed(&case["x"], &function.feeds[0]), fed(&case["y"], &function.feeds[1])];
        let value = evaluate_f64(&function.graph, &function.results, &states, &feeds, CLOCK).remove(0).data;
        close(&value, &[case["value"].as_f64().expect("a number")], 2e-6, name);
        for (slot, found) in gradients(&function, &states, &feeds) {
            match slot {
                Slot::State(0) => close(&found.data, &numbers(&case["ds"]), 2e-6, &format!("{name}: ∂s")),
                Slot::Feed(0) => close(&found.data, &numbers(&case["dx"]), 2e-6, &format!("{name}: ∂x")),
                _ => {}
            }
        }
    }
}

/// Of a matrix, of a tensor with three axes and of a vector.
#[test]
fn of_matrices_optimizers_take_the_steps_of_pytorch() {
    for case in fixtures(include_str!("../../fixtures/pytorch/matrices.json")) {
        let name = word(&case, "optimizer");
        let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|&it| it as usize).collect();
        let (leave, size) = (shape[shape.len() - 1], shape.iter().product::<usize>());
        let enter = size / leave;
        let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let rest = format!(
            "model m on x: f32[{enter}] -> f32[{leave}] {{\n  param w: f32[{}] ~ zeros\n  x @ reshape(w, [{enter}, {leave}])\n}}\n\
             train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: {name}\n  for: 100 steps\n}}\n",
            axes.join(", ")
        );
        let program = with_data(&format!("f32[{enter}]"), &format!("f32[{leave}]"), &rest);
        let function = program.step(dlmc::model::program::Pace { batch: 7, epoch: 1, total: 100 });
        let single = |value: &Value| numbers(value).iter().map(|&it| it as f32).collect::<Vec<f32>>();
        for backend in Backend::ALL {
            let mut states = compile::executor(&program.initial(), backend).run(&mut [], &[], CLOCK);
            states[0] = Array::f32(&shape, single(&case["start"]));
            let feeds = [Array::f32(&[7, enter], single(&case["x"])), Array::f32(&[7, leave], single(&case["y"]))];
            let mut step = compile::executor(&function, backend);
            for (t, expected) in (1..).zip(case["after"].as_array().expect("updates")) {
                step.run(&mut states, &feeds.iter().collect::<Vec<_>>(), Clock { seed: 0, step: t });
                let found = Wide::from(&states[0]).data;
                close(&found, &numbers(expected), 1e-5, &format!("{name} of {shape:?} on {backend:?} at {t}"));
            }
        }
    }
}

/// Of a matrix adafactor remembers its margins, of all else all squares.
#[test]
fn of_a_matrix_adafactor_remembers_rows_and_columns() {
    let rest = "model m on x: f32[6] -> f32[4] = x |> dense(4) as out\n\
                train {\n  model: m\n  data: points\n  loss: mse\n  optimizer: adafactor\n  for: 9 steps\n}\n";
    let program = with_data("f32[6]", "f32[4]", rest);
    let states: Vec<(&str, &[usize])> = program.states.iter().map(|it| (&*it.path, &*it.shape)).collect();
    let expected: [(&str, &[usize]); 5] = [
        ("out.w", &[6, 4]),
        ("out.b", &[4]),
        ("rows of out.w", &[6]),
        ("columns of out.w", &[4]),
        ("v of out.b", &[4]),
    ];
    for it in expected {
        assert!(states.contains(&it), "{it:?} in {states:?}");
    }
    assert_eq!(states.len(), expected.len(), "{states:?}");
}

#[test]
fn schedules_are_those_of_pytorch() {
    for case in fixtures(include_str!("../../fixtures/pytorch/schedules.json")) {
        let name = word(&case, "schedule");
        let function = super::schedules::rate(name, "1.0");
        let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 2);
        let rate = function.results[2];
        let (states, feeds) = (wide(&states), wide(&feeds));
        let found: Vec<f64> = (1..=100)
            .map(|step| evaluate_f64(&function.graph, &[rate], &states, &feeds, Clock { seed: 0, step })[0].data[0])
            .collect();
        close(&found, &numbers(&case["factors"]), 1e-6, name);
    }
}

/// What `torch.nn.init` draws from, for 300 numbers that enter and 400 that leave, and for windows of 3 × 3 places.
#[test]
fn initialisers_draw_from_what_pytorch_draws_from() {
    use super::initialisers::{Normal, Uniform, check, initial};
    for case in fixtures(include_str!("../../fixtures/pytorch/initialisers.json")) {
        let name = word(&case, "init");
        for (key, shape, size) in [("dense", "300, 400", 120_000), ("window", "3, 3, 40, 350", 126_000)] {
            let of = case[key].as_array().expect("a distribution");
            let width = of[2].as_f64().expect("a number");
            let spread = if of[0] == "uniform" { Uniform(width) } else { Normal(width) };
            let all = initial(&format!("param w: f32[{shape}] ~ {name}\n  sum(w) * x |> dense(1) as out"), 5);
            let draws = all.iter().find(|it| it.len() == size).expect("the parameter");
            check(draws, &spread, &format!("{name} of {key}"));
        }
    }
}

#[test]
fn optimizers_take_the_steps_of_pytorch() {
    for case in fixtures(include_str!("../../fixtures/pytorch/optimizers.json")) {
        let name = word(&case, "optimizer");
        let after: Vec<Vec<f64>> = case["after"].as_array().expect("updates").iter().map(numbers).collect();
        for backend in Backend::ALL {
            for (found, expected) in descended(&parabola(name, ""), backend).iter().zip(&after) {
                close(found, expected, 3e-6, &format!("{name} on {backend:?}"));
            }
        }
        assert_eq!(after.len(), 12);
    }
}
