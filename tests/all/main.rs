mod session_cadence;
mod session_files;
