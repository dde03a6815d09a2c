//! What a formula can call that is not written in the language: structure, reductions, draws.
//!
//! Every scalar primitive can be called by its name too; it needs no row here.

use super::lower::{Lower, Outcome};
use super::types::{describe, dims};
use super::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::{Span, nearest};
use crate::tensor::{Draw, View};

pub struct Builtin {
    pub name: &'static str,
    /// What `dlmc doc` shows.
    pub doc: &'static str,
    pub run: fn(&mut Lower, Arguments) -> Outcome<Value>,
}

/// What a built-in was called with.
pub struct Arguments {
    pub name: &'static str,
    pub all: Vec<Given>,
    pub span: Span,
}

/// Every built-in function.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "sum",
        doc: "sum(x, over: axes, where: condition): the sum, of all numbers or over the named axes",
        run: |l, a| reduce(l, a, Reduction::Sum),
    },
    Builtin {
        name: "mean",
        doc: "mean(x, over: axes, where: condition): the arithmetic mean",
        run: |l, a| reduce(l, a, Reduction::Mean),
    },
    Builtin {
        name: "max",
        doc: "max(a, b): the larger of two; max(x, over: axes): the largest",
        run: |l, a| extreme(l, a, Scalar::Max, Reduction::Max),
    },
    Builtin {
        name: "min",
        doc: "min(a, b): the smaller of two; min(x, over: axes): the smallest",
        run: |l, a| extreme(l, a, Scalar::Min, Reduction::Min),
    },
    Builtin {
        name: "median",
        doc: "median(x, over: rows, where: condition): the middle number",
        run: |l, a| reduce(l, a, Reduction::Median),
    },
    Builtin {
        name: "rank",
        doc: "rank(x, over: batch, where: condition): of how many examples x is not larger; whole numbers from 1",
        run: rank,
    },
    Builtin { name: "where", doc: "where(c, a, b): a where c holds, else b", run: choose },
    Builtin { name: "present", doc: "present(x): whether a value is there", run: present },
    Builtin { name: "reshape", doc: "reshape(x, [sizes]): the same elements under another shape", run: reshape },
    Builtin { name: "permute", doc: "permute(x, [axes]): the axes in another order", run: permute },
    Builtin { name: "transpose", doc: "transpose(x): the last two axes exchanged", run: transpose },
    Builtin { name: "expand", doc: "expand(x, axis, size): a new axis with equal copies", run: expand },
    Builtin { name: "concat", doc: "concat(a, b, …, axis: 0): one behind the other", run: concat },
    Builtin { name: "split", doc: "split(x, n, axis: last): n equal parts", run: split },
    Builtin { name: "size", doc: "size(x): the number of elements of one example", run: size },
    Builtin { name: "dot", doc: "dot(a, b): the sum of the products of two rows", run: dot },
    Builtin { name: "one_hot", doc: "one_hot(y, n): 1 at the place y of n, else 0", run: one_hot },
    Builtin { name: "cast", doc: "cast(x, f32): the same numbers in another type", run: cast },
    Builtin {
        name: "zeros",
        doc: "zeros([sizes]): noughts; as a start of a parameter, without sizes",
        run: |l, a| filled(l, a, 0.0),
    },
    Builtin { name: "ones", doc: "ones([sizes]): ones", run: |l, a| filled(l, a, 1.0) },
    Builtin { name: "positions", doc: "positions(n): the places 0 to n - 1", run: positions },
    Builtin {
        name: "uniform",
        doc: "uniform(low, high): draws for the start of a parameter",
        run: |l, a| draw(l, a, Draw::Uniform),
    },
    Builtin {
        name: "normal",
        doc: "normal(mean, deviation): draws for the start of a parameter",
        run: |l, a| draw(l, a, Draw::Normal),
    },
    Builtin {
        name: "noise",
        doc: "noise(uniform | normal, like: x): new draws at every step; the mean when predicting",
        run: noise,
    },
    Builtin {
        name: "repeat",
        doc: "repeat(n, layer): the layer n times, each with parameters of its own",
        run: repeat,
    },
    Builtin { name: "column", doc: "column(\"name\"): a column of the data, whatever its name", run: column },
    Builtin { name: "columns", doc: "columns(\"pixel_*\"): all columns that fit, side by side", run: column },
];

