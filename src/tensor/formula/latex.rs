//! Expressions as LaTeX.
