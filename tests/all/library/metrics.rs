//! Metrics: small tables worked by hand, ties among them.

use super::*;

struct Case {
    signature: &'static str,
    metric: &'static str,
    /// Of the model's result, and of the data's target.
    types: (&'static str, &'static str),
    /// What the model gives and the target, a row for each example.
    outputs: &'static [&'static [f32]],
    targets: &'static [&'static [f32]],
    value: &'static [f64],
}

/// Scores of five examples of three classes: right, a tie that the first class wins, wrong, right, wrong.
const SCORES: &[&[f32]] = &[&[2.0, 1.0, 0.0], &[1.0, 1.0, 0.0], &[0.0, 3.0, 1.0], &[-1.0, -2.0, 0.5], &[0.1, 0.2, 0.0]];
const CLASSES: &[&[f32]] = &[&[0.0], &[1.0], &[2.0], &[2.0], &[0.0]];
const LOGITS: (&str, &str) = ("logits[3]", "class[3]");

/// Four examples of yes or no: yes said yes, no said no, yes said no (0 is no), no said yes.
const LEANINGS: &[&[f32]] = &[&[2.0], &[-1.0], &[0.0], &[0.5]];
const ANSWERS: &[&[f32]] = &[&[1.0], &[0.0], &[1.0], &[0.0]];
const LOGIT: (&str, &str) = ("logit", "binary");

/// Two numbers for each of three examples.
const GUESSES: &[&[f32]] = &[&[1.0, 0.0], &[2.0, 4.0], &[5.0, 4.0]];
const TRUTHS: &[&[f32]] = &[&[2.0, 1.0], &[2.0, 2.0], &[4.0, 4.0]];
const NUMBERS: (&str, &str) = ("f32[2]", "f32[2]");

const fn of_scores(signature: &'static str, metric: &'static str, value: &'static [f64]) -> Case {
    Case { signature, metric, types: LOGITS, outputs: SCORES, targets: CLASSES, value }
}

const fn of_leanings(signature: &'static str, metric: &'static str, value: &'static [f64]) -> Case {
    Case { signature, metric, types: LOGIT, outputs: LEANINGS, targets: ANSWERS, value }
}

const fn of_numbers(signature: &'static str, metric: &'static str, value: &'static [f64]) -> Case {
    Case { signature, metric, types: NUMBERS, outputs: GUESSES, targets: TRUTHS, value }
}

const PRECISION: &str = "metric precision(average: name) on (z: logits[K], y: class[K])";
const RECALL: &str = "metric recall(average: name) on (z: logits[K], y: class[K])";

/// Scores of five examples of three ordered values, and for being beyond the first and the second: said 0, 1, 1, 2, 1 (the
/// last one by a score that should not be larger than the one before it).
const BEYOND: &[&[f32]] = &[&[-1.0, -2.0], &[1.0, -1.0], &[0.5, 0.0], &[2.0, 1.0], &[-0.5, 0.5]];
const RANKED: (&str, &str) = ("logits[3]", "ordinal[3]");
const STEPS: (&str, &str) = ("logit[2]", "ordinal[3]");

/// Three examples of three labels: all right, one said too many and one missed, nothing said of nothing.
const SIGNS: &[&[f32]] = &[&[1.0, -1.0, 2.0], &[1.0, 0.0, -2.0], &[-1.0, -1.0, 0.0]];
const LABELS: &[&[f32]] = &[&[1.0, 0.0, 1.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 0.0]];

const fn of_ordinals(signature: &'static str, metric: &'static str, value: &'static [f64]) -> Case {
    Case { signature, metric, types: RANKED, outputs: SCORES, targets: CLASSES, value }
}

const fn of_steps(signature: &'static str, metric: &'static str, value: &'static [f64]) -> Case {
    Case { signature, metric, types: STEPS, outputs: BEYOND, targets: CLASSES, value }
}

