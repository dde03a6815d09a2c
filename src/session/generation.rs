//! Texts that a model writes: token after token, each drawn from what the model gives for the next.

use std::sync::Arc;

use super::measure::Model;
use crate::data::shuffle::{Purpose, share};
use crate::data::{Fitted, Part, tokens};
use crate::model::Program;
use crate::model::program::{Preview, Writing};
use crate::problem::Problem;
use crate::problem::sequences::{LooksAhead, OtherTokens, UnknownPrompt};
use crate::source::Span;
use crate::tensor::Array;

/// How a text is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it begins with.
    pub prompt: String,
    /// So many tokens follow.
    pub tokens: usize,
    /// By which scores are divided before one is drawn: below 1 the probable becomes more probable; 0 takes the most probable.
    pub temperature: f64,
    /// Of how many of the most probable tokens one is drawn; all, if nothing is said.
    pub top: Option<usize>,
    pub seed: u64,
}

/// Why nothing is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The prompt holds what the model has never seen.
    Unknown(String),
    /// What the model says of a token depends on tokens behind it, which are to be written.
    LooksAhead,
    /// What was read and what is told are not the same tokens.
    OtherTokens,
}

impl Refusal {
    /// In words; `at` is where the program asks for a text.
    pub fn told(self, program: &Program, at: Option<Span>) -> Problem {
        let model = program.model.clone();
        match self {
            Refusal::Unknown(token) => UnknownPrompt { token, model, at }.into(),
            Refusal::LooksAhead => LooksAhead { model, at }.into(),
            Refusal::OtherTokens => OtherTokens { model, at }.into(),
        }
    }
}

/// A model that writes.
pub struct Writer<'m, 'p> {
    model: &'m mut Model<'p>,
    program: &'p Program,
    weights: &'m mut [Array],
    writing: Writing,
    names: Vec<String>,
    /// How many of them are tokens that the training rows have.
    known: usize,
}

impl<'m, 'p> Writer<'m, 'p> {
    /// `writing` is what the program says of itself.
    pub fn new(
        program: &'p Program,
        fitted: &Fitted,
        model: &'m mut Model<'p>,
        weights: &'m mut [Array],
        writing: Writing,
    ) -> Result<Writer<'m, 'p>, Refusal> {
        let vocabulary = |field: usize| fitted.fields[field].vocabulary(0).unwrap_or_default();
        if vocabulary(writing.input) != vocabulary(writing.target) {
            return Err(Refusal::OtherTokens);
        }
        let names = fitted.class_names(&program.data, writing.input).unwrap_or_default();
        let known = vocabulary(writing.input).len();
        let mut writer = Writer { model, program, weights, writing, names, known };
        // Whatever stands behind a token, what is said of it must stay the same, to the bit.
        let mut seen = vec![0; writer.writing.length];
        let before = writer.scores(&seen, 0);
        seen[1..].fill(known as i32 - 1);
        if writer.writing.length > 1 && writer.scores(&seen, 0) != before {
            return Err(Refusal::LooksAhead);
        }
        Ok(writer)
    }

    /// Writes a text, and calls `each` with each piece of it: the prompt first. Ends before its time where `each` says no.
    pub fn write(&mut self, draft: &Draft, mut each: impl FnMut(&str) -> bool) -> Result<(), Refusal> {
        let mut written = self.read(&draft.prompt)?;
        let between = tokens::between(&self.names[..self.known]);
        let begun = !written.is_empty();
        if begun && !each(&draft.prompt) {
            return Ok(());
        }
        if !begun {
            // Something has to be there: the end of a line, where there are lines.
            let start = self.names[..self.known].iter().position(|name| name == "\n").unwrap_or(0);
            written.push(start as i32);
        }
        for number in 0..draft.tokens {
            let seen = &written[written.len().saturating_sub(self.writing.length)..];
            let scores = self.scores(seen, seen.len() - 1);
            let next = self.draw(scores, draft, number as u64);
            let gap = if begun || number > 0 { between } else { "" };
            if !each(&format!("{gap}{}", self.names[next])) {
                break;
            }
            written.push(next as i32);
        }
        Ok(())
    }

    /// The tokens of a text.
    pub fn read(&self, text: &str) -> Result<Vec<i32>, Refusal> {
        let place = |token: &str| {
            let place = self.names[..self.known].iter().position(|name| name == token);
            place.map(|it| it as i32).ok_or_else(|| Refusal::Unknown(token.to_string()))
        };
        match tokens::between(&self.names[..self.known]) {
            "" => text.chars().map(|letter| place(letter.encode_utf8(&mut [0; 4]))).collect(),
            _ => text.split_whitespace().map(place).collect(),
        }
    }

    /// What the model gives for the token behind that at `place`, where `seen` are the first tokens of a window.
    fn scores(&mut self, seen: &[i32], place: usize) -> Vec<f32> {
        let length = self.writing.length;
        let mut window = seen.to_vec();
        window.resize(length, 0);
        let mut part = Part::empty(false);
        (part.rows, part.numbers) = (1, vec![1]);
        part.fields = vec![None; self.program.data.fields.len()];
        part.pixels = vec![None; self.program.data.fields.len()];
        part.texts = vec![None; self.program.data.fields.len()];
        part.fields[self.writing.input] = Some(Arc::new(Array::i32(&[1, length], window)));
        let outputs = self.model.outputs(self.weights, &part);
        let width = self.names.len();
        outputs[self.writing.output].floats()[place * width..(place + 1) * width].to_vec()
    }

    /// One of the tokens that can be written, with the probability that its score gives it.
    fn draw(&self, scores: Vec<f32>, draft: &Draft, number: u64) -> usize {
        let mut order: Vec<usize> = (0..self.known).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.truncate(draft.top.unwrap_or(usize::MAX).max(1));
        if draft.temperature == 0.0 {
            return order[0];
        }
        let best = f64::from(scores[order[0]]);
        let weight = |it: &usize| ((f64::from(scores[*it]) - best) / draft.temperature).exp();
        let whole: f64 = order.iter().map(weight).sum();
        let mut left = share(draft.seed, Purpose::Text, number) * whole;
        for it in &order {
            left -= weight(it);
            if left < 0.0 {
                return *it;
            }
        }
        order[0]
    }
}

/// What a model writes, where its program asks for it.
pub fn preview_of<'p>(
    program: &'p Program,
    fitted: &Fitted,
    model: &mut Model<'p>,
    weights: &mut [Array],
    preview: &Preview,
) -> Result<String, Problem> {
    let told = |refusal: Refusal| refusal.told(program, Some(preview.span));
    let writing = program.writing().expect("checked with the program");
    let mut writer = Writer::new(program, fitted, model, weights, writing).map_err(told)?;
    let Preview { prompt, tokens, temperature, .. } = preview.clone();
    let draft = Draft { prompt, tokens, temperature, top: None, seed: program.train.seed };
    let mut text = String::new();
    let keep = |piece: &str| {
        text += piece;
        true
    };
    writer.write(&draft, keep).map_err(told)?;
    Ok(text)
}
