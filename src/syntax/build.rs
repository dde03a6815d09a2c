//! From pest's pairs to the tree: items, blocks and statements.

mod formula;
mod literal;
mod names;
mod ty;

use std::sync::Arc;

use pest::iterators::Pair as AnyPair;

pub use names::Names;

use super::grammar::Rule;
use super::lex::{Token, TokenKind};
use super::patch::Places;
use super::prepare::Prepared;
use super::tree::*;
use crate::problem::Problem;
use crate::problem::syntax::UnknownEdition;
use crate::source::{FileId, Span};

type Pair<'i> = AnyPair<'i, Rule>;

/// A tree, and what has yet to be said about it.
pub struct Built {
    pub file: File,
    pub pieces: Vec<Piece>,
    pub problems: Vec<Problem>,
}

/// A piece of the text that is nothing the grammar knows, by its bytes in the text that was parsed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Piece {
    /// The rule that the piece should have followed.
    pub rule: Rule,
    pub start: usize,
    pub end: usize,
}

/// What the tree of one text needs beside the pairs.
pub struct Builder<'a> {
    pub file: FileId,
    /// From places in the text that was parsed to places in the user's.
    pub places: &'a Places,
    /// The user's text and its tokens, for the documentation above a declaration.
    pub source: &'a str,
    pub tokens: &'a [Token],
    pub pieces: Vec<Piece>,
    pub problems: Vec<Problem>,
    pub names: Names,
}