const fn of_sets(signature: &'static str, metric: &'static str, value: &'static [f64]) -> Case {
    Case { signature, metric, types: ("logit[3]", "set[3]"), outputs: SIGNS, targets: LABELS, value }
}

const CASES: &[Case] = &[
    // Said 0, 0, 1, 2, 1 where 0, 1, 2, 2, 0 is true.
    of_scores(
        "metric kappa on (z: logits[K], y: class[K])",
        "kappa",
        &[1.0 - 3.0 / (5.0 - (2.0 * 2.0 + 2.0 * 1.0 + 1.0 * 2.0) / 5.0)],
    ),
    of_ordinals("metric mae on (z: logits[K], y: ordinal[K])", "mae", &[3.0 / 5.0]),
    of_ordinals(
        "metric weighted_kappa(weights: name) on (z: logits[K], y: ordinal[K])",
        "weighted_kappa",
        // By the square: of 2 · 2 pairs 0 and 2, and of neighbours 2 · 1, 2 · 2, 2 · 1, 2 · 1 and 1 · 1; of five examples.
        &[1.0 - 3.0 / ((2.0 * 2.0 * 4.0 + 2.0 * 1.0 + 2.0 * 2.0 + 2.0 * 2.0 + 1.0 * 1.0 + 1.0 * 2.0 * 4.0) / 5.0)],
    ),
    // Said 0, 1, 1, 2, 1.
    of_steps("metric accuracy on (z: logit[K - 1], y: ordinal[K])", "accuracy", &[3.0 / 5.0]),
    of_steps("metric mae on (z: logit[K - 1], y: ordinal[K])", "mae", &[2.0 / 5.0]),
    of_steps(
        "metric confusion on (z: logit[K - 1], y: ordinal[K])",
        "confusion",
        &[1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0],
    ),
    of_steps(
        "metric weighted_kappa(weights: name) on (z: logit[K - 1], y: ordinal[K])",
        "weighted_kappa(linear)",
        // Said one 0, three 1, one 2; true two 0, one 1, two 2.
        &[1.0 - 2.0 / ((1.0 + 2.0 * 2.0 + 3.0 * 2.0 + 3.0 * 2.0 + 1.0 * 2.0 * 2.0 + 1.0) / 5.0)],
    ),
    of_sets("metric accuracy on (z: logit[K], y: set[K])", "accuracy", &[7.0 / 9.0]),
    of_sets("metric subset_accuracy on (z: logit[K], y: set[K])", "subset_accuracy", &[2.0 / 3.0]),
    of_sets("metric hamming on (z: logit[K], y: set[K])", "hamming", &[2.0 / 9.0]),
    of_sets("metric jaccard(average: name) on (z: logit[K], y: set[K])", "jaccard", &[1.0 / 3.0]),
    of_sets("metric jaccard(average: name) on (z: logit[K], y: set[K])", "jaccard(macro)", &[(0.5 + 0.0 + 1.0) / 3.0]),
    of_sets("metric jaccard(average: name) on (z: logit[K], y: set[K])", "jaccard(micro)", &[2.0 / 4.0]),
    of_sets("metric f1(average: name) on (z: logit[K], y: set[K])", "f1(macro)", &[(2.0 / 3.0 + 0.0 + 1.0) / 3.0]),
    of_sets("metric f1(average: name) on (z: logit[K], y: set[K])", "f1(samples)", &[1.0 / 3.0]),
    of_sets("metric precision(average: name) on (z: logit[K], y: set[K])", "precision(micro)", &[2.0 / 3.0]),
    of_sets("metric recall(average: name) on (z: logit[K], y: set[K])", "recall(weighted)", &[2.0 / 3.0]),
    // Of the first label a yes and a no are equal; of the others the yes is above both noes.
    of_sets("metric auroc on (z: logit[K], y: set[K])", "auroc", &[(0.75 + 1.0 + 1.0) / 3.0]),
    of_sets("metric average_precision on (z: logit[K], y: set[K])", "average_precision", &[(0.5 + 1.0 + 1.0) / 3.0]),
    of_sets("metric log_loss on (z: logit[K], y: set[K])", "log_loss", &[0.467_384_313_422]),
    of_sets("metric brier on (z: logit[K], y: set[K])", "brier", &[0.150_242_585_682]),
    of_scores("metric accuracy on (z: logits[K], y: class[K])", "accuracy", &[2.0 / 5.0]),
    Case {
        signature: "metric accuracy on (p: prob[K], y: class[K])",
        metric: "accuracy",
        types: ("prob[3]", "class[3]"),
        outputs: &[&[0.2, 0.5, 0.3], &[0.4, 0.4, 0.2]],
        targets: &[&[1.0], &[1.0]],
        value: &[1.0 / 2.0],
    },
    Case {
        signature: "metric accuracy on (l: log_prob[K], y: class[K])",
        metric: "accuracy",
        types: ("log_prob[3]", "class[3]"),
        outputs: &[&[-1.0, -0.5, -3.0], &[-2.0, -1.0, -0.9]],
        targets: &[&[1.0], &[2.0]],
        value: &[1.0],
    },
    Case {
        signature: "metric accuracy on (z: logits[K], y: prob[K])",
        metric: "accuracy",
        types: ("logits[3]", "prob[3]"),
        outputs: &[&[1.0, 2.0, 0.0], &[1.0, 0.0, 0.0], &[0.0, 0.0, 1.0]],
        // Of equal shares the first counts, as of equal scores.
        targets: &[&[0.1, 0.6, 0.3], &[0.5, 0.5, 0.0], &[0.2, 0.4, 0.4]],
        value: &[2.0 / 3.0],
    },
    of_leanings("metric accuracy on (z: logit, y: binary)", "accuracy", &[2.0 / 4.0]),
    Case {
        signature: "metric accuracy on (p: prob, y: binary)",
        metric: "accuracy",
        types: ("prob", "binary"),
        // One half is no.
        outputs: &[&[0.9], &[0.2], &[0.5], &[0.6]],
        targets: ANSWERS,
        value: &[2.0 / 4.0],
    },
    // The answers' probabilities are 0.665, 0.422, 0.844, 0.766 and 0.367; the first and the fourth are right.
    of_scores(
        "metric calibration(bins: int) on (z: logits[K], y: class[K])",
        "calibration(bins: 4)",
        &[0.3468390370272017],
    ),
    // 0.881, 0.5 and 0.622 in the upper half, of which two are yes; 0.269 in the lower, which is no.
    of_leanings("metric calibration(bins: int) on (z: logit, y: binary)", "calibration(bins: 2)", &[0.068049457637433]),
    // The second of two equal scores is among the largest two, and so is the first.
    of_scores("metric top(k: int) on (z: logits[K], y: class[K])", "top(1)", &[3.0 / 5.0]),
    of_scores("metric top(k: int) on (z: logits[K], y: class[K])", "top(2)", &[1.0]),
    // Truth in rows: of class 0 one was taken for 0 and one for 1; of class 1 one for 0; of class 2 one for 1, one for 2.
    of_scores(
        "metric confusion on (z: logits[K], y: class[K])",
        "confusion",
        &[
            1.0, 1.0, 0.0, //
            1.0, 0.0, 0.0, //
            0.0, 1.0, 1.0,
        ],
    ),
    // 2 hits / (said + truth): class 0 2/(2+2), class 1 0/(2+1), class 2 2/(1+2).
    of_scores("metric f1(average: name) on (z: logits[K], y: class[K])", "f1", &[(0.5 + 0.0 + 2.0 / 3.0) / 3.0]),
    of_scores("metric f1(average: name) on (z: logits[K], y: class[K])", "f1(micro)", &[2.0 / 5.0]),
    of_scores(
        "metric f1(average: name) on (z: logits[K], y: class[K])",
        "f1(weighted)",
        &[(2.0 * 0.5 + 2.0 * 2.0 / 3.0) / 5.0],
    ),
    // One hit; two said yes, two are.
    of_leanings("metric f1 on (z: logit, y: binary)", "f1", &[2.0 / 4.0]),
    // Class 0: 1 of 2 said, 1 of 2 true; class 1: 0 of 2, 0 of 1; class 2: 1 of 1, 1 of 2.
    of_scores(PRECISION, "precision", &[(0.5 + 0.0 + 1.0) / 3.0]),
    of_scores(PRECISION, "precision(micro)", &[2.0 / 5.0]),
    of_scores(PRECISION, "precision(weighted)", &[(2.0 * 0.5 + 0.0 + 2.0 * 1.0) / 5.0]),
    of_scores(RECALL, "recall", &[(0.5 + 0.0 + 0.5) / 3.0]),
    of_scores(RECALL, "recall(micro)", &[2.0 / 5.0]),
    of_scores(RECALL, "recall(weighted)", &[2.0 / 5.0]),
    of_leanings("metric precision on (z: logit, y: binary)", "precision", &[1.0 / 2.0]),
    Case {
        signature: "metric recall on (z: logit, y: binary)",
        metric: "recall",
        types: LOGIT,
        outputs: &[&[2.0], &[-1.0], &[0.0], &[0.5], &[3.0]],
        targets: &[&[1.0], &[0.0], &[1.0], &[0.0], &[1.0]],
        value: &[2.0 / 3.0],
    },
    of_scores(
        "metric balanced_accuracy on (z: logits[K], y: class[K])",
        "balanced_accuracy",
        &[(0.5 + 0.0 + 0.5) / 3.0],
    ),
    Case {
        signature: "metric balanced_accuracy on (z: logit, y: binary)",
        metric: "balanced_accuracy",
        types: LOGIT,
        // Two of three yes, one of two no.
        outputs: &[&[2.0], &[-1.0], &[0.0], &[0.5], &[3.0]],
        targets: &[&[1.0], &[0.0], &[1.0], &[0.0], &[1.0]],
        value: &[(2.0 / 3.0 + 1.0 / 2.0) / 2.0],
    },
    // 5 examples, 2 hits; said 2, 2, 1 and true 2, 1, 2: (5 * 2 - 8) / sqrt((25 - 9) * (25 - 9)).
    of_scores("metric matthews on (z: logits[K], y: class[K])", "matthews", &[2.0 / 16.0]),
    Case {
        signature: "metric matthews on (z: logit, y: binary)",
        metric: "matthews",
        types: LOGIT,
        // Hits 2, correct refusals 1, one false alarm, one miss: (2 * 1 - 1 * 1) / sqrt(3 * 3 * 2 * 2).
        outputs: &[&[2.0], &[-1.0], &[0.0], &[0.5], &[3.0]],
        targets: &[&[1.0], &[0.0], &[1.0], &[0.0], &[1.0]],
        value: &[1.0 / 6.0],
    },
    // Yes 2.0 and 0.0 against no -1.0 and 0.5: three of four pairs in order.
    of_leanings("metric auroc on (z: logit, y: binary)", "auroc", &[3.0 / 4.0]),
    Case {
        signature: "metric auroc on (p: prob, y: binary)",
        metric: "auroc",
        types: ("prob", "binary"),
        // Of the six pairs of a yes (0.9, 0.5, 0.3) and a no (0.5, 0.1), four are in order, one is a tie.
        outputs: &[&[0.5], &[0.9], &[0.5], &[0.1], &[0.3]],
        targets: &[&[1.0], &[1.0], &[0.0], &[0.0], &[1.0]],
        value: &[4.5 / 6.0],
    },
    Case {
        signature: "metric auroc on (z: logits[K], y: class[K])",
        metric: "auroc",
        types: LOGITS,
        // Two examples are undecided: class 0 is right in 2 of 2 pairs, the others in one, and a tie.
        outputs: &[&[3.0, 0.0, 0.0], &[0.0, 0.0, 0.0], &[0.0, 0.0, 0.0]],
        targets: &[&[0.0], &[1.0], &[2.0]],
        value: &[(1.0 + 0.75 + 0.75) / 3.0],
    },
    // Going down the scores: yes at 2.0 (1 of 1), no at 0.5, yes at 0.0 (2 of 3).
    of_leanings("metric average_precision on (z: logit, y: binary)", "average_precision", &[(1.0 + 2.0 / 3.0) / 2.0]),
    Case {
        signature: "metric average_precision on (p: prob, y: binary)",
        metric: "average_precision",
        types: ("prob", "binary"),
        // Yes at 0.9 (1 of 1), at 0.5 with a no beside it (2 of 3), at 0.3 (3 of 4).
        outputs: &[&[0.5], &[0.9], &[0.5], &[0.1], &[0.3]],
        targets: &[&[1.0], &[1.0], &[0.0], &[0.0], &[1.0]],
        value: &[(1.0 + 2.0 / 3.0 + 3.0 / 4.0) / 3.0],
    },
    Case {
        signature: "metric perplexity on (z: logits[K], y: class[K])",
        metric: "perplexity",
        types: ("logits[2]", "class[2]"),
        // Probabilities 1/2 and 3/4: the inverse of their geometric mean.
        outputs: &[&[4.0, 4.0], &[0.0, 1.098_612_3]],
        targets: &[&[0.0], &[1.0]],
        value: &[1.632_993_161_855_452],
    },
    Case {
        signature: "metric log_loss on (z: logits[K], y: class[K])",
        metric: "log_loss",
        types: ("logits[2]", "class[2]"),
        // Probabilities 1/2 and 3/4: ln 3 is one more than nothing.
        outputs: &[&[4.0, 4.0], &[0.0, 1.098_612_3]],
        targets: &[&[0.0], &[1.0]],
        value: &[(std::f64::consts::LN_2 + 0.287_682_072_451_780_9) / 2.0],
    },
    Case {
        signature: "metric log_loss on (z: logit, y: binary)",
        metric: "log_loss",
        types: LOGIT,
        outputs: &[&[0.0], &[-1.098_612_3]],
        targets: &[&[1.0], &[1.0]],
        value: &[(std::f64::consts::LN_2 + 2.0 * std::f64::consts::LN_2) / 2.0],
    },
    Case {
        signature: "metric brier on (z: logit, y: binary)",
        metric: "brier",
        types: LOGIT,
        outputs: &[&[0.0], &[1.098_612_3]],
        targets: &[&[1.0], &[0.0]],
        value: &[(0.25 + 0.5625) / 2.0],
    },
    Case {
        signature: "metric brier on (z: logits[K], y: class[K])",
        metric: "brier",
        types: ("logits[2]", "class[2]"),
        // The sum of squares over both classes.
        outputs: &[&[4.0, 4.0], &[0.0, 1.098_612_3]],
        targets: &[&[0.0], &[1.0]],
        value: &[(0.5 + 0.125) / 2.0],
    },
    of_numbers("metric mse on (yhat: f32[N], y: f32[N])", "mse", &[7.0 / 6.0]),
    of_numbers("metric mae on (yhat: f32[N], y: f32[N])", "mae", &[5.0 / 6.0]),
    of_numbers("metric rmse on (yhat: f32[N], y: f32[N])", "rmse", &[1.080_123_449_734_643_5]),
    // Rests 1+0+1 and 1+4+0; around the means 8/3 and 7/3 the truths have 8/3 and 14/3.
    of_numbers(
        "metric r2 on (yhat: f32[N], y: f32[N])",
        "r2",
        &[((1.0 - 2.0 * 3.0 / 8.0) + (1.0 - 5.0 * 3.0 / 14.0)) / 2.0],
    ),
    // Differences 1, 0, -1 and 1, -2, 0: their squares around the means 0 and -1/3 are 2 and 14/3.
    of_numbers(
        "metric explained_variance on (yhat: f32[N], y: f32[N])",
        "explained_variance",
        &[((1.0 - 2.0 * 3.0 / 8.0) + 0.0) / 2.0],
    ),
    of_numbers("metric median_absolute_error on (yhat: f32[N], y: f32[N])", "median_absolute_error", &[1.0]),
    of_numbers("metric max_error on (yhat: f32[N], y: f32[N])", "max_error", &[2.0]),
    of_numbers("metric mape on (yhat: f32[N], y: f32[N])", "mape", &[(0.5 + 1.0 + 0.0 + 1.0 + 0.25 + 0.0) / 6.0]),
];

