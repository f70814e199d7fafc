//! Which addresses a feed may live at: the guard against requests into private networks (SSRF).
//!
//! Pure: names are looked up in `client`, which asks here about every address before it connects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

use super::Error;

/// IPv4 networks that are not the public Internet (IANA special-purpose address registry).
const DENIED_V4: [Ipv4Net; 14] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 3),
];

/// IPv6 networks that are not the public Internet, or that carry an IPv4 address which a gateway would unpack.
/// `::ffff:0:0/96` is not listed: such an address is judged as the IPv4 address it is.
const DENIED_V6: [Ipv6Net; 14] = [
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), // IPv4-translated (RFC 2765)
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 63), // discard (RFC 6666) and dummy (RFC 9780)
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), // segment identifiers (RFC 9602)
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), // site-local, of old (RFC 3879)
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// Whether a source with these exceptions may be fetched from this address.
pub(super) fn permitted(address: IpAddr, allow_private: &[IpNet]) -> bool {
    let judged = address.to_canonical();
    let denied = match judged {
        IpAddr::V4(v4) => DENIED_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => DENIED_V6.iter().any(|net| net.contains(&v6)),
    };
    !denied
        || allow_private
            .iter()
            .any(|net| net.contains(&judged) || net.contains(&address))
}

/// Checks a URL whose host is an IP literal; such a host never reaches the resolver. Numeric spellings such as
/// `2130706433` or `0x7f.1` are IP literals too, as URL parsing has normalised them.
///
/// # Errors
/// [`Error::RefusedAddress`].
pub(super) fn check_literal(url: &Url, allow_private: &[IpNet]) -> Result<(), Error> {
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    if permitted(address, allow_private) {
        Ok(())
    } else {
        Err(Error::RefusedAddress { address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(list: &[&str]) -> Vec<IpNet> {
        list.iter()
            .map(|net| net.parse().expect("a network"))
            .collect()
    }

    #[test]
    fn what_is_not_public_is_refused() {
        for address in "0.0.0.0 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 \
             127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 \
             192.0.2.7 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 \
             198.51.100.9 203.0.113.5 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: \
             ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.1.2.3 \
             ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 \
             64:ff9b:1:ffff::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 \
             2001:1ff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1 3fff:fff::1 \
             5f00::1 100:0:0:1::1 ::ffff:0:127.0.0.1 ::ffff:0:808:808 fec0::1 feff::1 fc00::1 fdff::1 fe80::1 febf::1 ff02::1 ffff::1"
            .split_whitespace()
        {
            assert!(
                !permitted(address.parse().expect(address), &[]),
                "{address} passed"
            );
        }
    }

    #[test]
    fn public_neighbours_of_refused_networks_pass() {
        for address in "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 \
             128.0.0.1 169.253.0.1 169.255.0.1 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1 \
             192.88.98.1 192.167.0.1 192.169.0.1 198.17.0.1 198.20.0.1 198.51.99.1 \
             203.0.112.1 223.255.255.255 ::ffff:8.8.8.8 64:ff9b:2::1 64:ff9c::1 2001:200::1 \
             2001:4860:4860::8888 100:0:0:2::1 5eff::1 5f01::1 2003::1 2606:4700::1111 3ffe::1 4000::1"
            .split_whitespace()
        {
            assert!(
                permitted(address.parse().expect(address), &[]),
                "{address} was refused"
            );
        }
    }

    #[test]
    fn allow_private_opens_only_what_it_names() {
        let allowed = nets(&["10.1.0.0/16", "fd00:aa::/32", "127.0.0.1/32"]);
        for (address, passes) in [
            ("10.1.2.3", true),
            ("10.2.0.1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::ffff:10.1.2.3", true),
            ("::ffff:10.2.0.1", false),
            ("fd00:aa::1", true),
            ("fd00:ab::1", false),
            ("::1", false),
            ("8.8.8.8", true),
        ] {
            assert_eq!(
                permitted(address.parse().expect(address), &allowed),
                passes,
                "{address}"
            );
        }
        assert!(permitted(
            "::ffff:10.9.9.9".parse().expect("v6"),
            &nets(&["::ffff:0:0/96"])
        ));
    }

    #[test]
    fn numeric_host_spellings_are_ip_literals() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.1",
            "127.1",
            "[::1]",
            "[::ffff:7f00:1]",
            "0",
            "[::]",
            "127.0.0.1.",
            "0x7F000001",
            "017700000001",
            "0x7f.0.0x0.1",
            "127.0.1",
            "%31%32%37.0.0.1",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
            "127\u{3002}0\u{3002}0\u{3002}1",
            "[0:0:0:0:0:ffff:127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        ] {
            let url = Url::parse(&format!("http://{host}/feed")).expect(host);
            assert!(
                matches!(check_literal(&url, &[]), Err(Error::RefusedAddress { .. })),
                "{host} passed"
            );
        }
        let named = Url::parse("http://example.org/feed").expect("url");
        assert!(check_literal(&named, &[]).is_ok());
    }
}
