//! Fields: from a data block to its plan, and to the functions that fit, encode and decode one field.

mod declared;
mod formulas;
mod functions;
mod halfway;
mod plans;

use std::rc::Rc;
use std::sync::Arc;

use super::lower::{ALL, Lower, Outcome, Reported, Setting};
use super::modules::{ModuleId, Modules};
use super::program::{CellType, ColumnPlan, Constant, DataPlan, FieldPlan, FieldType, SplitPlan, Window};
use super::value::Meaning;
use crate::problem::Problem;
use crate::problem::names::*;
use crate::problem::sequences::PaddedTarget;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::{Span, nearest};
use crate::syntax::tree::{self, DataBlock, DataEntry, Expr, ExprKind, FieldDecl, Role};
use crate::tensor::Id;
use plans::*;

pub use halfway::Cut;

/// Checks a data block.
pub fn check(
    modules: &Arc<Modules>,
    library_files: u32,
    module: ModuleId,
    block: &DataBlock,
    problems: &mut Vec<Problem>,
) -> Outcome<(DataPlan, Fields)> {
    let mut broken = false;
    let mut decls: Vec<FieldDecl> = Vec::new();
    let mut settings: Vec<&tree::Setting> = Vec::new();
    let mut ignored = Vec::new();
    for entry in &block.entries {
        match entry {
            DataEntry::Field(decl) => match decls.iter().find(|it| it.name.text == decl.name.text) {
                Some(first) => {
                    let (name, at, first) = (decl.name.text.to_string(), decl.name.span, first.name.span);
                    problems.push(NameTwice { name, at, first }.into());
                    broken = true;
                }
                None => decls.push(decl.clone()),
            },
            DataEntry::Setting(setting) => match settings.iter().find(|it| it.key.text == setting.key.text) {
                Some(first) => {
                    let (name, at, first) = (setting.key.text.to_string(), setting.key.span, first.key.span);
                    problems.push(SettingTwice { name, at, first }.into());
                }
                None => settings.push(setting),
            },
            DataEntry::Ignore { columns, .. } => ignored.extend(columns.iter().cloned()),
            DataEntry::Broken(_) => broken = true,
        }
    }
    for setting in &settings {
        let name = setting.key.as_str();
        if !SETTINGS.contains(&name) {
            let near = nearest(name, SETTINGS.iter().copied());
            let role = nearest(name, Role::ALL.map(Role::word));
            let help = match (&near, role) {
                (Some(_), _) => None,
                (None, Some(role)) => Some(format!("a field begins with its role: `{role} {name}: …`")),
                _ => Some("a data block has `source`, `test`, `split`, `seed`, and fields".to_string()),
            };
            let (block, name, at) =
                (format!("the data block `{}`", block.name.text), name.to_string(), setting.key.span);
            problems.push(UnknownSetting { block, name, at, belongs: None, near, help, edits: vec![] }.into());
            broken = true;
        }
    }
    let get = |name: &str| settings.iter().find(|it| it.key.as_str() == name).copied();
    let source = match get("source") {
        Some(setting) => source_plan(&setting.value, problems).ok(),
        // Misspelt or broken, it has been told already.
        None if seems_to_have(block, "source") => None,
        None => {
            let (at, name) = (block.name.span, "source".to_string());
            let help = "say where the examples come from: `source: csv(\"file.csv\")`".to_string();
            problems.push(SettingMissing { block: "this data block".into(), name, at, help }.into());
            None
        }
    };
    let test = match get("test") {
        Some(setting) => Some(source_plan(&setting.value, problems)?),
        None => None,
    };
    let split = match get("split") {
        Some(setting) => split_plan(&setting.value, problems).ok(),
        None => Some(SplitPlan { kind: None, args: vec![], span: None }),
    };
    let seed = match get("seed").map(|setting| (&setting.value, constant(&setting.value))) {
        Some((_, Some(Constant::Number { value, unit: None }))) if value >= 0.0 && value.fract() == 0.0 => value as u64,
        Some((expr, _)) => {
            let (setting, wanted, at) = ("seed".to_string(), "a whole number".to_string(), expr.span);
            let found = crate::syntax::print_expr(expr);
            problems.push(WrongValue { setting, wanted, found, at, declared: None, help: None, repair: None }.into());
            0
        }
        None => 0,
    };
    let mut received = Vec::new();
    for decl in &decls {
        let mut lower = Lower::new(modules, library_files, problems, rows(2));
        match lower.received(decl, module) {
            Ok(it) => received.push(it),
            Err(Reported) => return Err(Reported),
        }
    }
    let mut fields = Fields {
        modules: modules.clone(),
        library_files,
        module,
        decls: Arc::new(decls.clone()),
        received,
        fits: vec![vec![]; decls.len()],
    };
    let mut plans = Vec::new();
    for (at, decl) in decls.iter().enumerate() {
        let Ok((function, columns, row, encoded)) = fields.lower_fit(at, 2, problems) else {
            broken = true;
            continue;
        };
        let graph = &function.graph;
        fields.fits[at] = function.results.iter().map(|&id| (graph.shape(id).to_vec(), graph[id].dtype)).collect();
        let it = &fields.received[at];
        if let (Role::Target, Meaning::Class { padded: true, .. }) = (decl.role, it.meaning) {
            let (field, at) = (decl.name.text.to_string(), decl.ty.span);
            problems.push(PaddedTarget { field, at }.into());
            broken = true;
            continue;
        }
        plans.push(FieldPlan {
            name: decl.name.text.to_string(),
            span: decl.name.span,
            role: decl.role,
            ty: it.ty.clone(),
            ty_span: decl.ty.span,
            shape: it.shape.clone(),
            row,
            dtype: it.dtype,
            window: columns.window.map(|it| it.0),
            columns: columns.plans,
            encoded,
            fits: fields.fits[at].len(),
            halfway: None,
        });
    }
    let (Some(source), Some(split), false) = (source, split, broken) else { return Err(Reported) };
    let plan = DataPlan {
        name: block.name.text.to_string(),
        span: block.name.span,
        source,
        test,
        split,
        seed,
        fields: plans,
        ignored,
    };
    Ok((plan, fields))
}