pub fn cases() -> Vec<&'static str> {
    let behind =
        ["fn share_of_pairs(s, y)", "fn steps_of_precision(s, y)", "fn agreement(said, y: ordinal[K], power: real)"];
    CASES.iter().map(|it| it.signature).chain(behind).collect()
}

fn measured(case: &Case) -> Vec<f64> {
    let rows = |of: &[&[f32]]| of.iter().map(|row| row.to_vec()).collect::<Vec<_>>();
    measured_of(case.metric, case.types, &rows(case.outputs), &rows(case.targets))
}

fn measured_of(metric: &str, (result, target): (&str, &str), outputs: &[Vec<f32>], targets: &[Vec<f32>]) -> Vec<f64> {
    let units: usize = result.split(['[', ']']).nth(1).map_or(1, |it| it.parse().unwrap());
    let (last, loss) = match result.split('[').next() {
        Some("prob") if result == "prob" => (" |> sigmoid", "mine"),
        Some("prob") => (" |> softmax", "mine"),
        Some("log_prob") => (" |> log_softmax", "nll"),
        Some("logit") if target.starts_with("ordinal") => ("", "coral"),
        Some("logit") => ("", "binary_cross_entropy"),
        Some("logits") => ("", "cross_entropy"),
        _ => ("", "mse"),
    };
    let taken = if result == "prob" { "prob" } else { "prob[K]" };
    let wanted = if target == "binary" { "binary" } else { "class[K]" };
    let rest = format!(
        "loss mine on (p: {taken}, y: {wanted}) = mean(p^2)\n\
         model m on x: f32[2] -> {result} = x |> dense({units}) as out{last}\n\
         train {{\n  model: m\n  data: points\n  loss: {loss}\n  optimizer: sgd\n  for: 1 epoch\n  metrics: [{metric}]\n}}\n"
    );
    let program = with_data("f32[2]", target, &rest);
    let function = program.metric(0, outputs.len());
    let fill = |at: usize, rows: &[Vec<f32>]| {
        let (shape, dtype) = &function.feeds[at];
        match dtype {
            Dtype::I32 => Array::i32(shape, rows.concat().iter().map(|&it| it as i32).collect()),
            _ => Array::f32(shape, rows.concat()),
        }
    };
    let feeds = [fill(0, outputs), fill(1, targets)];
    let (states, _) = doors(&Function { feeds: vec![], ..function.clone() }, &[], 1);
    computed(&function, &states, &feeds, CLOCK).remove(0).data
}

