//! What never happens silently, for every row of every table: numbers that change their type, axes that stretch, units
//! that are left away.

use std::path::Path;
use std::sync::Arc;

use dlmc::compile::{self, Checked};
use dlmc::model::builtins::BUILTINS;
use dlmc::model::check::library;
use dlmc::model::functions::still;
use dlmc::model::lower::Lower;
use dlmc::model::modules::LIBRARY;
use dlmc::model::program::{Pace, StateRole};
use dlmc::model::value::{Number, Value};
use dlmc::problem::Problem;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::source::{FileId, Memory, Span};
use dlmc::syntax::tree::{Quantity, Type, TypeKind};

use crate::check::render_all;

fn check(text: String) -> Checked {
    compile::check(&Memory::default(), Path::new("test.dlm"), Some(text), &[]).expect("in memory")
}

/// A program whose model has these formulas, each the value of a name of its own: `v0`, `v1`, … from line 2 on.
fn with_formulas(formulas: &[String]) -> String {
    let lines: String = formulas.iter().enumerate().map(|(at, it)| format!("  v{at} = {it}\n")).collect();
    format!(
        "model m on (x: f32[3], c: class[3]) -> f32[1] {{\n{lines}  x |> dense(1) }}\n\
         data points {{\n  source: table {{\n    | p | q | r | k | y |\n    | 1 | 2 | 3 | 0 | 1 |\n  }}\n  \
         input x: f32[3] = [p, q, r]\n  input c: class[3] = k\n  target y: number\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: adam\n  for: 3 epochs\n}}\n"
    )
}

/// For each formula the problem that is told of it.
fn told(formulas: &[String]) -> Vec<Option<Problem>> {
    told_in(with_formulas(formulas), formulas)
}

fn told_in(text: String, formulas: &[String]) -> Vec<Option<Problem>> {
    let checked = check(text);
    let mut found = vec![None; formulas.len()];
    for problem in &checked.problems {
        let (line, _) = checked.sources[problem.labels[0].span.file].place(problem.labels[0].span.start);
        assert!(
            (2..2 + formulas.len()).contains(&line),
            "not about a formula:\n{}",
            render_all(std::slice::from_ref(problem), &checked.sources)
        );
        assert!(found[line - 2].replace(problem.clone()).is_none(), "two problems of `{}`", formulas[line - 2]);
    }
    found
}

/// The scalars that can be called by their names; the others are words of the language.
fn callable() -> impl Iterator<Item = Scalar> {
    Scalar::ALL.iter().copied().filter(|it| !matches!(it.def().name, "and" | "or" | "not"))
}

/// All rows of `width` of these.
fn rows<T: Copy>(of: &[T], width: usize) -> Vec<Vec<T>> {
    (0..width).fold(vec![vec![]], |rows, _| {
        rows.iter().flat_map(|row| of.iter().map(move |it| [&row[..], &[*it]].concat())).collect()
    })
}

#[test]
fn numbers_never_change_their_type() {
    // A literal has the type of its neighbour; a class is an i32.
    let operands = [
        ("x", Some(Dtype::F32)),
        ("cast(x, i32)", Some(Dtype::I32)),
        ("(x > 0)", Some(Dtype::Bool)),
        ("c", Some(Dtype::I32)),
        ("2", None),
    ];
    for scalar in callable() {
        let def = scalar.def();
        let rows = rows(&operands, def.operands.len());
        let formulas: Vec<String> = rows
            .iter()
            .map(|row| format!("{}({})", def.name, row.iter().map(|it| it.0).collect::<Vec<_>>().join(", ")))
            .collect();
        for ((row, formula), problem) in rows.iter().zip(&formulas).zip(told(&formulas)) {
            let neighbour = row.iter().filter_map(|it| it.1).find(|it| *it != Dtype::Bool).unwrap_or(Dtype::F32);
            let dtypes: Vec<Dtype> = row.iter().map(|it| it.1.unwrap_or(neighbour)).collect();
            match (scalar.dtype(&dtypes), problem) {
                (Some(_), None) => {}
                (None, Some(problem)) => {
                    assert_eq!(problem.code, "number-types", "{formula}");
                    assert!(problem.message.contains(&format!("`{}`", def.name)), "{formula}: {}", problem.message);
                    assert!(!problem.help.is_empty(), "{formula}");
                }
                (wanted, problem) => panic!("{formula} should be {wanted:?}, and is told {problem:?}"),
            }
        }
    }
}

