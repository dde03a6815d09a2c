//! `--json`: one object a line on standard output, nothing else there, and the fields that are promised.

use super::*;

/// Runs, and reads each line of standard output as an object.
fn told(shell: &Shell, args: &[&str]) -> Vec<Value> {
    let said = shell.run(&[args, &["--json"]].concat());
    assert!(said.code < 2, "{args:?}\n{}", said.err);
    let objects = objects(&said.out);
    assert!(!objects.is_empty(), "{args:?}");
    objects
}

#[test]
fn check_tells_problems_models_and_runs() {
    let shell = Shell::with_xor();
    shell.write("broken.dlm", BROKEN);
    let told = told(&shell, &["check", "xor.dlm", "broken.dlm"]);
    let [sound, broken] = &told[..] else { panic!("an object for each file") };
    assert_eq!(fields(sound), ["file", "problems", "models", "trains", "tunes", "exports"]);
    assert_eq!((&sound["file"], &broken["file"]), (&"xor.dlm".into(), &"broken.dlm".into()));
    assert_eq!(sound["problems"], Value::Array(vec![]));

    let model = &sound["models"][0];
    assert_eq!(fields(model), ["name", "parameters", "flops_forward", "stages", "loops"]);
    assert_eq!((&model["name"], &model["parameters"]), (&"xor_net".into(), &33.into()));
    let stage = &model["stages"][0];
    assert_eq!(fields(stage), ["path", "layer", "type", "parameters", "flops", "depth"]);
    assert_eq!(
        (&stage["path"], &stage["layer"], &stage["type"]),
        (&"hidden".into(), &"dense".into(), &"f32[8]".into())
    );

    let train = &sound["trains"][0];
    let known = [
        "name",
        "model",
        "data",
        "rows",
        "commands",
        "steps",
        "steps_formula",
        "parameters",
        "trained",
        "transfers",
        "thaws",
    ];
    let costs = ["privacy", "step_flops", "peak_bytes", "resident_bytes", "tensor_bytes", "checkpoint_bytes"];
    assert_eq!(fields(train), [&known[..], &costs].concat());
    assert_eq!((&train["name"], &train["steps"]), (&Value::Null, &500.into()));

    let problems = broken["problems"].as_array().expect("a list");
    let codes: Vec<&str> = problems.iter().map(|it| it["code"].as_str().expect("a code")).collect();
    for code in ["name-twice", "unknown-name", "missing-unit", "setting-missing"] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    for problem in problems {
        assert_eq!(fields(problem), ["code", "severity", "message", "labels", "notes", "help", "edits"]);
        assert_eq!(problem["severity"], "error");
        for (order, label) in problem["labels"].as_array().expect("a list").iter().enumerate() {
            let known = ["file", "start", "end", "line", "column", "end_line", "end_column", "text", "primary"];
            assert_eq!(fields(label), known);
            assert_eq!(label["primary"], order == 0);
            let place = |name: &str| label[name].as_u64().expect("a number") as usize;
            assert!(place("start") <= place("end") && place("end") <= BROKEN.len());
            assert_eq!(BROKEN[..place("start")].matches('\n').count() + 1, place("line"));
        }
    }
}

#[test]
fn the_edits_of_problems_mend_the_program() {
    let shell = Shell::new();
    let mut text = "fn slope(x) = max(x, 0\nlet lenght = 10 epoks\n".to_string();
    shell.write("it.dlm", &text);
    let told = told(&shell, &["check", "it.dlm"]);
    let mut edits: Vec<&Value> = told[0]["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|it| it["edits"].as_array().expect("a list"))
        .collect();
    assert!(edits.len() >= 2, "{told:?}");
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["start"].as_u64()));
    for edit in edits {
        assert_eq!(fields(edit), ["file", "start", "end", "text"]);
        let place = |name: &str| edit[name].as_u64().expect("a number") as usize;
        text.replace_range(place("start")..place("end"), edit["text"].as_str().expect("text"));
    }
    shell.write("it.dlm", &text);
    assert_eq!(shell.run(&["check", "it.dlm"]).code, 0, "{text}");
}

