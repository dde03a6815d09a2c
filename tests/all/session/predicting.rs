//! What an artifact says about rows.

use super::*;
use dlmc::data::files::Files;
use dlmc::model::program::Split;
use dlmc::session::artifact::Artifact;
use dlmc::session::measure::Model;
use dlmc::session::{Cell, Known, Table, Through, Trained, Value};

fn trained(bench: &Bench) -> (Outcome, Trained) {
    let (outcome, _) = bench.run();
    let trained = Trained::read(outcome.artifact.as_ref().unwrap());
    (outcome, trained.unwrap_or_else(|failure| panic!("{:#?}", failure.problems)))
}

/// What is said of rows.
pub(super) fn predict(bench: &Bench, trained: &Trained, csv: &str) -> Table {
    let world = Memory::default().with("rows.csv", csv);
    let table = trained.predict(&[Path::new("rows.csv")], &Through::new(&world, bench.backend));
    table.unwrap_or_else(|failure| panic!("{:#?}", failure.problems)).table()
}

fn shown(table: &Table) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => format!("{number:.2}"),
        Cell::Missing => "-".into(),
    };
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" "));
    std::iter::once(table.columns.join(" ")).chain(rows).collect::<Vec<_>>().join("\n")
}

#[test]
fn classes_come_with_a_label_and_a_probability_each() {
    let bench = Bench::new(&points());
    let (_, trained) = trained(&bench);
    let table = predict(&bench, &trained, "b,id,a\n0,x,0\n50,y,3\n400,,1\n");
    insta::assert_snapshot!(shown(&table));
}

#[test]
fn a_yes_or_no_comes_with_the_probability_of_yes() {
    let named = XOR.replace("binary", "binary[\"no\", \"yes\"]").replace("binary[\"no\", \"yes\"]_", "binary_");
    let named = named.replace("| 0 |\n", "| no |\n").replace("| 1 |\n", "| yes |\n");
    let bench = Bench::new(&named);
    let (_, trained) = trained(&bench);
    insta::assert_snapshot!(shown(&predict(&bench, &trained, "a,b\n0,0\n0,1\n1,0\n1,1\n")));
}

#[test]
fn numbers_come_in_the_users_units() {
    let bench = Bench::new(LINE);
    let (_, trained) = trained(&bench);
    let table = predict(&bench, &trained, "x\n1\n10\n");
    assert_eq!(table.columns, ["price"]);
    let price = |row: usize| match table.rows[row][0] {
        Cell::Number(number) => number,
        _ => panic!("{table:?}"),
    };
    assert!((price(0) - 1010.0).abs() < 2.0 && (price(1) - 1100.0).abs() < 5.0, "{table:?}");
}

#[test]
fn predictions_do_not_depend_on_what_stands_beside_them() {
    let bench = Bench::new(&points());
    let (_, trained) = trained(&bench);
    let row = |i: usize| format!("{},{}\n", i as f64 * 0.05 - 1.0, 400.0 - 3.7 * i as f64);
    let all = predict(&bench, &trained, &format!("a,b\n{}", (0..300).map(row).collect::<String>()));
    for i in [0, 1, 150, 255, 256, 299] {
        let alone = predict(&bench, &trained, &format!("a,b\n{}", row(i)));
        assert_eq!(alone.rows[0], all.rows[i], "row {i}");
    }
}

#[test]
fn outputs_are_the_same_bits_however_rows_are_batched() {
    let bench = Bench::new(&points());
    let (outcome, _) = bench.run();
    let artifact = Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap();
    let (checked, at, _) = artifact.program().unwrap();
    let program = &checked.programs[at];
    let mut weights = artifact.weights(program).unwrap();
    let fitted = &artifact.document.data.fitted;
    let formulas = &mut dlmc::session::formulas::Formulas(program);
    let files = Files::new(&*bench.world, &bench.base, dlmc::data::Limits::default());
    let dataset = dlmc::data::load_watched(files, &program.data, Some(fitted), formulas).unwrap();
    let part = dataset.part(Split::Train);
    let mut by = |n| Model::new(program, fitted, bench.backend).by(n).outputs(&mut weights, part);
    let all = by(part.rows);
    for n in [1, 7, 16, 128] {
        assert_eq!(by(n), all, "{n} at once");
    }
}