#[test]
fn axes_of_size_1_never_stretch() {
    let shapes: [&[usize]; 6] = [&[], &[1], &[3], &[1, 3], &[3, 1], &[3, 3]];
    let written = |shape: &[usize]| match shape {
        [] => "sum(x)".to_string(),
        shape => format!("ones({shape:?})"),
    };
    let of_two = callable().filter(|it| it.def().operands.len() == 2 && it.dtype(&[Dtype::F32; 2]).is_some());
    let mut signs: Vec<(String, String, String)> =
        of_two.map(|it| (format!("{}(", it.def().name), ", ".into(), ")".into())).collect();
    for sign in ["+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!="] {
        signs.push(("(".into(), format!(" {sign} "), ")".into()));
    }
    signs.push(("where(sum(x) > 0, ".into(), ", ".into(), ")".into()));
    let pairs = rows(&shapes, 2);
    for (open, between, close) in signs {
        let formulas: Vec<String> =
            pairs.iter().map(|row| format!("{open}{}{between}{}{close}", written(row[0]), written(row[1]))).collect();
        for ((row, formula), problem) in pairs.iter().zip(&formulas).zip(told(&formulas)) {
            let meets = row[0].ends_with(row[1]) || row[1].ends_with(row[0]);
            let code = problem.as_ref().map(|it| it.code);
            assert_eq!(code, (!meets).then_some("shape-mismatch"), "{formula}");
            if let Some(problem) = problem {
                assert!(problem.help.iter().any(|it| it.contains("never stretched")), "{formula}: {:?}", problem.help);
            }
        }
    }
}

/// Built-ins, each with what it makes of named axes, with whose axes that meets, and with whose it does not.
const NAMED: [(&str, &str, &str, &str); 34] = [
    ("sum", "sum(hw, over: H)", "w", "h"),
    ("mean", "mean(hw, over: W)", "h", "w"),
    ("max", "max(hw, over: 0)", "w", "h"),
    ("max", "max(plain, hw)", "hw", "wh"),
    ("min", "min(hw, over: 1)", "h", "w"),
    ("min", "min(hw, 2)", "hw", "wh"),
    ("median", "median(hw, over: H)", "w", "h"),
    ("where", "where(hw > 0, plain, 1)", "hw", "wh"),
    ("present", "where(present(hw), plain, 1)", "hw", "wh"),
    ("reshape", "sum(reshape(hw, [3, 3, 1]), over: last)", "hw", "wh"),
    ("reshape", "reshape(reshape(hw, [9]), [3, 3])", "hw", ""),
    ("reshape", "reshape(reshape(hw, [9]), [3, 3])", "wh", ""),
    ("permute", "permute(hw, [1, 0])", "wh", "hw"),
    ("transpose", "transpose(hw)", "wh", "hw"),
    ("expand", "sum(expand(hw, 1, 2), over: 1)", "hw", "wh"),
    ("expand", "expand(h, 1, 3)", "hw", "wh"),
    ("concat", "sum(concat(hw, plain), over: 1)", "h6", "w6"),
    ("concat", "sum(concat(hw, hw, axis: 1), over: 0)", "w6", "h6"),
    ("concat", "concat(h, w)", "h6", ""),
    ("split", "s1", "h", "w"),
    ("unstack", "u1", "w", "h"),
    ("pad", "sum(pad(hw, 1, 2), over: 1)", "h6", "w6"),
    ("dot", "dot(h, h) * h", "h", "w"),
    ("one_hot", "sum(one_hot(cast(hw, i32), 2), over: last)", "hw", "wh"),
    ("cast", "cast(hw > 0, f32)", "hw", "wh"),
    ("noise", "noise(normal, like: hw)", "hw", "wh"),
    ("tanh", "tanh(hw)", "hw", "wh"),
    ("@", "hw @ plain", "hw", "wh"),
    ("@", "plain @ hw", "hw", "wh"),
    ("@", "hw @ wh + 0 * transpose(hw @ wh)", "plain", "wh"),
    ("for", "for i in 3 => hw[i]", "plain", "h"),
    ("[]", "hw[0]", "w", "h"),
    ("[]", "hw[0 .. 3, 0 .. 3]", "hw", "wh"),
    ("for", "for i in 3, s ~ h => s + hw[i, 0]", "plain", "w"),
];

/// The built-ins that make nothing of axes that have names; those of pictures see columns, whose axes have none.
const WITHOUT_AXES: [&str; 18] = [
    "rank",
    "size",
    "zeros",
    "ones",
    "positions",
    "uniform",
    "normal",
    "repeat",
    "column",
    "columns",
    "separated",
    "decode",
    "resize",
    "center_crop",
    "lower",
    "words",
    "chars",
    "window",
];

