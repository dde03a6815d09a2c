mod check;
mod data;
mod scalars;
mod syntax;
