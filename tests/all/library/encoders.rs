//! Encoders: what they fit, on training rows only, and what they make of a column.

use dlmc::data::{self, Fitter, Limits};
use dlmc::session::formulas::Formulas;

use super::*;

struct Case {
    signature: &'static str,
    formula: &'static str,
    /// The field's type, and the cells of the column.
    ty: &'static str,
    cells: &'static [&'static str],
    /// How many of the cells, the first ones, are training rows.
    training: usize,
    /// What the model receives of each.
    values: &'static [f64],
}

const STANDARDIZE: &str = "encoder standardize on x: f32[..]";
const SCALE: &str = "encoder scale(to: range) on x: f32[..]";

const CASES: &[Case] = &[
    Case {
        signature: STANDARDIZE,
        formula: "v |> standardize",
        ty: "number",
        cells: &["1", "3", "5", "7", "100"],
        training: 4,
        // Mean 4, variance (9 + 1 + 1 + 9) / 4 = 5.
        values: &[-1.341_640_786_5, -0.447_213_595_5, 0.447_213_595_5, 1.341_640_786_5, 42.932_505_168],
    },
    Case {
        signature: STANDARDIZE,
        formula: "v |> standardize",
        ty: "number",
        cells: &["2", "2", "2", "5"],
        training: 3,
        values: &[0.0, 0.0, 0.0, 3.0],
    },
    Case {
        signature: "encoder impute(with: fn) on x: f32[..]?",
        formula: "v |> impute(median)",
        ty: "number",
        cells: &["1", "", "4", "100", "2", "", "-5"],
        training: 5,
        // Of 1, 4, 100, 2.
        values: &[1.0, 3.0, 4.0, 100.0, 2.0, 3.0, -5.0],
    },
    Case {
        signature: "encoder impute(with: fn) on x: f32[..]?",
        formula: "v |> impute(mean)",
        ty: "number",
        cells: &["1", "", "4", "100", "2", ""],
        training: 4,
        values: &[1.0, 35.0, 4.0, 100.0, 2.0, 35.0],
    },
    Case {
        signature: "encoder impute(value: real) on x: f32[..]?",
        formula: "v |> impute(value: -1)",
        ty: "number",
        cells: &["1", "", "4", ""],
        training: 2,
        values: &[1.0, -1.0, 4.0, -1.0],
    },
    Case {
        signature: SCALE,
        formula: "v |> scale",
        ty: "number",
        cells: &["2", "6", "4", "8", "0"],
        training: 3,
        values: &[0.0, 1.0, 0.5, 1.5, -0.5],
    },
    Case {
        signature: SCALE,
        formula: "v |> scale(-1 .. 1)",
        ty: "number",
        cells: &["2", "6", "4"],
        training: 3,
        values: &[-1.0, 1.0, 0.0],
    },
    Case {
        signature: SCALE,
        formula: "v |> scale",
        ty: "number",
        cells: &["3", "3", "4"],
        training: 2,
        values: &[0.0, 0.0, 1.0],
    },
    Case {
        signature: STANDARDIZE,
        formula: "v |> impute(median) |> standardize",
        ty: "number",
        cells: &["1", "", "5", "9"],
        training: 3,
        // 1, 3, 5: mean 3, variance 8/3.
        values: &[-1.224_744_871_4, 0.0, 1.224_744_871_4, 3.674_234_614_2],
    },
];

pub fn cases() -> Vec<&'static str> {
    let images = [
        "encoder scale(to: range) on x: image[H, W, C]",
        "encoder standardize(per: name) on x: f32[H, W, C]",
        "encoder normalize(like: name) on x: f32[H, W, C]",
        "encoder normalize(mean: list, deviation: list) on x: f32[H, W, C]",
    ];
    CASES.iter().map(|it| it.signature).chain(images).collect()
}

