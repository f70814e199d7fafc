//! Who may read an output that has a token.

use ::http::Request;
use ::http::header::AUTHORIZATION;

use crate::model::Secret;

/// Whether a request may read what needs `token`: it is in `?token=` or in a bearer header (RFC 6750 §2).
/// `None` is open to everybody.
pub(super) fn allows<B>(token: Option<&Secret>, request: &Request<B>) -> bool {
    let Some(token) = token else { return true };
    let query = request.uri().query().unwrap_or_default();
    let asked = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "token");
    let by_query = asked.fold(false, |found, (_, value)| {
        found | same(value.as_bytes(), token)
    });
    let by_header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| bearer(value.as_bytes()));
    by_query | by_header.is_some_and(|value| same(value, token))
}

/// The credentials of the `Bearer` scheme, whose name is case-insensitive (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked("bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| rest.trim_ascii())
}

/// Compares without telling by its duration where the first difference is; only the length can be told. An empty
/// token opens nothing.
fn same(given: &[u8], token: &Secret) -> bool {
    let token = token.expose().as_bytes();
    let difference = given.iter().zip(token).fold(0, |difference, (a, b)| {
        std::hint::black_box(difference | (a ^ b))
    });
    given.len() == token.len() && !token.is_empty() && difference == 0
}
