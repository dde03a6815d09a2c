//! Where lines may break, where they must, and under what a new line stands.

mod formula;
mod statement;

use pest::iterators::Pair as AnyPair;

use super::pieces::Piece;
use crate::syntax::grammar::Rule;
use crate::syntax::lex::TokenKind;

type Pair<'i> = AnyPair<'i, Rule>;

/// Where a line stands that begins with a piece.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// In the column of another piece.
    Under(usize),
    /// In the column of the second piece, unless the first begins a line: then under that.
    Below(usize, usize),
    /// As the line on which another piece stands, and so many columns further.
    Inside(usize, usize),
    Margin,
}

/// Places that break together, where a line is too long.
#[derive(Debug)]
pub struct Group {
    pub kind: GroupKind,
    /// Those of smaller rank break first.
    pub rank: usize,
    /// The pieces that begin a line when the group breaks.
    pub at: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupKind {
    /// All of them break.
    All,
    /// As few as possible.
    Fill,
    /// All, and the closing bracket, which stands under the line of the opening one.
    Hang,
    /// After `=`, if the formula then fits.
    Value,
    /// After the `=` of a declaration.
    Formula,
    /// Before `on` and `->`; whether the declaration has a configuration.
    Head { config: bool },
}

/// One statement, and what of it stands in columns with its neighbours.
#[derive(Debug)]
pub struct Row {
    pub first: usize,
    /// Only rows of one kind share columns.
    pub kind: RowKind,
    pub cells: Vec<(Column, usize)>,
    /// Whether it holds statements of its own.
    pub is_block: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowKind {
    Setting,
    Field,
    Let,
    Bind,
    /// `x' = …`
    Step,
    Fit,
    Param,
    State,
    Rename,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    Name,
    Type,
    Value,
    Equals,
    Tilde,
    Arrow,
    /// The first `|>` behind a name.
    Pipe,
    Alias,
}

/// Everything that the printer must know beside the pieces, each by its number.
pub struct Plan {
    /// Whether no space stands before it.
    pub tight: Vec<bool>,
    pub anchors: Vec<Anchor>,
    /// Whether it begins a line.
    pub breaks: Vec<bool>,
    pub groups: Vec<Group>,
    /// The group that it begins a line of.
    pub member: Vec<Option<usize>>,
    /// The first pieces of statements, and the braces that end them.
    pub units: Vec<usize>,
    /// The statements of each block.
    pub blocks: Vec<Vec<Row>>,
    /// The opening brace of a body stands alone where its head has several lines; the first piece of that head.
    pub heads: Vec<Option<usize>>,
    /// Of a closing bracket around several things, the first of them: where it begins a line, a comma ends the last.
    pub hanging: Vec<Option<usize>>,
    /// Whether a comma must follow it.
    pub commas: Vec<bool>,
    /// For each pipeline the places of `as`.
    pub aliases: Vec<Vec<usize>>,
    /// The rows of inline tables.
    pub tables: Vec<Vec<usize>>,
}

pub fn plan(pieces: &[Piece], file: Pair) -> Plan {
    let count = pieces.len();
    let plan = Plan {
        tight: (0..count).map(|at| at > 0 && is_tight(&pieces[..at], &pieces[at])).collect(),
        anchors: vec![Anchor::Margin; count],
        breaks: vec![false; count],
        groups: vec![],
        member: vec![None; count],
        units: vec![],
        blocks: vec![],
        heads: vec![None; count],
        hanging: vec![None; count],
        commas: vec![false; count],
        aliases: vec![],
        tables: vec![],
    };
    let mut planner = Planner { pieces, plan };
    planner.file(file);
    planner.plan
}

/// Whether nothing stands between a piece and those before it, wherever they are.
fn is_tight(earlier: &[Piece], piece: &Piece) -> bool {
    let before = &earlier[earlier.len() - 1];
    let opened = before.kind == TokenKind::Open && before.text != "{";
    let closes = piece.kind == TokenKind::Close && piece.text != "}";
    let empty = before.text == "{" && piece.text == "}";
    let marks = piece.kind == TokenKind::Mark && matches!(&*piece.text, "," | ":" | "?" | "'" | "." | "^" | ";");
    // In `3 steps.x` the `steps` would be no unit.
    let unit = || earlier.iter().nth_back(1).is_some_and(|it| it.kind == TokenKind::Number);
    let joins = before.kind == TokenKind::Mark && (before.text == "^" || before.text == "." && !unit());
    opened || closes || empty || marks || joins
}

struct Planner<'p, 'a> {
    pieces: &'p [Piece<'a>],
    plan: Plan,
}

/// Where a part of a statement stands.
#[derive(Clone, Copy)]
struct Place {
    /// Directly inside `( )` or `[ ]`, where every newline is white space.
    bracket: bool,
    depth: usize,
    /// It is a whole statement.
    alone: bool,
    /// What a pipeline stands under that begins on a line of its own.
    under: Option<usize>,
}

const STATEMENT: Place = Place { bracket: false, depth: 0, alone: false, under: None };

impl Place {
    fn rank(self, sub: usize) -> usize {
        self.depth * 16 + sub
    }
    /// One level further in.
    fn within(self) -> Place {
        Place { depth: self.depth + 1, alone: false, under: None, ..self }
    }
    fn in_bracket(self) -> Place {
        Place { bracket: true, ..self.within() }
    }
}

impl Planner<'_, '_> {
    // -------------------------------------------------------------------------------------------- pieces

