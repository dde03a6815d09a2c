//! What commands do to files: predictions, evaluations, and that nothing takes the place of anything in silence.

use super::*;

#[test]
fn rows_become_predictions() {
    let shell = Shell::with_iris();
    let rows = String::from_utf8(shell.read("data/iris/iris.csv")).expect("UTF-8");
    let from_file = shell.run(&["predict", "iris/model.dlmx", "data/iris/iris.csv"]);
    assert_eq!((from_file.code, from_file.err.as_str()), (0, ""));
    assert_eq!(from_file.out.lines().count(), 151);
    let from_stdin = shell.feed(&["predict", "iris/model.dlmx", "-"], rows.as_bytes());
    assert_eq!(from_stdin.out, from_file.out);
    // Columns by name, in any order; without the target.
    let turned: String = rows
        .lines()
        .map(|row| row.split(',').take(4).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(",") + "\n")
        .collect();
    assert_eq!(shell.feed(&["predict", "iris/model.dlmx", "-"], turned.as_bytes()).out, from_file.out);
    let lines = shell.run(&["predict", "iris/model.dlmx", "data/iris/iris.csv", "--format", "jsonl"]);
    assert_eq!(objects(&lines.out).len(), 150);
    // A backend changes nothing that a person sees.
    let interpreted = shell.run(&["predict", "iris/model.dlmx", "data/iris/iris.csv", "--backend", "interpreter"]);
    let labels = |text: &str| text.lines().map(|row| row.split(',').next().map(String::from)).collect::<Vec<_>>();
    assert_eq!(labels(&interpreted.out), labels(&from_file.out));
}

