//! Repairs: what is certain is mended, what is not is left alone, and no program becomes worse.

use std::path::Path;

use dlmc::ide::Look;
use dlmc::ide::fix::{Fixed, fix};
use dlmc::problem::pages::PAGES;
use dlmc::source::Memory;
use serde_json::Value;

use crate::cli::Shell;
use crate::pages::{Block, blocks, files};

fn fixed(world: &Memory, text: &str) -> Fixed {
    fix(world, Path::new("main.dlm"), Some(text.into()), Look::Rows).expect("the text is given")
}

/// The program of a page that is wrong, and the files beside it; none where commands are the example.
fn wrong(page: &str) -> Option<(Memory, String)> {
    let (_, examples) = page.split_once("\n## Wrong\n")?;
    let blocks: Vec<Block> = blocks(examples.split_once("\n## Right\n")?.0);
    if blocks.iter().any(|block| block.kind == "console") {
        return None;
    }
    let mut world = Memory::default();
    world.0.extend(files(&blocks).map(|(name, content)| (name.into(), content)));
    let program = blocks.iter().find(|block| block.kind == "dlm" && block.file.is_none())?;
    Some((world, program.body.to_string()))
}

/// The problems whose page shows a mistake with a certain repair.
const MENDED: &[&str] = &[
    "block-not-opened",
    "bracket-mismatch",
    "bracket-not-closed",
    "class-count",
    "colon-for-equals",
    "equals-for-colon",
    "ignores-nothing",
    "import-without-names",
    "imported-name-missing",
    "missing-colon",
    "missing-comma",
    "objective-direction",
    "split-column",
    "transfer-holes",
    "transfer-shape",
    "unknown-argument",
    "unknown-column",
    "unknown-data-setting",
    "unknown-edition",
    "unknown-escape",
    "unknown-name",
    "unknown-setting",
    "unknown-source",
    "unknown-split",
    "unknown-unit",
    "unknown-word",
];

#[test]
fn what_the_pages_show_is_mended_where_a_repair_is_known() {
    let (mut mended, mut complaints) = (vec![], vec![]);
    for &(code, page) in PAGES {
        let Some((world, text)) = wrong(page) else { continue };
        let fixed = fixed(&world, &text);
        let is_left = fixed.report.problems.iter().any(|problem| problem.code == code);
        if fixed.repairs.is_empty() {
            assert_eq!(fixed.before, fixed.text, "{code}");
            continue;
        }
        if is_left || !fixed.fresh.is_empty() {
            let fresh: Vec<&str> = fixed.fresh.iter().map(|it| &*it.message).collect();
            complaints.push(format!("{code}: left {is_left}, fresh {fresh:?}\n{}", fixed.text));
        }
        mended.push(code);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(mended, MENDED);
}

/// A sound program, with a place for each mistake.
const SOUND: &str = r#"data plums {
  source: table {
    | sun | grams |
    | 4   | 18    |
    | 7   | 33    |
    | 9   | 41    |
  }
  input  sun:   number = sun |> standardize
  target grams: number = grams |> standardize
}
model tree on sun: number -> number = sun |> dense(3, tanh) as twig |> dense(1) as fruit
train {
  model:     tree
  data:      plums
  loss:      mse
  optimizer: adam(lr: 0.1)
  batch:     3
  for:       50 epochs
}
"#;

/// A mistake in the sound program, and that it is mended, or left.
fn mends(right: &str, wrong: &str) -> Fixed {
    assert!(SOUND.contains(right), "{right}");
    let fixed = fixed(&Memory::default(), &SOUND.replace(right, wrong));
    assert_eq!(fixed.text, SOUND, "{wrong}");
    assert!(fixed.report.problems.is_empty(), "{wrong}");
    fixed
}

