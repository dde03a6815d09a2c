//! Attention: each layer against its formula, place by place.

use super::layers::{affine, model, predicted, sound};
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer attention(heads: int, causal: bool, drop: prob, groups: int, rotary: bool, bias: bool) on x: f32[T, D]",
        "fn attend(q: f32[T, H, D], k: f32[S, G, D], v: f32[S, G, D], causal: bool, drop: prob)",
        "fn weighed(q: f32[T, H, D], k: f32[S, G, D], v: f32[S, G, D], causal: bool, drop: prob)",
        "fn mask(score: f32[I, J], rule: name)",
        "fn dropped(x: f32[..], p: prob)",
        "fn angles(places: int, width: int, base: real)",
        "fn rotate(x: f32[T, H, D], base: real)",
        "layer transformer_block(heads: int, hidden: int, act: fn, causal: bool, drop: prob, groups: int, rotary: bool, pre: bool) on x: f32[T, D]",
        "layer tied_to(table: layer) on x: f32[.., D]",
        "layer sinusoidal on x: f32[T, D]",
    ]
}

const NUMBERS: Feed = Feed::Within(-2.0, 2.0);

/// A model that weighs what a function without parameters makes of its input.
#[track_caller]
fn weighing(input: usize, result: usize, formula: &str) -> Program {
    let (input, result) = (format!("f32[{input}]"), format!("f32[{result}]"));
    model(&input, &input, &result, &format!("param s: {result} ~ ones\n  s * ({formula})"))
}

/// What [`weighing`] gives against what `expected` makes of each example's numbers.
#[track_caller]
fn weighs(program: &Program, expected: impl Fn(&[f64]) -> Vec<f64>) {
    let (s, x, found) = predicted(program, NUMBERS, 4);
    let expected: Vec<f64> = x
        .chunks(x.len() / 4)
        .flat_map(|x| expected(x).iter().zip(&s[0]).map(|(y, s)| y * s).collect::<Vec<f64>>())
        .collect();
    close(&found, &expected, 1e-6, "a weighed function");
    sound(program, NUMBERS);
}

/// Sequences of `places` places, of heads of `width` numbers each.
#[derive(Clone, Copy)]
struct Sizes {
    places: usize,
    heads: usize,
    groups: usize,
    width: usize,
}

/// Softmax(q k / √d) v.
fn attended(q: &[f64], k: &[f64], v: &[f64], of: Sizes, causal: bool) -> Vec<f64> {
    let Sizes { places, heads, groups, width } = of;
    let at = |x: &[f64], place: usize, head: usize, of: usize| x[(place * of + head) * width..][..width].to_vec();
    let mut mix = vec![];
    for place in 0..places {
        for head in 0..heads {
            let group = head / (heads / groups);
            let query = at(q, place, head, heads);
            let seen = if causal { place + 1 } else { places };
            let score = |other: usize| -> f64 {
                let key = at(k, other, group, groups);
                query.iter().zip(&key).map(|(a, b)| a * b).sum::<f64>() / (width as f64).sqrt()
            };
            let weights: Vec<f64> = (0..seen).map(|other| score(other).exp()).collect();
            let total: f64 = weights.iter().sum();
            mix.extend((0..width).map(|c| {
                let value = |(other, weight): (usize, &f64)| weight * at(v, other, group, groups)[c];
                weights.iter().enumerate().map(value).sum::<f64>() / total
            }));
        }
    }
    mix
}

/// Attention of its input, which has queries, keys and values one behind the other, weighed.
fn of_input(of: Sizes, causal: bool) -> Program {
    let Sizes { places, heads, groups, width } = of;
    let (queries, keys) = (places * heads * width, places * groups * width);
    let part = |from: usize, size: usize, heads: usize| {
        format!("reshape(x[{from} .. {}], [{places}, {heads}, {width}])", from + size)
    };
    let formula = format!(
        "reshape(attend({}, {}, {}, causal: {}), [{queries}])",
        part(0, queries, heads),
        part(queries, keys, groups),
        part(queries + keys, keys, groups),
        if causal { "yes" } else { "no" }
    );
    weighing(queries + 2 * keys, queries, &formula)
}

