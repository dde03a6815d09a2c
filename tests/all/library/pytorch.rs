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
