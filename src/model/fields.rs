//! Fields: from a data block to its plan, and to the functions that fit, encode and decode one field.

use std::rc::Rc;
use std::sync::Arc;

use super::eval::Scope;
use super::lower::{Fits, Lower, Outcome, Reported, Setting};
use super::modules::{ModuleId, Modules};
use super::program::{
    Cell, CellType, ClassType, ColumnPlan, Constant, DataPlan, FieldPlan, FieldType, Given, Select, SourcePlan,
    SplitPlan,
};
use super::types::{describe, dims};
use super::value::{BATCH, Callee, Meaning, Tensor, Value};
use crate::problem::Problem;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::{Span, nearest};
use crate::syntax::tree::{self, DataBlock, DataEntry, Dim, Expr, ExprKind, FieldDecl, Role, Type, TypeKind};
use crate::tensor::{Function, Id, Slot};

/// The settings of a data block.
pub const SETTINGS: &[&str] = &["source", "test", "split", "seed"];

/// The columns that a formula reads, found while it is lowered.
pub struct Columns {
    decls: Rc<Vec<FieldDecl>>,
    types: Rc<Vec<Received>>,
    /// The field whose formula is being read.
    current: usize,
    pub plans: Vec<ColumnPlan>,
    open: Vec<usize>,
}

impl Columns {
    /// An encoder takes care of missing cells of this column.
    pub fn allow_missing(&mut self, at: usize) {
        if let CellType::Number { optional } = &mut self.plans[at].cell {
            *optional = true;
        }
    }
}

/// What a model receives of a field.
#[derive(Clone, Debug)]
pub struct Received {
    pub ty: FieldType,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub meaning: Meaning,
    pub optional: bool,
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
    Setting { training: false, batch: n, epoch: 0, total: 0 }
}

