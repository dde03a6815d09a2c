//! Tokens of texts, and windows over rows that follow one another.

use std::path::Path;

use arbtest::arbtest;
use dlmc::compile;
use dlmc::data::{self, Dataset, Limits};
use dlmc::model::Program;
use dlmc::model::program::Split;
use dlmc::problem::Problem;
use dlmc::session::formulas::Formulas;
use dlmc::source::Memory;

/// A program whose data block holds `data`, and whose model takes `inputs` of it to one number or to scores.
fn program(data: &str, inputs: &str, model: &str, loss: &str) -> String {
    format!(
        "dlm 1\n\ndata rows {{\n{data}\n}}\n\nmodel net on ({inputs}) -> {model}\n\n\
         train {{\n  model: net\n  data: rows\n  loss: {loss}\n  optimizer: sgd(lr: 0.1)\n  batch: 2\n  for: 1 epochs\n}}\n"
    )
}

fn checked(text: &str, files: &[(&str, &[u8])]) -> Result<(Program, Memory), Vec<Problem>> {
    let mut world = Memory::default();
    for (path, bytes) in files {
        world.0.insert(path.into(), bytes.to_vec());
    }
    let mut checked = compile::check(&world, Path::new("test.dlm"), Some(text.to_string()), &[]).expect("given");
    match checked.is_sound() {
        true => Ok((checked.programs.remove(0), world)),
        false => Err(checked.problems),
    }
}

fn load(text: &str, files: &[(&str, &[u8])]) -> Result<Dataset, Vec<Problem>> {
    let (program, world) = checked(text, files)?;
    data::load(&world, Path::new(""), &program.data, &mut Formulas(&program), Limits::default())
}

fn codes(result: Result<Dataset, Vec<Problem>>) -> Vec<&'static str> {
    result.map_or_else(|problems| problems.iter().map(|it| it.code).collect(), |_| vec![])
}

/// A column `t` of texts, made into `tokens[4, V]` by the steps.
fn texts(values: usize, steps: &str, cells: &[&str]) -> String {
    let mut rows = String::new();
    for cell in cells {
        rows += &format!("{}\n", serde_json::json!({ "t": cell, "y": 1 }));
    }
    let data = format!(
        "  source: jsonl(\"f\")\n  split: by_position(train: 3)\n  input t: tokens[4, {values}] = t |> {steps}\n  target y: number"
    );
    let text = program(&data, "t: tokens[T, V]", "number = t |> embed(2) as e |> flatten |> dense(1) as out", "mse");
    format!("{text}\n# {rows}")
}

fn tokens_of(values: usize, steps: &str, cells: &[&str]) -> (Vec<i32>, Vec<String>) {
    let text = texts(values, steps, cells);
    let (text, rows) = text.split_once("\n# ").expect("two parts");
    let dataset = load(text, &[("f", rows.as_bytes())]).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let part = |split: Split| {
        dataset.part(split).fields.first().map_or(vec![], |it| it.as_ref().expect("tokens").integers().to_vec())
    };
    let own = dataset.fitted.fields[0].vocabulary(0).expect("a vocabulary").to_vec();
    (Split::ALL.into_iter().flat_map(part).collect(), own)
}