fn experiment(case: &Case) -> Program {
    let row = |cell: &&str| format!("    | {} | 1 |\n", if cell.is_empty() { "\"\"" } else { cell });
    let rows: String = case.cells.iter().map(row).collect();
    let (train, val) = (case.training, case.cells.len() - case.training);
    let split = match val {
        0 => String::new(),
        _ => format!("  split: by_position(train: {train}, val: {val})\n"),
    };
    let text = format!(
        "dlm 1\ndata points {{\n  source: table {{\n    | v | y |\n{rows}  }}\n{split}\
           input x: {} = {}\n  target y: number\n}}\n\
         model m on x: {} -> number = x |> dense(1)\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n",
        case.ty, case.formula, case.ty
    );
    program(&text.replace("\"\"", "  "))
}

/// Two places of two channels: 1 and 3, 5 and 7 of the training rows in the first; 10 everywhere in the second.
#[test]
fn images_are_standardized_channel_by_channel() {
    let text = "dlm 1
data points {
  source: table {
    | v0 | v1 | v2 | v3 | y |
    | 1  | 10 | 3  | 10 | 0 |
    | 5  | 10 | 7  | 10 | 1 |
    | 4  | 12 | 9  | 10 | 1 |
  }
  split: by_position(train: 2, val: 1)
  input  x: image[2, 1, 2] = columns(\"v*\") |> reshape([2, 1, 2]) |> standardize(per: channel)
  target y: number
}
model m on x: image[2, 1, 2] -> number = x |> flatten |> dense(1)
train { model: m; data: points; loss: mse; optimizer: sgd; for: 1 epoch }";
    let program = program(text);
    let world = Memory::default();
    let loaded = data::load(&world, Path::new(""), &program.data, &mut Formulas(&program), Limits::default());
    let dataset = loaded.unwrap_or_else(|problems| panic!("{problems:#?}"));
    // Mean 4, variance (9 + 1 + 1 + 9) / 4 = 5; a channel that never changes becomes 0, and is then as far as it is.
    let root = 5.0_f64.sqrt();
    let of = |split| Wide::from(&**dataset.part(split).fields[0].as_ref().expect("images")).data;
    use dlmc::model::program::Split;
    let train = [-3.0 / root, 0.0, -1.0 / root, 0.0, 1.0 / root, 0.0, 3.0 / root, 0.0];
    close(&of(Split::Train), &train, 1e-6, "training rows");
    close(&of(Split::Val), &[0.0, 2.0, 5.0 / root, 0.0], 1e-6, "a row of validation");
}

/// Of 0 and 1 in each channel.
#[test]
fn images_are_normalized_as_others_were() {
    for (call, [red, green, blue]) in [
        ("imagenet", [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]),
        ("mean: [0.5, 0.25, 0], deviation: [0.5, 2, 1]", [(0.5, 0.5), (0.25, 2.0), (0.0, 1.0)]),
    ] {
        let program = program(&format!(
            "dlm 1
data pictures {{
  source: idx(\"a\", \"b\")
  input  image: image[2, 1, 3] = images |> scale |> normalize({call})
  target label: class[2] = labels
}}
model m on image: image[2, 1, 3] -> logits[2] = image |> flatten |> dense(2)
train {{ model: m; data: pictures; loss: cross_entropy; optimizer: sgd; for: 1 epoch }}
"
        ));
        let pixels = Array::f32(&[1, 2, 1, 3], vec![0.0, 0.0, 0.0, 255.0, 255.0, 255.0]);
        let found = computed(&program.encode(0, 1), &[], &[pixels], CLOCK).remove(0);
        let of = |value: f64| [red, green, blue].map(|(mean, deviation)| (value - mean) / deviation);
        close(&found.data, &[of(0.0), of(1.0)].concat(), 1e-6, call);
    }
}

#[test]
fn every_encoder_fits_on_training_rows_alone() {
    for case in CASES {
        let program = experiment(case);
        let world = Memory::default();
        let loaded = data::load(&world, Path::new(""), &program.data, &mut Formulas(&program), Limits::default());
        let dataset = loaded.unwrap_or_else(|problems| panic!("{}: {problems:#?}", case.formula));
        let mut found = vec![];
        for split in dlmc::model::program::Split::ALL {
            if let Some(Some(array)) = dataset.part(split).fields.first() {
                found.extend(Wide::from(&**array).data);
            }
        }
        close(&found, case.values, 1e-6, case.formula);
    }
}

#[test]
fn fitting_and_encoding_mean_the_same_on_every_back_end() {
    for case in CASES {
        let program = experiment(case);
        let n = case.cells.len();
        let number = |cell: &&str| if cell.is_empty() { f32::NAN } else { cell.parse().expect("a number") };
        let column = Array::f32(&[n, 1], case.cells.iter().map(number).collect());
        let train = column.rows(&(0..case.training).collect::<Vec<_>>());
        let fits = computed(&program.fit(0, case.training), &[], &[train], CLOCK);
        let narrow = |it: &Wide| Array::f32(&it.shape, it.data.iter().map(|&it| it as f32).collect());
        let states: Vec<Array> = fits.iter().map(narrow).collect();
        let found = computed(&program.encode(0, n), &states, &[column], CLOCK).remove(0);
        close(&found.data, case.values, 1e-5, case.formula);
    }
}

/// What is fitted to portions of the rows is what is fitted to all of them; what has to sort all rows takes no portions.
#[test]
fn rows_that_come_in_portions_are_fitted_as_if_they_did_not() {
    let mut taken = vec![];
    for case in CASES {
        let program = experiment(case);
        let number = |cell: &&str| if cell.is_empty() { f32::NAN } else { cell.parse().expect("a number") };
        let train: Vec<f32> = case.cells[..case.training].iter().map(number).collect();
        let train = Array::f32(&[case.training, 1], train);
        taken.extend(in_portions(&program, &train).then_some(case.formula));
    }
    for formula in ["v |> standardize", "v |> impute(mean)", "v |> scale"] {
        assert!(taken.contains(&formula), "{formula} of {taken:?}");
    }
    assert!(!taken.contains(&"v |> impute(median)"));
    let program = program(
        "dlm 1
data pictures {
  source: idx(\"a\", \"b\")
  input  image: image[3, 2, 3] = images |> scale |> standardize(per: channel)
  target label: class[2] = labels
}
model m on image: image[3, 2, 3] -> logits[2] = image |> flatten |> dense(2)
train { model: m; data: pictures; loss: cross_entropy; optimizer: sgd; for: 1 epoch }
",
    );
    let pixels = (0..7 * 18).map(|at| ((at * at * 7 + at * 31) % 256) as f32).collect();
    assert!(in_portions(&program, &Array::f32(&[7, 3, 2, 3], pixels)));
}

/// Whether the first field is fitted in portions; then it is fitted to all of `rows` the same.
fn in_portions(program: &Program, rows: &Array) -> bool {
    let (count, mut formulas) = (rows.shape[0], Formulas(program));
    let whole = formulas.fit(0, std::slice::from_ref(rows));
    let takes = formulas.fits_in_portions(0, count);
    for portion in [1, 2, 3, 100] {
        let mut some = |range: std::ops::Range<usize>| vec![rows.rows(&range.collect::<Vec<_>>())];
        let found = formulas.fit_in_portions(0, count, portion, &mut some);
        assert_eq!(found.is_some(), takes);
        for (found, whole) in found.iter().flatten().zip(&whole) {
            assert_eq!(found.shape, whole.shape);
            close(&Wide::from(found).data, &Wide::from(whole).data, 1e-6, "in portions");
        }
    }
    takes
}

#[test]
fn pixels_are_scaled_by_what_a_byte_can_hold() {
    let text = "dlm 1
data pictures {
  source: idx(\"a\", \"b\")
  input  image: image[2, 2, 1] = images |> scale(-1 .. 1)
  target label: class[2] = labels
}
model m on image: image[2, 2, 1] -> logits[2] = image |> flatten |> dense(2)
train {
  model: m
  data: pictures
  loss: cross_entropy
  optimizer: sgd
  for: 1 epoch
}
";
    let program = program(text);
    assert_eq!(program.data.fields[0].fits, 0, "nothing is fitted");
    let pixels = Array::f32(&[2, 2, 2, 1], vec![0.0, 255.0, 51.0, 102.0, 0.0, 127.5, 255.0, 204.0]);
    let found = computed(&program.encode(0, 2), &[], &[pixels], CLOCK).remove(0);
    close(&found.data, &[-1.0, 1.0, -0.6, -0.2, -1.0, 0.0, 1.0, 0.6], 1e-6, "scale");
}
