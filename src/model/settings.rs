//! Every setting of a program: its path, what fills it, and what stands for it where nothing does.
//!
//! One walk over the tree shows them all. Overrides fill what it shows, `render` writes it out, `why` says where a value
//! came from, so that the three speak of the same settings by the same paths.

mod arguments;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::apply::inputs_of;
use super::modules::{Definition, ModuleId, Modules};
use super::takes::{Kind as Holds, takes};
use super::train::{Row, SETTINGS, constant_text};
use super::value::What;
use super::{builtins, export, fields, tune};
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{
    Applied, Arg, Binary, Block, Body, Callable, ConfigParam, DataBlock, DataEntry, Expr, ExprKind, File, Item, Kind,
    Pattern, Role, Selector, Stmt, TrainBlock, TrainEntry, Transfer, TransferEntry, Type, TypeKind, Unary, own_name,
};

pub use arguments::called;
use arguments::{arranged, children, numbered};

/// A setting as the walk comes upon it.
pub struct Seen<'a> {
    /// `train.optimizer.lr`, `net.hidden.units`, `houses.split.train`
    pub path: &'a str,
    /// The path of the call or block that it belongs to.
    pub owner: &'a str,
    /// The `train` block in which it stands, if that has a name.
    pub train: Option<&'a str>,
    pub declared: Option<Declared>,
    /// How many sets of settings the forms of what is called have, as far as nobody knows which form it is.
    pub forms: usize,
}

/// What is known of a setting before it is given.
#[derive(Clone)]
pub struct Declared {
    /// `rate`, as the language or the manual writes it; empty where nobody says.
    pub ty: String,
    pub default: Option<Expr>,
    /// Whether the default means the same where the setting is given as where it is declared.
    pub portable: bool,
    pub doc: String,
    /// Where it is declared, if it is in the language.
    pub at: Option<Span>,
}

/// Where a setting's value stands, or would.
pub enum Slot<'a> {
    Value(&'a mut Expr),
    /// A setting that a `train` block does not give.
    Train(&'a mut TrainBlock, &'static str),
    /// A setting that a data block does not give.
    Data(&'a mut DataBlock, &'static str),
    /// A setting of its own that a `tune` block or an `export` block does not give.
    Block(&'a mut Block, &'static str),
    /// An argument of a call by its name, and its number among the arguments where it is given. `first` where it is what
    /// the callable takes first, which needs no name.
    Argument {
        call: &'a mut Expr,
        name: &'a str,
        at: Option<usize>,
        first: bool,
    },
}

/// Shows the settings of a tree one after the other.
pub struct Walk<'a> {
    pub modules: &'a Modules,
    /// Whose names the tree sees.
    pub module: ModuleId,
    /// Which of the different forms of a callable is meant at a path, where that is known.
    pub form: &'a dyn Fn(&str) -> Option<usize>,
    pub see: &'a mut dyn FnMut(Seen, Slot),
    /// Names that mean something of the body itself.
    bound: BTreeSet<Arc<str>>,
    train: Option<Arc<str>>,
}

