//! The networks of the library and the names that torchvision gives their tensors: every map fits the file that torchvision
//! would write, and with the same weights both make the same features of an image. The weights are made by a formula, as
//! `tests/fixtures/networks/make.py` makes them.

use std::path::Path;

use dlmc::compile::{Backend, Checked, check, executor};
use dlmc::session::transfer;
use dlmc::source::Memory;
use dlmc::tensor::{Array, Clock, Data};
use serde_json::{Map, Value, json};

/// What is known of a network.
struct Network {
    name: String,
    /// The names and shapes of the tensors that it has in torchvision, in order.
    tensors: Vec<(String, Vec<usize>)>,
    /// How many features it gives.
    gives: usize,
    /// Those of the image, where they were computed.
    features: Vec<f64>,
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../fixtures/networks/networks.json")).expect("JSON")
}

fn networks() -> Vec<Network> {
    let network = |it: &Value| {
        let tensor = |line: &Value| {
            let mut words = line.as_str().expect("a line").split(' ');
            let name = words.next().expect("a name").to_string();
            (name, words.map(|it| it.parse().expect("an extent")).collect())
        };
        Network {
            name: it["network"].as_str().expect("a name").into(),
            tensors: it["tensors"].as_array().expect("tensors").iter().map(tensor).collect(),
            gives: it["gives"].as_u64().expect("a number") as usize,
            features: it["features"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| it.as_f64().expect("a number"))
                .collect(),
        }
    };
    fixture()["networks"].as_array().expect("networks").iter().map(network).collect()
}

fn network(name: &str) -> Network {
    networks().into_iter().find(|it| it.name == name).expect("a network of the fixture")
}

/// FNV-1a, of 32 bits.
fn hashed(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The number at a place of a tensor, from -1 to 1: the bits of seed and place, mixed.
fn drawn(seed: u32, at: usize) -> f64 {
    let mut h = (at as u32).wrapping_mul(0x9e37_79b9) ^ seed;
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    f64::from((h ^ h >> 16) >> 8) / f64::from(1 << 23) - 1.0
}

fn numbers(name: &str, shape: &[usize]) -> Vec<f32> {
    let (seed, count) = (hashed(name), shape.iter().product::<usize>());
    let (mean, width) = match name {
        _ if name.ends_with("running_var") => (1.0, 0.5),
        _ if name.ends_with("running_mean") || name.ends_with("bias") => (0.0, 0.1),
        _ if shape.len() == 1 => (1.0, 0.25),
        _ => (0.0, (6.0 / (count / shape[0]) as f64).sqrt()),
    };
    (0..count).map(|at| (mean + width * drawn(seed, at)) as f32).collect()
}

const COUNTER: &str = "num_batches_tracked";

/// The head of the file that torchvision's tensors make, and the bytes behind it.
fn head(tensors: &[(String, Vec<usize>)]) -> (Vec<u8>, usize) {
    let (mut header, mut end) = (Map::new(), 0);
    for (name, shape) in tensors {
        let (kind, size) = if name.ends_with(COUNTER) { ("I64", 8) } else { ("F32", 4) };
        let start = end;
        end += size * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({ "dtype": kind, "shape": shape, "data_offsets": [start, end] }));
    }
    let json = serde_json::to_vec(&header).expect("JSON");
    ([&(json.len() as u64).to_le_bytes()[..], &json].concat(), end)
}

/// The file with all its numbers.
fn file(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let (mut bytes, _) = head(tensors);
    for (name, shape) in tensors {
        match name.ends_with(COUNTER) {
            true => bytes.extend(0u64.to_le_bytes()),
            false => numbers(name, shape).iter().for_each(|it| bytes.extend(it.to_le_bytes())),
        }
    }
    bytes
}

