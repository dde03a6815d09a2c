//! `transfer` blocks as a train block writes them: read, and held against the tensors of the model.

use super::parts::named_callable;
use super::{Context, Experiment, first_word};
use crate::model::adapt::Adapter;
use crate::model::fields;
use crate::model::lower::{Declared, Outcome, Reported};
use crate::model::program::Constant;
use crate::model::transfer::{Layout, Origin, Pattern, Rename, Skip, TransferPlan};
use crate::problem::Problem;
use crate::problem::names::{PatternUnmatched, SettingTwice, UnknownSetting};
use crate::problem::transfer::{AdaptedFresh, TransferNowhere, TransferPattern, UnknownLayout, Unlike};
use crate::problem::values::WrongValue;
use crate::source::{Span, nearest};
use crate::syntax::print_expr;
use crate::syntax::tree::{Kind, Name, Selector, Setting, Text, TrainEntry, Transfer, TransferEntry};

/// The one setting of a `transfer` block.
const HASH: &str = "sha256";

/// What stands in `transfer` blocks of all that a train block may say elsewhere, with the part before its names.
pub(super) fn entries(transfer: &Transfer) -> Vec<TrainEntry> {
    let inner = transfer.entries.iter().filter_map(|entry| match entry {
        TransferEntry::Train(entry) => Some(entry.clone()),
        _ => None,
    });
    inner
        .map(|mut entry| {
            match &mut entry {
                TrainEntry::Freeze { what, .. } | TrainEntry::Scale { what, .. } => whole(transfer, what),
                _ => {}
            }
            entry
        })
        .collect()
}

/// Puts the part before the names in it.
fn whole(transfer: &Transfer, what: &mut [Selector]) {
    for it in what {
        if let Some(part) = &transfer.part {
            it.pattern = format!("{}.{}", part.pattern, it.pattern).into();
        }
    }
}

/// What adapts the parameters that a block fills.
pub(super) fn adapters(context: &Context, transfer: &Transfer, problems: &mut Vec<Problem>) -> Outcome<Vec<Adapter>> {
    let (mut found, mut sound) = (vec![], true);
    for entry in &transfer.entries {
        let TransferEntry::Adapt { how, what, .. } = entry else { continue };
        let (how, mut what, module) = (how.clone(), what.clone(), context.module);
        sound &= named_callable(context, Kind::Layer, &how, problems).is_ok();
        whole(transfer, &mut what);
        found.push(Adapter { how, what, module });
    }
    if sound { Ok(found) } else { Err(Reported) }
}

/// Reads a block; every line is read, whatever is wrong with the others.
pub(super) fn read(context: &Context, transfer: &Transfer, problems: &mut Vec<Problem>) -> Outcome<TransferPlan> {
    let Some(Constant::Text(from)) = fields::constant(&transfer.from) else {
        let (setting, wanted) = ("transfer".to_string(), "the path of a file in quotes".to_string());
        let (found, at) = (print_expr(&transfer.from), transfer.from.span);
        problems.push(WrongValue { setting, wanted, found, at, declared: None, help: None, repair: None }.into());
        return Err(Reported);
    };
    let text = context.sources.text(transfer.span);
    let end = transfer.span.start as usize + text.trim_end().len();
    let mut plan = TransferPlan {
        at: first_word(transfer.span, "transfer"),
        whole: Span::new(transfer.span.file, transfer.span.start as usize, end),
        part: transfer.part.clone(),
        from: from.into(),
        from_at: transfer.from.span,
        sha256: None,
        names: None,
        maps: vec![],
        renames: vec![],
        skips: vec![],
        fresh: vec![],
    };
    let mut sound = true;
    for entry in &transfer.entries {
        let read = match entry {
            TransferEntry::Setting(setting) => {
                hash(setting, plan.sha256.as_ref(), problems).map(|it| plan.sha256 = Some(it))
            }
            TransferEntry::Names { name, .. } => asked(name, &mut plan.names, problems),
            TransferEntry::Rename { from, to, layout, .. } => {
                rename(from, to, layout.as_ref(), problems).map(|it| plan.renames.push(it))
            }
            TransferEntry::Skip { names, .. } => {
                plan.skips.extend(skips(names));
                Ok(())
            }
            TransferEntry::Init { what, how, .. } => fresh(what, how, problems).map(|it| plan.fresh.extend(it)),
            TransferEntry::Adapt { .. } | TransferEntry::Train(_) => Ok(()),
            TransferEntry::Broken(_) => Err(Reported),
        };
        sound &= read.is_ok();
    }
    if sound { Ok(plan) } else { Err(Reported) }
}

