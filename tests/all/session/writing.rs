//! Models of tokens: trained on a text, asked to write one.

use std::path::Path;

use dlmc::compile::Backend;
use dlmc::data::files::Files;
use dlmc::data::{Limits, load_watched};
use dlmc::model::program::Split;
use dlmc::session::artifact::Artifact;
use dlmc::session::formulas::{Formulas, interpret};
use dlmc::session::generation::Draft;
use dlmc::session::measure::Model;
use dlmc::session::{Cell, Event, Known, Outcome, Place, Reason, Through, Trained, Value};
use dlmc::source::Memory;
use dlmc::tensor::Array;

use super::Bench;

/// What is to be learned: each letter follows from the one before.
const SONG: &str = "do re mi fa so la ti ";

/// A model of the song, with `more` in its training.
fn program(net: &str, more: &str) -> String {
    format!(
        "dlm 1\n\ndata song {{\n  source: text_file(\"song.txt\")\n  split: by_position(train: 80%, val: 20%)\n  \
         input  text: tokens[8, 13] = chars |> window(8)\n  target next: tokens[8, 13] = chars |> window(8, offset: 1)\n}}\n\n\
         model net on text: tokens[T, V] -> logits[T, V] = text |> embed(16) as e {net} |> dense(V) as out\n\n\
         train {{\n  model: net\n  data: song\n  loss: cross_entropy\n  metrics: [accuracy]\n  optimizer: adam(lr: 0.01)\n  \
         batch: 16\n  for: 120 steps\n  validate: every(60 steps)\n  seed: 3\n{more}}}\n"
    )
}

/// Sees what stood before by way of what attention gathers.
const CAUSAL: &str = "|> attention(heads: 2, causal: yes, rotary: yes) as gather |> dense(32, relu) as mix";

fn bench(net: &str, more: &str) -> Bench {
    let world = Memory::default().with("it.dlm", &program(net, more)).with("song.txt", &SONG.repeat(20));
    Bench::within(Box::new(world), Path::new("it.dlm"), &[])
}

fn draft(prompt: &str, tokens: usize, temperature: f64) -> Draft {
    Draft { prompt: prompt.into(), tokens, temperature, top: None, seed: 5 }
}

fn written(trained: &Trained, draft: &Draft) -> String {
    let mut text = String::new();
    let told = trained.write(draft, Backend::Native, |piece| {
        text += piece;
        true
    });
    told.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
    text
}

#[test]
fn a_model_of_a_text_writes_it() {
    let bench = bench(CAUSAL, "  preview: generate(\"do \", 9 tokens, temperature: 0)\n");
    let (outcome, events) = bench.run();
    let shown = |event: &Event| match event {
        Event::Preview { step, text } => Some((*step, text.clone())),
        _ => None,
    };
    let shown: Vec<(u64, String)> = events.iter().filter_map(shown).collect();
    assert_eq!(shown.iter().map(|it| it.0).collect::<Vec<_>>(), [60, 120]);
    assert_eq!(shown[1].1, "do re mi fa ");
    let Value::Number(accuracy) = outcome.end.val["accuracy"] else { panic!("a number") };
    assert!(accuracy > 0.9, "{accuracy}");
    let trained = Trained::read(outcome.artifact.as_ref().unwrap()).unwrap();
    assert_eq!(written(&trained, &draft("do ", 30, 0.0)), "do re mi fa so la ti do re mi fa ");
    // What is drawn is a function of the seed; all are drawn from one token.
    let free = |seed| written(&trained, &Draft { seed, ..draft("so ", 40, 3.0) });
    assert_eq!(free(1), free(1));
    assert_ne!(free(1), free(2));
    assert_eq!(
        written(&trained, &Draft { top: Some(1), ..draft("do ", 30, 3.0) }),
        written(&trained, &draft("do ", 30, 0.0))
    );
    // Without a prompt something is written too, and nobody has to hear all of it.
    assert_eq!(written(&trained, &draft("", 6, 0.0)).chars().count(), 6);
    let mut heard = 0;
    let stopped = trained.write(&draft("do ", 1_000_000, 0.0), Backend::Native, |_| {
        heard += 1;
        heard < 4
    });
    assert!(stopped.is_ok() && heard == 4);
    let refused = trained.write(&draft("xylophone", 3, 1.0), Backend::Native, |_| true).unwrap_err();
    assert_eq!(refused.problems[0].code, "unknown-prompt");
}

