//! Modules: which names a file declares, what it imports, and how a name is found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::problem::Problem;
use crate::problem::names::{
    ImportCycle, ImportMissing, ImportWithoutNames, ImportedNameMissing, NameTwice, UnknownName,
};
use crate::source::{FileId, Source, Sources, World, nearest};
use crate::syntax::tree::{self, Item, Kind, UseFrom};

use super::library;

/// A module by its place in [`Modules`]. The library is one module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModuleId(pub u32);

/// The library.
pub const LIBRARY: ModuleId = ModuleId(0);

/// A callable, and the module whose names its body sees.
#[derive(Clone, Debug)]
pub struct Definition {
    pub module: ModuleId,
    pub callable: Arc<tree::Callable>,
}

#[derive(Default, Clone, Debug)]
pub struct Module {
    /// The forms of each callable, in order.
    callables: BTreeMap<Arc<str>, Vec<Definition>>,
    /// What files call the tensors of layers, each with the module whose names it sees.
    maps: Vec<(ModuleId, Arc<tree::NameMap>)>,
    /// Each with the module whose names it sees.
    lets: BTreeMap<Arc<str>, (ModuleId, Arc<tree::Let>)>,
    /// Names about which something has been said already: nobody knows what they are.
    broken: BTreeSet<Arc<str>>,
}

/// All modules of one compilation.
#[derive(Clone, Debug)]
pub struct Modules {
    modules: Vec<Module>,
    /// Those of which a file of the user is made.
    files: BTreeMap<PathBuf, ModuleId>,
    /// The parts of the library that somebody has asked for.
    parts: BTreeMap<usize, ModuleId>,
}

/// What a name stands for in a module.
pub enum Named {
    Callables(Vec<Definition>),
    Let(ModuleId, Arc<tree::Let>),
}