/// What is kept lies where caches lie, may go at any time, and is not missed.
#[test]
fn decoded_pictures_are_kept_for_the_next_run_if_nobody_minds() {
    let shell = Shell::new().env("XDG_CACHE_HOME", "cache").env("HOME", "cache").env("LOCALAPPDATA", "cache");
    shell.write("it.dlm", crate::pictures::text("image_folder(\"pets\")", "file |> decode |> scale"));
    for (path, bytes) in crate::pictures::many(260).0 {
        shell.write(path.to_str().expect("text"), bytes);
    }
    let kept = || shell.files().iter().filter(|(path, _)| path.to_string_lossy().contains("decoded")).count();
    let run = |out: &str, more: &[&str]| {
        let said = shell.run(&[&["run", "it.dlm", "--quiet", "--out", out], more].concat());
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        (shell.read(&format!("{out}/model.dlmx")), kept())
    };
    let (model, none) = run("plain", &["--no-cache"]);
    assert_eq!(none, 0);
    assert_eq!(run("first", &[]), (model.clone(), 2), "what the files hold, and their pixels");
    assert_eq!(run("second", &[]), (model.clone(), 2));
    std::fs::remove_dir_all(shell.path("cache")).expect("the cache");
    assert_eq!(run("third", &[]), (model, 2));
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let shell = Shell::with_iris();
    for (rows, code) in [
        ("length,width\n1,2\n", "input-columns"),
        ("", "no-rows"),
        ("sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n", "no-rows"),
        ("sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n1,2,3,wide\n", "bad-cells"),
        ("sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n1,2,3\n", "ragged-rows"),
        ("sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n1,2,\"3,4\n", "csv-quote"),
    ] {
        let said = shell.feed(&["predict", "iris/model.dlmx", "-"], rows.as_bytes());
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{rows}\n{}", said.err);
        assert!(said.err.contains(&format!("[{code}]")), "{rows}\n{}", said.err);
    }
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let shell = Shell::with_iris();
    let rows = "data/iris/iris.csv";
    let said = shell.run(&["predict", "iris/model.dlmx", rows, "--out", "it.csv"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert!(said.err.contains("wrote 150 predictions to it.csv"), "{}", said.err);
    let before = shell.files();
    let said = shell.run(&["predict", "iris/model.dlmx", rows, "--out", "it.csv"]);
    assert!(said.code == 2 && said.err.contains("[file-exists]"), "{}", said.err);
    assert_eq!(shell.files(), before);
    let said = shell.run(&["predict", "iris/model.dlmx", rows, "--out", "it.csv", "--format", "jsonl", "--force"]);
    assert_eq!(said.code, 0);
    assert_eq!(objects(std::str::from_utf8(&shell.read("it.csv")).expect("UTF-8")).len(), 150);
    let said = shell.run(&["predict", "iris/model.dlmx", rows, "--out", "more/it.jsonl", "--quiet"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(objects(std::str::from_utf8(&shell.read("more/it.jsonl")).expect("UTF-8")).len(), 150);
    let said = shell.run(&["predict", "iris/model.dlmx", rows, "--out", "it.csv/inside.csv"]);
    assert!(said.code == 3 && said.err.contains("[unwritable-file]"), "{}", said.err);
}

#[test]
fn a_run_never_writes_over_another() {
    let shell = Shell::with_xor();
    for number in 1..=2 {
        assert_eq!(shell.run(&["run", "xor.dlm"]).code, 0);
        assert!(shell.path(&format!("runs/xor-{number}/model.dlmx")).exists());
    }
    assert_eq!(shell.run(&["run", "xor.dlm", "--out", "mine"]).code, 0);
    let before = shell.files();
    for args in [&["--out", "mine"][..], &["--out", "runs/xor-1"], &["--resume", "--out", "mine"], &["--resume"]] {
        let said = shell.run(&[&["run", "xor.dlm"], args].concat());
        assert_eq!(said.code, 3, "{args:?}\n{}", said.err);
        assert_eq!(shell.files(), before, "{args:?}");
    }
    // A folder with other things in it is nobody's run.
    shell.write("notes/text.md", "mine");
    assert_eq!(shell.run(&["run", "xor.dlm", "--out", "notes"]).code, 0);
    assert_eq!(shell.read("notes/text.md"), b"mine");
}

#[test]
fn an_artifact_is_measured() {
    let shell = Shell::with_iris();
    let said = shell.run(&["eval", "iris/model.dlmx"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    for word in ["examples", "accuracy", "species ↓ taken for →", "precision", "recall", "setosa"] {
        assert!(said.out.contains(word), "{word} is not in\n{}", said.out);
    }
    let examples = |args: &[&str]| {
        let said = shell.run(&[&["eval", "iris/model.dlmx", "--json"], args].concat());
        objects(&said.out)[0]["examples"].as_u64().expect("a number")
    };
    let parts: Vec<u64> = ["train", "val", "test"].iter().map(|split| examples(&["--split", split])).collect();
    assert_eq!(parts.iter().sum::<u64>(), 150);
    assert_eq!(examples(&["data/iris/iris.csv"]), 150);
    assert_eq!(shell.run(&["eval", "iris/model.dlmx", "data/iris/iris.csv", "--split", "val"]).code, 2);
    // Rows without their targets cannot be measured.
    let said = shell.feed(
        &["eval", "iris/model.dlmx", "-"],
        b"sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n1,2,3,4\n",
    );
    assert!(said.code == 1 && said.err.contains("[input-columns]"), "{}", said.err);
}

/// An artifact is whole by itself: it needs neither its program nor its data.
#[test]
fn an_artifact_predicts_anywhere() {
    let shell = Shell::with_iris();
    let elsewhere = Shell::new();
    elsewhere.write("model.dlmx", shell.read("iris/model.dlmx"));
    elsewhere.write("rows.csv", "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n5.1,3.5,1.4,0.2\n");
    let said = elsewhere.run(&["predict", "model.dlmx", "rows.csv"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(said.out.lines().count(), 2);
    let said = elsewhere.run(&["eval", "model.dlmx"]);
    assert!(said.code == 1 && said.err.contains("[file-missing]"), "{}", said.err);
}

#[test]
fn weights_leave_as_a_file_for_others() {
    let shell = Shell::with_iris();
    let said = shell.run(&["export", "iris/model.dlmx"]);
    assert_eq!((said.code, said.out.as_str()), (0, "model.safetensors\n"));
    let inspected = |file: &str| objects(&shell.run(&["inspect", file, "--json"]).out).remove(0);
    let (before, after) = (inspected("iris/model.dlmx"), inspected("model.safetensors"));
    assert_eq!((&after["kind"], &after["tensors"]), (&"safetensors".into(), &before["tensors"]));
    assert!(said.err.contains("numbers, sha256 ") && said.err.contains(after["sha256"].as_str().expect("a hash")));
    // What is there stays, whoever it is.
    std::os::unix::fs::symlink("nowhere", shell.path("link")).expect("a link");
    let said = shell.run(&["export", "iris/model.dlmx", "--out", "link"]);
    assert!(said.code == 2 && said.err.contains("[file-exists]"), "{}", said.err);
    std::fs::remove_file(shell.path("link")).expect("a link");
    let files = shell.files();
    for out in ["model.safetensors", "iris", "iris/model.dlmx", "iris/../iris/model.dlmx"] {
        let said = shell.run(&["export", "iris/model.dlmx", "--out", out]);
        assert!(said.code == 2 && said.err.contains("[file-exists]"), "{out}: {}", said.err);
    }
    // A file of weights is less than an artifact, and a folder is none.
    for out in ["iris", "iris/model.dlmx", "iris/../iris/model.dlmx"] {
        let said = shell.run(&["export", "iris/model.dlmx", "--out", out, "--force"]);
        assert!(said.code == 2 && said.err.contains("[file-exists]"), "{out}: {}", said.err);
    }
    let said = shell.run(&["export", "iris/model.dlmx", "--out", "iris.dlm/inside"]);
    assert!(said.code == 3 && said.err.contains("[unwritable-file]"), "{}", said.err);
    for other in ["model.safetensors", "iris.dlm"] {
        let said = shell.run(&["export", other, "--out", "other"]);
        assert!(said.code == 2 && said.err.contains("[artifact-damaged]"), "{}", said.err);
    }
    assert_eq!(shell.files(), files);
    shell.write("model.safetensors", "in the way");
    let said = shell.run(&["export", "iris/model.dlmx", "--force", "--json"]);
    let told = objects(&said.out).remove(0);
    assert_eq!(fields(&told), ["artifact", "file", "tensors", "numbers", "bytes", "sha256"]);
    assert_eq!((&told["sha256"], shell.files()), (&after["sha256"], files));
}

#[test]
fn a_second_artifact_is_told_of_wherever_a_run_is() {
    let shell = Shell::new();
    shell.write("xor.dlm", XOR.replace("500 epochs", "5 epochs") + "\nexport { file: \"out/gate.dlmx\" }\n");
    let said = shell.run(&["check", "xor.dlm"]);
    assert!(said.out.contains("export") && said.out.contains("out/gate.dlmx"), "{}", said.out);
    let said = shell.run(&["check", "xor.dlm", "--json"]);
    assert_eq!(objects(&said.out)[0]["exports"][0]["serves"], serde_json::json!(["x"]));
    let said = shell.run(&["run", "xor.dlm", "--out", "it"]);
    assert!(said.err.contains("  wrote it/out/gate.dlmx, which serves x\n"), "{}", said.err);
    let said = shell.run(&["run", "xor.dlm", "--json", "--set", "export.file=\"other.dlmx\""]);
    let end = objects(&said.out).pop().expect("an end");
    assert_eq!(fields(&end["exports"][0]), ["file", "bytes", "serves"]);
    assert_eq!(end["exports"][0]["file"], "runs/xor-1/other.dlmx");
    let said = shell.run(&["inspect", "it/out/gate.dlmx"]);
    assert!(said.out.lines().any(|line| line.starts_with("  serves ") && line.ends_with(" x")), "{}", said.out);
    shell.write("rows.csv", "a,b\n0,1\n");
    assert_eq!(shell.run(&["predict", "it/out/gate.dlmx", "rows.csv"]).code, 0);
    // A run writes over nothing.
    let said = shell.run(&["run", "xor.dlm", "--out", "it"]);
    assert!(said.code == 3 && said.err.contains("[folder-used]"), "{}", said.err);
}

/// A glance looks at headings; `--data` reads every row.
#[test]
fn check_reads_the_rows_if_it_is_asked_to() {
    let shell = Shell::with_iris();
    let rows = String::from_utf8(shell.read("data/iris/iris.csv")).expect("UTF-8");
    shell.write("data/iris/iris.csv", rows.replacen("3.5", "wide", 1));
    assert_eq!(shell.run(&["check", "iris.dlm"]).code, 0);
    let said = shell.run(&["check", "iris.dlm", "--data"]);
    assert!(said.code == 1 && said.err.contains("[bad-cells]") && said.err.contains("iris.csv:2"), "{}", said.err);
}
