//! `X-Hub-Signature`: whether a document comes from the hub that knows our secret (W3C WebSub §7.1).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use crate::model::Secret;

/// Why a document is not taken for the hub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// No header field, or nothing of the form `method=hex`.
    #[error("it bears no signature")]
    Missing,
    /// A method that WebSub does not know.
    #[error("it is signed by an unknown method")]
    Method,
    /// Made with another secret or for other bytes.
    #[error("its signature is wrong")]
    Wrong,
}

/// Checks the field over the raw body, in constant time.
///
/// # Errors
/// See [`Unsigned`]; such a document is to be ignored, and its request answered as if it were not (§7.1).
pub fn check(field: Option<&[u8]>, secret: &Secret, body: &[u8]) -> Result<(), Unsigned> {
    let field = field.and_then(|field| std::str::from_utf8(field).ok());
    let (method, digest) = field
        .and_then(|field| field.trim().split_once('='))
        .ok_or(Unsigned::Missing)?;
    let digest = bytes(digest.trim()).ok_or(Unsigned::Missing)?;
    let key = secret.expose().as_bytes();
    let fits = match method.trim().to_ascii_lowercase().as_str() {
        "sha1" => is_made_with::<Hmac<Sha1>>(key, body, &digest),
        "sha256" => is_made_with::<Hmac<Sha256>>(key, body, &digest),
        "sha384" => is_made_with::<Hmac<Sha384>>(key, body, &digest),
        "sha512" => is_made_with::<Hmac<Sha512>>(key, body, &digest),
        _ => return Err(Unsigned::Method),
    };
    if fits { Ok(()) } else { Err(Unsigned::Wrong) }
}

/// Any length of key is good for HMAC (RFC 2104 §2); the comparison takes the same time wherever they differ.
fn is_made_with<M: Mac + KeyInit>(key: &[u8], body: &[u8], digest: &[u8]) -> bool {
    M::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(digest).is_ok())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 §3 and RFC 4231 §4.3: key "Jefe", data "what do ya want for nothing?".
    const SIGNED: [&str; 4] = [
        "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ];
    const BODY: &[u8] = b"what do ya want for nothing?";

    #[test]
    fn every_method_of_the_recommendation_is_checked() {
        let secret = Secret::new("Jefe");
        for field in SIGNED {
            let ours = |field: &str, body| check(Some(field.as_bytes()), &secret, body);
            assert_eq!(ours(field, BODY), Ok(()));
            assert_eq!(ours(&field.to_uppercase(), BODY), Ok(()), "hex has no case");
            assert_eq!(ours(field, b"what do you want?"), Err(Unsigned::Wrong));
            let other = Secret::new("Jeff");
            assert_eq!(
                check(Some(field.as_bytes()), &other, BODY),
                Err(Unsigned::Wrong)
            );
            let cut = &field[..field.len() - 2];
            assert_eq!(ours(cut, BODY), Err(Unsigned::Wrong), "no prefix is enough");
        }
    }

    #[test]
    fn what_is_no_signature_is_none() {
        let secret = Secret::new("Jefe");
        let check = |field: Option<&str>| check(field.map(str::as_bytes), &secret, BODY);
        for field in [
            None,
            Some(""),
            Some("sha1"),
            Some("sha1="),
            Some("sha1=xyz"),
            Some("sha1=é"),
        ] {
            assert_eq!(check(field), Err(Unsigned::Missing), "{field:?}");
        }
        assert_eq!(check(Some("md5=00")), Err(Unsigned::Method));
        assert_eq!(check(Some("sha256=00")), Err(Unsigned::Wrong));
    }
}