#[test]
fn misspelt_names_are_corrected() {
    for (right, wrong) in [
        ("dense(3, tanh)", "dnese(3, tanh)"),
        ("tanh", "thanh"),
        ("standardize\n  target", "standardise\n  target"),
        ("mse", "MSE"),
        ("adam(", "Adam("),
        ("lr:", "learning_rate:"),
        ("optimizer:", "optimzer:"),
        ("source:", "suorce:"),
        ("epochs", "epoks"),
        ("batch:     3", "batch_size: 3"),
        ("model:     tree", "model:     tre"),
        ("sun |> standardize", "sum |> standardize"),
        ("target", "targett"),
        ("sun: number -> number", "sun: float[1] -> number"),
        ("train {", "trian {"),
        ("loss:      mse", "loss =     mse"),
    ] {
        let text = SOUND.replace(right, wrong);
        let fixed = fixed(&Memory::default(), &text);
        let said: Vec<&str> = fixed.report.problems.iter().map(|it| &*it.message).collect();
        assert!(said.is_empty() && !fixed.repairs.is_empty(), "{wrong}: {said:?}\n{}", fixed.text);
    }
    assert_eq!(mends("dense(3, tanh)", "dnese(3, tanh)").repairs.len(), 1);
}

#[test]
fn marks_of_other_languages_become_ours() {
    for (wrong, right) in [
        ("fn f(x) = x ** 2\n", "fn f(x) = x ^ 2\n"),
        ("fn f(x) = x × 2\n", "fn f(x) = x * 2\n"),
        ("fn f(x) = if x > 0 && x < 1 then x else 0\n", "fn f(x) = if x > 0 and x < 1 then x else 0\n"),
        ("fn f(x) = x + .5\n", "fn f(x) = x + 0.5\n"),
    ] {
        assert_eq!(fixed(&Memory::default(), wrong).text, right);
    }
}

/// Who writes settings as entries of a list is told once for each comma, and the rest is read as it is meant.
#[test]
fn commas_between_settings_become_what_separates_them() {
    let wrong = SOUND.replace("0.1)\n", "0.1),\n").replace("mse\n", "mse,\n").replace("epochs\n", "epochs,\n");
    let fixed = fixed(&Memory::default(), &wrong);
    assert_eq!(fixed.text, SOUND);
    assert!(fixed.report.problems.is_empty() && fixed.repairs.len() == 3, "{}", fixed.text);
    let in_one_line = "privacy { method: dp_sgd(clip: 1.0), budget: epsilon(3, delta: 1e-5) }";
    let wrong = SOUND.replace("  batch:     3\n", &format!("  batch:     3\n  {in_one_line}\n"));
    let fixed = self::fixed(&Memory::default(), &wrong);
    assert!(fixed.text.contains("dp_sgd(clip: 1.0); budget"), "{}", fixed.text);
    // Elsewhere a comma may stand for anything.
    let wrong = SOUND.replace("  loss:      mse", "  loss:      mse, huber");
    assert_eq!(self::fixed(&Memory::default(), &wrong).text, wrong);
}

#[test]
fn one_repair_brings_the_next_to_light() {
    let fixed = mends("dense(3, tanh)", "dnese(3, thanh)");
    let codes: Vec<&str> = fixed.repairs.iter().map(|it| it.problem.code).collect();
    assert_eq!(codes, ["unknown-name", "unknown-name"]);
    assert_eq!(fixed.repairs[0].place, (11, 46));
}

#[test]
fn a_setting_of_the_optimizer_moves_to_it() {
    for (wrong, optimizer) in [
        ("  optimizer: adam\n  lr: 0.1\n", "  optimizer: adam(lr: 0.1)\n"),
        ("  learning_rate: 0.1\n  optimizer: adam()\n", "  optimizer: adam(lr: 0.1)\n"),
        ("  optimizer: adam(b1: 0.8)\n  lr: 0.1\n", "  optimizer: adam(b1: 0.8, lr: 0.1)\n"),
    ] {
        let fixed = fixed(&Memory::default(), &SOUND.replace("  optimizer: adam(lr: 0.1)\n", wrong));
        assert_eq!(fixed.text, SOUND.replace("  optimizer: adam(lr: 0.1)\n", optimizer));
        assert!(fixed.report.problems.is_empty());
    }
    // It is there already, and another one.
    let twice = SOUND.replace("  batch:     3\n", "  lr: 0.2\n");
    assert_eq!(fixed(&Memory::default(), &twice).text, twice);
}