/// The same program, with parameters whose axes have names.
fn told_of_named(formulas: &[String]) -> Vec<Option<Problem>> {
    let names = [("hw", "H = 3, W = 3"), ("wh", "W = 3, H = 3"), ("plain", "3, 3"), ("h", "H = 3"), ("w", "W = 3")];
    let names = names.into_iter().chain([("h6", "H = 6"), ("w6", "W = 6")]);
    let (mut params, mut sum) = (String::new(), "x |> dense(1)".to_string());
    for (name, axes) in names {
        params += &format!("param {name}: f32[{axes}] ~ normal(0, 1); ");
        sum = format!("{sum} |> plus_sum({name})");
    }
    let parts = "(u0, u1, u2) = unstack(hw); (s0, s1) = split(h6, 2)";
    let text =
        with_formulas(formulas).replacen("{\n", &format!("{{ {params}{parts}\n"), 1).replacen("x |> dense(1)", &sum, 1)
            + "fn plus_sum(x, y) = x + sum(y)\n";
    told_in(text, formulas)
}

#[test]
fn names_of_axes_go_through_every_built_in() {
    let of = |row: &(&str, &str, &str, &str), other: &str| format!("({}) + {other}", row.1);
    let alone: Vec<String> = NAMED.iter().map(|it| it.1.to_string()).collect();
    let good: Vec<String> = NAMED.iter().map(|it| of(it, it.2)).collect();
    for (formula, problem) in alone.iter().zip(told_of_named(&alone)).chain(good.iter().zip(told_of_named(&good))) {
        assert!(problem.is_none(), "`{formula}` is told {problem:?}");
    }
    let bad: Vec<String> = NAMED.iter().filter(|it| !it.3.is_empty()).map(|it| of(it, it.3)).collect();
    for (formula, problem) in bad.iter().zip(told_of_named(&bad)) {
        let problem = problem.unwrap_or_else(|| panic!("`{formula}` is not told"));
        assert_eq!(problem.code, "axes-differ", "{formula}");
        // The names, and where each is given.
        assert!(problem.message.contains("`H`") && problem.message.contains("`W`"), "{formula}: {}", problem.message);
        assert_eq!(problem.labels.len(), 3, "{formula}: {problem:?}");
    }
    for builtin in BUILTINS {
        let tried = NAMED.iter().any(|it| it.0 == builtin.name) || WITHOUT_AXES.contains(&builtin.name);
        assert!(tried, "nothing says what `{}` makes of names", builtin.name);
    }
}

#[test]
fn axes_of_different_names_never_meet() {
    let mut formulas: Vec<String> = callable()
        .filter(|it| it.def().operands.len() == 2 && it.dtype(&[Dtype::F32; 2]).is_some())
        .map(|it| format!("{}(hw, wh)", it.def().name))
        .collect();
    for sign in ["+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!="] {
        formulas.push(format!("hw {sign} wh"));
    }
    let others = [
        "where(hw > 0, wh, 1)",
        "where(hw > 0, 1, wh)",
        "where(plain > 0, hw, wh)",
        "sum(hw, where: wh > 0)",
        "concat(hw, wh)",
        "concat(hw, wh, axis: 1)",
        "dot(h, w)",
        "hw + h",
        "hw @ hw",
        "hw @ transpose(wh)",
        "for i in 3, s ~ h => s + w",
    ];
    formulas.extend(others.map(String::from));
    for (formula, problem) in formulas.iter().zip(told_of_named(&formulas)) {
        let code = problem.as_ref().map(|it| it.code);
        assert_eq!(code, Some("axes-differ"), "{formula}: {problem:?}");
    }
}

