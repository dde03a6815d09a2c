//! The data that travels with the examples.

use std::path::Path;

use dlmc::compile;
use dlmc::data::{self, Limits};
use dlmc::session::formulas::Formulas;

use super::{Block, Means};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data");

/// A data block in the folder of examples, and how many rows its splits have.
const BLOCKS: &[(&str, [usize; 3])] = &[
    (
        "source: csv(\"iris/iris.csv\")
  split: stratified(train: 80%, val: 20%)
  input sepal: f32[2] = columns(\"sepal_*\")
  input petal: f32[2] = columns(\"petal_*\")
  target species: class[3] = target",
        [120, 30, 0],
    ),
    (
        "source: csv(\"penguins/penguins.csv\")
  split: stratified(train: 80%, val: 10%, test: 10%)
  input island: class[\"Biscoe\", \"Dream\", \"Torgersen\"]
  input sex: class[\"female\", \"male\"]?
  input bill_length_mm: number?
  input body_mass_g: number?
  target species: class[3]
  ignore \"*_depth_mm\", flipper_length_mm, year",
        [275, 35, 34],
    ),
    (
        "source: csv(\"diabetes/diabetes.csv\")
  split: random(train: 80%, val: 20%)
  input age: number
  input sex: class[\"1\", \"2\"]
  input bmi: number
  input bp: number
  input blood: f32[6] = [s1, s2, s3, s4, s5, s6]
  target progress: number = column(\"target\")",
        [354, 88, 0],
    ),
    (
        "source: csv(\"digits/digits.csv\")
  split: by_position(train: 1437, test: 360)
  input image: f32[64] = columns(\"pixel_*\")
  target digit: class[10] = target",
        [1437, 0, 360],
    ),
    (
        "source: idx(images: \"digits/train-images-idx3-ubyte\", labels: \"digits/train-labels-idx1-ubyte\")
  test: idx(images: \"digits/test-images-idx3-ubyte\", labels: \"digits/test-labels-idx1-ubyte\")
  split: stratified(val: 10%)
  input image: image[8, 8, 1] = images
  target digit: class[10] = labels",
        [1293, 144, 360],
    ),
];

#[test]
fn every_file_is_read_without_a_problem() {
    for (text, sizes) in BLOCKS {
        let block = Block::new(&format!("  {text}"), &[]);
        let (facts, problems) = data::inspect(&crate::disk(), Path::new(FOLDER), &block.plan);
        assert_eq!(block.told(&problems), "", "{text}");
        let loaded = data::load(&crate::disk(), Path::new(FOLDER), &block.plan, &mut Means(0), Limits::default());
        let dataset = loaded.unwrap_or_else(|problems| panic!("{text}\n{}", block.told(&problems)));
        assert_eq!(dataset.parts.each_ref().map(|part| part.rows), *sizes, "{text}");
        assert_eq!(block.told(&dataset.warnings), "", "{text}");
        assert!(facts.splits.is_none_or(|it| it == *sizes), "{text}");
    }
}

/// With the formulas as they are written, down to the last row.
#[test]
fn every_example_reads_its_data_without_a_problem() {
    let folder = Path::new(FOLDER).parent().expect("the examples");
    let mut read = 0;
    for path in crate::programs("examples") {
        for program in compile::check(&crate::disk(), &path, None, &[]).expect("a readable file").programs {
            let (_, problems) = data::inspect(&crate::disk(), folder, &program.data);
            assert_eq!(problems, [], "{}", path.display());
            let mut formulas = Formulas(&program);
            let dataset = data::load(&crate::disk(), folder, &program.data, &mut formulas, Limits::default())
                .unwrap_or_else(|problems| panic!("{}: {problems:#?}", path.display()));
            assert_eq!(dataset.warnings, [], "{}", path.display());
            read += 1;
        }
    }
    assert!(read >= 5, "{read} programs");
}

/// The two forms of the digits are the same images.
#[test]
fn digits_are_the_same_in_both_forms() {
    let load = |at: usize| {
        let block = Block::new(&format!("  {}", BLOCKS[at].0), &[]);
        data::load(&crate::disk(), Path::new(FOLDER), &block.plan, &mut Means(0), Limits::default())
            .expect("tested above")
    };
    let (csv, idx) = (load(3), load(4));
    let (ink, light) = (csv.parts[2].field(0).expect("ink"), idx.parts[2].field(0).expect("light"));
    assert!(ink.floats().iter().zip(light.floats()).all(|(ink, light)| 15.0 * ink == *light));
    assert_eq!(csv.parts[2].fields[1], idx.parts[2].fields[1]);
    assert_eq!(csv.parts[0].rows, idx.parts[0].rows + idx.parts[1].rows);
}

/// A folder of data says where it comes from, and under which licence.
#[test]
fn every_folder_tells_its_source_and_its_licence() {
    let mut folders = 0;
    for entry in std::fs::read_dir(FOLDER).expect("the folder of data") {
        let folder = entry.expect("an entry").path();
        if !folder.is_dir() {
            continue;
        }
        folders += 1;
        let text = std::fs::read_to_string(folder.join("README.md")).expect("a README");
        assert!(text.contains("**Source.**") && text.contains("**Licence.**"), "{}", folder.display());
        for file in std::fs::read_dir(&folder).expect("a folder") {
            let name = file.expect("an entry").file_name().into_string().expect("a plain name");
            assert!(
                name == "README.md" || text.contains(&name),
                "{}: the README is silent about {name}",
                folder.display()
            );
        }
    }
    assert!(folders >= 4);
}
