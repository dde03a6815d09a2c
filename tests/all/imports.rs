//! A file that is imported as a whole means what its names mean that are imported one by one, wherever they may stand.

use std::path::Path;

use dlmc::compile::Override;
use dlmc::ide::render::render;
use dlmc::ide::{self, Look, Report};
use dlmc::model::program::{Pace, Program};
use dlmc::problem::Severity;
use dlmc::source::{FileId, Memory};
use dlmc::tensor::print::print;

use crate::cli::Shell;

/// Everything that can be declared and used elsewhere.
const PARTS: &str = r#"
let width: int = 4
let R: real = 0.25
fn bend(x) = tanh(x) * 2
encoder centred on x: number -> number { fit m = mean(x, over: rows); x - m }
layer ring(units: int, act: fn = bend) on x: f32[N] -> f32[units] { x |> dense(units, act) as only }
layer same on x: f32[N] -> f32[N] = x |> dense(N, tanh)
model net(deep: int = 2) on x: f32[N] -> f32[1] = x |> ring(width) |> repeat(deep, same) as towers |> dense(1) as out
loss off(scale: real = 1) on (yhat: f32[N], y: f32[N]) = mean(abs(y - yhat)) * scale
metric far on (yhat: f32[N], y: f32[N]) -> error = mean(abs(y - yhat))
optimizer plain(lr: rate) on (p, g) { p' = p - lr * g }
schedule half(at: prob = 50%) on (t, total) = where(t < at * total, 1, 0.5)
regularizer flat(by: real) on p = by * sum(p^2)
augmentation blur(by: real = 0.1) on x = x + noise(normal, like: x) * by
names torch of net { rename "a.*" -> ring.only.*; rename "b{i}.*" -> towers[{i}].*; rename "c.*" -> out.* }
"#;

/// The names among them.
const NAMES: [&str; 14] =
    ["width", "R", "bend", "centred", "ring", "same", "net", "off", "far", "plain", "half", "flat", "blur", "torch"];

/// What uses them. `$` stands before each name that comes from the other file.
const PLACES: &str = r#"dlm 1
IMPORT
let depth: int = $width / 2
data d {
  source: table {
    | a | b | y |
    | 1 | 2 | 3 |
    | 2 | 3 | 5 |
    | 3 | 1 | 4 |
    | 4 | 0 | 4 |
  }
  input  x: f32[2] = [a |> $centred, b |> standardize |> $bend]
  target y: number = y |> $centred
}
model own on x: f32[N] -> f32[1] {
  param w: f32[$width, N] ~ uniform(-$R, $R)
  h = w @ x |> $ring($width + 1, act: $bend)
  s = for i in $width => h[i] * $bend(w[i, 0])
  s
  |> repeat(depth, $same) as rounds
  |> $ring(3) as more
  |> dense(1) as out
}
train first {
  model: own
  data: d
  loss: 0.5 * $off(scale: $R) + mse
  optimizer: $plain(lr: 0.01)
  schedule: $half(at: 25%)
  metrics: [$far, mae, $far as further]
  regularize { $flat($R) on *.w }
  augment x { $blur(by: 0.05) }
  keep: best(train.far)
  batch: 2
  for: 3 epochs
}
train second {
  model: $net(deep: 3)
  data: d
  loss: $off
  metrics: [$far]
  optimizer: $plain(lr: 0.1)
  for: 2 epochs
}
tune { train: second; objective: minimize(train.far); budget: 2 trials; train.loss: choice($off, mse) }
"#;

fn apart() -> String {
    PLACES.replace("IMPORT", &format!("use \"parts.dlm\" {{ {} }}", NAMES.join(", "))).replace('$', "")
}

fn whole() -> String {
    PLACES.replace("IMPORT", "use \"parts.dlm\" as parts").replace('$', "parts.")
}

fn world() -> Memory {
    Memory::default().with("parts.dlm", PARTS)
}

fn report(text: &str, set: &[(&str, &str)]) -> Report {
    let set: Vec<Override> =
        set.iter().map(|(path, value)| Override { path: path.to_string(), value: value.to_string() }).collect();
    let report = ide::look(&world(), Path::new("it.dlm"), Some(text.into()), &set, Look::Glance).expect("in memory");
    let errors: Vec<_> = report.problems.iter().filter(|it| it.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    report
}

fn meaning(report: &Report) -> String {
    report.checked.programs.iter().map(program).collect()
}

fn program(program: &Program) -> String {
    let pace = Pace { batch: 2, epoch: 2, total: 6 };
    let step = print(&program.step(pace), &|slot| format!("{slot:?}"));
    let states: Vec<_> = program.states.iter().map(|it| (&it.path, &it.shape)).collect();
    let stages: Vec<_> = program.stages.iter().map(|it| (&it.path, &it.shape, it.parameters)).collect();
    let metrics: Vec<_> = program.train.metrics.iter().map(|it| &it.name).collect();
    format!("{states:?}\n{stages:?}\n{metrics:?}\n{step}\n")
}

#[test]
fn a_whole_file_means_what_its_names_mean_wherever_they_stand() {
    let (apart, whole) = (report(&apart(), &[]), report(&whole(), &[]));
    assert_eq!(whole.checked.programs.len(), 2);
    assert_eq!(meaning(&whole), meaning(&apart));
    assert_eq!(whole.checked.tunes.len(), 1);
}

#[test]
fn settings_of_what_a_file_declares_have_the_paths_that_they_have_elsewhere() {
    let paths = |text: &str| {
        let report = report(text, &[]);
        let all = ide::settings::settings(&world(), Path::new("it.dlm"), text, &[], &report);
        all.into_iter().map(|it| (it.path, it.default)).collect::<Vec<_>>()
    };
    assert_eq!(paths(&whole()), paths(&apart()));
    let set = [("train.loss.off.scale", "3"), ("own.more.units", "7"), ("train.optimizer.lr", "0.5")];
    assert_eq!(meaning(&report(&whole(), &set)), meaning(&report(&apart(), &set)));
}

#[test]
fn an_override_may_name_what_a_whole_file_declares() {
    let text = whole().replace("parts.off(scale: parts.R)", "mae");
    let set = [("train.loss", "parts.off(scale: parts.R)")];
    let expected = PLACES.replace("0.5 * $off(scale: $R) + mse", "$off(scale: $R)");
    let expected =
        expected.replace("loss: $off\n", "loss: $off(scale: $R)\n").replace("IMPORT", "use \"parts.dlm\" as parts");
    assert_eq!(meaning(&report(&text, &set)), meaning(&report(&expected.replace('$', "parts."), &[])));
}

#[test]
fn a_rendering_of_a_whole_file_means_the_same() {
    let text = whole();
    let rendered = render(&world(), Path::new("it.dlm"), &text, &[]).expect("in memory");
    assert!(rendered.contains("loss:       parts.off(scale: 1)"), "{rendered}");
    assert_eq!(meaning(&report(&rendered, &[])), meaning(&report(&text, &[])));
    let formatted = dlmc::syntax::format(FileId(0), &text).expect("no mistake");
    assert_eq!(meaning(&report(&formatted, &[])), meaning(&report(&text, &[])));
}

#[test]
fn an_artifact_of_a_program_with_a_whole_file_serves_without_the_files() {
    let shell = Shell::new();
    shell.write("it.dlm", whole());
    shell.write("parts.dlm", PARTS);
    let said = shell.run(&["run", "it.dlm", "first", "--out", "out", "--quiet"]);
    assert_eq!(said.code, 0, "{}", said.err);
    std::fs::remove_file(shell.path("parts.dlm")).expect("a file");
    std::fs::remove_file(shell.path("it.dlm")).expect("a file");
    shell.write("rows.csv", "a,b\n1,2\n3,4\n");
    let said = shell.run(&["predict", "out/model.dlmx", "rows.csv"]);
    assert_eq!((said.code, said.out.lines().count()), (0, 3), "{}", said.err);
    let said = shell.run(&["eval", "out/model.dlmx", "--split", "train"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("further"), "{}", said.out);
}
