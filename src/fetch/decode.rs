//! Undoing a content coding with a cap on what comes out, so that a small body cannot become a huge one.

use std::io::{self, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use super::{Coding, Error};

/// Largest zstd window that is accepted, as a power of two: 8 MiB (RFC 8878 §3.1.1.1.2, RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Feeds shrink to about a quarter in gzip.
const USUAL_RATIO: usize = 4;

/// Least room to decode into.
const LEAST_ROOM: usize = 4 * 1024;

/// A body without content coding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The document.
    pub body: Bytes,
    /// It ends early: parse what is whole and keep no validators.
    pub cut: bool,
}

/// How a coded stream ended.
enum End {
    Whole,
    /// The input ended first.
    Cut,
    /// There is more output than is wanted.
    Full,
    /// It is not of this coding.
    Bad(String),
}

/// What came out, and a buffer's worth of manners about it.
struct Output {
    bytes: Vec<u8>,
    limit: usize,
}

/// Decodes `encoded` to at most `limit_bytes`.
///
/// # Errors
/// [`Error::TooLarge`], and [`Error::BadCoding`] when the stream is damaged; one that merely ends early is not.
pub(super) fn decode(coding: Coding, encoded: &[u8], limit_bytes: u64) -> Result<Decoded, Error> {
    let (decoded, is_beginning) = beginning(coding, encoded, limit_bytes)?;
    if is_beginning {
        return Err(Error::TooLarge {
            part: "decoded body",
            limit_bytes,
        });
    }
    Ok(decoded)
}

/// The first `limit_bytes` of what `encoded` holds, and whether there is more.
///
/// # Errors
/// [`Error::BadCoding`] when the stream is damaged.
pub(super) fn beginning(
    coding: Coding,
    encoded: &[u8],
    limit_bytes: u64,
) -> Result<(Decoded, bool), Error> {
    let whole = |body: Bytes, cut| (Decoded { body, cut }, false);
    if encoded.is_empty() {
        return Ok(whole(Bytes::new(), false));
    }
    let mut output = Output::new(encoded.len(), limit_bytes);
    let end = match coding {
        Coding::Gzip => gzip(encoded, &mut output),
        Coding::Deflate => deflate(encoded, &mut output),
        Coding::Brotli => brotli(encoded, &mut output),
        Coding::Zstd => zstd(encoded, &mut output),
    };
    match end {
        End::Whole => Ok(whole(output.bytes.into(), false)),
        End::Cut => Ok(whole(output.bytes.into(), true)),
        End::Full => {
            output.bytes.truncate(output.limit);
            let body = output.bytes.into();
            Ok((Decoded { body, cut: false }, true))
        }
        End::Bad(cause) => Err(Error::BadCoding { cause }),
    }
}

impl Output {
    fn new(encoded: usize, limit_bytes: u64) -> Self {
        let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
        let guess = encoded.saturating_mul(USUAL_RATIO).max(LEAST_ROOM);
        Self {
            bytes: Vec::with_capacity(guess.min(limit.saturating_add(1))),
            limit,
        }
    }

    /// Makes room for more; false when the limit is passed. One byte beyond it has room, to notice that.
    fn grow(&mut self) -> bool {
        if self.bytes.len() > self.limit {
            return false;
        }
        if self.bytes.len() == self.bytes.capacity() {
            let wanted = self
                .bytes
                .len()
                .saturating_mul(2)
                .max(LEAST_ROOM)
                .min(self.limit.saturating_add(1));
            self.bytes
                .reserve_exact(wanted.saturating_sub(self.bytes.len()).max(1));
        }
        true
    }
}

/// How a gzip member begins (RFC 1952 §2.3.1).
const MEMBER: &[u8] = &[0x1f, 0x8b, 8];
/// Deflate makes nothing smaller than to one part in so many (zlib's technical notes).
const LARGEST_RATIO: usize = 1032;

/// Every gzip member (RFC 1952 §2.2); what follows the last one and is none itself is ignored.
fn gzip(encoded: &[u8], output: &mut Output) -> End {
    if let Some(body) = at_once(encoded, output.limit) {
        output.bytes = body;
        return End::Whole;
    }
    let mut rest = encoded;
    loop {
        let (end, used) = inflate(Decompress::new_gzip(15), rest, output);
        rest = rest.get(used..).unwrap_or_default();
        if !matches!(end, End::Whole) || !rest.starts_with(MEMBER) {
            return end;
        }
    }
}

