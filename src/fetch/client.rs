//! The HTTP clients: one for each combination of settings that a connection depends on, built when first needed.
//!
//! Redirects, content codings, cookies and retries by policy are switched off: the first two are ours, the others
//! are nobody's. Names are looked up by our own resolver, which refuses private addresses.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::Url;

use super::quiet::Quiet;
use super::{Error, address};
use crate::config;
use crate::model::{HttpVersion, RequestOptions, Secret};

/// How long a connection waits for the next source of its host.
pub(super) const IDLE_CONNECTION: Duration = Duration::from_secs(10);

/// Most an HTTP/2 origin may send ahead of our reading, a stream and a connection.
const HTTP2_WINDOW: u32 = 256 * 1024;

/// Largest list of header fields in HTTP/2; HTTP/1.1 heads are judged after reading.
const HTTP2_HEAD: u32 = 64 * 1024;

/// The clients built so far.
#[derive(Debug)]
pub(super) struct Clients {
    connect_timeout: Duration,
    idle_per_host: usize,
    quiet: Arc<Quiet>,
    built: Mutex<Vec<(Key, reqwest::Client)>>,
}

/// What a connection depends on.
#[derive(Debug)]
struct Key {
    /// Only then are the machine's CA certificates read: without them, `http` sources work all the same.
    tls: bool,
    http_version: HttpVersion,
    proxy: Option<Secret>,
    allow_private: Vec<IpNet>,
}

impl Key {
    fn fits(&self, tls: bool, options: &RequestOptions) -> bool {
        self.tls == tls
            && self.http_version == options.http_version
            && self.proxy == options.proxy
            && self.allow_private == options.allow_private
    }
}

impl Clients {
    /// None yet; `ring` becomes the process's TLS provider unless there is one already.
    pub(super) fn new(settings: &config::Fetch, quiet: Arc<Quiet>) -> Self {
        // An error means that a provider is installed, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            connect_timeout: settings.connect_timeout,
            idle_per_host: settings.per_host,
            quiet,
            built: Mutex::new(Vec::new()),
        }
    }

    /// The client for a request, shared with all sources of the same settings.
    ///
    /// # Errors
    /// [`Error::Tls`] when an `https` URL meets a machine without CA certificates, [`Error::Setting`] for an unusable
    /// proxy. Nothing is kept then: the next poll tries again.
    pub(super) fn of(&self, url: &Url, options: &RequestOptions) -> Result<reqwest::Client, Error> {
        let tls = needs_tls(url, options);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = built.iter().find(|(key, _)| key.fits(tls, options)) {
            return Ok(client.clone());
        }
        let client = self.build(tls, options)?;
        let key = Key {
            tls,
            http_version: options.http_version,
            proxy: options.proxy.clone(),
            allow_private: options.allow_private.clone(),
        };
        built.push((key, client.clone()));
        Ok(client)
    }

    fn build(&self, tls: bool, options: &RequestOptions) -> Result<reqwest::Client, Error> {
        let proxy = options.proxy.as_ref().map(proxy).transpose()?;
        let resolver = Resolver {
            allow_private: options.allow_private.clone(),
            proxy_host: proxy.as_ref().map(|(_, host)| host.clone()),
            quiet: Arc::clone(&self.quiet),
        };
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(self.idle_per_host)
            .tcp_nodelay(true)
            // Connections are too short-lived for probes; each option would cost a system call a connection.
            .tcp_keepalive(None)
            .tcp_keepalive_interval(None)
            .tcp_keepalive_retries(None)
            .http2_initial_stream_window_size(HTTP2_WINDOW)
            .http2_initial_connection_window_size(HTTP2_WINDOW)
            .http2_max_header_list_size(HTTP2_HEAD)
            .dns_resolver(resolver);
        builder = match options.http_version {
            HttpVersion::Auto => builder,
            HttpVersion::Http1 => builder.http1_only(),
            HttpVersion::Http2 => builder.http2_prior_knowledge(),
        };
        if let Some((proxy, _)) = proxy {
            builder = builder.proxy(proxy);
        }
        if !tls {
            builder = builder.tls_certs_only([]);
        }
        builder
            .build()
            .map_err(|error| Error::from_exchange(&error, self.connect_timeout))
    }
}

