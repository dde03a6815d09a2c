mod data;
mod scalars;
mod session;
mod session_cadence;
mod session_files;
mod syntax;
