//! What a formula can call that is not written in the language: structure, reductions, draws.
//!
//! Every scalar primitive can be called by its name too; it needs no row here.

mod makers;
mod pictures;
mod ranks;
mod reductions;
mod sets;
mod shapes;
mod tokens;

use super::lower::{Lower, Outcome};
use super::program::SEPARATOR;
use super::types::describe;
use super::units::Measure;
use super::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::{MixedUnits, OutOfRange};
use crate::scalar::{Dtype, Scalar};
use crate::source::{Span, nearest};
use crate::tensor::Draw;
use makers::*;
use pictures::{center_crop, decode, resize};
use ranks::rank;
use reductions::*;
use sets::separated;
use shapes::*;
use tokens::{chars, lower_case, window, words};

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
    Builtin {
        name: "reshape",
        doc: "reshape(x, [sizes]), or reshape(x, like: y): the same elements under another shape",
        run: reshape,
    },
    Builtin { name: "permute", doc: "permute(x, [axes]): the axes in another order", run: permute },
    Builtin { name: "transpose", doc: "transpose(x): the last two axes exchanged", run: transpose },
    Builtin { name: "expand", doc: "expand(x, axis, size): a new axis with equal copies", run: expand },
    Builtin { name: "concat", doc: "concat(a, b, …, axis: 0): one behind the other", run: concat },
    Builtin { name: "split", doc: "split(x, n, axis: last): n equal parts", run: split },
    Builtin { name: "unstack", doc: "unstack(x, axis: 0): the parts along an axis, without it", run: unstack },
    Builtin {
        name: "pad",
        doc: "pad(x, before, after, axis: 0, between: 0, with: 0): zeros, or another number, in front of what stands along an axis, behind it, and between its neighbours",
        run: pad,
    },
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
    Builtin {
        name: "decode",
        doc: "decode(file): the pixels of the PNG or JPEG file that a column names, from 0 to 255, in the channels of the field's type",
        run: decode,
    },
    Builtin {
        name: "resize",
        doc: "resize(picture, height, width), or resize(picture, size, side: short): a picture in another size, right after `decode`",
        run: resize,
    },
    Builtin {
        name: "center_crop",
        doc: "center_crop(picture, height, width): the middle of a picture, before its pixels are numbers",
        run: center_crop,
    },
    Builtin {
        name: "separated",
        doc: "separated(cell, by: \";\", missing: empty): the labels of a set, with `by` between them; with `missing: empty`, none is on in a missing cell",
        run: separated,
    },
    Builtin { name: "lower", doc: "lower(text): a text that becomes tokens, in small letters", run: lower_case },
    Builtin {
        name: "words",
        doc: "words(text): a token for each word, as Unicode tells words; what stands between them is left out",
        run: words,
    },
    Builtin { name: "chars", doc: "chars(text): a token for each character", run: chars },
    Builtin {
        name: "window",
        doc: "window(rows, n, offset: 0): n rows side by side, from `offset` rows after the example's own; the last step of a field",
        run: window,
    },
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
    /// Whether its operands are taken only where a condition holds.
    pub fn chooses(&self) -> bool {
        self.name == "where"
    }

    /// Whether what is given under this name is a word, and no value.
    pub fn takes_word(&self, name: &str) -> bool {
        matches!((self.name, name), ("resize", "side") | ("separated", "missing"))
    }

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
                        let near = nearest(&name, names);
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
            // Shares and multiples are plain numbers, and 0 is 0 of anything.
            let measure = |it: &Number| it.measure.filter(|it| !matches!(it, Measure::Share | Measure::Factor));
            let mut told = numbers.iter().filter(|it| it.measure.is_some() || it.value != 0.0);
            let first = told.next().unwrap_or(&numbers[0]);
            if let Some(other) = told.find(|it| measure(it) != measure(first)) {
                let (left, right) = (Value::Number(*first).noun(), Value::Number(*other).noun());
                return Err(self.report(MixedUnits { operation: def.name.into(), left, right, at }));
            }
            let measure =
                if numbers.iter().all(|it| it.measure == first.measure) { first.measure } else { measure(first) };
            let updates = numbers.iter().any(|it| it.updates);
            return Ok(Value::Number(Number { value, measure, whole, inexact: None, updates }));
        }
        self.elementwise(scalar, def.name, values, span)
    }

    fn constant_size(&mut self, given: &Given) -> Outcome<usize> {
        match given.value.clone().settled() {
            Value::Number(number) => self.size_of(number, given.span),
            other => Err(self.not_a("a size", &other, given.span)),
        }
    }

    /// A number of places, which may be none; pixels are counted.
    fn places(&mut self, name: &str, given: &Given) -> Outcome<usize> {
        match given.value.clone().settled() {
            Value::Number(number) => {
                let at = self.blame(given.span);
                if let Some(division) = number.inexact {
                    return Err(self.report(InexactDivision { at: self.blame(division), used: at }));
                }
                let counts = matches!(number.measure, None | Some(Measure::Length));
                if !counts || number.value.fract() != 0.0 || !(0.0..=2147483647.0).contains(&number.value) {
                    let (setting, range) = (name.to_string(), "a whole number from 0 on".to_string());
                    let value = Value::Number(number).noun();
                    return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
                }
                Ok(number.value as usize)
            }
            other => Err(self.not_a("a number of places", &other, given.span)),
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
                let mut found = axes.filter(|(_, it)| it.called.as_deref() == Some(&**word)).map(|(axis, _)| axis);
                match found.next() {
                    Some(axis) => Ok(axis),
                    None => {
                        let known = tensor.names.iter().flat_map(|it| &it.called).map(|it| it.to_string()).collect();
                        Err(self.report(UnknownAxis { name: word.to_string(), shape, at, known }))
                    }
                }
            }
            other => Err(self.not_a("an axis", other, span)),
        }
    }
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

/// Numbers that are missing are NaN, the only number that differs from itself; a missing class is the last one, and no token is
/// token 0.
fn present(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    if let Meaning::Class { padded: true, .. } = tensor.meaning {
        let nothing = lower.constant(0.0, Dtype::I32);
        return Ok(Value::Tensor(lower.map(Scalar::Less, &[&nothing, &tensor]).expect("both i32")));
    }
    if let (Meaning::Class { values, .. }, true) = (tensor.meaning, tensor.optional) {
        let missing = lower.constant(values as f64 - 1.0, Dtype::I32);
        return Ok(Value::Tensor(lower.map(Scalar::Less, &[&tensor, &missing]).expect("both i32")));
    }
    Ok(Value::Tensor(lower.map(Scalar::Equal, &[&tensor, &tensor]).expect("one shape")))
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
    lower.meet("dot", &[&x, &y], span)?;
    Ok(Value::Tensor(lower.contract(&x, b"a", &y, b"a", b"")))
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