fn needs_tls(url: &Url, options: &RequestOptions) -> bool {
    let through_tls = |proxy: &Secret| {
        proxy
            .expose()
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    };
    url.scheme() == "https" || options.proxy.as_ref().is_some_and(through_tls)
}

/// The proxy for everything, and its host.
fn proxy(setting: &Secret) -> Result<(reqwest::Proxy, String), Error> {
    let unusable = || Error::Setting {
        key: "proxy".to_owned(),
    };
    let host = Url::parse(setting.expose())
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .ok_or_else(unusable)?;
    let proxy = reqwest::Proxy::all(setting.expose()).map_err(|_| unusable())?;
    Ok((proxy, host))
}

/// Looks names up and refuses those with any address that is not public. Only what was checked is connected to: there
/// is no second look-up in between (DNS rebinding).
///
/// The host of a configured proxy is exempt, as proxies live in private networks; names behind an HTTP or `socks5h`
/// proxy are resolved, and so checked, by the proxy.
#[derive(Debug)]
struct Resolver {
    allow_private: Vec<IpNet>,
    proxy_host: Option<String>,
    quiet: Arc<Quiet>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().trim_matches(['[', ']']).to_owned();
        let exempt = self
            .proxy_host
            .as_deref()
            .is_some_and(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        let allow_private = self.allow_private.clone();
        let quiet = Arc::clone(&self.quiet);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0))
                .await
                .map_err(NameUnresolved)?;
            let addresses: Vec<SocketAddr> = found.collect();
            if !exempt {
                check_all(&addresses, &allow_private)?;
                if let Some(until) = addresses.iter().find_map(|at| quiet.address(at.ip())) {
                    return Err(NameQuiet(until).into());
                }
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// One address that is refused refuses them all.
fn check_all(addresses: &[SocketAddr], allow_private: &[IpNet]) -> Result<(), NameRefused> {
    match addresses
        .iter()
        .find(|address| !address::permitted(address.ip(), allow_private))
    {
        Some(refused) => Err(NameRefused(refused.ip())),
        None => Ok(()),
    }
}

/// A name led to an address that is not public.
#[derive(Debug)]
pub(super) struct NameRefused(pub(super) IpAddr);

/// A name led to an address that wants quiet.
#[derive(Debug)]
pub(super) struct NameQuiet(pub(super) DateTime<Utc>);

/// A name led nowhere.
#[derive(Debug)]
pub(super) struct NameUnresolved(pub(super) io::Error);

impl fmt::Display for NameRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address {} is not public", self.0)
    }
}

impl fmt::Display for NameQuiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quiet until {}", self.0)
    }
}

impl fmt::Display for NameUnresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for NameQuiet {}

impl StdError for NameRefused {}

impl StdError for NameUnresolved {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let addresses = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter()
                .map(|ip| SocketAddr::new(ip.parse().expect("an address"), 0))
                .collect()
        };
        assert!(check_all(&addresses(&["8.8.8.8", "2606:4700::1111"]), &[]).is_ok());
        let refused =
            check_all(&addresses(&["8.8.8.8", "10.0.0.1"]), &[]).expect_err("a mixed answer");
        assert_eq!(refused.0, IpAddr::from([10, 0, 0, 1]));
        let allowed: IpNet = "10.0.0.0/8".parse().expect("a network");
        assert!(check_all(&addresses(&["8.8.8.8", "10.0.0.1"]), &[allowed]).is_ok());
        assert!(check_all(&addresses(&["8.8.8.8", "::1"]), &[allowed]).is_err());
    }
}
