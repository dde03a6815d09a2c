//! `dlmc completions`: what a shell needs to finish our words.

use super::{Exit, Stop, Terminal, grammar};

/// Print a completion script for a shell
///
/// For bash: dlmc completions bash > ~/.local/share/bash-completion/completions/dlmc
#[derive(clap::Args)]
pub struct Args {
    shell: clap_complete::Shell,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut grammar(), "dlmc", &mut script);
        terminal.data(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Fine)
    }
}