#[test]
fn losses_and_metrics_take_axes_of_the_same_names() {
    let program = |result: &str, target: &str, metric: &str| {
        let columns: Vec<String> = (0..9).map(|at| format!("c{at}")).collect();
        let cells: Vec<String> = (0..9).map(|at| at.to_string()).collect();
        format!(
            "model m on x: f32[3] -> f32[{result}] = reshape(x |> dense(9), [3, 3])\n\
             data points {{\n  source: table {{\n    | {} |\n    | {} |\n  }}\n  \
             input x: f32[3] = [c0, c1, c2]\n  \
             target y: f32[{target}] = reshape([{}], [3, 3])\n}}\n\
             train {{\n  model: m\n  data: points\n  loss: mse\n  metrics: [{metric}]\n  optimizer: adam\n  for: 3 epochs\n}}\n",
            columns.join(" | "),
            cells.join(" | "),
            columns.join(", "),
        )
    };
    let codes = |result: &str, target: &str, metric: &str| -> Vec<&str> {
        check(program(result, target, metric)).problems.iter().map(|it| it.code).collect()
    };
    let (hw, wh) = ("H = 3, W = 3", "W = 3, H = 3");
    for (result, target) in [(hw, hw), (wh, wh), ("3, 3", hw), (hw, "3, 3")] {
        assert!(!codes(result, target, "mae").contains(&"axes-differ"), "{result} and {target}");
    }
    for metric in ["mae", "rmse"] {
        assert!(codes(hw, wh, metric).contains(&"axes-differ"), "{:?}", codes(hw, wh, metric));
    }
}

/// What is frozen by its name keeps its statistics; what is not, moves them.
#[test]
fn frozen_layers_keep_their_statistics() {
    for (lines, moving) in
        [("", 2), ("  freeze norm\n", 0), ("  freeze dense, norm\n", 0), ("  freeze norm.scale\n", 2)]
    {
        let text = with_formulas(&[])
            .replace("x |> dense(1)", "x |> dense(4, tanh) |> batch_norm as norm |> dense(1) as out")
            .replace("  for: 3 epochs\n", &format!("  for: 3 epochs\n{lines}"));
        let checked = check(text);
        let [program] = &checked.programs[..] else { panic!("{:?}", checked.problems) };
        let step = program.step(Pace { batch: 4, epoch: 10, total: 30 });
        let is_statistic = |slot: u32| program.states[slot as usize].role == StateRole::Layer;
        let moved = step.updates.iter().filter(|(slot, _)| is_statistic(*slot)).count();
        assert_eq!(moved, moving, "{lines}");
    }
}

// ------------------------------------------------------------------------------------------------ units

/// A value of each measure, and of none.
const QUANTITIES: [(&str, f64, Option<&str>, bool); 15] = [
    ("1", 1.0, None, true),
    ("3", 3.0, None, true),
    ("0.5", 0.5, None, false),
    ("10%", 10.0, Some("%"), true),
    ("0.1x", 0.1, Some("x"), false),
    ("15deg", 15.0, Some("deg"), true),
    ("4px", 4.0, Some("px"), true),
    ("10min", 10.0, Some("min"), true),
    ("3 epochs", 3.0, Some("epochs"), true),
    ("5 steps", 5.0, Some("steps"), true),
    ("4 batches", 4.0, Some("batches"), true),
    ("16kHz", 16.0, Some("kHz"), true),
    ("6dB", 6.0, Some("dB"), true),
    ("64MiB", 64.0, Some("MiB"), true),
    ("9 tokens", 9.0, Some("tokens"), true),
];

/// What each type of a setting takes.
const TAKES: [(&str, &[&str]); 14] = [
    ("int", &["1", "3", "4px"]),
    ("real", &["1", "3", "0.5", "10%", "0.1x"]),
    ("prob", &["1", "0.5", "10%"]),
    ("rate", &["1", "3", "0.5"]),
    ("time", &["10%", "3 epochs", "5 steps"]),
    ("angle", &["15deg"]),
    ("length", &["4px"]),
    ("bytes", &["64MiB"]),
    ("frequency", &["16kHz"]),
    ("fn", &[]),
    ("name", &[]),
    ("bool", &[]),
    ("text", &[]),
    ("list", &[]),
];

fn nowhere() -> Span {
    Span { file: FileId(u32::MAX), start: 0, end: 0 }
}

/// Whether a setting of this type takes the quantity, and what is said if it does not.
fn setting(name: &str, ty: &Type, quantity: (&str, f64, Option<&str>, bool)) -> Result<(), Vec<Problem>> {
    let (sources, modules) = library();
    let mut problems = vec![];
    let mut lower = Lower::new(modules, sources.ids().count() as u32, &mut problems, still(2));
    let (_, value, unit, whole) = quantity;
    let unit: Option<Arc<str>> = unit.map(Arc::from);
    let value = Value::Number(Number::written(&Quantity { value, unit, whole }));
    let taken = lower.setting(name, ty, value, nowhere()).is_ok();
    assert_eq!(taken, problems.is_empty());
    if taken { Ok(()) } else { Err(problems) }
}