/// The training rows are the first three. 0 is no token, 1 any other, and the rest come by how often they are there.
#[test]
fn texts_become_the_numbers_of_their_tokens() {
    type Row<'a> = (usize, &'a str, &'a [&'a str], &'a [&'a str], &'a [i32]);
    let table: &[Row] = &[
        // A token that only a later row has is no token of the vocabulary; places without one are 0.
        (
            9,
            "words",
            &["b a b", "b", "c a", "d b"],
            &["b", "a", "c"],
            &[2, 3, 2, 0, 2, 0, 0, 0, 4, 3, 0, 0, 1, 2, 0, 0],
        ),
        // There is room for one: of equals the first by its characters, the others are one.
        (3, "words", &["b", "a", "c"], &["a"], &[1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]),
        // What is longer is cut.
        (9, "words", &["a a a a a b", "", "b"], &["a", "b"], &[2, 2, 2, 2, 0, 0, 0, 0, 3, 0, 0, 0]),
        (
            9,
            "words",
            &["Don't, (stop)!", "don't", "x-y"],
            &["Don't", "don't", "stop", "x", "y"],
            &[2, 4, 0, 0, 3, 0, 0, 0, 5, 6, 0, 0],
        ),
        (9, "lower |> words", &["Don't", "don't", "DON'T É"], &["don't", "é"], &[2, 0, 0, 0, 2, 0, 0, 0, 2, 3, 0, 0]),
        (9, "words |> lower", &["A", "a", "a"], &["a"], &[2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]),
        (9, "chars", &["ab", "b ", "ü"], &["b", " ", "a", "ü"], &[4, 2, 0, 0, 2, 3, 0, 0, 5, 0, 0, 0]),
        (
            9,
            "words",
            &["3 cats", "3.5", "2026-11-30"],
            &["11", "2026", "3", "3.5", "30", "cats"],
            &[4, 7, 0, 0, 5, 0, 0, 0, 3, 2, 6, 0],
        ),
    ];
    for (values, steps, cells, vocabulary, expected) in table {
        let (found, own) = tokens_of(*values, steps, cells);
        assert_eq!((&own[..], &found[..]), (&vocabulary.map_strings()[..], *expected), "{steps} of {cells:?}");
    }
}

trait Strings {
    fn map_strings(&self) -> Vec<String>;
}

impl Strings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|it| it.to_string()).collect()
    }
}

#[test]
fn a_missing_text_has_no_token() {
    let data = "  source: csv(\"f\")\n  input t: tokens[2, 5] = t |> words\n  target y: number";
    let text = program(data, "t: tokens[T, V]", "number = t |> embed(2) as e |> flatten |> dense(1) as out", "mse");
    let dataset = load(&text, &[("f", b"t,y\na,1\n,2\nb a,3\n")]).expect("sound");
    assert_eq!(dataset.part(Split::Train).fields[0].as_ref().expect("tokens").integers(), [2, 0, 0, 0, 3, 2]);
}

/// Rows that hold their own number, a group and a time.
struct Series {
    rows: Vec<(u32, String, u32)>,
    split: &'static str,
    length: usize,
    offset: usize,
    told: usize,
}

impl Series {
    fn text(&self) -> (String, String) {
        let Series { split, length, offset, told, .. } = self;
        let data = format!(
            "  source: csv(\"f\")\n  split: {split}\n  group g: text\n  time at: number\n  \
             input past: f32[{length}] = x |> window({length})\n  \
             target next: f32[{told}] = x |> window({told}, offset: {offset})"
        );
        let net = format!("f32[{told}] = past |> dense({told}) as out");
        let rows: String = self.rows.iter().map(|(x, g, at)| format!("{x},{g},{at}\n")).collect();
        (program(&data, &format!("past: f32[{length}]"), &net, "mse"), format!("x,g,at\n{rows}"))
    }
}

