//! The tree: what a file says, before anybody asks whether it makes sense.
//!
//! A tree is total: whatever the text, there is one. What could not be read is a `Broken` node, about which the parser
//! has already complained and every later stage stays silent.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::source::Span;

/// A name as written, and where.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

impl Name {
    pub fn new(text: impl Into<Arc<str>>, span: Span) -> Name {
        Name { text: text.into(), span }
    }
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// What the file that declares a name calls it: `residual`, of `blocks.residual`, which is one name.
pub fn own_name(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, own)| own)
}

#[derive(Clone, Debug)]
pub struct File {
    pub items: Vec<Item>,
    /// The names that stand in its formulas and types, whatever they mean there, if it has a `use` that says no names.
    pub mentioned: BTreeSet<Arc<str>>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Item {
    /// `dlm 1`
    Edition {
        number: f64,
        span: Span,
    },
    Use(Use),
    Let(Let),
    Callable(Arc<Callable>),
    Names(Arc<NameMap>),
    Data(DataBlock),
    Train(TrainBlock),
    /// `tune name? { settings }`
    Tune(Block),
    /// `export name? { settings }`
    Export(Block),
    Broken(Span),
}

/// `use "blocks.dlm" { residual, plain as simple }`, `use std.vision { resnet18 }` or `use "blocks.dlm" as blocks`
#[derive(Clone, Debug)]
pub struct Use {
    pub from: UseFrom,
    pub names: Vec<UsedName>,
    /// What this file calls the other as a whole.
    pub alias: Option<Name>,
    /// What stands behind the alias wherever that is mentioned, in the other file's words: `residual`, of `blocks.residual`.
    pub through: Vec<Name>,
    pub span: Span,
}

impl Use {
    /// The names that this file asks for, those behind the alias too.
    pub fn wanted(&self) -> Vec<UsedName> {
        let through = self.alias.iter().flat_map(|alias| {
            self.through.iter().map(move |name| {
                let here = Name::new(format!("{}.{}", alias.text, name.text), name.span);
                UsedName { name: name.clone(), alias: Some(here) }
            })
        });
        self.names.iter().cloned().chain(through).collect()
    }
}

/// A name of another file, and what it is called in this one.
#[derive(Clone, Debug)]
pub struct UsedName {
    pub name: Name,
    pub alias: Option<Name>,
}

impl UsedName {
    /// What this file calls it.
    pub fn here(&self) -> &Name {
        self.alias.as_ref().unwrap_or(&self.name)
    }
}

impl fmt::Display for UsedName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(f, "{} as {alias}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

#[derive(Clone, Debug)]
pub enum UseFrom {
    Path(Text),
    Library(Name),
}

/// A string, unescaped, with the span of the whole literal.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    pub value: Arc<str>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Let {
    pub doc: Option<Arc<str>>,
    pub name: Name,
    pub ty: Option<Type>,
    pub value: Expr,
    pub span: Span,
}

/// The kinds of callable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    Layer,
    Model,
    Loss,
    Optimizer,
    Regularizer,
    Schedule,
    Metric,
    Augmentation,
    Encoder,
    Fn,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Layer,
        Kind::Model,
        Kind::Loss,
        Kind::Optimizer,
        Kind::Regularizer,
        Kind::Schedule,
        Kind::Metric,
        Kind::Augmentation,
        Kind::Encoder,
        Kind::Fn,
    ];

    /// What people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Fn => "function",
            kind => kind.word(),
        }
    }

    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Layer => "layer",
            Kind::Model => "model",
            Kind::Loss => "loss",
            Kind::Optimizer => "optimizer",
            Kind::Regularizer => "regularizer",
            Kind::Schedule => "schedule",
            Kind::Metric => "metric",
            Kind::Augmentation => "augmentation",
            Kind::Encoder => "encoder",
            Kind::Fn => "fn",
        }
    }
}

/// `kind name(config) on inputs -> result across batch = formula`, or with a body in braces.
///
/// Of an `fn` the parentheses hold its inputs: they stand in `config`, and `inputs` is empty.
#[derive(Clone, Debug)]
pub struct Callable {
    /// The `##` lines before it, without their marks.
    pub doc: Option<Arc<str>>,
    pub kind: Kind,
    pub name: Name,
    pub config: Vec<ConfigParam>,
    pub inputs: Vec<Input>,
    /// Whether the inputs stand in parentheses: `on (p, g, t)`.
    pub inputs_grouped: bool,
    /// The type after `->`; for a metric also `score` or `error`.
    pub result: Option<Type>,
    /// Marked `across batch`.
    pub across_batch: bool,
    pub body: Body,
    /// From the kind's word to the end of the result type: what a label underlines.
    pub head: Span,
    pub span: Span,
}

/// `name: type = default`
#[derive(Clone, Debug)]
pub struct ConfigParam {
    pub name: Name,
    pub ty: Option<Type>,
    pub default: Option<Expr>,
}

/// `name: type`
#[derive(Clone, Debug)]
pub struct Input {
    pub name: Name,
    pub ty: Option<Type>,
}

