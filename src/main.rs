//! The program: nothing but the command line's exit code.

fn main() -> std::process::ExitCode {
    dlmc::cli::main()
}