/// What it is by the formula.
fn expected(x: &[f64], of: Sizes, causal: bool) -> Vec<f64> {
    let (queries, keys) = (of.places * of.heads * of.width, of.places * of.groups * of.width);
    attended(&x[..queries], &x[queries..queries + keys], &x[queries + keys..], of, causal)
}

#[test]
fn each_place_gathers_what_its_query_meets() {
    for (heads, groups) in [(2, 2), (2, 1), (4, 2)] {
        for causal in [false, true] {
            let of = Sizes { places: 3, heads, groups, width: 2 };
            weighs(&of_input(of, causal), |x| expected(x, of, causal));
        }
    }
}

#[test]
fn halves_of_many_places_gather_what_the_whole_does() {
    for (places, heads, groups) in [(128, 2, 1), (129, 1, 1), (130, 1, 1)] {
        let of = Sizes { places, heads, groups, width: 1 };
        weighs(&of_input(of, true), |x| expected(x, of, true));
    }
}

#[test]
fn a_mask_hides_what_comes_later() {
    weighs(&weighing(9, 9, "reshape(softmax(mask(reshape(x, [3, 3]))), [9])"), |x| {
        let row = |i: usize| {
            let total: f64 = (0..=i).map(|j| x[3 * i + j].exp()).sum();
            (0..3).map(move |j| if j <= i { x[3 * i + j].exp() / total } else { 0.0 }).collect::<Vec<f64>>()
        };
        (0..3).flat_map(row).collect()
    });
}

/// A number and its place to the pair that [`rotate`] makes of it.
fn turned(x: &[f64], places: usize, heads: usize, width: usize) -> Vec<f64> {
    let mut out = x.to_vec();
    for place in 0..places {
        for head in 0..heads {
            let start = (place * heads + head) * width;
            for c in 0..width / 2 {
                let angle = place as f64 * 10000f64.powf(-2.0 * c as f64 / width as f64);
                let (a, b) = (x[start + c], x[start + width / 2 + c]);
                out[start + c] = a * angle.cos() - b * angle.sin();
                out[start + width / 2 + c] = a * angle.sin() + b * angle.cos();
            }
        }
    }
    out
}

#[test]
fn pairs_are_turned_by_their_place() {
    weighs(&weighing(24, 24, "reshape(rotate(reshape(x, [3, 2, 4])), [24])"), |x| turned(x, 3, 2, 4));
}

#[test]
fn what_is_dropped_is_zero_and_the_rest_grows() {
    let program = weighing(6, 6, "if training then dropped(x, 25%) else x");
    sound(&program, NUMBERS);
    let function = program.objective(400, true);
    let noise = function.graph.ids().filter(|&id| matches!(function.graph[id].op, Op::Random { .. }));
    let noise: Vec<Id> = noise.collect();
    assert_eq!(noise.len(), 1, "one draw for each number");
    let (states, feeds) = doors(&function, &[NUMBERS, NUMBERS], 5);
    let drawn = evaluate_f64(&function.graph, &noise, &wide(&states), &wide(&feeds), CLOCK).remove(0);
    let dropped = drawn.data.iter().filter(|&&it| it < 0.25).count() as f64 / drawn.data.len() as f64;
    assert!((dropped - 0.25).abs() < 0.03, "{dropped}");
}

/// The parts of a state list that [`affine`] takes.
fn dense(x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let width = w.len() / b.len();
    x.chunks(width).flat_map(|x| affine(x, w, b)).collect()
}

fn attention(x: &[f64], s: &[Vec<f64>], of: Sizes, causal: bool, rotary: bool) -> Vec<f64> {
    let [q, k, v] = [0, 2, 4].map(|at| dense(x, &s[at], &s[at + 1]));
    let turn = |x: Vec<f64>, heads: usize| if rotary { turned(&x, of.places, heads, of.width) } else { x };
    let mix = attended(&turn(q, of.heads), &turn(k, of.groups), &v, of, causal);
    dense(&mix, &s[6], &s[7])
}