#[test]
fn an_evaluation_repeats_what_the_run_has_measured() {
    let bench = Bench::new(&points());
    let (outcome, trained) = trained(&bench);
    for (split, expected) in [(Split::Train, &outcome.end.train), (Split::Test, &outcome.end.test)] {
        let known = Known::Split { split, base: &bench.base };
        let evaluation = trained.evaluate(known, &Through::new(&*bench.world, bench.backend)).unwrap();
        assert_eq!(&evaluation.metrics, expected);
        let [classes] = &evaluation.classes[..] else { panic!("one output") };
        let right: u64 = (0..3).map(|it| classes.confusion[it][it]).sum();
        let accuracy = right as f64 / evaluation.examples as f64;
        let Value::Number(metric) = evaluation.metrics["accuracy"] else { panic!("a number") };
        assert!((accuracy - metric).abs() < 1e-12, "the metric and the table count alike");
    }
}

#[test]
fn an_evaluation_of_a_file_counts_what_was_taken_for_what() {
    let bench = Bench::new(&points());
    let (_, trained) = trained(&bench);
    let csv = "a,b,kind\n0,0,ape\n0.1,10,ape\n3,50,bee\n3,50,cat\n1,400,cat\n";
    let world = Memory::default().with("rows.csv", csv);
    let known = Known::File(Path::new("rows.csv"));
    let evaluation = trained.evaluate(known, &Through::new(&world, bench.backend)).unwrap();
    assert_eq!(evaluation.examples, 5);
    insta::assert_snapshot!(serde_json::to_string_pretty(&evaluation.classes).unwrap());
}

#[test]
fn an_artifact_holds_all_that_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("deep/line.dlm");
    std::fs::create_dir_all(folder.path().join("deep/parts")).unwrap();
    let text = LINE.replace("dlm 1\n", "dlm 1\nuse \"parts/tower.dlm\" { tower }\n").replace("dense(1)", "tower");
    std::fs::write(&program, text).unwrap();
    std::fs::write(
        folder.path().join("deep/parts/tower.dlm"),
        "dlm 1\nuse \"../last.dlm\" { last }\nlayer tower on x: f32[I] -> f32[1] { x |> last as l }\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("deep/last.dlm"),
        "dlm 1\nlayer last on x: f32[I] -> f32[1] { x |> dense(1) as d }\n",
    )
    .unwrap();
    let bench = Bench::within(Box::new(crate::disk()), &program, &[("for", "3 epochs")]);
    let (outcome, _) = bench.run();
    drop(folder);
    let trained = Trained::read(&outcome.artifact.unwrap()).unwrap_or_else(|it| panic!("{:#?}", it.problems));
    assert!(trained.warnings.is_empty());
    assert_eq!(trained.document.training.step, 3);
    assert_eq!(predict(&bench, &trained, "x\n1\n").rows.len(), 1);
}

#[test]
fn a_checkpoint_predicts_too() {
    let bench = Bench::new(&points()).slow();
    let (outcome, _) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, 7));
    let trained = Trained::read(&outcome.unwrap().checkpoint.unwrap());
    assert!(trained.is_ok());
}

#[test]
fn what_is_no_artifact_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.dlmx");
    let code = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let failure = Trained::read(&path).err().expect("a failure");
        assert_eq!(failure.cause, session::Cause::Unreadable);
        failure.problems[0].code
    };
    assert_eq!(code(b""), "artifact-damaged");
    assert_eq!(code(b"a,b\n1,2\n"), "artifact-damaged");
    let bench = Bench::new(XOR);
    let whole = std::fs::read(bench.run().0.artifact.unwrap()).unwrap();
    let mut container = dlmc::session::container::unpack(&whole).unwrap();
    let mut changed = |change: &dyn Fn(&mut dlmc::session::container::Container)| {
        change(&mut container);
        let tensors: Vec<_> = container.tensors.iter().map(|(name, array)| (name.clone(), array)).collect();
        let bytes = dlmc::session::container::pack(container.document.clone(), &tensors);
        container = dlmc::session::container::unpack(&whole).unwrap();
        code(&bytes)
    };
    assert_eq!(changed(&|it| _ = it.document.insert("format".into(), 2.into())), "artifact-version");
    assert_eq!(changed(&|it| _ = it.document.shift_remove("format")), "artifact-damaged");
    assert_eq!(changed(&|it| _ = it.document.shift_remove("data")), "artifact-damaged");
    assert_eq!(changed(&|it| _ = it.tensors.remove(0)), "artifact-mismatch");
    assert_eq!(changed(&|it| it.tensors[0].0 = "other".into()), "artifact-mismatch");
    assert_eq!(changed(&|it| it.tensors[0].1.shape.push(1)), "artifact-mismatch");
    assert_eq!(changed(&|it| it.tensors[0].1.floats_mut()[0] = f32::NAN), "artifact-damaged");
    let text = |it: &mut dlmc::session::container::Container, text: &str| {
        it.document["program"]["files"][0]["text"] = text.into();
    };
    assert_eq!(changed(&|it| text(it, "")), "artifact-mismatch");
    assert_eq!(changed(&|it| text(it, &XOR.replace("dense(8", "dense(9"))), "artifact-mismatch");
    assert_eq!(changed(&|it| text(it, &XOR.replace("xor_net", "xor")[..400])), "artifact-mismatch");
    assert_eq!(changed(&|it| it.document["program"]["files"] = serde_json::json!([])), "artifact-mismatch");
    assert_eq!(changed(&|it| it.document["data"]["fitted"]["fields"] = serde_json::json!([])), "artifact-mismatch");
}

