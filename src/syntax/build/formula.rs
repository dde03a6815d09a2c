//! From pairs to expressions: who binds tighter than whom.

use std::sync::LazyLock;

use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::{Builder, Pair, Parts};
use crate::source::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::*;

/// From the loosest to the tightest.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::eq) | left(Rule::ne) | left(Rule::lt) | left(Rule::le) | left(Rule::gt) | left(Rule::ge))
        .op(left(Rule::range))
        .op(left(Rule::add) | left(Rule::sub))
        .op(left(Rule::mul) | left(Rule::div) | left(Rule::matmul))
        .op(Op::prefix(Rule::neg))
        .op(Op::infix(Rule::pow, Assoc::Right))
        .op(left(Rule::on))
        .op(Op::postfix(Rule::call) | Op::postfix(Rule::index) | Op::postfix(Rule::field) | Op::postfix(Rule::next))
});

fn binary(rule: Rule) -> Binary {
    match rule {
        Rule::add => Binary::Add,
        Rule::sub => Binary::Sub,
        Rule::mul => Binary::Mul,
        Rule::div => Binary::Div,
        Rule::pow => Binary::Pow,
        Rule::matmul => Binary::MatMul,
        Rule::eq => Binary::Eq,
        Rule::ne => Binary::Ne,
        Rule::lt => Binary::Lt,
        Rule::le => Binary::Le,
        Rule::gt => Binary::Gt,
        Rule::ge => Binary::Ge,
        Rule::and => Binary::And,
        Rule::or => Binary::Or,
        Rule::range => Binary::Range,
        Rule::on => Binary::On,
        rule => unreachable!("{rule:?} is no operator"),
    }
}

impl Builder<'_> {
    /// `expr` and `applied`: terms with operators, names and pipes between them, all on one level.
    pub fn expr(&mut self, pair: Pair) -> Expr {
        let mut stages = vec![];
        let mut terms = vec![];
        for part in pair.into_inner() {
            if part.as_rule() == Rule::pipe {
                stages.push(self.stage(std::mem::take(&mut terms)));
            } else {
                terms.push(part);
            }
        }
        let last = self.stage(terms);
        if stages.is_empty() {
            return last;
        }
        stages.push(last);
        let head = Box::new(stages.remove(0));
        let span = head.span.to(stages[stages.len() - 1].span);
        Expr { kind: ExprKind::Pipe { head, stages }, span }
    }

    fn stage(&mut self, mut terms: Vec<Pair>) -> Expr {
        let alias = terms.pop_if(|it| it.as_rule() == Rule::alias);
        let expr = self.terms(terms);
        match alias {
            Some(alias) => {
                let span = expr.span.to(self.span(&alias));
                let name = self.made(Parts::of(alias).next().expect("`as` is followed by a name"));
                Expr { kind: ExprKind::As { expr: Box::new(expr), name }, span }
            }
            None => expr,
        }
    }

    fn terms(&mut self, terms: Vec<Pair>) -> Expr {
        // The closures below share the builder; each runs to its end before the next.
        let this = std::cell::RefCell::new(self);
        PRECEDENCE
            .map_primary(|pair| this.borrow_mut().atom(pair))
            .map_prefix(|op, operand| {
                let span = this.borrow().span(&op).to(operand.span);
                let op = if op.as_rule() == Rule::neg { Unary::Neg } else { Unary::Not };
                Expr { kind: ExprKind::Unary { op, operand: Box::new(operand) }, span }
            })
            .map_infix(|left, op, right| {
                let (op_span, op) = (this.borrow().span(&op), binary(op.as_rule()));
                let span = left.span.to(right.span);
                let (left, right) = (Box::new(left), Box::new(right));
                Expr { kind: ExprKind::Binary { op, op_span, left, right }, span }
            })
            .map_postfix(|base, op| this.borrow_mut().postfix(base, op))
            .parse(terms.into_iter())
    }

    fn postfix(&mut self, base: Expr, op: Pair) -> Expr {
        let span = base.span.to(self.span(&op));
        let base = Box::new(base);
        let kind = match op.as_rule() {
            Rule::call => ExprKind::Call { callee: base, args: self.args(op) },
            Rule::index => ExprKind::Index { base, dims: self.dims(op) },
            Rule::field => {
                let name = self.name(Parts::of(op).next().expect("`.` is followed by a name"));
                match &base.kind {
                    ExprKind::Name(whole) if self.names.is_whole(whole) => {
                        ExprKind::Name(self.names.through(whole.clone(), name))
                    }
                    _ => ExprKind::Field { base, name },
                }
            }
            Rule::next => ExprKind::Next(base),
            rule => unreachable!("{rule:?} follows no operand"),
        };
        Expr { kind, span }
    }

    fn args(&mut self, pair: Pair) -> Vec<Arg> {
        Parts::of(pair).map(|it| self.arg(it)).collect()
    }

    fn arg(&mut self, pair: Pair) -> Arg {
        let mut parts = Parts::of(pair);
        Arg { name: parts.maybe(Rule::arg_name).map(|it| self.name(it)), value: self.expr(parts.need(Rule::expr)) }
    }

    fn atom(&mut self, pair: Pair) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::quantity => self.quantity(pair),
            Rule::string => ExprKind::Text(self.text(pair).value),
            Rule::bool => ExprKind::Bool(matches!(pair.as_str(), "yes" | "true")),
            Rule::ident => ExprKind::Name(self.meant(pair).text),
            Rule::list => ExprKind::List(Parts::of(pair).map(|it| self.expr(it)).collect()),
            Rule::table => ExprKind::Table(self.table(pair)),
            Rule::group => self.group(pair),
            Rule::if_expr => {
                let mut parts = Parts::of(pair);
                let mut part = || Box::new(self.expr(parts.need(Rule::expr)));
                let (condition, then, otherwise) = (part(), part(), part());
                let span = Span { end: otherwise.span.end, ..span };
                return Expr { kind: ExprKind::If { condition, then, otherwise }, span };
            }
            Rule::for_expr => self.comprehension(pair),
            Rule::hole => ExprKind::Broken,
            rule => unreachable!("{rule:?} is no operand"),
        };
        Expr { kind, span }
    }

    /// One expression in parentheses is that expression, with the parentheses in its span.
    fn group(&mut self, pair: Pair) -> ExprKind {
        let mut args = self.args(pair);
        if args.len() == 1 && args[0].name.is_none() { args.remove(0).value.kind } else { ExprKind::Tuple(args) }
    }

    fn comprehension(&mut self, pair: Pair) -> ExprKind {
        let mut parts = Parts::of(pair);
        let mut binders = vec![];
        while let Some(binder) = parts.maybe(Rule::binder) {
            let mut binder = Parts::of(binder);
            let name = self.made(binder.need(Rule::ident));
            binders.push(match binder.maybe(Rule::carry) {
                Some(_) => Binder::Carry { name, init: self.expr(binder.need(Rule::expr)) },
                None => Binder::Over { name, range: self.expr(binder.need(Rule::expr)) },
            });
        }
        let body = parts.next().expect("`=>` is followed by a body");
        let body = match body.as_rule() {
            Rule::body => ForBody::Block(self.statements(body)),
            _ => ForBody::Expr(self.expr(body)),
        };
        ExprKind::For { binders, body: Box::new(body) }
    }
}
