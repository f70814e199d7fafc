//! Where pages load pictures from: their origin, or our own proxy under signed addresses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Links;

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Images {
    /// Their origin.
    Origin,
    /// Our own proxy; the key signs what it may be asked for, so that it fetches nothing else.
    Proxied(uuid::Uuid),
}

/// Bytes of a signature: 128 bits.
const SIGNATURE: usize = 16;

impl Images {
    /// The address that a page gives for a picture; `None` when it is not http(s).
    pub(super) fn address(&self, links: &Links, url: &str) -> Option<String> {
        let url = super::Frame::outward(url)?;
        match self {
            Self::Proxied(_) if links.is_served() => {
                let name = URL_SAFE_NO_PAD.encode(url);
                Some(links.file(&format!("static/image/{}/{name}", self.signature(url)?)))
            }
            _ => Some(url.to_owned()),
        }
    }

    /// The picture that a path below `static/image/` names; `None` when we did not sign it.
    pub fn asked(&self, path: &str) -> Option<String> {
        let (signature, name) = path.split_once('/')?;
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
        let own = self.signature(&url)?;
        let is_ours = subtle::ConstantTimeEq::ct_eq(own.as_bytes(), signature.as_bytes());
        bool::from(is_ours).then_some(url)
    }

    fn signature(&self, url: &str) -> Option<String> {
        let Self::Proxied(key) = self else {
            return None;
        };
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(b"feedmill image ");
        mac.update(url.as_bytes());
        let signature = mac.finalize().into_bytes();
        Some(URL_SAFE_NO_PAD.encode(&signature[..SIGNATURE]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_with_the_same_key_is_fetched() {
        let links = Links::Served("/".to_owned());
        let images = Images::Proxied(uuid::Uuid::from_u128(7));
        let url = "https://img.example/a b?c=1&d";
        let address = images.address(&links, url).expect("http");
        let path = address
            .strip_prefix("/static/image/")
            .expect("below the base");
        assert_eq!(images.asked(path).as_deref(), Some(url));
        let other = Images::Proxied(uuid::Uuid::from_u128(8));
        assert_eq!(other.asked(path), None);
        let (signature, _) = path.split_once('/').expect("two parts");
        let forged = format!("{signature}/{}", URL_SAFE_NO_PAD.encode("http://10.0.0.1/"));
        assert_eq!(images.asked(&forged), None);
        assert_eq!(images.asked("x"), None);
        assert_eq!(images.address(&links, "javascript:alert(1)"), None);
        assert_eq!(Images::Origin.asked(path), None);
    }
}