impl<'a> Walk<'a> {
    pub fn new(
        modules: &'a Modules,
        module: ModuleId,
        form: &'a dyn Fn(&str) -> Option<usize>,
        see: &'a mut dyn FnMut(Seen, Slot),
    ) -> Walk<'a> {
        Walk { modules, module, form, see, bound: BTreeSet::new(), train: None }
    }

    pub fn file(&mut self, tree: &mut File) {
        for item in &mut tree.items {
            match item {
                Item::Let(it) => {
                    let path = it.name.text.clone();
                    self.value(&path, "", &mut it.value);
                }
                Item::Callable(callable) => self.callable(Arc::make_mut(callable)),
                Item::Data(block) => self.data(block),
                Item::Train(block) => self.train(block),
                Item::Tune(block) => self.own(block, "tune", tune::SETTINGS),
                Item::Export(block) => self.own(block, "export", export::SETTINGS),
                Item::Edition { .. } | Item::Use(_) | Item::Names(_) | Item::Broken(_) => {}
            }
        }
    }

    fn callable(&mut self, callable: &mut Callable) {
        let of = callable.name.text.clone();
        let inputs = callable.inputs.iter().map(|it| it.name.text.clone());
        self.bound = callable.config.iter().map(|it| it.name.text.clone()).chain(inputs).collect();
        match &mut callable.body {
            Body::Formula(expr) => {
                self.bind(expr);
                self.expr(expr, &of);
            }
            Body::Block(statements) => {
                statements.iter_mut().for_each(|it| self.bind_statement(it));
                statements.iter_mut().for_each(|it| self.statement(it, &of));
            }
        }
        self.bound.clear();
    }

    fn data(&mut self, block: &mut DataBlock) {
        let of = block.name.text.clone();
        let split = block.entries.iter().find_map(|entry| match entry {
            DataEntry::Setting(setting) if setting.key.as_str() == "split" => called(&setting.value),
            _ => None,
        });
        let by = split_by(split, block);
        for key in fields::SETTINGS {
            let path = format!("{of}.{key}");
            let found = block.entries.iter_mut().find_map(|entry| match entry {
                DataEntry::Setting(setting) if setting.key.as_str() == *key => Some(setting),
                _ => None,
            });
            let (ty, default, doc) = match *key {
                "seed" => ("int", Some(constant_text("0")), "Decides which rows go where, if chance does."),
                "test" => ("source", None, "A source of its own for the test rows."),
                "split" => ("split", None, "Which rows are for what; without one all are for training."),
                _ => ("source", None, "Where rows come from."),
            };
            let declared = Declared { ty: ty.into(), default, portable: true, doc: doc.into(), at: None };
            let Some(setting) = found else {
                self.show(&path, &of, Some(declared), 1, Slot::Data(block, key));
                continue;
            };
            self.show(&path, &of, Some(declared), 1, Slot::Value(&mut setting.value));
            self.foreign(&mut setting.value, &path, by.clone());
        }
        for entry in &mut block.entries {
            if let DataEntry::Field(field) = entry
                && let Some(value) = &mut field.value
            {
                self.expr(value, &format!("{of}.{}", field.name.text));
            }
        }
    }

    fn train(&mut self, block: &mut TrainBlock) {
        self.train = block.name.as_ref().map(|name| name.text.clone());
        for row in SETTINGS {
            let path = format!("train.{}", row.name);
            let stopped = (row.name == "keep").then(|| stopped_by(block)).flatten();
            let default = stopped.or(row.default.map(constant_text));
            let declared = Declared { ty: String::new(), default, portable: true, doc: row.doc.into(), at: None };
            let found = block.entries.iter_mut().find_map(|entry| match entry {
                TrainEntry::Setting(setting) if setting.key.as_str() == row.name => Some(setting),
                _ => None,
            });
            let Some(setting) = found else {
                self.show(&path, "train", Some(declared), 1, Slot::Train(block, row.name));
                continue;
            };
            self.show(&path, "train", Some(declared), 1, Slot::Value(&mut setting.value));
            match row.name {
                "loss" => self.losses(&mut setting.value, &path),
                "metrics" => self.metrics(&mut setting.value, &path),
                name => match Kind::ALL.into_iter().find(|kind| kind.word() == name) {
                    Some(kind) => _ = self.call(&mut setting.value, kind, &path, 0),
                    None => self.given(&mut setting.value, &path, &[]),
                },
            }
        }
        let (mut terms, mut steps): (Vec<&mut Applied>, Vec<(&mut Expr, String)>) = (vec![], vec![]);
        for entry in &mut block.entries {
            match entry {
                TrainEntry::Regularize { terms: found, .. } => terms.extend(found),
                TrainEntry::Augment { fields, steps: found, .. } => {
                    let fields: Vec<&str> = fields.iter().map(|it| it.as_str()).collect();
                    steps.extend(found.iter_mut().map(|it| (it, fields.join("_"))));
                }
                TrainEntry::Scale { setting, factor, what, .. } => {
                    let path = format!("train.{}.{}", setting.text, patterns(what));
                    self.value(&path, "train", factor);
                }
                TrainEntry::Freeze { what, until: Some(until), .. } => {
                    let path = format!("train.freeze.{}", patterns(what));
                    self.value(&path, "train", until);
                }
                TrainEntry::Transfer(transfer) => self.transfer(transfer),
                TrainEntry::Privacy(block) => {
                    for setting in &mut block.settings {
                        let path = format!("train.privacy.{}", setting.key.text);
                        self.value(&path, "train", &mut setting.value);
                        self.given(&mut setting.value, &path, &[]);
                    }
                }
                _ => {}
            }
        }
        let names: Vec<Option<String>> = terms.iter().map(|term| shown(&term.value)).collect();
        for (term, name) in terms.into_iter().zip(numbered(&names)) {
            if let Some(name) = name {
                self.call(&mut term.value, Kind::Regularizer, &format!("train.regularize.{name}"), 0);
            }
        }
        let names: Vec<Option<String>> =
            steps.iter().map(|(step, of)| shown(step).map(|name| format!("{of}.{name}"))).collect();
        for ((step, _), name) in steps.into_iter().zip(numbered(&names)) {
            if let Some(name) = name {
                self.call(step, Kind::Augmentation, &format!("train.augment.{name}"), 0);
            }
        }
        self.train = None;
    }

    /// The settings of a block that are its own. What a search searches are settings of others.
    fn own(&mut self, block: &mut Block, of: &str, rows: &'static [Row]) {
        for row in rows {
            let path = format!("{of}.{}", row.name);
            let default = row.default.map(constant_text);
            let declared = Declared { ty: String::new(), default, portable: true, doc: row.doc.into(), at: None };
            let found = block.settings.iter_mut().find(|it| it.key.as_str() == row.name);
            let Some(setting) = found else {
                self.show(&path, of, Some(declared), 1, Slot::Block(block, row.name));
                continue;
            };
            self.show(&path, of, Some(declared), 1, Slot::Value(&mut setting.value));
        }
    }

    /// What a `transfer` block says has the paths that it would have outside; its names are those of the part.
    fn transfer(&mut self, transfer: &mut Transfer) {
        let part = transfer.part.as_ref().map_or(String::new(), |part| format!("{}.", part.pattern));
        let within = |what: &[Selector]| {
            let whole =
                what.iter().map(|it| Selector { pattern: format!("{part}{}", it.pattern).into(), ..it.clone() });
            patterns(&whole.collect::<Vec<_>>())
        };
        self.value(&format!("train.transfer.{part}from"), "train", &mut transfer.from);
        for entry in &mut transfer.entries {
            match entry {
                TransferEntry::Setting(setting) => {
                    let path = format!("train.transfer.{part}{}", setting.key.text);
                    self.value(&path, "train", &mut setting.value);
                }
                TransferEntry::Train(TrainEntry::Scale { setting, factor, what, .. }) => {
                    self.value(&format!("train.{}.{}", setting.text, within(what)), "train", factor);
                }
                TransferEntry::Train(TrainEntry::Freeze { what, until: Some(until), .. }) => {
                    self.value(&format!("train.freeze.{}", within(what)), "train", until);
                }
                TransferEntry::Adapt { how, what, .. } => {
                    self.call(how, Kind::Layer, &format!("train.adapt.{}", within(what)), 0);
                }
                _ => {}
            }
        }
    }

    /// The losses of a formula of losses.
    fn losses(&mut self, expr: &mut Expr, path: &str) {
        let mut terms = vec![];
        loss_terms(expr, &mut terms);
        if let [term] = &mut terms[..] {
            self.call(term, Kind::Loss, path, 0);
            return;
        }
        let names: Vec<Option<String>> = terms.iter().map(|term| shown(term)).collect();
        for (term, name) in terms.into_iter().zip(numbered(&names)) {
            if let Some(name) = name {
                self.call(term, Kind::Loss, &format!("{path}.{name}"), 0);
            }
        }
    }

    fn metrics(&mut self, list: &mut Expr, path: &str) {
        let items: Vec<&mut Expr> = match &mut list.kind {
            ExprKind::List(items) => items.iter_mut().collect(),
            _ => vec![list],
        };
        for item in items {
            let (mut alias, mut target) = (None, String::new());
            let expr = metric(item, &mut alias, &mut target);
            let Some(name) = shown(expr) else { continue };
            let name = alias.unwrap_or_else(|| name + &target);
            self.call(expr, Kind::Metric, &format!("{path}.{name}"), 0);
        }
    }

    fn statement(&mut self, statement: &mut Stmt, of: &str) {
        match statement {
            Stmt::Param(place) | Stmt::State(place) => {
                if let Some(init) = &mut place.init {
                    self.expr(init, &format!("{of}.{}", place.name.text));
                }
            }
            Stmt::Fit { value, .. } | Stmt::Bind { value, .. } | Stmt::Expr(value) => self.expr(value, of),
            Stmt::Require { .. } | Stmt::Broken(_) => {}
        }
    }

    fn expr(&mut self, expr: &mut Expr, of: &str) {
        match &mut expr.kind {
            ExprKind::Pipe { head, stages } => {
                self.expr(head, of);
                let mut piped = match &head.kind {
                    ExprKind::Tuple(items) => items.len(),
                    _ => 1,
                };
                for stage in stages {
                    self.stage(stage, of, piped);
                    piped = 1;
                }
            }
            ExprKind::Call { .. } => {
                let name = called(expr);
                let path = name.as_ref().map_or(of.to_string(), |name| format!("{of}.{}", own_name(name)));
                // A layer that stands among settings, as in `bidirectional(gru(8))`, has some of its own.
                let done = match name.and_then(|name| self.kind_of(&name)) {
                    Some(kind @ (Kind::Fn | Kind::Layer)) => self.call(expr, kind, &path, 0),
                    _ => vec![],
                };
                self.within(expr, of, &done);
            }
            _ => children(expr, &mut |it| self.expr(it, of)),
        }
    }

    /// The arguments of a call that are not `done`.
    fn within(&mut self, call: &mut Expr, of: &str, done: &[usize]) {
        if let ExprKind::Call { args, .. } = &mut call.kind {
            let others = args.iter_mut().enumerate().filter(|(at, _)| !done.contains(at));
            others.for_each(|(_, arg)| self.expr(&mut arg.value, of));
        }
    }

    /// The value of a setting of type `fn`: a function handed on has settings of its own, behind the inputs that it gets.
    fn handed_on(&mut self, value: &mut Expr, path: &str) {
        let forms = called(value).filter(|name| self.kind_of(name) == Some(Kind::Fn));
        let Some(forms) = forms.and_then(|name| self.modules.callables(self.module, Kind::Fn, &name)) else {
            return self.expr(value, path);
        };
        let piped = inputs_of(&forms[0]);
        let done = self.call(value, Kind::Fn, path, piped);
        self.within(value, path, &done);
    }

    fn stage(&mut self, stage: &mut Expr, of: &str, piped: usize) {
        let (alias, call) = match &mut stage.kind {
            ExprKind::As { expr, name } => (Some(name.text.to_string()), &mut **expr),
            _ => (None, stage),
        };
        let Some(name) = called(call) else { return self.expr(call, of) };
        let path = format!("{of}.{}", alias.as_deref().unwrap_or(own_name(&name)));
        let done = match self.kind_of(&name) {
            Some(kind) => self.call(call, kind, &path, piped),
            None if gives_layer(&name) => self.repeated(call, &path),
            None => vec![],
        };
        self.within(call, &path, &done);
    }

    /// `repeat(6, layer)`: the settings of the layer are those of the stage. Which arguments need no second look.
    fn repeated(&mut self, call: &mut Expr, path: &str) -> Vec<usize> {
        let ExprKind::Call { args, .. } = &mut call.kind else { return vec![] };
        let mut done = vec![];
        for (at, arg) in args.iter_mut().enumerate().filter(|(_, arg)| arg.name.is_none()) {
            match called(&arg.value).and_then(|name| self.kind_of(&name)) {
                Some(kind) if kind != Kind::Fn => {
                    let seen = self.call(&mut arg.value, kind, path, 1);
                    self.within(&mut arg.value, path, &seen);
                    done.push(at);
                }
                _ => self.value(&format!("{path}.times"), path, &mut arg.value),
            }
        }
        done
    }

    /// The kind of callable that a formula means by a name, unless the name is the body's own.
    fn kind_of(&self, name: &str) -> Option<Kind> {
        if self.bound.contains(name) {
            return None;
        }
        match self.modules.find(self.module, name)? {
            super::modules::Named::Callables(forms) => Some(forms[0].callable.kind),
            super::modules::Named::Let(..) => None,
        }
    }

    /// The settings of a callable, given or not, and of the functions among them. `piped` inputs of a function come before
    /// its arguments. Which arguments need no second look.
    fn call(&mut self, call: &mut Expr, kind: Kind, path: &str, piped: usize) -> Vec<usize> {
        let Some(forms) = called(call).and_then(|name| self.modules.callables(self.module, kind, &name)) else {
            self.given(call, path, &[]);
            return vec![];
        };
        let forms = different(forms);
        let chosen = (self.form)(path).and_then(|at| forms.get(at).cloned());
        let (forms, count) = match chosen {
            Some(form) => (vec![form], 1),
            None => (forms.clone(), forms.len()),
        };
        let before = if kind == Kind::Fn { piped } else { 0 };
        let mut shown: Vec<String> = vec![];
        let mut functions: Vec<(usize, String)> = vec![];
        for form in &forms {
            let config = &form.callable.config;
            let names: Vec<&str> = config.iter().map(|param| param.name.as_str()).collect();
            let places = arranged(arguments_of(call), &names, before);
            for (number, param) in config.iter().enumerate() {
                let name = param.name.as_str();
                // Of a function the inputs stand among the settings.
                let is_input = kind == Kind::Fn && param.default.is_none();
                if is_input || shown.iter().any(|it| it == name) {
                    continue;
                }
                shown.push(name.into());
                let own =
                    param.default.as_ref().and_then(|it| self.here(it, (form, number), arguments_of(call), &places));
                let declared = Declared {
                    ty: param.ty.as_ref().map_or(String::new(), |ty| ty.to_string()),
                    portable: own.is_some(),
                    default: own.or_else(|| param.default.clone()),
                    doc: form.callable.doc.as_deref().unwrap_or_default().trim().to_string(),
                    at: Some(param.name.span),
                };
                let (at, first) = (places[number], number == 0 || kind == Kind::Fn);
                let path_of = format!("{path}.{name}");
                self.show(&path_of, path, Some(declared), count, Slot::Argument { call, name, at, first });
                if let Some(at) = at.filter(|_| param.ty.as_ref().is_some_and(is_function)) {
                    functions.push((at, path_of));
                }
            }
        }
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        let inputs = forms.iter().flat_map(|form| form.callable.config.iter().map(|it| it.name.as_str()));
        self.given(call, path, &shown.into_iter().chain(inputs).collect::<Vec<_>>());
        for (at, path) in &functions {
            if let ExprKind::Call { args, .. } = &mut call.kind {
                self.handed_on(&mut args[*at].value, path);
            }
        }
        functions.into_iter().map(|(at, _)| at).collect()
    }

    /// The settings of a source or a split.
    fn foreign(&mut self, call: &mut Expr, path: &str, by: Option<Expr>) {
        let params = called(call).map_or(&[][..], |name| takes(&name));
        // What has no name has no path.
        let params = &params[..params.iter().position(|param| param.kind == Holds::Rest).unwrap_or(params.len())];
        let names: Vec<&str> = params.iter().map(|param| param.name).collect();
        let places = arranged(arguments_of(call), &names, 0);
        for (number, param) in params.iter().enumerate() {
            let declared = Declared {
                ty: param.kind.words().replace('`', ""),
                default: if param.name == "by" { by.clone() } else { param.default.map(constant_text) },
                portable: true,
                doc: param.doc.into(),
                at: None,
            };
            let (name, at, first) = (param.name, places[number], number == 0);
            let path_of = format!("{path}.{name}");
            self.show(&path_of, path, Some(declared), 1, Slot::Argument { call, name, at, first });
        }
        self.given(call, path, &names);
    }

    /// The settings that a call gives by names other than `known`.
    fn given(&mut self, call: &mut Expr, path: &str, known: &[&str]) {
        let names = arguments_of(call).iter().enumerate();
        let names = names.filter_map(|(at, arg)| Some((at, arg.name.as_ref()?.text.clone())));
        let others: Vec<(usize, Arc<str>)> = names.filter(|(_, name)| known.iter().all(|it| **it != **name)).collect();
        for (at, name) in others {
            let slot = Slot::Argument { call, name: &name, at: Some(at), first: false };
            self.show(&format!("{path}.{name}"), path, None, 1, slot);
        }
    }

    fn value(&mut self, path: &str, owner: &str, value: &mut Expr) {
        self.show(path, owner, None, 1, Slot::Value(value));
    }

    fn show(&mut self, path: &str, owner: &str, declared: Option<Declared>, forms: usize, slot: Slot) {
        (self.see)(Seen { path, owner, train: self.train.as_deref(), declared, forms }, slot);
    }

    /// The default of a setting of `form` as it would be given here: other settings that it goes by have their values. Nothing
    /// where its names mean something else here.
    fn here(
        &self,
        default: &Expr,
        (form, number): (&Definition, usize),
        args: &[Arg],
        places: &[Option<usize>],
    ) -> Option<Expr> {
        let config = &form.callable.config;
        if let ExprKind::Name(name) = &default.kind
            && let Some(at) = config[..number].iter().position(|param| param.name.text == *name)
        {
            return match (places[at], &config[at].default) {
                (Some(place), _) => Some(args[place].value.clone()),
                (None, Some(other)) => self.here(other, (form, at), args, places),
                (None, None) => None,
            };
        }
        self.is_portable(default, form).then(|| default.clone())
    }

    /// Whether the default of a setting of `form` means the same here.
    fn is_portable(&self, default: &Expr, form: &Definition) -> bool {
        let place = |module, name: &str| match self.modules.find(module, name)? {
            super::modules::Named::Callables(forms) => Some(forms[0].callable.name.span),
            super::modules::Named::Let(_, it) => Some(it.name.span),
        };
        let mut names = vec![];
        arguments::names(&mut default.clone(), &mut names);
        names.iter().all(|name| {
            let is_setting = form.callable.config.iter().any(|param| param.name.text == *name);
            !is_setting && !self.bound.contains(name) && place(form.module, name) == place(self.module, name)
        })
    }

    fn bind_statement(&mut self, statement: &mut Stmt) {
        match statement {
            Stmt::Param(place) | Stmt::State(place) => _ = self.bound.insert(place.name.text.clone()),
            Stmt::Fit { name, value, .. } => {
                self.bound.insert(name.text.clone());
                self.bind(value);
            }
            Stmt::Bind { pattern, value, .. } => {
                match pattern {
                    Pattern::One(target) => _ = self.bound.insert(target.name.text.clone()),
                    Pattern::Tuple(targets) => self.bound.extend(targets.iter().map(|it| it.name.text.clone())),
                }
                self.bind(value);
            }
            Stmt::Expr(value) => self.bind(value),
            Stmt::Require { .. } | Stmt::Broken(_) => {}
        }
    }

    /// The names that an expression gives to its stages.
    fn bind(&mut self, expr: &mut Expr) {
        if let ExprKind::As { name, .. } = &expr.kind {
            self.bound.insert(name.text.clone());
        }
        children(expr, &mut |it| self.bind(it));
    }
}