#[test]
fn what_could_be_two_things_is_left_alone() {
    // `elu`, `relu`, `selu` and `gelu` are as near; `10` could be epochs or steps.
    for (right, wrong) in [("tanh", "felu"), ("50 epochs", "50"), ("mse", "mxe")] {
        let text = SOUND.replace(right, wrong);
        let fixed = fixed(&Memory::default(), &text);
        assert!(fixed.repairs.is_empty() && !fixed.report.problems.is_empty(), "{wrong}");
        assert_eq!(fixed.text, text);
    }
}

#[test]
fn a_sound_program_has_no_repairs() {
    let fixed = fixed(&Memory::default(), SOUND);
    assert!(fixed.repairs.is_empty() && fixed.fresh.is_empty());
    assert_eq!(fixed.text, SOUND);
}

// ------------------------------------------------------------------------------------------------ the command

fn shell(text: &str) -> Shell {
    let shell = Shell::new();
    shell.write("it.dlm", text);
    shell
}

#[test]
fn a_file_is_repaired_and_told_how() {
    let shell = shell(&SOUND.replace("dense(3", "dnese(3"));
    let said = shell.run(&["fix", "--check", "it.dlm"]);
    assert_eq!((said.code, said.out.as_str()), (1, "it.dlm\n"), "{}", said.err);
    let said = shell.run(&["fix", "--diff", "it.dlm"]);
    assert_eq!(said.code, 1);
    assert!(said.out.starts_with("--- a/it.dlm\n+++ b/it.dlm\n@@ "), "{}", said.out);
    let line = SOUND.lines().find(|line| line.contains("dense(3")).expect("a line");
    assert!(said.out.contains(&format!("\n-{}\n+{line}\n", line.replace("dense(3", "dnese(3"))), "{}", said.out);
    assert_ne!(shell.read("it.dlm"), SOUND.as_bytes());
    let said = shell.run(&["fix", "it.dlm"]);
    let told = "fixed it.dlm:11:46 unknown-name: there is no layer called `dnese`\n1 problem fixed\n";
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", told));
    assert_eq!(shell.read("it.dlm"), SOUND.as_bytes());
    let said = shell.run(&["fix", "it.dlm"]);
    assert_eq!((said.code, said.err.as_str()), (0, "nothing to fix\n"));
}

#[test]
fn what_is_left_is_shown() {
    let shell = shell(&SOUND.replace("dense(3", "dnese(3").replace("50 epochs", "50"));
    let said = shell.run(&["fix", "it.dlm"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains("[missing-unit]") && said.err.ends_with("1 problem fixed, 1 error left\n"),
        "{}",
        said.err
    );
    assert_eq!(shell.read("it.dlm"), SOUND.replace("50 epochs", "50").as_bytes());
}

#[test]
fn no_program_gets_errors_that_it_has_not() {
    let text = SOUND.replace("dense(1)", "dnese(2)");
    let shell = shell(&text);
    let said = shell.run(&["fix", "it.dlm"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("[repair-refused]"), "{}", said.err);
    assert_eq!(shell.read("it.dlm"), text.as_bytes());
}

#[test]
fn standard_input_is_repaired_to_standard_output() {
    let shell = Shell::new();
    let wrong = SOUND.replace("dense(3", "dnese(3");
    shell.write("piped.dlm", &wrong);
    let said = shell.script("dlmc fix - < piped.dlm");
    assert_eq!((said.code, said.out.as_str()), (0, SOUND), "{}", said.err);
    let said = shell.script("dlmc fix - --json --stdin-filename x.dlm < piped.dlm");
    let object: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&object["file"], &object["changed"], &object["text"]), (&"x.dlm".into(), &true.into(), &SOUND.into()));
    assert_eq!(object["fixed"][0]["code"], "unknown-name");
    assert_eq!(object["problems"], Value::Array(vec![]));
}