#[test]
fn every_setting_of_the_library_takes_its_own_units_and_no_other() {
    let (_, modules) = library();
    let mut settings = 0;
    for definition in modules.definitions(LIBRARY) {
        for param in &definition.callable.config {
            let Some(ty @ Type { kind: TypeKind::Named { name, dims }, .. }) = &param.ty else { continue };
            // A tensor is no setting.
            let Some((_, takes)) = TAKES.iter().find(|it| it.0 == name.as_str() && dims.is_empty()) else { continue };
            settings += 1;
            for quantity in QUANTITIES {
                let what = format!("{}({}: {})", definition.callable.name.text, param.name.text, quantity.0);
                match setting(param.name.as_str(), ty, quantity) {
                    Ok(()) => assert!(takes.contains(&quantity.0), "{what} is taken"),
                    Err(problems) => {
                        assert!(!takes.contains(&quantity.0), "{what} is refused: {problems:?}");
                        refused(&what, param.name.as_str(), quantity, &problems);
                    }
                }
            }
        }
    }
    assert!(settings > 60, "{settings} settings were tried");
}

/// One problem says which setting, and what is wrong with the unit.
fn refused(what: &str, name: &str, quantity: (&str, f64, Option<&str>, bool), problems: &[Problem]) {
    let [problem] = problems else { panic!("{what}: {problems:?}") };
    let codes: &[&str] = match quantity.2 {
        Some(_) => &["wrong-unit"],
        None => &["missing-unit", "wrong-value", "out-of-range"],
    };
    assert!(codes.contains(&problem.code), "{what}: {problem:?}");
    assert!(problem.message.contains(&format!("`{name}`")), "{what}: {}", problem.message);
    if problem.code == "missing-unit" {
        assert!(problem.help.iter().any(|it| it.starts_with("write ")), "{what}: {:?}", problem.help);
    }
}

#[test]
fn every_type_of_setting_takes_its_own_units_and_no_other() {
    for (ty, takes) in TAKES {
        let text = format!("layer own(it: {ty}) on x: f32[3] -> f32[3] = x");
        let (tree, problems) = dlmc::syntax::parse(FileId(u32::MAX), &text);
        assert!(problems.is_empty(), "{problems:?}");
        let dlmc::syntax::tree::Item::Callable(callable) = &tree.items[0] else { panic!("a layer") };
        let param = &callable.config[0];
        for quantity in QUANTITIES {
            let what = format!("a setting of type {ty}: {}", quantity.0);
            match setting("it", param.ty.as_ref().expect("written"), quantity) {
                Ok(()) => assert!(takes.contains(&quantity.0), "{what} is taken"),
                Err(problems) => {
                    assert!(!takes.contains(&quantity.0), "{what} is refused: {problems:?}");
                    refused(&what, "it", quantity, &problems);
                }
            }
        }
    }
}

#[test]
fn every_setting_of_a_run_takes_its_own_units_and_no_other() {
    let settings: [(&str, &[&str]); 8] = [
        ("for: §", &["3 epochs", "5 steps"]),
        ("at_most: §", &["10min"]),
        ("batch: §", &["1", "3"]),
        ("seed: §", &["1", "3"]),
        ("validate: every(§)", &["3 epochs", "5 steps", "10min"]),
        ("stop: patience(val.loss, §)", &["3 epochs", "5 steps", "10min"]),
        ("checkpoint: every(§)", &["3 epochs", "5 steps", "10min"]),
        ("lr § on dense", &["0.1x"]),
    ];
    for (line, takes) in settings {
        for quantity in QUANTITIES {
            let line = line.replace('§', quantity.0);
            let length = if line.starts_with("for:") { "" } else { "  for: 9 epochs\n" };
            let text = with_formulas(&[]).replace("  for: 3 epochs\n", &format!("{length}  {line}\n"));
            let checked = check(text);
            let codes: Vec<&str> = checked.problems.iter().map(|it| it.code).collect();
            match &codes[..] {
                [] => assert!(takes.contains(&quantity.0), "`{line}` is taken"),
                [code] => {
                    assert!(!takes.contains(&quantity.0), "`{line}` is refused: {:?}", checked.problems);
                    let wanted: &[&str] = match quantity.2 {
                        Some(_) => &["wrong-unit"],
                        None => &["missing-unit", "wrong-value", "out-of-range"],
                    };
                    assert!(wanted.contains(code), "`{line}`: {:?}", checked.problems);
                }
                _ => panic!("`{line}`: {codes:?}"),
            }
        }
    }
}
