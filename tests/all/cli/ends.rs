//! How commands end, and that results reach standard output or the command says why not.

use super::*;

#[test]
fn exit_codes_tell_what_happened() {
    let shell = Shell::with_iris();
    shell.write("xor.dlm", XOR);
    shell.write("broken.dlm", BROKEN);
    shell.write("definitions.dlm", "let a = 1\n");
    shell.write("steep.dlm", XOR.replace("adam(lr: 0.05)", "gradient_descent(lr: 1e38)"));
    shell.write("bad.csv", "a,b\n1,2\n");
    shell.write("bytes.dlm", b"let a = \xff\n");
    let cases: &[(i32, &str)] = &[
        (0, "check xor.dlm"),
        (0, "run xor.dlm"),
        (0, "emit grad xor.dlm"),
        (0, "explain shape-mismatch"),
        (0, "explain"),
        (0, "doc adam"),
        (0, "doc"),
        (0, "completions bash"),
        (0, "--version"),
        (0, "--help"),
        (0, "help run"),
        (0, "eval iris/model.dlmx"),
        (0, "check definitions.dlm"),
        (1, "check broken.dlm"),
        (1, "check xor.dlm broken.dlm"),
        (1, "run broken.dlm"),
        (1, "emit tree broken.dlm"),
        (1, "run definitions.dlm"),
        (1, "run xor.dlm nosuchtrain"),
        (1, "check xor.dlm --set learning=3"),
        (1, "check xor.dlm --set lr=3px"),
        (1, "check xor.dlm --set lr="),
        (1, "run xor.dlm --set train.for=5"),
        (1, "predict iris/model.dlmx bad.csv"),
        (2, ""),
        (2, "trian xor.dlm"),
        (2, "check"),
        (2, "check nosuch.dlm"),
        (2, "check bytes.dlm"),
        (2, "check ."),
        (2, "check xor.dlm --nosuchflag"),
        (2, "check xor.dlm --set lr"),
        (2, "check xor.dlm --backend fortran"),
        (2, "run xor.dlm --seed many"),
        (2, "emit nosuchstage xor.dlm"),
        (2, "explain nosuchcode"),
        (2, "doc nosuchname"),
        (2, "completions nosuchshell"),
        (2, "predict nosuch.dlmx bad.csv"),
        (2, "predict xor.dlm bad.csv"),
        (2, "eval xor.dlm"),
        (2, "check xor.dlm --json --output-format human"),
        (3, "run steep.dlm"),
        (3, "run xor.dlm --out iris"),
        (3, "run xor.dlm --out xor.dlm/inside"),
        (3, "run xor.dlm --resume --out nowhere"),
    ];
    for (code, line) in cases {
        let said = shell.run(&line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(said.code, *code, "dlmc {line}\n{}{}", said.out, said.err);
        assert!(*code == 0 || !said.err.is_empty(), "dlmc {line} says nothing about its failure");
        assert!(!said.err.contains("panicked"), "dlmc {line}\n{}", said.err);
    }
}

#[test]
fn a_misspelt_command_or_file_is_told_what_was_meant() {
    let shell = Shell::with_xor();
    let said = shell.run(&["chekc", "xor.dlm"]);
    assert!(said.err.contains("'check'"), "{}", said.err);
    let said = shell.run(&["check", "xro.dlm"]);
    assert!(said.err.contains("did you mean `xor.dlm`?") && said.err.contains("[unreadable-file]"), "{}", said.err);
    assert!(shell.run(&["explain", "shape-missmatch"]).err.contains("did you mean `shape-mismatch`?"));
    assert!(shell.run(&["doc", "denze"]).err.contains("did you mean `dense`?"));
}

/// Every command that writes results, and a disk that is full.
#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let shell = Shell::with_iris();
    shell.write("xor.dlm", XOR);
    shell.write("broken.dlm", BROKEN);
    shell.write("rows.csv", shell.read("data/iris/iris.csv"));
    for line in [
        "check xor.dlm",
        "check xor.dlm --json",
        "check broken.dlm --json",
        "check broken.dlm --output-format concise",
        "run xor.dlm",
        "run xor.dlm --json",
        "emit tree xor.dlm",
        "explain",
        "explain bad-cells",
        "doc",
        "completions zsh",
        "predict iris/model.dlmx rows.csv",
        "eval iris/model.dlmx",
    ] {
        let said = shell.script(&format!("dlmc {line} > /dev/full"));
        assert_eq!(said.code, 3, "dlmc {line}\n{}", said.err);
        assert!(
            said.err.contains("standard output") && said.err.contains("the disk is full"),
            "dlmc {line}\n{}",
            said.err
        );
    }
}

/// `| head -1`: whoever has read enough is no reason to complain.
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let shell = Shell::with_xor();
    for line in ["explain", "explain --json", "doc", "check xor.dlm", "emit clif xor.dlm", "completions bash", "--help"]
    {
        let said = shell.script(&format!("(dlmc {line}; echo $? > code) | head -1"));
        assert_eq!(said.err, "", "dlmc {line}");
        assert_eq!(said.out.lines().count(), 1, "dlmc {line}\n{}", said.out);
        assert_eq!(shell.read("code"), b"0\n", "dlmc {line}");
    }
    // Nobody reads at all.
    let said = shell.script("(dlmc run xor.dlm --json; echo $? > code) | true");
    assert_eq!((said.err.as_str(), shell.read("code").as_slice()), ("", b"0\n".as_slice()));
}

#[test]
fn talk_that_nobody_hears_is_no_failure() {
    let shell = Shell::with_xor();
    for line in ["run xor.dlm 2> /dev/full", "run xor.dlm 2>&-"] {
        let said = shell.script(&format!("dlmc {line}"));
        assert_eq!(said.code, 0, "dlmc {line}");
        assert!(said.out.contains("loss"), "{}", said.out);
    }
}