#[test]
fn a_run_tells_its_events() {
    let shell = Shell::with_iris();
    let events =
        told(&shell, &["run", "iris.dlm", "--set", "train.for=3 epochs", "--set", "train.checkpoint=every(1 epoch)"]);
    let kind = |event: &Value| event["event"].as_str().expect("the kind of the event").to_string();
    assert_eq!(kind(&events[0]), "start");
    let start = &events[0];
    for field in [
        "backend",
        "threads",
        "parameters",
        "trained",
        "step_flops",
        "peak_bytes",
        "resident_bytes",
        "data_ms",
        "compile_ms",
        "seed",
        "steps",
        "train",
        "val",
        "test",
        "folder",
    ] {
        assert!(start.get(field).is_some(), "`start` lacks {field}: {start}");
    }
    let epochs: Vec<&Value> = events.iter().filter(|it| kind(it) == "epoch").collect();
    assert_eq!(epochs.len(), 3);
    for epoch in epochs {
        for field in ["epoch", "step", "train", "val", "seconds"] {
            assert!(epoch.get(field).is_some(), "`epoch` lacks {field}: {epoch}");
        }
        assert!(epoch["train"]["loss"].is_number() && epoch["val"]["loss"].is_number());
    }
    let checkpoint = events.iter().rfind(|it| kind(it) == "checkpoint").expect("a checkpoint");
    assert!(checkpoint["step"].is_number() && checkpoint["bytes"].is_number());
    assert!(shell.path(checkpoint["path"].as_str().expect("a path")).exists());

    let end = events.last().expect("an end");
    assert_eq!(kind(end), "end");
    for field in ["step", "train", "val", "test", "artifact", "resident_bytes", "seconds", "waited_seconds", "reason"] {
        assert!(end.get(field).is_some(), "`end` lacks {field}: {end}");
    }
    assert!(shell.path(end["artifact"].as_str().expect("a path")).exists());
    // The log of the run holds the same events.
    let log = format!("{}/log.jsonl", start["folder"].as_str().expect("a folder"));
    let logged = objects(std::str::from_utf8(&shell.read(&log)).expect("UTF-8"));
    assert_eq!(logged, events);
}

#[test]
fn predictions_and_evaluations_are_objects() {
    let shell = Shell::with_iris();
    let rows = told(&shell, &["predict", "iris/model.dlmx", "data/iris/iris.csv"]);
    assert_eq!(rows.len(), 150);
    let names = fields(&rows[0]);
    assert!(rows.iter().all(|row| fields(row) == names));
    assert!(names.iter().any(|name| name.contains("species")), "{names:?}");
    let evaluation = &told(&shell, &["eval", "iris/model.dlmx"])[0];
    assert_eq!(fields(evaluation), ["examples", "metrics", "classes"]);
    assert!(evaluation["metrics"]["accuracy"].is_number(), "{evaluation}");
    let classes = &evaluation["classes"][0];
    assert_eq!(fields(classes), ["target", "classes", "confusion"]);
    assert_eq!(classes["classes"].as_array().expect("a list").len(), 3);
}

#[test]
fn the_manual_is_objects_too() {
    let shell = Shell::new();
    let entries = told(&shell, &["explain"]);
    assert_eq!(entries.len(), dlmc::problem::catalogue().count());
    for entry in &entries {
        assert_eq!(fields(entry), ["code", "severity", "summary", "page", "on_by_default"]);
        assert!(
            entry["page"].as_str().expect("text").starts_with(&format!("# {}", entry["code"].as_str().expect("text")))
        );
    }
    assert_eq!(
        told(&shell, &["explain", "bad-cells"])[0],
        *entries.iter().find(|it| it["code"] == "bad-cells").expect("it")
    );
    let names = told(&shell, &["doc"]);
    assert!(names.len() > 50);
    for name in &names {
        assert_eq!(fields(name), ["kind", "name", "doc", "file", "line", "text", "part"]);
    }
    assert!(told(&shell, &["doc", "mse"]).iter().all(|it| it["name"] == "mse"));
}

/// What goes wrong is an object as well, and exit codes stay what they are.
#[test]
fn failures_are_objects_too() {
    let shell = Shell::with_xor();
    for (args, code, problem) in [
        (&["check", "nosuch.dlm"][..], 2, "unreadable-file"),
        (&["run", "xor.dlm", "second"], 1, "unknown-train"),
        (&["run", "xor.dlm", "--resume"], 3, "nothing-to-resume"),
        (&["run", "xor.dlm", "--set", "lr=-1"], 1, "out-of-range"),
        (&["predict", "nosuch.dlmx", "rows.csv"], 2, "artifact-unreadable"),
        (&["explain", "nosuch"], 2, "unknown-code"),
    ] {
        let said = shell.run(&[args, &["--json"]].concat());
        assert_eq!(said.code, code, "{args:?}");
        let problems = &objects(&said.out)[0]["problems"];
        assert_eq!(problems[0]["code"], problem, "{args:?}");
    }
}

