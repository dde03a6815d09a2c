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
    for path in crate::programs("benches/programs") {
        let text = std::fs::read_to_string(&path).expect("text");
        shell.write("program.dlm", &text);
        let said = shell.run(&["bench", "program.dlm", "--seconds", "0.01", "--profile", "--json"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", path.display());
        let measured = &objects(&said.out)[0];
        let (_, kernels) = times(measured);
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
    }
    let said = shell.run(&["bench", "xor.dlm", "--seconds", "0.01", "--profile"]);
    let words = [
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