#[test]
fn what_cannot_be_read_is_said_and_the_others_are_repaired() {
    let shell = shell(&SOUND.replace("dense(3", "dnese(3"));
    let said = shell.run(&["fix", "none.dlm", "it.dlm"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("[unreadable-file]"), "{}", said.err);
    assert_eq!(shell.read("it.dlm"), SOUND.as_bytes());
}

// ------------------------------------------------------------------------------------------------ SARIF

/// What the standard requires of an object, beside what it may have.
fn require(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(object.get(field).is_some(), "`{field}` is missing in {object}");
    }
}

fn is_region(region: &Value, text: &str) {
    require(region, &["startLine", "startColumn", "endLine", "endColumn", "byteOffset", "byteLength"]);
    let number = |field: &str| region[field].as_u64().expect("a number") as usize;
    assert!(number("startLine") >= 1 && number("startColumn") >= 1);
    let lines = number("endLine").cmp(&number("startLine"));
    assert!(lines.then(number("endColumn").cmp(&number("startColumn"))).is_ge(), "{region}");
    let start = number("byteOffset");
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    assert_eq!(text[..start].matches('\n').count() + 1, number("startLine"));
    assert_eq!(text[line..start].chars().count() + 1, number("startColumn"));
    assert!(start + number("byteLength") <= text.len());
}

#[test]
fn sarif_is_one_document_with_rules_and_repairs() {
    let shell = Shell::new();
    let texts = [
        ("a b.dlm", SOUND.replace("dense(3", "dnese(3").replace("50 epochs", "50")),
        ("c.dlm", SOUND.replace("loss:      mse", "loss =     mse")),
        ("d.dlm", SOUND.into()),
    ];
    texts.iter().for_each(|(name, text)| shell.write(name, text));
    let said = shell.run(&["check", "--output-format", "sarif", "a b.dlm", "c.dlm", "d.dlm"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    let document: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(document["version"], "2.1.0");
    let [run] = &document["runs"].as_array().expect("runs")[..] else { panic!("{} runs", document["runs"]) };
    let driver = &run["tool"]["driver"];
    require(driver, &["name", "semanticVersion", "rules"]);
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        require(rule, &["id", "shortDescription", "help", "defaultConfiguration"]);
        let page = PAGES.iter().find(|(code, _)| *code == rule["id"]).expect("a page").1;
        assert_eq!((rule["help"]["text"].as_str(), rule["help"]["markdown"].as_str()), (Some(page), Some(page)));
    }
    let results = run["results"].as_array().expect("results");
    let codes: Vec<&str> = results.iter().map(|it| it["ruleId"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["unknown-name", "missing-unit", "equals-for-colon"]);
    let mut fixes = 0;
    for result in results {
        require(result, &["ruleId", "ruleIndex", "level", "message", "locations"]);
        assert_eq!(rules[result["ruleIndex"].as_u64().expect("a place") as usize]["id"], result["ruleId"]);
        assert_eq!(result["level"], "error");
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a reference");
        let (_, text) = texts.iter().find(|(name, _)| name.replace(' ', "%20") == uri).expect("one of the files");
        is_region(&place["region"], text);
        for fix in result.get("fixes").and_then(Value::as_array).into_iter().flatten() {
            require(fix, &["artifactChanges"]);
            for change in fix["artifactChanges"].as_array().expect("changes") {
                require(change, &["artifactLocation", "replacements"]);
                for replacement in change["replacements"].as_array().expect("replacements") {
                    is_region(&replacement["deletedRegion"], text);
                    assert!(replacement["insertedContent"]["text"].is_string());
                    fixes += 1;
                }
            }
        }
    }
    assert_eq!(fixes, 2);
}

#[test]
fn sarif_of_a_sound_program_has_no_results() {
    let shell = shell(SOUND);
    let said = shell.run(&["check", "--output-format", "sarif", "it.dlm"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let document: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(document["runs"][0]["results"], Value::Array(vec![]));
}
