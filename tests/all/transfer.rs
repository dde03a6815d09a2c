//! Transfer as it is checked: what is said of a file and a model that do not fit, and what is proposed.

use std::path::Path;

use dlmc::ide::{Look, look};
use dlmc::source::Memory;

use crate::pages::weights;

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
    let lines = format!("{head}\n{}", TORCH.replace("6 6", "6 6"));
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
fn two_blocks_fill_two_parts_but_not_one() {
    let head = "head.bias f32 2\nhead.weight f32 2 6";
    let files = [("it.safetensors", TORCH), ("head.safetensors", head)];
    let body = "transfer body from \"it.safetensors\" {\n rename \"*\" -> * as oi\n }";
    let two = format!("{body}\n transfer head from \"head.safetensors\" {{ rename \"head.*\" -> * as oi }}");
    assert!(said(&program(&two), &files).is_empty());
    let found = said(&program(&format!("{body}\n {body}")), &files);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["transfer-twice"]);
}
