//! Commands to be typed next: the one that goes on with what was interrupted, and words as a shell takes them.

use std::path::Path;

use crate::compile::{Backend, Override};

/// A command that ran a program.
pub struct Again<'a> {
    /// `run`
    pub verb: &'a str,
    pub file: &'a Path,
    /// Which block of the file, where that was said.
    pub name: Option<&'a str>,
    pub overrides: &'a [Override],
    pub stdin_filename: Option<&'a Path>,
    pub no_cache: bool,
    /// Whether programs that write rows may be started.
    pub commands: bool,
    pub backend: Backend,
}

impl Again<'_> {
    /// The command that goes on in a folder.
    pub fn resuming(&self, folder: &Path) -> String {
        format!("{} --resume --out {}", self.command(), quoted(&folder.display().to_string()))
    }

    /// The same command.
    pub fn command(&self) -> String {
        let mut command = vec![format!("dlmc {}", self.verb), quoted(&self.file.display().to_string())];
        command.extend(self.name.map(String::from));
        command.extend(self.overrides.iter().map(set));
        if let Some(name) = self.stdin_filename {
            command.push(format!("--stdin-filename {}", quoted(&name.display().to_string())));
        }
        if self.no_cache {
            command.push("--no-cache".into());
        }
        if self.commands {
            command.push("--allow-commands".into());
        }
        if self.backend != Backend::Native {
            command.push(format!("--backend {}", self.backend.word()));
        }
        command.join(" ")
    }
}

/// `--set path=value`
pub fn set(Override { path, value }: &Override) -> String {
    format!("--set {}", quoted(&format!("{path}={value}")))
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "-_./=:,+@%".contains(it);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
