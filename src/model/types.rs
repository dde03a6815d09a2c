//! Types: whether a value is what a declaration says, and which sizes follow from that.

use std::sync::Arc;

use super::eval::Scope;
use super::lower::{Lower, Outcome, Reported};
use super::sizes::{Exact, Join, LARGEST, Round, Size, Solution, Trouble};
use super::units::Measure;
use super::value::{Meaning, Number, Tensor, Value};
use crate::problem::Problem;
use crate::problem::names::UnknownName;
use crate::problem::shapes::*;
use crate::problem::values::NotInThisVersion;
use crate::scalar::Dtype;
use crate::source::{Near, Span, nearest};
use crate::syntax::print_expr;
use crate::syntax::tree::{Binary, Dim, Expr, ExprKind, Type, TypeKind, Unary};

/// The name of the hidden variable that holds what `..` stands for.
pub const REST: &str = "..";

/// A tensor as a type of the language: `f32[28, 28]`.
pub fn describe(tensor: &Tensor) -> String {
    let word = match tensor.meaning {
        Meaning::Class { values } => return format!("class[{values}]{}", dims(&tensor.shape)),
        Meaning::Binary => return "binary".into(),
        Meaning::Logit if tensor.shape == [1] => return "logit".into(),
        Meaning::Prob if tensor.shape == [1] => return "prob".into(),
        Meaning::Plain => match tensor.dtype {
            Dtype::F32 => "f32",
            Dtype::I32 => "i32",
            Dtype::Bool => "bool",
        },
        other => other.word(),
    };
    let mark = if tensor.optional { "?" } else { "" };
    format!("{word}{}{mark}", dims(&tensor.shape))
}

/// `[28, 28]`; nothing for a single number.
pub fn dims(shape: &[usize]) -> String {
    if shape.is_empty() {
        return String::new();
    }
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", extents.join(", "))
}

/// Why a value is not of a type.
#[derive(Clone, Debug)]
pub enum Mismatch {
    NoTensor(String),
    Rank {
        wanted: usize,
        found: usize,
    },
    Extent {
        axis: usize,
        wanted: String,
        found: usize,
    },
    Type {
        wanted: String,
        found: String,
    },
    Optional,
    /// Reported already.
    Silent,
}

/// The types of tensors.
const TENSORS: [&str; 13] = [
    "f32", "i32", "bool", "number", "binary", "logit", "logits", "prob", "log_prob", "image", "vector", "class",
    "tokens",
];

/// What other tools call them.
const FOREIGN: [(&str, &str); 6] =
    [("f64", "f32"), ("f16", "f32"), ("float", "f32"), ("tensor", "f32"), ("i64", "i32"), ("u8", "i32")];

/// What a tensor type asks of a tensor.
struct Wanted<'t> {
    dtype: Option<Dtype>,
    meaning: Meaning,
    dims: &'t [Dim],
    /// Fixed axes in place of written ones.
    fixed: Option<Vec<usize>>,
}

/// That a size, written as a formula, is so large.
struct AxisFact<'t> {
    axis: usize,
    found: usize,
    expr: &'t Expr,
}

/// The same, of a tensor that was seen before.
pub struct OpenSize {
    expr: Expr,
    axis: usize,
    found: usize,
}

impl AxisFact<'_> {
    /// The formula is worth something else.
    fn mismatch(&self, wanted: Option<usize>) -> Mismatch {
        let text = print_expr(self.expr);
        let wanted = match wanted {
            Some(size) if text != size.to_string() => format!("{text} = {size}"),
            _ => text,
        };
        Mismatch::Extent { axis: self.axis, wanted, found: self.found }
    }
}