impl<'a> Builder<'a> {
    pub fn new(prepared: &'a Prepared, source: &'a str) -> Builder<'a> {
        let Prepared { file, places, tokens, .. } = prepared;
        Builder { file: *file, places, source, tokens, pieces: vec![], problems: vec![], names: Names::default() }
    }

    pub fn build(mut self, pair: Pair) -> Built {
        self.names = self.names_of_files(pair.clone());
        let mut items = vec![];
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::item => items.push(self.item(part.into_inner().next().expect("an item has one kind"))),
                Rule::bad_item => items.push(Item::Broken(self.broken(part, Rule::only_item))),
                Rule::EOI => {}
                rule => unreachable!("{rule:?} in a file"),
            }
        }
        let span = Span::new(self.file, 0, self.source.len());
        self.names.settle(&mut items, &mut self.problems);
        let mentioned = self.names.mentioned;
        Built { file: File { items, mentioned, span }, pieces: self.pieces, problems: self.problems }
    }

    /// What the file calls other files as a whole, wherever it says so, and whether it has a `use` that says no names.
    fn names_of_files(&self, file: Pair) -> Names {
        let items = file.into_inner().filter(|it| it.as_rule() == Rule::item);
        let uses = items.flat_map(Pair::into_inner).filter(|it| it.as_rule() == Rule::use_item);
        let (mut whole, mut is_asked) = (vec![], false);
        for it in uses {
            let mut parts = Parts::of(it);
            parts.next();
            let alias = parts.maybe(Rule::ident).map(|it| self.name(it));
            is_asked |= alias.is_none() && parts.next().is_none();
            whole.extend(alias);
        }
        Names::of(whole, is_asked)
    }

    /// The bytes of `pair` in the user's text. Pest lets a rule run into the white space behind it.
    fn span(&self, pair: &Pair) -> Span {
        let start = pair.as_span().start();
        let end = start + pair.as_str().trim_end().len();
        self.places.span(self.file, start, end)
    }

    fn broken(&mut self, pair: Pair, rule: Rule) -> Span {
        let start = pair.as_span().start();
        let end = start + pair.as_str().trim_end().len();
        self.pieces.push(Piece { rule, start, end });
        self.span(&pair)
    }

    fn name(&self, pair: Pair) -> Name {
        Name::new(pair.as_str().trim_end(), self.span(&pair))
    }

    /// A name that the text makes here.
    fn made(&mut self, pair: Pair) -> Name {
        let name = self.name(pair);
        self.names.made.push(name.clone());
        name
    }

    /// A name that means something made elsewhere, as a whole: `tower`, `blocks.tower`, `net.output`.
    fn meant(&mut self, pair: Pair) -> Name {
        let name = self.name(pair);
        self.names.mention(&name);
        name
    }

    fn item(&mut self, pair: Pair) -> Item {
        let span = self.span(&pair);
        let doc = self.doc(span);
        let rule = pair.as_rule();
        let mut parts = Parts::of(pair);
        match rule {
            Rule::edition => {
                let written = parts.need(Rule::number);
                let number = literal::number(written.as_str());
                if number != 1.0 {
                    self.problems.push(UnknownEdition { found: written.as_str().trim().into(), at: span }.into());
                }
                Item::Edition { number, span }
            }
            Rule::use_item => Item::Use(self.use_item(parts, span)),
            Rule::let_item => Item::Let(Let {
                doc,
                name: self.made(parts.need(Rule::ident)),
                ty: parts.maybe(Rule::type_).map(|it| self.ty(it)),
                value: self.expr(parts.need(Rule::expr)),
                span,
            }),
            Rule::callable => Item::Callable(Arc::new(self.callable(parts, doc, span))),
            Rule::names_item => Item::Names(Arc::new(self.name_map(parts, doc, span))),
            Rule::data_item => {
                let name = self.name(parts.need(Rule::ident));
                let entries = parts.map(|it| self.data_entry(it)).collect();
                Item::Data(DataBlock { doc, name, entries, span })
            }
            Rule::train_item => {
                let name = parts.maybe(Rule::ident).map(|it| self.name(it));
                let entries = parts.map(|it| self.train_entry(it)).collect();
                Item::Train(TrainBlock { doc, name, entries, span })
            }
            Rule::tune_item => Item::Tune(self.block(parts, doc, span)),
            Rule::export_item => Item::Export(self.block(parts, doc, span)),
            rule => unreachable!("{rule:?} is no item"),
        }
    }

    fn use_item(&mut self, mut parts: Parts, span: Span) -> Use {
        let source = parts.next().expect("a use has a source");
        let from = match source.as_rule() {
            Rule::string => UseFrom::Path(self.text(source)),
            _ => UseFrom::Library(self.name(source)),
        };
        let alias = parts.maybe(Rule::ident).map(|it| self.name(it));
        let names = parts.maybe(Rule::use_names).map(|it| Parts::of(it).map(|it| self.used_name(it)).collect());
        Use { from, names: names.unwrap_or_default(), alias, through: vec![], span }
    }

    fn used_name(&mut self, pair: Pair) -> UsedName {
        let mut parts = Parts::of(pair);
        let name = self.name(parts.need(Rule::ident));
        let used = UsedName { name, alias: parts.maybe(Rule::ident).map(|it| self.name(it)) };
        self.names.made.push(used.here().clone());
        used
    }

    fn callable(&mut self, mut parts: Parts, doc: Option<Arc<str>>, span: Span) -> Callable {
        let head = parts.need(Rule::head);
        let head_span = self.span(&head);
        let mut head = Parts::of(head);
        let word = head.need(Rule::kind);
        let kind = Kind::ALL.into_iter().find(|it| it.word() == word.as_str());
        let name = self.made(head.need(Rule::ident));
        let config = head.maybe(Rule::config).map(|it| Parts::of(it).map(|it| self.config_param(it)).collect());
        let (inputs, inputs_grouped) = match head.maybe(Rule::inputs) {
            Some(inputs) => self.inputs(inputs),
            None => (vec![], false),
        };
        let result = head.maybe(Rule::type_).map(|it| self.ty(it));
        let across_batch = head.maybe(Rule::across).is_some();
        let body = parts.next().expect("a callable has a body");
        let body = match body.as_rule() {
            Rule::body => Body::Block(self.statements(body)),
            _ => Body::Formula(self.expr(body)),
        };
        Callable {
            doc,
            kind: kind.expect("the grammar and `Kind` have the same words"),
            name,
            config: config.unwrap_or_default(),
            inputs,
            inputs_grouped,
            result,
            across_batch,
            body,
            head: head_span,
            span,
        }
    }

    fn config_param(&mut self, pair: Pair) -> ConfigParam {
        let mut parts = Parts::of(pair);
        ConfigParam {
            name: self.made(parts.need(Rule::ident)),
            ty: parts.maybe(Rule::type_).map(|it| self.ty(it)),
            default: parts.maybe(Rule::expr).map(|it| self.expr(it)),
        }
    }

    fn inputs(&mut self, pair: Pair) -> (Vec<Input>, bool) {
        let inner = Parts::of(pair).next().expect("inputs are one or a group");
        match inner.as_rule() {
            Rule::group_in => (Parts::of(inner).map(|it| self.input(it)).collect(), true),
            _ => (vec![self.input(inner)], false),
        }
    }

    fn input(&mut self, pair: Pair) -> Input {
        let mut parts = Parts::of(pair);
        Input { name: self.made(parts.need(Rule::ident)), ty: parts.maybe(Rule::type_).map(|it| self.ty(it)) }
    }

    fn statements(&mut self, body: Pair) -> Vec<Stmt> {
        Parts::of(body)
            .map(|it| match it.as_rule() {
                Rule::bad_stmt => Stmt::Broken(self.broken(it, Rule::only_stmt)),
                _ => self.statement(it.into_inner().next().expect("a statement has one kind")),
            })
            .collect()
    }

    fn statement(&mut self, pair: Pair) -> Stmt {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        if rule == Rule::expr {
            return Stmt::Expr(self.expr(pair));
        }
        let mut parts = Parts::of(pair);
        match rule {
            Rule::param => Stmt::Param(self.place(parts, span)),
            Rule::state => Stmt::State(self.place(parts, span)),
            Rule::fit => {
                Stmt::Fit { name: self.made(parts.need(Rule::ident)), value: self.expr(parts.need(Rule::expr)), span }
            }
            Rule::require => Stmt::Require {
                condition: self.expr(parts.need(Rule::expr)),
                message: parts.maybe(Rule::string).map(|it| self.text(it)),
                span,
            },
            Rule::bind => {
                let pattern = self.pattern(parts.need(Rule::pattern));
                Stmt::Bind { pattern, value: self.expr(parts.need(Rule::expr)), span }
            }
            rule => unreachable!("{rule:?} is no statement"),
        }
    }

    fn place(&mut self, mut parts: Parts, span: Span) -> Place {
        Place {
            name: self.made(parts.need(Rule::ident)),
            ty: parts.maybe(Rule::type_).map(|it| self.ty(it)),
            init: parts.maybe(Rule::expr).map(|it| self.expr(it)),
            span,
        }
    }

    fn pattern(&mut self, pair: Pair) -> Pattern {
        let tuple = pair.as_str().starts_with('(');
        let mut targets: Vec<Target> = Parts::of(pair).map(|it| self.target(it)).collect();
        if tuple { Pattern::Tuple(targets) } else { Pattern::One(targets.remove(0)) }
    }

    fn target(&mut self, pair: Pair) -> Target {
        let mut parts = Parts::of(pair);
        Target { name: self.made(parts.need(Rule::ident)), next: parts.maybe(Rule::prime).is_some() }
    }

    // -------------------------------------------------------------------------------------------- blocks

    fn setting(&mut self, pair: Pair) -> Setting {
        let span = self.span(&pair);
        let mut parts = Parts::of(pair);
        Setting { key: self.name(parts.need(Rule::key)), value: self.expr(parts.need(Rule::expr)), span }
    }

    fn block(&mut self, mut parts: Parts, doc: Option<Arc<str>>, span: Span) -> Block {
        let name = parts.maybe(Rule::ident).map(|it| self.name(it));
        let (mut settings, mut broken) = (vec![], vec![]);
        for part in Parts::of(parts.need(Rule::block)) {
            match part.as_rule() {
                Rule::setting => settings.push(self.setting(part)),
                _ => broken.push(self.broken(part, Rule::only_setting)),
            }
        }
        Block { doc, name, settings, broken, span }
    }

    fn data_entry(&mut self, pair: Pair) -> DataEntry {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::setting => DataEntry::Setting(self.setting(pair)),
            Rule::ignore => {
                let columns = Parts::of(pair).map(|it| match it.as_rule() {
                    Rule::string => {
                        let text = self.text(it);
                        Name::new(text.value, text.span)
                    }
                    _ => self.name(it),
                });
                DataEntry::Ignore { columns: columns.collect(), span }
            }
            Rule::field_decl => {
                let mut parts = Parts::of(pair);
                let role = parts.need(Rule::role);
                let found = Role::ALL.into_iter().find(|it| it.word() == role.as_str());
                DataEntry::Field(FieldDecl {
                    doc: self.doc(span),
                    role: found.expect("the grammar and `Role` have the same words"),
                    role_span: self.span(&role),
                    name: self.made(parts.need(Rule::ident)),
                    ty: self.ty(parts.need(Rule::type_)),
                    value: parts.maybe(Rule::expr).map(|it| self.expr(it)),
                    span,
                })
            }
            Rule::bad_stmt => DataEntry::Broken(self.broken(pair, Rule::only_data)),
            rule => unreachable!("{rule:?} in a data block"),
        }
    }

    fn train_entry(&mut self, pair: Pair) -> TrainEntry {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::setting => TrainEntry::Setting(self.setting(pair)),
            Rule::regularize => {
                TrainEntry::Regularize { terms: Parts::of(pair).map(|it| self.regularizer(it)).collect(), span }
            }
            Rule::augment => {
                let mut parts = Parts::of(pair);
                let fields = Parts::of(parts.need(Rule::aug_fields)).map(|it| self.name(it)).collect();
                let steps = parts.map(|it| match it.as_rule() {
                    Rule::bad_stmt => Expr { span: self.broken(it, Rule::only_expr), kind: ExprKind::Broken },
                    _ => self.expr(it),
                });
                TrainEntry::Augment { fields, steps: steps.collect(), span }
            }
            Rule::transfer => TrainEntry::Transfer(self.transfer(Parts::of(pair), span)),
            Rule::freeze => {
                let mut parts = Parts::of(pair);
                let what = self.selectors(parts.need(Rule::sels));
                TrainEntry::Freeze { what, until: parts.maybe(Rule::expr).map(|it| self.expr(it)), span }
            }
            Rule::scale => {
                let mut parts = Parts::of(pair);
                TrainEntry::Scale {
                    setting: self.name(parts.need(Rule::scaled)),
                    factor: self.expr(parts.need(Rule::applied)),
                    what: self.selectors(parts.need(Rule::sels)),
                    span,
                }
            }
            Rule::privacy => TrainEntry::Privacy(self.block(Parts::of(pair), None, span)),
            Rule::bad_stmt => TrainEntry::Broken(self.broken(pair, Rule::only_train)),
            rule => unreachable!("{rule:?} in a train block"),
        }
    }

    fn regularizer(&mut self, pair: Pair) -> Applied {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::bad_stmt {
            let value = Expr { span: self.broken(pair, Rule::only_reg), kind: ExprKind::Broken };
            return Applied { value, what: vec![], span };
        }
        let mut parts = Parts::of(pair);
        let value = self.expr(parts.need(Rule::applied));
        let what = parts.maybe(Rule::sels).map(|it| self.selectors(it));
        Applied { value, what: what.unwrap_or_default(), span }
    }

    fn transfer(&mut self, mut parts: Parts, span: Span) -> Transfer {
        let part = parts.maybe(Rule::sel).map(|it| self.selector(it));
        let path = self.text(parts.need(Rule::string));
        let from = Expr { kind: ExprKind::Text(path.value), span: path.span };
        let body = parts.maybe(Rule::transfer_body);
        let entries = body.map(|it| Parts::of(it).map(|it| self.transfer_entry(it)).collect());
        Transfer { part, from, entries: entries.unwrap_or_default(), span }
    }

    fn transfer_entry(&mut self, pair: Pair) -> TransferEntry {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        match rule {
            Rule::setting => return TransferEntry::Setting(self.setting(pair)),
            Rule::freeze | Rule::scale => return TransferEntry::Train(self.train_entry(pair)),
            Rule::bad_stmt => return TransferEntry::Broken(self.broken(pair, Rule::only_transfer)),
            _ => {}
        }
        let mut parts = Parts::of(pair);
        match rule {
            Rule::named => TransferEntry::Names { name: self.meant(parts.need(Rule::dotted)), span },
            Rule::rename => TransferEntry::Rename {
                from: self.text(parts.need(Rule::string)),
                to: self.selector(parts.need(Rule::sel)),
                layout: parts.maybe(Rule::id).map(|it| self.name(it)),
                span,
            },
            Rule::skip => TransferEntry::Skip { names: parts.map(|it| self.text(it)).collect(), span },
            Rule::init => TransferEntry::Init {
                what: self.selectors(parts.need(Rule::sels)),
                how: self.name(parts.need(Rule::id)),
                span,
            },
            Rule::adapt => TransferEntry::Adapt {
                how: self.expr(parts.need(Rule::applied)),
                what: self.selectors(parts.need(Rule::sels)),
                span,
            },
            rule => unreachable!("{rule:?} in a transfer block"),
        }
    }

    fn name_map(&mut self, mut parts: Parts, doc: Option<Arc<str>>, span: Span) -> NameMap {
        let name = self.made(parts.need(Rule::ident));
        let mut of = vec![];
        while let Some(layer) = parts.maybe(Rule::dotted) {
            of.push(self.meant(layer));
        }
        let entries = Parts::of(parts.need(Rule::names_body)).map(|it| match it.as_rule() {
            Rule::bad_stmt => TransferEntry::Broken(self.broken(it, Rule::only_names)),
            _ => self.transfer_entry(it),
        });
        NameMap { doc, name, of, entries: entries.collect(), span }
    }

    fn selectors(&self, pair: Pair) -> Vec<Selector> {
        Parts::of(pair).map(|it| self.selector(it)).collect()
    }

    fn selector(&self, pair: Pair) -> Selector {
        Selector { pattern: pair.as_str().trim_end().into(), span: self.span(&pair) }
    }

    /// The `##` lines right above a declaration, without their marks.
    fn doc(&self, span: Span) -> Option<Arc<str>> {
        let before = self.tokens.partition_point(|it| it.start < span.start);
        let mut lines = vec![];
        for (place, token) in self.tokens[..before].iter().enumerate().rev() {
            let own_line = place == 0 || self.tokens[place - 1].kind == TokenKind::Newline;
            match token.kind {
                TokenKind::Newline => {}
                // What separates nothing does not part a documentation either.
                TokenKind::Mark if token.text(self.source) == ";" => {}
                TokenKind::Comment if own_line => {
                    if let Some(line) = token.text(self.source).strip_prefix("##") {
                        lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
                    }
                }
                _ => break,
            }
        }
        lines.reverse();
        if lines.is_empty() { None } else { Some(lines.join("\n").into()) }
    }
}

