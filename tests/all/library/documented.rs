//! What `dlmc doc` says of each definition: a sentence, and an example, which is checked as it stands there.

use dlmc::ide::docs::{self, Doc};

use super::*;

/// The examples of a documentation: the formulas in backticks that follow "For example", up to the end of the sentence.
fn examples(doc: &str) -> Vec<String> {
    let text = doc.replace('\n', " ");
    let mut found = Vec::new();
    for part in text.split("For example").skip(1) {
        let mut rest = part.trim_start();
        while let Some((example, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            found.push(example.to_string());
            rest = after.strip_prefix(',').unwrap_or(after).trim_start();
        }
    }
    found
}

/// A size in a type of the library, as a number.
fn sized(ty: &str) -> String {
    let mut text = ty.replace("2 * N", "6").replace("3 * N", "9").replace("K - 1", "3").replace("..", "3");
    for (name, size) in [("H", "8"), ("W", "8"), ("C", "4"), ("T", "8"), ("D", "8"), ("I", "8"), ("N", "3"), ("K", "4")]
    {
        for (before, after) in [("[", "]"), ("[", ","), (" ", "]"), (" ", ",")] {
            text = text.replace(&format!("{before}{name}{after}"), &format!("{before}{size}{after}"));
        }
    }
    text
}

/// The types of the inputs of a form's head, in order.
fn inputs(doc: &Doc) -> Vec<String> {
    let (sources, modules) = dlmc::model::check::library();
    let text = &doc.text.as_ref().expect("a definition").text;
    let form = modules
        .definitions(LIBRARY)
        .find(|it| sources.text(it.callable.span).trim_end() == text)
        .expect("a form of the library");
    let of =
        |ty: &Option<Type>| ty.as_ref().map_or(String::new(), |ty| sized(sources.text(ty.span).trim_end_matches('?')));
    form.callable.inputs.iter().map(|it| of(&it.ty)).collect()
}

fn train(model: &str, settings: &str) -> String {
    format!("{model}\ntrain {{\n  model: m\n  data: points\n  for: 8 epochs\n{settings}}}\n")
}

const LINE: &str = "model m on x: f32[2] -> f32[3] = x |> dense(3) as out";

/// Checks an example in a program that has room for it.
#[track_caller]
fn holds(doc: &Doc, example: &str) {
    let plain = "  loss: mse\n  optimizer: sgd\n";
    if let Some(part) = &doc.part {
        return networks(part, doc, example);
    }
    match doc.kind {
        // What stands in a block of a training.
        "layer" if example.starts_with("adapt ") => {
            let lines = format!("{plain}  transfer from \"w.safetensors\" {{ {example} }}\n");
            with_data("f32[2]", "f32[3]", &train(LINE, &lines));
        }
        // A pipeline or a parameter, within a layer of its own.
        "layer" | "fn" => {
            let head = example.split(' ').next().expect("a word");
            let (ty, body) = match example.strip_prefix("param ") {
                Some(_) => ("f32[8]".to_string(), format!("{{\n  {example}\n  sum(w) * x\n}}")),
                None if head == "word" => ("class[5]".to_string(), format!("= {example}")),
                None if head == "size" => ("ordinal[5]".to_string(), format!("= {example}")),
                None => (inputs(doc).first().cloned().unwrap_or("f32[8]".into()), format!("= {example}")),
            };
            let name = if body.starts_with('{') { "x" } else { head };
            let sizes = ty.split_once('[').expect("sizes").1;
            let is_class = ty.starts_with("class") || ty.starts_with("ordinal");
            let (field, start) = match is_class {
                true => (ty.clone(), "x".to_string()),
                false => {
                    let size: usize =
                        sizes.trim_end_matches(']').split(", ").map(|it| it.parse::<usize>().unwrap()).product();
                    (format!("f32[{size}]"), format!("reshape(x, [{sizes})"))
                }
            };
            // Sizes have their names within the layer.
            let named = match doc.kind {
                "layer" if !is_class && ty.matches(',').count() == 2 => "f32[H, W, C]".to_string(),
                "layer" if !is_class => "f32[.., I]".to_string(),
                _ => ty.clone(),
            };
            let model = format!(
                "layer example on {name}: {named} {body}\n\
                 model m on x: {field} -> f32[1] = {start} |> example as it |> flatten |> dense(1) as out"
            );
            with_data(&field, "f32[1]", &train(&model, plain));
        }
        "loss" | "metric" => {
            let [z, y] = &inputs(doc)[..] else { panic!("two inputs of {}", doc.name) };
            // Of several outputs, which the example names.
            if let (true, Some((_, names))) = (z.starts_with('('), example.split_once(" on (")) {
                let names: Vec<&str> = names.trim_end_matches(')').split(", ").collect();
                let of = |part: &str| names.iter().map(|it| format!("{it}: {part}")).collect::<Vec<_>>().join(", ");
                let outputs: Vec<String> = names.iter().map(|it| format!("{it}: x |> dense(3) as {it}")).collect();
                let model = format!("model m on x: f32[2] -> ({}) = ({})", of("f32[3]"), outputs.join(", "));
                with_data("f32[2]", y, &train(&model, &format!("  {example}\n  optimizer: sgd\n")));
                return;
            }
            let units: usize = z.split(['[', ']']).nth(1).map_or(1, |it| it.parse().unwrap());
            let last = match z.split('[').next() {
                Some("prob") if z == "prob" => " |> sigmoid",
                Some("prob") => " |> softmax",
                Some("log_prob") => " |> log_softmax",
                _ => "",
            };
            let loss = if doc.kind == "loss" { String::new() } else { "  loss: plain\n".to_string() };
            let model = format!(
                "loss plain on (z: {z}, y: {y}) = mean(z^2)\n\
                 model m on x: f32[2] -> {z} = x |> dense({units}) as out{last}"
            );
            with_data("f32[2]", y, &train(&model, &format!("{loss}  {example}\n  optimizer: sgd\n")));
        }
        "optimizer" => drop(with_data("f32[2]", "f32[3]", &train(LINE, &format!("  loss: mse\n  {example}\n")))),
        "schedule" => drop(with_data("f32[2]", "f32[3]", &train(LINE, &format!("{plain}  {example}\n")))),
        "regularizer" => {
            with_data("f32[2]", "f32[3]", &train(LINE, &format!("{plain}  regularize {{ {example} }}\n")));
        }
        "encoder" => {
            let column = example.split(['=', '|']).nth(1).expect("a column").trim();
            let field = example.split([' ', ':']).nth(1).expect("a field");
            if column == "images" {
                let ty = example.split_once(": ").and_then(|it| it.1.split_once(" = ")).expect("a type").0;
                let model = format!("model m on {field}: {ty} -> number = {field} |> flatten |> dense(1) as out");
                let source = "source: idx(\"a\", \"b\")";
                let target = "target y: number = labels";
                program(&format!(
                    "dlm 1\ndata points {{\n  {source}\n  {example}\n  {target}\n}}\n{}",
                    train(&model, plain)
                ));
                return;
            }
            program(&format!(
                "dlm 1\ndata points {{\n  source: table {{\n    | {column} | y |\n    | 1 | 0 |\n    | 2 | 1 |\n  }}\n  {example}\n  \
                 target y: number\n}}\n{}",
                train(&format!("model m on {field}: number -> number = {field} |> dense(1) as out"), plain)
            ));
        }
        "augmentation" => {
            // A part to its size.
            let side = example.split(['(', ',']).nth(1).and_then(|it| it.strip_suffix("px")?.parse().ok());
            let side = side.filter(|_| example.contains(", ")).unwrap_or(16);
            let field = if doc.text.as_ref().is_some_and(|it| it.text.contains("other: ")) { "batch" } else { "x" };
            augmentations::varying(&format!("{field} {{ {example} }}"), [side, side, 3], 4);
        }
        other => panic!("an example of {}, which is a {other}", doc.name),
    }
}

/// Checks an example of a part of the library, which is of an image.
#[track_caller]
fn networks(part: &str, doc: &Doc, example: &str) {
    let image = example.split(' ').next().expect("a word");
    let name = &doc.name;
    program(&format!(
        "dlm 1
use {part} {{ {name} }}
data images {{
  source: jsonl(\"images.jsonl\")
  input  photo: image[32, 32, 4]
  target y:     f32[1]
}}
layer example on {image}: f32[H, W, C] = {example}
model m on photo: image[32, 32, 4] -> f32[1] = photo |> example as it |> flatten |> dense(1) as out
train {{ model: m; data: images; loss: mse; optimizer: sgd; for: 8 epochs }}
"
    ));
}

#[test]
fn every_definition_is_documented_and_its_examples_hold() {
    let all: Vec<Doc> = docs::all().into_iter().filter(|it| it.text.is_some()).collect();
    let mut checked = 0;
    for forms in all.chunk_by(|a, b| a.kind == b.kind && a.name == b.name) {
        let name = format!("{} {}", forms[0].kind, forms[0].name);
        assert!(forms[0].doc.ends_with(['.', ':']), "{name} is not documented: {:?}", forms[0].doc);
        let mut any = false;
        for form in forms {
            for example in examples(&form.doc) {
                assert!(example.contains(&form.name), "{name}: `{example}` does not show it");
                holds(form, &example);
                any = true;
                checked += 1;
            }
        }
        assert!(any || matches!(forms[0].kind, "fn" | "let"), "{name} has no example");
    }
    assert!(checked > 100, "{checked}");
}
