//! The formulas of a program's gradients: which words of the program stand for which nodes, and the way back from the
//! text to a graph.

use std::rc::Rc;

use super::eval::Scope;
use super::functions::endless;
use super::modules::LIBRARY;
use super::program::{Program, StateRole};
use super::train::{Experiment, selects};
use super::value::{BATCH, Callee, Meaning, Tensor, Value, What};
use crate::problem::Problem;
use crate::scalar::{Dtype, Scalar};
use crate::source::{FileId, Near, nearest};
use crate::syntax::tree::Kind;
use crate::tensor::formula::{self, Line, Role, Subject};
use crate::tensor::{Function, Graph, Id, Slot};

/// Numbers of examples that no extent of a program is.
const EXAMPLES: usize = 1 << 20;

/// The extent of the row that stands for the input of a function of rows.
const ROW: usize = 5;

/// What a lowering for formulas finds.
struct Backward {
    graph: Graph,
    forward: u32,
    loss: Id,
    names: Vec<(Id, String)>,
    stages: Vec<(std::ops::Range<u32>, String)>,
    gradients: Vec<Id>,
}

impl Program {
    /// The slots of the parameters that `pattern` selects, or what may have been meant.
    pub fn selected(&self, pattern: &str) -> Result<Vec<u32>, Option<Near>> {
        let parameters = || self.states.iter().enumerate().filter(|it| it.1.role == StateRole::Parameter);
        let chosen: Vec<u32> =
            parameters().filter(|it| selects(pattern, &it.1.path)).map(|(slot, _)| slot as u32).collect();
        if chosen.is_empty() {
            return Err(nearest(pattern, parameters().map(|it| it.1.path.as_str())));
        }
        Ok(chosen)
    }

    /// The paths of all parameters.
    pub fn parameter_names(&self) -> Vec<String> {
        let parameters = self.states.iter().filter(|it| it.role == StateRole::Parameter);
        parameters.map(|it| it.path.clone()).collect()
    }

    /// The gradient of the loss with its regularizers in the parameters of `slots`, as formulas. `None` where examples meet
    /// in a way that has no words.
    pub fn formulas(&self, slots: &[u32]) -> Option<Vec<Line>> {
        let all: Vec<u32> = (0..self.states.len() as u32)
            .filter(|&slot| self.states[slot as usize].role == StateRole::Parameter)
            .collect();
        let [here, there] = [EXAMPLES, 2 * EXAMPLES].map(|n| self.experiment.unvaried().backward(self, &all, n));
        let stage = |path: &str| path.rsplit_once('.').map_or(String::new(), |it| it.0.to_string());
        let gradients = all.iter().zip(&here.gradients).map(|(&slot, &id)| {
            let path = &self.states[slot as usize].path;
            (id, path.clone(), stage(path))
        });
        let subject = Subject {
            gradients: gradients.collect(),
            graph: here.graph,
            other: there.graph,
            forward: here.forward,
            names: here.names,
            stages: here.stages,
            loss: here.loss,
            functions: self.experiment.functions(),
        };
        let wanted: Vec<usize> =
            slots.iter().map(|slot| all.iter().position(|it| it == slot).expect("a parameter")).collect();
        formula::write(&subject, &wanted)
    }

    /// The way back: formulas as text, each with its name, as a function. Feeds and states are those of a training step of
    /// `n` examples; random numbers are drawn where `lines` says. Results: the lines of `results`, by their place.
    pub fn read_formulas(&self, lines: &[Line], text: &[String], n: usize) -> Result<Function, Vec<Problem>> {
        self.experiment.unvaried().read_formulas(self, lines, text, n)
    }
}

impl Experiment {
    fn backward(&self, program: &Program, slots: &[u32], n: usize) -> Backward {
        let mut problems = Vec::new();
        let mut lower = self.lower(endless(true, n), &mut problems);
        let step = self.lower_step(&mut lower).unwrap_or_else(|_| panic!("a sound program"));
        let wanted: Vec<Id> = slots.iter().map(|&slot| lower.state(slot).id).collect();
        let mut names = vec![];
        for (slot, &field) in program.feeds.iter().enumerate() {
            let plan = &program.data.fields[field];
            let shape = [&[n][..], &plan.shape].concat();
            let id = lower.graph.input(Slot::Feed(slot as u32), &shape, plan.dtype);
            names.push((id, plan.name.clone()));
        }
        for (slot, state) in program.states.iter().enumerate() {
            names.push((lower.state(slot as u32).id, state.path.clone()));
        }
        let named = std::mem::take(&mut lower.named);
        for (path, id) in named {
            let taken = names.iter().any(|(it, name)| *it == id || *name == path);
            let is_known = matches!(lower.graph[id].op, crate::tensor::Op::Const(_));
            if !taken && !is_known {
                names.push((id, path));
            }
        }
        let stages = lower.stages.iter().filter(|it| !it.path.is_empty());
        let stages = stages.map(|it| (it.nodes.clone(), it.path.clone())).collect();
        // The loss is the last of what the step computes before it looks back.
        let forward = step.total.0 + 1;
        let mut graph = lower.graph;
        let gradients = crate::tensor::grad(&mut graph, step.total, &wanted);
        Backward { graph, forward, loss: step.total, names, stages, gradients }
    }

