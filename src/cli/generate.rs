//! `dlmc generate`: what a model of tokens writes.

use std::path::PathBuf;

use serde_json::json;

use super::terminal::Format;
use super::{Exit, Stop, Terminal, crash, program};
use crate::session::generation::Draft;

/// Write a text with an artifact that tells of each token which one follows
#[derive(clap::Args)]
pub struct Args {
    /// What `dlmc run` wrote
    artifact: PathBuf,
    /// What the text begins with
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prompt: String,
    /// How many tokens follow
    #[arg(long, value_name = "N", default_value_t = 200)]
    tokens: usize,
    /// Below 1 probable tokens become more probable, above 1 less; 0 always takes the most probable
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = temperature)]
    temperature: f64,
    /// Draw from so many of the most probable tokens only
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// Of the draws: the same seed writes the same text
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn temperature(text: &str) -> Result<f64, String> {
    let fits = |it: &f64| (0.0..=100.0).contains(it);
    text.parse().ok().filter(fits).ok_or_else(|| "a number from 0 to 100".to_string())
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        crash::during("writing", None);
        let trained = program::trained(&self.artifact, terminal)?;
        let Args { prompt, tokens, temperature, top, seed, .. } = self;
        let draft = Draft { prompt, tokens, temperature, top: top.map(|it| it as usize), seed };
        let json = terminal.format == Format::Json;
        let (mut text, mut failed) = (String::new(), None);
        let done = trained.write(&draft, terminal.backend, |piece| {
            text += piece;
            // What is written is shown as it comes.
            failed = if json { None } else { terminal.data(piece).err() };
            failed.is_none()
        });
        done.map_err(Stop::Failure)?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        let last = match json {
            true => format!("{}\n", json!({ "prompt": draft.prompt, "text": text, "tokens": tokens, "seed": seed })),
            false => "\n".to_string(),
        };
        terminal.data(&last)?;
        Ok(Exit::Fine)
    }
}
