//! What people see of a program before it runs: its defaults, where its values came from, what differs, what is inside.

use super::*;

#[test]
fn every_default_is_written_out() {
    let shell = Shell::with_xor();
    let said = shell.run(&["render", "xor.dlm", "--set", "lr=0.1"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    insta::assert_snapshot!(said.out);
    shell.write("out.dlm", &said.out);
    assert_eq!(shell.run(&["render", "out.dlm"]).out, said.out);
    let told = objects(&shell.run(&["render", "xor.dlm", "--set", "lr=0.1", "--json"]).out);
    assert_eq!(fields(&told[0]), ["file", "text"]);
    assert_eq!(told[0]["text"], said.out);
    // The same bits come of both.
    for (file, out) in [("xor.dlm", "a"), ("out.dlm", "b")] {
        let said = shell.run(&["run", file, "--set", "train.for=20 epochs", "--set", "lr=0.1", "--out", out, "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let rows = "a,b\n0,0\n0,1\n1,0\n1,1\n";
    shell.write("rows.csv", rows);
    let read = |out: &str| shell.run(&["predict", &format!("{out}/model.dlmx"), "rows.csv"]).out;
    assert_eq!(read("a"), read("b"));
    // A program with mistakes has no rendering.
    shell.write("broken.dlm", BROKEN);
    let said = shell.run(&["render", "broken.dlm"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("[name-twice]"), "{}", said.err);
}

#[test]
fn where_a_value_came_from() {
    let shell = Shell::with_xor();
    let said = shell.run(&["why", "xor.dlm"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let mut all = said.out;
    for path in ["lr", "optimizer.eps", "hidden.act", "train.batch", "steps", "clip", "validate"] {
        let said = shell.run(&["why", "xor.dlm", path]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{path}");
        all += &format!("\n$ dlmc why xor.dlm {path}\n{}", said.out);
    }
    let said = shell.run(&["why", "xor.dlm", "lr", "--set", "lr=0.2"]);
    all += &format!("\n$ dlmc why xor.dlm lr --set lr=0.2\n{}", said.out);
    for path in ["optimizer.lrr", "units"] {
        let said = shell.run(&["why", "xor.dlm", path]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{path}");
        all += &format!("\n$ dlmc why xor.dlm {path}\n{}", said.err);
    }
    insta::assert_snapshot!(all);
    let told = objects(&shell.run(&["why", "xor.dlm", "--json"]).out);
    let names = ["path", "train", "value", "origin", "from", "file", "line", "default", "type", "doc"];
    assert!(told.iter().all(|it| fields(it) == names));
    let of = |path: &str| told.iter().find(|it| it["path"] == path).expect("a path");
    assert_eq!(of("train.optimizer.lr")["origin"], "written");
    assert_eq!(of("train.optimizer.lr")["file"], "xor.dlm");
    assert_eq!(of("train.optimizer.b1")["origin"], "default");
    assert_eq!(of("train.optimizer.b1")["file"], "std/optimizers.dlm");
    assert_eq!(of("train.steps")["value"], "500");
}
