mod data;
mod session_cadence;
mod session_files;
mod syntax;
