//! Gradients as formulas: from a graph to lines that a person can read, in the words of the program.
//!
//! Each line defines one name, and may speak of the names before it. The text is true: read by the language's own front
//! end it gives the numbers that the graph gives.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{Draw, Dtype, Graph, Id, Op};
use crate::scalar::Scalar;
use expr::{Expr, Kind};
use graph::Reader;
use layout::Layout;
use term::{Form, Lambda, Ratio, Term, Terms};

pub mod expr;
mod binders;
mod graph;
pub mod latex;
mod layout;
mod maps;
mod ratio;
mod rules;
mod term;
pub mod text;

/// What is to be written, and the words for it.
pub struct Subject {
    pub graph: Graph,
    /// The same graph for twice as many examples.
    pub other: Graph,
    /// The nodes below this one are the loss, those from here on its gradient.
    pub forward: u32,
    /// What comes in, and what the program itself has given a name.
    pub names: Vec<(Id, String)>,
    /// The nodes of each stage, with its name; what is deeper comes first.
    pub stages: Vec<(Range<u32>, String)>,
    pub loss: Id,
    /// The gradient of each parameter, with the parameter's name and that of the stage that owns it.
    pub gradients: Vec<(Id, String, String)>,
    /// The functions of the library that take one tensor.
    pub functions: Vec<Function>,
}

/// A function of one tensor as a graph.
pub struct Function {
    pub name: String,
    pub graph: Graph,
    pub input: Id,
    pub output: Id,
}

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A value of the model.
    Value,
    /// Random numbers.
    Draw(Draw, u32),
    Loss,
    /// The gradient of one example's loss in a value of the model.
    Partial,
    /// The gradient of the loss in a parameter.
    Gradient,
}

/// `name = formula`
#[derive(Clone, Debug)]
pub struct Line {
    pub role: Role,
    pub name: String,
    pub expr: Expr,
    /// The extents, of one example.
    pub shape: Vec<usize>,
}

/// Lines above this length are rather two lines.
const LONG: usize = 80;

/// The formulas of the gradients `wanted`, as indices of the subject's; with all that they speak of. `None` where examples
/// meet in a way that has no words.
pub fn write(subject: &Subject, wanted: &[usize]) -> Option<Vec<Line>> {
    if subject.graph.ids().any(|id| matches!(subject.graph[id].op, Op::Order { .. } | Op::Scan { .. })) {
        return None;
    }
    let mut terms = Terms::default();
    let mut words = Words::default();
    for function in &subject.functions {
        words.learn(&mut terms, function);
    }
    terms.rules.sort_by_key(|rule| std::cmp::Reverse(rule.factors.len()));
    let mut reader = Reader::new(&mut terms, &subject.graph, &subject.other);
    for (id, name) in &subject.names {
        if !reader.named.contains_key(id) {
            let leaf =
                words.leaf(&mut reader, *id, name, if is_input(subject, *id) { None } else { Some(Role::Value) });
            reader.named.insert(*id, leaf);
        }
    }
    words.draws(&mut reader, subject);
    reader.look_for_positive_parts();
    words.values(&mut reader, subject);
    words.partials(&mut reader, subject);
    words.lines(reader, subject, wanted)
}

fn is_input(subject: &Subject, id: Id) -> bool {
    matches!(subject.graph[id].op, Op::Input(_))
}

/// What leaves are called, and what they stand for.
#[derive(Default)]
struct Words {
    names: Vec<String>,
    /// The node and the role of a leaf that has a line of its own.
    lines: BTreeMap<u32, (Id, Role)>,
    /// Lines whose node is the mean over the examples of what the name says.
    shared: BTreeSet<u32>,
}

impl Words {
    fn word(&mut self, terms: &mut Terms, name: &str, dtype: Dtype) -> u32 {
        self.names.push(name.to_string());
        terms.leaves.push(dtype);
        self.names.len() as u32 - 1
    }

    fn leaf(&mut self, reader: &mut Reader, id: Id, name: &str, role: Option<Role>) -> u32 {
        let dtype = reader.graph[id].dtype;
        let leaf = self.word(reader.terms, name, dtype);
        if let Some(role) = role {
            self.lines.insert(leaf, (id, role));
        }
        leaf
    }

    /// A name that nothing else has: `d_hidden`, `d_hidden2`.
    fn unused(&self, name: String) -> String {
        let name: String = name.chars().map(|it| if it.is_alphanumeric() || it == '_' { it } else { '_' }).collect();
        let name = name.trim_end_matches('_').to_string();
        let taken = |it: &String| self.names.contains(it);
        if !taken(&name) {
            return name;
        }
        (2..).map(|at| format!("{name}{at}")).find(|it| !taken(it)).expect("numbers do not end")
    }

