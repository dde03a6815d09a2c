//! Transfer as it is checked: what is said of a file and a model that do not fit, and what is proposed.

use std::path::Path;

use dlmc::ide::{Look, look};
use dlmc::session::transfer::{self, sha256};
use dlmc::source::Memory;

use crate::cli::Shell;
use crate::pages::weights;

mod names;
mod networks;
mod real;
mod suggestions;

/// What `check` says of a program beside files of weights.
fn said(program: &str, files: &[(&str, &str)]) -> Vec<dlmc::problem::Problem> {
    let mut world = Memory::default();
    world.0.extend(files.iter().map(|(name, lines)| (name.into(), weights(lines))));
    let report = look(&world, Path::new("it.dlm"), Some(program.into()), &[], Look::Glance);
    report.expect("the text is given").problems
}

/// A network of two blocks, and the clause.
fn program(clause: &str) -> String {
    format!(
        "dlm 1
data points {{
  source: table {{
    | a | b | kind |
    | 1 | 2 | x    |
    | 2 | 1 | y    |
    | 4 | 2 | x    |
  }}
  input  p: f32[2] = [a, b] |> standardize
  target kind: class[2]
}}
layer block(n: int) on x: f32[I] -> f32[n] = x |> dense(n) as fc |> layer_norm as ln |> relu
layer tower on x: f32[I] -> f32[6] = x |> dense(6, tanh) as stem |> repeat(2, block(6)) as blocks
model net on p: f32[2] -> logits[2] = p |> tower as body |> dense(2) as head
train {{
  model: net
  data: points
  loss: cross_entropy
  optimizer: adam(lr: 0.01)
  batch: 3
  for: 3 epochs
  {clause}
}}
"
    )
}

const TORCH: &str = "blocks.0.fc.bias f32 6
blocks.0.fc.weight f32 6 6
blocks.0.ln.bias f32 6
blocks.0.ln.weight f32 6
blocks.1.fc.bias f32 6
blocks.1.fc.weight f32 6 6
blocks.1.ln.bias f32 6
blocks.1.ln.weight f32 6
stem.bias f32 6
stem.weight f32 6 2";

#[test]
fn one_line_brings_a_network_with_the_same_names() {
    let clause = "transfer body from \"it.safetensors\" {\n rename \"*\" -> * as oi\n }";
    assert!(said(&program(clause), &[("it.safetensors", TORCH)]).is_empty());
}

#[test]
fn the_lines_that_would_mend_holes_are_proposed_and_put_in() {
    let report = |clause: &str| said(&program(clause), &[("it.safetensors", TORCH)]);
    let found = report("transfer body from \"it.safetensors\"");
    assert_eq!(found.len(), 1);
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        found[0].message,
        found[0].notes.join("\n"),
        found[0].help.join("\n")
    ));
    // Square weights fit in two orders of their axes, so nobody else decides.
    assert!(found[0].edits.is_empty());
    let head = "head.bias f32 2\nhead.weight f32 2 6";
    let lines = format!("{head}\n{TORCH}");
    let found = said(&program("transfer from \"it.safetensors\""), &[("it.safetensors", &lines)]);
    assert_eq!(found[0].code, "transfer-holes");
    let found = said(&program("transfer head from \"it.safetensors\""), &[("it.safetensors", head)]);
    assert_eq!(found[0].edits[0].text, " {\n    rename \"head.*\" -> * as oi\n  }");
}

#[test]
fn what_is_left_over_is_named_with_the_lines_that_leave_it_out() {
    let lines = format!("{TORCH}\nfc.0.bias f32 9\nfc.0.weight f32 9 6\nextra f32 3");
    let clause = "transfer body from \"it.safetensors\" {\n rename \"blocks.*\" -> blocks.* as oi\n rename \"stem.*\" -> stem.* as oi\n }";
    let found = said(&program(clause), &[("it.safetensors", &lines)]);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["transfer-leftovers"]);
    assert!(found[0].help[0].ends_with("\n    skip \"fc.*\"\n    skip \"extra\""), "{:?}", found[0].help);
    let clause = format!("{}\n skip \"fc.*\", \"extra\"\n }}", clause.trim_end_matches(" }"));
    assert!(said(&program(&clause), &[("it.safetensors", &lines)]).is_empty());
}

