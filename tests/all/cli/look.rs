//! How it looks: help, colours, quiet and loud, the forms for other programs.

use super::*;

#[test]
fn help_of_every_command() {
    let shell = Shell::new();
    let mut all = shell.run(&["--help"]).out;
    for command in commands() {
        let said = shell.run(&[&command, "--help"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        all += &format!("\n$ dlmc {command} --help\n{}", said.out);
    }
    assert!(all.lines().all(|line| line.chars().count() <= 100), "{all}");
    insta::assert_snapshot!(all);
}

#[test]
fn every_command_is_completed() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = shell.run(&["completions", name]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        for command in commands() {
            assert!(said.out.contains(&command), "{name} does not know {command}");
        }
        assert!(said.out.contains("--output-format") || said.out.contains("output-format"), "{name}");
    }
    // What bash is given, bash can read.
    let said = shell.script("dlmc completions bash > it && bash -n it");
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn colours_by_flag_then_environment() {
    let coloured = |shell: Shell, args: &[&str]| {
        shell.write("broken.dlm", BROKEN);
        shell.run(&[&["check", "broken.dlm"], args].concat()).err.contains('\x1b')
    };
    assert!(!coloured(Shell::new(), &[]), "a pipe");
    assert!(coloured(Shell::new(), &["--color", "always"]));
    assert!(coloured(Shell::new().env("NO_COLOR", "1"), &["--color", "always"]));
    assert!(coloured(Shell::new().env("FORCE_COLOR", "1"), &[]));
    assert!(coloured(Shell::new().env("FORCE_COLOR", "1").env("NO_COLOR", "1"), &[]));
    assert!(!coloured(Shell::new().env("FORCE_COLOR", "0"), &[]));
    assert!(!coloured(Shell::new().env("FORCE_COLOR", "1"), &["--color", "never"]));
    assert!(!coloured(Shell::new().env("NO_COLOR", "1"), &[]));
}

#[test]
fn pages_are_drawn_on_terminals_and_plain_in_pipes() {
    let shell = Shell::new();
    let plain = shell.run(&["explain", "bad-weight"]).out;
    assert_eq!(plain, dlmc::problem::pages::page("bad-weight").expect("a page"));
    let drawn = shell.run(&["explain", "bad-weight", "--color", "always"]).out;
    assert!(drawn.contains('\x1b') && !drawn.contains("```") && !drawn.contains("## "), "{drawn}");
    insta::assert_snapshot!(drawn.replace('\x1b', "␛"));
}

#[test]
fn quiet_is_quiet_and_verbose_says_more() {
    let shell = Shell::with_xor();
    let quiet = shell.run(&["run", "xor.dlm", "--quiet"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    assert!(quiet.out.contains("loss"), "{}", quiet.out);
    let plain = shell.run(&["run", "xor.dlm"]);
    assert_eq!(plain.out, quiet.out, "the results are the same");
    assert!(plain.err.contains("epoch") && plain.err.contains("wrote runs/xor-2/model.dlmx"), "{}", plain.err);
    let verbose = shell.run(&["run", "xor.dlm", "--verbose"]);
    assert!(verbose.err.lines().count() > plain.err.lines().count() && verbose.err.contains("compiled in"));
    // Problems are no talk.
    shell.write("broken.dlm", BROKEN);
    assert!(shell.run(&["check", "broken.dlm", "--quiet"]).err.contains("[name-twice]"));
    assert_eq!(shell.run(&["run", "xor.dlm", "-q", "-v"]).code, 2);
}

#[test]
fn forms_for_other_programs() {
    let shell = Shell::new();
    shell.write("it.dlm", "let a = 1\nlet a = 2\n");
    let said = shell.run(&["check", "it.dlm", "--output-format", "concise"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    assert_eq!(said.out, "it.dlm:2:5: error[name-twice]: `a` is declared twice\n");
    let said = shell.run(&["check", "it.dlm", "--output-format", "github"]);
    let line = "::error file=it.dlm,line=2,endLine=2,col=5,endColumn=6,title=name-twice::`a` is declared twice";
    assert!(said.out.starts_with(line), "{}", said.out);
    assert_eq!(said.out.lines().count(), 1);
}

#[test]
fn warnings_can_be_allowed_and_denied() {
    let shell = Shell::new();
    let text = "loss mse on (a: f32[N], b: f32[N]) = mean(abs(a - b))\n";
    shell.write("it.dlm", text);
    let said = shell.run(&["check", "it.dlm"]);
    assert!(said.code == 0 && said.err.contains("warning: ") && said.err.contains("1 warning"), "{}", said.err);
    let said = shell.run(&["check", "it.dlm", "--deny", "warnings"]);
    assert!(said.code == 1 && said.err.contains("1 error"), "{}", said.err);
    for args in [&["--allow", "shadows-library"][..], &["--allow", "shadows-library", "--deny", "warnings"]] {
        let said = shell.run(&[&["check", "it.dlm"], args].concat());
        assert_eq!((said.code, said.err.as_str()), (0, ""));
    }
    shell.write("it.dlm", text.replace('\n', "  # dlmc: allow(shadows-library)\n"));
    assert_eq!(shell.run(&["check", "it.dlm", "--deny", "warnings"]).code, 0);
    // Alone in a line it speaks of the whole file, in another comment of nothing.
    shell.write("it.dlm", format!("\n  # dlmc: allow(linear-model, shadows-library)\n{text}"));
    assert_eq!(shell.run(&["check", "it.dlm"]).err, "");
    shell.write(
        "it.dlm",
        format!("let a = 1  # dlmc: allow(shadows-library)\n# as in dlmc: allow(shadows-library)\n{text}"),
    );
    assert!(shell.run(&["check", "it.dlm"]).err.contains("1 warning"));
    // A code that no problem has would allow nothing.
    shell.write("more.dlm", "let a = 1  # dlmc: allow(shadow-library)\n");
    let said = shell.run(&["check", "more.dlm"]);
    assert!(
        said.code == 1 && said.err.contains("more.dlm:1:26") && said.err.contains("`shadows-library`?"),
        "{}",
        said.err
    );
    let said = shell.run(&["check", "it.dlm", "--allow", "shadow-library"]);
    assert!(said.code == 2 && said.err.contains("[unknown-code]"), "{}{}", said.code, said.err);
}

#[test]
fn warnings_that_are_off_by_default_can_be_asked_for() {
    let shell = Shell::new();
    let (_, page) = dlmc::problem::pages::PAGES.iter().find(|(code, _)| *code == "filters-shrink").expect("a page");
    let program = crate::pages::blocks(page).iter().find(|it| it.file.is_some()).expect("a program").body;
    shell.write("it.dlm", program);
    let said = shell.run(&["check", "it.dlm", "--deny", "warnings"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let said = shell.run(&["check", "it.dlm", "--warn", "filters-shrink"]);
    assert!(said.code == 0 && said.err.contains("[filters-shrink]") && said.err.contains("1 warning"), "{}", said.err);
    assert_eq!(shell.run(&["check", "it.dlm", "--warn", "filters-shrink", "--deny", "warnings"]).code, 1);
    assert_eq!(shell.run(&["check", "it.dlm", "--warn", "filters-shrink", "--allow", "filters-shrink"]).err, "");
    // The program itself asks for it, in the line that is told or for the whole file, and may take it back.
    let stage = "|> conv(4, act: relu) as far";
    for (more, told) in [
        (format!("{stage}  # dlmc: warn(filters-shrink)"), true),
        (format!("# dlmc: warn(kernels-grow, filters-shrink)\n  {stage}"), true),
        (format!("# dlmc: warn(kernels-grow)\n  {stage}"), false),
        (format!("{stage}\n  |> relu  # dlmc: warn(filters-shrink)"), false),
        (format!("# dlmc: warn(filters-shrink)\n  {stage}  # dlmc: allow(filters-shrink)"), false),
    ] {
        assert!(program.contains(stage));
        shell.write("asking.dlm", program.replace(stage, &more));
        let said = shell.run(&["check", "asking.dlm"]);
        assert_eq!((said.code, said.err.contains("[filters-shrink]")), (0, told), "{more}: {}", said.err);
        assert_eq!(said.err.contains("1 warning"), told, "{more}: {}", said.err);
    }
    shell.write("more.dlm", "let a = 1  # dlmc: warn(filter-shrinks)\n");
    let said = shell.run(&["check", "more.dlm"]);
    assert!(
        said.code == 1 && said.err.contains("more.dlm:1:25") && said.err.contains("asks for nothing"),
        "{}",
        said.err
    );
    let said = shell.run(&["check", "it.dlm", "--warn", "filter-shrinks"]);
    assert!(said.code == 2 && said.err.contains("[unknown-code]"), "{}{}", said.code, said.err);
    let said = shell.run(&["explain"]);
    let off: Vec<&str> = said.out.lines().filter(|line| line.ends_with("Off by default.")).collect();
    let codes: Vec<&str> = off.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(codes, dlmc::problem::lint::ON_REQUEST);
}

#[test]
fn a_program_can_come_from_standard_input() {
    let shell = Shell::new();
    let said = shell.feed(&["check", "-"], XOR.as_bytes());
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.contains("xor_net"));
    let said = shell.feed(&["check", "-"], b"let a = 1\nlet a = 2\n");
    assert!(said.code == 1 && said.err.contains("<stdin>:2:5"), "{}", said.err);
    let said = shell.feed(&["check", "-", "--stdin-filename", "sub/it.dlm"], b"let a = 1\nlet a = 2\n");
    assert!(said.code == 1 && said.err.contains("sub/it.dlm:2:5"), "{}", said.err);
    // What it names is looked for beside that name.
    shell.write("sub/gate.dlm", "layer gate on x: f32[N] -> f32[N] = x\n");
    let import = b"use \"gate.dlm\" { gate }\n";
    assert_eq!(shell.feed(&["check", "-", "--stdin-filename", "sub/it.dlm"], import).code, 0);
    assert_eq!(shell.feed(&["check", "-"], import).code, 1);
    let said = shell.feed(&["run", "-", "--out", "it"], XOR.as_bytes());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(shell.path("it/model.dlmx").exists());
    let said = shell.feed(&["check", "-"], b"\xff\xfe");
    assert!(said.code == 2 && said.err.contains("it is not UTF-8 text"), "{}", said.err);
}

#[test]
fn settings_can_be_given_on_the_command_line() {
    let shell = Shell::with_xor();
    let parameters = |args: &[&str]| {
        let said = shell.run(&[&["check", "xor.dlm", "--json"], args].concat());
        let told = objects(&said.out);
        let train = &told[0]["trains"][0];
        (told[0]["models"][0]["parameters"].as_u64(), train["steps"].as_u64())
    };
    assert_eq!(parameters(&[]), (Some(33), Some(500)));
    assert_eq!(parameters(&["--set", "hidden.units=16"]), (Some(65), Some(500)));
    assert_eq!(parameters(&["--set", "train.for=7 steps"]), (Some(33), Some(7)));
    assert_eq!(parameters(&["--set", "train.for = 7 steps", "--set", "train.batch=1"]), (Some(33), Some(7)));
    // The place of a mistake is on the command line.
    let said = shell.run(&["check", "xor.dlm", "--set", "lr=3px"]);
    assert!(said.err.contains("--set lr=3px") && said.err.contains("[wrong-unit]"), "{}", said.err);
    // A seed is an override like others, and other weights.
    for (folder, seed) in [("one", "1"), ("same", "1"), ("two", "2")] {
        assert_eq!(shell.run(&["run", "xor.dlm", "--seed", seed, "--out", folder]).code, 0);
    }
    assert_eq!(shell.read("one/model.dlmx"), shell.read("same/model.dlmx"));
    assert_ne!(shell.read("one/model.dlmx"), shell.read("two/model.dlmx"));
}

#[test]
fn what_is_missing_at_the_end_of_a_line_is_shown_there() {
    let shell = Shell::new();
    for text in ["fn f(x) = max(x, 0\nlet a = 1\n", "fn f(x) = max(x, 0\n", "fn f(x) = max(x, 0"] {
        let said = shell.feed(&["check", "-"], text.as_bytes());
        assert!(said.err.contains("`)` is missing here") && said.err.contains("it opens here"), "{text}\n{}", said.err);
    }
}