// ------------------------------------------------------------------------------------------------ checking

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
            let help = match (near, role) {
                (Some(near), _) => Some(format!("did you mean `{near}`?")),
                (None, Some(role)) => Some(format!("a field begins with its role: `{role} {name}: …`")),
                _ => Some("a data block has `source`, `test`, `split`, `seed`, and fields".to_string()),
            };
            let (block, name, at) =
                (format!("the data block `{}`", block.name.text), name.to_string(), setting.key.span);
            problems.push(UnknownSetting { block, name, at, belongs: None, help }.into());
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
            problems.push(WrongValue { setting, wanted, found, at, declared: None, help: None }.into());
            0
        }
        None => 0,
    };
    let mut received = Vec::new();
    for decl in &decls {
        let mut lower = Lower::new(modules, library_files, problems, rows(2));
        match lower.received(&decl.ty, module) {
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
        let Ok((function, columns, encoded)) = fields.lower_fit(at, 2, problems) else {
            broken = true;
            continue;
        };
        let graph = &function.graph;
        fields.fits[at] = function.results.iter().map(|&id| (graph.shape(id).to_vec(), graph[id].dtype)).collect();
        let it = &fields.received[at];
        plans.push(FieldPlan {
            name: decl.name.text.to_string(),
            span: decl.name.span,
            role: decl.role,
            ty: it.ty.clone(),
            ty_span: decl.ty.span,
            shape: it.shape.clone(),
            dtype: it.dtype,
            columns,
            encoded,
            fits: fields.fits[at].len(),
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

/// `csv("file.csv", missing: ["", "NA"])` as kind and arguments.
fn called(expr: &Expr, what: &str, problems: &mut Vec<Problem>) -> Outcome<(tree::Name, Vec<Given>)> {
    let wrong = |problems: &mut Vec<Problem>, span: Span, text: String| {
        let (setting, wanted) = (what.to_string(), format!("a {what} with its arguments"));
        problems.push(WrongValue { setting, wanted, found: text, at: span, declared: None, help: None }.into());
        Reported
    };
    match &expr.kind {
        ExprKind::Name(name) => Ok((tree::Name::new(name.clone(), expr.span), vec![])),
        ExprKind::Call { callee, args } => {
            let ExprKind::Name(name) = &callee.kind else {
                return Err(wrong(problems, expr.span, crate::syntax::print_expr(expr)));
            };
            let mut given = Vec::new();
            for arg in args {
                let Some(value) = constant(&arg.value) else {
                    return Err(wrong(problems, arg.value.span, crate::syntax::print_expr(&arg.value)));
                };
                given.push(Given { name: arg.name.clone(), value, span: arg.value.span });
            }
            Ok((tree::Name::new(name.clone(), callee.span), given))
        }
        ExprKind::Broken => Err(Reported),
        _ => Err(wrong(problems, expr.span, crate::syntax::print_expr(expr))),
    }
}

fn source_plan(expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<SourcePlan> {
    if let ExprKind::Table(lines) = &expr.kind {
        let cell = |text: &tree::Text| Cell { text: text.value.to_string(), span: text.span };
        let table = lines.iter().map(|row| row.cells.iter().map(cell).collect()).collect();
        return Ok(SourcePlan { kind: tree::Name::new("table", expr.span), args: vec![], table, span: expr.span });
    }
    if let ExprKind::Text(path) = &expr.kind {
        let (setting, wanted, found) =
            ("source".to_string(), "a source with its arguments".to_string(), crate::syntax::print_expr(expr));
        let help = Some(format!("csv({path:?})"));
        problems.push(WrongValue { setting, wanted, found, at: expr.span, declared: None, help }.into());
        return Err(Reported);
    }
    let (kind, args) = called(expr, "source", problems)?;
    Ok(SourcePlan { kind, args, table: vec![], span: expr.span })
}

fn split_plan(expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<SplitPlan> {
    let (kind, args) = called(expr, "split", problems)?;
    Ok(SplitPlan { kind: Some(kind), args, span: Some(expr.span) })
}

impl Lower<'_> {
    /// What a declared type of a field means.
    fn received(&mut self, ty: &Type, module: ModuleId) -> Outcome<Received> {
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
            "class" => {
                let class = self.class_type(ty, dims, &mut scope)?;
                let values = class.values();
                make(FieldType::Class(class), vec![], Dtype::I32, Meaning::Class { values })
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
            "tokens" | "audio" | "ordinal" | "set" => {
                let what = format!("fields of type `{}`", name.text);
                Err(self.report(NotInThisVersion { what, at: ty.span, help: None }))
            }
            other => {
                let known = ["number", "int", "binary", "class", "text", "date", "f32", "vector", "image", "prob"];
                let near = nearest(other, known).map(str::to_string);
                let (kind, name) = ("type of field".to_string(), other.to_string());
                Err(self.report(UnknownName { kind, name, at: ty.span, near }))
            }
        }
    }

    fn bad_words(&mut self, ty: &Type) -> Reported {
        let (setting, wanted) =
            ("binary".to_string(), "two words, the positive one second: binary[\"no\", \"yes\"]".to_string());
        let found = self.type_text(ty);
        self.report(WrongValue { setting, wanted, found, at: ty.span, declared: None, help: None })
    }

    fn class_type(&mut self, ty: &Type, dims: &[Dim], scope: &mut Scope) -> Outcome<ClassType> {
        let (mut words, mut open) = (Vec::new(), false);
        for dim in dims {
            match dim {
                Dim::Rest(_) => open = true,
                Dim::Expr(Expr { kind: ExprKind::Text(text), .. }) => words.push(text.to_string()),
                Dim::Expr(expr) if dims.len() == 1 => {
                    let declared = self.size(expr, scope)?;
                    return Ok(ClassType { names: None, declared, open: false, optional: ty.optional });
                }
                Dim::Expr(expr) | Dim::Named { value: expr, .. } => {
                    let (setting, wanted) = ("class".to_string(), "a number of classes, or their words".to_string());
                    let found = crate::syntax::print_expr(expr);
                    let at = expr.span;
                    return Err(self.report(WrongValue { setting, wanted, found, at, declared: None, help: None }));
                }
            }
        }
        if words.is_empty() {
            let (setting, wanted) = ("class".to_string(), "a number of classes, or their words".to_string());
            let help = Some("write class[10], or class[\"cat\", \"dog\"]".to_string());
            let (found, at) = ("no class".to_string(), ty.span);
            return Err(self.report(WrongValue { setting, wanted, found, at, declared: None, help }));
        }
        if let Some(twice) = (1..words.len()).find(|&at| words[..at].contains(&words[at])) {
            let (name, at) = (words[twice].clone(), ty.span);
            return Err(self.report(NameTwice { name, at, first: ty.span }));
        }
        Ok(ClassType { declared: words.len(), names: Some(words), open, optional: ty.optional })
    }

    // -------------------------------------------------------------------------------------------- formulas

    /// A name in the formula of a field: the column of the field's own name, or another field.
    pub fn field_named(&mut self, name: &Arc<str>, span: Span, scope: &mut Scope) -> Outcome<Option<Value>> {
        let columns = self.columns.as_ref().expect("in a field");
        let decls = columns.decls.clone();
        if decls[columns.current].name.text == *name {
            return self.column(name, span).map(|it| Some(Value::Tensor(it)));
        }
        let Some(at) = decls.iter().position(|decl| decl.name.text == *name) else { return Ok(None) };
        self.field_value(at, span, scope.module).map(|it| Some(Value::Tensor(it)))
    }

    /// Whether a function that stands where a value is wanted is the column of its name: it is named in the formula of the
    /// field itself, and not called there.
    pub fn means_column(&self, callee: &Callee) -> bool {
        let formula = self.columns.as_ref().and_then(|it| Some(it.decls[it.current].value.as_ref()?.span));
        let within = |formula: Span| {
            let Span { file, start, end } = callee.span;
            file == formula.file && formula.start <= start && end <= formula.end
        };
        callee.given.is_empty() && formula.is_some_and(within)
    }

    /// A field as the model receives it.
    fn field_value(&mut self, at: usize, span: Span, module: ModuleId) -> Outcome<Tensor> {
        let columns = self.columns.as_mut().expect("in a field");
        let decls = columns.decls.clone();
        let decl = &decls[at];
        if columns.open.contains(&at) {
            let name = decl.name.text.to_string();
            return Err(self.report(EndlessDefinition { name, at: span, parts: false }));
        }
        columns.open.push(at);
        let outer = std::mem::replace(&mut columns.current, at);
        let mut scope = Scope::new(module, "");
        scope.is_field = true;
        let value = match &decl.value {
            Some(expr) => self.evaluate(expr, &mut scope).and_then(|value| self.tensor_of(value, expr.span)),
            None => self.column(&decl.name.text, decl.name.span),
        };
        let columns = self.columns.as_mut().expect("in a field");
        columns.current = outer;
        columns.open.pop();
        let mut value = value?;
        let wanted = self.columns.as_ref().expect("in a field").types[at].clone();
        let place = decl.value.as_ref().map_or(decl.name.span, |expr| expr.span);
        // One number is a row of one.
        if value.shape.is_empty() && wanted.shape == [1] {
            value = self.reshape(&value, &[1]);
        }
        if value.shape != wanted.shape || self.dtype(&value) != wanted.dtype {
            let callee = format!("the field `{}`", decl.name.text);
            let (wanted, found) = (format!("{}{}", wanted.meaning.word(), dims(&wanted.shape)), describe(&value));
            return Err(self.report(ResultMismatch {
                callee,
                wanted,
                found,
                at: place,
                declared: decl.ty.span,
                help: None,
            }));
        }
        // What may still be missing must say so.
        let missing = match value.meaning {
            Meaning::Column(it) => {
                matches!(self.columns.as_ref().expect("in a field").plans[it].cell, CellType::Number { optional: true })
            }
            _ => value.optional,
        };
        if missing && !wanted.optional {
            let (callee, input) = (format!("the field `{}`", decl.name.text), decl.name.text.to_string());
            return Err(self.report(OptionalAsPresent { callee, input, at: place, declared: decl.ty.span }));
        }
        Ok(Tensor { meaning: wanted.meaning, optional: wanted.optional, ..value })
    }

    /// A column as a tensor, one element for each row.
    pub fn column(&mut self, name: &str, span: Span) -> Outcome<Tensor> {
        let columns = self.columns.as_ref().expect("in a field");
        let decl = &columns.decls[columns.current];
        let it = columns.types[columns.current].clone();
        // A column on its own is what the field's type says; within a formula it is a number, or an image's pixels.
        let direct = match &decl.value {
            None => true,
            Some(expr) => match &expr.kind {
                ExprKind::Name(_) => true,
                ExprKind::Call { callee, .. } => matches!(&callee.kind, ExprKind::Name(name) if &**name == "column"),
                _ => false,
            },
        };
        let (cell, shape, dtype, meaning) = match &it.ty {
            FieldType::Binary { names } if direct => {
                (CellType::Binary { names: names.clone() }, vec![1], Dtype::F32, Meaning::Binary)
            }
            FieldType::Class(class) if direct => (CellType::Class(class.clone()), vec![], Dtype::I32, it.meaning),
            FieldType::Class(_) | FieldType::Binary { .. } => {
                let what = "formulas on the way to a class".to_string();
                return Err(self.report(NotInThisVersion { what, at: span, help: None }));
            }
            FieldType::Text => (CellType::Text, vec![], Dtype::I32, Meaning::Plain),
            FieldType::Tensor if it.meaning == Meaning::Image => {
                (CellType::Array, it.shape.clone(), Dtype::F32, Meaning::Image)
            }
            FieldType::Tensor if direct => (CellType::Array, it.shape.clone(), Dtype::F32, Meaning::Plain),
            FieldType::Number | FieldType::Tensor => {
                let optional = direct && it.optional;
                (CellType::Number { optional }, vec![1], Dtype::F32, Meaning::Column(0))
            }
        };
        self.feed(ColumnPlan { select: Select::Column(name.to_string()), span, cell, shape, dtype }, meaning)
    }

    /// Columns side by side, as many as the field has numbers.
    pub fn column_pattern(&mut self, pattern: &str, span: Span) -> Outcome<Tensor> {
        let columns = self.columns.as_ref().expect("in a field");
        let it = columns.types[columns.current].clone();
        let shape = vec![it.shape.iter().product()];
        let cell = CellType::Number { optional: it.optional };
        let select = Select::Pattern(pattern.to_string());
        self.feed(ColumnPlan { select, span, cell, shape, dtype: Dtype::F32 }, Meaning::Column(0))
    }

    fn feed(&mut self, plan: ColumnPlan, meaning: Meaning) -> Outcome<Tensor> {
        let columns = self.columns.as_mut().expect("in a field");
        let known = columns.plans.iter().position(|it| it.select == plan.select);
        let at = known.unwrap_or_else(|| {
            columns.plans.push(plan.clone());
            columns.plans.len() - 1
        });
        let plan = columns.plans[at].clone();
        let meaning = if let Meaning::Column(_) = meaning { Meaning::Column(at) } else { meaning };
        let shape = [&[self.setting.batch][..], &plan.shape].concat();
        let id = self.graph.input(Slot::Feed(at as u32), &shape, plan.dtype);
        let optional = matches!(&plan.cell, CellType::Class(class) if class.optional);
        Ok(Tensor { meaning, optional, ..self.tensor(id, vec![BATCH]) })
    }

    /// `fit m = formula`: computed from the training rows, or read from what was.
    pub fn fitted(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Tensor> {
        match &mut self.fits {
            Fits::None => {
                let (what, at) = ("`fit` outside an encoder".to_string(), self.blame(expr.span));
                Err(self.report(NotInThisVersion { what, at, help: None }))
            }
            Fits::Given(next, types) => {
                let (shape, dtype) = types[*next as usize].clone();
                let slot = *next;
                *next += 1;
                let id = self.graph.input(Slot::State(slot), &shape, dtype);
                Ok(self.whole(id))
            }
            Fits::Fit(_) => {
                let value = self.evaluate(expr, scope)?;
                let tensor = self.tensor_of(value, expr.span)?;
                if !tensor.lead.is_empty() {
                    let at = self.blame(expr.span);
                    let (wanted, found) = ("one value for all rows".into(), "one for each row".into());
                    let help = Some("reduce it: `mean(x, over: rows)`".into());
                    return Err(self.report(WrongKind { wanted, found, at, help }));
                }
                if let Fits::Fit(list) = &mut self.fits {
                    list.push(tensor.id);
                }
                Ok(tensor)
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------ functions

impl Fields {
    fn lowered<'a>(
        &'a self,
        at: usize,
        n: usize,
        fits: Fits,
        problems: &'a mut Vec<Problem>,
    ) -> Outcome<(Lower<'a>, Tensor)> {
        let mut lower = Lower::new(&self.modules, self.library_files, problems, rows(n));
        lower.fits = fits;
        lower.columns = Some(Columns {
            decls: Rc::new(self.decls.to_vec()),
            types: Rc::new(self.received.clone()),
            current: at,
            plans: vec![],
            open: vec![],
        });
        let value = lower.field_value(at, self.decls[at].name.span, self.module)?;
        Ok((lower, value))
    }

    /// The function that fits; the columns that it reads; whether the formula does anything.
    fn lower_fit(
        &self,
        at: usize,
        n: usize,
        problems: &mut Vec<Problem>,
    ) -> Outcome<(Function, Vec<ColumnPlan>, bool)> {
        let (mut lower, value) = self.lowered(at, n, Fits::Fit(vec![]), problems)?;
        let columns = lower.columns.take().expect("set above").plans;
        let encoded = !(columns.len() == 1 && matches!(lower.graph[value.id].op, crate::tensor::Op::Input(_)));
        let Fits::Fit(results) = std::mem::replace(&mut lower.fits, Fits::None) else { unreachable!("set above") };
        let function = function(lower, &columns, n, vec![], results);
        Ok((function, columns, encoded))
    }

    pub fn fit(&self, at: usize, n: usize) -> Function {
        self.lower_fit(at, n, &mut Vec::new()).expect("checked before").0
    }

    pub fn encode(&self, at: usize, n: usize) -> Function {
        let mut problems = Vec::new();
        let fits = Fits::Given(0, self.fits[at].clone());
        let (mut lower, value) = self.lowered(at, n, fits, &mut problems).expect("checked before");
        let columns = lower.columns.take().expect("set there").plans;
        let id = lower.spread(&value, &[BATCH], &value.shape.clone());
        function(lower, &columns, n, self.fits[at].clone(), vec![id])
    }

    /// The column's value that the field's formula would turn into a given one. `None` where the formula changes nothing
    /// or cannot be turned around.
    pub fn decode(&self, at: usize, n: usize) -> Option<Function> {
        let mut problems = Vec::new();
        let fits = Fits::Given(0, self.fits[at].clone());
        let (mut lower, value) = self.lowered(at, n, fits, &mut problems).expect("checked before");
        let columns = lower.columns.take().expect("set there").plans;
        let [column] = &columns[..] else { return None };
        if column.shape != value.shape || value.id == Id(0) {
            return None;
        }
        let shape = [&[n][..], &value.shape].concat();
        let column = lower.graph.input(Slot::Feed(0), &shape, column.dtype);
        let given = lower.graph.input(Slot::Feed(1), &shape, self.received[at].dtype);
        let id = crate::tensor::invert(&mut lower.graph, value.id, column, given)?;
        let graph = renumber(&lower.graph, id);
        let feeds = vec![(shape, self.received[at].dtype)];
        Some(Function { graph: graph.0, states: self.fits[at].clone(), feeds, results: vec![graph.1], updates: vec![] })
    }
}

fn function(
    lower: Lower,
    columns: &[ColumnPlan],
    n: usize,
    states: Vec<(Vec<usize>, Dtype)>,
    results: Vec<Id>,
) -> Function {
    let feeds = columns.iter().map(|it| ([&[n][..], &it.shape].concat(), it.dtype)).collect();
    Function { graph: lower.graph, states, feeds, results, updates: vec![] }
}

/// The graph with feed 1 as feed 0: an inverse reads the field's value, not the column.
fn renumber(graph: &crate::tensor::Graph, root: Id) -> (crate::tensor::Graph, Id) {
    let mut renamed = crate::tensor::Graph::default();
    let mut map: Vec<Id> = Vec::new();
    for id in graph.ids() {
        let mut node = graph[id].clone();
        if let crate::tensor::Op::Input(Slot::Feed(1)) = node.op {
            node.op = crate::tensor::Op::Input(Slot::Feed(0));
        } else if let crate::tensor::Op::Input(Slot::Feed(0)) = node.op {
            node.op = crate::tensor::Op::Input(Slot::Feed(1));
        }
        let args: Vec<Id> = node.args.iter().map(|arg| map[arg.0 as usize]).collect();
        map.push(renamed.node(node.op, &args, node.shape, node.dtype));
    }
    let root = map[root.0 as usize];
    (renamed, root)
}