/// Whatever the rows, the split and the windows: an example has rows of one group and one split in the order of their times
/// without a gap, and all that are so are there; those by which weights are judged tell no value twice.
#[test]
fn windows_hold_rows_that_follow_one_another() {
    arbtest(|u| {
        let count = u.int_in_range(6..=40)?;
        let groups = u.int_in_range(1..=3)?;
        let rows = (0..count)
            .map(|x| Ok((x, format!("g{}", u.int_in_range(0..=groups - 1)?), u.int_in_range(0..=50)?)))
            .collect::<arbtest::arbitrary::Result<Vec<_>>>()?;
        let split = *u.choose(&[
            "by_position(train: 60%, val: 40%)",
            "by_time(train: 50%, val: 50%)",
            "random(train: 70%, val: 30%)",
            "by_group(train: 70%, val: 30%)",
        ])?;
        let (length, told) = (u.int_in_range(1..=4)?, u.int_in_range(1..=3)?);
        let series = Series { rows, split, length, offset: length, told };
        let (text, csv) = series.text();
        let loaded = load(&text, &[("f", csv.as_bytes())]);
        let dataset = match loaded {
            Ok(dataset) => dataset,
            // A split may be left without a row or a window.
            Err(problems) => {
                assert!(problems.iter().all(|it| ["no-window", "empty-split"].contains(&it.code)), "{problems:#?}");
                return Ok(());
            }
        };
        let numbers = |part: &dlmc::data::Part, field: usize| -> Vec<Vec<u32>> {
            let array = part.field(field).expect("numbers");
            let width = array.shape[1..].iter().product::<usize>();
            array.floats().chunks(width).map(|row| row.iter().map(|&it| it as u32).collect()).collect()
        };
        let of = |x: u32| &series.rows[x as usize];
        // All rows of a group by time; of one time, in the order of the file.
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_by_key(|&x| of(x).2);
        for split in [Split::Train, Split::Val] {
            let part = dataset.part(split);
            let own: Vec<u32> =
                part.fields[2].as_ref().expect("numbers").floats().iter().map(|&it| it as u32).collect();
            let (past, next) = (numbers(part, 2), numbers(part, 3));
            let found: Vec<Vec<u32>> = past.iter().zip(&next).map(|(a, b)| [&a[..], b].concat()).collect();
            let mut all = vec![];
            for group in 0..groups {
                let line: Vec<u32> = order.iter().copied().filter(|&x| of(x).1 == format!("g{group}")).collect();
                let windows = line.windows(length + told).filter(|window| window.iter().all(|x| own.contains(x)));
                all.extend(windows.map(<[u32]>::to_vec));
            }
            if split == Split::Train {
                assert_eq!(found, all, "{text}\n{csv}");
            }
            assert!(found.iter().all(|window| all.contains(window)), "{found:?} of {all:?}");
            let judged = numbers(dataset.judged(split), 3);
            let mut told: Vec<u32> = judged.concat();
            let once = told.len();
            told.sort_unstable();
            told.dedup();
            assert_eq!(told.len(), once, "a value is told twice: {judged:?}");
            assert!(judged.iter().all(|window| all.iter().any(|it| it.ends_with(window))), "{judged:?}");
        }
        Ok(())
    });
}

/// What `check` counts before a row is read is what is there then.
#[test]
fn examples_are_counted_ahead() {
    for (rows, split, length, offset) in
        [(50, "by_position(train: 80%, val: 20%)", 4, 1), (31, "by_position(train: 20, val: 6, test: 5)", 3, 2)]
    {
        let letters: String = (0..rows).map(|at| char::from(b'a' + (at % 7) as u8)).collect();
        let data = format!(
            "  source: text_file(\"f\")\n  split: {split}\n  input t: tokens[{length}, 7] = chars |> window({length})\n  \
             target n: tokens[{length}, 7] = chars |> window({length}, offset: {offset})"
        );
        let text =
            program(&data, "t: tokens[T, V]", "logits[T, V] = t |> embed(2) as e |> dense(V) as out", "cross_entropy");
        let (program, world) = checked(&text, &[("f", letters.as_bytes())]).expect("sound");
        let (facts, problems) = data::inspect(&world, Path::new(""), &program.data);
        assert!(problems.is_empty(), "{problems:?}");
        let dataset = load(&text, &[("f", letters.as_bytes())]).expect("sound");
        assert_eq!(facts.splits, Some(Split::ALL.map(|split| dataset.part(split).rows)), "{split}");
    }
}

