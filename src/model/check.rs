//! A file as a whole: its imports, its train blocks, and its definitions that no train block reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::export::{self, ExportPlan};
use super::modules::{ModuleId, Modules, Named};
use super::overrides::{self, Set};
use super::program::Program;
use super::train::{self, Context};
use super::tune::{self, TunePlan};
use crate::problem::lint::ShadowsLibrary;
use crate::problem::names::{EndlessDefinition, ImportedNameMissing, NameTwice, OverrideUnmatched, UnknownName};
use crate::problem::{Edit, Label, Problem, Severity};
use crate::source::{FileId, Source, Sources, Span, World, nearest};
use crate::syntax::tree::{self, Body, Expr, ExprKind, ForBody, Item, Stmt};
use crate::syntax::walk;

/// The library is read once for all compilations.
static LIBRARY: LazyLock<(Sources, Modules)> = LazyLock::new(|| {
    let mut sources = Sources::default();
    let modules = Modules::library(&mut sources);
    (sources, modules)
});

/// The library with the parts that files ask for by name.
static WHOLE_LIBRARY: LazyLock<Modules> = LazyLock::new(|| LIBRARY.1.clone().with_parts(&LIBRARY.0));

/// What a file is, once everything has been asked that can be asked without its data.
pub struct Checked {
    pub sources: Sources,
    /// The program's own file.
    pub file: FileId,
    pub tree: tree::File,
    /// Errors and warnings of all files, in order of place.
    pub problems: Vec<Problem>,
    /// One for each `train` block that is sound, in order.
    pub programs: Vec<Program>,
    /// The names of all `train` blocks, sound or not, in order.
    pub trains: Vec<Option<String>>,
    /// One for each `tune` block that is sound as far as it tells itself, in order.
    pub tunes: Vec<TunePlan>,
    /// The names of all `tune` blocks, sound or not, in order.
    pub searches: Vec<Option<String>>,
    /// One for each `export` block that is sound, in order.
    pub exports: Vec<ExportPlan>,
    /// The overrides that have a place, in order.
    pub set: Vec<Set>,
    /// What is wrong with `tune` blocks where other settings than theirs are overridden. It concerns nobody but who searches with them.
    pub of_searches: Vec<Problem>,
}

impl Checked {
    pub fn is_sound(&self) -> bool {
        !self.problems.iter().any(is_error)
    }

    /// What a run of an experiment writes beside its artifact.
    pub fn exports_of(&self, program: &Program) -> impl Iterator<Item = &ExportPlan> {
        self.exports.iter().filter(|it| it.train == program.name)
    }
}

/// The library's sources and definitions.
pub fn library() -> (&'static Sources, &'static Modules) {
    (&LIBRARY.0, &LIBRARY.1)
}

/// The library's sources and definitions, with its parts.
pub fn whole_library() -> (&'static Sources, &'static Modules) {
    (&LIBRARY.0, &WHOLE_LIBRARY)
}

/// A file before it is checked: its tree, and the names that it sees.
pub struct Outline {
    pub sources: Sources,
    pub file: FileId,
    /// As it is written.
    pub written: tree::File,
    /// With the overrides.
    pub tree: tree::File,
    pub modules: Modules,
    pub module: ModuleId,
    /// How many of the sources are the library's.
    pub library_files: u32,
    /// The overrides that have a place.
    pub set: Vec<Set>,
}

/// A value for the setting whose full path is `path`, and where it is said.
#[derive(Clone)]
pub struct Fill {
    pub path: String,
    pub value: Expr,
    pub at: Span,
}