impl Modules {
    /// The library alone. Its texts join `sources`, in which there are no others yet; a mistake in them is ours.
    pub fn library(sources: &mut Sources) -> Modules {
        let mut module = Module::default();
        assert_eq!(sources.ids().count(), 0, "the library's files come first");
        let texts: Vec<(FileId, &str)> =
            library::FILES.iter().map(|(name, text)| (sources.add(Source::new(*name, *text)), *text)).collect();
        let trees = parse_all(&texts);
        for ((name, _), (tree, problems)) in library::FILES.iter().zip(trees) {
            assert_sound(name, sources, &problems);
            module.declare(LIBRARY, &tree, sources, &mut Vec::new());
        }
        for (name, text) in library::PARTS {
            sources.add(Source::new(*name, *text));
        }
        Modules { modules: vec![module], files: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The library with all its parts.
    pub fn with_parts(mut self, sources: &Sources) -> Modules {
        (0..library::PARTS.len()).for_each(|part| _ = self.load_part(part, sources));
        self
    }

    /// The parts that have been loaded, as `use` names them.
    pub fn parts(&self) -> impl Iterator<Item = (String, ModuleId)> {
        self.parts.iter().map(|(&part, &id)| (dotted(library::PARTS[part].0), id))
    }

    /// The module of a part of the library, loaded if it is new. Its text is read once for all compilations.
    fn load_part(&mut self, part: usize, sources: &Sources) -> ModuleId {
        static TREES: [OnceLock<tree::File>; library::PARTS.len()] = [const { OnceLock::new() }; library::PARTS.len()];
        if let Some(&known) = self.parts.get(&part) {
            return known;
        }
        let (name, text) = library::PARTS[part];
        let tree = TREES[part].get_or_init(|| {
            let (tree, problems) = crate::syntax::parse(FileId((library::FILES.len() + part) as u32), text);
            assert_sound(name, sources, &problems);
            tree
        });
        let id = ModuleId(self.modules.len() as u32);
        let mut module = Module::default();
        module.declare(LIBRARY, tree, sources, &mut Vec::new());
        module.callables.values_mut().flatten().for_each(|it| it.module = id);
        module.maps.iter_mut().for_each(|it| it.0 = id);
        module.lets.values_mut().for_each(|it| it.0 = id);
        self.modules.push(module);
        self.parts.insert(part, id);
        id
    }

    /// Adds the user's file with everything that it imports.
    pub fn load(
        &mut self,
        world: &dyn World,
        sources: &mut Sources,
        path: &Path,
        tree: &tree::File,
        problems: &mut Vec<Problem>,
    ) -> ModuleId {
        self.load_within(world, sources, &plain(path), tree, problems, &mut Vec::new())
    }

    fn load_within(
        &mut self,
        world: &dyn World,
        sources: &mut Sources,
        path: &Path,
        tree: &tree::File,
        problems: &mut Vec<Problem>,
        open: &mut Vec<PathBuf>,
    ) -> ModuleId {
        let id = ModuleId(self.modules.len() as u32);
        let mut module = Module::default();
        module.declare(id, tree, sources, problems);
        self.modules.push(module);
        self.files.insert(path.to_path_buf(), id);
        open.push(path.to_path_buf());
        for item in &tree.items {
            let Item::Use(import) = item else { continue };
            let from = match &import.from {
                UseFrom::Library(part) => self.part(part, sources, problems),
                UseFrom::Path(text) => self.imported(world, sources, path, text, problems, open),
            };
            let mut wanted = import.wanted();
            if import.names.is_empty() && import.alias.is_none() {
                wanted = self.unsaid(id, from, import, tree, problems);
            }
            let mut through = BTreeSet::new();
            for name in &wanted {
                let here = &name.here().text;
                let Some(from) = from else {
                    // What it is has been lost with the file.
                    self.modules[id.0 as usize].broken.insert(here.clone());
                    continue;
                };
                // What stands behind an alias is asked for wherever it is used.
                if !here.contains('.') || through.insert(here.clone()) || self.is_broken(id, here) {
                    self.import(id, (from, &import.from), name, sources, problems);
                }
            }
        }
        open.pop();
        id
    }

    /// The module of an imported file, read if it is new.
    fn imported(
        &mut self,
        world: &dyn World,
        sources: &mut Sources,
        path: &Path,
        text: &tree::Text,
        problems: &mut Vec<Problem>,
        open: &mut Vec<PathBuf>,
    ) -> Option<ModuleId> {
        let target = plain(&path.parent().unwrap_or(Path::new("")).join(&*text.value));
        if open.contains(&target) {
            problems.push(ImportCycle { at: text.span, path: text.value.to_string() }.into());
            return None;
        }
        if let Some(&known) = self.files.get(&target) {
            return Some(known);
        }
        match world.read(&target) {
            Ok(content) => {
                let file = sources.add(Source::new(target.display().to_string(), content.clone()));
                let (tree, mut found) = crate::syntax::parse(file, &content);
                problems.append(&mut found);
                Some(self.load_within(world, sources, &target, &tree, problems, open))
            }
            Err(error) => {
                let looked = target.display().to_string();
                let reason = match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file".to_string(),
                    _ => error.to_string(),
                };
                problems.push(ImportMissing { at: text.span, looked, reason }.into());
                None
            }
        }
    }

    /// The names that an import asks for which says none: those that the file mentions. It has to say them itself.
    fn unsaid(
        &self,
        id: ModuleId,
        from: Option<ModuleId>,
        import: &tree::Use,
        tree: &tree::File,
        problems: &mut Vec<Problem>,
    ) -> Vec<tree::UsedName> {
        // Of a file that cannot be read something has been said.
        let Some(from) = from else { return vec![] };
        let is_wanted = |name: &&Arc<str>| from != LIBRARY && self.declares(from, name) && self.own(id, name).is_none();
        let names: Vec<&Arc<str>> = tree.mentioned.iter().filter(is_wanted).collect();
        let source = match &import.from {
            UseFrom::Path(text) => text.span,
            UseFrom::Library(part) => part.span,
        };
        let (words, is_library) = (names.iter().map(|it| it.to_string()).collect(), from == LIBRARY);
        problems.push(ImportWithoutNames { at: import.span, names: words, is_library, after: source.after() }.into());
        let used = |name: &Arc<str>| tree::UsedName { name: tree::Name::new(name.clone(), import.span), alias: None };
        names.into_iter().map(used).collect()
    }

    /// `std`, or `std.layers`, or a part that is loaded by this.
    fn part(&mut self, part: &tree::Name, sources: &Sources, problems: &mut Vec<Problem>) -> Option<ModuleId> {
        let own = library::PARTS.iter().position(|(name, _)| dotted(name) == part.as_str());
        if let Some(own) = own {
            return Some(self.load_part(own, sources));
        }
        let files = library::FILES.iter().map(|(name, _)| dotted(name));
        let mut known: Vec<String> = std::iter::once("std".to_string()).chain(files).collect();
        if known.iter().any(|it| it == part.as_str()) {
            return Some(LIBRARY);
        }
        known.extend(library::PARTS.iter().map(|(name, _)| dotted(name)));
        let near = nearest(part.as_str(), known.iter().map(String::as_str));
        let (kind, name, at) = ("part of the library".to_string(), part.text.to_string(), part.span);
        problems.push(UnknownName { kind, name, at, near }.into());
        None
    }

    /// The part of the library that has a name which the library itself does not have, as `use` names it.
    pub fn part_with(&self, name: &str, sources: &Sources) -> Option<String> {
        let whole = self.clone().with_parts(sources);
        let found = whole.parts().find(|(_, id)| whole.own(*id, name).is_some());
        found.map(|(part, _)| part)
    }

    /// Makes a name of the module `from` one of `id`.
    fn import(
        &mut self,
        id: ModuleId,
        (from, said): (ModuleId, &UseFrom),
        used: &tree::UsedName,
        sources: &Sources,
        problems: &mut Vec<Problem>,
    ) {
        let (name, here) = (&used.name, used.here());
        if self.is_broken(from, name.as_str()) {
            self.modules[id.0 as usize].broken.insert(here.text.clone());
            return;
        }
        let maps = self.modules[from.0 as usize].maps.iter();
        let maps = maps.filter(|(of, it)| *of == from && it.name.text == name.text);
        let mut maps: Vec<(ModuleId, Arc<tree::NameMap>)> = maps.cloned().collect();
        for (_, map) in &mut maps {
            Arc::make_mut(map).name.text = here.text.clone();
        }
        let is_map = !maps.is_empty();
        self.modules[id.0 as usize].maps.append(&mut maps);
        let found = self.own(from, name.as_str()).filter(|_| self.declares(from, name.as_str()));
        let Some(found) = found else {
            if !is_map {
                let near = nearest(name.as_str(), self.words(from).filter(|it| self.declares(from, it)));
                let from = match said {
                    UseFrom::Path(_) => None,
                    UseFrom::Library(part) => Some(part.text.to_string()),
                };
                let part = from.as_ref().and_then(|_| self.part_with(name.as_str(), sources));
                let (at, name) = (name.span, name.text.to_string());
                problems.push(ImportedNameMissing { at, name, from, part, near }.into());
                self.modules[id.0 as usize].broken.insert(here.text.clone());
            }
            return;
        };
        let module = &mut self.modules[id.0 as usize];
        let own = module.callables.get(&here.text).map(|forms| forms[0].callable.name.span);
        if let Some(first) = own.or_else(|| module.lets.get(&here.text).map(|it| it.1.name.span)) {
            problems.push(NameTwice { name: here.text.to_string(), at: here.span, first }.into());
            return;
        }
        // It is declared where it was, and called as this file calls it.
        match found {
            Named::Callables(mut forms) => {
                for form in &mut forms {
                    Arc::make_mut(&mut form.callable).name.text = here.text.clone();
                }
                module.callables.insert(here.text.clone(), forms);
            }
            Named::Let(of, mut value) => {
                Arc::make_mut(&mut value).name.text = here.text.clone();
                module.lets.insert(here.text.clone(), (of, value));
            }
        }
    }

    /// Whether a name stands in a piece of the module that could not be read, or comes from a file that could not.
    pub fn is_broken(&self, module: ModuleId, name: &str) -> bool {
        self.modules[module.0 as usize].broken.contains(name)
    }

    /// Whether a module declares a name itself, and does not have it from another.
    fn declares(&self, module: ModuleId, name: &str) -> bool {
        let it = &self.modules[module.0 as usize];
        let callable = it.callables.get(name).is_some_and(|forms| forms.iter().all(|form| form.module == module));
        let is_let = it.lets.get(name).is_some_and(|(of, _)| *of == module);
        callable || is_let || it.maps.iter().any(|(of, map)| *of == module && *map.name.text == *name)
    }

    fn own(&self, module: ModuleId, name: &str) -> Option<Named> {
        let it = &self.modules[module.0 as usize];
        let callables = it.callables.get(name).map(|forms| Named::Callables(forms.clone()));
        callables.or_else(|| it.lets.get(name).map(|(of, value)| Named::Let(*of, value.clone())))
    }

    /// What `name` stands for in a formula of `module`: its own, else the library's. A name may be of several kinds (a
    /// loss and a metric); a formula means the first.
    pub fn find(&self, module: ModuleId, name: &str) -> Option<Named> {
        match self.own(module, name).or_else(|| self.own(LIBRARY, name))? {
            Named::Callables(mut forms) => {
                let kind = forms[0].callable.kind;
                forms.retain(|form| form.callable.kind == kind);
                Some(Named::Callables(forms))
            }
            named => Some(named),
        }
    }

    /// The callables of `kind` that `name` stands for.
    pub fn callables(&self, module: ModuleId, kind: Kind, name: &str) -> Option<Vec<Definition>> {
        let of = |id: ModuleId| match self.own(id, name) {
            Some(Named::Callables(mut forms)) => {
                forms.retain(|form| form.callable.kind == kind);
                (!forms.is_empty()).then_some(forms)
            }
            _ => None,
        };
        of(module).or_else(|| of(LIBRARY))
    }

    /// Every name that a module declares.
    pub fn words(&self, module: ModuleId) -> impl Iterator<Item = &str> {
        let it = &self.modules[module.0 as usize];
        let maps = it.maps.iter().map(|(_, it)| &*it.name.text);
        it.callables.keys().chain(it.lets.keys()).map(|name| &**name).chain(maps)
    }

    /// The names of `kind` that can be seen from `module`.
    pub fn names_of(&self, module: ModuleId, kind: Kind) -> Vec<&str> {
        let both = [module, LIBRARY].into_iter().flat_map(|id| &self.modules[id.0 as usize].callables);
        let mut names: Vec<&str> = both
            .filter(|(_, forms)| forms.iter().any(|it| it.callable.kind == kind))
            .map(|(name, _)| &**name)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Every callable of a module, in the order of its names.
    pub fn definitions(&self, module: ModuleId) -> impl Iterator<Item = &Definition> {
        self.modules[module.0 as usize].callables.values().flatten()
    }

    /// The maps of names that speak of the tensors of a layer or model: those that `module` sees, and those that stand where
    /// the layer is declared. Of two with one name the first counts.
    pub fn maps(&self, module: ModuleId, layer: &Definition) -> Vec<(ModuleId, Arc<tree::NameMap>)> {
        let mut found: Vec<(ModuleId, Arc<tree::NameMap>)> = vec![];
        for (of, map) in [module, layer.module].iter().flat_map(|id| &self.modules[id.0 as usize].maps) {
            let is_meant = || map.of.iter().any(|it| self.is_of(*of, it.as_str(), layer));
            if found.iter().all(|(_, it)| it.name.text != map.name.text) && is_meant() {
                found.push((*of, map.clone()));
            }
        }
        found
    }

    /// Whether a name that a map in `module` says is that of the layer or model, whatever it is called elsewhere.
    fn is_of(&self, module: ModuleId, name: &str, layer: &Definition) -> bool {
        let forms = self.callables(module, layer.callable.kind, name).unwrap_or_default();
        forms.iter().any(|form| form.callable.name.span == layer.callable.name.span)
    }

    /// The constants of a module.
    pub fn lets(&self, module: ModuleId) -> impl Iterator<Item = &Arc<tree::Let>> {
        self.modules[module.0 as usize].lets.values().map(|it| &it.1)
    }
}

impl Module {
    /// Takes in the declarations of a tree. Several forms of one name are the library's privilege: in a user's file
    /// the second is a problem. But an optimizer serves every parameter, and may have a form for each type of them.
    fn declare(&mut self, id: ModuleId, tree: &tree::File, sources: &Sources, problems: &mut Vec<Problem>) {
        // A model may have the name of its data, a metric that of a loss; what a formula can name is of one kind.
        let mut seen: BTreeMap<(&str, Arc<str>), tree::Name> = BTreeMap::new();
        for item in &tree.items {
            let (kind, name) = match item {
                Item::Callable(callable) => match callable.kind {
                    Kind::Layer | Kind::Model | Kind::Fn | Kind::Encoder | Kind::Augmentation => {
                        ("formula", &callable.name)
                    }
                    kind => (kind.word(), &callable.name),
                },
                Item::Let(value) => ("formula", &value.name),
                Item::Broken(span) => {
                    let words = sources.text(*span).split(|it: char| !it.is_alphanumeric() && it != '_');
                    self.broken.extend(words.filter(|it| !it.is_empty()).map(Arc::from));
                    continue;
                }
                Item::Names(map) => {
                    self.maps.push((id, map.clone()));
                    continue;
                }
                Item::Data(data) => ("data", &data.name),
                Item::Train(tree::TrainBlock { name: Some(name), .. }) => ("train", name),
                Item::Tune(tree::Block { name: Some(name), .. }) => ("tune", name),
                Item::Export(tree::Block { name: Some(name), .. }) => ("export", name),
                _ => continue,
            };
            let key = (kind, name.text.clone());
            let is_form = match item {
                Item::Callable(new) if new.kind == Kind::Optimizer => {
                    let mut known = self.callables.get(&name.text).into_iter().flatten();
                    known.all(|it| input_types(&it.callable, sources) != input_types(new, sources))
                }
                _ => false,
            };
            if id != LIBRARY
                && !is_form
                && let Some(first) = seen.get(&key)
            {
                let (name, at, first) = (name.text.to_string(), name.span, first.span);
                problems.push(NameTwice { name, at, first }.into());
                continue;
            }
            seen.insert(key, name.clone());
            match item {
                Item::Callable(callable) => {
                    let forms = self.callables.entry(name.text.clone()).or_default();
                    forms.push(Definition { module: id, callable: callable.clone() });
                }
                Item::Let(value) => _ = self.lets.insert(name.text.clone(), (id, Arc::new(value.clone()))),
                _ => {}
            }
        }
    }
}

/// `std.layers`, of `std/layers.dlm`.
fn dotted(file: &str) -> String {
    file.trim_end_matches(".dlm").replace('/', ".")
}

/// A mistake in the library is ours.
fn assert_sound(name: &str, sources: &Sources, problems: &[Problem]) {
    if let Some(problem) = problems.first() {
        let span = problem.labels[0].span;
        let place = sources[span.file].place(span.start);
        panic!("{name}:{}:{}: {}", place.0, place.1, problem.message);
    }
}

/// Parses texts side by side: everybody who starts dlmc waits for the library.
fn parse_all(files: &[(FileId, &str)]) -> Vec<(tree::File, Vec<Problem>)> {
    let half = files.len() / 2;
    let parse = |files: &[(FileId, &str)]| -> Vec<_> {
        files.iter().map(|&(file, text)| crate::syntax::parse(file, text)).collect()
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| parse(&files[..half]));
        let mut rest = parse(&files[half..]);
        let mut all = first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        all.append(&mut rest);
        all
    })
}

/// The types of a callable's inputs, as they are written.
fn input_types<'s>(callable: &tree::Callable, sources: &'s Sources) -> Vec<Option<&'s str>> {
    callable.inputs.iter().map(|input| input.ty.as_ref().map(|ty| sources.text(ty.span))).collect()
}

/// A path without the steps that lead back: `a/../b` is `b`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
