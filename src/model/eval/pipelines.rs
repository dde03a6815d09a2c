//! Pipelines: what each stage is applied to, and the name under which its parameters live.

use std::rc::Rc;
use std::sync::Arc;

use super::Scope;
use super::calls::is_applied;
use super::scope::join;
use crate::model::lower::{Lower, Outcome};
use crate::model::value::*;
use crate::problem::names::*;
use crate::syntax::tree::{self, Expr, ExprKind, Name};

impl Lower<'_> {
    /// `value |> stage`
    pub(super) fn stage(&mut self, value: Value, stage: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let (expr, alias) = match &stage.kind {
            ExprKind::As { expr, name } => (&**expr, Some(name)),
            _ => (stage, None),
        };
        let inputs = match value.settled() {
            Value::Tuple(items) => items.into_iter().map(|(_, item)| item).collect(),
            one => vec![one],
        };
        let op = match &expr.kind {
            ExprKind::Call { callee, args } => {
                let callee = self.evaluate(callee, scope)?;
                match callee {
                    Value::Callable(callee) => {
                        let given = self.arguments_of(&callee, args, inputs.len(), scope)?;
                        let full = callee.with(given, expr.span);
                        match &full.what {
                            What::Builtin(builtin) if builtin.gives_layer() => {
                                self.apply(&Rc::new(full), vec![], expr.span)?
                            }
                            _ => Value::Callable(Rc::new(full)),
                        }
                    }
                    other => other,
                }
            }
            _ => self.evaluate(expr, scope)?,
        };
        match op {
            Value::Callable(callee) => {
                let is_stage = match &callee.what {
                    What::Defined(forms) if !is_applied(forms[0].callable.kind) => {
                        let at = self.blame(match &expr.kind {
                            ExprKind::Call { callee, .. } => callee.span,
                            _ => expr.span,
                        });
                        let (wanted, found) = ("a layer or a function".into(), callee.noun());
                        return Err(self.report(WrongKind { wanted, found, at, help: None }));
                    }
                    What::Defined(forms) => forms[0].callable.kind != tree::Kind::Fn,
                    What::Repeat { .. } => true,
                    What::Builtin(_) | What::Scalar(_) => false,
                };
                if !is_stage {
                    let result = self.apply(&callee, inputs, expr.span)?;
                    return match alias {
                        Some(name) => self.name_stage(name, result, None, scope),
                        None => Ok(result),
                    };
                }
                let name: Arc<str> =
                    alias.map_or_else(|| tree::own_name(callee.name()).into(), |name| name.text.clone());
                let path = join(&scope.path, &name);
                let span = self.blame(alias.map_or(expr.span, |name| name.span));
                if let Some(&first) = scope.stages.get(&name) {
                    return Err(self.report(TwinStages { name: name.to_string(), at: span, first }));
                }
                let slots = self.slots.len();
                let result = self.applied(&callee, inputs, &path, expr.span)?;
                if self.slots.len() > slots {
                    scope.stages.insert(name.clone(), span);
                }
                match alias {
                    Some(alias) => {
                        let stage = Stage { value: result, path: path.into(), callee: Some(callee) };
                        let value = Value::Stage(Rc::new(stage));
                        scope.bind(alias.as_str(), value.clone());
                        Ok(value)
                    }
                    None => Ok(result),
                }
            }
            // The same layer again, with the same parameters.
            Value::Stage(stage) if stage.callee.is_some() => {
                let callee = stage.callee.clone().expect("checked");
                let result = self.applied(&callee, inputs, &stage.path, expr.span)?;
                match alias {
                    Some(name) => self.name_stage(name, result, None, scope),
                    None => Ok(result),
                }
            }
            Value::Word(word) => {
                let callee = match &expr.kind {
                    ExprKind::Call { callee, .. } => callee.span,
                    _ => expr.span,
                };
                Err(self.unknown_name("layer", &word, callee, scope))
            }
            other => Err(self.not_called("a layer or a function", &other, expr, scope)),
        }
    }

    /// The start of a pipeline: a value that may have a name.
    pub(super) fn head(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let ExprKind::As { expr, name } = &expr.kind else { return self.evaluate(expr, scope) };
        let value = self.evaluate(expr, scope)?;
        self.name_stage(name, value, None, scope)
    }

    fn name_stage(
        &mut self,
        name: &Name,
        value: Value,
        callee: Option<Rc<Callee>>,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let path: Arc<str> = join(&scope.path, name.as_str()).into();
        self.note(&path, &value);
        let stage = Value::Stage(Rc::new(Stage { value, path, callee }));
        scope.bind(name.as_str(), stage.clone());
        Ok(stage)
    }
}