impl Lower<'_> {
    /// Whether the type's name is one of a tensor's.
    fn wanted<'t>(&mut self, ty: &'t Type) -> Option<Wanted<'t>> {
        let TypeKind::Named { name, dims } = &ty.kind else { return None };
        let f32 = Some(Dtype::F32);
        let make = |dtype, meaning, fixed| Some(Wanted { dtype, meaning, dims, fixed });
        match name.as_str() {
            "f32" => make(f32, Meaning::Plain, None),
            "i32" => make(Some(Dtype::I32), Meaning::Plain, None),
            "bool" => make(Some(Dtype::Bool), Meaning::Plain, None),
            "number" => make(f32, Meaning::Plain, Some(vec![1])),
            "binary" => make(f32, Meaning::Binary, Some(vec![1])),
            "logit" => make(f32, Meaning::Logit, dims.is_empty().then(|| vec![1])),
            "prob" => make(f32, Meaning::Prob, dims.is_empty().then(|| vec![1])),
            "logits" => make(f32, Meaning::Logits, None),
            "log_prob" => make(f32, Meaning::LogProb, None),
            "image" => make(f32, Meaning::Image, None),
            "embedding" | "vector" => make(f32, Meaning::Plain, None),
            "class" | "tokens" => make(Some(Dtype::I32), Meaning::Class { values: 0 }, None),
            _ => None,
        }
    }

    /// Says that there is no such type, where it is nearly the name of one.
    fn unknown_type(&mut self, ty: &Type) -> Option<Reported> {
        let TypeKind::Named { name, .. } = &ty.kind else { return None };
        let foreign = FOREIGN.iter().find(|it| it.0 == name.as_str()).map(|it| Near::certain(it.1));
        let near = foreign.or_else(|| nearest(name.as_str(), TENSORS))?;
        let (kind, at) = ("type".to_string(), self.blame(name.span));
        Some(self.report(UnknownName { kind, name: name.text.to_string(), at, near: Some(near) }))
    }

    /// Whether a parameter of a function with this type takes `value` as a tensor (and not as a setting): `prob` is both.
    pub fn takes_tensor(&mut self, ty: &Type, value: &Value) -> bool {
        let share = matches!(&ty.kind, TypeKind::Named { name, dims } if name.as_str() == "prob" && dims.is_empty());
        self.wanted(ty).is_some() && !(share && matches!(value, Value::Number(_)))
    }

    /// How many axes the type writes, where it does not leave that open with `..`.
    pub fn written_rank(&mut self, ty: &Type) -> Option<usize> {
        let wanted = self.wanted(ty)?;
        if let Some(fixed) = wanted.fixed {
            return Some(fixed.len());
        }
        if let Meaning::Class { .. } = wanted.meaning {
            return Some(wanted.dims.len().saturating_sub(1));
        }
        if wanted.dims.is_empty() {
            return match wanted.meaning {
                // `f32` alone is one number.
                Meaning::Plain => Some(0),
                _ => None,
            };
        }
        (!wanted.dims.iter().any(|dim| matches!(dim, Dim::Rest(_)))).then_some(wanted.dims.len())
    }

    /// Whether `tensor` is of the type; the sizes that follow join `scope`. The tensor as its declaration sees it.
    pub fn fit(&mut self, tensor: &Tensor, ty: &Type, scope: &mut Scope) -> Result<Tensor, Mismatch> {
        let Some(wanted) = self.wanted(ty) else {
            return Err(match self.unknown_type(ty) {
                Some(Reported) => Mismatch::Silent,
                None => Mismatch::Type { wanted: self.type_text(ty), found: describe(tensor) },
            });
        };
        let differs = |lower: &Self| Mismatch::Type { wanted: lower.type_text(ty), found: describe(tensor) };
        if wanted.dtype.is_some_and(|dtype| dtype != self.dtype(tensor)) {
            return Err(differs(self));
        }
        let meets = match (tensor.meaning, wanted.meaning) {
            (_, Meaning::Plain) => !matches!(tensor.meaning, Meaning::Class { .. }) || wanted.dtype == Some(Dtype::I32),
            (Meaning::Plain | Meaning::Column(_), Meaning::Class { .. }) => false,
            (Meaning::Plain, Meaning::Image) => false,
            (Meaning::Plain, Meaning::Binary) => false,
            (Meaning::Quantity, _) => false,
            (Meaning::Plain | Meaning::Column(_), _) => true,
            (Meaning::Class { .. }, Meaning::Class { .. }) => true,
            (Meaning::Binary, Meaning::Prob) => false,
            (Meaning::Logit, Meaning::Logits) | (Meaning::Logits, Meaning::Logit) => false,
            (found, wanted) => found == wanted,
        };
        if !meets {
            return Err(differs(self));
        }
        if tensor.optional && !ty.optional {
            return Err(Mismatch::Optional);
        }
        let mut names = tensor.names.clone();
        let shape = tensor.shape.clone();
        if let Some(fixed) = &wanted.fixed {
            if *fixed != shape && !(fixed == &[1] && shape.is_empty()) {
                return Err(differs(self));
            }
        } else if let Meaning::Class { values } = tensor.meaning
            && let Some((last, before)) = wanted.dims.split_last()
        {
            self.fit_axes(before, &shape, scope, &mut names)?;
            let fact = self.axis_fact(last, values, shape.len(), scope, None);
            self.fit_sizes(fact.into_iter().collect(), scope)?;
        } else if !(wanted.dims.is_empty() && (wanted.meaning != Meaning::Plain || shape.is_empty())) {
            self.fit_axes(wanted.dims, &shape, scope, &mut names)?;
        }
        let meaning = match (tensor.meaning, wanted.meaning) {
            (found, Meaning::Plain) => found,
            (found @ Meaning::Class { .. }, _) => found,
            (_, wanted) => wanted,
        };
        Ok(Tensor { names, meaning, optional: tensor.optional, ..tensor.clone() })
    }

    /// Holds the axes of a shape against those of a type.
    fn fit_axes(
        &mut self,
        dims: &[Dim],
        shape: &[usize],
        scope: &mut Scope,
        names: &mut [Option<Arc<str>>],
    ) -> Result<(), Mismatch> {
        let rest = dims.iter().position(|dim| matches!(dim, Dim::Rest(_)));
        let fixed = dims.len() - usize::from(rest.is_some());
        if (rest.is_none() && fixed != shape.len()) || fixed > shape.len() {
            return Err(Mismatch::Rank { wanted: fixed, found: shape.len() });
        }
        let open = shape.len() - fixed;
        let (mut axis, mut facts) = (0, Vec::new());
        for dim in dims {
            if let Dim::Rest(_) = dim {
                let sizes = shape[axis..axis + open].iter().map(|&size| Value::Number(Number::size(size))).collect();
                scope.bind(REST, Value::List(sizes));
                axis += open;
            } else {
                facts.extend(self.axis_fact(dim, shape[axis], axis, scope, names.get_mut(axis)));
                axis += 1;
            }
        }
        self.fit_sizes(facts, scope)
    }

    /// What an axis says: that a formula is worth what was found. A name that is free takes it.
    fn axis_fact<'t>(
        &mut self,
        dim: &'t Dim,
        found: usize,
        axis: usize,
        scope: &mut Scope,
        name: Option<&mut Option<Arc<str>>>,
    ) -> Option<AxisFact<'t>> {
        let (label, expr) = match dim {
            Dim::Rest(_) => return None,
            Dim::Named { name: label, value } => {
                scope.bind(label.as_str(), Value::Number(Number::size(found)));
                (Some(&label.text), value)
            }
            Dim::Expr(expr) => (None, expr),
        };
        let variable = match &expr.kind {
            ExprKind::Name(variable) => Some(variable),
            _ => None,
        };
        if let (Some(name), Some(called)) = (name, label.or(variable)) {
            *name = Some(called.clone());
        }
        match (variable, &expr.kind) {
            (Some(variable), _) if self.is_free(variable, scope) => {
                scope.bind(variable, Value::Number(Number::size(found)));
                None
            }
            // A class's words in place of their number.
            (_, ExprKind::Text(_)) => None,
            _ => Some(AxisFact { axis, found, expr }),
        }
    }

    /// Finds what the axes of one tensor say of the names that are free: those that say one first, then those that need it.
    /// What one tensor leaves open waits for the others.
    fn fit_sizes(&mut self, facts: Vec<AxisFact>, scope: &mut Scope) -> Result<(), Mismatch> {
        let mut facts: Vec<(AxisFact, Size)> = facts
            .into_iter()
            .map(|fact| self.size_formula(fact.expr, scope).map(|size| (fact, size)))
            .collect::<Outcome<_>>()
            .map_err(|Reported| Mismatch::Silent)?;
        while let Some(at) = facts.iter().position(|(_, size)| size.unknowns().len() == 1) {
            let (fact, size) = facts.remove(at);
            let name = size.unknowns().remove(0);
            let solution = size.solve(fact.found);
            match solution {
                Solution::One(size) => scope.bind(&name, Value::Number(Number::size(size))),
                Solution::None => return Err(fact.mismatch(None)),
                Solution::Several(..) | Solution::Unclear => {
                    let formula = print_expr(fact.expr);
                    let why = match solution {
                        Solution::Several(one, other) => {
                            format!("`{formula}` is {} for {name} = {one}, and for {name} = {other} too", fact.found)
                        }
                        _ => format!("`{formula}` is {}, and that is not solved for `{name}`", fact.found),
                    };
                    self.unsolved(&name, fact.expr.span, Some(why));
                    return Err(Mismatch::Silent);
                }
            }
            // Held against what was found with the others.
            facts.push((fact, size));
            for (fact, size) in &mut facts {
                *size = self.size_formula(fact.expr, scope).map_err(|Reported| Mismatch::Silent)?;
            }
        }
        facts.sort_by_key(|(fact, _)| fact.axis);
        for (fact, size) in facts {
            if size.unknowns().is_empty() {
                let wanted = self.size_worth(&size, fact.expr.span).map_err(|Reported| Mismatch::Silent)?;
                if wanted != fact.found {
                    return Err(fact.mismatch(Some(wanted)));
                }
            } else {
                scope.open.push(OpenSize { expr: fact.expr.clone(), axis: fact.axis, found: fact.found });
            }
        }
        Ok(())
    }

    /// Whether a name is a size that nothing has said yet.
    fn is_free(&mut self, name: &str, scope: &Scope) -> bool {
        is_variable(name) && scope.get(name).is_none() && self.constant_named(scope, name).is_none()
    }

    fn unsolved(&mut self, name: &str, span: Span, why: Option<String>) -> Reported {
        let mut problem = Problem::from(SizeUnsolved { name: name.to_string(), at: self.blame(span) });
        problem.notes.extend(why);
        self.report(problem)
    }

    /// Asks again what was open, now that more is known.
    pub fn ask_again(&mut self, open: &[OpenSize], scope: &mut Scope) -> Result<(), Mismatch> {
        let facts = open.iter().map(|it| AxisFact { axis: it.axis, found: it.found, expr: &it.expr }).collect();
        self.fit_sizes(facts, scope)
    }

    /// Says that a size stays open, all inputs being there.
    pub fn stays_open(&mut self, open: &OpenSize, scope: &mut Scope) -> Reported {
        let Ok(size) = self.size_formula(&open.expr, scope) else { return Reported };
        let names: Vec<String> = size.unknowns().iter().map(|it| it.to_string()).collect();
        let of = crate::problem::list(&crate::problem::ticked(&names));
        let why = format!("`{}` is {}, which says too little of {of}", print_expr(&open.expr), open.found);
        self.unsolved(&names[0], open.expr.span, Some(why))
    }

    /// A size as a formula in which only free names are unknown.
    fn size_formula(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Size> {
        match &expr.kind {
            ExprKind::Name(name) if self.is_free(name, scope) => Ok(Size::Unknown(name.clone(), expr.span)),
            ExprKind::Unary { op: Unary::Neg, operand } => {
                let of = self.size_formula(operand, scope)?;
                Ok(Size::join(Join::Sub, Size::Known(Exact::whole(0)), of, expr.span))
            }
            ExprKind::Binary { op: Binary::Pow, left, right, .. } => {
                let power = self.number(right, scope)?.value;
                let base = self.size_formula(left, scope)?;
                if !(power.fract() == 0.0 && (1.0..=16.0).contains(&power)) {
                    return self.known_size(expr, scope);
                }
                Ok((1..power as u32)
                    .fold(base.clone(), |so_far, _| Size::join(Join::Mul, so_far, base.clone(), expr.span)))
            }
            ExprKind::Binary { op, left, right, .. } => {
                let join = match op {
                    Binary::Add => Join::Add,
                    Binary::Sub => Join::Sub,
                    Binary::Mul => Join::Mul,
                    Binary::Div => Join::Div,
                    _ => return self.known_size(expr, scope),
                };
                let (left, right) = (self.size_formula(left, scope)?, self.size_formula(right, scope)?);
                Ok(Size::join(join, left, right, expr.span))
            }
            ExprKind::Call { callee, args } => {
                let ExprKind::Name(name) = &callee.kind else { return self.known_size(expr, scope) };
                let is_own = scope.get(name).is_some() || self.modules.find(scope.module, name).is_some();
                match (&**name, &args[..]) {
                    ("ceil" | "floor", [of]) if !is_own && of.name.is_none() => {
                        let round = if &**name == "ceil" { Round::Up } else { Round::Down };
                        Ok(Size::round(round, self.size_formula(&of.value, scope)?))
                    }
                    ("min" | "max" | "mod", [a, b]) if !is_own && a.name.is_none() && b.name.is_none() => {
                        let join = match &**name {
                            "min" => Join::Min,
                            "max" => Join::Max,
                            _ => Join::Mod,
                        };
                        let (a, b) = (self.size_formula(&a.value, scope)?, self.size_formula(&b.value, scope)?);
                        Ok(Size::join(join, a, b, expr.span))
                    }
                    _ => self.known_size(expr, scope),
                }
            }
            _ => self.known_size(expr, scope),
        }
    }

    /// A part of a size that is no formula of sizes itself: a number, known before the run.
    fn known_size(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Size> {
        let mut free = None;
        names_in(expr, &mut |name| free = free.take().or(self.is_free(name, scope).then(|| name.clone())));
        if let Some(name) = free {
            let why = format!("sizes are not solved through `{}`", print_expr(expr));
            return Err(self.unsolved(&name, expr.span, Some(why)));
        }
        let number = self.number(expr, scope)?;
        match (number.measure, Exact::of(number.value)) {
            // Pixels are counted.
            (None | Some(Measure::Length), Some(value)) => Ok(match number.inexact {
                Some(division) => Size::Rest(value, division),
                None => Size::Known(value),
            }),
            _ => {
                let (value, at) = (Value::Number(number).noun(), self.blame(expr.span));
                Err(self.report(SizeNotWhole { value, at }))
            }
        }
    }

    /// What a size is worth, as a size that a tensor can have.
    fn size_worth(&mut self, size: &Size, span: Span) -> Outcome<usize> {
        let at = self.blame(span);
        let value = match size.worth() {
            Ok(value) => value,
            Err(Trouble::Unknown(name, span)) => return Err(self.unsolved(&name, span, None)),
            Err(Trouble::Inexact(division)) => {
                return Err(self.report(InexactDivision { at: self.blame(division), used: at }));
            }
            Err(Trouble::ByZero) => return Err(self.report(SizeNotWhole { value: "a division by 0".into(), at })),
            Err(Trouble::Overflow) => {
                return Err(self.report(SizeOutOfRange { value: "beyond all numbers".into(), at }));
            }
        };
        match value.as_whole() {
            None => Err(self.report(SizeNotWhole { value: value.to_f64().to_string(), at })),
            Some(whole) if !(1..=LARGEST).contains(&whole) => {
                Err(self.report(SizeOutOfRange { value: whole.to_string(), at }))
            }
            Some(whole) => Ok(whole as usize),
        }
    }

    /// A whole number from 1 on.
    pub fn size(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<usize> {
        let size = self.size_formula(expr, scope)?;
        self.size_worth(&size, expr.span)
    }

    pub fn size_of(&mut self, number: Number, span: Span) -> Outcome<usize> {
        let at = self.blame(span);
        if let Some(division) = number.inexact {
            return Err(self.report(InexactDivision { at: self.blame(division), used: at }));
        }
        if number.value.fract() != 0.0 || !matches!(number.measure, None | Some(Measure::Length)) {
            return Err(self.report(SizeNotWhole { value: Value::Number(number).noun(), at }));
        }
        if !(1.0..=2147483647.0).contains(&number.value) {
            return Err(self.report(SizeOutOfRange { value: number.value.to_string(), at }));
        }
        Ok(number.value as usize)
    }

    /// The shape that a type declares, its sizes being known.
    pub fn shape_of(&mut self, ty: &Type, scope: &mut Scope) -> Outcome<Vec<usize>> {
        let Some(wanted) = self.wanted(ty) else {
            if let Some(reported) = self.unknown_type(ty) {
                return Err(reported);
            }
            let at = self.blame(ty.span);
            return Err(self.report(NotInThisVersion {
                what: format!("the type `{}`", self.type_text(ty)),
                at,
                help: None,
            }));
        };
        if let Some(fixed) = wanted.fixed {
            return Ok(fixed);
        }
        let dims = match wanted.meaning {
            Meaning::Class { .. } => &wanted.dims[..wanted.dims.len().saturating_sub(1)],
            _ => wanted.dims,
        };
        let mut shape = Vec::new();
        for dim in dims {
            match dim {
                Dim::Rest(span) => match scope.get(REST) {
                    Some(Value::List(sizes)) => {
                        for size in sizes {
                            if let Value::Number(number) = size {
                                shape.push(number.value as usize);
                            }
                        }
                    }
                    _ => {
                        let at = self.blame(*span);
                        return Err(self.report(SizeUnsolved { name: "..".into(), at }));
                    }
                },
                Dim::Named { value, .. } | Dim::Expr(value) => shape.push(self.size(value, scope)?),
            }
        }
        Ok(shape)
    }

    /// Holds a result against its declared type. The tensor as declared.
    pub fn result(&mut self, tensor: &Tensor, ty: &Type, scope: &mut Scope) -> Result<Tensor, Mismatch> {
        if let Some(wanted) = self.wanted(ty) {
            let refined =
                |meaning| !matches!(meaning, Meaning::Plain | Meaning::Quantity | Meaning::Column(_) | Meaning::Image);
            if refined(tensor.meaning) && refined(wanted.meaning) {
                let same = tensor.meaning == wanted.meaning
                    || matches!((tensor.meaning, wanted.meaning), (Meaning::Class { .. }, Meaning::Class { .. }));
                if !same {
                    return Err(Mismatch::Type { wanted: self.type_text(ty), found: describe(tensor) });
                }
            }
            // What is plain becomes what its definition says that it is.
            if wanted.meaning == Meaning::Binary || wanted.meaning == Meaning::Image {
                let claimed = Tensor { meaning: wanted.meaning, ..tensor.clone() };
                return self.fit(&claimed, ty, scope);
            }
        }
        self.fit(tensor, ty, scope)
    }

    /// A type as the user wrote it.
    pub fn type_text(&self, ty: &Type) -> String {
        let text = match &ty.kind {
            TypeKind::Named { name, dims } if dims.is_empty() => name.text.to_string(),
            TypeKind::Named { name, dims } => {
                let dims: Vec<String> = dims
                    .iter()
                    .map(|dim| match dim {
                        Dim::Rest(_) => "..".to_string(),
                        Dim::Named { name, value } => format!("{} = {}", name.text, print_expr(value)),
                        Dim::Expr(expr) => print_expr(expr),
                    })
                    .collect();
                format!("{}[{}]", name.text, dims.join(", "))
            }
            TypeKind::Tuple(_) => "several values".to_string(),
            TypeKind::Broken => "an unknown type".to_string(),
        };
        if ty.optional { format!("{text}?") } else { text }
    }
}

/// Shape variables begin with an upper-case letter.
pub fn is_variable(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// Calls `see` for every name in a formula.
fn names_in(expr: &Expr, see: &mut dyn FnMut(&Arc<str>)) {
    match &expr.kind {
        ExprKind::Name(name) => see(name),
        ExprKind::Unary { operand, .. } => names_in(operand, see),
        ExprKind::Binary { left, right, .. } => {
            names_in(left, see);
            names_in(right, see);
        }
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|it| names_in(it, see));
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| names_in(&arg.value, see)),
        _ => {}
    }
}
