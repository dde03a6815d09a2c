//! What people read about their data.

use std::collections::BTreeSet;

use dlmc::problem::data::ENTRIES;

use super::Block;
use super::sources::idx;

/// A name, a data block, and the text of the file `f.csv`.
type Case = (&'static str, &'static str, &'static str);

const FINE: &str = "x,y\n1,0\n2,1\n";
const FIELDS: &str = "input x: number\n  target y: binary";

const SOURCES: &[Case] = &[
    ("a source that does not exist", "source: cvs(\"f.csv\")", FINE),
    ("a source for later", "source: audio_folder(\"f\")", FINE),
    ("a setting that does not exist", "source: csv(\"f.csv\", seperator: \";\")", FINE),
    ("too many settings", "source: jsonl(\"f.csv\", \"g.csv\")", FINE),
    ("a setting twice", "source: csv(\"f.csv\", path: \"f.csv\")", FINE),
    ("a setting that is missing", "source: csv(missing: [\"\"])", FINE),
    ("a setting of another kind", "source: csv(\"f.csv\", missing: \"NA\")", FINE),
    ("a separator of two letters", "source: csv(\"f.csv\", separator: \", \")", FINE),
    ("a file that is not there", "source: csv(\"data/g.csv\")", FINE),
    ("a file of another program", "source: csv(\"f.csv\")", "PK\u{3}\u{4}"),
    ("an empty file", "source: csv(\"f.csv\")", "\n\n"),
    ("a heading alone", "source: csv(\"f.csv\")", "x,y\n"),
    ("rows of unequal length", "source: csv(\"f.csv\")", "x,y\n1,0\n1\n2,1\n3,1,4\n5\n6\n"),
    ("one long row", "source: csv(\"f.csv\")", "x,y\n1,0\n1,0,1\n"),
    ("an open quote", "source: csv(\"f.csv\")", "x,y\n1,0\n\"2,1\n3,0\n"),
    ("text after a quote", "source: csv(\"f.csv\")", "x,y\n1,\"0\"no\n"),
    ("names for a file that has names", "source: csv(\"f.csv\", names: [\"x\", \"y\"])", FINE),
    ("no names for a file without", "source: csv(\"f.csv\", header: no)", FINE),
    ("too few names", "source: csv(\"f.csv\", header: no, names: [\"x\"])", FINE),
    (
        "lines that are no objects",
        "source: jsonl(\"f.csv\")",
        "{\"x\":1,\"y\":0}\n[1,0]\n{\"x\":1,\"x\":2}\n{\"x\":\nnull\n",
    ),
    ("a program without a name", "source: command()", FINE),
    ("a word for a program that is no text", "source: command(\"cat\", 3)", FINE),
    ("words of a program by a name", "source: command(\"cat\", arguments: \"f.csv\")", FINE),
    ("a program that nobody has allowed", "source: command(\"cat\", \"my rows\", \"$HOME\", \"\")", FINE),
    ("no IDX file", "source: idx(images: \"f.csv\")", FINE),
    ("an inline table with a short row", "source: table {\n| x | y |\n| 1 | 0 |\n| 2 |\n}", ""),
    ("an inline table without rows", "source: table {\n| x | y |\n}", ""),
];

const COLUMNS: &[Case] = &[
    ("a column that is misspelt", "source: csv(\"f.csv\")", "X,y\n1,0\n"),
    ("a column with a strange name", "source: csv(\"f.csv\")", "x ?,y\n1,0\n"),
    ("a column twice", "source: csv(\"f.csv\")", "x,x,y\n1,1,0\n"),
    ("columns that nobody reads", "source: csv(\"f.csv\")", "x,y,body mass,notes,\n1,0,,,\n"),
    ("ignoring what is not there", "source: csv(\"f.csv\")\n  ignore notes", "x,y,note\n1,0,\n"),
];

const CELLS: &[Case] = &[
    ("one bad number", "source: csv(\"f.csv\")", "x,y\n1,0\ntall,1\n"),
    ("many bad numbers", "source: csv(\"f.csv\")", "x,y\na,0\nb,1\n\"c\nd\",1\n1,0\nd,1\ne,1\n"),
    ("cells that mean missing", "source: csv(\"f.csv\")", "x,y\n1,0\nNA,1\n?,1\n"),
    ("thousands", "source: csv(\"f.csv\")", "x,y\n\"1,234,567\",0\n"),
    ("a decimal comma", "source: csv(\"f.csv\")", "x,y\n\"3,5\",0\n"),
    ("no finite number", "source: csv(\"f.csv\")", "x,y\n-inf,0\n"),
    ("too large a number", "source: csv(\"f.csv\")", "x,y\n1e39,0\n"),
    ("a long text", "source: csv(\"f.csv\")", "x,y\nLorem ipsum dolor sit amet consectetur adipiscing elit,0\n"),
    ("neither yes nor no", "source: csv(\"f.csv\")", "x,y\n1,male\n1,female\n2,male\n"),
    ("missing numbers", "source: csv(\"f.csv\")", "x,y\n,0\n1,1\n,1\n,0\n,0\n"),
    ("a bad cell in the program", "source: table {\n| x | y |\n| 1 | 0 |\n| l | 0 |\n|   | 2 |\n}", ""),
];

const CLASSES: &[Case] = &[
    ("class[\"cat\", \"dog\"]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,dgo\n3,dog\n"),
    ("class[\"cat\", \"dog\"]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,Dog\n3,DOG\n"),
    ("class[\"cat\", \"dog\"]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,dog\n3,elephant\n"),
    ("class[\"cat\", \"dog\"]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,NA\n3,dog\n"),
    ("class[\"cat\", \"dog\"]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,\n3,dog\n"),
    ("class[\"cat\", \"dog\"]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,cat\n"),
    ("class[2]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,dog\n3,eel\n4,cat\n"),
    ("class[2]", "source: csv(\"f.csv\")", "x,y\n1,cat\n2,cat\n"),
    ("class[4]", "source: csv(\"f.csv\")", "x,y\n1,1\n2,2\n3,3\n4,4\n5,0\n"),
    ("binary[\"no\", \"yes\"]", "source: csv(\"f.csv\")", "x,y\n1,no\n2,yess\n"),
    ("class[3]", "source: table {\n| x | y |\n| 1 | a |\n| 2 | b |\n}", ""),
    ("ordinal[\"low\", \"high\"]", "source: csv(\"f.csv\")", "x,y\n1,low\n2,hihg\n3,high\n"),
    ("ordinal[\"low\", \"high\"]", "source: csv(\"f.csv\")", "x,y\n1,low\n2,huge\n3,high\n"),
    ("ordinal[\"low\", \"high\"]", "source: csv(\"f.csv\")", "x,y\n1,low\n2,\n3,high\n"),
    ("ordinal[2]", "source: csv(\"f.csv\")", "x,y\n1,low\n2,high\n"),
    ("ordinal[2]", "source: csv(\"f.csv\")", "x,y\n1,0\n2,1\n3,2\n"),
];

const SETS: &[Case] = &[
    ("set[\"oak\", \"rosé\"]", "source: csv(\"f.csv\")", "x,y\n1,oak\n2,oak;rose\n3,rosé;oak\n"),
    ("set[\"oak\", \"rosé\"]", "source: csv(\"f.csv\")", "x,y\n1,oak\n2,oak;cherry\n3,plum;rosé\n4,fig\n"),
    ("set[\"oak\", \"rosé\"]", "source: csv(\"f.csv\")", "x,y\n1,oak|rosé\n2,oak\n3,rosé | oak\n"),
    ("set[\"oak\", \"rosé\"]", "source: csv(\"f.csv\")", "x,y\n1,\"oak, rosé\"\n2,oak\n3,rosé\n"),
    ("set[\"oak\", \"rosé\"]", "source: csv(\"f.csv\")", "x,y\n1,oak;\n2,rosé\n3,;\n"),
    ("set[\"oak\", \"rosé\"]", "source: csv(\"f.csv\")", "x,y\n1,oak\n2,\n3,rosé\n"),
    ("set[2]", "source: csv(\"f.csv\")", "x,y\n1,oak;rosé\n2,fig\n"),
    ("set[\"oak\", \"rosé\", \"elm\"]", "source: csv(\"f.csv\")", "x,y\n1,oak;rosé\n2,oak\n"),
    ("set[2]", "source: csv(\"f.csv\")", "x,y\n1,0;1\n2,1;2\n3,0\n"),
    (
        "set[\"oak\", \"rosé\"]",
        "source: jsonl(\"f.csv\")",
        "{\"x\":1,\"y\":[\"oak\",\"elm\"]}\n{\"x\":2,\"y\":[]}\n{\"x\":3}\n",
    ),
    ("set[2]", "source: jsonl(\"f.csv\")", "{\"x\":1,\"y\":[0,1]}\n{\"x\":2,\"y\":[1,0]}\n"),
];

const TEN: &str = "x,y,k\n1,0,a\n2,1,a\n3,0,b\n4,1,b\n5,0,c\n6,1,c\n7,0,d\n8,1,d\n9,0,e\n10,1,\n";

const SPLITS: &[Case] = &[
    ("no such split", "split: randon(val: 10%)", TEN),
    ("no shares", "split: random()", TEN),
    ("no such setting", "split: random(valid: 10%)", TEN),
    ("a fraction for a percentage", "split: random(train: 0.8, val: 20%)", TEN),
    ("another unit", "split: random(train: 80deg)", TEN),
    ("more than all", "split: random(train: 90%, val: 20%)", TEN),
    ("more rows than there are", "split: random(train: 9, val: 2)", TEN),
    ("rows left over", "split: random(train: 70%, val: 10%, test: 10%)", TEN),
    ("an empty split", "split: random(train: 99%, val: 1%)", TEN),
    ("groups too few", "split: by_group(by: y, train: 50%, val: 25%, test: 25%)", TEN),
    ("no group", "split: by_group(val: 20%)", TEN),
    ("a group is missing", "split: by_group(by: k, val: 20%)", TEN),
    ("a class with few rows", "split: stratified(by: x, val: 20%)", TEN),
    ("another class with few rows", "split: stratified(by: k, train: 60%, val: 20%, test: 20%)", TEN),
    ("one class with few rows", "split: stratified(val: 2)", "x,y,k\n1,0,\n2,0,\n3,0,\n4,0,\n5,1,\n"),
    ("by nothing", "split: by_time(by: when, val: 20%)", TEN),
    ("by what is misspelt", "split: stratified(by: z, val: 20%)", TEN),
    ("no dates", "split: by_time(by: k, val: 20%)", TEN),
    ("one date among numbers", "split: by_time(by: k, val: 20%)", "x,y,k\n1,0,2001\n2,1,2002-01-01\n"),
    ("no words of a split", "split: given(k)", TEN),
    ("given, but by what", "split: given(val: 10%)", TEN),
    ("the test rows twice", "test: csv(\"f.csv\")\n  split: random(val: 10%, test: 10%)", TEN),
];

fn told(block: &str, text: &str) -> (String, Vec<&'static str>) {
    let block = Block::new(&format!("  {block}"), &[("f.csv", text.as_bytes())]);
    let problems = block.problems();
    (block.told(&problems), problems.iter().map(|it| it.code).collect())
}

fn all() -> Vec<(&'static str, String, String, &'static str)> {
    let table = |group, cases: &[Case], fields: &'static str| {
        let case = move |&(name, block, text): &Case| (group, name.to_string(), format!("{block}\n  {fields}"), text);
        cases.iter().map(case).collect::<Vec<_>>()
    };
    let classes = CLASSES.iter().map(|&(ty, source, text)| {
        ("classes", ty.to_string(), format!("{source}\n  input x: number\n  target y: {ty}"), text)
    });
    let sets = SETS.iter().map(|&(ty, source, text)| {
        ("sets", ty.to_string(), format!("{source}\n  input x: number\n  target y: {ty}"), text)
    });
    let splits = SPLITS.iter().map(|&(name, split, text)| {
        let block = format!("source: csv(\"f.csv\")\n  {split}\n  {FIELDS}\n  ignore k");
        ("splits", name.to_string(), block, text)
    });
    let mut all = table("sources", SOURCES, FIELDS);
    all.extend(table("columns", COLUMNS, FIELDS));
    all.extend(table("cells", CELLS, FIELDS));
    all.extend(classes);
    all.extend(sets);
    all.extend(splits);
    all
}

