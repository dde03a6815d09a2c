//! The graph of tensors.