/// `names torchvision`
fn asked(name: &Name, first: &mut Option<Name>, problems: &mut Vec<Problem>) -> Outcome<()> {
    match first {
        None => *first = Some(name.clone()),
        Some(first) => {
            let (name, at, first) = ("names".to_string(), name.span, first.span);
            problems.push(SettingTwice { name, at, first }.into());
            return Err(Reported);
        }
    }
    Ok(())
}

/// `skip "fc.*"`
pub(super) fn skips(names: &[Text]) -> impl Iterator<Item = Skip> {
    names.iter().map(|it| Skip { what: Pattern::of(&it.value), at: it.span, origin: Origin::Block })
}

/// `sha256: "…"`
fn hash(setting: &Setting, first: Option<&(String, Span)>, problems: &mut Vec<Problem>) -> Outcome<(String, Span)> {
    let (name, at) = (setting.key.text.to_string(), setting.key.span);
    if name != HASH {
        let near = nearest(&name, [HASH]);
        let help = match name.as_str() {
            "names" => format!("a map of names is asked for without a colon: `names {}`", print_expr(&setting.value)),
            _ => format!("its one setting is `{HASH}`"),
        };
        let (block, help) = ("`transfer`".to_string(), Some(help));
        problems.push(UnknownSetting { block, name, at, belongs: None, near, help, edits: vec![] }.into());
        return Err(Reported);
    }
    if let Some((_, first)) = first {
        problems.push(SettingTwice { name, at, first: *first }.into());
        return Err(Reported);
    }
    match fields::constant(&setting.value) {
        Some(Constant::Text(text)) if text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit()) => {
            Ok((text.to_lowercase(), setting.value.span))
        }
        _ => {
            let wanted = "64 hexadecimal digits in quotes".to_string();
            let found = print_expr(&setting.value);
            let help = Some("`dlmc inspect FILE` and `sha256sum FILE` show those of a file".to_string());
            let (setting, at) = (name, setting.value.span);
            problems.push(WrongValue { setting, wanted, found, at, declared: None, help, repair: None }.into());
            Err(Reported)
        }
    }
}

/// `rename "conv1.*" -> stem.conv.* as oihw`
pub(super) fn rename(
    from: &Text,
    to: &Selector,
    layout: Option<&Name>,
    problems: &mut Vec<Problem>,
) -> Outcome<Rename> {
    let (source, target) = (Pattern::of(&from.value), Pattern::of(&to.pattern));
    let stranger = target.numbers().find(|number| source.numbers().all(|it| it != *number));
    let unlike = match stranger {
        Some(number) => Some(Unlike::Number(number.to_string())),
        None => (source.stars() != target.stars()).then(|| Unlike::Stars(source.stars(), target.stars())),
    };
    if let Some(unlike) = unlike {
        problems.push(TransferPattern { unlike, at: to.span, from_at: from.span }.into());
        return Err(Reported);
    }
    let layout = match layout {
        None => None,
        Some(name) => match Layout::of(name.as_str()) {
            Some(layout) => Some((layout, name.span)),
            None => {
                let known = Layout::all().map(|it| it.word().to_string()).collect();
                problems.push(UnknownLayout { word: name.text.to_string(), at: name.span, known }.into());
                return Err(Reported);
            }
        },
    };
    let origin = Origin::Block;
    Ok(Rename { from: source, from_at: from.span, to: target, to_at: to.span, layout, origin })
}

