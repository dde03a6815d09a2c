//! `dlmc tune`: what it shows, what can be pasted, and how it ends.

use std::io::{BufRead, BufReader};

use super::*;

const TUNE: &str = "
tune {
  optimizer.lr: choice(0.02, 0.05, 1e38)
  hidden.units: 4 .. 8
  objective:    minimize(train.loss)
  budget:       5 trials
  seed:         1
}
";

/// A folder with a search over xor.
fn with_search(tune: &str) -> Shell {
    let shell = Shell::new();
    shell.write("it.dlm", XOR.replace("500 epochs", "40 epochs") + tune);
    shell
}

/// Text in which every time is another, without the times: `0.3 s`, `(0.3 s)`.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.len() == 3 && word.as_bytes()[1] == b'.' && word.parse::<f64>().is_ok();
    let parts: Vec<&str> = text.split(" s").collect();
    let cut = |part: &&str| match part.get(part.len().saturating_sub(3)..) {
        Some(word) if is_time(word) => format!("{}0.0", &part[..part.len() - 3]),
        _ => part.to_string(),
    };
    parts.iter().map(cut).collect::<Vec<_>>().join(" s")
}

#[test]
fn a_search_shows_its_trials_and_what_was_best() {
    let shell = with_search(TUNE);
    let said = shell.run(&["tune", "it.dlm", "--out", "it"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(format!("{}\n---\n{}", timeless(&said.err), said.out));
    // The last line of what it found is what a run takes.
    let line = said.out.lines().last().expect("a line");
    let run = shell.script(&format!("dlmc run it.dlm {line} --out again --quiet"));
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(shell.read("again/model.dlmx"), shell.read("it/model.dlmx"));
    let quiet = shell.run(&["tune", "it.dlm", "--quiet"]);
    assert_eq!((quiet.code, quiet.err.as_str(), &quiet.out), (0, "", &said.out));
    assert!(shell.path("runs/it-tune-1/trials/5").exists());
    // Nothing is written over.
    let said = shell.run(&["tune", "it.dlm", "--out", "it"]);
    assert!(said.code == 3 && said.err.contains("[folder-used]"), "{}", said.err);
}

#[test]
fn a_search_tells_its_trials_as_json() {
    let shell = with_search(TUNE);
    let said = shell.run(&["tune", "it.dlm", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let told = objects(&said.out);
    let of = |name: &str| told.iter().filter(|it| it["event"] == name).collect::<Vec<_>>();
    let [search] = of("search")[..] else { panic!("one beginning") };
    let known = ["event", "name", "train", "objective", "rising", "trials", "seed", "backend", "folder", "resumed"];
    assert_eq!(fields(search), [&known[..], &["fingerprint"]].concat());
    assert_eq!((of("begin").len(), of("trial").len()), (5, 5));
    for trial in of("trial") {
        let known = ["event", "trial", "values", "state", "objective", "looks", "seconds", "folder", "data", "problem"];
        assert_eq!(fields(trial), known);
        assert_eq!(trial["state"] == "failed", trial["values"]["train.optimizer.lr"] == "1e38", "{trial}");
        assert_eq!(trial["problem"].is_null(), trial["state"] != "failed", "{trial}");
    }
    let [end] = of("end")[..] else { panic!("one end") };
    assert_eq!(fields(end), ["event", "reason", "done", "stopped", "failed", "best", "spread", "seconds"]);
    assert_eq!(fields(&end["best"]), ["trial", "values", "objective", "train", "val", "test", "artifact"]);
    assert_eq!(fields(&end["spread"]), ["worst", "median", "best"]);
    assert_eq!(end["best"]["objective"], end["spread"]["best"]);
    assert_eq!(std::path::Path::new(end["best"]["artifact"].as_str().expect("a path")).extension().unwrap(), "dlmx");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let shell = with_search(TUNE);
    for threads in ["1", "3"] {
        let said = shell.run(&["tune", "it.dlm", "--quiet", "--threads", threads, "--out", threads]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!(shell.read("1/model.dlmx"), shell.read("3/model.dlmx"));
    for trial in 1..=5 {
        let of = |threads: u32| std::fs::read(shell.path(&format!("{threads}/trials/{trial}/model.dlmx"))).ok();
        assert_eq!(of(1), of(3), "trial {trial}");
    }
}

#[test]
fn what_is_set_holds_for_every_trial() {
    let shell = with_search(TUNE);
    let set = ["--set", "train.for=3 epochs", "--set", "budget=2 trials"];
    let said = shell.run(&[&["tune", "it.dlm", "--json"][..], &set].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let told = objects(&said.out);
    let done: Vec<&Value> = told.iter().filter(|it| it["event"] == "trial").collect();
    assert_eq!(done.len(), 2);
    for trial in done.iter().filter(|it| it["state"] == "done") {
        assert_eq!(trial["looks"].as_array().expect("a list").len(), 3);
    }
}

#[test]
fn a_run_with_other_values_has_nothing_to_do_with_a_search() {
    let shell = with_search(&TUNE.replace("  objective:", "  optimizer.b1: 0.8 .. 0.95\n  objective:"));
    for set in ["train.optimizer=sgd(lr: 0.1)", "hidden.units=3", "optimizer.lr=0.1"] {
        let said = shell.run(&["run", "it.dlm", "--quiet", "--set", set]);
        assert_eq!(said.code, 0, "{set}: {}", said.err);
    }
    let said = shell.run(&["tune", "it.dlm", "--quiet", "--set", "train.optimizer=sgd(lr: 0.1)"]);
    assert!(said.code == 1 && said.err.contains("[override-unmatched]"), "{}", said.err);
    let said = shell.run(&["tune", "it.dlm", "--quiet", "--set", "optimizer.lr=0.1"]);
    assert!(said.code == 1 && said.err.contains("[tuned-and-set]"), "{}", said.err);
}

#[test]
fn an_interrupted_search_goes_on_by_its_last_line() {
    let whole = with_search(TUNE);
    let slow = ["--backend", "interpreter", "--set", "train.for=300 epochs"];
    assert_eq!(whole.run(&[&["tune", "it.dlm", "--out", "it", "--quiet"][..], &slow].concat()).code, 0);
    let shell = with_search(TUNE);
    let args = [&["tune", "it.dlm", "--json", "--out", "it"][..], &slow].concat();
    let mut child = shell.command(DLMC).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dlmc");
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("\"trial\":2,\"step\"") && !line.contains("\"begin\",\"trial\":3") {
        line.clear();
        assert!(reader.read_line(&mut line).expect("a line") > 0);
    }
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
    std::io::copy(&mut reader, &mut std::io::sink()).expect("the rest");
    let said = said(child.wait_with_output().expect("an end"));
    assert_eq!(said.code, 130, "{}", said.err);
    let last = said.err.lines().last().expect("a last line");
    let (trials, command) = last.split_once("; go on with: ").unwrap_or_else(|| panic!("{last}"));
    assert!(trials.starts_with("interrupted after "), "{last}");
    assert!(!shell.path("it/model.dlmx").exists());
    let said = shell.script(command);
    assert_eq!(said.code, 0, "{command}\n{}", said.err);
    assert!(said.err.contains("resumed after"), "{}", said.err);
    assert_eq!(shell.read("it/model.dlmx"), whole.read("it/model.dlmx"));
}

#[test]
fn check_and_why_tell_of_a_search() {
    let shell = with_search(TUNE);
    let said = shell.run(&["check", "it.dlm"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let (_, search) = said.out.split_once("\ntune").expect("a part of the report");
    insta::assert_snapshot!(format!("tune{search}"));
    let said = shell.run(&["why", "it.dlm", "tune.prune"]);
    assert!(said.out.starts_with("tune.prune = median\n"), "{}", said.out);
    let said = shell.run(&["render", "it.dlm"]);
    assert!(said.out.contains("  prune:        median\n"), "{}", said.out);
    shell.write("again.dlm", &said.out);
    assert_eq!(shell.run(&["check", "again.dlm"]).code, 0);
}
