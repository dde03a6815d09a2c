//! `dlmc bench`: what it says holds together, of every program that speed is measured on.

use super::*;

/// The step time of a measurement, and the sum of its kernels' where they were asked for.
fn times(measured: &serde_json::Value) -> (f64, f64) {
    let time = |what: &str| measured["step_us"][what].as_f64().expect("a time");
    assert!(0.0 < time("min") && time("min") <= time("median") && time("median") <= time("p90"), "{measured}");
    let kernels = measured["kernels"].as_array().expect("kernels");
    (time("median"), kernels.iter().map(|it| it["us"].as_f64().expect("a time")).sum())
}

#[test]
fn a_step_is_measured_without_data() {
    let shell = Shell::new();
    // The largest is like the one before it, and takes an unoptimised compiler a while.
    let all = crate::programs("benches/programs").into_iter().filter(|path| !path.ends_with("gpt_large.dlm"));
    for path in all {
        let text = std::fs::read_to_string(&path).expect("text");
        shell.write("program.dlm", &text);
        let said = shell.run(&["bench", "program.dlm", "--seconds", "0.01", "--profile", "--json"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", path.display());
        let measured = &objects(&said.out)[0];
        let (median, kernels) = times(measured);
        let number = |what: &str| measured[what].as_f64().unwrap_or_else(|| panic!("{what} in {measured}"));
        let limit = number("product_flops") / number("peak_gflops") / 1e3
            + number("traffic_bytes") / number("memory_gbs") / 1e3;
        assert!((limit / number("roofline_us") - 1.0).abs() < 1e-9, "{measured}");
        assert!((limit / median / number("roofline_share") - 1.0).abs() < 1e-9, "{measured}");
        assert!(number("product_flops") <= number("flops_step") && number("traffic_bytes") > 0.0, "{measured}");
        let flops: u64 = measured["kernels"]
            .as_array()
            .expect("kernels")
            .iter()
            .map(|it| it["flops"].as_u64().expect("a count"))
            .sum();
        assert_eq!(measured["flops_step"], flops, "the step is its kernels");
        assert!(kernels > 0.0 && measured["steps"].as_u64() >= Some(5), "{measured}");
    }
}

/// What another tool needs to take the same steps: all that the model starts with, the batch, and where it leads. What is there already
/// stays.
#[test]
fn what_is_measured_is_recorded() {
    let shell = Shell::new();
    shell.write("program.dlm", std::fs::read_to_string("benches/programs/mlp64.dlm").expect("text"));
    let args = ["bench", "program.dlm", "--seconds", "0", "--record", "it.safetensors", "--json"];
    let said = shell.run(&args);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let bytes = std::fs::read(shell.path("it.safetensors")).expect("it was written");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("a file of tensors");
    let mut names: Vec<&str> = tensors.names().into_iter().collect();
    names.sort_unstable();
    let layers = ["state.fc1.b", "state.fc1.w", "state.fc2.b", "state.fc2.w", "state.out.b", "state.out.w"];
    assert_eq!(names, [&["feed.digit", "feed.image", "losses"][..], &layers].concat());
    let shape = |name: &str| tensors.tensor(name).expect("named above").shape().to_vec();
    assert_eq!((shape("feed.image"), shape("state.fc1.w")), (vec![64, 28, 28, 1], vec![784, 512]));
    let losses = tensors.tensor("losses").expect("named above");
    let losses: Vec<f32> = losses.data().chunks(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect();
    // By chance all ten are as likely; then this batch is learned by heart.
    assert!(
        losses.len() == 20 && (losses[0] / 10_f32.ln() - 1.0).abs() < 0.2 && losses[19] < 0.5 * losses[0],
        "{losses:?}"
    );
    let again = shell.run(&args);
    assert_eq!(again.code, 2);
    assert!(again.out.contains("file-exists"), "{}", again.out);
    assert_eq!(std::fs::read(shell.path("it.safetensors")).expect("it stays"), bytes);
}

/// A prediction is recorded with what came of it, which is the same whoever computes, and however many threads.
#[test]
fn a_prediction_is_measured_and_recorded() {
    let shell = Shell::new();
    shell.write("program.dlm", std::fs::read_to_string("benches/programs/mlp64.dlm").expect("text"));
    let mut outputs = vec![];
    for (name, more) in [("one", &["--threads", "1"][..]), ("two", &[]), ("kernels", &["--backend", "kernels"])] {
        let file = format!("{name}.safetensors");
        let args = ["bench", "program.dlm", "--predict", "3", "--seconds", "0", "--json", "--record", &file];
        let said = shell.run(&[&args, more].concat());
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let measured = &objects(&said.out)[0];
        times(measured);
        assert_eq!((&measured["work"], &measured["batch"]), (&"prediction".into(), &3.into()));
        let bytes = std::fs::read(shell.path(&file)).expect("it was written");
        let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("a file of tensors");
        let mut names: Vec<&str> = tensors.names().into_iter().filter(|name| !name.starts_with("state.")).collect();
        names.sort_unstable();
        // Nobody tells a model what to say.
        assert_eq!(names, ["feed.image", "output"]);
        let output = tensors.tensor("output").expect("named above");
        assert_eq!(output.shape(), [3, 10]);
        outputs.push(output.data().to_vec());
    }
    assert!(outputs.iter().all(|it| *it == outputs[0]), "the same bits");
    assert!(outputs[0].chunks(4).any(|it| it != [0; 4]), "numbers");
    let said = shell.run(&["bench", "program.dlm", "--predict", "1", "--seconds", "0"]);
    assert!(said.out.starts_with("prediction of 1 example, native backend, 2 threads: "), "{}", said.out);
    for examples in ["0", "-1", "1e3", "2000000", "all"] {
        assert_eq!(shell.run(&["bench", "program.dlm", &format!("--predict={examples}")]).code, 2, "{examples}");
    }
    assert_eq!(shell.run(&["bench", "--machine", "--predict", "1"]).code, 2);
}

#[test]
fn the_machine_is_shown_and_measured() {
    let shell = Shell::new();
    let said = shell.run(&["bench", "--machine", "--seconds", "0.05", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let found = &objects(&said.out)[0];
    let isa = found["isa"].as_str().expect("a name").to_string();
    assert!(["avx512", "avx2", "portable"].contains(&isa.as_str()) && found["threads"][1] == 2, "{found}");
    let pairs = found["memory"].as_array().expect("a list").iter().map(|it| &it["gbs"]).chain([&found["peak_gflops"]]);
    assert!(pairs.flat_map(|pair| [&pair[0], &pair[1]]).all(|rate| rate.as_f64() > Some(0.0)), "{found}");
    let said = shell.run(&["bench", "--machine", "--seconds", "0.05", "--isa", "portable"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    for word in [", portable ", "1 thread", "2 threads", "products in the caches", "GB a second"] {
        assert!(said.out.contains(word), "{word} in {}", said.out);
    }
    let shell = shell.env("DLMC_ISA", "portable");
    let said = shell.run(&["bench", "--machine", "--seconds", "0.05", "--json"]);
    assert_eq!(objects(&said.out)[0]["isa"], "portable");
    // Neither a machine nor a program, both, and registers that nobody has.
    for args in [&["bench"][..], &["bench", "--machine", "xor.dlm"], &["bench", "--machine", "--isa", "mmx"]] {
        assert_eq!(shell.run(args).code, 2, "{args:?}");
    }
    let wider = shell.run(&["bench", "--machine", "--isa", "avx512", "--seconds", "0.05"]);
    assert_eq!(wider.code, if isa == "avx512" { 0 } else { 2 }, "{}", wider.err);
}

#[test]
fn registers_of_any_width_train_to_the_same_bits() {
    let shell = Shell::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for file in ["digits_conv.dlm", "data/digits/digits.csv"] {
        shell.write(file, std::fs::read(examples.join(file)).expect("an example"));
    }
    let trained = |isa: &[&str]| {
        let args =
            [&["run", "digits_conv.dlm", "--set", "train.for=60 steps", "--json", "--out", isa[1]][..], isa].concat();
        let said = shell.run(&args);
        // What a lesser machine cannot do is refused as wrong usage.
        assert!([0, 2].contains(&said.code), "{isa:?}: {}", said.err);
        (said.code == 0).then(|| objects(&said.out).last().expect("an end").clone())
    };
    let portable = trained(&["--isa", "portable"]).expect("every machine runs this");
    assert!(portable["train"]["loss"].is_number(), "{portable}");
    for isa in ["avx2", "avx512"] {
        if let Some(end) = trained(&["--isa", isa]) {
            assert_eq!((&end["train"], &end["test"]), (&portable["train"], &portable["test"]), "{isa}");
        }
    }
}

#[test]
fn every_back_end_is_measured_and_says_what_it_knows() {
    let shell = Shell::with_xor();
    for (backend, knows) in [("native", true), ("kernels", true), ("interpreter", false)] {
        let said = shell.run(&["bench", "xor.dlm", "--seconds", "0.01", "--json", "--backend", backend]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let measured = &objects(&said.out)[0];
        times(measured);
        assert_eq!(measured["threads"], if backend == "native" { 2 } else { 1 });
        assert_eq!((&measured["backend"], &measured["batch"]), (&backend.into(), &4.into()));
        assert_eq!(measured["peak_bytes"].is_u64(), knows, "{measured}");
        // Only of machine code it is known how fast it could be.
        assert_eq!(measured["roofline_us"].is_f64(), backend == "native", "{measured}");
    }
    let said = shell.run(&["bench", "xor.dlm", "--seconds", "0.01", "--profile"]);
    let words = [
        "at least ",
        " % of that is reached",
        "step of 4 examples, native backend, 2 threads: ",
        "compiled in ",
        " operations, ",
        "kernel",
        "sum over",
        "share",
    ];
    assert!(words.iter().all(|word| said.out.contains(word)), "{}", said.out);
    for seconds in ["nan", "-1", "inf", "1e9", "soon"] {
        assert_eq!(shell.run(&["bench", "xor.dlm", &format!("--seconds={seconds}")]).code, 2, "{seconds}");
    }
    // A program with mistakes has no step.
    shell.write("broken.dlm", BROKEN);
    let said = shell.run(&["bench", "broken.dlm"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
}
