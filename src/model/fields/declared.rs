//! The declared type of a field: what the model receives.

use super::Received;
use crate::model::eval::Scope;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::ModuleId;
use crate::model::program::{ClassType, FieldType};
use crate::model::value::Meaning;
use crate::problem::names::*;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::nearest;
use crate::syntax::tree::{Dim, Expr, ExprKind, Type, TypeKind};

impl Lower<'_> {
    /// What a declared type of a field means.
    pub(super) fn received(&mut self, ty: &Type, module: ModuleId) -> Outcome<Received> {
        let mut scope = Scope::new(module, "");
        let TypeKind::Named { name, dims } = &ty.kind else { return Err(Reported) };
        let optional = ty.optional;
        let make = |ty, shape, dtype, meaning| Ok(Received { ty, shape, dtype, meaning, optional });
        match name.as_str() {
            "number" | "int" => make(FieldType::Number, vec![1], Dtype::F32, Meaning::Plain),
            "binary" => {
                let mut words = Vec::new();
                for dim in dims {
                    match dim {
                        Dim::Expr(Expr { kind: ExprKind::Text(text), .. }) => words.push(text.to_string()),
                        _ => return Err(self.bad_words(ty)),
                    }
                }
                let names = match <[String; 2]>::try_from(words) {
                    Ok(pair) => Some(pair),
                    Err(words) if words.is_empty() => None,
                    Err(_) => return Err(self.bad_words(ty)),
                };
                make(FieldType::Binary { names }, vec![1], Dtype::F32, Meaning::Binary)
            }
            "class" => {
                let class = self.class_type(ty, dims, &mut scope)?;
                let values = class.values();
                make(FieldType::Class(class), vec![], Dtype::I32, Meaning::Class { values })
            }
            "text" | "date" => make(FieldType::Text, vec![], Dtype::I32, Meaning::Plain),
            "f32" | "vector" | "embedding" | "image" | "prob" => {
                let meaning = match name.as_str() {
                    "image" => Meaning::Image,
                    "prob" => Meaning::Prob,
                    _ => Meaning::Plain,
                };
                let shape = self.shape_of(ty, &mut scope)?;
                make(FieldType::Tensor, shape, Dtype::F32, meaning)
            }
            "tokens" | "audio" | "ordinal" | "set" => {
                let what = format!("fields of type `{}`", name.text);
                Err(self.report(NotInThisVersion { what, at: ty.span, help: None }))
            }
            other => {
                let known = ["number", "int", "binary", "class", "text", "date", "f32", "vector", "image", "prob"];
                let near = nearest(other, known);
                let (kind, name) = ("type of field".to_string(), other.to_string());
                Err(self.report(UnknownName { kind, name, at: ty.span, near }))
            }
        }
    }

    fn bad_words(&mut self, ty: &Type) -> Reported {
        let (setting, wanted) =
            ("binary".to_string(), "two words, the positive one second: binary[\"no\", \"yes\"]".to_string());
        let found = self.type_text(ty);
        self.report(WrongValue { setting, wanted, found, at: ty.span, declared: None, help: None, repair: None })
    }

    fn class_type(&mut self, ty: &Type, dims: &[Dim], scope: &mut Scope) -> Outcome<ClassType> {
        let (mut words, mut open) = (Vec::new(), false);
        for dim in dims {
            match dim {
                Dim::Rest(_) => open = true,
                Dim::Expr(Expr { kind: ExprKind::Text(text), .. }) => words.push(text.to_string()),
                Dim::Expr(expr) if dims.len() == 1 => {
                    let declared = self.size(expr, scope)?;
                    return Ok(ClassType { names: None, declared, open: false, optional: ty.optional });
                }
                Dim::Expr(expr) | Dim::Named { value: expr, .. } => {
                    let (setting, wanted) = ("class".to_string(), "a number of classes, or their words".to_string());
                    let found = crate::syntax::print_expr(expr);
                    let at = expr.span;
                    return Err(self.report(WrongValue {
                        setting,
                        wanted,
                        found,
                        at,
                        declared: None,
                        help: None,
                        repair: None,
                    }));
                }
            }
        }
        if words.is_empty() {
            let (setting, wanted) = ("class".to_string(), "a number of classes, or their words".to_string());
            let help = Some("write class[10], or class[\"cat\", \"dog\"]".to_string());
            let (found, at) = ("no class".to_string(), ty.span);
            return Err(self.report(WrongValue { setting, wanted, found, at, declared: None, help, repair: None }));
        }
        if let Some(twice) = (1..words.len()).find(|&at| words[..at].contains(&words[at])) {
            let (name, at) = (words[twice].clone(), ty.span);
            return Err(self.report(NameTwice { name, at, first: ty.span }));
        }
        Ok(ClassType { declared: words.len(), names: Some(words), open, optional: ty.optional })
    }
}
