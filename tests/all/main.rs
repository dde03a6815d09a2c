mod data;
mod session_cadence;
mod session_files;
mod scalars;
mod syntax;