    /// Makes a rule of a function, if it has a shape of its own.
    fn learn(&mut self, terms: &mut Terms, function: &Function) {
        let name = self.word(terms, &function.name, Dtype::F32);
        let input = self.word(terms, "", Dtype::F32);
        let mut reader = Reader::new(terms, &function.graph, &function.graph);
        reader.named.insert(function.input, input);
        let Lambda { vars, body } = reader.array(function.output);
        if let Some(rule) = terms.rule(name, input, vars.first().copied(), body) {
            terms.rules.push(rule);
        }
    }

    fn draws(&mut self, reader: &mut Reader, subject: &Subject) {
        for id in subject.graph.ids().take(subject.forward as usize) {
            if let Op::Random { draw, site } = subject.graph[id].op {
                let stage = stage_of(subject, id);
                let name = self.unused(if stage.is_empty() { "noise".into() } else { format!("{stage}_noise") });
                let leaf = self.leaf(reader, id, &name, Some(Role::Draw(draw, site)));
                reader.named.insert(id, leaf);
            }
        }
    }

    /// Names what a stage computes on its way and more than one formula needs.
    fn values(&mut self, reader: &mut Reader, subject: &Subject) {
        let graph = &subject.graph;
        let readers = reader.readers(&subject.gradients.iter().map(|it| it.0).collect::<Vec<_>>());
        let mut mixes = vec![false; graph.len()];
        for id in graph.ids().take(subject.forward as usize) {
            let node = &graph[id];
            let own = matches!(node.op, Op::Contract { .. } | Op::Fold(_) | Op::Max { .. });
            let inner = node.args.iter().any(|arg| mixes[arg.0 as usize] && !reader.named.contains_key(arg));
            mixes[id.0 as usize] = own || inner;
            let stage = stage_of(subject, id);
            let is_view = matches!(node.op, Op::View(_) | Op::Const(_) | Op::Input(_));
            if mixes[id.0 as usize]
                && !is_view
                && !stage.is_empty()
                && node.dtype == Dtype::F32
                && readers[id.0 as usize].len() > 1
                && !reader.named.contains_key(&id)
            {
                // What is computed from one value number by number is said of that value.
                mixes[id.0 as usize] = false;
                let mut id = id;
                while let Op::Map(_) = graph[id].op
                    && let mut varying = graph[id].args.iter().filter(|it| !is_constant(graph, **it))
                    && let (Some(&only), None) = (varying.next(), varying.next())
                    && !matches!(graph[only].op, Op::Contract { .. } | Op::Fold(_) | Op::Max { .. })
                    && !reader.named.contains_key(&only)
                {
                    id = only;
                }
                let name = self.unused(format!("z_{stage}"));
                let leaf = self.leaf(reader, id, &name, Some(Role::Value));
                reader.named.insert(id, leaf);
                mixes[id.0 as usize] = false;
            }
        }
        reader.forget();
    }

