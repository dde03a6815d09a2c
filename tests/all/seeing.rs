//! What `render`, `why` and `--set` say of a program is so: they know the same settings, a rendering means the same, and
//! every setting takes a value of its kind and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arbtest::arbitrary::Unstructured;
use dlmc::compile::Override;
use dlmc::ide::render::render;
use dlmc::ide::settings::{Origin, Setting, settings};
use dlmc::ide::{self, Look, Report};
use dlmc::model::program::{Pace, Program};
use dlmc::problem::Severity;
use dlmc::source::{Memory, World};
use dlmc::tensor::Function;
use dlmc::tensor::print::print;

use crate::pages::{blocks, files};

/// A program and the world in which it stands.
struct Case {
    world: Box<dyn World>,
    path: PathBuf,
    text: String,
}

impl Case {
    fn report(&self, text: &str, set: &[Override]) -> Report {
        ide::look(&*self.world, &self.path, Some(text.into()), set, Look::Glance).expect("in memory")
    }

    fn render(&self, text: &str, set: &[Override]) -> String {
        render(&*self.world, &self.path, text, set).unwrap_or_else(|it| panic!("{}: {it:#?}", self.path.display()))
    }

    fn settings(&self, text: &str, set: &[Override]) -> Vec<Setting> {
        settings(&*self.world, &self.path, text, set, &self.report(text, set))
    }

    fn named(&self, path: &str, train: &Option<String>, text: &str) -> Setting {
        let all = self.settings(text, &[]);
        let found = all.into_iter().find(|it| it.path == path && it.train == *train);
        found.unwrap_or_else(|| panic!("{}: {path}\n{text}", self.path.display()))
    }
}

/// The examples, the samples that this version runs, and the programs of the manual.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = vec![];
    for path in ["examples", "tests/samples"].into_iter().flat_map(crate::programs) {
        let text = std::fs::read_to_string(&path).expect("a text");
        cases.push(Case { world: Box::new(crate::disk()), path, text });
    }
    let manual = blocks(include_str!("../../docs/language.md"));
    for (number, block) in manual.iter().filter(|block| block.kind == "dlm" && block.file.is_none()).enumerate() {
        let world = Memory(files(&manual).map(|(name, content)| (name.into(), content)).collect());
        let (path, text) = (format!("manual-{number}.dlm").into(), format!("{}\n", block.body));
        cases.push(Case { world: Box::new(world), path, text });
    }
    cases.retain(|case| is_sound(&case.report(&case.text, &[])));
    assert!(cases.len() > 15, "{}", cases.len());
    cases
}

fn examples() -> Vec<Case> {
    let cases = cases().into_iter().filter(|case| case.path.parent().is_some_and(|it| it.ends_with("examples")));
    cases.collect()
}

fn is_sound(report: &Report) -> bool {
    report.problems.iter().all(|it| it.severity != Severity::Error) && !report.checked.programs.is_empty()
}

/// Everything that a run does with a program.
fn meaning(report: &Report) -> String {
    report.checked.programs.iter().map(program).collect()
}

fn program(program: &Program) -> String {
    let show = |function: Function| print(&function, &|slot| format!("{slot:?}"));
    let (data, train) = (&program.data, &program.train);
    let split =
        |args: &[dlmc::model::program::Given]| args.iter().map(|it| format!("{:?}", it.value)).collect::<Vec<_>>();
    let mut out = format!("{:?} {:?} {}\n", program.name, data.split.kind.as_ref().map(|it| it.as_str()), data.seed);
    out += &format!("{:?} {:?} {:?} {}\n", train.batch, train.length, train.at_most, train.seed);
    out += &format!("{:?} {:?}\n", train.validate, train.checkpoint.as_ref().map(|it| (it.every, it.keep)));
    out += &format!("{:?}\n", train.stop.as_ref().map(|it| (&it.metric, it.patience)));
    out += &match &train.keep {
        dlmc::model::program::Keep::Last => "last\n".to_string(),
        dlmc::model::program::Keep::Best { metric, .. } => format!("{metric:?}\n"),
    };
    out += &train.metrics.iter().map(|it| format!("{} {:?}\n", it.name, it.shape)).collect::<String>();
    out += &program.states.iter().map(|it| format!("{} {:?}\n", it.path, it.shape)).collect::<String>();
    out += &show(program.step(Pace { batch: 3, epoch: 4, total: 40 }));
    out += &show(program.initial());
    for field in 0..data.fields.len() {
        out += &format!("{} {:?}\n", data.fields[field].name, data.fields[field].shape);
        out += &show(program.fit(field, 3));
        out += &show(program.encode(field, 3));
    }
    for metric in 0..train.metrics.len() {
        out += &show(program.metric(metric, 3));
    }
    out += &format!("{:?}\n", split(&data.split.args).iter().filter(|it| !it.starts_with("Word")).collect::<Vec<_>>());
    out
}

