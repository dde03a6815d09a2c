//! Values: what an expression can be while a program is lowered.

use std::rc::Rc;
use std::sync::Arc;

use super::modules::Definition;
use super::units::Measure;
use crate::source::Span;
use crate::syntax::tree::{Kind, Name, Quantity};
use crate::tensor::{Dtype, Id};

#[derive(Clone)]
pub enum Value {
    Tensor(Tensor),
    Number(Number),
    Bool(bool),
    Text(Arc<str>),
    /// A name that stands for itself: `same`, `horizontal`, `macro`.
    Word(Arc<str>),
    List(Vec<Value>),
    /// `(a, b)`, `(mu: a, recon: b)`
    Tuple(Vec<(Option<Arc<str>>, Value)>),
    Range(Number, Number),
    Callable(Rc<Callee>),
    /// A stage of a pipeline that has a name: its value, and the layer that can be applied again.
    Stage(Rc<Stage>),
}

/// A number known before the run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Number {
    /// In the base unit of what it measures.
    pub value: f64,
    pub measure: Option<Measure>,
    /// Written, or computed, without fractions: may be a size.
    pub whole: bool,
    /// Where whole numbers were divided and something was left over: not a size, whatever follows.
    pub inexact: Option<Span>,
    /// A time of the run, counted in updates already.
    pub updates: bool,
}

impl Number {
    pub fn real(value: f64) -> Number {
        Number { value, measure: None, whole: false, inexact: None, updates: false }
    }

    pub fn size(value: usize) -> Number {
        Number { value: value as f64, measure: None, whole: true, inexact: None, updates: false }
    }

    /// The number as written; a unit that the language does not have is ignored here, the parser has said so.
    pub fn written(quantity: &Quantity) -> Number {
        let known = quantity.unit.as_deref().and_then(super::units::unit);
        let (measure, factor) = known.map_or((None, 1.0), |(measure, factor)| (Some(measure), factor));
        Number { value: quantity.value * factor, measure, whole: quantity.whole, inexact: None, updates: false }
    }
}

/// An axis that is not written: the batch, or the variable of a `for`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lead(pub u32);

/// The batch, and the rows of a table.
pub const BATCH: Lead = Lead(0);

/// A node of the graph as the language sees it: its shape is that of one example. The node itself has the axes of
/// `lead` in front.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub id: Id,
    /// Ascending.
    pub lead: Vec<Lead>,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    /// The names of the axes, from the types through which the tensor came.
    pub names: Vec<AxisName>,
    pub meaning: Meaning,
    /// `?`: elements may be missing.
    pub optional: bool,
    /// An index that is a sum of loop variables.
    pub affine: Option<Affine>,
}

/// What an axis is called.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AxisName {
    /// Where formulas speak of it: by its label, or by the size that it has.
    pub called: Option<Arc<str>>,
    /// Where a type has named it: `H = 28`.
    pub label: Option<Label>,
    /// Whether some of its places hold no token.
    pub padded: bool,
}

/// A name of an axis, and where a type gives it: within so many definitions.
#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    pub name: Arc<str>,
    pub at: Span,
    pub depth: usize,
}

impl Tensor {
    pub fn is_class(&self) -> bool {
        matches!(self.meaning, Meaning::Class { .. })
    }

    /// The same node, of which nothing is known but its elements.
    pub fn plain(mut self) -> Tensor {
        self.meaning = Meaning::Plain;
        self.optional = false;
        self
    }
}

/// `constant + Σ factor · variable`
#[derive(Clone, PartialEq, Debug)]
pub struct Affine {
    pub terms: Vec<(Lead, i64)>,
    pub constant: i64,
}

/// What the elements of a tensor mean. A refined type may stand where a plain one is wanted, never the other refined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    Plain,
    /// What is measured: it is no score and no probability.
    Quantity,
    Logits,
    Logit,
    Prob,
    LogProb,
    /// An i32 below `values`.
    Class {
        values: usize,
        /// Whether their order says something.
        ordered: bool,
        /// Whether 0 stands where there is no token.
        padded: bool,
    },
    Binary,
    /// Of each of several labels 0 or 1: whether it is on.
    Set,
    Image,
    /// A column of the data, untouched, by its place in the field's list.
    Column(usize),
}