#[test]
fn attention_projects_gathers_and_projects() {
    for (settings, of, causal, rotary) in [
        ("heads: 2", Sizes { places: 3, heads: 2, groups: 2, width: 2 }, false, false),
        ("heads: 2, causal: yes", Sizes { places: 3, heads: 2, groups: 2, width: 2 }, true, false),
        ("heads: 2, groups: 1, rotary: yes", Sizes { places: 3, heads: 2, groups: 1, width: 2 }, false, true),
    ] {
        let body = format!("reshape(x, [3, 4]) |> attention({settings}) as it |> flatten");
        let program = model("f32[12]", "f32[12]", "f32[12]", &body);
        let (s, x, found) = predicted(&program, NUMBERS, 4);
        let expected: Vec<f64> = x.chunks(12).flat_map(|x| attention(x, &s, of, causal, rotary)).collect();
        close(&found, &expected, 1e-5, settings);
        sound(&program, NUMBERS);
    }
    let dropping = "reshape(x, [3, 4]) |> attention(heads: 2, drop: 20%, bias: no) as it |> flatten";
    sound(&model("f32[12]", "f32[12]", "f32[12]", dropping), NUMBERS);
}

fn normed(x: &[f64], scale: &[f64], shift: &[f64]) -> Vec<f64> {
    let of_place = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let one = |(at, x): (usize, &f64)| (x - mean) / (variance + 1e-5).sqrt() * scale[at] + shift[at];
        x.iter().enumerate().map(one).collect::<Vec<f64>>()
    };
    x.chunks(scale.len()).flat_map(of_place).collect()
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

#[test]
fn a_block_has_two_ways_past_its_layers() {
    let of = Sizes { places: 3, heads: 2, groups: 2, width: 2 };
    let wide = |x: &[f64], s: &[Vec<f64>]| {
        let up: Vec<f64> = dense(x, &s[0], &s[1]).into_iter().map(f64::tanh).collect();
        dense(&up, &s[2], &s[3])
    };
    for pre in [true, false] {
        let body = format!(
            "reshape(x, [3, 4]) |> transformer_block(heads: 2, hidden: 5, act: tanh, causal: yes, pre: {}) as it |> flatten",
            if pre { "yes" } else { "no" }
        );
        let program = model("f32[12]", "f32[12]", "f32[12]", &body);
        let (s, x, found) = predicted(&program, NUMBERS, 4);
        let expected: Vec<f64> = x
            .chunks(12)
            .flat_map(|x| match pre {
                // norm1, attention (8), norm2, up and down (4)
                true => {
                    let a = sum(x, &attention(&normed(x, &s[0], &s[1]), &s[2..10], of, true, false));
                    sum(&a, &wide(&normed(&a, &s[10], &s[11]), &s[12..]))
                }
                // attention (8), norm1, up and down (4), norm2
                false => {
                    let a = normed(&sum(x, &attention(x, &s[..8], of, true, false)), &s[8], &s[9]);
                    normed(&sum(&a, &wide(&a, &s[10..14])), &s[14], &s[15])
                }
            })
            .collect();
        close(&found, &expected, 1e-5, "transformer_block");
        sound(&program, NUMBERS);
    }
    let narrow = "reshape(x, [2, 4]) |> transformer_block(heads: 2, drop: 10%) as it |> flatten";
    sound(&model("f32[8]", "f32[8]", "f32[8]", narrow), NUMBERS);
}

#[test]
fn tied_scores_use_the_table_of_an_embedding() {
    let body = "x |> embed(3) as table |> tied_to(table)";
    let program = model("class[4]", "class[V]", "f32[4]", body);
    assert_eq!(program.states.len(), 1, "no parameters of its own");
    let (s, x, found) = predicted(&program, Feed::Classes(4), 6);
    let row = |at: usize| &s[0][3 * at..][..3];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let expected: Vec<f64> =
        x.iter().flat_map(|&x| (0..4).map(|at| dot(row(x as usize), row(at))).collect::<Vec<f64>>()).collect();
    close(&found, &expected, 1e-6, "tied_to");
    sound(&program, Feed::Classes(4));
}

#[test]
fn places_are_added_as_sines_and_cosines() {
    weighs(&weighing(12, 12, "reshape(x, [3, 4]) |> sinusoidal |> flatten"), |x| {
        let one = |(at, x): (usize, &f64)| {
            let (place, c) = ((at / 4) as f64, at % 4);
            let angle = place * 10000f64.powf(-2.0 * (c / 2) as f64 / 4.0);
            x + if c % 2 == 0 { angle.sin() } else { angle.cos() }
        };
        x.iter().enumerate().map(one).collect()
    });
}