#[test]
fn a_rendering_means_the_same_and_is_its_own() {
    for case in cases() {
        let rendered = case.render(&case.text, &[]);
        let report = case.report(&rendered, &[]);
        let name = case.path.display();
        assert!(is_sound(&report), "{name}: {:#?}\n{rendered}", report.problems);
        let before = case.report(&case.text, &[]);
        assert_eq!(before.problems.len(), report.problems.len(), "{name}\n{rendered}");
        assert!(meaning(&before) == meaning(&report), "{name}\n{rendered}");
        assert_eq!(case.render(&rendered, &[]), rendered, "{name}");
        // What is written out is what was listed, and nothing that can be written is left to a default.
        let listed = case.settings(&case.text, &[]);
        // What follows from the rows is known as soon as anybody has counted them.
        let written = |it: &Setting| !matches!(it.origin, Origin::Derived(..));
        for setting in case.settings(&rendered, &[]).into_iter().filter(written) {
            let same = |it: &&Setting| it.path == setting.path && it.train == setting.train && grown(it, &setting);
            assert!(listed.iter().any(|it| same(&it)), "{name}: {setting:#?}");
            let is_left = setting.origin == Origin::Default && setting.path.starts_with("train.");
            assert!(!is_left, "{name}: {setting:#?}\n{rendered}");
        }
        // Comments stay.
        let comments = |text: &str| text.matches('#').count();
        assert_eq!(comments(&case.text), comments(&rendered), "{name}");
    }
}

/// Some values at random for some settings at random: the text that is rendered means what the overrides mean.
#[test]
fn a_rendering_with_overrides_means_the_same() {
    let cases = examples();
    let settings: Vec<Vec<Setting>> = cases.iter().map(|case| case.settings(&case.text, &[])).collect();
    let mut sound = 0;
    arbtest::arbtest(|u: &mut Unstructured| {
        let at = u.choose_index(cases.len())?;
        let (case, all) = (&cases[at], &settings[at]);
        let mut set: Vec<Override> = vec![];
        for _ in 0..u.int_in_range(1..=4)? {
            let setting = u.choose(all)?;
            let values: Vec<String> = rights(setting);
            if !values.is_empty() {
                set.push(Override { path: setting.path.clone(), value: u.choose(&values)?.clone() });
            }
        }
        let report = case.report(&case.text, &set);
        if is_sound(&report) {
            sound += 1;
            let rendered = case.render(&case.text, &set);
            let again = case.report(&rendered, &[]);
            assert!(is_sound(&again), "{set:?}: {:#?}\n{rendered}", again.problems);
            assert!(meaning(&report) == meaning(&again), "{set:?}\n{rendered}");
            assert_eq!(case.render(&rendered, &[]), rendered, "{set:?}");
        }
        Ok(())
    })
    .budget_ms(6_000);
    assert!(sound > 0);
}

/// Whether the value of `after` is that of `before`, or the same calls with more arguments.
fn grown(before: &Setting, after: &Setting) -> bool {
    let outside = |setting: &Setting| {
        let mut depth = 0;
        let plain = setting.value.iter().flat_map(|it| it.chars()).filter(|sign| {
            depth += i32::from(*sign == '(');
            let is_outside = depth == 0;
            depth -= i32::from(*sign == ')');
            is_outside
        });
        plain.collect::<String>()
    };
    let is_call = after.value.as_ref().is_some_and(|it| it.contains('('));
    before.value == after.value || is_call && outside(before) == outside(after)
}

