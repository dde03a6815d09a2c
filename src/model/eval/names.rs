//! Names met in formulas: what they stand for, and what was meant by one that nothing has.

use std::rc::Rc;
use std::sync::Arc;

use super::Scope;
use super::scope::{Bound, is_word};
use crate::model::lower::{Lower, Outcome, Reported, Word};
use crate::model::modules::{LIBRARY, ModuleId, Named};
use crate::model::value::*;
use crate::problem::names::*;
use crate::source::{Near, Span, nearest};
use crate::syntax::tree::{self};

impl Lower<'_> {
    pub(super) fn name(&mut self, name: &Arc<str>, span: Span, scope: &mut Scope) -> Outcome<Value> {
        match scope.find(name).cloned() {
            Some(Bound::Value(value)) => return Ok(value),
            Some(Bound::Place { place, trained }) => {
                let tensor = self.place(&place, trained, scope)?;
                return Ok(Value::Tensor(tensor));
            }
            Some(Bound::Unknown) => return Err(Reported),
            None => {}
        }
        if &**name == "training" {
            return Ok(Value::Bool(self.setting.training));
        }
        if scope.is_field
            && let Some(value) = self.field_named(name, span, scope)?
        {
            return Ok(value);
        }
        match self.modules.find(scope.module, name) {
            Some(Named::Callables(forms)) => {
                return Ok(Value::Callable(Rc::new(Callee { what: What::Defined(forms), given: vec![], span })));
            }
            Some(Named::Let(module, value)) => return self.constant_value(module, &value),
            None => {}
        }
        if let Some(what) = crate::model::builtins::find(name) {
            return Ok(Value::Callable(Rc::new(Callee { what, given: vec![], span })));
        }
        // Of what another file lacks something has been said.
        if name.contains('.') && self.modules.is_broken(scope.module, name) {
            return Err(Reported);
        }
        if scope.is_field {
            return self.column(name, span).map(Value::Tensor);
        }
        Ok(self.word(name, scope))
    }

    /// The constant that a module declares under `name`, if it does.
    pub fn constant_named(&mut self, scope: &Scope, name: &str) -> Option<Value> {
        match self.modules.find(scope.module, name)? {
            Named::Let(module, value) => self.constant_value(module, &value).ok(),
            Named::Callables(_) => None,
        }
    }

    pub fn constant_value(&mut self, module: ModuleId, value: &tree::Let) -> Outcome<Value> {
        let key: Arc<str> = format!("{}:{}", module.0, value.name.span.start).into();
        if self.open.contains(&key) {
            let (name, at) = (value.name.text.to_string(), value.name.span);
            return Err(self.report(EndlessDefinition { name, at, parts: false }));
        }
        self.open.push(key);
        let result = self.evaluate_for(value.ty.as_ref(), &value.value, &mut Scope::new(module, ""));
        self.open.pop();
        let result = result?;
        match &value.ty {
            Some(ty) => self.setting(&value.name.text, ty, result, value.value.span),
            None => Ok(result),
        }
    }

    /// Takes a name that nothing declares for a word that stands for itself, and remembers where it was met.
    pub(super) fn word(&mut self, name: &Arc<str>, scope: &Scope) -> Value {
        let in_scope = scope.names().filter(|it| is_word(it)).cloned().collect();
        self.words.insert(name.clone(), Word { module: scope.module, in_scope });
        Value::Word(name.clone())
    }

    /// Says that nothing has this name, with the nearest that has: among the names in scope, and what can be called.
    pub fn unknown_name(&mut self, kind: &str, name: &str, span: Span, scope: &Scope) -> Reported {
        let modules = self.modules;
        if modules.is_broken(scope.module, name) {
            return Reported;
        }
        let near = self.callable_near(name, scope);
        let at = self.blame(span);
        self.report(UnknownName { kind: kind.into(), name: name.into(), at, near })
    }

    /// What can be called or is in scope, and has nearly this name.
    pub(super) fn callable_near(&self, name: &str, scope: &Scope) -> Option<Near> {
        self.callable_among(name, scope.module, scope.names().filter(|it| is_word(it)))
    }

    fn callable_among<'s>(
        &self,
        name: &str,
        module: ModuleId,
        in_scope: impl Iterator<Item = &'s Arc<str>>,
    ) -> Option<Near> {
        let modules = self.modules;
        let mut known: Vec<&str> = in_scope.map(|it| &**it).collect();
        for kind in [tree::Kind::Layer, tree::Kind::Model, tree::Kind::Fn] {
            known.extend(modules.names_of(module, kind));
        }
        for name in crate::model::builtins::names() {
            known.push(name);
        }
        nearest(name, known.into_iter().filter(|it| *it != name))
    }

    /// As `unknown_name`, of a word that was met where a value is wanted.
    pub fn unknown_word(&mut self, kind: &str, word: &str, span: Span) -> Reported {
        if self.is_broken(word) {
            return Reported;
        }
        let (at, near) = (self.blame(span), self.near(word).or_else(|| self.meant_callable(word)));
        self.report(UnknownName { kind: kind.into(), name: word.into(), at, near })
    }

    /// The value in scope whose name was nearest to a word when it was met.
    pub fn near(&self, word: &str) -> Option<Near> {
        let met = self.words.get(word)?;
        let lets = [met.module, LIBRARY].into_iter().flat_map(|id| self.modules.lets(id));
        let mut known: Vec<&str> = lets.map(|it| it.name.as_str()).collect();
        known.extend(met.in_scope.iter().map(|it| &**it));
        nearest(word, known)
    }

    /// What can be called, whose name was nearest to a word when it was met.
    fn meant_callable(&self, word: &str) -> Option<Near> {
        let met = self.words.get(word)?;
        self.callable_among(word, met.module, met.in_scope.iter())
    }

    /// Whether something has been said about a word already.
    fn is_broken(&self, word: &str) -> bool {
        self.words.get(word).is_some_and(|it| self.modules.is_broken(it.module, word))
    }

    /// Says that a word stands where a function is wanted.
    pub fn unknown_function(&mut self, word: &str, span: Span) -> Option<Reported> {
        if self.is_broken(word) {
            return Some(Reported);
        }
        let near = Some(self.meant_callable(word)?);
        let at = self.blame(span);
        Some(self.report(UnknownName { kind: "function".into(), name: word.into(), at, near }))
    }

    /// Says that a value is of the wrong kind.
    pub fn not_a(&mut self, wanted: &str, found: &Value, span: Span) -> Reported {
        let at = self.blame(span);
        if let Value::Word(word) = found {
            return self.unknown_word("value", &word.clone(), at);
        }
        let help = match found {
            Value::Callable(callee) => match &callee.what {
                What::Defined(forms) if forms[0].callable.kind == tree::Kind::Layer => {
                    Some(format!("apply it to something: `x |> {}`", callee.name()))
                }
                _ => None,
            },
            _ => None,
        };
        self.report(WrongKind { wanted: wanted.into(), found: found.noun(), at, help })
    }
}