impl Meaning {
    /// As a type of the language.
    pub fn word(self) -> &'static str {
        match self {
            Meaning::Plain | Meaning::Quantity | Meaning::Column(_) => "f32",
            Meaning::Logits => "logits",
            Meaning::Logit => "logit",
            Meaning::Prob => "prob",
            Meaning::LogProb => "log_prob",
            Meaning::Class { ordered: false, .. } => "class",
            Meaning::Class { ordered: true, .. } => "ordinal",
            Meaning::Binary => "binary",
            Meaning::Set => "set",
            Meaning::Image => "image",
        }
    }
}

/// Something that can be applied, with as much of its configuration as was given.
#[derive(Clone)]
pub struct Callee {
    pub what: What,
    /// The arguments given so far, unevaluated names resolved: positional ones first.
    pub given: Vec<Given>,
    /// Where it was called.
    pub span: Span,
}

#[derive(Clone)]
pub enum What {
    /// The forms of one name, in order.
    Defined(Vec<Definition>),
    Builtin(&'static super::builtins::Builtin),
    /// A scalar primitive.
    Scalar(crate::scalar::Scalar),
    /// `repeat(n, layer)`
    Repeat {
        times: usize,
        layer: Rc<Callee>,
    },
}

/// An argument.
#[derive(Clone)]
pub struct Given {
    pub name: Option<Name>,
    pub value: Value,
    pub span: Span,
}

/// A named stage.
pub struct Stage {
    pub value: Value,
    pub path: Arc<str>,
    /// What was applied, to be applied again with the same parameters.
    pub callee: Option<Rc<Callee>>,
}

impl Given {
    pub fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|it| it.as_str() == name)
    }

    /// Where it begins to be given: at its name, if it has one.
    pub fn place(&self) -> Span {
        self.name.as_ref().map_or(self.span, |name| name.span)
    }
}

impl Value {
    /// A stage's name is its value.
    pub fn settled(self) -> Value {
        match self {
            Value::Stage(stage) => stage.value.clone().settled(),
            other => other,
        }
    }

    /// For messages: what kind of thing it is.
    pub fn noun(&self) -> String {
        match self {
            Value::Tensor(tensor) => super::types::describe(tensor),
            Value::Number(number) => match number.measure {
                Some(measure) => measure.written(number.value),
                None => format!("{}", number.value),
            },
            Value::Bool(true) => "yes".into(),
            Value::Bool(false) => "no".into(),
            Value::Text(_) => "a text".into(),
            Value::Word(word) => format!("the word `{word}`"),
            Value::List(_) => "a list".into(),
            Value::Tuple(_) => "several values".into(),
            Value::Range(..) => "a range".into(),
            Value::Callable(callee) => callee.noun(),
            Value::Stage(stage) => stage.value.noun(),
        }
    }
}

impl Callee {
    pub fn name(&self) -> &str {
        match &self.what {
            What::Defined(forms) => forms[0].callable.name.as_str(),
            What::Builtin(builtin) => builtin.name,
            What::Scalar(scalar) => scalar.def().name,
            What::Repeat { layer, .. } => layer.name(),
        }
    }

    /// The same with more arguments, from a call at `span`.
    pub fn with(&self, given: Vec<Given>, span: Span) -> Callee {
        let given = match self.is_function() {
            // What a function was handed on with stands behind its inputs, as in `x |> leaky_relu(0.1)`.
            true => given.into_iter().chain(self.given.iter().cloned()).collect(),
            false => self.given.iter().cloned().chain(given).collect(),
        };
        Callee { what: self.what.clone(), given, span }
    }

    /// Whether it gives its value at once, when it is called with what it takes.
    pub fn is_function(&self) -> bool {
        match &self.what {
            What::Defined(forms) => forms[0].callable.kind == Kind::Fn,
            What::Builtin(_) | What::Scalar(_) => true,
            What::Repeat { .. } => false,
        }
    }

    /// Whether a call of it, where a function is wanted, is that function with these arguments.
    pub fn is_handed_on(&self) -> bool {
        match &self.what {
            What::Builtin(builtin) => !builtin.gives_layer(),
            What::Defined(_) | What::Scalar(_) | What::Repeat { .. } => self.is_function(),
        }
    }

    pub fn noun(&self) -> String {
        match &self.what {
            What::Defined(forms) => format!("the {} `{}`", forms[0].callable.kind.noun(), self.name()),
            What::Builtin(_) | What::Scalar(_) => format!("the function `{}`", self.name()),
            What::Repeat { layer, .. } => format!("a repetition of {}", layer.noun()),
        }
    }
}
