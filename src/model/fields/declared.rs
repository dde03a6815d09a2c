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
use crate::source::{Span, nearest};
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
            "class" | "ordinal" => {
                let ordered = name.as_str() == "ordinal";
                let class = ClassType { ordered, ..self.class_type(ty, name.as_str(), dims, &mut scope)? };
                let values = class.values();
                make(FieldType::Class(class), vec![], Dtype::I32, Meaning::Class { values, ordered })
            }
            "set" => {
                let labels = self.class_type(ty, name.as_str(), dims, &mut scope)?;
                let shape = vec![labels.values()];
                // That a set is missing is one of its labels, so it is there for whoever reads it.
                let (ty, dtype, meaning) = (FieldType::Set(labels), Dtype::F32, Meaning::Set);
                Ok(Received { ty, shape, dtype, meaning, optional: false })
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
            "tokens" | "audio" => {
                let what = format!("fields of type `{}`", name.text);
                Err(self.report(NotInThisVersion { what, at: ty.span, help: None }))
            }
            other => {
                let known = [
                    "number", "int", "binary", "class", "ordinal", "set", "text", "date", "f32", "vector", "image",
                    "prob",
                ];
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

    /// The values that `class`, `ordinal` or `set` lists, or counts.
    fn class_type(&mut self, ty: &Type, word: &str, dims: &[Dim], scope: &mut Scope) -> Outcome<ClassType> {
        let (mut words, mut open) = (Vec::new(), false);
        let wrong = |found: String, at: Span, help: Option<String>| {
            let (setting, wanted) = (word.to_string(), declared_classes(word));
            WrongValue { setting, wanted, found, at, declared: None, help, repair: None }
        };
        for dim in dims {
            match dim {
                Dim::Rest(span) if word == "ordinal" => {
                    return Err(self.report(wrong("`..`".into(), *span, Some(ordinal_is_closed()))));
                }
                Dim::Rest(_) => open = true,
                Dim::Expr(Expr { kind: ExprKind::Text(text), .. }) => words.push(text.to_string()),
                Dim::Expr(expr) if dims.len() == 1 => {
                    let declared = self.size(expr, scope)?;
                    let (open, optional) = (false, ty.optional);
                    return Ok(ClassType { names: None, declared, open, optional, ordered: false });
                }
                Dim::Expr(expr) | Dim::Named { value: expr, .. } => {
                    return Err(self.report(wrong(crate::syntax::print_expr(expr), expr.span, None)));
                }
            }
        }
        if words.is_empty() {
            return Err(self.report(wrong("no class".into(), ty.span, Some(classes_for_example(word)))));
        }
        if let Some(twice) = (1..words.len()).find(|&at| words[..at].contains(&words[at])) {
            let (name, at) = (words[twice].clone(), ty.span);
            return Err(self.report(NameTwice { name, at, first: ty.span }));
        }
        let (declared, names, optional) = (words.len(), Some(words), ty.optional);
        Ok(ClassType { declared, names, open, optional, ordered: false })
    }
}
