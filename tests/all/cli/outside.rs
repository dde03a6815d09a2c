//! Rows that another program writes: when it is started, how it ends, and what is said of that.

use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::time::{Duration, Instant};

use super::*;

const PROGRAM: &str =
    "data pairs { source: command(\"./reader\", \"one word\", \"$HOME\"); input a: number; target b: number }
model line on a: number -> number = a |> dense(1)
train { model: line; data: pairs; loss: mse; optimizer: adam; batch: 4; for: 3 epochs }
";

/// A program of the shell that writes eight rows, once `before` is done, and ends as `after` says.
fn reader(before: &str, after: &str) -> String {
    let rows = (0..8).map(|it| format!("echo '{{\"a\": {it}, \"b\": {}}}'\n", it * 3 % 5)).collect::<String>();
    format!("#!/bin/sh\necho started >> log\n{before}\n{rows}{after}\n")
}

fn with(script: &str) -> Shell {
    let shell = Shell::new();
    shell.write("data/it.dlm", PROGRAM);
    shell.write("data/reader", script);
    std::fs::set_permissions(shell.path("data/reader"), PermissionsExt::from_mode(0o755)).expect("a file");
    shell
}

/// How often the program was started.
fn starts(shell: &Shell) -> usize {
    std::fs::read_to_string(shell.path("data/log")).map_or(0, |log| log.lines().count())
}

const RUN: &[&str] = &["run", "data/it.dlm", "--out", "it", "--allow-commands"];

#[test]
fn no_look_at_a_program_starts_another() {
    let shell = with(&reader("", "")).env("DLMC_ALLOW_COMMANDS", "yes");
    let looks: [&[&str]; 8] = [
        &["check", "data/it.dlm", "--allow-commands"],
        &["check", "data/it.dlm", "--data", "--allow-commands"],
        &["fix", "data/it.dlm"],
        &["fmt", "data/it.dlm"],
        &["render", "data/it.dlm"],
        &["why", "data/it.dlm"],
        &["emit", "plan", "data/it.dlm"],
        &["bench", "data/it.dlm", "--seconds", "0"],
    ];
    for args in looks {
        let said = shell.run(args);
        assert_eq!((said.code, starts(&shell)), (0, 0), "{args:?}\n{}", said.err);
    }
    // What is not known for that reason is said.
    let said = shell.run(&["check", "data/it.dlm", "--data"]);
    assert!(said.out.contains("3 × ⌈rows / 4⌉"), "{}", said.out);
    assert!(said.out.contains("`./reader \"one word\" \"$HOME\"` writes the rows and was not started"), "{}", said.out);
    let said = shell.run(&["check", "data/it.dlm", "--json"]);
    assert_eq!(objects(&said.out)[0]["trains"][0]["commands"], Value::from(vec!["./reader \"one word\" \"$HOME\""]));
}

#[test]
fn rows_are_read_from_a_program_only_where_that_is_allowed() {
    let shell = with(&reader("echo \"$# $1 $2\" >> ../words; ls >> ../place", ""));
    for args in [&["run", "data/it.dlm"][..], &["run", "data/it.dlm", "--backend", "interpreter"]] {
        let said = shell.run(args);
        assert!(said.code == 1 && said.err.contains("[command-not-allowed]"), "{}", said.err);
        assert!(said.err.contains("./reader \"one word\" \"$HOME\"") && said.err.contains("--allow-commands"));
        assert!(starts(&shell) == 0 && !shell.path("runs").exists());
    }
    assert_eq!(shell.run(&["run", "data/it.dlm", "--quiet"]).code, 1);
    let said = shell.run(RUN);
    assert_eq!((said.code, starts(&shell)), (0, 1), "{}", said.err);
    // In its own folder, word by word, and without a shell.
    let words = String::from_utf8(shell.read("words")).expect("UTF-8");
    assert_eq!(words, "2 one word $HOME\n");
    assert!(String::from_utf8(shell.read("place")).expect("UTF-8").contains("it.dlm"));
    // An artifact names the program, too.
    let said = shell.run(&["eval", "it/model.dlmx", "--split", "train"]);
    assert!(said.code == 1 && said.err.contains("[command-not-allowed]") && starts(&shell) == 1, "{}", said.err);
    let said = shell.run(&["eval", "it/model.dlmx", "--split", "train", "--allow-commands"]);
    assert_eq!((said.code, starts(&shell)), (0, 2), "{}", said.err);
    // Rows of a file need no program.
    shell.write("rows.jsonl", "{\"a\": 3}\n");
    let said = shell.run(&["predict", "it/model.dlmx", "rows.jsonl"]);
    assert_eq!((said.code, starts(&shell)), (0, 2), "{}", said.err);
}

