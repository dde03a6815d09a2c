mod data;
mod scalars;
mod syntax;
