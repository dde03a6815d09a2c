//! The examples: that they learn what they say, on every back end alike.

use super::*;
use dlmc::compile::simplified;
use dlmc::kernel::Machine;
use dlmc::model::program::Pace;
use dlmc::session::artifact::Artifact;
use dlmc::session::{Cell, Through, Trained};

pub(super) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

/// An example with everything that `set` changes in it.
pub(super) fn example(name: &str, set: &[(&str, &str)]) -> Bench {
    Bench::within(Box::new(crate::disk()), &Path::new(FOLDER).join(name).with_extension("dlm"), set)
}

/// The names of all examples.
pub(crate) fn names() -> Vec<String> {
    let name = |path: &PathBuf| path.file_stem().expect("a file").to_str().expect("a plain name").to_owned();
    crate::programs("examples").iter().map(name).collect()
}

/// What is changed of an example that takes long, so that it is soon over.
fn shortened(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "digits" | "digits_conv" | "digits_private" | "rows" => &[("train.for", "2 epochs")],
        "names" => &[("train.for", "2 epochs"), ("endings.channels", "8")],
        "mnist_lenet" => &[("train.for", "2 steps")],
        "cifar_resnet20" | "fashion_resnet" => {
            &[("train.for", "2 steps"), ("train.model.width", "2"), ("train.schedule", "cosine")]
        }
        "whale" => &[("train.for", "8 steps"), ("width", "8")],
        _ => &[],
    }
}

/// An example as it is soon over.
pub(crate) fn small(name: &str) -> Bench {
    example(name, shortened(name))
}

