//! The declared type of a field: what the model receives.

use super::Received;
use crate::model::eval::Scope;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::ModuleId;
use crate::model::program::{ClassType, FieldType, TokensType};
use crate::model::value::Meaning;
use crate::problem::names::*;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::{Span, nearest};
use crate::syntax::tree::{Dim, Expr, ExprKind, FieldDecl, Type, TypeKind};

/// The last step of a field whose examples have several rows side by side.
const WINDOW: &str = "window";

/// Whether an expression is a call of the window.
fn is_window(expr: &Expr) -> bool {
    let ExprKind::Call { callee, .. } = &expr.kind else { return false };
    matches!(&callee.kind, ExprKind::Name(name) if &**name == WINDOW)
}

/// Whether a formula takes several rows.
fn is_windowed(formula: &Expr) -> bool {
    match &formula.kind {
        ExprKind::Pipe { stages, .. } => stages.iter().any(is_window),
        _ => is_window(formula),
    }
}

/// A formula without the window at its end: what is said of one row.
pub(super) fn of_a_row(formula: &Expr) -> &Expr {
    match &formula.kind {
        ExprKind::Pipe { head, stages } if stages.iter().all(is_window) => head,
        ExprKind::Call { args, .. } if is_window(formula) => args.first().map_or(formula, |arg| &arg.value),
        _ => formula,
    }
}

impl Lower<'_> {
    /// What a field is declared to be.
    pub(super) fn received(&mut self, decl: &FieldDecl, module: ModuleId) -> Outcome<Received> {
        let ty = &decl.ty;
        let windowed = decl.value.as_ref().is_some_and(is_windowed);
        let mut scope = Scope::new(module, "");
        let TypeKind::Named { name, dims } = &ty.kind else { return Err(Reported) };
        let optional = ty.optional;
        let make = |ty, shape, dtype, meaning| Ok(Received { ty, shape, dtype, meaning, optional, windowed });
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
                make(FieldType::Class(class), vec![], Dtype::I32, Meaning::Class { values, ordered, padded: false })
            }
            "set" => {
                let labels = self.class_type(ty, name.as_str(), dims, &mut scope)?;
                let shape = vec![labels.values()];
                // That a set is missing is one of its labels, so it is there for whoever reads it.
                let (ty, dtype, meaning) = (FieldType::Set(labels), Dtype::F32, Meaning::Set);
                Ok(Received { ty, shape, dtype, meaning, optional: false, windowed })
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
            "tokens" => {
                let tokens = self.tokens_type(ty, dims, !windowed, &mut scope)?;
                let meaning = Meaning::Class { values: tokens.values, ordered: false, padded: tokens.padded };
                make(FieldType::Tokens(tokens), vec![tokens.length], Dtype::I32, meaning)
            }
            "audio" => {
                let what = format!("fields of type `{}`", name.text);
                Err(self.report(NotInThisVersion { what, at: ty.span, help: None }))
            }
            other => {
                let known = [
                    "number", "int", "binary", "class", "ordinal", "set", "text", "date", "f32", "vector", "image",
                    "prob", "tokens",
                ];
                let near = nearest(other, known);
                let (kind, name) = ("type of field".to_string(), other.to_string());
                Err(self.report(UnknownName { kind, name, at: ty.span, near }))
            }
        }
    }

    /// `tokens[T, V]`. Padded ones have a value for no token, one for any other, and one at least of their own.
    fn tokens_type(&mut self, ty: &Type, dims: &[Dim], padded: bool, scope: &mut Scope) -> Outcome<TokensType> {
        let [Dim::Expr(length), Dim::Expr(values)] = dims else {
            let (setting, found) = ("tokens".to_string(), self.type_text(ty));
            let wanted = "how many there are of them, and of how many each is one: tokens[32, 5000]".to_string();
            let wrong = WrongValue { setting, wanted, found, at: ty.span, declared: None, help: None, repair: None };
            return Err(self.report(wrong));
        };
        let (values_at, length) = (values.span, self.size(length, scope)?);
        let (values, fewest) = (self.size(values, scope)?, if padded { 3 } else { 1 });
        if values < fewest || values > i32::MAX as usize || length == 0 {
            let (setting, value) = ("the number of tokens".to_string(), values.to_string());
            let help =
                padded.then(|| "0 stands for none and 1 for any other: each one of its own counts from 2".into());
            let range = format!("{fewest} or more");
            return Err(self.report(OutOfRange { setting, range, value, at: values_at, help }));
        }
        Ok(TokensType { length, values, padded })
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