pub fn find(name: &str) -> Option<What> {
    let builtin = BUILTINS.iter().find(|it| it.name == name).map(What::Builtin);
    builtin.or_else(|| Scalar::named(name).map(What::Scalar))
}

pub fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|it| it.name).chain(Scalar::ALL.iter().map(|scalar| scalar.def().name))
}

impl Builtin {
    /// Whether a call of it is a layer, to be applied to what comes by `|>`.
    pub fn gives_layer(&self) -> bool {
        self.name == "repeat"
    }
}

impl Arguments {
    fn noun(&self) -> String {
        format!("`{}`", self.name)
    }

    /// Takes the arguments named so, and refuses all other names.
    fn named<const N: usize>(&mut self, lower: &mut Lower, names: [&str; N]) -> Outcome<[Option<Given>; N]> {
        let mut found = [const { None }; N];
        let mut rest = Vec::new();
        for given in self.all.drain(..) {
            match &given.name {
                None => rest.push(given),
                Some(name) => match names.iter().position(|it| *it == name.as_str()) {
                    Some(at) => found[at] = Some(given),
                    None => {
                        let (callee, name) = (format!("`{}`", self.name), name.text.to_string());
                        let near = nearest(&name, names).map(str::to_string);
                        let (at, known) = (lower.blame(given.place()), names.iter().map(|it| it.to_string()).collect());
                        return Err(lower.report(UnknownArgument { callee, name, at, near, known }));
                    }
                },
            }
        }
        self.all = rest;
        Ok(found)
    }

    /// Exactly `N` positional arguments.
    fn exactly<const N: usize>(self, lower: &mut Lower) -> Outcome<[Given; N]> {
        let (callee, takes, span) = (self.noun(), N, self.span);
        let found = self.all.len();
        self.all.try_into().map_err(|all: Vec<Given>| {
            if found > takes {
                let at = lower.blame(all[takes].span);
                return lower.report(TooManyArguments { callee, takes, at, declared: None });
            }
            let at = lower.blame(span);
            lower.report(InputCount { callee, wanted: takes, found, at, declared: at })
        })
    }
}