#[test]
fn the_environment_allows_it_by_a_clear_word() {
    for (word, code) in [("yes", 0), ("1", 0), ("no", 1), ("0", 1), ("perhaps", 2), ("", 2)] {
        let shell = with(&reader("", "")).env("DLMC_ALLOW_COMMANDS", word);
        let said = shell.run(&["run", "data/it.dlm", "--quiet"]);
        assert_eq!((said.code, starts(&shell)), (code, usize::from(code == 0)), "{word:?}: {}", said.err);
    }
}

/// What is written is what a file would hold: the same weights come of it.
#[test]
fn the_rows_of_a_program_are_those_of_a_file() {
    let shell = with(&reader("", ""));
    assert_eq!(shell.run(RUN).code, 0);
    shell.write("data/rows.jsonl", &shell.script("sh data/reader").out);
    let source = PROGRAM.replace("command(\"./reader\", \"one word\", \"$HOME\")", "jsonl(\"rows.jsonl\")");
    shell.write("data/file.dlm", source);
    assert_eq!(shell.run(&["run", "data/file.dlm", "--out", "file"]).code, 0);
    let of = |path: &str| {
        let container = dlmc::session::container::unpack(&shell.read(path)).expect("an artifact");
        (container.tensors, container.document["data"].clone())
    };
    assert!(
        of("it/model.dlmx") == of("file/model.dlmx"),
        "weights, and what was found of the data: its fingerprint too"
    );
}

/// The problem that a run tells, without colours and places, where the program is `script`.
fn told(script: &str) -> String {
    let shell = with(script);
    let said = shell.run(RUN);
    assert!(said.code == 1 && !shell.path("it").exists(), "{script}\n{}", said.err);
    said.err.replace(&shell.path("").display().to_string(), "/")
}

#[test]
fn what_goes_wrong_is_told_with_the_last_words() {
    let words = "for it in 1 2 3 4 5 6 7; do echo \"row $it is lost\" >&2; done";
    let mut all = String::new();
    let cases = [
        ("an exit code", reader("", &format!("{words}; exit 3"))),
        ("a signal", reader(words, "kill -9 $$")),
        ("no output", format!("#!/bin/sh\n{words}")),
        ("no JSON", reader(&format!("echo '{{\"a\": 1,'; {words}"), "echo done")),
        ("no text", reader("printf '\\377\\n'", "")),
        ("what would move the cursor", reader("", "printf 'bad\\033[2J 10%%\\rgone\\n\\n' >&2; exit 1")),
        ("an interpreter that is not there", "#!/no/such/thing\n".into()),
    ];
    for (name, script) in cases {
        all += &format!("# {name}\n{}\n", told(&script));
    }
    let shell = with("");
    for program in ["./raeder", "reader", "no-such-program-anywhere", "../data"] {
        shell.write("data/it.dlm", PROGRAM.replace("./reader", program));
        all += &format!("# {program}\n{}\n", shell.run(RUN).err);
    }
    std::fs::set_permissions(shell.path("data/reader"), PermissionsExt::from_mode(0o644)).expect("a file");
    shell.write("data/it.dlm", PROGRAM);
    all += &format!("# what may not be run\n{}\n", shell.run(RUN).err);
    insta::assert_snapshot!(all);
}

/// Neither of the two streams stops the other, however much is in them, and whatever the program has started.
#[test]
fn nobody_waits_for_somebody_who_waits() {
    let much = "head -c 3000000 /dev/zero | tr '\\0' x >&2";
    let row = "head -c 200000 /dev/zero | tr '\\0' ' '";
    for script in [reader(much, much), reader(row, &format!("{row}; {much}")), reader("", "sleep 20 >/dev/null &")] {
        let (shell, began) = (with(&script), Instant::now());
        let said = shell.run(RUN);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(began.elapsed() < Duration::from_secs(15));
    }
    // One that has failed is not waited for, though what it has started holds its output.
    let (shell, began) = (with(&reader("", "sleep 20 &\nexit 4")), Instant::now());
    let said = shell.run(RUN);
    assert!(said.code == 1 && said.err.contains("the exit code 4"), "{}", said.err);
    assert!(began.elapsed() < Duration::from_secs(15));
}