    /// The piece that begins at or after this byte.
    fn at(&self, byte: usize) -> usize {
        self.pieces.partition_point(|it| it.start < byte)
    }

    fn first(&self, pair: &Pair) -> usize {
        self.at(pair.as_span().start())
    }

    fn last(&self, pair: &Pair) -> usize {
        self.at(pair.as_span().start() + pair.as_str().trim_end().len()) - 1
    }

    fn is(&self, piece: usize, text: &str) -> bool {
        self.pieces.get(piece).is_some_and(|it| it.text == text)
    }

    /// Whether the user began a line with this piece.
    fn is_fresh(&self, piece: usize) -> bool {
        self.pieces[piece].fresh
    }

    // -------------------------------------------------------------------------------------------- breaks

    fn anchor(&mut self, piece: usize, anchor: Anchor) {
        self.plan.anchors[piece] = anchor;
    }

    /// A statement, or the end of a block, begins with this piece.
    fn unit(&mut self, first: usize, anchor: Anchor) {
        self.plan.units.push(first);
        self.plan.breaks[first] = true;
        self.anchor(first, anchor);
    }

    fn group(&mut self, kind: GroupKind, rank: usize, at: Vec<usize>) {
        let number = self.plan.groups.len();
        for &piece in &at {
            self.plan.member[piece] = Some(number);
        }
        self.plan.groups.push(Group { kind, rank, at });
    }

    fn break_if(&mut self, broken: bool, piece: usize) {
        self.plan.breaks[piece] |= broken;
    }

    // -------------------------------------------------------------------------------------------- blocks

    fn file(&mut self, file: Pair) {
        let items: Vec<Pair> = file.into_inner().filter(|it| it.as_rule() == Rule::item).collect();
        let mut rows = vec![];
        for item in items {
            let first = self.first(&item);
            self.unit(first, Anchor::Margin);
            rows.push(self.statement(item.into_inner().next().expect("an item has one kind"), first));
        }
        self.plan.blocks.push(rows);
        if !self.plan.units.contains(&0) && self.pieces.len() > 1 {
            self.unit(0, Anchor::Margin);
        }
        // Comments within a statement force a line break wherever they stand, and so do separators that keep one.
        self.plan.units.sort_unstable();
        let mut unit = 0;
        for (at, piece) in self.pieces.iter().enumerate() {
            if self.plan.units.binary_search(&at).is_ok() {
                unit = at;
            } else if piece.text == ";" {
                self.plan.breaks[at] = true;
                self.plan.anchors[at] = self.plan.anchors[unit];
            } else {
                if matches!(self.plan.anchors[at], Anchor::Margin) && at + 1 < self.pieces.len() {
                    self.plan.anchors[at] = Anchor::Inside(unit, 2);
                }
                let commented = at > 0 && self.pieces[at - 1].after.is_some() || !piece.before.is_empty();
                self.plan.breaks[at] |= commented;
            }
        }
        let end = self.pieces.len() - 1;
        self.unit(end, Anchor::Margin);
    }

    /// A statement on each line between braces.
    fn block<'i>(&mut self, open: usize, close: usize, statements: impl Iterator<Item = Pair<'i>>) {
        let mut rows = vec![];
        for statement in statements {
            let first = self.first(&statement);
            self.unit(first, Anchor::Inside(open, 2));
            rows.push(self.statement(statement, first));
        }
        if !rows.is_empty() || !self.pieces[close].before.is_empty() || self.pieces[open].after.is_some() {
            self.unit(close, Anchor::Inside(open, 0));
        }
        self.plan.blocks.push(rows);
    }

    /// The block that ends `pair`, whose head ends with the piece before the brace.
    fn block_behind(&mut self, pair: Pair, head: usize) {
        let (open, close) = (head + 1, self.last(&pair));
        assert!(self.is(open, "{") && self.is(close, "}"), "a block stands in braces");
        let start = self.pieces[open].start;
        self.block(open, close, pair.into_inner().filter(|it| it.as_span().start() > start));
    }
}