#[test]
fn problems_say_what_was_found_and_where() {
    let mut groups: Vec<(&str, String)> = vec![];
    for (group, name, block, text) in all() {
        if groups.last().is_none_or(|(last, _)| *last != group) {
            groups.push((group, String::new()));
        }
        let (told, codes) = told(&block, text);
        assert!(!codes.is_empty(), "{name}\n{block}\n{text}");
        groups.last_mut().expect("pushed").1 += &format!("## {name}\n{told}\n");
    }
    for (group, told) in groups {
        insta::assert_snapshot!(format!("data_{group}"), told);
    }
}

/// Fields that read tensors and patterns, and what is told about them.
#[test]
fn tensors_and_patterns_must_fit() {
    let csv = "p1,p2,p3,y\n1,2,3,0\n4,5,6,1\n";
    let jsonl = "{\"v\":[1,2],\"y\":0}\n{\"v\":[3,4],\"y\":1}\n";
    let pixels = idx(0x08, &[2, 2, 3], &[1; 12]);
    let labels = idx(0x08, &[3], &[0, 1, 0]);
    let mixed = "{\"v\":[1,2],\"y\":0}\n{\"v\":[3],\"y\":1}\n{\"y\":1}\n";
    let table: &[(&str, &[u8])] = &[
        ("source: jsonl(\"f\")\n  input v: f32[2]\n  target y: binary", mixed.as_bytes()),
        ("source: csv(\"f\")\n  input x: f32[3] = columns(\"q*\")\n  target y: binary", csv.as_bytes()),
        ("source: csv(\"f\")\n  input x: f32[4] = columns(\"p*\")\n  target y: binary", csv.as_bytes()),
        ("source: csv(\"f\")\n  input x: f32[4] = columns(\"*\")\n  target y: binary", csv.as_bytes()),
        ("source: csv(\"f\")\n  input x: f32[2] = [p1, y]\n  target y: binary", csv.as_bytes()),
        ("source: csv(\"f\")\n  input x: f32[2] = p1\n  target y: binary", csv.as_bytes()),
        ("source: jsonl(\"f\")\n  input v: number\n  target y: binary", jsonl.as_bytes()),
        ("source: jsonl(\"f\")\n  input v: f32[3]\n  target y: binary", jsonl.as_bytes()),
        ("source: jsonl(\"f\")\n  input y: number\n  target v: class[2]", jsonl.as_bytes()),
        ("source: idx(images: \"f\")\n  input x: image[3, 2, 1] = images\n  target y: binary = labels", &pixels),
        (
            "source: idx(images: \"f\", labels: \"l\")\n  input x: image[2, 3, 1] = images\n  target y: class[2] = labels",
            &pixels,
        ),
        (
            "source: idx(images: \"f\", labels: \"f\")\n  input x: image[2, 3, 1] = images\n  target y: class[2] = labels",
            &pixels,
        ),
    ];
    let mut all = String::new();
    for (block, bytes) in table {
        let block = Block::new(&format!("  {block}"), &[("f", bytes), ("l", &labels)]);
        all += &format!("## {}\n{}\n", block.sources.text(block.plan.fields[0].ty_span), block.told(&block.problems()));
    }
    insta::assert_snapshot!("data_tensors", all);
}