/// What a part of a path is called after what is called in `expr`.
fn shown(expr: &Expr) -> Option<String> {
    called(expr).map(|name| own_name(&name).to_string())
}

/// What is kept where a run stops by a metric: the best by it.
fn stopped_by(block: &TrainBlock) -> Option<Expr> {
    let stop = block.entries.iter().find_map(|entry| match entry {
        TrainEntry::Setting(setting) if setting.key.as_str() == "stop" => Some(&setting.value),
        _ => None,
    })?;
    let metric = arguments_of(stop).first()?;
    Some(constant_text(&format!("best({})", metric.value)))
}

/// The field by which a split goes where it does not say so.
fn split_by(split: Option<String>, block: &DataBlock) -> Option<Expr> {
    let wanted = match split?.as_str() {
        "stratified" => Role::Target,
        "by_group" => Role::Group,
        "by_time" => Role::Time,
        _ => return None,
    };
    let is_class = |ty: &Type| match &ty.kind {
        TypeKind::Named { name, .. } => ["class", "ordinal", "binary"].contains(&name.as_str()),
        TypeKind::Tuple(_) | TypeKind::Broken => false,
    };
    let field = block.entries.iter().find_map(|entry| match entry {
        DataEntry::Field(field) if field.role == wanted && (wanted != Role::Target || is_class(&field.ty)) => {
            Some(field)
        }
        _ => None,
    })?;
    Some(Expr { kind: ExprKind::Name(field.name.text.clone()), span: field.name.span })
}