/// A whole body of one member of the size that it says, which takes half the time. `None`: not of this kind, or not so
/// simple.
fn at_once(encoded: &[u8], limit: usize) -> Option<Vec<u8>> {
    let size = u32::from_le_bytes(*encoded.last_chunk()?) as usize;
    let believable = size <= limit && size <= encoded.len().saturating_mul(LARGEST_RATIO);
    if !believable || memmem::find(encoded.get(1..)?, MEMBER).is_some() {
        return None;
    }
    let mut body = vec![0; size];
    let decoded = libdeflater::Decompressor::new().gzip_decompress(encoded, &mut body);
    (decoded == Ok(size)).then_some(body)
}

/// `deflate` means zlib (RFC 9110 §8.4.1.2), but some servers send the bare stream.
fn deflate(encoded: &[u8], output: &mut Output) -> End {
    let wrapped = encoded.len() >= 2
        && encoded[0] & 0x0f == 8
        && u16::from_be_bytes([encoded[0], encoded[1]]).is_multiple_of(31);
    if wrapped {
        let (end, _) = inflate(Decompress::new(true), encoded, output);
        if !matches!(end, End::Bad(_)) || !output.bytes.is_empty() {
            return end;
        }
    }
    inflate(Decompress::new(false), encoded, output).0
}

/// One deflate stream in the wrapper the decompressor expects, and how many bytes of the input it took.
fn inflate(mut stream: Decompress, encoded: &[u8], output: &mut Output) -> (End, usize) {
    loop {
        let (read, written) = (stream.total_in(), output.bytes.len());
        // `total_in` never passes the input's length, so it fits.
        let rest = &encoded[read as usize..];
        let status = stream.decompress_vec(rest, &mut output.bytes, FlushDecompress::None);
        let used = stream.total_in() as usize;
        let stuck = stream.total_in() == read && output.bytes.len() == written;
        let full = output.bytes.len() == output.bytes.capacity();
        match status {
            Err(error) => return (End::Bad(error.to_string()), used),
            Ok(Status::StreamEnd) if output.bytes.len() <= output.limit => {
                return (End::Whole, used);
            }
            Ok(_) if !output.grow() => return (End::Full, used),
            Ok(_) if stuck && !full => return (End::Cut, used),
            Ok(_) => {}
        }
    }
}

/// Brotli by hand, because the crate's reader calls a cut stream and a damaged one by the same name. The strict state
/// refuses "large window" streams, which may ask for a buffer of a gigabyte.
fn brotli(encoded: &[u8], output: &mut Output) -> End {
    let mut state = BrotliState::new_strict(
        StandardAlloc::default(),
        StandardAlloc::default(),
        StandardAlloc::default(),
    );
    let (mut left, mut read, mut total) = (encoded.len(), 0, 0);
    loop {
        if !output.grow() {
            return End::Full;
        }
        let mut written = output.bytes.len();
        output.bytes.resize(output.bytes.capacity(), 0);
        let mut room = output.bytes.len() - written;
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            encoded,
            &mut room,
            &mut written,
            &mut output.bytes,
            &mut total,
            &mut state,
        );
        output.bytes.truncate(written);
        match result {
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultSuccess if output.bytes.len() > output.limit => return End::Full,
            BrotliResult::ResultSuccess => return End::Whole,
            BrotliResult::NeedsMoreInput => return End::Cut,
            BrotliResult::ResultFailure => return End::Bad("damaged brotli stream".to_owned()),
        }
    }
}