/// An autoencoder's target is its input, and that gives nothing away.
#[test]
fn a_target_may_be_a_copy_of_an_input() {
    let files: &[(&str, &[u8])] = &[("f.csv", b"a,b\n1,2\n3,4\n")];
    for target in ["target same: f32[2] = x", "target same: f32[2] = [a, b]"] {
        let block = Block::new(&format!("  source: csv(\"f.csv\")\n  input x: f32[2] = [a, b]\n  {target}"), files);
        assert_eq!(block.told(&block.problems()), "", "{target}");
    }
}

#[test]
fn formulas_and_weights_must_make_sense() {
    let csv = b"w,x,y\n1,1,0\n-1,-1,1\n0,0,1\n-2,5,0\n";
    let zeros = b"w,x,y\n0,1,0\n0,1,1\n";
    let negative =
        Block::new("  source: csv(\"f\")\n  weight w: number\n  input x: number\n  target y: binary", &[("f", csv)]);
    let nothing =
        Block::new("  source: csv(\"f\")\n  weight w: number\n  input x: number\n  target y: binary", &[("f", zeros)]);
    let formula = Block::new(
        "  source: csv(\"f\")\n  input x: number = x |> standardize\n  target y: binary\n  ignore w",
        &[("f", csv)],
    );
    struct Logarithm;
    impl dlmc::data::Fitter for Logarithm {
        fn fit(&mut self, _: usize, _: &[dlmc::tensor::Array]) -> Vec<dlmc::tensor::Array> {
            vec![dlmc::tensor::Array::f32(&[], vec![0.0]); 2]
        }
        fn encode(
            &mut self,
            _: usize,
            _: &[dlmc::tensor::Array],
            columns: &[dlmc::tensor::Array],
        ) -> dlmc::tensor::Array {
            let logarithms = columns[0].floats().iter().map(|it| it.ln()).collect();
            dlmc::tensor::Array::f32(&columns[0].shape, logarithms)
        }
        fn encode_first(
            &mut self,
            _: usize,
            _: &[dlmc::tensor::Array],
            _: &[dlmc::tensor::Array],
        ) -> dlmc::tensor::Array {
            unreachable!("no field is augmented")
        }

        fn encode_rest(&mut self, _: usize, _: &[dlmc::tensor::Array], _: &dlmc::tensor::Array) -> dlmc::tensor::Array {
            unreachable!("no field is augmented")
        }

        fn decode(&mut self, _: usize, _: &[dlmc::tensor::Array], values: &dlmc::tensor::Array) -> dlmc::tensor::Array {
            values.clone()
        }
    }
    let told = [
        negative.told(&negative.problems()),
        nothing.told(&nothing.problems()),
        formula.told(&formula.load_with(&mut Logarithm).err().expect("ln(-1)")),
    ];
    insta::assert_snapshot!("data_values", told.join("\n"));
}