/// A program with its name and the files of its data.
type Large = (&'static str, String, Vec<(&'static str, Vec<u8>)>);

/// Programs that need much for a different reason each: their weights, their rows, their batches.
fn large() -> [Large; 4] {
    let program = |data: &str, model: &str, train: &str| format!("dlm 1\n{data}\n{model}\ntrain {{\n  {train}\n}}\n");
    let numbers = |rows: usize, columns: usize| {
        let names: Vec<String> = (0..columns).map(|at| format!("x{at}")).collect();
        let mut text = format!("{},y\n", names.join(","));
        for row in 0..rows {
            for column in 0..=columns {
                let comma = if column == columns { "\n" } else { "," };
                text += &format!("{:.4}{comma}", ((row * 37 + column * 101) % 9973) as f64 / 9973.0);
            }
        }
        text.into_bytes()
    };
    let idx = |kind: u8, dims: &[u32]| {
        let size = dims.iter().product::<u32>();
        let mut bytes = vec![0, 0, 8, dims.len() as u8];
        dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
        bytes.extend((0..size).map(|at| if kind == 0 { (at * 7 % 256) as u8 } else { (at % 10) as u8 }));
        bytes
    };
    let digits = || vec![("images", idx(0, &[2000, 28, 28])), ("labels", idx(1, &[2000]))];
    let lenet = |batch: &str| {
        program(
            "data digits {\n  source: idx(\"images\", \"labels\")\n  input x: image[28, 28, 1] = images |> scale\n  \
             target y: class[10] = labels\n}",
            "model lenet on x: image[28, 28, 1] -> logits[K] {\n  x |> conv(16, 5, act: relu) as a |> max_pool(2) as b\n  \
             |> conv(32, 5, act: relu) as c |> flatten |> dense(K) as out\n}",
            &format!(
                "model: lenet\n  data: digits\n  loss: cross_entropy\n  optimizer: sgd(lr: 0.01)\n  {batch}\n  for: 3 steps"
            ),
        )
    };
    [
        (
            "weights",
            program(
                "data points {\n  source: csv(\"few.csv\")\n  input x: f32[6] = columns(\"x*\")\n  target y: number\n}",
                "model wide on x: f32[6] -> number { x |> dense(1400, tanh) as a |> dense(1400, tanh) as b |> dense(1) as c }",
                "model: wide\n  data: points\n  loss: mse\n  optimizer: adam(lr: 1e-4)\n  batch: 16\n  for: 4 steps",
            ),
            vec![("few.csv", numbers(64, 6))],
        ),
        (
            "rows",
            program(
                "data points {\n  source: csv(\"many.csv\")\n  input x: f32[30] = columns(\"x*\") |> standardize\n  target y: number\n}",
                "model line on x: f32[30] -> number = x |> dense(1) as out",
                "model: line\n  data: points\n  loss: mse\n  optimizer: sgd(lr: 1e-4)\n  batch: 64\n  for: 4 steps",
            ),
            vec![("many.csv", numbers(60_000, 30))],
        ),
        ("batches", lenet("batch: 256"), digits()),
        ("several batches", lenet("batch: 128\n  accumulate: 3 batches"), digits()),
    ]
}

#[test]
fn the_process_of_a_large_run_holds_what_was_said_within_a_tenth() {
    for (name, program, files) in large() {
        let shell = Shell::new();
        shell.write("it.dlm", &program);
        files.iter().for_each(|(path, bytes)| std::fs::write(shell.path(path), bytes).expect("a file"));
        let events = told(&shell, &["run", "it.dlm"]);
        let bytes = |event: &Value| event["resident_bytes"].as_u64();
        let (said, was) = (events.iter().find_map(bytes).expect("all is known"), bytes(events.last().expect("an end")));
        // Not every system tells.
        let Some(was) = was.filter(|_| cfg!(target_os = "linux")) else { continue };
        let ratio = said as f64 / was as f64;
        eprintln!("{name}: {said} said, {was} held, {ratio:.3}");
        assert!((0.9..=1.1).contains(&ratio), "{name}: {said} said, {was} held, {ratio:.3}");
    }
}