/// Every zstd frame.
fn zstd(encoded: &[u8], output: &mut Output) -> End {
    let decoder = zstd::stream::read::Decoder::with_buffer(encoded).and_then(|mut decoder| {
        decoder.window_log_max(ZSTD_WINDOW_LOG)?;
        Ok(decoder)
    });
    let result = decoder.and_then(|decoder| {
        decoder
            .take((output.limit as u64).saturating_add(1))
            .read_to_end(&mut output.bytes)
    });
    match result {
        Ok(_) if output.bytes.len() > output.limit => End::Full,
        Ok(_) => End::Whole,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => End::Cut,
        Err(error) => End::Bad(super::error::words(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn document() -> Vec<u8> {
        (0..2000)
            .flat_map(|number| {
                format!("<item>{number} {}</item>", number * 7919 % 1013).into_bytes()
            })
            .collect()
    }

    fn gzipped(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder
            .write_all(body)
            .and_then(|()| encoder.finish())
            .expect("in memory")
    }

    fn zlibbed(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder
            .write_all(body)
            .and_then(|()| encoder.finish())
            .expect("in memory")
    }

    fn deflated(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder
            .write_all(body)
            .and_then(|()| encoder.finish())
            .expect("in memory")
    }

    fn zstded(body: &[u8], window_log: u32) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
        encoder.window_log(window_log).expect("a legal window");
        encoder
            .write_all(body)
            .and_then(|()| encoder.finish())
            .expect("in memory")
    }

    /// `hello\n` in brotli: no encoder is among the dependencies.
    const BROTLI_HELLO: &[u8] = b"\x8f\x02\x80\x68\x65\x6c\x6c\x6f\x0a\x03";

    fn check(coding: Coding, encoded: &[u8], body: &[u8]) {
        let decoded = decode(coding, encoded, LIMIT).expect("decodes");
        assert!(
            decoded.body == body,
            "{coding:?} gave {} bytes",
            decoded.body.len()
        );
        assert!(!decoded.cut, "{coding:?}");
    }

    #[test]
    fn every_coding_gives_the_document_back() {
        let body = document();
        check(Coding::Gzip, &gzipped(&body), &body);
        check(Coding::Deflate, &zlibbed(&body), &body);
        check(Coding::Deflate, &deflated(&body), &body);
        check(Coding::Zstd, &zstded(&body, 20), &body);
        check(Coding::Brotli, BROTLI_HELLO, b"hello\n");
    }

    #[test]
    fn gzip_may_have_members_and_rubbish_behind_them() {
        let body = document();
        let two = [gzipped(&body), gzipped(b"<end/>")].concat();
        check(Coding::Gzip, &two, &[&body[..], b"<end/>"].concat());
        check(
            Coding::Gzip,
            &[gzipped(&body), b"\0\0\0rubbish".to_vec()].concat(),
            &body,
        );
    }

    #[test]
    fn an_empty_body_is_empty_in_every_coding() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            check(coding, b"", b"");
        }
        check(Coding::Gzip, &gzipped(b""), b"");
    }

    #[test]
    fn a_stream_that_ends_early_gives_what_was_whole() {
        let body = document();
        for (coding, encoded) in [
            (Coding::Gzip, gzipped(&body)),
            (Coding::Deflate, zlibbed(&body)),
            (Coding::Deflate, deflated(&body)),
            (Coding::Zstd, zstded(&[&body[..]; 40].concat(), 20)),
        ] {
            let decoded =
                decode(coding, &encoded[..encoded.len() - 5], LIMIT * 4).expect("what was whole");
            assert!(decoded.cut, "{coding:?}");
            assert!(
                !decoded.body.is_empty() && decoded.body.starts_with(&body[..1000]),
                "{coding:?}"
            );
        }
        let decoded = decode(Coding::Brotli, &BROTLI_HELLO[..8], LIMIT).expect("what was whole");
        assert!(decoded.cut);
    }

    #[test]
    fn the_cap_holds_while_decoding() {
        let zeros = vec![0u8; 50 << 20];
        for (coding, encoded) in [
            (Coding::Gzip, gzipped(&zeros)),
            (Coding::Deflate, zlibbed(&zeros)),
            (Coding::Zstd, zstded(&zeros, 20)),
        ] {
            let error = decode(coding, &encoded, LIMIT).expect_err("a bomb");
            assert_eq!(
                error,
                Error::TooLarge {
                    part: "decoded body",
                    limit_bytes: LIMIT
                },
                "{coding:?}"
            );
        }
        let bomb = decode(Coding::Brotli, BROTLI_HELLO, 3).expect_err("longer than three bytes");
        assert_eq!(bomb.class(), "too_large");
    }

    #[test]
    fn a_document_of_exactly_the_cap_passes() {
        let body = document();
        let exact = body.len() as u64;
        for (coding, encoded) in [
            (Coding::Gzip, gzipped(&body)),
            (Coding::Deflate, deflated(&body)),
            (Coding::Zstd, zstded(&body, 20)),
        ] {
            assert!(
                decode(coding, &encoded, exact).is_ok_and(|decoded| decoded.body == body),
                "{coding:?}"
            );
            assert!(decode(coding, &encoded, exact - 1).is_err(), "{coding:?}");
        }
        assert!(decode(Coding::Brotli, BROTLI_HELLO, 6).is_ok());
        assert!(decode(Coding::Brotli, BROTLI_HELLO, 5).is_err());
    }

    #[test]
    fn what_is_not_of_the_coding_is_an_error() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd, Coding::Brotli] {
            let error = decode(coding, b"<rss version='2.0'><channel/></rss>", LIMIT)
                .expect_err("plain text");
            assert_eq!(error.class(), "bad_coding", "{coding:?}");
        }
        let mut damaged = gzipped(&document());
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8].fill(0xff);
        assert_eq!(
            decode(Coding::Gzip, &damaged, LIMIT)
                .expect_err("damaged")
                .class(),
            "bad_coding"
        );
    }

    #[test]
    fn zstd_windows_beyond_8_mebibytes_are_refused() {
        let body = vec![b'x'; 20 << 20];
        assert_eq!(
            decode(Coding::Zstd, &zstded(&body, 25), 64 << 20)
                .expect_err("window")
                .class(),
            "bad_coding"
        );
        assert!(decode(Coding::Zstd, &zstded(&body, 23), 64 << 20).is_ok());
    }
}