/// A metric of the test split after a run with each of the seeds, on average.
fn mean_over_seeds(name: &str, seeds: std::ops::RangeInclusive<u32>, metric: &str) -> f64 {
    let of = |seed: u32| {
        let bench = example(name, &[("train.seed", &seed.to_string())]);
        bench.run().0.end.test[metric].number().expect("a number")
    };
    let all: Vec<f64> = seeds.map(of).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

#[test]
fn digits_are_read() {
    let accuracy = mean_over_seeds("digits", 1..=5, "accuracy");
    assert!(accuracy >= 0.97, "{accuracy}");
}

#[test]
fn digits_are_read_through_windows() {
    let accuracy = mean_over_seeds("digits_conv", 1..=5, "accuracy");
    assert!(accuracy >= 0.975, "{accuracy}");
}

#[test]
fn digits_are_read_row_by_row() {
    let accuracy = mean_over_seeds("rows", 1..=3, "accuracy");
    assert!(accuracy >= 0.95, "{accuracy}");
}

/// What hides each image costs some of the others, and no more than that.
#[test]
fn digits_are_read_without_telling_of_any() {
    let [hidden, open] = [0, 1].map(|program| {
        let outcome = Bench { program, ..example("digits_private", &[]) }.run().0;
        (outcome.end.test["accuracy"].number().expect("a number"), outcome.end.privacy)
    });
    assert!((0.91..0.95).contains(&hidden.0) && open.0 > 0.95, "{} and {}", hidden.0, open.0);
    let told = hidden.1.expect("a private run");
    assert!(told.epsilon <= 3.0 && told.epsilon > 2.999 && told.delta == 1e-5 && open.1.is_none(), "{told:?}");
}

/// In as few steps, a network that begins by chance reads far fewer of them.
#[test]
fn digits_are_read_by_what_has_seen_others() {
    let accuracy = mean_over_seeds("digits_transfer", 1..=5, "accuracy");
    let (path, folder) = (Path::new(FOLDER).join("digits_transfer.dlm"), tempfile::tempdir().expect("a folder"));
    let text = std::fs::read_to_string(path).expect("the example");
    let (before, _) = text.split_once("  transfer eyes").expect("the clause is the last one");
    let alone = folder.path().join("it.dlm");
    std::fs::write(&alone, format!("{before}}}\n")).expect("a file");
    std::fs::create_dir_all(folder.path().join("data/digits")).expect("a folder");
    let rows = "data/digits/high.csv";
    std::fs::copy(Path::new(FOLDER).join(rows), folder.path().join(rows)).expect("the rows");
    let of = |seed: u32| {
        let bench = Bench::within(Box::new(crate::disk()), &alone, &[("train.seed", &seed.to_string())]);
        bench.run().0.end.test["accuracy"].number().expect("a number")
    };
    let by_chance = (1..=5).map(of).sum::<f64>() / 5.0;
    assert!(accuracy >= 0.85 && by_chance <= accuracy - 0.2, "{accuracy}, and {by_chance} by chance");
}

#[test]
fn irises_are_told_apart() {
    let accuracy = mean_over_seeds("iris", 1..=5, "accuracy");
    assert!(accuracy >= 0.9, "{accuracy}");
}

#[test]
fn penguins_are_told_apart_through_holes_and_words() {
    let accuracy = mean_over_seeds("penguins", 1..=5, "accuracy");
    assert!(accuracy >= 0.98, "{accuracy}");
}

/// 57 % of them are a woman's.
#[test]
fn names_are_told_by_their_letters() {
    let accuracy = mean_over_seeds("names", 1..=2, "accuracy");
    assert!(accuracy >= 0.85, "{accuracy}");
}

/// That a year is as the one before is wrong by 25 spots.
#[test]
fn the_next_year_of_the_sun_is_foreseen_better_than_by_this_one() {
    let rmse = mean_over_seeds("sunspots", 1..=5, "rmse");
    assert!(rmse <= 21.0, "{rmse}");
}

/// R² is measured against the baseline that predicts the mean.
#[test]
fn the_course_of_diabetes_is_foreseen_better_than_by_its_mean() {
    let r2 = mean_over_seeds("diabetes", 1..=5, "r2");
    assert!(r2 >= 0.4, "{r2}");
}

#[test]
fn xor_is_learned_from_every_seed() {
    for seed in 1..=20 {
        let bench = example("xor", &[("train.seed", &seed.to_string())]);
        let trained = Trained::read(&bench.run().0.artifact.unwrap()).unwrap_or_else(|it| panic!("{:#?}", it.problems));
        let table = predicting::predict(&bench, &trained, "a,b\n0,0\n0,1\n1,0\n1,1\n");
        let labels: Vec<&Cell> = table.rows.iter().map(|row| &row[0]).collect();
        let expected = ["0", "1", "1", "0"].map(|it| Cell::Text(it.into()));
        assert!(labels.iter().copied().eq(&expected), "seed {seed}: {table:?}");
    }
}

/// In closed form: from θ = 0 the error along the eigenvector (1, 1) of XᵀX/4 = (2 1; 1 2)/4 shrinks by 1 − 0.01 · 3/4 a
/// step, so θ = (1 − 0.9925¹⁰⁰⁰)/3 in both places.
#[test]
fn the_linear_perceptron_goes_where_it_must() {
    let theta = (1.0 - 0.9925_f64.powi(1000)) / 3.0;
    assert!((theta - 0.3331541).abs() < 5e-8, "as the example says");
    for backend in Backend::ALL {
        let bench = example("perceptron", &[]).on(backend);
        let (outcome, _) = bench.run();
        let path = outcome.artifact.unwrap();
        let artifact = Artifact::read(&path).unwrap();
        let weights = artifact.tensors["w"].floats();
        assert!(weights.iter().all(|it| (f64::from(*it) - theta).abs() < 5e-7), "{backend:?}: {weights:?}");
        let trained = Trained::read(&path).unwrap_or_else(|it| panic!("{:#?}", it.problems));
        let table = predicting::predict(&bench, &trained, "a,b\n0,0\n0,1\n1,0\n1,1\n");
        for (row, expected) in table.rows.iter().zip([0.0, 1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0]) {
            let Cell::Number(found) = row[0] else { panic!("{table:?}") };
            assert!((found - expected).abs() < 5e-4, "{found} for {expected}");
        }
    }
}

#[test]
fn the_perceptron_is_warned_of_what_no_line_fits() {
    let bench = example("perceptron", &[]);
    let report =
        dlmc::ide::report::check(&crate::disk(), &Path::new(FOLDER).join("perceptron.dlm"), None, &[]).expect("a file");
    let [warning] = &report.problems[..] else { panic!("{:#?}", report.problems) };
    assert_eq!(warning.code, "linear-model");
    // A third of the mean of squares, halved by the loss of the program.
    assert!(warning.message.ends_with("the best reachable loss is 0.1667"), "{}", warning.message);
    let (outcome, _) = bench.run();
    assert!(outcome.end.train["loss"].number().unwrap() >= 1.0 / 6.0 - 1e-9, "and it was not reached");
}

/// Every experiment of every example, the long ones for their first steps: what rounding does is amplified by long runs. The kernel
/// interpreter takes its time; what it computes in a step of the long ones is compared below.
#[test]
fn back_ends_give_the_same_losses_in_every_example() {
    let mut runs = 0;
    for name in names() {
        let set = shortened(&name);
        let others: &[Backend] = if set.is_empty() { &[Backend::Kernels, Backend::Native] } else { &[Backend::Native] };
        for program in 0..example(&name, set).checked.programs.len() {
            let of = |backend| losses(&Bench { program, ..example(&name, set).on(backend) }.run().1);
            let expected = of(Backend::Interpreter);
            assert!(!expected.is_empty(), "{name}");
            for &backend in others {
                let found = of(backend);
                assert_eq!(found.len(), expected.len(), "{name}");
                for ((step, expected), (_, found)) in expected.iter().zip(&found) {
                    let close = (expected - found).abs() <= 1e-3 * expected.abs() + 1e-6;
                    assert!(close, "{name} {program} on {backend:?}: {expected} and {found} after step {step}");
                }
            }
            runs += 1;
        }
    }
    assert!(runs >= 12, "{runs} experiments");
}

/// On numbers at random, two steps of two examples each.
#[test]
fn the_machine_code_of_every_example_computes_what_its_kernels_do() {
    for name in names() {
        let bench = small(&name);
        for (seed, program) in (0..).zip(&bench.checked.programs) {
            let step = simplified(&program.step(Pace { batch: 2, epoch: 4, total: 40 }));
            crate::native::check(&step, seed, &Machine::host());
        }
    }
}

#[test]
fn every_example_gives_the_same_bits_from_run_to_run() {
    for name in names() {
        let set = shortened(&name);
        for program in 0..example(&name, set).checked.programs.len() {
            let run = || {
                let bench = Bench { program, ..example(&name, set) };
                let (outcome, events) = bench.run();
                (losses(&events), std::fs::read(outcome.artifact.unwrap()).unwrap())
            };
            assert!(run() == run(), "{name} {program}");
        }
    }
}

/// What a run has measured, a trained model measures again: bit for bit, through the text of its rows.
#[test]
fn the_predictions_of_an_artifact_are_those_of_the_run() {
    let bench = example("digits", &[("train.for", "2 epochs")]);
    let (outcome, _) = bench.run();
    let trained = Trained::read(&outcome.artifact.unwrap()).unwrap_or_else(|it| panic!("{:#?}", it.problems));
    let known = dlmc::session::Known::Split { split: dlmc::model::program::Split::Test, base: &bench.base };
    let evaluation = trained
        .evaluate(known, &Through::new(&crate::disk(), Backend::Native))
        .unwrap_or_else(|it| panic!("{:#?}", it.problems));
    assert_eq!(evaluation.metrics, outcome.end.test);
}

/// What the examples are there to show, each somewhere.
#[test]
fn the_examples_show_every_way_downhill() {
    let text = |name: &String| std::fs::read_to_string(Path::new(FOLDER).join(name).with_extension("dlm")).unwrap();
    let texts: String = names().iter().map(text).collect();
    let texts = texts.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = [
        "batch: all",
        "batch: 1 ",
        "batch: 3 ",
        "gradient_descent(",
        "sgd(",
        "momentum:",
        "nesterov:",
        "adam(",
        "adamw(",
        "mse",
        "cross_entropy",
        "l1(",
        "l2(",
        "constant(",
        "staircase(",
        "exponential(",
        "cosine(",
        "linear(",
        "warmup:",
        "impute(",
        "standardize",
        "embed(",
        "dropout(",
        "stop:",
        "keep:",
    ];
    let missing: Vec<&str> = words.into_iter().filter(|word| !texts.contains(word)).collect();
    assert_eq!(missing, [""; 0]);
}
