//! Gradients as formulas: the text is read back by the language's own front end, and agrees with the graph.

use std::path::Path;

use dlmc::compile::check;
use dlmc::model::Program;
use dlmc::model::program::StateRole;
use dlmc::source::Disk;
use dlmc::tensor::formula::text::text;
use dlmc::tensor::{Array, Clock, Data, Dtype, Wide, evaluate, evaluate_f64};

use crate::functions::Dice;

const EXAMPLES: usize = 6;
const CLOCK: Clock = Clock { seed: 3, step: 2 };

fn programs(path: &Path, program: Option<&str>) -> Vec<Program> {
    let checked = check(&Disk, path, program.map(str::to_string), &[]).unwrap();
    assert!(checked.is_sound(), "{}: {:?}", path.display(), checked.problems);
    checked.programs
}

/// Numbers as a training step may see them: fields by their meaning, states around nothing.
fn values(program: &Program) -> (Vec<Array>, Vec<Array>) {
    let mut dice = Dice::new(7);
    let mut real = move || (dice.below(20_000) as f32 - 10_000.0) / 8_000.0;
    let states = program.states.iter().map(|state| {
        let size: usize = state.shape.iter().product();
        Array::f32(&state.shape, (0..size).map(|_| real()).collect())
    });
    let states: Vec<Array> = states.collect();
    let mut dice = Dice::new(8);
    let feeds = program.feeds.iter().map(|&field| {
        let plan = &program.data.fields[field];
        let shape = [&[EXAMPLES][..], &plan.shape].concat();
        let size: usize = shape.iter().product();
        match plan.dtype {
            Dtype::I32 => Array::i32(&shape, (0..size).map(|_| dice.below(values_of(&plan.ty)) as i32).collect()),
            _ => Array::f32(&shape, (0..size).map(|_| dice.below(1000) as f32 / 1000.0).collect()),
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

/// Writes the gradients of all parameters, reads the text, and compares with the interpreter.
fn check_program(name: &str, program: &Program) {
    let slots: Vec<u32> = (0..program.states.len() as u32)
        .filter(|&slot| program.states[slot as usize].role == StateRole::Parameter)
        .collect();
    let (states, feeds) = values(program);
    let expected = program.gradient(&slots, EXAMPLES, true);
    let wanted: Vec<Vec<u32>> = slots.iter().map(|&slot| vec![slot]).chain([slots.clone()]).collect();
    for chosen in wanted {
        let lines = program.formulas(&chosen).unwrap_or_else(|| panic!("{name}: no words"));
        let texts: Vec<String> = lines.iter().map(|line| text(&line.expr)).collect();
        let shown: String =
            lines.iter().zip(&texts).map(|(line, text)| format!("{} = {text}\n", line.name)).collect();
        let read = program.read_formulas(&lines, &texts, EXAMPLES).unwrap_or_else(|it| panic!("{name}:\n{shown}{it:#?}"));
        let wide = |arrays: &[Array]| arrays.iter().map(wide).collect::<Vec<_>>();
        let (s, f) = (wide(&states), wide(&feeds));
        let results: Vec<_> = chosen
            .iter()
            .map(|slot| expected.results[slots.iter().position(|it| it == slot).unwrap()])
            .collect();
        let right = evaluate_f64(&expected.graph, &results, &s, &f, CLOCK);
        let found = evaluate_f64(&read.graph, &read.results, &s, &f, CLOCK);
        for ((slot, right), found) in chosen.iter().zip(&right).zip(&found) {
            let path = &program.states[*slot as usize].path;
            close(&format!("{name}: {path}\n{shown}"), &right.data, &found.data, 1e-6);
        }
        let right = evaluate(&expected.graph, &results, &states, &feeds, CLOCK);
        let found = evaluate(&read.graph, &read.results, &states, &feeds, CLOCK);
        for ((slot, right), found) in chosen.iter().zip(&right).zip(&found) {
            let path = &program.states[*slot as usize].path;
            let wide = |it: &Array| it.floats().iter().map(|it| f64::from(*it)).collect::<Vec<_>>();
            close(&format!("{name}: {path}\n{shown}"), &wide(right), &wide(found), 2e-5);
        }
    }
}

fn wide(array: &Array) -> Wide {
    let data = match &array.data {
        Data::F32(data) => data.iter().map(|it| f64::from(*it)).collect(),
        Data::I32(data) => data.iter().map(|it| f64::from(*it)).collect(),
        Data::Bool(data) => data.iter().map(|it| f64::from(u8::from(*it))).collect(),
    };
    Wide { shape: array.shape.clone(), dtype: array.dtype(), data }
}

/// Within `tolerance` of the largest number there is.
fn close(what: &str, right: &[f64], found: &[f64], tolerance: f64) {
    assert_eq!(right.len(), found.len(), "{what}");
    let scale = right.iter().fold(1e-6f64, |most, it| most.max(it.abs()));
    for (at, (a, b)) in right.iter().zip(found).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what}\nat {at}: {a} from the graph, {b} from the text");
    }
}

#[test]
fn of_every_example_are_true() {
    for entry in std::fs::read_dir("examples").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "dlm") {
            for program in programs(&path, None) {
                let train = program.name.clone().unwrap_or_default();
                check_program(&format!("{} {train}", path.display()), &program);
            }
        }
    }
}
