//! Broken text: every text has a tree, and one mistake has one message.

use std::time::Instant;

use dlmc::problem::Problem;
use dlmc::source::FileId;
use dlmc::syntax;

use crate::syntax::{sample, samples};

fn problems(text: &str) -> Vec<Problem> {
    syntax::parse(FileId(0), text).1
}

/// How many texts had no, one, two, … messages.
#[derive(Default)]
struct Histogram([usize; 8]);

impl Histogram {
    fn add(&mut self, messages: usize) {
        self.0[messages.min(7)] += 1;
    }

    /// The share of texts with a message that have at most `most`.
    fn share(&self, most: usize) -> f64 {
        let broken: usize = self.0[1..].iter().sum();
        self.0[1..=most].iter().sum::<usize>() as f64 / broken as f64
    }
}

#[test]
fn a_deleted_character_gives_one_message() {
    let mut histogram = Histogram::default();
    for name in samples() {
        let text = sample(&name);
        for (at, character) in text.char_indices().filter(|it| !it.1.is_whitespace()).skip(1).step_by(3) {
            let broken = format!("{}{}", &text[..at], &text[at + character.len_utf8()..]);
            let found = problems(&broken);
            histogram.add(found.len());
        }
    }
    assert!(histogram.share(1) >= 0.99, "{:?}", histogram.0);
}

#[test]
fn a_truncated_file_gives_few_messages() {
    let mut histogram = Histogram::default();
    for name in samples() {
        let text = sample(&name);
        for (at, _) in text.char_indices().step_by(3) {
            let found = problems(&text[..at]);
            histogram.add(found.len());
        }
    }
    assert!(histogram.share(1) >= 0.98 && histogram.share(2) == 1.0, "{:?}", histogram.0);
}

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn garbage_has_a_tree() {
    let characters: Vec<char> = "abcdefgh {}()[]|>=:,.\"'#~@^*-+/%0123456789\n\t\0\r;损失é“".chars().collect();
    let words =
        "model mlp on x : f32 [ 28 ] -> { |> dense ( 8 ) as h } = + - for i in if then else and table | \n train data
        input target let freeze lr 10x * .. \" ' , ; use dlm 1 repeat rename";
    let words: Vec<&str> = words.split(' ').collect();
    let mut numbers = Numbers(88_172_645_463_325_252);
    for _ in 0..1500 {
        let text: String = (0..60).map(|_| characters[numbers.below(characters.len())]).collect();
        problems(&text);
        let text: Vec<&str> = (0..40).map(|_| words[numbers.below(words.len())]).collect();
        let text = text.join(" ");
        let whole = format!("model m on x {{\n{text}\n}}\n");
        problems(&text);
        problems(&whole);
    }
}

/// Text, and the codes of all its problems.
#[test]
fn what_is_nested_too_deeply_is_left_out() {
    let million = 1_000_000;
    let texts = [
        ("open brackets", format!("let a = {}", "(".repeat(million))),
        ("brackets", format!("let a = {}1{}", "(".repeat(million), ")".repeat(million))),
        ("mixed brackets", format!("let a = {}", "([{".repeat(million))),
        ("calls", format!("let a = {}1{}", "f(g: [".repeat(5000), "])".repeat(5000))),
        ("blocks", format!("model m on x {}", "{\n".repeat(million))),
        ("branches", format!("let a = {} 1", "if x then 1 else ".repeat(million / 10))),
        ("loops", format!("let a = {} 1", "for i in n => ".repeat(million / 10))),
        ("signs", format!("let a = {}1", "-".repeat(million))),
        ("powers", format!("let a = x{}", "^x".repeat(million))),
        ("fields", format!("let a = x{}", ".x".repeat(million))),
        ("primes", format!("let a = x{}", "'".repeat(million))),
        ("sums of brackets", format!("let a = {}1{}", "(".repeat(200), "+1+1+1+1)".repeat(200))),
        ("types", format!("let a: {}x = 1", "(".repeat(million))),
        ("a line of 10 MB", format!("let a = 1{}", "+1".repeat(5 * million))),
    ];
    for (name, text) in texts {
        let start = Instant::now();
        let found = problems(&text);
        // Seconds on a quiet machine; the bound is for what would never end.
        assert!(start.elapsed().as_secs() < 120, "{name}: {:?}", start.elapsed());
        let codes: Vec<&str> = found.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["nested-too-deep"], "{name}");
    }
}

#[test]
fn closing_brackets_without_end_are_answered() {
    for bracket in [")", "]", "}", ")]}", "{)", "(}"] {
        let start = Instant::now();
        assert!(!problems(&bracket.repeat(20_000)).is_empty());
        assert!(start.elapsed().as_secs() < 20, "{bracket}: {:?}", start.elapsed());
    }
}

#[test]
fn long_programs_are_read_in_time_that_grows_with_their_length() {
    let body: String = sample("cifar.dlm")
        .lines()
        .filter(|it| !it.starts_with("dlm"))
        .fold(String::new(), |text, line| text + line + "\n");
    let start = Instant::now();
    assert_eq!(problems(&body.repeat(500)), []);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    let list = format!("let a = [{}]", "1, ".repeat(300_000));
    assert_eq!(problems(&list), []);
    assert!(start.elapsed().as_secs() < 40, "{:?}", start.elapsed());
}