    /// Names the gradients at which the ways to the parameters part, and what arrives at a stage that reads it often.
    fn partials(&mut self, reader: &mut Reader, subject: &Subject) {
        let graph = &subject.graph;
        let roots: Vec<Id> = subject.gradients.iter().map(|it| it.0).collect();
        let readers = reader.readers(&roots);
        let mut reach: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); graph.len()];
        for (at, id) in roots.iter().enumerate() {
            reach[id.0 as usize].insert(at);
        }
        let mut parting = vec![];
        for id in graph.ids().rev().take_while(|id| id.0 >= subject.forward) {
            let ways: Vec<&BTreeSet<usize>> = readers[id.0 as usize].iter().map(|it| &reach[it.0 as usize]).collect();
            let parts = ways.iter().any(|it| *it != ways[0]);
            let all: BTreeSet<usize> = ways.into_iter().flatten().copied().collect();
            reach[id.0 as usize].extend(all);
            let by_example = graph.shape(id) != subject.other.shape(id);
            let is_view = matches!(graph[id].op, Op::View(_) | Op::Const(_));
            if by_example && !is_view && graph[id].dtype == Dtype::F32 && readers[id.0 as usize].len() > 1 {
                parting.push((id, parts));
            }
        }
        // Before the ways part for the first time stands the loss, which is one formula.
        let first = parting.iter().rposition(|it| it.1).map_or(0, |it| it + 1);
        let parting: BTreeMap<Id, bool> = parting[..first].iter().copied().collect();
        let mut mixes = vec![false; graph.len()];
        for id in graph.ids() {
            let node = &graph[id];
            let own = matches!(node.op, Op::Contract { .. } | Op::Fold(_) | Op::Max { .. });
            let fresh = |it: &Id| it.0 >= subject.forward && mixes[it.0 as usize] && !reader.named.contains_key(it);
            mixes[id.0 as usize] = own || node.args.iter().any(fresh);
            let Some(&parts) = parting.get(&id) else { continue };
            if !parts && !mixes[id.0 as usize] {
                continue;
            }
            let stage = reach[id.0 as usize].iter().next_back().map(|&at| subject.gradients[at].2.clone());
            let Lambda { body, .. } = reader.definition(id);
            let count = reader.terms.count();
            let is_mean = reader.terms.power_of(count, body) == Some(-1);
            if reader.terms.weight(body) < 4 {
                continue;
            }
            let letter = if parts { "d" } else { "g" };
            let name = self.unused(format!("{letter}_{}", stage.unwrap_or_default()));
            let leaf = self.leaf(reader, id, &name, Some(Role::Partial));
            reader.named.insert(id, leaf);
            if is_mean {
                self.shared.insert(leaf);
                reader.means.insert(id);
            }
            reader.forget();
        }
    }

    /// The lines of what is wanted and of all that it needs, in the order of computation.
    fn lines(self, mut reader: Reader, subject: &Subject, wanted: &[usize]) -> Option<Vec<Line>> {
        let rules = reader.terms.rules.clone();
        let mut definitions: BTreeMap<u32, Lambda> = BTreeMap::new();
        let mut open: Vec<u32> = vec![];
        let mut results: Vec<(usize, Lambda)> = vec![];
        let seek = |terms: &Terms, lambda: &Lambda, open: &mut Vec<u32>| {
            terms.visit(lambda.body, &mut |it| {
                if let Form::Leaf { name, .. } = terms.form(it) {
                    open.push(*name);
                }
            });
        };
        let recognised = |reader: &mut Reader, lambda: Lambda| {
            let Lambda { vars, body } = reader.terms.opened(&lambda);
            let body = reader.terms.recognised(body, &rules);
            Lambda { vars, body }
        };
        let loss = reader.definition(subject.loss);
        let loss = recognised(&mut reader, loss);
        seek(reader.terms, &loss, &mut open);
        for &at in wanted {
            let lambda = reader.definition(subject.gradients[at].0);
            let lambda = recognised(&mut reader, lambda);
            seek(reader.terms, &lambda, &mut open);
            results.push((at, lambda));
        }
        while let Some(leaf) = open.pop() {
            let Some(&(id, role)) = self.lines.get(&leaf) else { continue };
            if definitions.contains_key(&leaf) || matches!(role, Role::Draw(..)) {
                definitions.entry(leaf).or_insert_with(|| Lambda { vars: vec![], body: reader.terms.whole(0) });
                continue;
            }
            let lambda = reader.definition(id);
            let Lambda { vars, body } = recognised(&mut reader, lambda);
            let count = reader.terms.count();
            let power = i32::from(self.shared.contains(&leaf));
            let body = reader.terms.mul(&[(body, 1), (count, power)], Ratio::ONE);
            let lambda = Lambda { vars, body };
            seek(reader.terms, &lambda, &mut open);
            definitions.insert(leaf, lambda);
        }
        let terms = &mut *reader.terms;
        self.inline(terms, &mut definitions, &mut results);
        let mut lines: Vec<(u32, Line)> = vec![];
        for (leaf, lambda) in &definitions {
            let (id, role) = self.lines[leaf];
            let expr = match role {
                Role::Draw(draw, _) => self.noise(subject, id, draw),
                _ => Layout::new(terms, &self.names).array(lambda)?,
            };
            lines.push((id.0, self.line(subject, id, role, self.names[*leaf as usize].clone(), expr)));
        }
        let expr = Layout::new(terms, &self.names).array(&loss)?;
        lines.push((subject.loss.0, self.line(subject, subject.loss, Role::Loss, "loss".into(), expr)));
        lines.sort_by_key(|it| it.0);
        let mut lines: Vec<Line> = lines.into_iter().map(|it| it.1).collect();
        for (at, lambda) in &results {
            let (id, name, _) = &subject.gradients[*at];
            let expr = Layout::new(terms, &self.names).array(lambda)?;
            lines.push(self.line(subject, *id, Role::Gradient, name.clone(), expr));
        }
        Some(lines)
    }

    fn line(&self, subject: &Subject, id: Id, role: Role, name: String, expr: Expr) -> Line {
        let (here, there) = (subject.graph.shape(id), subject.other.shape(id));
        let shape = here.iter().zip(there).filter(|(a, b)| a == b).map(|it| *it.0).collect();
        Line { role, name, expr, shape }
    }

    /// `noise(uniform, like: x)`
    fn noise(&self, subject: &Subject, id: Id, draw: Draw) -> Expr {
        let shape = subject.graph.shape(id);
        let named =
            subject.names.iter().rev().find(|(it, _)| {
                it.0 < id.0 && subject.graph.shape(*it) == shape && subject.graph[*it].dtype == Dtype::F32
            });
        let word = match draw {
            Draw::Uniform => "uniform",
            Draw::Normal => "normal",
        };
        let mut args = vec![(None, Expr::name(word, 0))];
        if let Some((_, name)) = named {
            args.push((Some("like".to_string()), Expr::name(name, shape.len() - 1)));
        }
        Expr { kind: Kind::Call("noise".into(), args), rank: shape.len().saturating_sub(1) }
    }

    /// Puts what is needed once, and is short, where it is needed.
    fn inline(&self, terms: &mut Terms, definitions: &mut BTreeMap<u32, Lambda>, results: &mut [(usize, Lambda)]) {
        let partial = |leaf: &u32| self.lines.get(leaf).is_some_and(|it| it.1 == Role::Partial);
        let mut kept: BTreeSet<u32> = BTreeSet::new();
        loop {
            let mut uses: FxHashMap<u32, usize> = FxHashMap::default();
            for lambda in definitions.values().chain(results.iter().map(|it| &it.1)) {
                terms.visit(lambda.body, &mut |it| {
                    if let Form::Leaf { name, .. } = terms.form(it) {
                        *uses.entry(*name).or_default() += 1;
                    }
                });
            }
            let once =
                definitions.keys().rev().find(|it| partial(it) && uses.get(it) == Some(&1) && !kept.contains(it));
            let Some(&leaf) = once else { return };
            let definition = definitions[&leaf].clone();
            let place = |terms: &mut Terms, lambda: &Lambda| -> Option<Lambda> {
                let Lambda { vars, body } = terms.opened(lambda);
                let body = terms.rebuild(body, &mut |terms, it| match terms.form(it).clone() {
                    Form::Leaf { name, at } if name == leaf => Some(terms.at(&definition, &at)),
                    _ => None,
                });
                let lambda = Lambda { vars, body };
                let short = Layout::new(terms, &self.names).array(&lambda).is_some_and(|it| it.length() <= LONG);
                short.then_some(lambda)
            };
            let mut done = false;
            let holders: Vec<u32> = definitions.keys().copied().filter(|it| *it != leaf).collect();
            for holder in holders {
                let lambda = definitions[&holder].clone();
                if mentions(terms, &lambda, leaf)
                    && let Some(lambda) = place(terms, &lambda)
                {
                    definitions.insert(holder, lambda);
                    done = true;
                }
            }
            for (_, lambda) in results.iter_mut() {
                if mentions(terms, lambda, leaf)
                    && let Some(new) = place(terms, lambda)
                {
                    *lambda = new;
                    done = true;
                }
            }
            if done {
                definitions.remove(&leaf);
            } else {
                kept.insert(leaf);
            }
        }
    }
}