#[test]
fn check_and_run_say_what_comes_from_where() {
    let shell = Shell::new();
    let clause = "transfer body from \"it.safetensors\" {\n rename \"*\" -> * as oi\n freeze stem until 1 epoch\n }";
    shell.write("it.dlm", program(clause));
    shell.write("it.safetensors", weights(TORCH));
    let line = "  `body` from it.safetensors: 10 tensors, 126 numbers\n";
    let said = shell.run(&["check", "it.dlm"]);
    assert!(said.code == 0 && said.out.contains(line), "{}{}", said.out, said.err);
    let said = shell.run(&["run", "it.dlm", "--out", "it"]);
    assert!(said.code == 0 && said.err.contains(line), "{}", said.err);
    let said = shell.run(&["inspect", "it/model.dlmx"]).out;
    assert!(said.contains("began with") && said.contains(&sha256(&weights(TORCH))), "{said}");
    let said = shell.run(&["why", "it.dlm", "train.freeze.body.stem"]).out;
    assert!(said.starts_with("train.freeze.body.stem = 1 epoch"), "{said}");
    shell.write("other.safetensors", weights(TORCH));
    let said = shell.run(&["check", "it.dlm", "--set", "transfer.body.from=\"other.safetensors\"", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let wanted = serde_json::json!({
        "part": "body", "from": "other.safetensors", "tensors": 10, "numbers": 126, "skipped": 0, "fresh": 0, "dropped": 0,
    });
    assert_eq!(told["trains"][0]["transfers"], serde_json::json!([wanted]));
}

#[test]
fn check_and_run_say_how_much_trains() {
    let shell = Shell::new();
    let clause = "transfer body from \"it.safetensors\" {\n rename \"*\" -> * as oi\n adapt lora(rank: 2) on *.fc.w\n freeze *\n }";
    shell.write("it.dlm", program(clause));
    shell.write("it.safetensors", weights(TORCH));
    // The head of 14 numbers, and two times two matrices of 6 by 2.
    let said = shell.run(&["check", "it.dlm"]);
    assert!(said.code == 0 && said.out.contains("  62 of 188 parameters train\n"), "{}{}", said.out, said.err);
    let said = shell.run(&["check", "it.dlm", "--set", "adapt.body.*.fc.w.rank=1"]);
    assert!(said.out.contains("  38 of 164 parameters train\n"), "{}{}", said.out, said.err);
    let said = shell.run(&["run", "it.dlm", "--out", "it"]);
    assert!(said.code == 0 && said.err.contains("62 of 188 parameters train"), "{}", said.err);
    // Without its adapters it is what any program of these layers takes.
    let said = shell.run(&["export", "it/model.dlmx", "--merged", "--json"]);
    assert!(said.code == 0 && said.out.contains("\"tensors\":12,\"numbers\":140,"), "{}", said.out);
    shell.write("plain.dlm", program("transfer from \"model.safetensors\""));
    assert_eq!(shell.run(&["check", "plain.dlm", "--data"]).code, 0);
}

/// Whatever stands in a file: it is told of, and nothing falls.
#[test]
fn no_file_is_too_broken() {
    let clause = "transfer body from \"it.safetensors\" {\n rename \"*\" -> * as oi\n }";
    let (whole, program) = (weights(TORCH), program(clause));
    let checked = dlmc::compile::check(&Memory::default(), Path::new("it.dlm"), Some(program), &[]).expect("the text");
    let mut refused = 0;
    arbtest::arbtest(|u| {
        let mut bytes = whole.clone();
        for _ in 0..u.int_in_range(1..=3)? {
            // Most of what can go wrong stands in the head.
            let end = if u.ratio(4, 5)? { 900 } else { bytes.len() };
            let at = u.choose_index(end)?;
            match u.int_in_range(0..=3)? {
                0 => bytes[at] = u.arbitrary()?,
                1 => bytes[at] = *u.choose(b"0123456789,:{}[]\"")?,
                2 => _ = bytes.remove(at),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.len() < 1000 {
                break;
            }
        }
        let mut world = Memory::default();
        world.0.insert("it.safetensors".into(), bytes);
        let program = &checked.programs[0];
        let (brought, problems) = transfer::inspect(&world, Path::new(""), &checked.sources, program, true);
        assert_eq!(brought.is_empty(), !problems.is_empty());
        refused += u32::from(brought.is_empty());
        Ok(())
    })
    .budget_ms(1500);
    assert!(refused > 100, "{refused}");
}

#[test]
fn two_blocks_fill_two_parts_but_not_one() {
    let head = "head.bias f32 2\nhead.weight f32 2 6";
    let files = [("it.safetensors", TORCH), ("head.safetensors", head)];
    let body = "transfer body from \"it.safetensors\" {\n rename \"*\" -> * as oi\n }";
    let two = format!("{body}\n transfer head from \"head.safetensors\" {{ rename \"head.*\" -> * as oi }}");
    assert!(said(&program(&two), &files).is_empty());
    let found = said(&program(&format!("{body}\n {body}")), &files);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["transfer-twice"]);
}