/// Begins a command that waits for a program which does not come to its end, and gives the process of that.
fn begin(shell: &Shell, args: &[&str]) -> (Child, String) {
    let child =
        shell.command(DLMC).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    let began = Instant::now();
    loop {
        match std::fs::read_to_string(shell.path("pid")) {
            Ok(pid) if pid.ends_with('\n') => return (child, pid.trim().to_string()),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it does not start");
    }
}

fn kill(name: &str, pid: &str) -> bool {
    Command::new("kill").args([&format!("-{name}"), pid]).stderr(Stdio::null()).status().expect("kill").success()
}

/// Whether a process is gone, or will be in a moment.
fn is_gone(pid: &str) -> bool {
    let began = Instant::now();
    while kill("0", pid) {
        if began.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
fn an_interrupted_run_ends_the_program() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let shell = with(&reader("echo $$ > ../pid; exec sleep 60", ""));
        let (child, pid) = begin(&shell, RUN);
        assert!(kill(name, &child.id().to_string()));
        let said = said(child.wait_with_output().expect("an end"));
        assert_eq!(said.code, code, "{}", said.err);
        assert!(said.err.contains("nothing was written") && !shell.path("it").exists(), "{}", said.err);
        assert!(is_gone(&pid), "it goes on");
    }
}

/// Ctrl-C in a terminal reaches both at once.
#[test]
fn a_program_that_ctrl_c_ends_first_has_not_failed() {
    let shell = with(&reader("echo $$ > ../pid; exec sleep 60", ""));
    let (child, pid) = begin(&shell, RUN);
    assert!(kill("INT", &pid) && kill("INT", &child.id().to_string()));
    let said = said(child.wait_with_output().expect("an end"));
    assert!(said.code == 130 && !said.err.contains("command-failed"), "{}", said.err);
}

#[test]
#[cfg(target_os = "linux")]
fn no_program_outlives_whoever_reads_it() {
    let shell = with(&reader("if [ -e ../late ]; then echo $$ > ../pid; exec sleep 60; fi", ""));
    assert_eq!(shell.run(RUN).code, 0);
    shell.write("late", "");
    for args in [
        &["run", "data/it.dlm", "--allow-commands"][..],
        &["eval", "it/model.dlmx", "--split", "train", "--allow-commands"],
    ] {
        _ = std::fs::remove_file(shell.path("pid"));
        let (mut child, pid) = begin(&shell, args);
        child.kill().expect("a process");
        child.wait().expect("an end");
        assert!(is_gone(&pid), "{args:?}: it goes on");
    }
}

/// A run goes on with the rows with which it began, or not at all.
#[test]
fn a_run_goes_on_with_the_same_rows_alone() {
    let shell = with(&reader("", "if [ -e other ]; then echo '{\"a\": 1, \"b\": 1}'; fi"));
    shell.write("data/it.dlm", PROGRAM.replace("3 epochs", "2000000 epochs"));
    let mut child = shell
        .command(DLMC)
        .args(RUN)
        .args(["--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.as_mut().expect("piped"));
    while !line.contains("\"start\"") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut out, &mut line).expect("a line") > 0);
    }
    assert!(kill("INT", &child.id().to_string()));
    let first = said(child.wait_with_output().expect("an end"));
    assert_eq!(first.code, 130, "{}", first.err);
    let (_, command) = first.err.trim_end().rsplit_once("; go on with: ").expect("how to go on");
    assert!(command.contains("--allow-commands"), "{command}");
    shell.write("data/other", "");
    let changed = shell.script(command);
    assert!(changed.code == 3 && changed.err.contains("[resume-changed]"), "{}", changed.err);
    std::fs::remove_file(shell.path("data/other")).expect("a file");
    let going = shell.script(&format!("{command} --json & sleep 0.5; kill -INT $!; wait $!"));
    assert!(going.out.contains("\"resumed\":") && going.code == 130, "{}", going.err);
}

/// As much is read as of a file.
#[test]
fn a_program_that_writes_too_much_is_ended() {
    let shell = with("#!/bin/sh\necho $$ > ../pid\nexec yes '{\"a\": 1, \"b\": 2}'\n");
    let world = dlmc::source::Disk { programs: true, ..Default::default() };
    let path = shell.path("data/it.dlm");
    let checked = dlmc::compile::check(&world, &path, None, &[]).expect("a file");
    let program = &checked.programs[0];
    let mut formulas = dlmc::session::formulas::Formulas(program);
    let limits = dlmc::data::Limits { bytes: 1_000_000 };
    let loaded = dlmc::data::load(&world, &shell.path("data"), &program.data, &mut formulas, limits);
    let problems = loaded.err().expect("too much");
    assert_eq!((problems.len(), problems[0].code), (1, "data-too-large"));
    assert!(problems[0].message.starts_with("the output of `./reader "), "{}", problems[0].message);
    assert!(is_gone(String::from_utf8(shell.read("pid")).expect("UTF-8").trim()), "it goes on");
}