impl Lower<'_> {
    /// A scalar primitive by its name: on numbers known before the run, a number.
    pub fn apply_scalar(&mut self, scalar: Scalar, values: Vec<(Value, Span)>, span: Span) -> Outcome<Value> {
        let def = scalar.def();
        let at = self.blame(span);
        if values.len() != def.operands.len() {
            let (wanted, found) = (def.operands.len(), values.len());
            return Err(self.report(InputCount { callee: format!("`{}`", def.name), wanted, found, at, declared: at }));
        }
        let numbers: Option<Vec<Number>> = values
            .iter()
            .map(|(value, _)| match value {
                Value::Number(number) => Some(*number),
                _ => None,
            })
            .collect();
        let reals = vec![Dtype::F32; values.len()];
        if let Some(numbers) = numbers
            && scalar.dtype(&reals) == Some(Dtype::F32)
        {
            let value = scalar.eval_f64(&reals, &numbers.iter().map(|number| number.value).collect::<Vec<_>>());
            // What rounds makes a division whole again.
            let whole = value.fract() == 0.0 && numbers.iter().all(|number| number.whole || number.inexact.is_some());
            let measure = numbers[0].measure.filter(|_| numbers.iter().all(|it| it.measure == numbers[0].measure));
            return Ok(Value::Number(Number { value, measure, whole, inexact: None }));
        }
        self.elementwise(scalar, def.name, values, span)
    }

    fn constant_size(&mut self, given: &Given) -> Outcome<usize> {
        match given.value.clone().settled() {
            Value::Number(number) => self.size_of(number, given.span),
            other => Err(self.not_a("a size", &other, given.span)),
        }
    }

    fn sizes(&mut self, given: &Given) -> Outcome<Vec<usize>> {
        match given.value.clone().settled() {
            Value::List(items) => {
                let mut sizes = Vec::new();
                for value in items {
                    sizes.push(self.constant_size(&Given { name: None, value, span: given.span })?);
                }
                Ok(sizes)
            }
            other => Err(self.not_a("a list of sizes", &other, given.span)),
        }
    }

    /// An axis of the shape by its number or its name.
    fn axis_of(&mut self, tensor: &Tensor, value: &Value, span: Span) -> Outcome<usize> {
        let at = self.blame(span);
        let shape = describe(tensor);
        match value {
            Value::Number(number) => {
                let rank = tensor.shape.len() as f64;
                let axis = if number.value < 0.0 { number.value + rank } else { number.value };
                if axis.fract() != 0.0 || !(0.0..rank).contains(&axis) {
                    let known = vec![];
                    return Err(self.report(UnknownAxis { name: number.value.to_string(), shape, at, known }));
                }
                Ok(axis as usize)
            }
            Value::Word(word) if &**word == "last" && !tensor.shape.is_empty() => Ok(tensor.shape.len() - 1),
            Value::Word(word) => {
                let axes = tensor.names.iter().enumerate();
                let mut found = axes.filter(|(_, name)| name.as_deref() == Some(&**word)).map(|(axis, _)| axis);
                match found.next() {
                    Some(axis) => Ok(axis),
                    None => {
                        let known = tensor.names.iter().flatten().map(|name| name.to_string()).collect();
                        Err(self.report(UnknownAxis { name: word.to_string(), shape, at, known }))
                    }
                }
            }
            other => Err(self.not_a("an axis", other, span)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reduction {
    Sum,
    Mean,
    Max,
    Min,
    Median,
}

/// `max(a, b)` of two, or the largest of one.
fn extreme(lower: &mut Lower, arguments: Arguments, scalar: Scalar, reduction: Reduction) -> Outcome<Value> {
    let positional = arguments.all.iter().filter(|given| given.name.is_none()).count();
    if positional == 2 && arguments.all.len() == 2 {
        let values = arguments.all.into_iter().map(|given| (given.value.settled(), given.span)).collect();
        return lower.apply_scalar(scalar, values, arguments.span);
    }
    reduce(lower, arguments, reduction)
}

/// A reduction over named axes, over all axes of the shape where none is named.
fn reduce(lower: &mut Lower, mut arguments: Arguments, reduction: Reduction) -> Outcome<Value> {
    let [over, condition] = arguments.named(lower, ["over", "where"])?;
    let (name, span) = (arguments.name, arguments.span);
    let [given] = arguments.exactly::<1>(lower)?;
    let mut tensor = lower.tensor_of(given.value, given.span)?;
    if lower.dtype(&tensor) == Dtype::Bool {
        tensor = lower.map(Scalar::ToF32, &[&tensor]).expect("a cast");
    }
    // The axes: the batch, and axes of the shape.
    let (mut batch, mut axes) = (false, Vec::new());
    match over {
        None => axes = (0..tensor.shape.len()).collect(),
        Some(over) => {
            let list = match over.value {
                Value::List(items) => items,
                one => vec![one],
            };
            for item in list {
                match &item {
                    Value::Word(word) if matches!(&**word, "batch" | "rows") => batch = true,
                    item => axes.push(lower.axis_of(&tensor, item, over.span)?),
                }
            }
        }
    }
    axes.sort_unstable();
    axes.dedup();
    let mask = match condition {
        Some(condition) => Some(lower.tensor_of(condition.value, condition.span)?),
        None => None,
    };
    if tensor.optional && mask.is_none() {
        let at = lower.blame(given.span);
        let (callee, declared) = (format!("`{name}`"), lower.blame(span));
        return Err(lower.report(OptionalAsPresent { callee, input: "the operand".into(), at, declared }));
    }
    // The reduced axes first in one row: leads and axes alike become one axis of the shape.
    let mut row = tensor.clone().plain();
    let mut keep = mask;
    if batch {
        lower.crossing = true;
        row = lower.bring_in(&row, BATCH);
        keep = keep.map(|keep| lower.bring_in(&keep, BATCH));
        axes = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
    }
    if axes.is_empty() {
        return Ok(Value::Tensor(row));
    }
    let count: usize = axes.iter().map(|&axis| row.shape[axis]).product();
    let dtype = lower.dtype(&row);
    let fill = match reduction {
        Reduction::Sum | Reduction::Mean => 0.0,
        Reduction::Max => f64::NEG_INFINITY,
        Reduction::Min => f64::INFINITY,
        Reduction::Median => f64::NAN,
    };
    if let Some(mask) = &keep {
        let fill = lower.constant(fill, dtype);
        let Some(masked) = lower.map(Scalar::Select, &[mask, &row, &fill]) else {
            let at = lower.blame(span);
            let (left, right) = (describe(mask), describe(&row));
            return Err(lower.report(ShapeMismatch { operation: "where:".into(), left, right, at, help: None }));
        };
        row = Tensor { names: row.names.clone(), ..masked };
    }
    let lead = row.lead.clone();
    let reduced = match reduction {
        Reduction::Sum | Reduction::Mean => {
            let total = fold_axes(lower, &row, &axes, |lower, x, axis| lower.sum(x, axis));
            if reduction == Reduction::Sum {
                total
            } else {
                if dtype != Dtype::F32 {
                    let at = lower.blame(given.span);
                    let (left, right) = (lower.dtype_word(&row).to_string(), "a mean".to_string());
                    return Err(lower.report(NumberTypes { operation: name.into(), left, right, at }));
                }
                let divisor = match &keep {
                    None => lower.constant(count as f64, Dtype::F32),
                    Some(mask) => {
                        let there = lower.map(Scalar::ToF32, &[mask]).expect("a cast");
                        let id = lower.spread(&there, &lead, &row.shape.clone());
                        let there = lower.tensor(id, lead.clone());
                        fold_axes(lower, &there, &axes, |lower, x, axis| lower.sum(x, axis))
                    }
                };
                lower.map(Scalar::Div, &[&total, &divisor]).expect("one shape")
            }
        }
        Reduction::Max => fold_axes(lower, &row, &axes, |lower, x, axis| lower.max(x, axis)),
        Reduction::Min => {
            let negative = lower.map(Scalar::Neg, &[&row]).expect("a number");
            let largest = fold_axes(lower, &negative, &axes, |lower, x, axis| lower.max(x, axis));
            lower.map(Scalar::Neg, &[&largest]).expect("a number")
        }
        Reduction::Median => median(lower, &row, &axes, keep.as_ref(), count),
    };
    let names: Vec<_> =
        row.names.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, it)| it.clone()).collect();
    Ok(Value::Tensor(Tensor { names, ..reduced }))
}

fn fold_axes(
    lower: &mut Lower,
    row: &Tensor,
    axes: &[usize],
    fold: impl Fn(&mut Lower, &Tensor, usize) -> Tensor,
) -> Tensor {
    axes.iter().rev().fold(row.clone(), |x, &axis| fold(lower, &x, axis))
}

/// The mean of the two middle places of the sorted row. What is masked is NaN, and stands last.
fn median(lower: &mut Lower, row: &Tensor, axes: &[usize], keep: Option<&Tensor>, count: usize) -> Tensor {
    let others: Vec<usize> = (0..row.shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let rest: Vec<usize> = others.iter().map(|&axis| row.shape[axis]).collect();
    let flat = |lower: &mut Lower, x: &Tensor| {
        let moved = lower.permute(x, &[&others[..], axes].concat());
        lower.reshape(&moved, &[&rest[..], &[count]].concat())
    };
    let line = flat(lower, row);
    let rank = lower.graph.shape(line.id).len();
    let order = lower.graph.order(line.id, rank - 1);
    let sorted = lower.graph.gather(line.id, order, rank - 1, rank - 1);
    let line_shape = lower.graph.shape(line.id).to_vec();
    let there = match keep {
        None => {
            let id = lower.graph.constant(count as f32, &line_shape[..rank - 1]);
            lower.tensor(id, line.lead.clone())
        }
        Some(mask) => {
            let number = lower.map(Scalar::ToF32, &[mask]).expect("a cast");
            let id = lower.spread(&number, &row.lead, &row.shape);
            let full = lower.tensor(id, row.lead.clone());
            let full = flat(lower, &full);
            lower.sum(&full, rest.len())
        }
    };
    let half = lower.constant(0.5, Dtype::F32);
    let one = lower.constant(1.0, Dtype::F32);
    let last = lower.map(Scalar::Sub, &[&there, &one]).expect("one shape");
    let middle = lower.map(Scalar::Mul, &[&last, &half]).expect("one shape");
    let mut ends = Vec::new();
    for round in [Scalar::Floor, Scalar::Ceil] {
        let place = lower.map(round, &[&middle]).expect("a number");
        let place = lower.map(Scalar::ToI32, &[&place]).expect("a cast");
        let id = lower.graph.gather(sorted, place.id, rank - 1, rank - 1);
        ends.push(lower.tensor(id, line.lead.clone()));
    }
    let sum = lower.map(Scalar::Add, &[&ends[0], &ends[1]]).expect("one shape");
    lower.map(Scalar::Mul, &[&sum, &half]).expect("one shape")
}

/// How many examples of the batch, of those where the condition holds, have at most this number.
///
/// An order of numbers keeps equal ones as they were. So each number's place among those counted with all behind them,
/// less its place among all, is the count of those that are not larger. What is not counted is infinite, and stands last.
fn rank(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [over, condition] = arguments.named(lower, ["over", "where"])?;
    let (name, span) = (arguments.name, arguments.span);
    let [given] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(given.value, given.span)?;
    let at = lower.blame(given.span);
    match over.as_ref().map(|it| (&it.value, it.span)) {
        Some((Value::Word(word), _)) if matches!(&**word, "batch" | "rows") => {}
        Some((other, span)) => return Err(lower.not_a("`batch`", other, span)),
        None => {
            let (wanted, found, at) = ("`over: batch`".into(), "no `over`".into(), lower.blame(span));
            return Err(lower.report(WrongKind { wanted, found, at, help: None }));
        }
    }
    if tensor.optional {
        let (callee, declared) = (format!("`{name}`"), lower.blame(span));
        return Err(lower.report(OptionalAsPresent { callee, input: "the operand".into(), at, declared }));
    }
    if lower.dtype(&tensor) != Dtype::F32 {
        let (wanted, found) = ("numbers of type f32".into(), describe(&tensor));
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    lower.crossing = true;
    let row = lower.bring_in(&tensor.plain(), BATCH);
    let mut counted = row.clone();
    let mut most = lower.constant(row.shape[0] as f64, Dtype::F32);
    if let Some(condition) = condition {
        let mask = lower.tensor_of(condition.value, condition.span)?;
        let mask = lower.bring_in(&mask, BATCH);
        let infinite = lower.constant(f64::INFINITY, Dtype::F32);
        match lower.map(Scalar::Select, &[&mask, &row, &infinite]) {
            Some(masked) if masked.shape == row.shape => counted = masked,
            _ => {
                let at = lower.blame(span);
                let (left, right) = (describe(&mask), describe(&row));
                return Err(lower.report(ShapeMismatch { operation: "where:".into(), left, right, at, help: None }));
            }
        }
        let there = lower.map(Scalar::ToF32, &[&mask]).expect("a cast");
        most = lower.sum(&there, 0);
    }
    let count = row.shape[0];
    let both = lower.concat(&[counted, row.clone()], 0);
    let alone = lower.spread(&row, &both.lead, &row.shape);
    let axis = both.lead.len();
    let mut place = |x| {
        let order = lower.graph.order(x, axis);
        lower.graph.order(order, axis)
    };
    let (among, own) = (place(both.id), place(alone));
    let among = lower.graph.view(View::Slice { axis, start: count, step: 1, len: count }, among);
    let [among, own] = [among, own].map(|id| {
        let id = lower.graph.map(Scalar::ToF32, &[id]);
        lower.tensor(id, both.lead.clone())
    });
    let below = lower.map(Scalar::Sub, &[&among, &own]).expect("one shape");
    // An infinite number is not larger than what is not counted.
    let below = lower.map(Scalar::Min, &[&below, &most]).expect("one shape");
    Ok(Value::Tensor(lower.lift(&Tensor { names: row.names, ..below }, BATCH)))
}

fn choose(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let span = arguments.span;
    let [c, a, b] = arguments.exactly::<3>(lower)?;
    match c.value.clone().settled() {
        Value::Bool(true) => Ok(a.value),
        Value::Bool(false) => Ok(b.value),
        condition => lower.select(condition, c.span, a.value, a.span, b.value, b.span, span),
    }
}

/// Numbers that are missing are NaN, the only number that differs from itself; a missing class is the last one.
fn present(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    if let (Meaning::Class { values }, true) = (tensor.meaning, tensor.optional) {
        let missing = lower.constant(values as f64 - 1.0, Dtype::I32);
        return Ok(Value::Tensor(lower.map(Scalar::Less, &[&tensor, &missing]).expect("both i32")));
    }
    Ok(Value::Tensor(lower.map(Scalar::Equal, &[&tensor, &tensor]).expect("one shape")))
}

fn reshape(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let at = lower.blame(arguments.span);
    let [x, shape] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let to = lower.sizes(&shape)?;
    let (has, wants) = (tensor.shape.iter().product::<usize>(), to.iter().product::<usize>());
    if has != wants {
        let (from, to) = (describe(&tensor), dims(&to));
        return Err(lower.report(ElementCount { from, to, has, wants, at }));
    }
    Ok(Value::Tensor(lower.reshape(&tensor, &to)))
}

fn permute(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x, order] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let Value::List(items) = order.value.settled() else {
        let at = lower.blame(order.span);
        let (wanted, found) = ("a list of axes".into(), "one axis".into());
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    };
    let mut axes = Vec::new();
    for item in &items {
        axes.push(lower.axis_of(&tensor, item, order.span)?);
    }
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted != (0..tensor.shape.len()).collect::<Vec<_>>() {
        let (wanted, found) = (format!("each axis of {} once", describe(&tensor)), "other axes".into());
        let at = lower.blame(order.span);
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    Ok(Value::Tensor(lower.permute(&tensor, &axes)))
}

fn transpose(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let at = lower.blame(arguments.span);
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let rank = tensor.shape.len();
    if rank < 2 {
        let (wanted, found) = ("two axes".into(), describe(&tensor));
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 1, rank - 2);
    Ok(Value::Tensor(lower.permute(&tensor, &order)))
}

fn expand(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let at = lower.blame(arguments.span);
    let [x, axis, size] = arguments.exactly::<3>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let size = lower.constant_size(&size)?;
    let rank = tensor.shape.len();
    let axis = match axis.value.settled() {
        Value::Number(number) if number.value.fract() == 0.0 && (0.0..=rank as f64).contains(&number.value) => {
            number.value as usize
        }
        Value::Word(word) if &*word == "last" => rank,
        other => return Err(lower.not_a(&format!("an axis from 0 to {rank}"), &other, at)),
    };
    let id = lower.graph.expand(tensor.id, tensor.lead.len() + axis, size);
    let copies = lower.tensor(id, tensor.lead.clone());
    // A class stays one in every copy; what stands along an axis, as scores do, may not.
    Ok(Value::Tensor(match tensor.meaning {
        Meaning::Class { .. } => Tensor { meaning: tensor.meaning, optional: tensor.optional, ..copies },
        _ => copies,
    }))
}

fn concat(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [axis] = arguments.named(lower, ["axis"])?;
    let span = arguments.span;
    let mut values = Vec::new();
    for given in arguments.all {
        match given.value.settled() {
            Value::List(items) => values.extend(items.into_iter().map(|item| (item, given.span))),
            value => values.push((value, given.span)),
        }
    }
    if values.is_empty() {
        let at = lower.blame(span);
        return Err(lower.report(InputCount { callee: "`concat`".into(), wanted: 2, found: 0, at, declared: at }));
    }
    let tensors = lower.together(values)?;
    let mut parts = Vec::new();
    for tensor in tensors {
        parts.push(if tensor.shape.is_empty() { lower.reshape(&tensor, &[1]) } else { tensor });
    }
    let axis = match axis {
        Some(axis) => lower.axis_of(&parts[0].clone(), &axis.value.settled(), axis.span)?,
        None => 0,
    };
    lower.join_parts(parts, axis, span).map(Value::Tensor)
}

fn split(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [axis] = arguments.named(lower, ["axis"])?;
    let at = lower.blame(arguments.span);
    let [x, parts] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let parts = lower.constant_size(&parts)?;
    let axis = match axis {
        Some(axis) => lower.axis_of(&tensor, &axis.value.settled(), axis.span)?,
        None => lower.axis_of(&tensor, &Value::Word("last".into()), at)?,
    };
    if tensor.shape[axis] % parts != 0 {
        return Err(lower.report(InexactDivision { at, used: at }));
    }
    let len = tensor.shape[axis] / parts;
    let mut items = Vec::new();
    for part in 0..parts {
        let sliced = lower.view(&tensor, |axis| View::Slice { axis, start: part * len, step: 1, len }, axis);
        items.push((None, Value::Tensor(Tensor { names: tensor.names.clone(), ..sliced })));
    }
    Ok(Value::Tuple(items))
}

fn size(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    Ok(Value::Number(Number::size(tensor.shape.iter().product())))
}

fn dot(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let span = arguments.span;
    let [a, b] = arguments.exactly::<2>(lower)?;
    let (x, y) = (lower.tensor_of(a.value, a.span)?, lower.tensor_of(b.value, b.span)?);
    let at = lower.blame(span);
    if x.shape.len() != 1 || x.shape != y.shape || lower.dtype(&x) != Dtype::F32 || lower.dtype(&y) != Dtype::F32 {
        let (left, right) = (describe(&x), describe(&y));
        return Err(lower.report(ShapeMismatch { operation: "dot".into(), left, right, at, help: None }));
    }
    Ok(Value::Tensor(lower.contract(&x, b"a", &y, b"a", b"")))
}

fn one_hot(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [y, n] = arguments.exactly::<2>(lower)?;
    let n = lower.constant_size(&n)?;
    let index = lower.tensor_of(y.value, y.span)?.plain();
    if lower.dtype(&index) != Dtype::I32 {
        let (wanted, found, at) = ("a class or an index".into(), describe(&index), lower.blame(y.span));
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    let id = lower.graph.expand(index.id, lower.graph.shape(index.id).len(), n);
    let spread = lower.tensor(id, index.lead.clone());
    let shape = lower.graph.shape(id).to_vec();
    let place = lower.graph.index(shape.len() - 1, &shape);
    let same = lower.graph.map(Scalar::Equal, &[spread.id, place]);
    let id = lower.graph.map(Scalar::ToF32, &[same]);
    Ok(Value::Tensor(lower.tensor(id, index.lead)))
}

fn cast(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x, to] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?.plain();
    let scalar = match &to.value {
        Value::Word(word) if &**word == "f32" => Scalar::ToF32,
        Value::Word(word) if &**word == "i32" => Scalar::ToI32,
        other => return Err(lower.not_a("a number type (f32 or i32)", other, to.span)),
    };
    Ok(Value::Tensor(lower.map(scalar, &[&tensor]).unwrap_or(tensor)))
}

fn filled(lower: &mut Lower, arguments: Arguments, value: f64) -> Outcome<Value> {
    if arguments.all.is_empty() {
        return Ok(Value::Number(Number::real(value)));
    }
    let [shape] = arguments.exactly::<1>(lower)?;
    let shape = lower.sizes(&shape)?;
    let id = lower.graph.constant(value as f32, &shape);
    Ok(Value::Tensor(lower.whole(id)))
}

fn positions(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [n] = arguments.exactly::<1>(lower)?;
    let values = lower.constant_size(&n)?;
    let id = lower.graph.index(0, &[values]);
    Ok(Value::Tensor(Tensor { meaning: Meaning::Class { values }, ..lower.whole(id) }))
}

/// A draw with the shape of the parameter that starts as it.
fn draw(lower: &mut Lower, arguments: Arguments, draw: Draw) -> Outcome<Value> {
    let (name, span) = (arguments.name, arguments.span);
    let [a, b] = arguments.exactly::<2>(lower)?;
    let Some(shape) = lower.hint.clone() else {
        let at = lower.blame(span);
        let (wanted, found) = ("a formula".into(), format!("`{name}`"));
        let help = Some(format!(
            "a draw stands where a parameter starts (`param w: f32[4] ~ {name}(0, 1)`); in a formula write `noise({name}, like: x)`"
        ));
        return Err(lower.report(WrongKind { wanted, found, at, help }));
    };
    let site = lower.site();
    let id = lower.graph.random(draw, site, &shape);
    let drawn = Value::Tensor(lower.whole(id));
    let (low, second) = (a.value.settled(), b.value.settled());
    let width = match draw {
        Draw::Uniform => lower.elementwise_two(Scalar::Sub, second, b.span, low.clone(), a.span, span)?,
        Draw::Normal => second,
    };
    let scaled = lower.elementwise_two(Scalar::Mul, drawn, span, width, b.span, span)?;
    lower.elementwise_two(Scalar::Add, scaled, span, low, a.span, span)
}

impl Lower<'_> {
    fn elementwise_two(
        &mut self,
        scalar: Scalar,
        a: Value,
        at: Span,
        b: Value,
        bt: Span,
        span: Span,
    ) -> Outcome<Value> {
        let values = vec![(a, at), (b, bt)];
        self.apply_scalar(scalar, values, span)
    }
}

fn noise(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [like, always] = arguments.named(lower, ["like", "always"])?;
    let span = arguments.span;
    let [kind] = arguments.exactly::<1>(lower)?;
    let (draw, mean) = match &kind.value {
        Value::Callable(callee) if callee.name() == "uniform" => (Draw::Uniform, 0.5),
        Value::Callable(callee) if callee.name() == "normal" => (Draw::Normal, 0.0),
        other => return Err(lower.not_a("`uniform` or `normal`", other, kind.span)),
    };
    let Some(like) = like else {
        let at = lower.blame(span);
        return Err(lower.report(ArgumentMissing {
            callee: "`noise`".into(),
            name: "like".into(),
            at,
            declared: None,
        }));
    };
    let like = lower.tensor_of(like.value, like.span)?;
    let always = matches!(always.map(|given| given.value), Some(Value::Bool(true)));
    let shape = lower.graph.shape(like.id).to_vec();
    let id = if lower.setting.training || always {
        let site = lower.site();
        lower.graph.random(draw, site, &shape)
    } else {
        lower.graph.constant(mean, &shape)
    };
    Ok(Value::Tensor(Tensor { names: like.names.clone(), ..lower.tensor(id, like.lead.clone()) }))
}

fn repeat(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let span = arguments.span;
    let [times, layer] = arguments.exactly::<2>(lower)?;
    let times = lower.constant_size(&times)?;
    match layer.value {
        Value::Callable(layer) => {
            let what = What::Repeat { times, layer };
            Ok(Value::Callable(std::rc::Rc::new(Callee { what, given: vec![], span })))
        }
        other => Err(lower.not_a("a layer", &other, layer.span)),
    }
}

fn column(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let (name, span) = (arguments.name, arguments.span);
    let [text] = arguments.exactly::<1>(lower)?;
    let Value::Text(pattern) = &text.value else {
        return Err(lower.not_a("a column's name in quotes", &text.value, text.span));
    };
    if lower.columns.is_none() {
        let at = lower.blame(span);
        let (what, help) = (format!("`{name}` outside a data block"), None);
        return Err(lower.report(NotInThisVersion { what, at, help }));
    }
    if name == "columns" { lower.column_pattern(pattern, text.span) } else { lower.column(pattern, text.span) }
        .map(Value::Tensor)
}
