//! Rows to predict, and what travels from training to them.

use std::path::Path;

use dlmc::data::files::Files;
use dlmc::data::{self, Dataset, Fitted, Limits, Need, Part};
use dlmc::problem::Problem;

use super::{Block, Means};

const BLOCK: &str = "  source: csv(\"f.csv\", missing: [\"NA\"], separator: \";\")
  id     name: text
  weight w: number
  input  home: class[3]?
  input  size: f32[2] = columns(\"size_*\")
  target y: binary[\"no\", \"yes\"]";

const CSV: &str =
    "name;w;home;size_a;size_b;y\nAda;1;own;1;2;no\nBo;3;rent;3;4;yes\nCy;2;NA;5;6;no\nDi;2;free;7;8;yes\n";

fn trained() -> (Block, Dataset) {
    let block = Block::new(BLOCK, &[("f.csv", CSV.as_bytes())]);
    let dataset = block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    (block, dataset)
}

fn files(block: &Block) -> Files<'_> {
    Files::new(&block.world, Path::new(""), Limits::default())
}

fn encode(name: &str, bytes: &[u8], need: Need) -> Result<Part, (String, Vec<Problem>)> {
    let (mut block, dataset) = trained();
    block.world.0.insert(name.into(), bytes.to_vec());
    let encoded =
        data::encode_rows(files(&block), &[Path::new(name)], &block.plan, &dataset.fitted, &mut Means(0), need);
    encoded.map(|rows| rows.part).map_err(|problems| (block.told(&problems), problems))
}

#[test]
fn rows_to_predict_need_only_the_inputs() {
    let table: &[(&str, &str)] = &[
        ("in.csv", "size_b;size_a;home\n2;1;rent\n4;3;NA\n"),
        ("in.tsv", "size_b\tsize_a\thome\n2\t1\trent\n4\t3\t\n"),
        ("in.jsonl", "{\"home\":\"rent\",\"size_b\":2,\"size_a\":1}\n{\"size_b\":4,\"size_a\":3}\n"),
        ("in.data", "home;size_a;size_b;w;y;z\nrent;1;2;;;\nNA;3;4;;;\n"),
        ("in.CSV", "home;size_a;size_b;y;y\nrent;1;2;maybe;\nNA;3;4;;\n"),
    ];
    for (name, text) in table {
        let part = encode(name, text.as_bytes(), Need::Inputs).unwrap_or_else(|(told, _)| panic!("{name}\n{told}"));
        assert_eq!(part.rows, 2, "{name}");
        assert_eq!(part.fields[2].as_ref().expect("classes").integers(), [2, 3], "{name}: as in training");
        // A pattern takes the columns in the order of the training file, whatever the order of this one.
        let sizes = part.fields[3].as_ref().expect("sizes").floats().to_vec();
        assert_eq!(sizes, [1., 2., 3., 4.], "{name}");
        assert!(part.fields[1].is_none() && part.fields[4].is_none() && part.texts[0].is_none(), "{name}");
    }
}

#[test]
fn rows_to_evaluate_bring_their_targets() {
    let text = "name;w;home;size_a;size_b;y\nEd;4;own;1;2;yes\n";
    let part = encode("in.csv", text.as_bytes(), Need::Targets).unwrap_or_else(|(told, _)| panic!("{told}"));
    assert_eq!(part.fields[4].as_ref().expect("the target").floats(), [1.0]);
    assert_eq!(part.fields[1].as_ref().expect("the weight").floats(), [2.0], "scaled as in training, whose mean was 2");
    assert_eq!(part.texts[0].as_ref().expect("names").get(0), Some("Ed"));
}

#[test]
fn what_rows_to_predict_lack_is_told() {
    let table: &[(&str, &str, Need)] = &[
        ("in.csv", "name;size_a\nEd;1\n", Need::Inputs),
        ("in.csv", "home;size_a\nown;1\n", Need::Inputs),
        ("in.csv", "home;size_a;size_b\nown;1;2\n", Need::Targets),
        ("in.csv", "home;size_a;size_b\nshed;1;two\n", Need::Inputs),
        ("in.csv", "home,size_a,size_b\nown,1,2\n", Need::Inputs),
        ("elsewhere.csv", "", Need::Inputs),
    ];
    let mut all = String::new();
    for (name, text, need) in table {
        let name_there = if *name == "elsewhere.csv" { "in.csv" } else { name };
        let (mut block, dataset) = trained();
        block.world.0.insert(name_there.into(), text.as_bytes().to_vec());
        let path = Path::new(name);
        let encoded = data::encode_rows(files(&block), &[path], &block.plan, &dataset.fitted, &mut Means(0), *need);
        all += &format!("## {text:?}\n{}\n", block.told(&encoded.err().expect("problems")));
    }
    insta::assert_snapshot!("data_input", all);
}

#[test]
fn the_format_of_a_file_without_a_known_ending_is_that_of_the_training_data() {
    let rows = "table {\n| x | y |\n| 1 | 0 |\n| 2 | 1 |\n}";
    let mut block = Block::new(&format!("  source: {rows}\n  input x: number\n  target y: binary"), &[]);
    let dataset = block.load().expect("sound");
    block.world.0.insert("rows".into(), b"x\n1\n".to_vec());
    let encode = |path: &str| {
        data::encode_rows(files(&block), &[Path::new(path)], &block.plan, &dataset.fitted, &mut Means(0), Need::Inputs)
    };
    assert_eq!(encode("rows").err().expect("a table is no format of files")[0].code, "input-format");
}

#[test]
fn images_to_predict_may_come_as_they_came_in_training() {
    let images = super::sources::idx(0x08, &[2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
    let labels = super::sources::idx(0x08, &[2], &[0, 1]);
    let block = Block::new(
        "  source: idx(images: \"i\", labels: \"l\")\n  input x: image[2, 2, 1] = images\n  target y: class[2] = labels",
        &[("i", &images), ("l", &labels)],
    );
    let dataset = block.load().expect("sound");
    let part =
        data::encode_rows(files(&block), &[Path::new("i")], &block.plan, &dataset.fitted, &mut Means(0), Need::Inputs);
    assert_eq!(part.expect("images").part.field(0), dataset.parts[0].field(0));
}

#[test]
fn what_was_fitted_survives_the_artifact() {
    let (block, mut dataset) = trained();
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.1, -0.0, f32::MIN_POSITIVE, f32::MAX, 1.0e-45];
    dataset.fitted.fields[1].fits = vec![
        dlmc::tensor::Array::f32(&[2, 4], odd.to_vec()),
        dlmc::tensor::Array::i32(&[], vec![i32::MIN]),
        dlmc::tensor::Array::bool(&[2], vec![true, false]),
    ];
    let json = serde_json::to_string(&dataset.fitted).expect("JSON");
    let back: Fitted = serde_json::from_str(&json).expect("what was written");
    let bits = |fitted: &Fitted| fitted.fields[1].fits[0].floats().iter().map(|it| it.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&dataset.fitted));
    assert_eq!(back.fields[1].fits[1..], dataset.fitted.fields[1].fits[1..]);
    assert_eq!((&back.fields[2], &back.fields[1].scale), (&dataset.fitted.fields[2], &Some(0.5)));
    assert!(!back.fits(&block.plan), "the weight fits nothing in this plan");
    for bad in [
        "{\"shape\":[3],\"f32\":[1]}",
        "{\"shape\":[1],\"f32\":[\"one\"]}",
        "{\"shape\":[-1],\"f32\":[]}",
        "{\"shape\":[]}",
    ] {
        let json = format!("{{\"fields\":[{{\"name\":\"x\",\"fits\":[{bad}]}}]}}");
        assert!(serde_json::from_str::<Fitted>(&json).is_err(), "{bad}");
    }
}

/// The same rows, read again with what was fitted, are the same arrays.
#[test]
fn a_resumed_run_reads_what_the_first_run_read() {
    let (block, first) = trained();
    let again = data::load_watched(files(&block), &block.plan, Some(&first.fitted), &mut Means(0));
    let again = again.unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    assert!(first.parts.iter().zip(&again.parts).all(|(a, b)| a.fields == b.fields && a.numbers == b.numbers));
    assert_eq!((&again.fitted, &again.fingerprint), (&first.fitted, &first.fingerprint));
    let mut changed = Block::new(BLOCK, &[("f.csv", CSV.replace("Ada", "Eve").as_bytes())]);
    assert_ne!(changed.load().expect("sound").fingerprint, first.fingerprint);
    changed.world.0.insert("f.csv".into(), CSV.replace("free", "boat").into_bytes());
    let told = data::load_watched(files(&changed), &block.plan, Some(&first.fitted), &mut Means(0));
    assert_eq!(told.err().expect("a new class")[0].code, "unknown-class");
}
