//! What is shown of the examples without running them: each stage of the compiler, and the report of `check`.

use std::path::Path;
use std::process::Command;

/// What `dlmc` writes to standard output in the folder of the project, when it remembers only what is in `memory`.
fn remembering(memory: &Path, line: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dlmc"));
    // Where caches are on each system.
    ["XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"].into_iter().for_each(|name| _ = command.env(name, memory));
    // What parts of a step need is for so many threads.
    command.env("DLMC_THREADS", "2").env("DLMC_DATA", crate::STAND_INS);
    command.args(line).args(["--color", "never"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().expect("the binary");
    assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The same, when it remembers nothing.
fn dlmc(line: &[&str]) -> String {
    remembering(tempfile::tempdir().expect("a folder").path(), line)
}

/// The examples in the order of their names.
fn examples() -> Vec<String> {
    let name = |path: &std::path::PathBuf| path.file_name().expect("a file").to_str().expect("a plain name").to_owned();
    crate::programs("examples").iter().map(name).collect()
}

/// The experiments of an example by name; one without a name where it has only one.
fn trains(name: &str) -> Vec<Option<String>> {
    let path = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("an example");
    let names = text.lines().filter_map(|line| line.strip_prefix("train ")?.strip_suffix(" {").map(str::to_owned));
    let names: Vec<Option<String>> = names.map(Some).collect();
    if names.is_empty() { vec![None] } else { names }
}

#[test]
fn stages_of_xor() {
    for stage in ["tree", "model", "graph", "grad", "kernels", "plan"] {
        insta::assert_snapshot!(format!("xor_{stage}"), dlmc(&["emit", stage, "examples/xor.dlm"]));
    }
}

/// Every stage of everything; machine code's is not the same on every machine, but it is a function for each kernel,
/// beside those of what several have in common.
#[test]
fn every_stage_of_every_example_is_shown() {
    for name in examples() {
        let file = format!("examples/{name}");
        for train in trains(&name) {
            let emit = |stage| {
                let mut line = vec!["emit", stage, &file];
                line.extend(train.as_deref());
                dlmc(&line)
            };
            for stage in ["tree", "model", "graph", "grad"] {
                assert!(emit(stage).lines().count() > 1, "{stage} of {name}");
            }
            let count = |text: &str, start| text.lines().filter(|line: &&str| line.starts_with(start)).count();
            let kernels = count(&emit("kernels"), "kernel ");
            assert!(kernels > 0, "{name}");
            assert!(emit("plan").starts_with(&format!("{kernels} kernels, ")), "{name}");
            // The kernels of a turn stand within that of their recurrence.
            let all = emit("kernels").lines().filter(|line| line.trim_start().starts_with("kernel ")).count();
            let clif = emit("clif");
            let shared = clif.lines().filter(|line| line.starts_with("; kernel ") && line.ends_with(".shared"));
            assert_eq!(count(&clif, "; kernel ") - shared.count(), all, "{name}");
        }
    }
}

#[test]
fn what_check_says_of_the_examples() {
    for name in examples() {
        insta::assert_snapshot!(
            format!("check_{}", name.trim_end_matches(".dlm")),
            dlmc(&["check", &format!("examples/{name}")])
        );
    }
}

#[test]
fn rows_are_counted_when_they_are_looked_at_and_remembered() {
    let memory = tempfile::tempdir().expect("a folder");
    let steps = |line: &[&str]| {
        let said: serde_json::Value = serde_json::from_str(&remembering(memory.path(), line)).expect("JSON");
        said["trains"][0]["steps"].as_u64()
    };
    let glance = ["check", "--json", "examples/digits.dlm"];
    assert_eq!(steps(&glance), None);
    // 70 % of 1,797 images, 32 in each step, 80 times.
    assert_eq!(steps(&["check", "--json", "--data", "examples/digits.dlm"]), Some(80 * 1257_u64.div_ceil(32)));
    assert_eq!(steps(&glance), Some(3200));
}