#[test]
fn damage_never_panics() {
    let bench = Bench::new(&points().replace("20 epochs", "1 epochs"));
    let bytes = std::fs::read(bench.run().0.artifact.unwrap()).unwrap();
    let path = bench.folder.path().join("damaged.dlmx");
    arbtest::arbtest(|u| {
        let mut bad = bytes.clone();
        match u.ratio(1, 2)? {
            true => bad.truncate(u.choose_index(bytes.len())?),
            false => {
                for _ in 0..=u.choose_index(3)? {
                    bad[u.choose_index(bytes.len())?] ^= 1 << u.choose_index(8)?;
                }
            }
        }
        std::fs::write(&path, &bad).unwrap();
        let read = Artifact::read(&path);
        assert!(read.is_err() || bad == bytes, "{} bytes", bad.len());
        Ok(())
    })
    .budget_ms(2_000);
}

/// Tags and grades by a number: what is on, and which of three.
fn tagged(target: &str, result: &str, last: &str, loss: &str, metrics: &str) -> String {
    format!(
        "dlm 1\ndata songs {{\n  source: table {{\n    | beats | tags | grade |\n    | 1 | slow | low |\n    | 2 | slow; sad | low |\n    \
         | 3 | sad | mid |\n    | 4 | hätz | mid |\n    | 5 | fast; sad | high |\n    | 6 | fast | high |\n  }}\n  \
         input beats: number = beats |> standardize\n  target {target}\n}}\n\
         model net on beats: number -> {result} = beats |> dense(16, tanh) as hidden |> {last} as head\n\
         train {{\n  model: net\n  data: songs\n  loss: {loss}\n  optimizer: adam(lr: 0.05)\n  batch: all\n  for: 400 steps\n  \
         metrics: [{metrics}]\n}}\n"
    )
}

#[test]
fn of_a_set_the_labels_come_that_are_on() {
    let target = "tags: set[\"fast\", \"slow\", \"sad\", ..]";
    let metrics = "accuracy, subset_accuracy, hamming, jaccard";
    let text = tagged(target, "logit[K]", "dense(K)", "binary_cross_entropy", metrics)
        .replace("  target", "  ignore grade\n  target");
    let bench = Bench::new(&text);
    let (outcome, trained) = trained(&bench);
    let rows = "beats,tags\n1,slow\n2,sad;slow\n3,sad\n4,\"blue\"\n5,sad;fast\n6,fast;slow\n";
    let table = predict(&bench, &trained, rows);
    assert_eq!(table.columns, ["tags", "tags.fast", "tags.slow", "tags.sad", "tags.other"]);
    let said: Vec<&Cell> = table.rows.iter().map(|row| &row[0]).collect();
    let text = |text: &str| Cell::Text(text.into());
    let expected = ["slow", "slow;sad", "sad", "other", "fast;sad", "fast"].map(text);
    assert_eq!(said, expected.iter().collect::<Vec<_>>());
    let world = Memory::default().with("rows.csv", rows);
    let evaluation =
        trained.evaluate(Known::File(Path::new("rows.csv")), &Through::new(&world, bench.backend)).unwrap();
    // The last row says `slow` that is not said.
    let Value::Number(wrong) = evaluation.metrics["hamming"] else { panic!("a number") };
    assert!((wrong - 1.0 / 24.0).abs() < 1e-9, "{wrong}");
    let [labels] = &evaluation.classes[..] else { panic!("one output") };
    assert!(labels.confusion.is_empty(), "of labels none is taken for another");
    let told: Vec<_> =
        labels.classes.iter().map(|it| (it.class.as_str(), it.precision, it.recall, it.support)).collect();
    let all = Some(1.0);
    let expected =
        [("fast", all, all, 2), ("slow", all, Some(2.0 / 3.0), 3), ("sad", all, all, 3), ("other", all, all, 1)];
    assert_eq!(told, expected);
    // What a model of labels learned is the same from the artifact as from the run.
    let known = Known::Split { split: Split::Train, base: &bench.base };
    assert_eq!(
        trained.evaluate(known, &Through::new(&*bench.world, bench.backend)).unwrap().metrics,
        outcome.end.train
    );
}