/// The arguments that a call gives.
pub fn arguments_of(call: &Expr) -> &[Arg] {
    match &call.kind {
        ExprKind::Call { args, .. } => args,
        _ => &[],
    }
}

/// The forms of a callable that differ in their settings, in order.
pub fn different(forms: Vec<Definition>) -> Vec<Definition> {
    let settings = |form: &Definition| -> Vec<String> {
        let default = |param: &ConfigParam| param.default.as_ref().map(print_expr);
        form.callable.config.iter().map(|param| format!("{} {:?}", param.name.text, default(param))).collect()
    };
    let mut found: Vec<Definition> = vec![];
    for form in forms {
        if found.iter().all(|it| settings(it) != settings(&form)) {
            found.push(form);
        }
    }
    found
}

fn is_function(ty: &Type) -> bool {
    matches!(&ty.kind, TypeKind::Named { name, .. } if name.as_str() == "fn")
}

fn gives_layer(name: &str) -> bool {
    matches!(builtins::find(name), Some(What::Builtin(builtin)) if builtin.gives_layer())
}

fn loss_terms<'e>(expr: &'e mut Expr, found: &mut Vec<&'e mut Expr>) {
    use Binary::{Add, Div, Mul, On, Sub};
    let is_term = !matches!(
        &expr.kind,
        ExprKind::Number(_)
            | ExprKind::Unary { op: Unary::Neg, .. }
            | ExprKind::Binary { op: On | Add | Sub | Mul | Div, .. }
    );
    if is_term {
        return found.push(expr);
    }
    match &mut expr.kind {
        ExprKind::Unary { operand, .. } => loss_terms(operand, found),
        ExprKind::Binary { op: On, left, .. } => loss_terms(left, found),
        ExprKind::Binary { left, right, .. } => {
            loss_terms(left, found);
            loss_terms(right, found);
        }
        _ => {}
    }
}

/// A metric without its name and its target.
fn metric<'e>(expr: &'e mut Expr, alias: &mut Option<String>, target: &mut String) -> &'e mut Expr {
    let is_bare = !matches!(&expr.kind, ExprKind::As { .. } | ExprKind::Binary { op: Binary::On, .. });
    if is_bare {
        return expr;
    }
    match &mut expr.kind {
        ExprKind::As { expr, name } => {
            *alias = Some(name.text.to_string());
            metric(expr, alias, target)
        }
        ExprKind::Binary { left, right, .. } => {
            *target = format!(".{}", print_expr(right));
            metric(left, alias, target)
        }
        _ => unreachable!("it is not bare"),
    }
}

fn patterns(what: &[Selector]) -> String {
    what.iter().map(|it| &*it.pattern).collect::<Vec<_>>().join(",")
}
