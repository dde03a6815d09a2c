mod data;
mod syntax;
