//! From pairs to types and their dimensions.

use super::{Builder, Pair, Parts};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::*;

impl Builder<'_> {
    pub(super) fn ty(&mut self, pair: Pair) -> Type {
        let span = self.span(&pair);
        let mut parts = Parts::of(pair);
        let kind = match parts.maybe(Rule::ttuple) {
            Some(tuple) => TypeKind::Tuple(Parts::of(tuple).map(|it| self.type_field(it)).collect()),
            None => TypeKind::Named {
                name: self.meant(parts.need(Rule::tname)),
                dims: parts.maybe(Rule::dims).map(|it| self.dims(it)).unwrap_or_default(),
            },
        };
        Type { kind, optional: parts.maybe(Rule::optional).is_some(), span }
    }

    fn type_field(&mut self, pair: Pair) -> (Option<Name>, Type) {
        let mut parts = Parts::of(pair);
        (parts.maybe(Rule::ident).map(|it| self.name(it)), self.ty(parts.need(Rule::type_)))
    }

    /// Of a type's brackets or of an index.
    pub(super) fn dims(&mut self, pair: Pair) -> Vec<Dim> {
        Parts::of(pair).map(|it| self.dim(it)).collect()
    }

    fn dim(&mut self, pair: Pair) -> Dim {
        let mut parts = Parts::of(pair);
        if let Some(rest) = parts.maybe(Rule::rest) {
            return Dim::Rest(self.span(&rest));
        }
        match parts.maybe(Rule::ident) {
            Some(name) => Dim::Named { name: self.name(name), value: self.expr(parts.need(Rule::expr)) },
            None => Dim::Expr(self.expr(parts.need(Rule::expr))),
        }
    }
}
