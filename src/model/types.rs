//! Types: whether a value is what a declaration says, and which sizes follow from that.

mod axes;
mod extents;
pub mod labels;

pub use axes::AxisFact;
pub use extents::{follows_target, is_variable};

use std::sync::Arc;

use super::eval::Scope;
use super::lower::{Lower, Outcome, Reported};
use super::value::{Label, Meaning, Tensor, Value};
use crate::problem::names::UnknownName;
use crate::problem::shapes::*;
use crate::problem::values::NotInThisVersion;
use crate::scalar::Dtype;
use crate::source::{Near, nearest};
use crate::syntax::print_expr;
use crate::syntax::tree::{Dim, Type, TypeKind};

/// The name of the hidden variable that holds what `..` stands for.
pub const REST: &str = "..";

/// A tensor as a type of the language: `f32[28, 28]`.
pub fn describe(tensor: &Tensor) -> String {
    let word = match tensor.meaning {
        Meaning::Class { values, .. } => return format!("{}[{values}]{}", tensor.meaning.word(), dims(&tensor.shape)),
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
    /// The axis is another one than the type says, which stands elsewhere.
    Order {
        axis: usize,
        wanted: Arc<str>,
        found: Label,
    },
    /// No sizes fit all of these.
    Clash(Vec<AxisFact>),
    /// Reported already.
    Silent,
}

/// The types of tensors.
const TENSORS: [&str; 15] = [
    "f32", "i32", "bool", "number", "binary", "logit", "logits", "prob", "log_prob", "image", "vector", "class",
    "ordinal", "set", "tokens",
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
            "class" | "tokens" => {
                make(Some(Dtype::I32), Meaning::Class { values: 0, ordered: false, padded: false }, None)
            }
            "ordinal" => make(Some(Dtype::I32), Meaning::Class { values: 0, ordered: true, padded: false }, None),
            "set" => make(f32, Meaning::Set, None),
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
        let is =
            |word: &str| matches!(&ty.kind, TypeKind::Named { name, dims } if name.as_str() == word && dims.is_empty());
        // What is known before the run stays known: it decides conditions.
        let known = match value {
            Value::Number(_) => is("prob"),
            Value::Bool(_) => is("bool"),
            _ => false,
        };
        self.wanted(ty).is_some() && !known
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
            (Meaning::Plain | Meaning::Column(_), Meaning::Class { .. } | Meaning::Set) => false,
            (Meaning::Plain, Meaning::Image) => false,
            (Meaning::Plain, Meaning::Binary) => false,
            (Meaning::Quantity, _) => false,
            (Meaning::Plain | Meaning::Column(_), _) => true,
            // What has an order is a class, too.
            (Meaning::Class { ordered: found, .. }, Meaning::Class { ordered: wanted, .. }) => found || !wanted,
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
        } else if let Meaning::Class { values, .. } = tensor.meaning
            && let Some((last, before)) = wanted.dims.split_last()
        {
            self.fit_axes(before, &shape, scope, &mut names)?;
            let fact = self.axis_fact(last, values, shape.len(), scope, None);
            self.fit_facts(fact.into_iter().collect(), scope)?;
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