/// The children of a pair, without the words of the language among them.
pub struct Parts<'i> {
    pairs: std::iter::Peekable<pest::iterators::Pairs<'i, Rule>>,
}

impl<'i> Parts<'i> {
    pub fn of(pair: Pair<'i>) -> Parts<'i> {
        Parts { pairs: pair.into_inner().peekable() }
    }

    /// The next child, if it is of this rule.
    pub fn maybe(&mut self, rule: Rule) -> Option<Pair<'i>> {
        while self.pairs.next_if(|it| is_word(it.as_rule())).is_some() {}
        self.pairs.next_if(|it| it.as_rule() == rule)
    }

    /// The next child, which is of this rule.
    pub fn need(&mut self, rule: Rule) -> Pair<'i> {
        self.maybe(rule).unwrap_or_else(|| panic!("the grammar lacks {rule:?} before {:?}", self.pairs.peek()))
    }
}

impl<'i> Iterator for Parts<'i> {
    type Item = Pair<'i>;
    fn next(&mut self) -> Option<Pair<'i>> {
        self.pairs.find(|it| !is_word(it.as_rule()))
    }
}

/// Whether a rule is a word that only marks what follows.
fn is_word(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::kw_dlm
            | Rule::kw_use
            | Rule::kw_let
            | Rule::kw_data
            | Rule::kw_train
            | Rule::kw_tune
            | Rule::kw_export
            | Rule::kw_on
            | Rule::kw_as
            | Rule::kw_across
            | Rule::kw_batch
            | Rule::kw_param
            | Rule::kw_state
            | Rule::kw_fit
            | Rule::kw_require
            | Rule::kw_for
            | Rule::kw_in
            | Rule::kw_if
            | Rule::kw_then
            | Rule::kw_else
            | Rule::kw_ignore
            | Rule::kw_augment
            | Rule::kw_regularize
            | Rule::kw_transfer
            | Rule::kw_from
            | Rule::kw_rename
            | Rule::kw_skip
            | Rule::kw_init
            | Rule::kw_adapt
            | Rule::kw_freeze
            | Rule::kw_until
            | Rule::kw_privacy
            | Rule::kw_names
            | Rule::kw_of
    )
}
