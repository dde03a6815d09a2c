//! Well-typed programs, drawn at random: their texts.
//!
//! A formula is drawn from its type down: whoever needs numbers of a shape asks for them, and is given a name that has this
//! shape, something seen through a view, or an operation whose operands are asked for in turn. So every text is well typed,
//! and a refusal is somebody's mistake. Where a small error could become a large one (a comparison, a rounding, a place in
//! an order), the operands are inputs or parameters as they are, which all executors see alike.

mod leaves;
mod numbers;
mod stages;

use dlmc::model::program::StateRole;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::syntax::tree::Kind;

use super::{library, outcome};
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
    /// How many of them carry a value.
    carries: usize,
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
        let types: Vec<String> = inputs.iter().map(|it| self.declared(it)).collect();
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
        let (training, augmentation) = self.training(&model, &text, &inputs, &outputs);
        if let Some(augmentation) = augmentation {
            text += &augmentation;
        }
        text + &training
    }

    /// A type of what holds this.
    fn declared(&mut self, known: &Known) -> String {
        match (known.holds, &known.shape[..]) {
            (Holds::Places(values), _) if self.dice.chance(3) => format!("ordinal[{values}]"),
            (Holds::Places(values), _) => format!("class[{values}]"),
            (Holds::Numbers { .. }, [labels]) if self.dice.chance(5) => format!("set[{labels}]"),
            (Holds::Numbers { .. }, shape) => f32_of(shape),
        }
    }

    /// The train block of a model with this text, and an augmentation of the program's own that it asks for.
    fn training(
        &mut self,
        model: &str,
        written: &str,
        inputs: &[Known],
        outputs: &[Output],
    ) -> (String, Option<String>) {
        let loss = match outputs {
            [one] => one.loss.clone(),
            all => {
                let terms: Vec<String> = all.iter().map(|it| format!("{} on {}", it.loss, it.target)).collect();
                terms.join(" + 0.25 * ")
            }
        };
        let optimizer = self.called(Kind::Optimizer);
        let mut text = format!("train {{\n  model: {model}\n  data: rows\n  loss: {loss}\n  optimizer: {optimizer}\n");
        let batch = self.dice.within(1, 9);
        text += &format!("  batch: {batch}\n  for: {} steps\n", self.dice.within(4, 20));
        if self.dice.chance(2) {
            text += &format!("  schedule: {}\n", self.called(Kind::Schedule));
        }
        if self.dice.chance(3) {
            text += &format!("  clip: {}\n", self.dice.pick(&["norm(1.0)", "value(0.25)", "norm(0.01)"]));
        }
        if self.dice.chance(3) {
            text += &format!("  regularize {{ {} }}\n", self.called(Kind::Regularizer));
        }
        if self.dice.chance(4) {
            text += &format!("  accumulate: {} batches\n", self.dice.within(2, 4));
        }
        if self.dice.chance(3) {
            // Not all of them, or there is nothing to train.
            let whole = outcome::checked(&format!("{written}{text}}}\n"));
            let states = whole.programs.first().map_or(&[][..], |it| &it.states);
            let parameters: Vec<&str> =
                states.iter().filter(|it| it.role == StateRole::Parameter).map(|it| it.path.as_str()).collect();
            if parameters.len() > 1 {
                let until = self.dice.within(1, 3);
                let until = if self.dice.chance(4) { String::new() } else { format!(" until {until} steps") };
                text += &format!("  freeze {}{until}\n", self.dice.pick(&parameters));
            }
        }
        let numbers: Vec<&Known> = inputs.iter().filter(|it| matches!(it.holds, Holds::Numbers { .. })).collect();
        if numbers.len() == inputs.len() && batch > 1 && self.dice.chance(3) {
            text += &format!("  augment batch {{ mixup(alpha: {}) }}\n", self.dice.pick(&["0.2", "1", "3"]));
        }
        let mut augmentation = None;
        if !numbers.is_empty() && self.dice.chance(4) {
            let (name, field) = (self.fresh("vary"), &self.dice.pick(&numbers).name);
            let formula = self.dice.pick(&[
                "x + 0.25 * noise(normal, like: x)",
                "x * (0.5 + noise(uniform, like: x))",
                "x * drawn(0.5 .. 1.5)",
                "where(chance(50%), -x, tanh(x))",
            ]);
            augmentation = Some(format!("augmentation {name} on x: f32[.., D] -> f32[.., D] = {formula}\n\n"));
            text += &format!("  augment {field} {{ {name} }}\n");
        }
        (text + "}\n", augmentation)
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
                "K - 1" => Some(n - 1),
                _ => None,
            };
            sizes.iter().map(of).collect()
        };
        let (shape, target_shape) = (sized(&sizes)?, sized(&target_sizes)?);
        let shape = match (word, shape.len()) {
            ("f32" | "logits" | "logit" | "log_prob" | "prob", 1) => shape,
            ("logit", 0) => vec![1],
            _ => return None,
        };
        let target_type = match (target_word, &target_shape[..]) {
            ("f32" | "prob", [_]) => format!("{target_word}[{}]", dims(&target_shape)),
            ("class" | "ordinal" | "set", [values]) => format!("{target_word}[{values}]"),
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
            "logit" if self.shape == [1] => "logit".into(),
            word => format!("{word}[{}]", dims(&self.shape)),
        }
    }
}
