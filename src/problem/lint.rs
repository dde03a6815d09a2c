//! Warnings: programs that run, and that somebody will regret.

use super::problems;

problems! {}