/// Whether a node is one number everywhere.
fn is_constant(graph: &Graph, id: Id) -> bool {
    match &graph[id].op {
        Op::Const(_) => true,
        Op::View(_) => is_constant(graph, graph[id].args[0]),
        _ => false,
    }
}

fn mentions(terms: &Terms, lambda: &Lambda, leaf: u32) -> bool {
    let mut found = false;
    terms.visit(lambda.body, &mut |it: Term| {
        found |= matches!(terms.form(it), Form::Leaf { name, .. } if *name == leaf);
    });
    found
}

/// The innermost stage that a node was made for.
fn stage_of(subject: &Subject, id: Id) -> String {
    let within = subject.stages.iter().filter(|it| it.0.contains(&id.0));
    within.min_by_key(|it| it.0.len()).map(|it| it.1.clone()).unwrap_or_default()
}

impl Reader<'_> {
    /// Who reads each node on the way to `roots`, what has a name being looked into only once.
    fn readers(&mut self, roots: &[Id]) -> Vec<BTreeSet<Id>> {
        let mut needed = vec![false; self.graph.len()];
        roots.iter().for_each(|id| needed[id.0 as usize] = true);
        let mut readers: Vec<BTreeSet<Id>> = vec![BTreeSet::new(); self.graph.len()];
        for id in self.graph.ids().rev().filter(|id| id.0 < self.graph.len() as u32) {
            if !needed[id.0 as usize] {
                continue;
            }
            let node = &self.graph[id];
            let positive = matches!(node.op, Op::Map(Scalar::Less)) && self.positive.contains_key(&node.args[1]);
            for (at, arg) in node.args.iter().enumerate() {
                needed[arg.0 as usize] = true;
                if !(positive && at == 1) {
                    readers[arg.0 as usize].insert(id);
                }
            }
        }
        readers
    }
}