#[derive(Clone, Debug)]
pub enum Body {
    Formula(Expr),
    Block(Vec<Stmt>),
}

/// A statement of a body in braces.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// `param w: f32[I, O] ~ glorot`
    Param(Place),
    /// `state m ~ 0`
    State(Place),
    /// `fit m = mean(x, over: rows)`
    Fit {
        name: Name,
        value: Expr,
        span: Span,
    },
    /// `require condition, "message"`
    Require {
        condition: Expr,
        message: Option<Text>,
        span: Span,
    },
    /// `name = formula`, `(a, b) = formula`, `x' = formula`
    Bind {
        pattern: Pattern,
        value: Expr,
        span: Span,
    },
    Expr(Expr),
    Broken(Span),
}

/// What follows `param` or `state`.
#[derive(Clone, Debug)]
pub struct Place {
    pub name: Name,
    pub ty: Option<Type>,
    pub init: Option<Expr>,
    pub span: Span,
}

/// The left side of `=`.
#[derive(Clone, Debug)]
pub enum Pattern {
    One(Target),
    /// `(a, b, c)`: at least two.
    Tuple(Vec<Target>),
}

/// `x`, or `x'`: the next value of `x`.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: Name,
    pub next: bool,
}

// ------------------------------------------------------------------------------------------------ types

/// A type as written. `f32[28, 28, 1]`, `class["a", "b", ..]?`, `vae.output`, `(recon: logit[28], mu: f32[4])`.
#[derive(Clone, Debug)]
pub struct Type {
    pub kind: TypeKind,
    pub optional: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A dotted name with dimensions: `f32[H, W]`, `number`, `net.output`.
    Named {
        name: Name,
        dims: Vec<Dim>,
    },
    /// `(a: type, b: type)`
    Tuple(Vec<(Option<Name>, Type)>),
    Broken,
}

/// What may stand in the brackets of a type or of an index.
#[derive(Clone, Debug)]
pub enum Dim {
    /// `..`
    Rest(Span),
    /// `H = 32`
    Named { name: Name, value: Expr },
    /// Any expression: `28`, `H - k + 1`, `"cat"`, `16kHz`.
    Expr(Expr),
}

// ------------------------------------------------------------------------------------------------ expressions

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Number(Quantity),
    Text(Arc<str>),
    /// `yes`, `no`, `true`, `false`
    Bool(bool),
    Name(Arc<str>),
    Call {
        callee: Box<Expr>,
        args: Vec<Arg>,
    },
    /// `x[i, j]`, also `tokens[T, V]` where a type stands as a value.
    Index {
        base: Box<Expr>,
        dims: Vec<Dim>,
    },
    /// `tok.w`
    Field {
        base: Box<Expr>,
        name: Name,
    },
    /// `m'`
    Next(Box<Expr>),
    Unary {
        op: Unary,
        operand: Box<Expr>,
    },
    Binary {
        op: Binary,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `x |> dense(8) as hidden |> dense(1)`; the head may have a name too.
    Pipe {
        head: Box<Expr>,
        stages: Vec<Expr>,
    },
    /// `stage as name`: binds tighter than `|>`.
    As {
        expr: Box<Expr>,
        name: Name,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// `for i in H, j in W => formula`, `for t in T, h ~ zeros([U]) => { … }`
    For {
        binders: Vec<Binder>,
        body: Box<ForBody>,
    },
    /// `[a, b]`
    List(Vec<Expr>),
    /// `(a, b)` or `(mu: a, recon: b)`; never one unnamed expression, which is that expression itself.
    Tuple(Vec<Arg>),
    /// `table { | a | b | … }`
    Table(Vec<Row>),
    Broken,
}

/// An argument: `name: value` or `value`.
#[derive(Clone, Debug)]
pub struct Arg {
    pub name: Option<Name>,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub enum Binder {
    /// `i in H`
    Over { name: Name, range: Expr },
    /// `h ~ zeros([U])`
    Carry { name: Name, init: Expr },
}

#[derive(Clone, Debug)]
pub enum ForBody {
    Expr(Expr),
    Block(Vec<Stmt>),
}

/// One line of an inline table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Trimmed, each with its place.
    pub cells: Vec<Text>,
    pub span: Span,
}

/// A number with its unit, if it has one: `10%`, `3 epochs`, `1e-3`.
#[derive(Clone, PartialEq, Debug)]
pub struct Quantity {
    pub value: f64,
    /// As written: `%`, `deg`, `epochs`. Known to the grammar, but not judged there.
    pub unit: Option<Arc<str>>,
    /// Written without point and exponent.
    pub whole: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    Neg,
    Not,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    /// `@`
    MatMul,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
    /// `..`
    Range,
    /// `loss: mse on price`, `flip on image`: applies to.
    On,
}

impl Binary {
    pub fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Pow => "^",
            Binary::MatMul => "@",
            Binary::Eq => "==",
            Binary::Ne => "!=",
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Gt => ">",
            Binary::Ge => ">=",
            Binary::And => "and",
            Binary::Or => "or",
            Binary::Range => "..",
            Binary::On => "on",
        }
    }
}

