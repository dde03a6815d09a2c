//! What a person sees who gets something wrong: the ten mistakes that everybody makes, as the program tells them; and what
//! becomes of the examples when a line is lost or a word misspelt.

use std::path::{Path, PathBuf};
use std::process::Command;

use dlmc::ide::report;

/// A program without a mistake, and its data.
const PROGRAM: &str = "dlm 1

data flowers {
  source: csv(\"flowers.csv\")
  input  size: f32[2] = [length, width]
  target kind: class[\"rose\", \"tulip\"]
}

model net on size: f32[2] -> logits[K] {
  size
  |> dense(8, tanh) as hidden
  |> dense(K)       as head
}

train {
  model:     net
  data:      flowers
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     4
  for:       2 epochs
}
";
const DATA: &str = "length,width,kind
4.1,2.0,rose
3.9,1.8,rose
4.4,2.1,rose
4.0,1.9,rose
6.2,0.9,tulip
6.0,1.1,tulip
5.8,1.0,tulip
6.3,0.8,tulip
";

/// One mistake: what stands where something else should.
struct Mistake {
    name: &'static str,
    code: &'static str,
    /// Made in the program, or in its data.
    program: (&'static str, &'static str),
    data: (&'static str, &'static str),
    /// The fewest places that must be named: its own, and where the other fact came from.
    places: usize,
}

const RIGHT: (&str, &str) = ("", "");

const MISTAKES: [Mistake; 10] = [
    Mistake {
        name: "unknown_setting",
        code: "unknown-setting",
        program: ("adam(lr: 0.01)", "adam\n  learning_rate: 0.01"),
        data: RIGHT,
        places: 1,
    },
    Mistake { name: "misspelt_layer", code: "unknown-name", program: ("dense(8", "dens(8"), data: RIGHT, places: 1 },
    Mistake {
        name: "shapes_that_do_not_meet",
        code: "axis-mismatch",
        program: ("on size: f32[2]", "on size: f32[3]"),
        data: RIGHT,
        places: 2,
    },
    Mistake { name: "missing_column", code: "unknown-column", program: RIGHT, data: ("width", "breadth"), places: 1 },
    Mistake { name: "no_number", code: "bad-cells", program: RIGHT, data: ("4.4,2.1", "4.4,wide"), places: 2 },
    Mistake { name: "empty_file", code: "no-rows", program: RIGHT, data: (DATA, ""), places: 1 },
    Mistake {
        name: "label_outside_the_classes",
        code: "unknown-class",
        program: RIGHT,
        data: ("5.8,1.0,tulip", "5.8,1.0,daisy"),
        places: 2,
    },
    Mistake { name: "missing_unit", code: "missing-unit", program: ("2 epochs", "2"), data: RIGHT, places: 1 },
    Mistake {
        name: "loss_that_does_not_fit",
        code: "loss-does-not-fit",
        program: ("cross_entropy", "mse"),
        data: RIGHT,
        places: 3,
    },
    Mistake {
        name: "softmax_twice",
        code: "softmax-twice",
        program: (
            "logits[K] {\n  size\n  |> dense(8, tanh) as hidden\n  |> dense(K)       as head",
            "prob[K] {\n  size\n  |> dense(8, tanh) as hidden\n  |> dense(K)       as head\n  |> softmax",
        ),
        data: RIGHT,
        places: 2,
    },
];

/// `dlmc` with these arguments in a folder: its exit code, what it prints, what it says.
fn dlmc(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dlmc"));
    command.current_dir(folder).args(args).env("NO_COLOR", "1").env_remove("DLMC_DATA").env("XDG_CACHE_HOME", folder);
    let output = command.output().expect("the program that is tested");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

/// A folder with the program and its data, with a mistake or without.
fn folder(mistake: Option<&Mistake>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = |text: &str, change: (&str, &str)| {
        assert!(text.contains(change.0), "{}", change.0);
        if change == RIGHT { text.to_string() } else { text.replacen(change.0, change.1, 1) }
    };
    let (program, data) = mistake.map_or((RIGHT, RIGHT), |it| (it.program, it.data));
    std::fs::write(folder.path().join("flowers.dlm"), made(PROGRAM, program)).expect("written");
    std::fs::write(folder.path().join("flowers.csv"), made(DATA, data)).expect("written");
    folder
}

/// What shows in the rows.
const ROWS: [&str; 2] = ["bad-cells", "unknown-class"];

const RUN: [&str; 5] = ["run", "flowers.dlm", "--quiet", "--out", "out"];

#[test]
fn without_a_mistake_the_program_runs() {
    let folder = folder(None);
    assert_eq!(dlmc(folder.path(), &["check", "flowers.dlm", "--deny", "warnings"]).0, 0);
    let (code, _, said) = dlmc(folder.path(), &RUN);
    assert_eq!((code, &*said), (0, ""));
}

#[test]
fn each_of_ten_mistakes_is_told_once_with_its_place_and_help() {
    for mistake in &MISTAKES {
        let folder = folder(Some(mistake));
        let (checked, _, check) = dlmc(folder.path(), &["check", "flowers.dlm"]);
        let (code, _, said) = dlmc(folder.path(), &RUN);
        assert_eq!(code, 1, "{}: {said}", mistake.name);
        // Rows are read by a run only; all else `check` has said before, in the same words.
        assert_eq!(checked == 0, ROWS.contains(&mistake.code), "{}: {check}", mistake.name);
        assert!(checked == 0 || check == said, "{}: {check}\n{said}", mistake.name);
        assert!(!folder.path().join("out/model.dlmx").exists(), "{}", mistake.name);
        insta::with_settings!({ snapshot_path => "wrong_input", prepend_module_to_snapshot => false, description => mistake.name }, {
            insta::assert_snapshot!(mistake.name, said);
        });
    }
}

#[test]
fn the_same_is_told_to_machines() {
    for mistake in &MISTAKES {
        let folder = folder(Some(mistake));
        let check: &[&str] = &["check", "flowers.dlm", "--json"];
        let run: &[&str] = &["run", "flowers.dlm", "--json", "--out", "out"];
        let (code, lines, _) = dlmc(folder.path(), if ROWS.contains(&mistake.code) { run } else { check });
        assert_eq!(code, 1, "{}", mistake.name);
        let mut objects = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let object = objects.rfind(|it| it.get("problems").is_some()).expect("a line with problems");
        let problems = object["problems"].as_array().expect("problems");
        let codes: Vec<&str> = problems.iter().map(|it| it["code"].as_str().expect("a code")).collect();
        assert_eq!(codes, [mistake.code], "{}: one cause, one message", mistake.name);
        let labels = problems[0]["labels"].as_array().expect("labels");
        assert!(labels.len() >= mistake.places, "{}: {labels:#?}", mistake.name);
        for label in labels {
            let place = ["start", "end", "line", "column"].map(|it| label[it].as_u64().expect("a number"));
            assert!(place[0] <= place[1] && place[2] > 0 && place[3] > 0, "{}: {label}", mistake.name);
        }
        assert_eq!(labels.iter().filter(|it| it["primary"] == true).count(), 1, "{}", mistake.name);
        assert!(!problems[0]["help"].as_array().expect("help").is_empty(), "{}: no help", mistake.name);
        for edit in problems[0]["edits"].as_array().expect("edits") {
            assert!(edit["text"].is_string(), "{}: {edit}", mistake.name);
        }
    }
}

// ------------------------------------------------------------------------------------------------ every line, every word

/// The examples: where each lies, and its text.
fn examples() -> Vec<(PathBuf, String)> {
    let paths = crate::programs("examples");
    assert!(paths.len() >= 8);
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("text"))).collect()
}

/// How many texts gave so many problems, and the worst of them.
#[derive(Default)]
struct Tally {
    texts: usize,
    sound: usize,
    at_most_two: usize,
    worst: Vec<String>,
}

impl Tally {
    /// Checks a text in the place of an example: it has a problem with a place, or it is a program.
    fn add(&mut self, path: &Path, text: String, what: String) {
        let report = report::check(&crate::disk(), path, Some(text), &[]).expect("the text is given");
        let errors = report.problems.iter().filter(|it| it.severity == dlmc::problem::Severity::Error).count();
        assert!(report.problems.iter().all(|it| !it.labels.is_empty() && !it.message.is_empty()), "{what}");
        assert!(errors > 0 || report.checked.programs.len() == report.checked.trains.len(), "{what}: neither");
        self.texts += 1;
        self.sound += usize::from(errors == 0);
        match report.problems.len() {
            0..=2 => self.at_most_two += 1,
            count => self.worst.push(format!("{count}: {what}")),
        }
    }

    #[track_caller]
    fn assert_calm(&self, least: usize) {
        let share = 100.0 * self.at_most_two as f64 / self.texts as f64;
        assert!(self.texts >= least, "{} texts", self.texts);
        assert!(
            share >= 95.0,
            "{share:.1} % of {} texts gave at most two problems ({} none):\n{}",
            self.texts,
            self.sound,
            self.worst.join("\n")
        );
    }
}

#[test]
fn every_lost_line_gives_a_program_or_few_problems() {
    let mut tally = Tally::default();
    for (path, text) in examples() {
        for (at, lost) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let kept = text.lines().enumerate().filter(|(other, _)| *other != at);
            let without: String = kept.map(|(_, line)| format!("{line}\n")).collect();
            tally.add(&path, without, format!("{}:{}: {lost}", path.display(), at + 1));
        }
    }
    tally.assert_calm(200);
}

#[test]
fn every_misspelt_word_gives_a_program_or_few_problems() {
    let mut tally = Tally::default();
    for (path, text) in examples() {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let code = line.find('#').map_or(line, |at| &line[..at]);
            let mut from = 0;
            for word in code.split(|it: char| !it.is_alphanumeric() && it != '_') {
                let at = from;
                from += word.len() + 1;
                if word.chars().count() < 3 || !word.starts_with(char::is_alphabetic) {
                    continue;
                }
                // The letter in the middle is lost.
                let middle = start + at + word.len() / 2;
                let misspelt = format!("{}{}", &text[..middle], &text[middle + 1..]);
                tally.add(&path, misspelt, format!("{}: {} in {}", path.display(), word, line.trim()));
            }
            start += line.len();
        }
    }
    tally.assert_calm(400);
}
