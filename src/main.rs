//! The program: hands the arguments to `cli` and turns its answer into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    reconciler::cli::main()
}