/// Values that a setting may have: another one, and its own.
fn rights(setting: &Setting) -> Vec<String> {
    let key = setting.path.rsplit('.').next().expect("a name");
    let other = match (setting.ty.as_str(), key) {
        ("rate", _) => "4e-3",
        ("prob", _) => "25%",
        ("real", _) => "0.125",
        ("bool", _) => "no",
        ("fn", "act") => "sigmoid",
        ("fn", "init") => "lecun",
        ("time", _) => "3 steps",
        ("", "at_most") => "20min",
        ("", "batch") => "3",
        ("", "accumulate") => "2 batches",
        ("", "for") => "7 steps",
        ("", "seed") | ("int", "seed") => "7",
        ("", "validate") => "every(2 epochs)",
        ("", "schedule") => "cosine(warmup: 1 step)",
        ("", "clip") => "norm(2.0)",
        ("", "checkpoint") => "every(3 epochs)",
        ("", "metrics") => "[]",
        ("", "keep") => "last",
        ("", "stop") => "patience(train.loss, 3 epochs)",
        ("split", _) => "random(train: 50%, val: 50%)",
        _ => "",
    };
    let is_derived = matches!(setting.origin, Origin::Derived(..));
    // A table is shown by the number of its rows.
    let own = setting.value.clone().filter(|it| !it.starts_with("table {"));
    let all = Some(other.to_string()).filter(|it| !it.is_empty()).into_iter().chain(own);
    all.filter(|_| !is_derived).collect()
}

/// Every path that `why` lists, in the first example that has it, takes a right value, which `render` then shows; a value of another type, and one with a
/// unit of another kind, give a problem.
#[test]
fn every_setting_takes_its_kind_of_value_and_no_other() {
    let mut told: BTreeMap<String, [String; 2]> = BTreeMap::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for case in examples() {
        let name = case.path.display();
        for setting in case.settings(&case.text, &[]) {
            let is_new = seen.insert((setting.path.clone(), setting.ty.clone()));
            if matches!(setting.origin, Origin::Derived(..)) || !is_new {
                continue;
            }
            let path = setting.path.clone();
            let set = |value: &str| [Override { path: path.clone(), value: value.into() }];
            let later = path == "train.preview";
            let rights: Vec<String> = rights(&setting).into_iter().filter(|_| !later).collect();
            let taken = rights.iter().find(|value| is_sound(&case.report(&case.text, &set(value))));
            if let Some(value) = taken {
                let rendered = case.render(&case.text, &set(value));
                let shown = case.named(&path, &setting.train, &rendered);
                let wanted = Setting { value: Some(value.clone()), ..setting.clone() };
                assert!(grown(&wanted, &shown), "{name}: {path}={value}\n{rendered}");
                assert!(matches!(shown.origin, Origin::Written(_)), "{name}: {shown:#?}");
            }
            assert!(taken.is_some() || rights.is_empty(), "{name}: {path} takes none of {rights:?}");
            let refused = |value: &str| {
                let report = case.report(&case.text, &set(value));
                let code = report.problems.iter().find(|it| it.severity == Severity::Error).map(|it| it.code);
                code.unwrap_or_else(|| panic!("{name}: {path} takes {value}")).to_string()
            };
            let is_text = setting.ty.contains("text") || setting.ty.contains("quotes");
            let other = if is_text { "7" } else { "\"seven\"" };
            let key = match (setting.ty.as_str(), path.rsplit('.').next()) {
                ("", Some(key)) => key.to_string(),
                (ty, _) => ty.to_string(),
            };
            told.entry(key).or_insert([refused(other), refused("7kHz")]);
        }
    }
    let table: String = told.iter().map(|(kind, [ty, unit])| format!("{kind}: {ty}, {unit}\n")).collect();
    insta::assert_snapshot!(table);
}

/// A path that a program does not have.
#[test]
fn a_path_that_is_not_there_is_told_with_the_nearest() {
    let case = &examples()[0];
    let all = case.settings(&case.text, &[]);
    let path = &all.iter().find(|it| it.path.ends_with(".lr")).expect("a rate").path;
    let (sources, problem) = ide::settings::at(&all, "optimiser.lrr").expect_err("no such path");
    assert_eq!(problem.code, "override-unmatched");
    assert_eq!(sources.text(problem.labels[0].span), "optimiser.lrr");
    assert!(problem.help[0].contains(path.as_str()), "{problem:#?}");
    assert!(Path::new(&case.path).exists());
}
