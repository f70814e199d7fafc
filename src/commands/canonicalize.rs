//! `canonicalize`: the canonical key of each URL on standard input.

use std::io::{BufRead, Write};

use super::Failure;
use crate::normalize::canonical_key;

/// Reads URLs, one a line, and writes the key of each in the same order; an empty line for what is no http(s) URL.
///
/// # Errors
/// [`Failure::Running`] when the input or the output breaks off.
pub fn canonicalize(input: impl BufRead, output: impl Write) -> Result<(), Failure> {
    let mut output = std::io::BufWriter::new(output);
    for line in input.split(b'\n') {
        let line = line.map_err(Failure::running)?;
        let key = canonical_key(&String::from_utf8_lossy(&line));
        writeln!(output, "{}", key.unwrap_or_default()).map_err(Failure::running)?;
    }
    output.flush().map_err(Failure::running)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_key() {
        let mut keys = Vec::new();
        let input = &b"https://www.a.example/x/?utm_id=1\r\nno url\n\n//b.example"[..];
        canonicalize(input, &mut keys).expect("read");
        assert_eq!(keys, b"a.example/x\n\n\nb.example\n");
    }
}
