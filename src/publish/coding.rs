//! Content codings (RFC 9110 §8.4.1): a body in every form it is served in. Deterministic: no time is written.

use std::io::Write;

use ::http::HeaderValue;
use bytes::Bytes;
use flate2::{Compression, GzBuilder};

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878, with a window that every browser takes (RFC 9659).
    Zstd,
}

impl Coding {
    /// All of them; of those a client likes alike the last is sent, the shortest.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Gzip, Self::Zstd, Self::Brotli];

    /// As in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn encode(self, body: &Bytes) -> Bytes {
        match self {
            Self::Identity => body.clone(),
            Self::Gzip => gzip(body),
            Self::Brotli => brotli(body),
            Self::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL)
                .expect("memory for a compressed body")
                .into(),
        }
    }
}

const GZIP_LEVEL: u32 = 6;
const BROTLI_LEVEL: i32 = 5;
const ZSTD_LEVEL: i32 = 9;

/// A body in one coding.
#[derive(Clone, Debug)]
pub struct Form {
    /// Which.
    pub coding: Coding,
    /// The bytes.
    pub body: Bytes,
    /// Strong validator, quotes included: each form is another representation (RFC 9110 §8.8.3.3).
    pub etag: HeaderValue,
}

/// All forms of a body, in the order of [`Coding::ALL`]. `hash` names the body.
pub(super) fn forms(body: &Bytes, hash: u128) -> [Form; 4] {
    Coding::ALL.map(|coding| Form {
        coding,
        body: coding.encode(body),
        etag: super::header_value(&etag(hash, coding)),
    })
}

/// The validator of a form.
pub(super) fn etag(hash: u128, coding: Coding) -> String {
    match coding {
        Coding::Identity => format!("\"{hash:032x}\""),
        coding => format!("\"{hash:032x}-{}\"", coding.name()),
    }
}

fn gzip(body: &[u8]) -> Bytes {
    let room = Vec::with_capacity(body.len() / 2 + 64);
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(room, Compression::new(GZIP_LEVEL));
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    Bytes::from(written.expect("a Vec takes every write"))
}

fn brotli(body: &[u8]) -> Bytes {
    let mut coded = Vec::with_capacity(body.len() / 2 + 64);
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_LEVEL,
        size_hint: body.len(),
        ..Default::default()
    };
    let mut rest = body;
    brotli::BrotliCompress(&mut rest, &mut coded, &parameters).expect("a Vec takes every write");
    Bytes::from(coded)
}
