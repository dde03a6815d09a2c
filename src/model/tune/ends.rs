//! The program at the values that a search will try: what is right as it is written may be wrong there.

use std::path::Path;

use super::{Key, Point, TunePlan, may_be_searched};
use crate::model::check::{Fill, Outline, is_error, outline_with, starts_in};
use crate::model::train::{self, Context, first_word};
use crate::problem::training::UnknownMetricPath;
use crate::problem::{Label, Problem, ticked};
use crate::source::{Span, World};
use crate::syntax::tree::Item;

/// What is wrong with a program at the ends of the ranges that `plans` search, in their middles, and at all choices, each
/// alone. `known` is what is wrong with it as it is.
pub fn at_the_ends(
    program: (&dyn World, &Path, &str),
    set: &[(String, String)],
    plans: &[TunePlan],
    known: &[Problem],
) -> Vec<Problem> {
    let mut told: Vec<Problem> = vec![];
    for plan in plans {
        for key in &plan.keys {
            // One cause makes one problem at many values: it is told at the first of them.
            let mut causes: Vec<(&str, Option<Span>)> = vec![];
            for point in &key.points {
                for problem in at(program, set, plan, key, point).into_iter().filter(is_error) {
                    // What is wrong with a value of a part is told of the part.
                    if parts(plan, key).any(|part| starts_in(&problem, part.written)) {
                        continue;
                    }
                    let cause = (problem.code, problem.labels.first().map(|label| label.span));
                    if known.contains(&problem) || causes.contains(&cause) {
                        continue;
                    }
                    causes.push(cause);
                    told.push(placed(problem, key, point));
                }
            }
        }
    }
    told
}

/// What is wrong with the program whose setting `key` is `point`.
fn at(
    (world, path, text): (&dyn World, &Path, &str),
    set: &[(String, String)],
    plan: &TunePlan,
    key: &Key,
    point: &Point,
) -> Vec<Problem> {
    let fill = |key: &Key, point: &Point| Fill { path: key.path.clone(), value: point.value.clone(), at: key.at };
    // What is searched within this setting must be there whatever this one is.
    let parts = parts(plan, key).map(|it| fill(it, &it.points[0]));
    let fills: Vec<Fill> = std::iter::once(fill(key, point)).chain(parts).collect();
    let mut problems = vec![];
    let outline = outline_with(world, path, text, (set, &fills), &mut problems);
    let Outline { sources, tree, modules, module, library_files, .. } = outline;
    let modules = std::sync::Arc::new(modules);
    let context = Context { modules: &modules, library_files, module, tree: &tree, sources: &sources };
    let block = tree.items.iter().find_map(|item| match item {
        Item::Train(block) if block.name.as_ref().map(|name| name.as_str()) == plan.train.as_deref() => Some(block),
        _ => None,
    });
    let block = block.expect("the plan names it");
    let Ok(program) = train::check(&context, block, &mut problems) else { return problems };
    _ = may_be_searched(&program, first_word(plan.span, "tune"), &mut problems);
    if plan.objective_of(&program).is_none() {
        let names = program.train.metrics.iter().map(|it| format!("val.{}", it.name));
        let known = ticked(&std::iter::once("val.loss".to_string()).chain(names).collect::<Vec<_>>());
        let (path, at) = (plan.metric.clone(), plan.objective.span);
        problems.push(UnknownMetricPath { path, at, near: None, metric: None, known }.into());
    }
    problems
}

/// What is searched within the setting `key`.
fn parts<'p>(plan: &'p TunePlan, key: &Key) -> impl Iterator<Item = &'p Key> + use<'p> {
    let part = format!("{}.", key.path);
    plan.keys.iter().filter(move |it| it.path.starts_with(&part))
}

/// The problem with the value at which it shows, unless it is told of the value itself.
fn placed(mut problem: Problem, key: &Key, point: &Point) -> Problem {
    let value = if point.written { point.value.span } else { key.written };
    let said = format!("with {} for `{}`", point.text, key.path);
    let is_there = problem.labels.iter().any(|label| label.span == value);
    if is_there && !point.written {
        problem.notes.push(format!("so it is {said}, which lies in the range"));
    } else if !is_there {
        problem.labels.push(Label { span: value, text: said });
    }
    // A repair would be one of the program as it is written.
    if problem.labels.first().is_none_or(|label| label.span.file != value.file || label.span != value) {
        problem.edits.clear();
    }
    problem
}