/// Characters, whatever their length in bytes, and where the file begins and ends.
#[test]
fn a_text_file_is_its_characters() {
    let packed = {
        let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, "abab".as_bytes()).expect("memory");
        packed.finish().expect("memory")
    };
    let table: &[(&[u8], usize, &[&str], &[i32])] = &[
        (b"abab", 2, &["a", "b"], &[0, 1, 0, 1]),
        (&packed, 2, &["a", "b"], &[0, 1, 0, 1]),
        (b"\xEF\xBB\xBFba\n", 3, &["\n", "a", "b"], &[2, 1, 0]),
        ("zöä€𝄞".as_bytes(), 5, &["z", "ä", "ö", "€", "𝄞"], &[0, 2, 1, 3, 4]),
        (b"a\r\na", 4, &["\n", "\r", "a"], &[2, 1, 0, 2]),
    ];
    for (bytes, values, vocabulary, expected) in table {
        let data = format!(
            "  source: text_file(\"f\")\n  input t: tokens[1, {values}] = chars |> window(1)\n  \
             target n: tokens[1, {values}] = chars |> window(1, offset: 1)"
        );
        let text =
            program(&data, "t: tokens[T, V]", "logits[T, V] = t |> embed(2) as e |> dense(V) as out", "cross_entropy");
        let dataset = load(&text, &[("f", bytes)]).expect("sound");
        assert_eq!(dataset.fitted.fields[0].vocabulary(0).expect("known"), vocabulary.map_strings());
        assert_eq!(dataset.part(Split::Train).fields[0].as_ref().expect("tokens").integers(), *expected);
    }
    let data = "  source: text_file(\"f\")\n  input t: tokens[1, 9] = chars |> window(1)\n  \
                target n: tokens[1, 9] = chars |> window(1, offset: 1)";
    let text =
        program(data, "t: tokens[T, V]", "logits[T, V] = t |> embed(2) as e |> dense(V) as out", "cross_entropy");
    assert_eq!(codes(load(&text, &[("f", b"")])), ["no-rows"]);
    assert_eq!(codes(load(&text, &[("f", b"ab\xFFcd")])), ["not-utf8"]);
    assert_eq!(codes(load(&text, &[("f", b"a")])), ["no-window"]);
}

/// Where the type has room, what no training row has is one more token; where it has none, it is told.
#[test]
fn characters_that_training_has_not_seen() {
    let data = |values: usize| {
        format!(
            "  source: text_file(\"f\")\n  split: by_position(train: 4, val: 4)\n  \
             input t: tokens[2, {values}] = chars |> window(2)\n  target n: tokens[1, {values}] = chars |> window(1, offset: 2)"
        )
    };
    let text = |values: usize| {
        let net = "logits[1, V] = t |> embed(2) as e |> flatten |> dense(V) as out |> reshape([1, V])";
        program(&data(values), "t: tokens[T, V]", net, "cross_entropy")
    };
    let file: &[(&str, &[u8])] = &[("f", b"ababazbz")];
    assert_eq!(codes(load(&text(2), file)), ["unknown-tokens"]);
    assert_eq!(codes(load(&text(1), file)), ["vocabulary-full"]);
    let dataset = load(&text(3), file).expect("sound");
    let val = dataset.part(Split::Val);
    assert_eq!(val.fields[0].as_ref().expect("tokens").integers(), [0, 2, 1, 2]);
    assert_eq!(val.field(0).expect("tokens").integers(), [0, 2, 2, 1], "two examples of two tokens");
    assert_eq!(val.field(1).expect("tokens").integers(), [1, 2]);
}

/// Preprocessing is fitted on rows, not on windows: a row in many of them counts once.
#[test]
fn a_window_is_taken_of_rows_that_are_ready() {
    let data = "  source: csv(\"f\")\n  split: by_position(train: 4, val: 3)\n  \
                input past: f32[2] = x |> standardize |> window(2)\n  target next: number = x |> window(1, offset: 2)";
    let text = program(data, "past: f32[2]", "number = past |> dense(1) as out", "mse");
    let dataset = load(&text, &[("f", b"x\n1\n2\n3\n6\n10\n20\n30\n")]).expect("sound");
    let (mean, deviation) = (3.0f32, 3.5f32.sqrt());
    let of = |values: &[f32]| values.iter().map(|it| (it - mean) / deviation).collect::<Vec<_>>();
    let close = |found: &[f32], expected: Vec<f32>| {
        assert!(
            found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5),
            "{found:?}"
        );
    };
    let train = dataset.part(Split::Train);
    assert_eq!(train.rows, 2);
    close(train.field(0).expect("numbers").floats(), of(&[1.0, 2.0, 2.0, 3.0]));
    close(train.field(1).expect("numbers").floats(), vec![3.0, 6.0]);
    close(dataset.part(Split::Val).field(0).expect("numbers").floats(), of(&[10.0, 20.0]));
}

