mod data;
mod functions;
mod kernels;
mod native;
mod scalars;
mod syntax;