/// Each problem of the family is seen by a test of this module, or is named here with where it is.
#[test]
fn every_problem_of_data_is_met_by_a_test() {
    let elsewhere = [
        // `tensors_and_patterns_must_fit`
        "pattern-without-columns",
        "column-count",
        "cells-are-text",
        "cells-are-tensors",
        "column-shape",
        "row-counts",
        "target-among-inputs",
        "mixed-shapes",
        // `formulas_and_weights_must_make_sense`
        "field-not-finite",
        "bad-weight",
        // `bytes_that_are_no_text_are_told`
        "not-utf8",
        "data-too-large",
        // `pictures`
        "cifar-damaged",
        "folder-missing",
        "folder-unreadable",
        "picture-size",
        "pictures-unreadable",
        "inputs-mixed",
        // `pages`, in builds that leave one out
        "source-left-out",
        // `input`
        "input-columns",
        "input-format",
    ];
    let ours: Vec<&str> = ENTRIES.iter().map(|entry| entry.code).collect();
    let mut met: BTreeSet<&str> = elsewhere.into();
    all().iter().for_each(|(_, _, block, text)| met.extend(told(block, text).1));
    // Those of other families, which data blocks meet too.
    met.retain(|code| ours.contains(code));
    let codes: BTreeSet<&str> = ours.into_iter().collect();
    assert_eq!(met, codes);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let fields = format!("  source: csv(\"f\")\n  {FIELDS}");
    let table: &[(&[u8], &str)] = &[
        (b"x,y\n1,0\n\xE9,1\n", "line 3 holds other bytes"),
        (b"\xFF\xFEx\0,\0y\0\n\0", "it looks like UTF-16"),
        (b"\x1F\x8B\x08\x00damaged", "incomplete deflate stream"),
        (b"\x1F\x8B", ""),
    ];
    for (bytes, label) in table {
        let block = Block::new(&fields, &[("f", bytes)]);
        let problems = block.problems();
        let expected = if bytes.starts_with(&[0x1F]) { "file-unreadable" } else { "not-utf8" };
        assert_eq!(problems.iter().map(|it| it.code).collect::<Vec<_>>(), [expected], "{}", block.told(&problems));
        assert!(problems[0].labels[0].text.contains(label), "{}", block.told(&problems));
    }
    let block = Block::new(&fields, &[("f", FINE.as_bytes())]);
    let limits = dlmc::data::Limits { bytes: 5 };
    let loaded = dlmc::data::load(&block.world, "".as_ref(), &block.plan, &mut super::Means(0), limits);
    assert_eq!(loaded.err().expect("too large")[0].code, "data-too-large");
}

#[test]
fn why_a_file_cannot_be_read_is_told_where_no_program_names_it() {
    use dlmc::problem::Problem;
    use dlmc::problem::data::FileUnreadable;
    let problem: Problem =
        FileUnreadable { path: "x.npy".into(), why: "it ends too soon".into(), packed: None, at: None }.into();
    assert!(problem.labels.is_empty() && problem.notes == ["it ends too soon"], "{problem:?}");
}
