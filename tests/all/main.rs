mod syntax;
mod syntax_recovery;
