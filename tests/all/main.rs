mod data;
mod scalars;
mod syntax;
mod tensors;
mod tensors_grad;
