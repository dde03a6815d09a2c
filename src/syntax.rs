//! Text to tree, tree to text.

pub mod tree;