#[test]
fn of_an_ordinal_each_value_comes_with_its_probability() {
    let target = "grade: ordinal[\"low\", \"mid\", \"high\"]";
    for (result, last, loss) in [("logit[K - 1]", "coral(K)", "coral"), ("logits[K]", "dense(K)", "cross_entropy")] {
        let text = tagged(target, result, last, loss, "accuracy, mae, weighted_kappa")
            .replace("  target", "  ignore tags\n  target");
        let bench = Bench::new(&text);
        let (outcome, trained) = trained(&bench);
        let table = predict(&bench, &trained, "beats\n1\n3\n6\n");
        assert_eq!(table.columns, ["grade", "grade.low", "grade.mid", "grade.high"], "{loss}");
        for (row, value) in table.rows.iter().zip(["low", "mid", "high"]) {
            assert_eq!(row[0], Cell::Text(value.into()), "{loss}");
            let shares: Vec<f32> = row[1..]
                .iter()
                .map(|cell| match cell {
                    Cell::Number(share) => *share,
                    _ => panic!("{row:?}"),
                })
                .collect();
            assert!(
                (shares.iter().sum::<f32>() - 1.0).abs() < 1e-5 && shares.iter().all(|it| *it >= 0.0),
                "{shares:?}"
            );
        }
        let known = Known::Split { split: Split::Train, base: &bench.base };
        let evaluation = trained.evaluate(known, &Through::new(&*bench.world, bench.backend)).unwrap();
        assert_eq!(evaluation.metrics, outcome.end.train);
        assert_eq!(evaluation.classes[0].confusion, [[2, 0, 0], [0, 2, 0], [0, 0, 2]], "{loss}");
    }
}

/// Scores that should fall from value to value and do not: no probability is below 0.
#[test]
fn of_scores_out_of_order_the_probabilities_are_put_in_order() {
    let target = "grade: ordinal[\"low\", \"mid\", \"high\"]";
    let text = tagged(target, "logit[K - 1]", "dense(K - 1)", "coral", "accuracy")
        .replace("  target", "  ignore tags\n  target")
        .replace("400 steps", "1 steps");
    let bench = Bench::new(&text);
    let artifact = Artifact::read(bench.run().0.artifact.as_ref().unwrap()).unwrap();
    let (checked, at, _) = artifact.program().unwrap();
    let program = &checked.programs[at];
    let model = Model::new(program, &artifact.document.data.fitted, bench.backend);
    // Beyond `low` by 1/4, beyond `mid` by 3/4: put in order that is 3/4 and 1/4, so one value beyond.
    let quarter = (1.0f32 / 3.0).ln();
    let scores = dlmc::tensor::Array::f32(&[2, 2], vec![quarter, -quarter, f32::NAN, 0.0]);
    let reads = dlmc::session::reading::read(program, &model, &[scores]);
    let shown: Vec<Vec<Cell>> = reads[0].columns().into_iter().map(|(_, cells)| cells).collect();
    assert_eq!(shown[0], [Cell::Text("mid".into()), Cell::Missing]);
    let near = |cell: &Cell, value: f32| matches!(cell, Cell::Number(it) if (it - value).abs() < 1e-6);
    assert!(near(&shown[1][0], 0.25) && near(&shown[2][0], 0.5) && near(&shown[3][0], 0.25), "{shown:?}");
}
