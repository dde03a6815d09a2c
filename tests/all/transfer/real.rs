//! Real checkpoints: that a program with their weights computes what they were published with. They are found under the
//! folder that `DLMC_DATA` names; where they are not, the test says so and looks no further.

use std::path::{Path, PathBuf};

use dlmc::compile::{Backend, check, executor};
use dlmc::model::Program;
use dlmc::session::transfer::{self, Provenance};
use dlmc::tensor::{Array, Clock, Data};
use safetensors::SafeTensors;

/// The folder of a checkpoint, if it is there.
fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DLMC_DATA").map(PathBuf::from);
    let found = root.map(|it| it.join(name)).filter(|it| it.is_dir());
    if found.is_none() {
        eprintln!("skipped: DLMC_DATA names no folder with {name}");
    }
    found
}

/// A tensor of a file of references.
fn reference(folder: &Path, name: &str) -> Array {
    let bytes = std::fs::read(folder.join("reference.safetensors")).expect("references");
    let all = SafeTensors::deserialize(&bytes).expect("safetensors");
    let tensor = all.tensor(name).expect("the reference");
    let numbers = tensor.data().as_chunks().0.iter().map(|it| f32::from_le_bytes(*it)).collect();
    Array { shape: tensor.shape().to_vec(), data: Data::F32(numbers) }
}

/// Channels behind places, as the language has them.
fn channels_last(images: &Array) -> Array {
    let [n, c, h, w] = images.shape[..] else { panic!("no images") };
    let floats = images.floats();
    let mut numbers = Vec::with_capacity(floats.len());
    for image in 0..n {
        for place in 0..h * w {
            numbers.extend((0..c).map(|channel| floats[(image * c + channel) * h * w + place]));
        }
    }
    Array { shape: vec![n, h, w, c], data: Data::F32(numbers) }
}

/// The program, with its weights.
fn loaded(name: &str, root: &Path) -> (dlmc::compile::Checked, Vec<Array>, Vec<Provenance>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer").join(name);
    let checked = check(&crate::disk(), &path, None, &[]).expect("the program is there");
    let said: Vec<&String> = checked.problems.iter().map(|it| &it.message).collect();
    assert!(checked.is_sound(), "{said:?}");
    let program = &checked.programs[0];
    let clock = Clock { seed: 0, step: 0 };
    let mut states = executor(&program.initial(), Backend::Interpreter).run(&mut [], &[], clock);
    let provenance = transfer::load(&crate::disk(), root, &checked.sources, program, &mut states);
    let provenance = provenance.unwrap_or_else(|problems| panic!("{problems:#?}"));
    (checked, states, provenance)
}

/// The lines that are proposed for a program from which all of them are gone.
fn proposed(name: &str, root: &Path) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer").join(name);
    let text = std::fs::read_to_string(&path).expect("the program is there");
    let kept = text.lines().filter(|line| !line.trim_start().starts_with("rename"));
    let text: String = kept.map(|line| format!("{line}\n")).collect();
    let checked = check(&crate::disk(), &path, Some(text), &[]).expect("the text is given");
    let (_, problems) = transfer::inspect(&crate::disk(), root, &checked.sources, &checked.programs[0], false);
    let lines = problems[0].help[0].lines().skip(1).map(|line| line.trim().to_string());
    lines.collect()
}

/// A line without the spaces that align it.
fn tidy(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of a program, and those that are proposed where it has none.
fn lines(name: &str, root: &Path) -> (Vec<String>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer").join(name);
    let text = std::fs::read_to_string(&path).expect("the program is there");
    let own = text.lines().filter(|line| line.trim_start().starts_with("rename")).map(tidy).collect();
    (own, proposed(name, root).iter().map(|line| tidy(line)).collect())
}

fn predicted(program: &Program, states: &mut Vec<Array>, feed: &Array) -> Array {
    let function = program.predict(feed.shape[0]);
    states.truncate(function.states.len());
    executor(&function, Backend::Native).run(states, &[feed], Clock { seed: 0, step: 0 }).remove(0)
}

/// The largest difference of two arrays, and the largest number of the second.
fn difference(found: &Array, wanted: &Array) -> (f32, f32) {
    assert_eq!(found.shape, wanted.shape);
    let pairs = found.floats().iter().zip(wanted.floats());
    pairs.fold((0.0, 0.0), |(most, size), (a, b)| (f32::max(most, (a - b).abs()), f32::max(size, b.abs())))
}

#[test]
fn resnet20_says_what_it_was_published_with() {
    let Some(folder) = folder("weights_cifar_resnet20") else { return };
    let (checked, mut states, from) = loaded("resnet20.dlm", folder.parent().expect("a folder"));
    assert_eq!((from[0].tensors, from[0].numbers), (97, 271_098));
    let found = predicted(&checked.programs[0], &mut states, &channels_last(&reference(&folder, "input_norm")));
    let (off, size) = difference(&found, &reference(&folder, "logits"));
    assert!(off <= 1e-4, "{off} of {size}");
}

#[test]
fn efficientnet_lite0_says_what_it_was_published_with() {
    let Some(folder) = folder("weights_efficientnet_lite0") else { return };
    let (checked, mut states, from) = loaded("efficientnet_lite0.dlm", folder.parent().expect("a folder"));
    assert_eq!(from[0].dropped, 49);
    let found = predicted(&checked.programs[0], &mut states, &channels_last(&reference(&folder, "input_norm")));
    let (off, size) = difference(&found, &reference(&folder, "logits"));
    assert!(off <= 1e-4 * size.max(1.0), "{off} of {size}");
}

#[test]
fn what_is_proposed_for_efficientnet_lite0_is_what_a_person_would_write() {
    let Some(folder) = folder("weights_efficientnet_lite0") else { return };
    let (mut own, mut proposed) = lines("efficientnet_lite0.dlm", folder.parent().expect("a folder"));
    own.sort();
    proposed.sort();
    assert_eq!(proposed, own);
}
