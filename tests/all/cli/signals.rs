//! Runs that are interrupted: by which code they end, what they leave behind, and that they go on as if nothing had been.

use std::io::{BufRead, BufReader};
use std::process::Child;

use super::*;

/// A run that takes a second or more.
fn long() -> String {
    XOR.replace("500 epochs", "20000 epochs")
}

/// Begins a run on a slow back end, and waits until it is under way.
fn begin(shell: &Shell) -> Child {
    let args = ["run", "it.dlm", "--json", "--out", "it", "--backend", "interpreter"];
    let mut child =
        shell.command(DLMC).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    let mut line = String::new();
    // The reader may hold back what it has read too far: all that is wanted of standard output is that it begins.
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.contains("\"start\""), "{line}");
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
}

#[test]
fn an_interrupted_run_goes_on_by_its_last_line_to_the_same_weights() {
    let whole = Shell::new();
    whole.write("it.dlm", long());
    assert_eq!(whole.run(&["run", "it.dlm", "--out", "it", "--quiet", "--backend", "interpreter"]).code, 0);
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let shell = Shell::new();
        shell.write("it.dlm", long());
        let child = begin(&shell);
        signal(&child, name);
        let said = said(child.wait_with_output().expect("an end"));
        assert_eq!(said.code, code, "{}", said.err);
        let last = said.err.lines().last().expect("a last line");
        let (step, command) = last.split_once("; go on with: ").unwrap_or_else(|| panic!("{last}"));
        assert!(step.starts_with("interrupted after step "), "{last}");
        assert!(!shell.path("it/model.dlmx").exists() && shell.path("it/checkpoints").exists());
        // Word for word what the last line says.
        let said = shell.script(command);
        assert_eq!(said.code, 0, "{command}\n{}", said.err);
        assert!(said.err.contains("resumed after step"), "{}", said.err);
        assert_eq!(shell.read("it/model.dlmx"), whole.read("it/model.dlmx"), "after {name}");
    }
}

#[test]
fn a_second_signal_does_not_wait() {
    let shell = Shell::new();
    shell.write("it.dlm", long());
    let child = begin(&shell);
    signal(&child, "INT");
    signal(&child, "INT");
    let said = said(child.wait_with_output().expect("an end"));
    assert_eq!(said.code, 130, "{}", said.err);
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let shell = Shell::new();
    shell.write("it.dlm", XOR.replace("500 epochs", "1000000 epochs"));
    let child = begin(&shell);
    let second = shell.run(&["run", "it.dlm", "--out", "it"]);
    signal(&child, "TERM");
    let first = said(child.wait_with_output().expect("an end"));
    assert!(second.code == 3 && second.err.contains("[folder-busy]"), "{}", second.err);
    assert_eq!(first.code, 143, "{}", first.err);
}
