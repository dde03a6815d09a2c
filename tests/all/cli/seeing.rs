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

/// By what a stratified split goes, and how many values the target has.
#[test]
fn what_a_target_of_an_order_decides_is_written_out() {
    let shell = Shell::new();
    let text = "data shirts {
  source: csv(\"shirts.csv\")
  split: stratified(val: 50%)
  input chest: number
  target size: ordinal[\"S\", \"M\"]
}
model tailor on chest: number -> logit[K - 1] = chest |> coral(K) as head
train { model: tailor; data: shirts; loss: coral; optimizer: adam; for: 1 epoch }
";
    shell.write("it.dlm", text);
    shell.write("shirts.csv", "chest,size\n90,S\n91,S\n110,M\n112,M\n");
    let said = shell.run(&["render", "it.dlm"]);
    assert!(said.out.contains("stratified(val: 50%, by: size)"), "{}{}", said.out, said.err);
    let said = shell.run(&["why", "it.dlm", "tailor.K"]);
    assert!(
        said.out.starts_with("tailor.K = 2\n") && said.out.contains("the target `size`"),
        "{}{}",
        said.out,
        said.err
    );
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

/// A table that has everything: an id, dates, holes, words, a constant, a copy of the target.
fn toads() -> String {
    let mut text = "toad;day;damp;pond;note;world;leaps far;leapt\n".to_string();
    for at in 0..60 {
        let damp = if at % 7 == 3 { "NA".to_string() } else { format!("{}.5", at % 9) };
        let pond = ["north", "south", "east"][at % 3];
        let far = if at % 9 > 4 { "yes" } else { "no" };
        let leapt = if at % 9 > 4 { "far" } else { "near" };
        text += &format!("t{at:03};2026-01-{:02};{damp};{pond};said {};old;{far};{leapt}\n", 1 + at % 28, at * at);
    }
    text
}

#[test]
fn a_table_becomes_a_program_with_reasons() {
    let shell = Shell::new();
    shell.write("toads.csv", toads());
    let said = shell.run(&["init", "toads.csv", "--target", "leaps far"]);
    assert_eq!((said.code, said.out.as_str()), (0, "toads.dlm\n"), "{}", said.err);
    let text = String::from_utf8(shell.read("toads.dlm")).expect("UTF-8");
    insta::assert_snapshot!(text);
    // It checks and runs as it is.
    let checked = shell.run(&["check", "toads.dlm", "--data", "--deny", "warnings"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    let run = shell.run(&["run", "toads.dlm", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.err);
    // Nothing is overwritten.
    let again = shell.run(&["init", "toads.csv"]);
    assert!(again.code == 2 && again.err.contains("[file-exists]") && !again.err.contains("--force"), "{}", again.err);
    assert_eq!(shell.read("toads.dlm"), text.as_bytes());
    // The program stands elsewhere, or nowhere.
    let said = shell.run(&["init", "toads.csv", "--out", "sub/it.dlm", "--target", "damp", "--json"]);
    let told = objects(&said.out);
    assert_eq!(fields(&told[0]), ["file", "text"]);
    let said = shell.run(&["init", "toads.csv", "--out", "-", "--target", "leaps far"]);
    assert_eq!((said.code, said.out), (0, text));
    // What is wrong with a table is told without a program.
    shell.write("noise.csv", [b"a,b\n1,\xff\xfe\n".as_slice(), &[0; 9]].concat());
    shell.write("long.csv", "a,b\n1,2,3\n");
    shell.write("it.parquet", "PAR1");
    let damaged = if cfg!(feature = "parquet") { "parquet-unreadable" } else { "source-left-out" };
    for (args, code) in [
        (&["init", "toads.csv", "--out", "-", "--target", "dam"][..], "no-target-column"),
        (&["init", "frogs.csv"], "file-missing"),
        (&["init", "noise.csv"], "not-utf8"),
        (&["init", "long.csv"], "ragged-row"),
        (&["init", "it.parquet"], damaged),
    ] {
        let said = shell.run(args);
        assert!(said.code == 2 && said.err.contains(code), "{code}: {}", said.err);
    }
}

/// Lists of few words, as inputs and as what is to be said.
fn films() -> String {
    let mut text = "minutes,genres,moods,stars\n".to_string();
    for at in 0..40 {
        let genres = ["action|comedy", "comedy", "action|drama", "comedy|drama"][at % 4];
        let moods = ["calm;warm", "warm", "", "sharp;calm"][at % 4];
        text += &format!("{},{genres},{moods},\"Doe, {}\"\n", 60 + at * 7 % 50, ["Ann", "Bob"][at % 2]);
    }
    text
}

#[test]
fn lists_of_few_words_are_proposed_as_sets() {
    let shell = Shell::new();
    shell.write("films.csv", films());
    let said = shell.run(&["init", "films.csv", "--target", "genres", "--out", "-"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.out);
    for target in ["genres", "moods"] {
        let program = format!("{target}.dlm");
        let said = shell.run(&["init", "films.csv", "--target", target, "--out", &program]);
        assert_eq!(said.code, 0, "{}", said.err);
        let checked = shell.run(&["check", &program, "--data", "--deny", "warnings"]);
        assert_eq!(checked.code, 0, "{}", checked.err);
        let run = shell.run(&["run", &program, "--quiet"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
}

/// For the tables of the examples, and for tables of every shape that people have.
#[test]
fn what_is_proposed_runs() {
    let shell = Shell::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let mut tables: Vec<(String, String)> = vec![];
    for name in ["iris", "penguins", "diabetes", "digits"] {
        let text = std::fs::read_to_string(data.join(name).join(format!("{name}.csv"))).expect("a table");
        tables.push((format!("{name}.csv"), text));
    }
    let lines = |rows: std::ops::Range<u32>, line: &dyn Fn(u32) -> String| rows.map(line).collect::<String>();
    let tabs =
        "log\tFirst Name\tA B\ty\n".to_string() + &lines(0..40, &|it| format!("{it}\tann\t{}\t{}\n", it % 5, it % 2));
    tables.push(("tabs.tsv".into(), tabs));
    tables.push(("numbers.csv".into(), lines(0..30, &|it| format!("{it}.5,{},{}\n", it * it, it % 3))));
    let json = lines(0..25, &|it| {
        format!("{{\"at\": [{it}, {}], \"kind\": \"{}\", \"x\": {it}}}\n", it + 1, ["a", "b"][it as usize % 2])
    });
    tables.push(("lists.jsonl".into(), json));
    let given = "x,class,split\n".to_string()
        + &lines(0..60, &|it| {
            format!("{},{},{}\n", it % 7, ["u", "v", "w"][it as usize % 3], ["train", "test"][it as usize % 5 / 4])
        });
    tables.push(("given.csv".into(), given));
    tables.push(("few.csv".into(), "model,train\n1,2\n2,4\n3,7\n".into()));
    let money = "when,words,income\n".to_string()
        + &lines(0..80, &|it| format!("{},w{},{}\n", it % 11, it % 45 % 20, 10 + (it % 8) * (it % 8) * (it % 8) * 10));
    tables.push(("money.csv".into(), money));
    for (name, text) in tables {
        shell.write(&name, text);
        let said = shell.run(&["init", &name, "--quiet"]);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
        let program = said.out.trim_end();
        let checked = shell.run(&["check", program, "--data"]);
        let text = String::from_utf8_lossy(&shell.read(program)).into_owned();
        assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{name}\n{text}");
        let run = shell.run(&["run", program, "--set", "train.for=2 epochs", "--quiet"]);
        assert_eq!(run.code, 0, "{name}: {}\n{text}", run.err);
    }
}

#[test]
fn a_project_is_started_from_each_template() {
    let shell = Shell::new();
    let mut all = String::new();
    for template in dlmc::ide::templates::TEMPLATES {
        let said = shell.run(&["new", template.name, "--template", template.name]);
        assert_eq!(said.code, 0, "{}", said.err);
        all += &format!("$ dlmc new {0} --template {0}\n{1}{2}", template.name, said.out, said.err);
        let program = said.out.lines().next().expect("the program").to_string();
        let script =
            format!("cd {} && dlmc run {}.dlm --set 'train.for=1 epochs' --quiet", template.name, template.name);
        let run = shell.script(&script);
        assert_eq!(run.code, 0, "{program}: {}", run.err);
        let readme = String::from_utf8(shell.read(&format!("{}/README.md", template.name))).expect("UTF-8");
        assert!(!readme.contains('{') && readme.contains(&format!("dlmc run {}.dlm", template.name)), "{readme}");
    }
    insta::assert_snapshot!(all);
    let before = shell.files();
    let again = shell.run(&["new", "xor"]);
    assert!(again.code == 2 && again.err.contains("[file-exists]"), "{}", again.err);
    assert_eq!(shell.files(), before);
    assert_eq!(fields(&objects(&shell.run(&["new", "more", "--json"]).out)[0]), ["folder", "files"]);
}

#[test]
fn what_differs_between_programs() {
    let shell = Shell::with_xor();
    let other = XOR
        .replace("|> dense(8, tanh) as hidden", "|> dense(8, relu) as inner |> dense(4, relu) as more")
        .replace("lr: 0.05", "lr: 0.05, b1: 0.8")
        .replace("xor_net", "net");
    shell.write("other.dlm", other);
    let same = shell.run(&["diff", "xor.dlm", "xor.dlm"]);
    assert_eq!((same.code, same.err.as_str()), (0, ""));
    let said = shell.run(&["diff", "xor.dlm", "other.dlm"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    let all = format!("$ dlmc diff xor.dlm xor.dlm\n{}\n$ dlmc diff xor.dlm other.dlm\n{}", same.out, said.out);
    insta::assert_snapshot!(all);
    let told = objects(&shell.run(&["diff", "xor.dlm", "other.dlm", "--json"]).out);
    assert_eq!(fields(&told[0]), ["same", "parameters", "operations", "stages", "settings", "weights"]);
    assert_eq!(told[0]["weights"]["lost"][0]["perhaps"], "inner.w");
    // An artifact is the program that it was trained by, with its overrides.
    let run =
        shell.run(&["run", "xor.dlm", "--set", "lr=0.1", "--set", "train.for=2 epochs", "--out", "it", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let said = shell.run(&["diff", "xor.dlm", "it/model.dlmx", "--json"]);
    let settings = &objects(&said.out)[0]["settings"];
    let paths: Vec<&str> = settings.as_array().expect("a list").iter().filter_map(|it| it["path"].as_str()).collect();
    assert_eq!(paths, ["train.optimizer.lr", "train.for"]);
    assert_eq!(shell.run(&["diff", "it/model.dlmx", "it/model.dlmx"]).code, 0);
    // What is written out is no difference.
    shell.write("out.dlm", shell.run(&["render", "xor.dlm"]).out);
    let said = shell.run(&["diff", "xor.dlm", "out.dlm"]);
    assert_eq!(said.code, 0, "{}", said.out);
    shell.write("broken.dlm", BROKEN);
    assert_eq!(shell.run(&["diff", "xor.dlm", "broken.dlm"]).code, 1);
    assert_eq!(shell.run(&["diff", "xor.dlm", "nothing.dlm"]).code, 2);
}

#[test]
fn what_is_inside_a_file() {
    let shell = Shell::with_iris();
    let said = shell.run(&["inspect", "iris/model.dlmx"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    // The hash is that of the file, whatever the version wrote into it.
    let hash = dlmc::session::transfer::sha256(&shell.read("iris/model.dlmx"));
    assert!(said.out.contains(&hash));
    insta::assert_snapshot!(said.out.replace(&hash, "…"));
    let told = objects(&shell.run(&["inspect", "iris/model.dlmx", "--json"]).out);
    assert_eq!(fields(&told[0]), ["file", "kind", "bytes", "sha256", "document", "metadata", "tensors"]);
    assert_eq!(told[0]["kind"], "artifact");
    // A file of another tool: one tensor of two numbers, and a word beside it.
    let header = r#"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
    shell.write("other.safetensors", bytes);
    let told = objects(&shell.run(&["inspect", "other.safetensors", "--json"]).out);
    assert_eq!((&told[0]["kind"], &told[0]["metadata"]["format"]), (&"safetensors".into(), &"pt".into()));
    assert_eq!(told[0]["tensors"][0]["name"], "a.weight");
    let mut bytes = shell.read("iris/model.dlmx");
    *bytes.last_mut().expect("a byte") ^= 1;
    shell.write("damaged.dlmx", bytes);
    for (file, code) in [("damaged.dlmx", "[artifact-damaged]"), ("nothing", "[artifact-unreadable]")] {
        let said = shell.run(&["inspect", file]);
        assert!(said.code == 2 && said.err.contains(code), "{}", said.err);
    }
}