/// A target within the rows that an input has is given away; one behind them is not.
#[test]
fn a_window_over_its_own_target_is_told() {
    let told = |input: &str, target: &str| {
        let data = format!("  source: csv(\"f\")\n  input past: f32[3] = {input}\n  target next: number = {target}");
        let text = program(&data, "past: f32[3]", "number = past |> dense(1) as out", "mse");
        let (program, world) = checked(&text, &[("f", b"x\n1\n2\n3\n4\n5\n6\n")]).expect("sound");
        data::inspect(&world, Path::new(""), &program.data).1.iter().map(|it| it.code).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(told("x |> window(3)", "x |> window(1, offset: 3)"), none);
    assert_eq!(told("x |> window(3)", "x |> window(1, offset: 2)"), ["target-among-inputs"]);
    assert_eq!(told("x |> window(3)", "x"), ["target-among-inputs"]);
    assert_eq!(told("x |> window(3, offset: 1)", "x"), none);
}

/// What is wrong with a field of tokens or a window, by its code.
#[test]
fn fields_of_several_rows_are_checked() {
    let told = |field: &str| {
        let data = format!("  source: csv(\"f\")\n  {field}\n  input z: number\n  target y: number");
        let text = program(&data, "z: number", "number = z |> dense(1) as out", "mse");
        match checked(&text, &[]) {
            Ok(_) => vec![],
            Err(problems) => problems.iter().map(|it| it.code).collect::<Vec<_>>(),
        }
    };
    let table: &[(&str, &[&str])] = &[
        ("input t: tokens[4, 9] = a |> words", &[]),
        ("input t: tokens[4, 9] = a |> window(4)", &[]),
        ("input t: tokens[4, 9]", &["tokens-uncut"]),
        ("input t: tokens[4, 9] = a |> lower", &["tokens-uncut"]),
        ("input t: tokens[4, 2] = a |> words", &["out-of-range"]),
        ("input t: tokens[4, 2] = a |> window(4)", &[]),
        ("input t: tokens[4] = a |> words", &["wrong-value"]),
        ("input t: tokens[4, 9] = a |> window(3)", &["result-mismatch"]),
        ("input t: tokens[4, 9] = a |> words |> window(4)", &["cuts-no-text"]),
        ("input t: number = a |> words", &["cuts-no-text"]),
        ("input t: f32[3] = a |> window(3) |> standardize", &["window-misplaced"]),
        ("input t: f32[3] = a |> window(3) |> window(3)", &["window-misplaced"]),
        ("input t: f32[3, 1] = a |> window(3)", &[]),
        ("input t: f32[3] = window(a, 3)", &[]),
        ("input t: f32[3] = a |> window(2)", &["result-mismatch"]),
        ("input t: f32[2] = a |> window(2, offset: 1.5)", &["out-of-range"]),
        ("input t: f32[2] = a |> window(0)", &["size-out-of-range"]),
        ("input t: f32[2] = a |> window(2)\n  input u: f32[2] = t", &["window-misplaced"]),
        ("input t: f32[2, 3] = columns(\"p*\") |> window(2)", &[]),
        ("input t: class[3] = a |> window(1, offset: 2)", &[]),
    ];
    for (field, expected) in table {
        assert_eq!(told(field), *expected, "{field}");
    }
    // Outside of the formula of a field there are no rows.
    let data = "  source: csv(\"f\")\n  input z: number\n  target y: number";
    let text = program(data, "z: number", "number = z |> window(1) |> dense(1) as out", "mse");
    assert_eq!(
        checked(&text, &[]).map_or_else(|it| it.iter().map(|it| it.code).collect(), |_| vec![]),
        ["window-misplaced"]
    );
}