/// Each prediction of a row of windows is a text: what follows each of its tokens.
#[test]
fn a_text_is_predicted_window_by_window() {
    let bench = bench(CAUSAL, "");
    let (outcome, _) = bench.run();
    let trained = Trained::read(outcome.artifact.as_ref().unwrap()).unwrap();
    let world = Memory::default().with("rows.txt", "so la ti do re mi fa so l");
    let table = trained.predict(&[Path::new("rows.txt")], &Through::new(&world, Backend::Native)).unwrap().table();
    assert_eq!(table.columns, ["next"]);
    let texts = table.rows.iter().map(|row| match &row[0] {
        Cell::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    });
    let texts: Vec<String> = texts.collect();
    assert_eq!(texts.len(), 3);
    // At its first places a window has seen too little to tell.
    assert!(texts[0].ends_with(" ti ") && texts[1].ends_with("re mi"), "{texts:?}");
    let known = Known::File(Path::new("rows.txt"));
    let evaluation = trained.evaluate(known, &Through::new(&world, Backend::Native)).unwrap();
    assert_eq!((evaluation.examples, evaluation.classes.len()), (3, 0));
    let split = Known::Split { split: Split::Val, base: &bench.base };
    assert_eq!(
        trained.evaluate(split, &Through::new(&*bench.world, Backend::Native)).unwrap().metrics,
        outcome.end.val
    );
    let few = Memory::default().with("rows.txt", "so la");
    let failure =
        trained.predict(&[Path::new("rows.txt")], &Through::new(&few, Backend::Native)).err().expect("a failure");
    assert_eq!(failure.problems[0].code, "few-rows");
}

#[test]
fn what_cannot_be_written_is_told_before_training() {
    let preview = |prompt: &str| format!("  preview: generate({prompt:?}, 3 tokens)\n");
    let around = bench("|> attention(heads: 2) as gather", &preview("do"));
    let failure = around.fail();
    assert_eq!(failure.problems[0].code, "looks-ahead");
    assert_eq!(bench(CAUSAL, &preview("Xu")).fail().problems[0].code, "unknown-prompt");
    assert_eq!(std::fs::read_dir(around.folder.path()).unwrap().count(), 0, "no folder is left of it");
}

/// Where more outputs come than are held at once, means are those of blocks.
#[test]
fn metrics_of_blocks_are_those_of_all_examples() {
    let bench = bench(CAUSAL, "");
    let (outcome, _) = bench.run();
    let artifact = Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap();
    let (checked, at, _) = artifact.program().unwrap();
    let program = &checked.programs[at];
    let mut weights = artifact.weights(program).unwrap();
    let fitted = &artifact.document.data.fitted;
    let formulas = &mut Formulas(program);
    let dataset =
        load_watched(Files::new(&*bench.world, &bench.base, Limits::default()), &program.data, Some(fitted), formulas)
            .unwrap();
    let part = dataset.part(Split::Train);
    let mut by =
        |held: usize| Model::new(program, fitted, bench.backend).by(16).holding(held).metrics(&mut weights, part);
    let whole = by(usize::MAX);
    for held in [1700, 5000, 20_000] {
        for ((name, one), other) in by(held).iter().zip(whole.values()) {
            let (one, other) = (one.number().unwrap(), other.number().unwrap());
            assert!((one - other).abs() < 1e-12, "{name} by {held}: {one} and {other}");
        }
    }
}

/// A run over windows goes on to the bit where it was interrupted.
#[test]
fn a_run_over_windows_is_resumed_to_the_bit() {
    let (whole, parts) = (bench(CAUSAL, ""), bench(CAUSAL, "").slow());
    let (first, _) = parts.try_run(Place::Under(parts.folder.path()), |event| super::is_step(event, 70));
    assert_eq!(first.unwrap().end.reason, Reason::Interrupted);
    let (second, _) = parts.try_run(Place::ResumeUnder(parts.folder.path()), |_| false);
    let weights = |outcome: &Outcome| {
        let artifact = Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap();
        let (checked, at, _) = artifact.program().unwrap();
        artifact.weights(&checked.programs[at]).unwrap()
    };
    assert_eq!(weights(&second.unwrap()), weights(&whole.run().0));
}

/// Places without a token count for nothing, and a text without any has the mean 0.
#[test]
fn a_mean_over_a_text_is_of_its_tokens() {
    let text = "dlm 1\n\ndata rows {\n  source: csv(\"f.csv\")\n  input t: tokens[3, 5] = t |> words\n  target y: number\n}\n\n\
                model net on t: tokens[T, V] -> number {\n  \
                t |> embed(2) as e |> mean(over: T, where: present(t)) |> dense(1) as out\n}\n\n\
                train {\n  model: net\n  data: rows\n  loss: mse\n  optimizer: adam\n  for: 1 epochs\n}\n";
    let checked = dlmc::compile::check(&Memory::default(), Path::new("it.dlm"), Some(text.into()), &[]).unwrap();
    assert!(checked.is_sound(), "{:?}", checked.problems);
    let rows = |values: &[f32], width: usize| Array::f32(&[values.len() / width, width], values.to_vec());
    let states = [rows(&[9., 9., 8., 8., 1., 2., 3., 5., 7., 7.], 2), rows(&[1., 10.], 1), Array::f32(&[1], vec![0.5])];
    let tokens = Array::i32(&[4, 3], vec![2, 3, 0, 3, 0, 0, 0, 0, 0, 2, 2, 3]);
    let found = interpret(&checked.programs[0].predict(4), &states, &[tokens]);
    let of = |a: f32, b: f32| a + 10.0 * b + 0.5;
    let expected = [of(2.0, 3.5), of(3.0, 5.0), 0.5, of(5.0 / 3.0, 3.0)];
    assert!(found[0].floats().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{:?}", found[0]);
}
