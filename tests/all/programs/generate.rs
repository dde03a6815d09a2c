//! Well-typed programs, drawn at random: their texts.
//!
//! A formula is drawn from its type down: whoever needs numbers of a shape asks for them, and is given a name that has this
//! shape, something seen through a view, or an operation whose operands are asked for in turn. So every text is well typed,
//! and a refusal is somebody's mistake. Where a small error could become a large one (a comparison, a rounding, a place in
//! an order), the operands are inputs or parameters as they are, which all executors see alike.

use dlmc::scalar::{Dtype, Scalar};
use dlmc::syntax::tree::Kind;

use super::library;
use crate::functions::Dice;

/// The most elements of a value for one example.
const LARGE: usize = 240;

/// A program of about `length` operations.
pub fn program(seed: u64, length: usize) -> String {
    let items = vec!["fn clamped(x) = min(max(x, -3), 3)\n".to_string()];
    Writer { dice: Dice::new(seed), count: 0, items, body: Body::default() }.program(length)
}

/// A name that a body sees.
#[derive(Clone)]
struct Known {
    name: String,
    shape: Vec<usize>,
    holds: Holds,
}

#[derive(Clone, Copy, PartialEq)]
enum Holds {
    /// Numbers; whether all executors see the same bits.
    Numbers { exact: bool },
    /// An index below a number.
    Places(usize),
}

/// What one body is made of so far.
#[derive(Default)]
struct Body {
    statements: Vec<String>,
    known: Vec<Known>,
    /// Whether values of several examples are mixed.
    across: bool,
    /// Whether layers with parameters may stand here.
    stages: bool,
    /// The variables of the `for`s around, and how many values each has.
    loops: Vec<(String, usize)>,
    /// Whether one of them carries a value.
    carries: bool,
    fuel: usize,
}

struct Writer {
    dice: Dice,
    count: usize,
    items: Vec<String>,
    body: Body,
}

fn dims(shape: &[usize]) -> String {
    let all: Vec<String> = shape.iter().map(usize::to_string).collect();
    all.join(", ")
}

fn f32_of(shape: &[usize]) -> String {
    if shape.is_empty() { "f32".into() } else { format!("f32[{}]", dims(shape)) }
}