// ------------------------------------------------------------------------------------------------ blocks

/// `key: value`, the key possibly dotted.
#[derive(Clone, Debug)]
pub struct Setting {
    pub key: Name,
    pub value: Expr,
    pub span: Span,
}

/// `tune`, `export`, `privacy`: a name and settings.
#[derive(Clone, Debug)]
pub struct Block {
    pub doc: Option<Arc<str>>,
    pub name: Option<Name>,
    pub settings: Vec<Setting>,
    /// What could not be read as a setting.
    pub broken: Vec<Span>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct DataBlock {
    pub doc: Option<Arc<str>>,
    pub name: Name,
    pub entries: Vec<DataEntry>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum DataEntry {
    Setting(Setting),
    Field(FieldDecl),
    /// `ignore notes, url`; each a column's name, or a string where the name is no word (patterns allowed).
    Ignore {
        columns: Vec<Name>,
        span: Span,
    },
    Broken(Span),
}

/// `input age: number = age |> impute(median) |> standardize`
#[derive(Clone, Debug)]
pub struct FieldDecl {
    pub doc: Option<Arc<str>>,
    pub role: Role,
    pub role_span: Span,
    pub name: Name,
    pub ty: Type,
    pub value: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    Input,
    Target,
    Weight,
    Group,
    Time,
    Id,
}

impl Role {
    pub const ALL: [Role; 6] = [Role::Input, Role::Target, Role::Weight, Role::Group, Role::Time, Role::Id];

    pub fn word(self) -> &'static str {
        match self {
            Role::Input => "input",
            Role::Target => "target",
            Role::Weight => "weight",
            Role::Group => "group",
            Role::Time => "time",
            Role::Id => "id",
        }
    }
}

#[derive(Clone, Debug)]
pub struct TrainBlock {
    pub doc: Option<Arc<str>>,
    pub name: Option<Name>,
    pub entries: Vec<TrainEntry>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TrainEntry {
    Setting(Setting),
    /// `regularize { l2(1e-4) on *.w }`
    Regularize {
        terms: Vec<Applied>,
        span: Span,
    },
    /// `augment image { … }`, `augment (photo, mask) { … }`, `augment batch { … }`
    Augment {
        fields: Vec<Name>,
        steps: Vec<Expr>,
        span: Span,
    },
    Transfer(Transfer),
    /// `freeze stem until 3 epochs`
    Freeze {
        what: Vec<Selector>,
        until: Option<Expr>,
        span: Span,
    },
    /// `lr 10x on head`, `decay 0x on *.b`
    Scale {
        setting: Name,
        factor: Expr,
        what: Vec<Selector>,
        span: Span,
    },
    Privacy(Block),
    Broken(Span),
}

/// A formula, and the parameters it applies to (all of them where none are named).
#[derive(Clone, Debug)]
pub struct Applied {
    pub value: Expr,
    pub what: Vec<Selector>,
    pub span: Span,
}

/// `*.w`, `blocks[*].a.conv.w`, `stage{i}[{j}].b`: a pattern over the names of parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Selector {
    pub pattern: Arc<str>,
    pub span: Span,
}

impl Selector {
    /// What stands before the text in the pattern: within a `transfer` block, the part that is filled.
    pub fn within(&self) -> &str {
        let written = self.span.end.saturating_sub(self.span.start) as usize;
        &self.pattern[..self.pattern.len().saturating_sub(written)]
    }
}

/// `transfer backbone from "file" { … }`
#[derive(Clone, Debug)]
pub struct Transfer {
    pub part: Option<Selector>,
    /// The path in quotes.
    pub from: Expr,
    pub entries: Vec<TransferEntry>,
    pub span: Span,
}

/// `names torchvision of resnet18, resnet34 { rename … skip … }`: what files call the tensors of layers.
#[derive(Clone, Debug)]
pub struct NameMap {
    pub doc: Option<Arc<str>>,
    pub name: Name,
    /// The layers or models of whose tensors it speaks.
    pub of: Vec<Name>,
    /// `rename` and `skip`, and what could not be read.
    pub entries: Vec<TransferEntry>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TransferEntry {
    /// `sha256: "…"`
    Setting(Setting),
    /// `names torchvision`
    Names {
        name: Name,
        span: Span,
    },
    /// `rename "conv1.*" -> stem.conv.* as oihw`
    Rename {
        from: Text,
        to: Selector,
        layout: Option<Name>,
        span: Span,
    },
    Skip {
        names: Vec<Text>,
        span: Span,
    },
    /// `init head fresh`
    Init {
        what: Vec<Selector>,
        how: Name,
        span: Span,
    },
    /// `adapt lora(rank: 8) on *.w`
    Adapt {
        how: Expr,
        what: Vec<Selector>,
        span: Span,
    },
    /// `freeze …` and `lr 0.1x on …`, relative to the part.
    Train(TrainEntry),
    Broken(Span),
}