/// `init head fresh`
fn fresh(what: &[Selector], how: &Name, problems: &mut Vec<Problem>) -> Outcome<Vec<Selector>> {
    if how.as_str() == "fresh" {
        return Ok(what.to_vec());
    }
    let (setting, wanted, found, at) = ("init".to_string(), "`fresh`".to_string(), format!("`{}`", how.text), how.span);
    let help = Some("`init … fresh` starts a part as the model says; what else fills it is the file".to_string());
    problems.push(WrongValue { setting, wanted, found, at, declared: None, help, repair: None }.into());
    Err(Reported)
}

impl Experiment {
    /// Whether the blocks speak of tensors that the model has: what needs no file to be seen.
    pub fn transfers_fit(&self, problems: &mut Vec<Problem>) -> Outcome<()> {
        let before = problems.len();
        let kept = |it: &&Declared| it.trained || !it.path.contains(" of ");
        let paths: Vec<&str> = self.declared.iter().filter(kept).map(|it| it.path.as_str()).collect();
        for plan in &self.transfers {
            let own: Vec<&str> = paths.iter().filter_map(|path| plan.within(path)).collect();
            let of = plan.part.as_ref().map(|it| it.pattern.to_string());
            if let (Some(part), true) = (&plan.part, own.is_empty()) {
                problems.push(unmatched(part, &paths));
                continue;
            }
            for fresh in &plan.fresh {
                if !own.iter().any(|path| super::selects(&fresh.pattern, path)) {
                    problems.push(unmatched(fresh, &own));
                }
            }
            // What a map says holds for all that its layer may be made of.
            for rename in plan.renames.iter().filter(|it| it.origin == Origin::Block) {
                // What the numbers and the stars will be, only the file tells: any name that fits will do.
                let is_meant = |path: &&str| {
                    rename.to.catch(path).is_some() || rename.to.catch(&path.replace('[', ".[")).is_some()
                };
                let leads = own.iter().any(is_meant);
                if !leads {
                    let near = nearest(rename.to.text(), parts(&own).iter().map(String::as_str));
                    let (to, at, example) = (rename.to.text().to_string(), rename.to_at, None);
                    problems.push(TransferNowhere { to, part: of.clone(), near, example, at }.into());
                }
            }
        }
        self.adapted_from_files(problems);
        if problems.len() > before { Err(Reported) } else { Ok(()) }
    }

    /// Whether what is adapted, and so stays as it starts, starts as something.
    fn adapted_from_files(&self, problems: &mut Vec<Problem>) {
        for declared in &self.declared {
            let Some(selector) = self.adapters.iter().find_map(|it| it.selector(declared)) else { continue };
            let fresh = self.transfers.iter().find_map(|plan| {
                let name = plan.within(&declared.path)?;
                plan.fresh.iter().find(|it| super::selects(&it.pattern, name))
            });
            if let Some(fresh) = fresh {
                let (parameter, at, fresh_at) = (declared.path.clone(), selector.span, fresh.span);
                problems.push(AdaptedFresh { parameter, at, fresh_at }.into());
            }
        }
    }
}

/// What a pattern could have meant: a part with all that is in it, or a tensor.
fn parts(paths: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for path in paths {
        let inner = path.match_indices('.').map(|(at, _)| format!("{}.*", &path[..at]));
        found.extend(inner.chain([path.to_string()]).filter(|it| !found.contains(it)).collect::<Vec<_>>());
    }
    found
}

fn unmatched(what: &Selector, paths: &[&str]) -> Problem {
    let parts = paths.iter().flat_map(|path| path.match_indices('.').map(|(at, _)| &path[..at]));
    let near = nearest(&what.pattern, paths.iter().copied().chain(parts));
    let parameters = paths.iter().map(|it| it.to_string()).collect();
    PatternUnmatched { pattern: what.pattern.to_string(), at: what.span, near, parameters }.into()
}