fn size(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Whether a small change of an operand makes no large one of the result, and every number is in its domain.
fn is_calm(scalar: Scalar) -> bool {
    use Scalar::*;
    matches!(scalar, Add | Sub | Neg | Abs | Min | Max | Tanh | Sin | Cos | Erf | ToF32)
}

impl Writer {
    fn fresh(&mut self, letter: &str) -> String {
        self.count += 1;
        format!("{letter}{}", self.count)
    }

    fn extent(&mut self) -> usize {
        match self.dice.below(8) {
            0..4 => self.dice.within(1, 4),
            4..6 => self.dice.within(2, 9),
            6 => self.dice.within(1, 17),
            _ => self.dice.within(1, 33),
        }
    }

    fn shape(&mut self, most: usize) -> Vec<usize> {
        let mut shape: Vec<usize> = (0..self.dice.below(4)).map(|_| self.extent()).collect();
        while size(&shape) > most {
            shape.pop();
        }
        shape
    }

    fn literal(&mut self) -> String {
        self.dice.pick(&["0.5", "1", "2", "-1", "0.25", "-0.75", "1.5", "3"]).to_string()
    }

    // -------------------------------------------------------------------------------------------- the program

    fn program(&mut self, length: usize) -> String {
        let mut inputs = vec![];
        for _ in 0..self.dice.within(1, 3) {
            let name = self.fresh("x");
            let known = match self.dice.below(4) {
                0 => Known { name, shape: vec![], holds: Holds::Places(self.dice.within(2, 7)) },
                1 => Known { name, shape: vec![self.extent()], holds: Holds::Numbers { exact: true } },
                _ => {
                    let mut shape = self.shape(120);
                    if shape.is_empty() {
                        shape.push(1);
                    }
                    Known { name, shape, holds: Holds::Numbers { exact: true } }
                }
            };
            inputs.push(known);
        }
        let declared = |it: &Known| match it.holds {
            Holds::Places(values) => format!("class[{values}]"),
            Holds::Numbers { .. } => f32_of(&it.shape),
        };
        let types: Vec<String> = inputs.iter().map(declared).collect();
        let targets = if self.dice.chance(5) { 2 } else { 1 };
        let mut outputs = vec![];
        while outputs.len() < targets {
            outputs.extend(self.output(targets > 1));
        }
        self.body = Body { known: inputs.clone(), stages: true, fuel: length, ..Body::default() };
        let mut results = vec![];
        for output in &outputs {
            self.body.fuel = self.body.fuel.max(length / 3);
            // A model has a parameter, or there is nothing to train.
            let bias = self.fresh("p");
            self.body.statements.insert(0, format!("param {bias}: {} ~ normal(0, 0.5)", f32_of(&output.shape)));
            let value = format!("({} + {bias})", self.calm(&output.shape));
            results.push(if output.word == "log_prob" {
                format!("log_softmax({value})")
            } else if output.word == "prob" {
                format!("softmax({value})")
            } else {
                value
            });
        }
        let model = self.fresh("model");
        let (result, ty) = match (&results[..], &outputs[..]) {
            ([one], [output]) => (one.clone(), output.ty()),
            _ => {
                let parts: Vec<String> =
                    outputs.iter().zip(&results).map(|(it, value)| format!("{}: {value}", it.target)).collect();
                let types: Vec<String> = outputs.iter().map(|it| format!("{}: {}", it.target, it.ty())).collect();
                (format!("({})", parts.join(", ")), format!("({})", types.join(", ")))
            }
        };
        let heads: Vec<String> = inputs.iter().zip(&types).map(|(it, ty)| format!("{}: {ty}", it.name)).collect();
        let across = if self.body.across { " across batch" } else { "" };
        let mut text = String::from("dlm 1\n\ndata rows {\n  source: jsonl(\"rows.jsonl\")\n");
        for head in &heads {
            text += &format!("  input {head}\n");
        }
        for output in &outputs {
            text += &format!("  target {}: {}\n", output.target, output.target_type);
        }
        if self.dice.chance(6) {
            text += "  weight often: number\n";
        }
        text += "}\n\n";
        let statements: String = self.body.statements.iter().map(|it| format!("  {it}\n")).collect();
        let items = self.items.join("\n");
        text += &format!(
            "{items}\nmodel {model} on ({}) -> {ty}{across} {{\n{statements}  {result}\n}}\n\n",
            heads.join(", ")
        );
        text + &self.training(&model, &outputs)
    }

    fn training(&mut self, model: &str, outputs: &[Output]) -> String {
        let loss = match outputs {
            [one] => one.loss.clone(),
            all => {
                let terms: Vec<String> = all.iter().map(|it| format!("{} on {}", it.loss, it.target)).collect();
                terms.join(" + 0.25 * ")
            }
        };
        let optimizer = self.called(Kind::Optimizer);
        let mut text = format!("train {{\n  model: {model}\n  data: rows\n  loss: {loss}\n  optimizer: {optimizer}\n");
        text += &format!("  batch: {}\n  for: {} steps\n", self.dice.within(1, 9), self.dice.within(4, 20));
        if self.dice.chance(2) {
            text += &format!("  schedule: {}\n", self.called(Kind::Schedule));
        }
        if self.dice.chance(3) {
            text += &format!("  clip: {}\n", self.dice.pick(&["norm(1.0)", "value(0.25)", "norm(0.01)"]));
        }
        if self.dice.chance(3) {
            text += &format!("  regularize {{ {} }}\n", self.called(Kind::Regularizer));
        }
        text + "}\n"
    }

    /// A call of any definition of the kind.
    fn called(&mut self, kind: Kind) -> String {
        let all = library::of(kind);
        loop {
            let definition = self.dice.pick(&all);
            if let Some(call) = library::call(definition, 3, &mut self.dice) {
                return call;
            }
        }
    }

    // -------------------------------------------------------------------------------------------- losses

    /// What a model may give, what it is trained towards, and the loss that compares them; `None` where a loss that was
    /// drawn takes what this generator does not make.
    fn output(&mut self, named: bool) -> Option<Output> {
        let target = self.fresh("y");
        if self.dice.chance(3) {
            return Some(self.own_loss(target));
        }
        let all = library::of(Kind::Loss);
        let definition = self.dice.pick(&all);
        let [given, wanted] = &definition.callable.inputs[..] else { return None };
        let ((word, sizes), (target_word, target_sizes)) =
            (library::parts(given.ty.as_ref()?)?, library::parts(wanted.ty.as_ref()?)?);
        let n = if word == "f32" { self.extent().min(9) } else { self.dice.within(2, 6) };
        let sized = |sizes: &[&str]| -> Option<Vec<usize>> {
            let of = |size: &&str| match *size {
                "N" | "K" => Some(n),
                "2 * N" => Some(2 * n),
                _ => None,
            };
            sizes.iter().map(of).collect()
        };
        let (shape, target_shape) = (sized(&sizes)?, sized(&target_sizes)?);
        let shape = match (word, shape.len()) {
            ("f32" | "logits" | "log_prob" | "prob", 1) => shape,
            ("logit", 0) => vec![1],
            _ => return None,
        };
        let target_type = match (target_word, &target_shape[..]) {
            ("f32" | "prob", [_]) => format!("{target_word}[{}]", dims(&target_shape)),
            ("class", [values]) => format!("class[{values}]"),
            ("binary", []) => "binary".to_string(),
            _ => return None,
        };
        if named && word == "prob" {
            return None;
        }
        let loss = library::call(definition, n, &mut self.dice)?;
        Some(Output { word, shape, target, target_type, loss })
    }

    /// A loss of the program's own.
    fn own_loss(&mut self, target: String) -> Output {
        let loss = self.fresh("loss");
        let n = self.extent().min(9);
        let outer = std::mem::take(&mut self.body);
        let known = |name: &str, exact| Known { name: name.into(), shape: vec![n], holds: Holds::Numbers { exact } };
        self.body = Body { known: vec![known("guess", false), known("truth", true)], fuel: 3, ..Body::default() };
        let own = self.numbers(&[n]);
        let statements: String = self.body.statements.iter().map(|it| format!("  {it}\n")).collect();
        self.body = outer;
        self.items.push(format!(
            "loss {loss} on (guess: f32[{n}], truth: f32[{n}]) {{\n{statements}  mean((guess - truth)^2) + 0.1 * mean(tanh({own}))\n}}\n"
        ));
        Output { word: "f32", shape: vec![n], target, target_type: format!("f32[{n}]"), loss }
    }

    // -------------------------------------------------------------------------------------------- numbers

    /// Numbers of this shape.
    fn numbers(&mut self, shape: &[usize]) -> String {
        if self.body.fuel == 0 || size(shape) > LARGE {
            return self.leaf(shape, false);
        }
        self.body.fuel -= 1;
        match self.dice.below(46) {
            0..6 => self.row(shape),
            6..9 => self.operator(shape),
            9..11 => self.choice(shape),
            11 | 12 => self.activation(shape),
            13..16 => self.product(shape),
            16..18 => self.contraction(shape),
            18..22 => self.comprehension(shape),
            22..25 => self.reduction(shape),
            25..31 => self.view(shape),
            31 => self.cast(shape),
            32 | 33 => self.gathered(shape),
            34 => self.noise(shape),
            35..38 => self.named(shape),
            38 | 39 => self.stage(shape),
            40 | 41 => self.layer(shape),
            42 => self.crossing(shape),
            43 | 44 => self.recurrence(shape),
            _ => self.kept(shape),
        }
    }

    /// Numbers that are not large.
    fn calm(&mut self, shape: &[usize]) -> String {
        let x = self.numbers(shape);
        match self.dice.below(3) {
            0 => format!("tanh({x})"),
            1 => format!("(1.5 * sin({x}))"),
            _ => format!("clamped({x})"),
        }
    }

    /// A shape that stretches to `shape`: its end.
    fn suffix(&mut self, shape: &[usize]) -> Vec<usize> {
        match self.dice.below(3) {
            0 => shape[self.dice.below(shape.len() + 1)..].to_vec(),
            _ => shape.to_vec(),
        }
    }

    /// A scalar primitive from its row.
    fn row(&mut self, shape: &[usize]) -> String {
        let rows: Vec<(Scalar, &[Dtype])> = Scalar::ALL
            .iter()
            .flat_map(|&scalar| scalar.def().signatures.iter().map(move |&(from, to)| (scalar, from, to)))
            .filter(|&(_, _, to)| to == Dtype::F32)
            .map(|(scalar, from, _)| (scalar, from))
            .collect();
        let (scalar, operands) = self.dice.pick(&rows);
        let def = scalar.def();
        let (low, high) = def.sample;
        let whole = self.dice.below(operands.len());
        let mut args = vec![];
        for (at, &dtype) in operands.iter().enumerate() {
            let part = if at == whole || operands.len() == 1 { shape.to_vec() } else { self.suffix(shape) };
            args.push(match dtype {
                Dtype::Bool => self.truth(&part),
                Dtype::I32 => self.places(&part).0,
                // No gradient, or one with jumps: the operands are what everybody sees alike.
                Dtype::F32 if def.grad.is_empty() || def.grad.iter().any(|it| it.contains("floor")) => {
                    let x = self.leaf(&part, true);
                    format!("({} + {} * abs({x}))", low.max(0.1), (high - low) / 2.0)
                }
                Dtype::F32 if is_calm(scalar) || scalar == Scalar::Select => self.numbers(&part),
                Dtype::F32 => {
                    let x = self.numbers(&part);
                    format!("({} + {} * tanh({x}))", (low + high) / 2.0, (high - low) / 2.0)
                }
            });
        }
        call_of(scalar, &args)
    }

    fn operator(&mut self, shape: &[usize]) -> String {
        let other = self.suffix(shape);
        let (mut a, mut b) = (self.numbers(shape), self.numbers(&other));
        if self.dice.chance(2) {
            std::mem::swap(&mut a, &mut b);
        }
        match self.dice.below(9) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("({a} * {b})"),
            3 => format!("({a} / (1.25 + abs({b})))"),
            4 => format!("((abs({a}) + 0.25) ^ tanh({b}))"),
            5 => format!("(tanh({a}) ^ {} + {b})", self.dice.pick(&["2", "3", "4"])),
            6 => format!("(-{a} * {} + {b})", self.literal()),
            7 => format!("max({a}, {b})"),
            _ => format!("min({a}, {b})"),
        }
    }

    fn choice(&mut self, shape: &[usize]) -> String {
        let (other, condition) = (self.suffix(shape), self.suffix(shape));
        let (a, b, c) = (self.numbers(shape), self.numbers(&other), self.truth(&condition));
        match self.dice.below(4) {
            0 => format!("(if {c} then {a} else {b})"),
            1 => format!("where({c}, {b}, {a})"),
            // Both branches read the same parameters.
            2 if self.body.loops.is_empty() => {
                let name = self.bound(shape, a);
                format!("(if training then tanh({name}) else 0.5 * {name})")
            }
            // A root that is guarded where it has no slope.
            2 => format!("where({c}, sqrt(where({c}, abs({a}) + 0.5, 1)), {b})"),
            _ => format!("where({c}, {a}, {})", self.literal()),
        }
    }

    fn activation(&mut self, shape: &[usize]) -> String {
        let x = self.calm(shape);
        let all = library::activations();
        let name = self.dice.pick(&all);
        match self.dice.below(4) {
            0 => format!("((0.75 * tanh({x})) |> {name})"),
            1 if !shape.is_empty() => format!("(0.5 + softmax({x}))"),
            _ => format!("{name}(0.9 * tanh({x}))"),
        }
    }

    fn product(&mut self, shape: &[usize]) -> String {
        let k = self.extent();
        let Some((&last, front)) = shape.split_last() else {
            let (a, b) = (self.calm(&[k]), self.calm(&[k]));
            return if self.dice.chance(2) { format!("dot({a}, {b})") } else { format!("({a} @ {b})") };
        };
        if size(front) * k > LARGE || k * last > LARGE {
            return self.leaf(shape, false);
        }
        let by_vector = self.dice.chance(4);
        let (left, right) = match by_vector {
            true => ([shape, &[k]].concat(), vec![k]),
            false => ([front, &[k]].concat(), vec![k, last]),
        };
        if size(&left) > LARGE {
            return self.leaf(shape, false);
        }
        let (a, b) = (self.calm(&left), self.calm(&right));
        format!("({a} @ {b})")
    }

    /// A contraction written out, its operands' axes in any order.
    fn contraction(&mut self, shape: &[usize]) -> String {
        let k = self.extent();
        if size(shape) * k > 8 * LARGE || self.body.loops.len() > 1 {
            return self.leaf(shape, false);
        }
        let names: Vec<String> = shape.iter().map(|_| self.fresh("at")).collect();
        let inner = self.fresh("k");
        let mut sides = vec![];
        for side in 0..2 {
            let mut axes: Vec<(&str, usize)> = vec![(&inner, k)];
            for (at, (name, &extent)) in names.iter().zip(shape).enumerate() {
                if at % 2 == side || self.dice.chance(3) {
                    axes.push((name, extent));
                }
            }
            let order = self.dice.order(axes.len());
            let axes: Vec<(&str, usize)> = order.into_iter().map(|at| axes[at]).collect();
            let extents: Vec<usize> = axes.iter().map(|it| it.1).collect();
            let operand = self.calm(&extents);
            let labels: Vec<&str> = axes.iter().map(|it| it.0).collect();
            sides.push(format!("{operand}[{}]", labels.join(", ")));
        }
        let binders: Vec<String> =
            names.iter().zip(shape).map(|(name, extent)| format!("{name} in {extent}")).collect();
        let sum = format!("sum(for {inner} in {k} => {} * {})", sides[0], sides[1]);
        if binders.is_empty() { sum } else { format!("(for {} => {sum})", binders.join(", ")) }
    }

    /// One value for each place: what it is made of may read the place.
    fn comprehension(&mut self, shape: &[usize]) -> String {
        if shape.is_empty() || self.body.loops.len() > 1 {
            return self.picked(shape);
        }
        let front = self.dice.within(1, shape.len().min(2));
        let mark = self.body.loops.len();
        let mut binders = vec![];
        for &extent in &shape[..front] {
            let name = self.fresh("at");
            binders.push(format!("{name} in {extent}"));
            self.body.loops.push((name, extent));
        }
        let inner = if self.dice.chance(3) { self.numbers(&shape[front..]) } else { self.picked(&shape[front..]) };
        self.body.loops.truncate(mark);
        format!("(for {} => {inner})", binders.join(", "))
    }

    /// One value for each turn, made of the one before.
    fn recurrence(&mut self, shape: &[usize]) -> String {
        let Some((&turns, rest)) = shape.split_first() else { return self.reduction(shape) };
        if self.body.carries || self.body.loops.len() > 1 || self.is_loss() {
            return self.leaf(shape, false);
        }
        let (at, carried) = (self.fresh("at"), self.fresh("h"));
        let holds = Holds::Numbers { exact: false };
        self.body.known.push(Known { name: carried.clone(), shape: rest.to_vec(), holds });
        self.body.loops.push((at.clone(), turns));
        self.body.carries = true;
        let next = self.numbers(rest);
        let read = self.picked(rest);
        self.body.carries = false;
        self.body.loops.pop();
        self.body.known.retain(|it| it.name != carried);
        let start = if rest.is_empty() { "0".into() } else { format!("zeros([{}])", dims(rest)) };
        format!("(for {at} in {turns}, {carried} ~ {start} => tanh({next} + 0.5 * {carried} + {read}))")
    }

    /// A part of something larger, at a place that the variables around say.
    fn picked(&mut self, shape: &[usize]) -> String {
        let picks = self.dice.within(1, 2);
        let (mut extents, mut indices) = (vec![], vec![]);
        for _ in 0..picks {
            let (index, extent) = self.place();
            extents.push(extent);
            indices.push(index);
        }
        let whole = [&extents[..], shape].concat();
        if size(&whole) > 2 * LARGE {
            return self.leaf(shape, false);
        }
        // What is picked from does not know of the variables, or it does.
        let outer =
            if self.body.carries || self.dice.chance(4) { vec![] } else { std::mem::take(&mut self.body.loops) };
        let base = self.numbers(&whole);
        self.body.loops.extend(outer);
        format!("({base})[{}]", indices.join(", "))
    }

    /// An index, and how far it reaches.
    fn place(&mut self) -> (String, usize) {
        let variables = self.body.loops.clone();
        if variables.is_empty() || self.dice.chance(8) {
            let (places, bound) = self.places(&[]);
            return (places, bound);
        }
        let (i, n) = self.dice.pick(&variables);
        let (j, m) = self.dice.pick(&variables);
        let (c, f, g) = (self.dice.below(3), self.dice.within(1, 3), self.dice.within(1, 2));
        match self.dice.below(8) {
            0 | 1 => (i, n),
            2 => (format!("{i} + {c}"), n + c + self.dice.below(2)),
            3 => (format!("{} - {i}", n - 1), n),
            4 => (format!("{f} * {i} + {c}"), f * (n - 1) + c + 1 + self.dice.below(2)),
            5 | 6 => (format!("{f} * {i} + {g} * {j} + {c}"), f * (n - 1) + g * (m - 1) + c + 1 + self.dice.below(2)),
            _ => {
                let e = self.dice.within(1, 6);
                (format!("mod({i} * {f} + {c}, {e})"), e)
            }
        }
    }

    fn reduction(&mut self, shape: &[usize]) -> String {
        let mut whole = shape.to_vec();
        let mut axes = vec![];
        for _ in 0..self.dice.within(1, 2) {
            let axis = self.dice.below(whole.len() + 1);
            let extent = self.extent();
            if size(&whole) * extent > 2 * LARGE {
                break;
            }
            axes.iter_mut().filter(|it| **it >= axis).for_each(|it| *it += 1);
            axes.push(axis);
            whole.insert(axis, extent);
        }
        let over = match (&axes[..], shape.len()) {
            ([], _) => return self.leaf(shape, false),
            (_, 0) => String::new(),
            ([one], _) => format!(", over: {one}"),
            _ => format!(", over: [{}]", dims(&axes)),
        };
        let condition = if self.dice.chance(5) { format!(", where: {}", self.truth(&whole)) } else { String::new() };
        let masked = !condition.is_empty();
        let x = self.numbers(&whole);
        match self.dice.below(7) {
            0 => format!("sum({x}{over}{condition})"),
            1 | 2 if !masked => format!("mean({x}{over})"),
            3 if !masked => format!("max({x}{over})"),
            4 if !masked => format!("min({x}{over})"),
            5 if !masked && self.dice.chance(2) => format!("median({}{over})", self.leaf(&whole, true)),
            _ => format!("tanh(sum({x}{over}{condition}))"),
        }
    }

    fn view(&mut self, shape: &[usize]) -> String {
        let rank = shape.len();
        match self.dice.below(8) {
            0 => {
                let from = self.reshaped(shape);
                format!("reshape({}, [{}])", self.numbers(&from), dims(shape))
            }
            1 if rank > 1 => {
                let order = self.dice.order(rank);
                let mut from = vec![0; rank];
                order.iter().zip(shape).for_each(|(&axis, &extent)| from[axis] = extent);
                format!("permute({}, [{}])", self.numbers(&from), dims(&order))
            }
            2 if rank > 1 => {
                let mut from = shape.to_vec();
                from.swap(rank - 1, rank - 2);
                format!("transpose({})", self.numbers(&from))
            }
            3 if rank > 0 => {
                let axis = self.dice.below(rank);
                let mut from = shape.to_vec();
                let times = from.remove(axis);
                format!("expand({}, {axis}, {times})", self.numbers(&from))
            }
            4 if rank > 0 => {
                let axis = self.dice.below(rank);
                let first = self.dice.below(shape[axis]);
                if first == 0 {
                    return self.leaf(shape, false);
                }
                let (mut a, mut b) = (shape.to_vec(), shape.to_vec());
                (a[axis], b[axis]) = (first, shape[axis] - first);
                format!("concat({}, {}, axis: {axis})", self.numbers(&a), self.numbers(&b))
            }
            5 if rank > 0 => {
                // Every axis that is cut says from where to where.
                let (mut from, mut cuts) = (shape.to_vec(), vec![]);
                for extent in from.iter_mut().take(self.dice.within(1, rank)) {
                    let (before, after) = (self.dice.below(3), self.dice.below(3));
                    cuts.push(format!("{before} .. {}", before + *extent));
                    *extent += before + after;
                }
                if size(&from) > 2 * LARGE {
                    return self.leaf(shape, false);
                }
                format!("({})[{}]", self.numbers(&from), cuts.join(", "))
            }
            6 if rank > 0 && self.body.loops.is_empty() && shape[rank - 1] * 2 <= LARGE => {
                let (parts, axis) = (self.dice.within(2, 3), self.dice.below(rank));
                let mut from = shape.to_vec();
                from[axis] *= parts;
                if size(&from) > 2 * LARGE {
                    return self.leaf(shape, false);
                }
                let x = self.numbers(&from);
                let names: Vec<String> = (0..parts).map(|_| self.fresh("v")).collect();
                self.body.statements.push(format!("({}) = split({x}, {parts}, axis: {axis})", names.join(", ")));
                let known = |name: &String| Known {
                    name: name.clone(),
                    shape: shape.to_vec(),
                    holds: Holds::Numbers { exact: false },
                };
                self.body.known.extend(names.iter().map(known));
                format!("({} - {})", names[0], names[parts - 1])
            }
            _ => {
                let extent = self.extent();
                let from = [&[extent], shape].concat();
                if size(&from) > 2 * LARGE {
                    return self.leaf(shape, false);
                }
                let at = self.dice.below(extent);
                format!("({})[{at}]", self.numbers(&from))
            }
        }
    }

    /// As many elements in other axes.
    fn reshaped(&mut self, shape: &[usize]) -> Vec<usize> {
        let mut from = shape.to_vec();
        for _ in 0..self.dice.within(1, 2) {
            if from.len() > 1 && self.dice.chance(2) {
                let axis = self.dice.below(from.len() - 1);
                from[axis] *= from.remove(axis + 1);
            } else if !from.is_empty() && self.dice.chance(2) {
                let axis = self.dice.below(from.len());
                let extent = from[axis];
                let parts: Vec<usize> = (1..=extent).filter(|&part| extent.is_multiple_of(part)).collect();
                let part = self.dice.pick(&parts);
                from[axis] = part;
                from.insert(axis, extent / part);
            } else {
                from.insert(self.dice.below(from.len() + 1), 1);
            }
        }
        from
    }

    fn cast(&mut self, shape: &[usize]) -> String {
        match self.dice.chance(2) {
            true => format!("cast({}, f32)", self.truth(shape)),
            false => format!("(0.25 * cast({}, f32))", self.places(shape).0),
        }
    }

    /// Rows of a table, as an index says.
    fn gathered(&mut self, shape: &[usize]) -> String {
        if let ([values], true) = (shape, self.dice.chance(3)) {
            let (place, bound) = self.places(&[]);
            let one = format!("one_hot({place}, {values})");
            return if bound <= *values { one } else { format!("(1 - {one})") };
        }
        let lead = self.dice.below(shape.len() + 1);
        let (index, bound) = self.places(&shape[..lead]);
        let from = [&[bound], &shape[lead..]].concat();
        if size(&from) > 2 * LARGE {
            return self.leaf(shape, false);
        }
        let table = self.numbers(&from);
        format!("({table})[{index}]")
    }

    fn noise(&mut self, shape: &[usize]) -> String {
        let x = self.numbers(shape);
        let draw = self.dice.pick(&["uniform", "normal"]);
        format!("({x} * noise({draw}, like: {}))", self.leaf(shape, false))
    }

    /// A value with a name, which others may read too.
    fn named(&mut self, shape: &[usize]) -> String {
        if !self.body.loops.is_empty() {
            return self.numbers(shape);
        }
        let value = self.numbers(shape);
        self.bound(shape, value)
    }

    fn bound(&mut self, shape: &[usize], value: String) -> String {
        let name = self.fresh("v");
        self.body.statements.push(format!("{name} = {value}"));
        self.body.known.push(Known {
            name: name.clone(),
            shape: shape.to_vec(),
            holds: Holds::Numbers { exact: false },
        });
        name
    }

    /// A layer of the library that keeps or makes this shape.
    fn stage(&mut self, shape: &[usize]) -> String {
        // What a norm makes of one number is nothing but rounding.
        if !self.body.stages || !self.body.loops.is_empty() || shape.last().is_none_or(|&it| it < 2) {
            return self.activation(shape);
        }
        let all = library::of(Kind::Layer);
        let definition = self.dice.pick(&all);
        let callable = &definition.callable;
        let name = callable.name.as_str();
        let alias = self.fresh("s");
        let ty = |ty: &Option<dlmc::syntax::tree::Type>| ty.as_ref().and_then(library::parts);
        let [input] = &callable.inputs[..] else { return self.activation(shape) };
        let (Some((word, sizes)), result) = (ty(&input.ty), ty(&callable.result)) else {
            return self.activation(shape);
        };
        let last = *shape.last().expect("not empty");
        // The setting that says how many numbers come out.
        let units = matches!((&result, &callable.config[..]), (Some((_, sizes)), [first, ..]) if sizes.last() == Some(&first.name.as_str()));
        let same = result.as_ref().is_none_or(|(_, to)| *to == sizes);
        match (word, units) {
            ("f32", true) if matches!(sizes[..], ["..", _]) || (sizes.len() == 1 && shape.len() == 1) => {
                let from = [&shape[..shape.len() - 1], &[self.extent()]].concat();
                if size(&from) > LARGE {
                    return self.leaf(shape, false);
                }
                let x = self.calm(&from);
                let act = if self.dice.chance(2) {
                    format!(", {}", self.dice.pick(&library::activations()))
                } else {
                    String::new()
                };
                let act = if callable
                    .config
                    .get(1)
                    .is_some_and(|it| it.ty.as_ref().is_some_and(|ty| library::text(ty) == "fn"))
                {
                    act
                } else {
                    String::new()
                };
                format!("({x} |> {name}({last}{act}) as {alias})")
            }
            ("class", true) if shape.len() == 1 => match self.class() {
                Some(class) => format!("({class} |> {name}({last}) as {alias})"),
                None => self.activation(shape),
            },
            ("f32", false) if same && (sizes.first() == Some(&"..") || sizes.len() == shape.len()) => {
                let across = callable.across_batch;
                let Some(call) = library::call(definition, 2, &mut self.dice) else { return self.leaf(shape, false) };
                self.body.across |= across;
                // A layer without a result type may change the shape.
                let x = self.calm(shape);
                let made = format!("({x} |> {call} as {alias})");
                if result.is_some() { made } else { format!("reshape({made}, [{}])", dims(shape)) }
            }
            _ => self.activation(shape),
        }
    }

    /// A class that comes in.
    fn class(&mut self) -> Option<String> {
        let is_class = |it: &&Known| matches!(it.holds, Holds::Places(_));
        let classes: Vec<String> = self.body.known.iter().filter(is_class).map(|it| it.name.clone()).collect();
        (!classes.is_empty()).then(|| self.dice.pick(&classes))
    }

    /// A layer of the program's own.
    fn layer(&mut self, shape: &[usize]) -> String {
        if !self.body.stages || !self.body.loops.is_empty() || self.items.len() > 3 {
            return self.numbers(shape);
        }
        let from = self.shape(LARGE / 2);
        let (layer, input, alias) = (self.fresh("layer"), self.fresh("x"), self.fresh("s"));
        let fuel = self.body.fuel / 2;
        self.body.fuel -= fuel;
        let x = self.numbers(&from);
        let own = Body {
            known: vec![Known { name: input.clone(), shape: from.clone(), holds: Holds::Numbers { exact: false } }],
            stages: self.dice.chance(2),
            fuel: fuel.max(2),
            ..Body::default()
        };
        let outer = std::mem::replace(&mut self.body, own);
        let mut statements = vec![];
        let result = self.numbers(shape);
        if self.dice.chance(3) {
            let state = self.fresh("m");
            let read = self.leaf(shape, false);
            statements.push(format!("state {state}: {} ~ 0.5", f32_of(shape)));
            self.body.statements.push(format!("{state}' = 0.75 * {state} + 0.25 * mean({read}, over: batch)"));
            self.body.statements.push(format!("r{state} = {result} + 0.1 * {state}"));
            self.body.across = true;
            let result = format!("r{state}");
            statements.append(&mut self.body.statements);
            statements.push(result);
        } else {
            statements.append(&mut self.body.statements);
            statements.push(result);
        }
        let own = std::mem::replace(&mut self.body, outer);
        let across = if own.across { " across batch" } else { "" };
        self.body.across |= own.across;
        let lines: String = statements.iter().map(|it| format!("  {it}\n")).collect();
        // Axes have names where the body sums over them by name.
        self.items.push(format!(
            "layer {layer} on {input}: {} -> {}{across} {{\n{lines}}}\n",
            f32_of(&from),
            f32_of(shape)
        ));
        format!("({x} |> {layer} as {alias})")
    }

    /// What the other examples have to do with this one.
    fn crossing(&mut self, shape: &[usize]) -> String {
        if self.is_loss() || !self.body.loops.is_empty() {
            return self.numbers(shape);
        }
        self.body.across = true;
        let name = self.named(shape);
        match self.dice.below(4) {
            0 => format!("({name} - mean({name}, over: batch))"),
            1 => format!("tanh(sum({name}, over: batch))"),
            2 => format!("({name} + 0.5 * max({name}, over: batch))"),
            _ => {
                let condition = self.truth(shape);
                format!("({name} + tanh(sum({name}, over: batch, where: {condition})))")
            }
        }
    }

    /// A sum over axes that the type of a function names.
    fn kept(&mut self, shape: &[usize]) -> String {
        if shape.len() > 2 || self.items.len() > 4 {
            return self.numbers(shape);
        }
        let (function, extent) = (self.fresh("fn"), self.extent());
        let from = [shape, &[extent]].concat();
        if size(&from) > LARGE {
            return self.leaf(shape, false);
        }
        let names = ["A", "B", "C"];
        let reduction = self.dice.pick(&["sum", "mean", "max", "min"]);
        let axis = self.dice.below(from.len());
        let mut moved = shape.to_vec();
        moved.insert(axis, extent);
        let dims: Vec<&str> = names[..moved.len()].to_vec();
        let result: Vec<&str> = dims.iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, it)| *it).collect();
        let result = if result.is_empty() { "f32".into() } else { format!("f32[{}]", result.join(", ")) };
        self.items.push(format!(
            "fn {function}(x: f32[{}]) -> {result} = {reduction}(tanh(x), over: {})\n",
            dims.join(", "),
            dims[axis]
        ));
        format!("{function}({})", self.numbers(&moved))
    }

    // -------------------------------------------------------------------------------------------- leaves

    /// Numbers of this shape without an operation, or only with views; where `exact`, those that all executors see alike.
    fn leaf(&mut self, shape: &[usize], exact: bool) -> String {
        let fits = |it: &&Known| matches!(it.holds, Holds::Numbers { exact: is } if is || !exact);
        let known: Vec<Known> = self.body.known.iter().filter(fits).cloned().collect();
        let same: Vec<&Known> = known.iter().filter(|it| it.shape == shape).collect();
        if !same.is_empty() && !self.dice.chance(4) {
            return self.dice.pick(&same).name.clone();
        }
        let parameters = self.body.statements.iter().filter(|it| it.starts_with("param")).count();
        if !self.is_loss() && (known.is_empty() || parameters < 5 && self.dice.chance(3)) {
            return self.parameter(shape);
        }
        if known.is_empty() {
            return self.constant(shape);
        }
        let from = self.dice.pick(&known);
        self.adapted(&from, shape)
    }

    fn is_loss(&self) -> bool {
        self.body.known.iter().any(|it| it.name == "truth")
    }

    fn constant(&mut self, shape: &[usize]) -> String {
        match shape {
            [] => "sum(0.5 * ones([2]))".to_string(),
            _ => format!("(0.25 * ones([{}]))", dims(shape)),
        }
    }

    fn parameter(&mut self, shape: &[usize]) -> String {
        let name = self.fresh("p");
        let init = self.dice.pick(&["normal(0, 0.5)", "uniform(-1, 1)", "normal(0.25, 1)"]);
        let at = self.body.statements.iter().take_while(|it| it.starts_with("param")).count();
        self.body.statements.insert(at, format!("param {name}: {} ~ {init}", f32_of(shape)));
        self.body.known.push(Known {
            name: name.clone(),
            shape: shape.to_vec(),
            holds: Holds::Numbers { exact: true },
        });
        name
    }

    /// What is known, seen under another shape.
    fn adapted(&mut self, from: &Known, shape: &[usize]) -> String {
        let (has, wants) = (size(&from.shape), size(shape));
        let name = &from.name;
        if from.shape == shape {
            return name.clone();
        }
        let flat = if from.shape.len() == 1 { name.clone() } else { format!("reshape({name}, [{has}])") };
        if has == wants {
            return format!("reshape({name}, [{}])", dims(shape));
        }
        let line = if has > wants {
            let start = self.dice.below(has - wants + 1);
            format!("({flat})[{start} .. {}]", start + wants)
        } else {
            let i = self.fresh("at");
            format!("(for {i} in {wants} => ({flat})[mod({i}, {has})])")
        };
        if shape.len() == 1 { line } else { format!("reshape({line}, [{}])", dims(shape)) }
    }

    /// Indices of this shape, and what they are below.
    fn places(&mut self, shape: &[usize]) -> (String, usize) {
        let classes: Vec<Known> =
            self.body.known.iter().filter(|it| matches!(it.holds, Holds::Places(_))).cloned().collect();
        match shape {
            [] => {
                let variables = self.body.loops.clone();
                let mut all: Vec<(String, usize)> = variables;
                for class in &classes {
                    let Holds::Places(values) = class.holds else { continue };
                    all.push((class.name.clone(), values));
                    let factor = self.dice.within(1, 3);
                    let most = self.dice.within(1, 6);
                    all.push((format!("mod({factor} * cast({}, i32) + 1, {most})", class.name), most));
                }
                if all.is_empty() {
                    let values = self.dice.within(1, 5);
                    return (format!("positions({values})[{}]", self.dice.below(values)), values);
                }
                self.dice.pick(&all)
            }
            [extent] if self.dice.chance(2) => (format!("positions({extent})"), *extent),
            _ if self.dice.chance(4) && self.body.fuel > 0 => {
                self.body.fuel -= 1;
                let bound = self.dice.within(1, 7);
                (format!("mod({}, {bound})", self.whole_row(shape, Dtype::I32)), bound)
            }
            _ => {
                let names: Vec<String> = shape.iter().map(|_| self.fresh("at")).collect();
                let binders: Vec<String> =
                    names.iter().zip(shape).map(|(name, extent)| format!("{name} in {extent}")).collect();
                let bound = self.dice.within(1, 7);
                let more = if classes.is_empty() {
                    String::new()
                } else {
                    format!(" + cast({}, i32)", self.dice.pick(&classes).name)
                };
                let sum = names.join(" + 2 * ");
                (format!("(for {} => mod({sum}{more}, {bound}))", binders.join(", ")), bound)
            }
        }
    }

    /// Conditions of this shape. Something in each is known at run time only.
    fn truth(&mut self, shape: &[usize]) -> String {
        let part = self.suffix(shape);
        match self.dice.below(9) {
            0 => format!("({} < {})", self.leaf(shape, true), self.leaf(&part, true)),
            1 => format!("({} >= {})", self.leaf(shape, true), self.literal()),
            2 => format!("({} > {})", self.literal(), self.leaf(shape, true)),
            3 => format!("(not {})", self.truth(shape)),
            4 => format!("({} and {})", self.truth(shape), self.truth(&part)),
            5 => format!("({} or {})", self.truth(&part), self.truth(shape)),
            6 => {
                let (a, bound) = self.places(shape);
                let sign = self.dice.pick(&["==", "!=", "<", "<="]);
                format!("({a} {sign} {})", self.dice.below(bound))
            }
            7 => format!("(noise(uniform, like: {}) < 0.6)", self.leaf(shape, false)),
            _ => self.whole_row(shape, Dtype::Bool),
        }
    }

    /// A scalar primitive that gives conditions or integers, from its row.
    fn whole_row(&mut self, shape: &[usize], result: Dtype) -> String {
        let rows: Vec<(Scalar, &[Dtype])> = Scalar::ALL
            .iter()
            .flat_map(|&scalar| scalar.def().signatures.iter().map(move |&(from, to)| (scalar, from, to)))
            .filter(|&(_, _, to)| to == result)
            .map(|(scalar, from, _)| (scalar, from))
            .collect();
        let (scalar, operands) = self.dice.pick(&rows);
        let args: Vec<String> = operands
            .iter()
            .map(|dtype| match dtype {
                Dtype::F32 => self.leaf(shape, true),
                Dtype::I32 => format!("cast({}, i32)", self.places(shape).0),
                Dtype::Bool => self.truth(shape),
            })
            .collect();
        call_of(scalar, &args)
    }
}

/// A call by the row's name; where that is a word of the language, as this is written.
fn call_of(scalar: Scalar, args: &[String]) -> String {
    let name = scalar.def().name;
    match (dlmc::syntax::expression(dlmc::source::FileId(0), &format!("{name}(1)")), args) {
        (Ok(_), _) => format!("{name}({})", args.join(", ")),
        (Err(_), [one]) => format!("({name} {one})"),
        (Err(_), _) => format!("({})", args.join(&format!(" {name} "))),
    }
}

/// One thing that a model gives.
struct Output {
    /// `f32`, `logits`, …
    word: &'static str,
    shape: Vec<usize>,
    target: String,
    target_type: String,
    loss: String,
}

impl Output {
    fn ty(&self) -> String {
        match self.word {
            "logit" => "logit".into(),
            word => format!("{word}[{}]", dims(&self.shape)),
        }
    }
}