    /// The library's functions of one tensor, as graphs.
    fn functions(&self) -> Vec<formula::Function> {
        let names: Vec<String> = self.modules.names_of(LIBRARY, Kind::Fn).into_iter().map(str::to_string).collect();
        let mut functions = vec![];
        for name in names {
            // What is a primitive too needs no second name.
            if Scalar::named(&name).is_some() {
                continue;
            }
            for (shape, meaning) in [(vec![], Meaning::Plain), (vec![ROW], Meaning::Logits)] {
                functions.extend(self.function(&name, &shape, meaning));
            }
        }
        functions
    }

    fn function(&self, name: &str, shape: &[usize], meaning: Meaning) -> Option<formula::Function> {
        let forms = self.modules.callables(LIBRARY, Kind::Fn, name)?;
        // A number is carried along elementwise; a row is for functions that say that they take one.
        let typed = forms[0].callable.config.first()?.ty.is_some();
        if typed == shape.is_empty() || forms.len() > 1 {
            return None;
        }
        let mut problems = Vec::new();
        let mut lower = self.lower(super::functions::still(1), &mut problems);
        let input = lower.graph.input(Slot::Feed(0), shape, Dtype::F32);
        let tensor = Tensor { meaning, ..lower.whole(input) };
        let span = self.loss.span;
        let callee = Rc::new(Callee { what: What::Defined(forms), given: vec![], span });
        let value = lower.apply(&callee, vec![Value::Tensor(tensor)], span).ok()?;
        let Value::Tensor(output) = value.settled() else { return None };
        let fits = output.lead.is_empty() && output.shape == shape && lower.dtype(&output) == Dtype::F32;
        let graph = lower.graph;
        fits.then(|| formula::Function { name: name.to_string(), graph, input, output: output.id })
    }

    fn read_formulas(
        &self,
        program: &Program,
        lines: &[Line],
        text: &[String],
        n: usize,
    ) -> Result<Function, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut lower = self.lower(endless(true, n), &mut problems);
        let mut scope = self.scope();
        // Paths become words: a name of a part that has not been computed yet is no name of the language.
        let mut words: Vec<(String, String)> = vec![];
        for (slot, &field) in program.feeds.iter().enumerate() {
            let plan = &program.data.fields[field];
            let shape = [&[n][..], &plan.shape].concat();
            let id = lower.graph.input(Slot::Feed(slot as u32), &shape, plan.dtype);
            bind(&mut words, &mut scope, &plan.name, Value::Tensor(lower.tensor(id, vec![BATCH])));
        }
        for (slot, state) in program.states.iter().enumerate() {
            let tensor = lower.state(slot as u32);
            bind(&mut words, &mut scope, &state.path, Value::Tensor(tensor));
        }
        let mut results = vec![];
        for (line, text) in lines.iter().zip(text) {
            if let Role::Draw(draw, site) = line.role {
                let shape = [&[n][..], &line.shape].concat();
                let id = lower.graph.random(draw, site, &shape);
                bind(&mut words, &mut scope, &line.name, Value::Tensor(lower.tensor(id, vec![BATCH])));
                continue;
            }
            let text = replaced(text, &words);
            let expr = crate::syntax::expression(FileId(u32::MAX), &text)?;
            let value = lower.evaluate(&expr, &mut scope).and_then(|value| lower.tensor_of(value, expr.span));
            let Ok(tensor) = value else { return Err(problems) };
            match line.role {
                Role::Gradient => {
                    let id = lower.spread(&tensor, &[], &line.shape);
                    results.push(id);
                }
                _ => bind(&mut words, &mut scope, &line.name, Value::Tensor(tensor.plain())),
            }
        }
        let feeds = program.feeds.iter().map(|&field| {
            let plan = &program.data.fields[field];
            ([&[n][..], &plan.shape].concat(), plan.dtype)
        });
        let states = program.states.iter().map(|it| (it.shape.clone(), it.dtype)).collect();
        Ok(Function { graph: lower.graph, states, feeds: feeds.collect(), results, updates: vec![] })
    }
}

/// Binds a path by a word of its own.
fn bind(words: &mut Vec<(String, String)>, scope: &mut Scope, path: &str, value: Value) {
    let word = format!("it_{}", words.len());
    scope.bind(&word, value);
    words.push((path.to_string(), word));
}

/// The text with words for paths. A path ends where no part of one follows.
fn replaced(text: &str, words: &[(String, String)]) -> String {
    let mut order: Vec<&(String, String)> = words.iter().collect();
    order.sort_by_key(|it| std::cmp::Reverse(it.0.len()));
    let (mut out, mut rest, mut before) = (String::new(), text, ' ');
    'text: while let Some(next) = rest.chars().next() {
        if !before.is_alphanumeric() && before != '_' && before != '.' {
            for (path, word) in &order {
                let after = rest.strip_prefix(path.as_str());
                if let Some(after) = after
                    && !after.starts_with(|it: char| it.is_alphanumeric() || it == '_' || it == ':')
                    && !after.starts_with('(')
                {
                    out += word;
                    (rest, before) = (after, 'a');
                    continue 'text;
                }
            }
        }
        out.push(next);
        (rest, before) = (&rest[next.len_utf8()..], next);
    }
    out
}