#[test]
fn every_metric_says_of_a_small_table_what_a_hand_computes() {
    for case in CASES {
        close(&measured(case), case.value, 1e-6, case.metric);
    }
}

#[test]
fn what_nothing_was_said_of_and_nothing_is_counts_as_nothing() {
    // Class 2 neither occurs nor is said: its part of the macro average is 0, as scikit-learn's is.
    let signature = "metric f1(average: name) on (z: logits[K], y: class[K])";
    let case = Case {
        signature,
        metric: "f1",
        types: LOGITS,
        outputs: &[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]],
        targets: &[&[0.0], &[1.0]],
        value: &[2.0 / 3.0],
    };
    close(&measured(&case), case.value, 1e-6, "macro");
    let never = Case { types: LOGIT, outputs: &[&[-1.0]], targets: &[&[0.0]], value: &[0.0], ..case };
    close(&measured(&never), never.value, 1e-6, "neither said nor true");
}

/// What scikit-learn says where one class alone occurs, or one alone is said.
#[test]
fn where_only_one_class_occurs_ratios_are_what_is_documented() {
    let of = |metric, targets| {
        let outputs: &[&[f32]] = &[&[2.0], &[-1.0], &[0.5]];
        measured(&Case { signature: "", metric, types: LOGIT, outputs, targets, value: &[] })[0]
    };
    let no: &[&[f32]] = &[&[0.0], &[0.0], &[0.0]];
    let yes: &[&[f32]] = &[&[1.0], &[1.0], &[1.0]];
    for (metric, none, all) in [
        ("precision", 0.0, 1.0),
        ("recall", 0.0, 2.0 / 3.0),
        ("balanced_accuracy", 1.0 / 3.0, 2.0 / 3.0),
        ("matthews", 0.0, 0.0),
        ("auroc", f64::NAN, f64::NAN),
        ("average_precision", 0.0, 1.0),
    ] {
        close(&[of(metric, no), of(metric, yes)], &[none, all], 1e-6, metric);
    }
}