/// The data block of one experiment, with what lowering its formulas needs.
#[derive(Clone)]
pub struct Fields {
    pub modules: Arc<Modules>,
    pub library_files: u32,
    pub module: ModuleId,
    pub decls: Arc<Vec<FieldDecl>>,
    pub received: Vec<Received>,
    /// The types of what each field fits.
    pub fits: Vec<Vec<(Vec<usize>, Dtype)>>,
}

/// What a model receives of a field.
#[derive(Clone, Debug)]
pub struct Received {
    pub ty: FieldType,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub meaning: Meaning,
    pub optional: bool,
    /// Whether an example has several rows side by side.
    pub windowed: bool,
}

impl Received {
    /// How many numbers each row holds of it.
    fn row(&self) -> usize {
        self.shape.iter().skip(usize::from(self.windowed)).product()
    }
}

/// The columns that a formula reads, found while it is lowered.
pub struct Columns {
    decls: Rc<Vec<FieldDecl>>,
    types: Rc<Vec<Received>>,
    /// The field whose formula is being read.
    current: usize,
    pub plans: Vec<ColumnPlan>,
    /// The window that the formula takes, and what it takes it of.
    pub window: Option<(Window, Id)>,
    open: Vec<usize>,
}

impl Columns {
    /// Where the type of the field stands whose formula is being read.
    pub fn declared(&self) -> Span {
        self.decls[self.current].ty.span
    }

    /// An encoder takes care of missing cells of this column.
    pub fn allow_missing(&mut self, at: usize) {
        if let CellType::Number { optional } = &mut self.plans[at].cell {
            *optional = true;
        }
    }
}

/// The settings of a data block.
pub const SETTINGS: &[&str] = &["source", "test", "split", "seed"];

/// A value of the language that is known without names of its own.
pub fn constant(expr: &Expr) -> Option<Constant> {
    match &expr.kind {
        ExprKind::Number(quantity) => {
            let unit = quantity.unit.as_ref().map(|unit| unit.to_string());
            Some(Constant::Number { value: quantity.value, unit })
        }
        ExprKind::Unary { op: tree::Unary::Neg, operand } => match constant(operand)? {
            Constant::Number { value, unit } => Some(Constant::Number { value: -value, unit }),
            _ => None,
        },
        ExprKind::Text(text) => Some(Constant::Text(text.to_string())),
        ExprKind::Bool(value) => Some(Constant::Bool(*value)),
        ExprKind::Name(name) => Some(Constant::Word(name.to_string())),
        ExprKind::List(items) => items.iter().map(constant).collect::<Option<_>>().map(Constant::List),
        _ => None,
    }
}

/// Whether a block may have the setting in words that nobody can read.
fn seems_to_have(block: &DataBlock, name: &str) -> bool {
    block.entries.iter().any(|entry| match entry {
        DataEntry::Setting(setting) => {
            !SETTINGS.contains(&setting.key.as_str()) && nearest(setting.key.as_str(), [name]).is_some()
        }
        DataEntry::Broken(_) => true,
        _ => false,
    })
}

/// The setting in which formulas of fields are lowered: `n` rows at once, no training.
fn rows(n: usize) -> Setting {
    Setting { training: false, batch: n, epoch: 0, total: 0, done: ALL }
}