/// Parses `text`, the content of `path`, puts the overrides in their places, and reads what it imports.
pub fn outline(
    world: &dyn World,
    path: &Path,
    text: &str,
    set: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> Outline {
    outline_with(world, path, text, (set, &[]), problems)
}

/// The same with some values that stand in the program elsewhere, after the overrides.
pub fn outline_with(
    world: &dyn World,
    path: &Path,
    text: &str,
    (set, fills): (&[(String, String)], &[Fill]),
    problems: &mut Vec<Problem>,
) -> Outline {
    let (mut sources, mut modules) = (LIBRARY.0.clone(), LIBRARY.1.clone());
    let library_files = sources.ids().count() as u32;
    let file = sources.add(Source::new(path.display().to_string(), text));
    let (written, mut found) = crate::syntax::parse(file, text);
    problems.append(&mut found);
    let mut tree = written.clone();
    let mut applied = vec![];
    if !set.is_empty() || !fills.is_empty() {
        // Which settings there are depends on the definitions that the file sees.
        let mut known = modules.clone();
        let module = known.load(world, &mut sources.clone(), path, &tree, &mut vec![]);
        applied = overrides::apply(&mut tree, (&known, module), &mut sources, set, problems);
        for Fill { path, value, at } in fills {
            if !overrides::put(&mut tree, (&known, module), path, value, *at) {
                problems.push(OverrideUnmatched { path: path.clone(), at: *at, near: vec![] }.into());
            }
        }
    }
    let module = modules.load(world, &mut sources, path, &tree, problems);
    Outline { sources, file, written, tree, modules, module, library_files, set: applied }
}

/// Checks `text`, the content of `path`, with all that it imports.
pub fn check(world: &dyn World, path: &Path, text: &str, set: &[(String, String)]) -> Checked {
    let mut problems = vec![];
    let outline = outline(world, path, text, set, &mut problems);
    let Outline { sources, file, written, tree, modules, module, library_files, set } = outline;
    let modules = Arc::new(modules);
    let context = Context { modules: &modules, library_files, module, tree: &tree, sources: &sources };
    let (mut programs, mut trains) = (Vec::new(), Vec::new());
    for item in &tree.items {
        if let Item::Train(block) = item {
            trains.push(block.name.as_ref().map(|name| name.text.to_string()));
            match train::check(&context, block, &mut problems) {
                Ok(program) => programs.push(program),
                Err(_) => debug_assert!(problems.iter().any(is_error), "a train block fails, and nobody says why"),
            }
        }
    }
    let (mut tunes, mut searches, mut of_searches, mut exports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for item in &tree.items {
        // A block of which a part cannot be read may have lost any of its settings.
        let is_whole = |block: &tree::Block| !problems.iter().any(|it| starts_in(it, block.span));
        match item {
            Item::Tune(block) => {
                searches.push(block.name.as_ref().map(|name| name.text.to_string()));
                let is_whole = is_whole(block);
                tunes.extend(tune::read(&context, block, (&programs, &trains), is_whole, &mut of_searches));
            }
            Item::Export(block) => {
                let is_whole = is_whole(block);
                exports.extend(export::read(&context, block, (&programs, &trains), &exports, is_whole, &mut problems));
            }
            _ => {}
        }
    }
    if set.iter().all(|it| tune::is_own(&it.path)) {
        problems.append(&mut of_searches);
    }
    nameless(&context, &mut problems);
    unreached(&context, &mut problems);
    endless(&context, &mut problems);
    super::alone::check(&context, &mut problems);
    shadows(&context, &mut problems);
    train::check_names(&context, &mut problems);
    in_parts(&context, &mut problems);
    whole_files(&context, &mut problems);
    // Order of place; what is in the user's own file first.
    problems.sort_by_key(|it| it.labels.first().map(|label| (label.span.file != file, label.span)));
    Checked {
        sources,
        file,
        tree: written,
        problems: of_one_cause(problems),
        programs,
        trains,
        tunes,
        searches,
        exports,
        set,
        of_searches,
    }
}

/// The problems, those that have one cause as one: a name that is not there, wherever it is used, and what is told of one
/// place whenever a train block comes upon it.
fn of_one_cause(problems: Vec<Problem>) -> Vec<Problem> {
    let mut told: Vec<Problem> = Vec::new();
    for problem in problems {
        let same = told.iter_mut().find(|it| {
            let place = |it: &Problem| it.labels.first().map(|label| label.span);
            let cause =
                [UnknownName::CODE, ImportedNameMissing::CODE].contains(&it.code) || place(it) == place(&problem);
            cause
                && (it.code, &it.message, &it.help, &it.notes)
                    == (problem.code, &problem.message, &problem.help, &problem.notes)
        });
        match same {
            None => told.push(problem),
            Some(same) => {
                let new = |label: &&Label| same.labels.iter().all(|it| it.span != label.span);
                let more: Vec<Label> = problem.labels.iter().filter(new).cloned().collect();
                same.labels.extend(more);
            }
        }
    }
    told
}

/// Whether a problem is told of something in `whole`.
pub(super) fn starts_in(problem: &Problem, whole: Span) -> bool {
    let inside = |at: Span| at.file == whole.file && whole.start <= at.start && at.end <= whole.end;
    problem.labels.first().is_some_and(|label| inside(label.span))
}

pub(super) fn is_error(problem: &Problem) -> bool {
    problem.severity == Severity::Error
}

/// Train blocks, tune blocks and export blocks without a name, of which there can be one each.
fn nameless(context: &Context, problems: &mut Vec<Problem>) {
    let mut firsts: BTreeMap<&str, Span> = BTreeMap::new();
    for item in &context.tree.items {
        let (word, span) = match item {
            Item::Train(tree::TrainBlock { name: None, span, .. }) => ("train", *span),
            Item::Tune(tree::Block { name: None, span, .. }) => ("tune", *span),
            Item::Export(tree::Block { name: None, span, .. }) => ("export", *span),
            _ => continue,
        };
        let at = train::first_word(span, word);
        match firsts.get(word) {
            None => _ = firsts.insert(word, at),
            Some(&first) => problems.push(NameTwice { name: word.into(), at, first }.into()),
        }
    }
}

/// Definitions of the user that take the place of the library's.
fn shadows(context: &Context, problems: &mut Vec<Problem>) {
    for item in &context.tree.items {
        let Item::Callable(callable) = item else { continue };
        let library = context.modules.callables(super::modules::LIBRARY, callable.kind, callable.name.as_str());
        if let Some(forms) = library {
            let (kind, name) = (callable.kind.word().to_string(), callable.name.text.to_string());
            let (at, library) = (callable.name.span, forms[0].callable.name.span);
            problems.push(ShadowsLibrary { kind, name, at, library }.into());
        }
    }
}

/// Names that nothing declares here, but a part of the library: how they come in.
fn in_parts(context: &Context, problems: &mut [Problem]) {
    for problem in problems.iter_mut().filter(|it| it.code == UnknownName::CODE) {
        let at = problem.labels[0].span;
        let name = context.sources.text(at);
        let Some(part) = context.modules.part_with(name, context.sources).filter(|_| at.file == context.tree.span.file)
        else {
            continue;
        };
        let imports = context.tree.items.iter().find_map(|item| match item {
            Item::Use(tree::Use { from: tree::UseFrom::Library(from), names, .. }) if from.as_str() == part => {
                names.last().map(|it| it.here().span.after())
            }
            _ => None,
        });
        let edition = context.tree.items.iter().find_map(|item| match item {
            Item::Edition { span, .. } => Some(span.after()),
            _ => None,
        });
        let line = format!("use {part} {{ {name} }}");
        let (at, text) = match (imports, edition) {
            (Some(at), _) => (at, format!(", {name}")),
            (None, Some(at)) => (at, format!("\n{line}")),
            (None, None) => (Span::new(at.file, 0, 0), format!("{line}\n")),
        };
        problem.help = vec![format!("the library has it in `{part}`: `{line}`")];
        problem.edits = vec![Edit { span: at, text, was: None }];
    }
}

/// Names that nothing declares here, but that stand for a whole file: what to write behind them.
fn whole_files(context: &Context, problems: &mut [Problem]) {
    for problem in problems.iter_mut().filter(|it| it.code == UnknownName::CODE) {
        let at = problem.labels[0].span;
        let name = context.sources.text(at);
        let is_alias = |item: &Item| match item {
            Item::Use(it) => it.alias.as_ref().is_some_and(|alias| alias.as_str() == name),
            _ => false,
        };
        if at.file == context.tree.span.file && context.tree.items.iter().any(is_alias) {
            problem.help = vec![format!("`{name}` is a whole file: write `{name}.` and a name that the file declares")];
            problem.edits = vec![];
        }
    }
}

/// Names that are called in definitions of the user, and that nothing declares. A definition that a train block reaches has
/// been lowered, and has said so itself.
fn unreached(context: &Context, problems: &mut Vec<Problem>) {
    for item in &context.tree.items {
        let Item::Callable(callable) = item else { continue };
        for (name, span, kind) in called(callable) {
            let known = super::builtins::find(&name).is_some()
                || context.modules.is_broken(context.module, &name)
                || matches!(context.modules.find(context.module, &name), Some(Named::Callables(_)));
            let said = problems.iter().any(|it| it.labels.first().is_some_and(|label| label.span == span));
            if known || said {
                continue;
            }
            let words: Vec<String> = [context.module, super::modules::LIBRARY]
                .into_iter()
                .flat_map(|id| context.modules.words(id).map(str::to_string))
                .chain(super::builtins::names().map(str::to_string))
                .collect();
            let near = nearest(&name, words.iter().map(String::as_str));
            problems.push(UnknownName { kind: kind.into(), name: name.to_string(), at: span, near }.into());
        }
    }
}

/// A definition of the file that comes back to itself, where no train block has come upon it.
fn endless(context: &Context, problems: &mut Vec<Problem>) {
    let callables = context.tree.items.iter().filter_map(|item| match item {
        Item::Callable(callable) => Some((callable.name.text.clone(), called(callable))),
        _ => None,
    });
    let calls: BTreeMap<Arc<str>, Vec<Called>> = callables.collect();
    let mut done = BTreeSet::new();
    for name in calls.keys() {
        let back = comes_back(name, &calls, &mut done);
        let said = || problems.iter().any(|it| it.code == EndlessDefinition::CODE);
        if let Some((name, at)) = back
            && !said()
        {
            problems.push(EndlessDefinition { name: name.to_string(), at, parts: true }.into());
        }
    }
}

/// The call that closes a circle of calls that begins at `name`. A way down may be longer than a stack is deep.
fn comes_back(
    name: &Arc<str>,
    calls: &BTreeMap<Arc<str>, Vec<Called>>,
    done: &mut BTreeSet<Arc<str>>,
) -> Option<(Arc<str>, Span)> {
    if !done.insert(name.clone()) {
        return None;
    }
    // The definitions on the way, and what of each has not been followed yet.
    let of = |name: &Arc<str>| calls.get(name).into_iter().flatten();
    let mut way = vec![(name, of(name))];
    let mut open = BTreeSet::from([name]);
    while let Some((name, rest)) = way.last_mut() {
        match rest.next() {
            None => {
                open.remove(*name);
                way.pop();
            }
            Some((called, span, _)) if open.contains(called) => return Some((called.clone(), *span)),
            Some((called, ..)) => {
                if done.insert(called.clone()) {
                    open.insert(called);
                    way.push((called, of(called)));
                }
            }
        }
    }
    None
}

/// A name that is called, where, and what it should be.
type Called = (Arc<str>, Span, &'static str);

/// What a definition calls, beside what it was given or has made itself.
fn called(callable: &tree::Callable) -> Vec<Called> {
    let mut names = Names { bound: BTreeSet::new(), called: Vec::new() };
    names.bound.extend(callable.config.iter().map(|it| it.name.text.clone()));
    names.bound.extend(callable.inputs.iter().map(|it| it.name.text.clone()));
    match &callable.body {
        Body::Formula(expr) => names.expr(expr),
        Body::Block(statements) => names.statements(statements),
    }
    let Names { bound, mut called } = names;
    called.retain(|(name, ..)| !bound.contains(name));
    called
}

/// The names that a body binds anywhere, and those that it calls.
struct Names {
    bound: BTreeSet<Arc<str>>,
    called: Vec<Called>,
}

impl Names {
    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            match statement {
                Stmt::Param(place) | Stmt::State(place) => {
                    self.bound.insert(place.name.text.clone());
                    if let Some(init) = &place.init {
                        self.expr(init);
                    }
                }
                Stmt::Fit { name, value, .. } => {
                    self.bound.insert(name.text.clone());
                    self.expr(value);
                }
                Stmt::Require { condition, .. } => self.expr(condition),
                Stmt::Bind { pattern, value, .. } => {
                    match pattern {
                        tree::Pattern::One(target) => _ = self.bound.insert(target.name.text.clone()),
                        tree::Pattern::Tuple(targets) => {
                            self.bound.extend(targets.iter().map(|target| target.name.text.clone()));
                        }
                    }
                    self.expr(value);
                }
                Stmt::Expr(expr) => self.expr(expr),
                Stmt::Broken(_) => {}
            }
        }
    }

    fn call(&mut self, callee: &Expr, kind: &'static str) {
        match &callee.kind {
            ExprKind::Name(name) => self.called.push((name.clone(), callee.span, kind)),
            _ => self.expr(callee),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call { callee, args } => {
                self.call(callee, "function or layer");
                args.iter().for_each(|arg| self.expr(&arg.value));
            }
            ExprKind::Pipe { head, stages } => {
                self.expr(head);
                for stage in stages {
                    let inner = match &stage.kind {
                        ExprKind::As { expr, name } => {
                            self.bound.insert(name.text.clone());
                            expr
                        }
                        _ => stage,
                    };
                    match &inner.kind {
                        ExprKind::Name(name) => self.called.push((name.clone(), inner.span, "layer")),
                        ExprKind::Call { callee, args } => {
                            self.call(callee, "layer");
                            args.iter().for_each(|arg| self.expr(&arg.value));
                        }
                        _ => self.expr(inner),
                    }
                }
            }
            ExprKind::As { expr, name } => {
                self.bound.insert(name.text.clone());
                self.expr(expr);
            }
            ExprKind::For { binders, body } => {
                for binder in binders {
                    match binder {
                        tree::Binder::Over { name, range: value } | tree::Binder::Carry { name, init: value } => {
                            self.bound.insert(name.text.clone());
                            self.expr(value);
                        }
                    }
                }
                match &**body {
                    ForBody::Expr(expr) => self.expr(expr),
                    ForBody::Block(statements) => self.statements(statements),
                }
            }
            _ => walk::children(expr, &mut |it| self.expr(it)),
        }
    }
}