/// Scores of few values, so that many are equal, beside a count of all pairs.
#[test]
fn curves_count_pairs_whatever_is_equal() {
    let mut dice = Dice::new(4);
    let (mut outputs, mut targets): (Vec<[f32; 1]>, Vec<[f32; 1]>) = (vec![], vec![]);
    for _ in 0..60 {
        outputs.push([dice.below(9) as f32 - 4.0]);
        targets.push([dice.below(2) as f32]);
    }
    outputs[7] = [f32::INFINITY];
    outputs[8] = [f32::NEG_INFINITY];
    let rows = |of: &[[f32; 1]]| -> &'static [&'static [f32]] {
        let rows: Vec<&'static [f32]> = of.iter().map(|it| &*it.to_vec().leak()).collect();
        rows.leak()
    };
    let case = |metric| Case {
        signature: "",
        metric,
        types: LOGIT,
        outputs: rows(&outputs),
        targets: rows(&targets),
        value: &[],
    };
    let all: Vec<(f32, bool)> = outputs.iter().zip(&targets).map(|(z, y)| (z[0], y[0] > 0.5)).collect();
    let scores = |of: bool| all.iter().filter(move |it| it.1 == of).map(|it| it.0);
    let won: f64 = scores(true)
        .flat_map(|a| {
            scores(false).map(move |b| {
                if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                }
            })
        })
        .sum();
    let pairs = scores(true).count() * scores(false).count();
    close(&measured(&case("auroc")), &[won / pairs as f64], 1e-6, "pairs");
    let precision = |at: f32| {
        scores(true).filter(|&it| it >= at).count() as f64 / all.iter().filter(|it| it.0 >= at).count() as f64
    };
    let mean = scores(true).map(precision).sum::<f64>() / scores(true).count() as f64;
    close(&measured(&case("average_precision")), &[mean], 1e-6, "steps");
}

/// `tests/fixtures/metrics/make.py` says what from.
#[test]
fn metrics_are_those_of_scikit_learn() {
    let text = include_str!("../../fixtures/metrics/metrics.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(text).expect("cases in JSON");
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().expect("numbers").iter().map(|it| it.as_f64().expect("a number")).collect()
    };
    let rows = |value: &serde_json::Value| -> Vec<Vec<f32>> {
        value.as_array().expect("rows").iter().map(|row| numbers(row).iter().map(|&it| it as f32).collect()).collect()
    };
    for case in &cases {
        let word = |key: &str| case[key].as_str().expect(key);
        let (outputs, targets) = (rows(&case["outputs"]), rows(&case["targets"]));
        let found = measured_of(word("metric"), (word("result"), word("target")), &outputs, &targets);
        close(&found, &numbers(&case["value"]), 1e-6, word("metric"));
    }
    assert!(cases.len() >= 40);
}
