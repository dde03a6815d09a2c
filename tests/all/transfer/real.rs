//! Real checkpoints: that a program with their weights computes what they were published with. They are found under the
//! folder that `DLMC_DATA` names; where they are not, the test says so and looks no further.

use std::path::{Path, PathBuf};

use dlmc::compile::{Backend, check, executor};
use dlmc::data::{self, Limits};
use dlmc::model::Program;
use dlmc::model::program::Split;
use dlmc::session::formulas::Formulas;
use dlmc::session::measure::{self, Model};
use dlmc::session::transfer::{self, Provenance};
use dlmc::source::Disk;
use dlmc::tensor::{Array, Clock, Data};
use safetensors::SafeTensors;

/// The disk with the data that is meant.
fn disk() -> Disk {
    Disk { data: std::env::var_os("DLMC_DATA").map(PathBuf::from), memory: None, programs: false }
}

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
    let checked = check(&disk(), &path, None, &[]).expect("the program is there");
    let said: Vec<&String> = checked.problems.iter().map(|it| &it.message).collect();
    assert!(checked.is_sound(), "{said:?}");
    let program = &checked.programs[0];
    let clock = Clock { seed: 0, step: 0 };
    let mut states = executor(&program.initial(), Backend::Interpreter).run(&mut [], &[], clock);
    let provenance = transfer::load(&disk(), root, &checked.sources, program, &mut states);
    let provenance = provenance.unwrap_or_else(|problems| panic!("{problems:#?}"));
    (checked, states, provenance)
}

/// The lines that are proposed for EfficientNet-Lite0 where one block fills `part`, and says nothing more.
fn proposed(part: &str, root: &Path) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer/efficientnet_lite0.dlm");
    let text = std::fs::read_to_string(&path).expect("the program is there");
    let (before, _) = text.split_once("  transfer ").expect("a block");
    let text = format!("{before}  transfer {part}from \"weights_efficientnet_lite0/model.safetensors\"\n}}\n");
    let checked = check(&disk(), &path, Some(text), &[]).expect("the text is given");
    let (_, problems) = transfer::inspect(&disk(), root, &checked.sources, &checked.programs[0], false);
    problems[0].help[0].lines().skip(1).map(tidy).collect()
}

/// A line without the spaces that align it.
fn tidy(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of the library's map for EfficientNet-Lite0, for a model in which it is the part `backbone`.
fn own() -> Vec<String> {
    let text = include_str!("../../../src/std/vision.dlm");
    let (_, map) = text.split_once("of efficientnet_lite0 {").expect("the map");
    let lines = map.lines().take_while(|line| *line != "}").filter(|line| line.trim_start().starts_with("rename"));
    lines.map(|line| tidy(line).replace("-> ", "-> backbone.")).collect()
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

/// PyTorch counts 81.03 % of these files; another decoder of JPEG gives a few of 10,000 another class.
#[test]
fn resnet20_tells_photographs_apart_without_learning() {
    let Some(folder) = folder("weights_cifar_resnet20").filter(|it| it.with_file_name("cifar10_jpeg").is_dir()) else {
        return;
    };
    let root = folder.parent().expect("a folder");
    let (checked, mut states, _) = loaded("resnet20.dlm", root);
    let program = &checked.programs[0];
    let dataset =
        data::load(&disk(), root, &program.data, &mut Formulas(program), Limits::default()).expect("photographs");
    states.truncate(measure::predictor(program, 1).states.len());
    let mut model = Model::new(program, &dataset.fitted, Backend::Native);
    let part = dataset.part(Split::Train);
    let outputs = model.outputs(&mut states, part);
    let accuracy = model.judge(&outputs, part)["accuracy"].number().expect("a number");
    assert!((accuracy - 0.8103).abs() < 0.002, "{accuracy}");
}

/// The program of which `docs/images.md` tells.
#[test]
fn the_program_for_rubbish_is_sound() {
    let known = |name: &str| folder(name).is_some();
    if known("weights_efficientnet_lite0") && known("trashnet_128") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer/trash.dlm");
        let checked = check(&disk(), &path, None, &[]).expect("the program is there");
        assert!(checked.problems.is_empty() && checked.programs.len() == 3, "{:#?}", checked.problems);
    }
}

#[test]
fn efficientnet_lite0_says_what_it_was_published_with() {
    let Some(folder) = folder("weights_efficientnet_lite0") else { return };
    let (checked, mut states, from) = loaded("efficientnet_lite0.dlm", folder.parent().expect("a folder"));
    // The backbone has 49 norms of five tensors and a kernel for each; the head has two tensors.
    assert_eq!((from[0].tensors, from[0].skipped, from[0].dropped), (49 * 5, 2, 49));
    assert_eq!((from[1].tensors, from[1].skipped, from[1].dropped), (2, 49 * 6, 0));
    let found = predicted(&checked.programs[0], &mut states, &channels_last(&reference(&folder, "input_norm")));
    let (off, size) = difference(&found, &reference(&folder, "logits"));
    assert!(off <= 1e-4 * size.max(1.0), "{off} of {size}");
}

#[test]
fn what_is_proposed_for_efficientnet_lite0_is_what_a_person_would_write() {
    let Some(folder) = folder("weights_efficientnet_lite0") else { return };
    let root = folder.parent().expect("a folder");
    let mut own = own();
    own.push("rename \"_fc.*\" -> head.* as oi".into());
    let mut found = proposed("", root);
    own.sort();
    found.sort();
    assert_eq!(found, own);
    // The layer alone has a map, which says the same in one line.
    assert_eq!(proposed("backbone ", root), ["names efficientnet_pytorch"]);
}
