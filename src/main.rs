//! Arguments, tracing, exit codes.
fn main() {}