/// A program that gives the features of an image, with the weights of a file.
fn program(name: &str, size: usize, features: usize) -> Checked {
    let text = format!(
        "dlm 1
use std.vision {{ {name} }}
data images {{
  source: jsonl(\"images.jsonl\")
  input  photo:    image[{size}, {size}, 3]
  target features: f32[{features}]
}}
model net on photo: image[{size}, {size}, 3] -> f32[{features}] = photo |> {name} as backbone
train {{
  model:     net
  data:      images
  loss:      mse
  optimizer: sgd(lr: 0.1)
  for:       1 epochs
  transfer backbone from \"weights.safetensors\" {{ names torchvision }}
}}
"
    );
    let checked = check(&Memory::default(), Path::new("it.dlm"), Some(text), &[]).expect("the text is given");
    let said: Vec<&String> = checked.problems.iter().map(|it| &it.message).collect();
    assert!(checked.is_sound(), "{said:?}");
    checked
}

/// Whether the library's network makes what torchvision's makes.
fn agrees(name: &str) {
    let network = network(name);
    let size = fixture()["size"].as_u64().expect("a size") as usize;
    let checked = program(name, size, network.gives);
    let program = &checked.programs[0];
    let mut states: Vec<Array> = program.states.iter().map(|it| Array::zeros(&it.shape, it.dtype)).collect();
    let world = Memory([("weights.safetensors".into(), file(&network.tensors))].into());
    let from = transfer::load(&world, Path::new(""), &checked.sources, program, &mut states);
    let from = from.unwrap_or_else(|problems| panic!("{problems:#?}"));
    let counters = network.tensors.iter().filter(|it| it.0.ends_with(COUNTER)).count();
    assert_eq!(from[0].tensors + from[0].skipped + from[0].dropped, network.tensors.len());
    assert_eq!((from[0].skipped, from[0].dropped), (2, counters));

    // Channels behind places, as the language has them.
    let planes = numbers("image", &[1, 3, size, size]);
    let places = 0..size * size;
    let pixels: Vec<f32> =
        places.flat_map(|at| (0..3).map(move |c| c * size * size + at)).map(|at| planes[at]).collect();
    let feed = Array { shape: vec![1, size, size, 3], data: Data::F32(pixels) };
    let function = program.predict(1);
    states.truncate(function.states.len());
    let found = executor(&function, Backend::Native).run(&mut states, &[&feed], Clock { seed: 0, step: 0 }).remove(0);
    let norm = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>().sqrt();
    let pairs = || found.floats().iter().map(|it| f64::from(*it)).zip(&network.features);
    let (off, length) = (norm(&mut pairs().map(|(a, b)| a - b)), norm(&mut network.features.iter().copied()));
    assert_eq!(found.floats().len(), network.features.len());
    assert!(off <= 1e-5 * length, "{name}: {off} of {length}");
    let most = network.features.iter().fold(0.0, |most: f64, it| most.max(it.abs()));
    assert!(pairs().all(|(a, b)| (a - b).abs() <= 1e-4 * b.abs().max(0.1 * most)), "{name}");
}

#[test]
fn resnet18_is_that_of_torchvision() {
    agrees("resnet18");
}

#[test]
fn mobilenet_v2_is_that_of_torchvision() {
    agrees("mobilenet_v2");
}

#[test]
fn efficientnet_b0_is_that_of_torchvision() {
    agrees("efficientnet_b0");
}

#[test]
#[ignore = "some seconds, and 100 MB of weights"]
fn resnet50_is_that_of_torchvision() {
    agrees("resnet50");
}

/// What there is to say of a file with this head, whose numbers nobody reads.
fn inspected(checked: &Checked, tensors: &[(String, Vec<usize>)]) -> (Vec<transfer::Brought>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, behind) = head(tensors);
    let path = folder.path().join("weights.safetensors");
    std::fs::write(&path, &bytes).expect("written");
    // The rest is a hole that takes no room.
    let file = std::fs::OpenOptions::new().write(true).open(&path).expect("the file");
    file.set_len((bytes.len() + behind) as u64).expect("a longer file");
    let (brought, problems) =
        transfer::inspect(&crate::disk(), folder.path(), &checked.sources, &checked.programs[0], false);
    (brought, problems.iter().map(|it| format!("{}: {}", it.code, it.message)).collect())
}

#[test]
fn the_map_of_every_network_fits_what_torchvision_writes() {
    for Network { name, tensors, gives, .. } in networks() {
        let (brought, problems) = inspected(&program(&name, 64, gives), &tensors);
        assert!(problems.is_empty(), "{name}: {problems:?}");
        let parameters = tensors.iter().filter(|it| it.0.ends_with("weight") || it.0.ends_with("bias"));
        assert_eq!(brought[0].fit.skipped, 2, "{name}");
        assert!(brought[0].fit.takes.len() >= parameters.count() - 2, "{name}");
    }
}

#[test]
fn the_map_of_one_network_does_not_fit_the_weights_of_another() {
    let (_, problems) = inspected(&program("resnet34", 64, 512), &network("resnet18").tensors);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("transfer-holes: 80 tensors of `backbone`"), "{problems:?}");
    let (_, problems) = inspected(&program("resnet18", 64, 512), &network("vgg11").tensors);
    assert_eq!(problems, ["names-unmatched: no tensor in \"weights.safetensors\" goes by the names of `torchvision`"]);
}
