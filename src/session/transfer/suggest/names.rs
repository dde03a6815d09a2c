//! Names of tensors taken apart: words, numbers, and what different frameworks mean by the same.

use std::collections::{BTreeMap, BTreeSet};

/// A run of letters, or a run of digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Token {
    Number(u64),
    Word(String),
}

/// Words that mean the same in the names of layers.
const ALIKE: &[&str] = &[
    "conv convolution cnn conv2d conv1d convd",
    "norm bn batchnorm batch layernorm ln gn groupnorm normalization",
    "head fc linear dense classifier logits out output final top lin",
    "stage layer block blocks layers group stages body h",
    "stem first input",
    "proj down downsample shortcut projection skip",
    "emb embed embedding embeddings wte tok token word",
    "pos position wpe positions",
    "attn attention att self mha",
    "mlp ffn feed feedforward ff",
    "depthwise dw",
    "q query wq",
    "k key wk",
    "v value wv",
    "expand up",
];

/// What a name is made of, in order: words in lower case, and numbers.
pub fn tokens(name: &str) -> Vec<Token> {
    let (mut found, mut rest) = (vec![], name);
    while let Some(first) = rest.chars().next() {
        let run = |test: &dyn Fn(char) -> bool| rest.find(|it| !test(it)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let length = run(&|it| it.is_ascii_digit());
            found.push(Token::Number(rest[..length].parse().unwrap_or(u64::MAX)));
            length
        } else if first.is_alphabetic() {
            // `batchNorm` is two words; `BN` is one.
            let upper = run(&|it| it.is_uppercase());
            let word = rest[upper..].find(|it: char| !it.is_lowercase()).map_or(rest.len(), |at| upper + at);
            let length = if upper > 1 { upper } else { word.max(first.len_utf8()) };
            found.push(Token::Word(rest[..length].to_lowercase()));
            length
        } else {
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The words of a name, those that mean the same as one.
pub fn words(name: &str) -> Vec<String> {
    let words = tokens(name).into_iter().filter_map(|it| match it {
        Token::Word(word) => Some(meaning(&word).to_string()),
        Token::Number(_) => None,
    });
    words.collect()
}

fn meaning(word: &str) -> &str {
    let find = |is: &dyn Fn(&str) -> bool| ALIKE.iter().find(|row| row.split(' ').any(is));
    let row = find(&|it| it == word).or_else(|| find(&|it| it.len() > 2 && word.len() > 1 && bones(it) == bones(word)));
    row.map_or(word, |row| row.split(' ').next().expect("a word"))
}

/// A word without its vowels, but for one that it begins with.
fn bones(word: &str) -> String {
    word.chars().enumerate().filter(|(at, it)| *at == 0 || !"aeiou".contains(*it)).map(|it| it.1).collect()
}

/// The numbers of each name, counted from 0 among those that stand at the same place of names with the same words, since some
/// count from 1, and how many there are of them: three blocks are no twelve layers in a row.
pub fn numbers(names: &[&str]) -> Vec<Vec<(usize, usize)>> {
    let split = |name: &str| {
        let (mut words, mut numbers) = (String::new(), vec![]);
        for token in tokens(name) {
            match token {
                Token::Word(word) => words += &format!("{word} "),
                Token::Number(number) => {
                    words += "# ";
                    numbers.push(number);
                }
            }
        }
        (words, numbers)
    };
    let all: Vec<(String, Vec<u64>)> = names.iter().map(|it| split(it)).collect();
    let mut values: BTreeMap<(&str, usize), BTreeSet<u64>> = BTreeMap::new();
    for (words, numbers) in &all {
        numbers.iter().enumerate().for_each(|(at, it)| _ = values.entry((words, at)).or_default().insert(*it));
    }
    let place = |words: &str, at: usize, number: u64| {
        let all = &values[&(words, at)];
        (all.range(..number).count(), all.len())
    };
    all.iter()
        .map(|(words, numbers)| numbers.iter().enumerate().map(|(at, it)| place(words, at, *it)).collect())
        .collect()
}

/// The parts that a name lies in, from the outside in: where something follows, and where a number ends a name, since
/// `conv1` and `bn1` belong together.
pub fn parts(name: &str) -> Vec<String> {
    let name = name.trim_end_matches(['.', '/', '_']);
    let mut found: Vec<String> =
        name.match_indices(['.', '/', '[', '_']).map(|(at, _)| name[..at].to_string()).collect();
    let digits = name.len() - name.trim_end_matches(|it: char| it.is_ascii_digit()).len();
    if digits > 0 {
        let owner = name.rfind(['.', '/', '_']).map_or("", |at| &name[..at]);
        found.push(format!("{owner}#{}", &name[name.len() - digits..]));
    }
    found
}

/// How alike two lists of words are: twice what they share over what they have.
pub fn alike(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let mut rest: Vec<&String> = b.iter().collect();
    let mut shared = 0.0;
    for word in a {
        let worth = |other: &&String| if word == *other { 1.0 } else { 0.9 * f64::from(is_short_for(word, other)) };
        let best = (0..rest.len()).max_by(|i, j| worth(&rest[*i]).total_cmp(&worth(&rest[*j])).then(j.cmp(i)));
        if let Some(at) = best.filter(|&at| worth(&rest[at]) > 0.0) {
            shared += worth(&rest.remove(at));
        }
    }
    2.0 * shared / (a.len() + b.len()) as f64
}

/// Whether one word is the other cut short, or without its vowels.
fn is_short_for(a: &str, b: &str) -> u8 {
    let cut = |a: &str, b: &str| a.len() > 2 && b.starts_with(a);
    u8::from(cut(a, b) || cut(b, a) || bones(a) == bones(b))
}

/// The same where the order counts, too.
pub fn alike_in_order<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            rows[i + 1][j + 1] = if x == y { rows[i][j] + 1 } else { rows[i][j + 1].max(rows[i + 1][j]) };
        }
    }
    2.0 * rows[a.len()][b.len()] as f64 / (a.len() + b.len()) as f64
}
