//! An HTTP/1.1 origin on `127.0.0.1:0`, scripted by path, that remembers every request.
//!
//! It writes its bytes itself, so it can also be rude: cut a body short, fall silent in the middle, announce the
//! wrong length, send header fields no library would send.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Longest that a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The running origin; it ends when dropped.
pub(crate) struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET`.
    pub(crate) method: String,
    /// Path and query; the whole URL when the origin is used as a proxy.
    pub(crate) target: String,
    /// In order; names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// What came after the head, as long as it announced.
    pub(crate) body: Vec<u8>,
    /// When its head was complete.
    pub(crate) at: Instant,
    /// Which connection it came on, from 1.
    pub(crate) connection: usize,
}

impl Request {
    /// The first field of this (lower-case) name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.bytes(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The first field of this (lower-case) name, byte for byte.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| &value[..])
    }
}

/// What a path answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    framing: Framing,
    hold: Option<Hold>,
    stop_after: Option<(usize, Stop)>,
    revalidates: bool,
    mute: bool,
    echoes: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    Length(Option<usize>),
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    HangUp,
    Silence,
}

impl Reply {
    /// A status without body.
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length(None),
            hold: None,
            stop_after: None,
            revalidates: false,
            mute: false,
            echoes: None,
        }
    }

    /// A 200.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..Self::status(200)
        }
    }

    /// The same under another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: impl Into<Vec<u8>>) -> Self {
        Self::status(status).header("Location", location)
    }

    /// Hangs up without a word.
    pub(crate) fn nothing() -> Self {
        Self {
            mute: true,
            ..Self::status(0)
        }
        .cut_after(0)
    }

    /// One more header field.
    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Answers 304 to a request that sends its `ETag` or `Last-Modified` back byte for byte.
    pub(crate) fn revalidates(self) -> Self {
        Self {
            revalidates: true,
            ..self
        }
    }

    /// Answers with the value of this key of the query.
    pub(crate) fn echoing(self, key: &'static str) -> Self {
        Self {
            echoes: Some(key),
            ..self
        }
    }

    /// Sent only once the hold is open.
    pub(crate) fn held(self, hold: &Hold) -> Self {
        Self {
            hold: Some(hold.clone()),
            ..self
        }
    }

    /// `Transfer-Encoding: chunked`, in chunks of 1,000 bytes.
    pub(crate) fn chunked(self) -> Self {
        Self {
            framing: Framing::Chunked,
            ..self
        }
    }

    /// No length: the end of the connection is the end of the body.
    pub(crate) fn until_close(self) -> Self {
        Self {
            framing: Framing::UntilClose,
            ..self
        }
    }

    /// Announces another length than the body has.
    pub(crate) fn announcing(self, length: usize) -> Self {
        Self {
            framing: Framing::Length(Some(length)),
            ..self
        }
    }

    /// Hangs up after so many bytes behind the head.
    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        Self {
            stop_after: Some((bytes, Stop::HangUp)),
            ..self
        }
    }

    /// Says nothing more after so many bytes behind the head, until the client leaves.
    pub(crate) fn silent_after(self, bytes: usize) -> Self {
        Self {
            stop_after: Some((bytes, Stop::Silence)),
            ..self
        }
    }

    fn answer_to(self, request: &Request) -> Self {
        let same = |field: &str, condition: &str| {
            let own = self
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(field))
                .map(|(_, value)| &value[..]);
            own.is_some() && own == request.bytes(condition)
        };
        if self.revalidates
            && (same("etag", "if-none-match") || same("last-modified", "if-modified-since"))
        {
            return Self {
                status: 304,
                body: Vec::new(),
                ..self
            };
        }
        let Some(key) = self.echoes else { return self };
        let (_, query) = request.target.split_once('?').unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let value = pairs.find(|(name, _)| name == key).map(|(_, value)| value);
        Self {
            body: value.unwrap_or_default().into_owned().into_bytes(),
            ..self
        }
    }

    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        match self.framing {
            _ if self.status == 304 => {}
            Framing::Length(length) => {
                head.extend(
                    format!("Content-Length: {}\r\n", length.unwrap_or(self.body.len()))
                        .into_bytes(),
                );
            }
            Framing::Chunked => head.extend(b"Transfer-Encoding: chunked\r\n"),
            Framing::UntilClose => head.extend(b"Connection: close\r\n"),
        }
        head.extend(b"\r\n");
        head
    }

    fn framed_body(&self) -> Vec<u8> {
        let Framing::Chunked = self.framing else {
            return self.body.clone();
        };
        let mut framed = Vec::new();
        for chunk in self.body.chunks(1000) {
            framed.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        framed.extend(b"0\r\n\r\n");
        framed
    }
}

/// Keeps replies back until it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Hold(Arc<Semaphore>);

impl Hold {
    /// Closed.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets everything through, now and later.
    pub(crate) fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // Nobody adds permits: this ends, with an error, when the hold is opened.
        let _ = self.0.acquire().await;
    }
}

struct Shared {
    scripts: Mutex<HashMap<String, VecDeque<Reply>>>,
    requests: watch::Sender<Vec<Request>>,
    at_once: Mutex<AtOnce>,
}

#[derive(Default)]
struct AtOnce {
    now: usize,
    most: usize,
}

impl Origin {
    /// Listens, with 404 for everything.
    pub(crate) async fn start() -> Self {
        Self::start_at(0).await
    }

    /// The same at a port.
    pub(crate) async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("loopback");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            scripts: Mutex::default(),
            requests: watch::Sender::new(Vec::new()),
            at_once: Mutex::default(),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            listening,
        }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> url::Url {
        url::Url::parse(&format!("http://{}{path}", self.address)).expect("a path")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the path answers from now on.
    pub(crate) fn script(&self, path: &str, reply: Reply) {
        self.script_all(path, [reply]);
    }

    /// What the path answers to one request after the other; the last reply stays.
    pub(crate) fn script_all(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.shared
            .scripts
            .lock()
            .expect("not poisoned")
            .insert(path.to_owned(), replies.into_iter().collect());
    }

    /// Everything asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.borrow().clone()
    }

    /// The only request so far.
    pub(crate) fn only_request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    /// Paths asked so far.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.target)
            .collect()
    }

    /// Most requests that were being answered at the same moment.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.at_once.lock().expect("not poisoned").most
    }

    /// Waits until so many requests have come.
    pub(crate) async fn has_been_asked(&self, times: usize) {
        let mut requests = self.shared.requests.subscribe();
        let waited = tokio::time::timeout(
            PATIENCE,
            requests.wait_for(|requests| requests.len() >= times),
        )
        .await;
        waited
            .expect("requests come in time")
            .expect("the origin lives");
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    for connection in 1.. {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        tokio::spawn(serve(stream, connection, Arc::clone(&shared)));
    }
}

/// Answers the requests of one connection until either side ends it.
async fn serve(mut stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer, connection).await {
        let reply = shared.reply_to(&request).answer_to(&request);
        let wants_close = request
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        shared.begin(request);
        let goes_on = write_reply(&mut stream, &reply).await;
        shared.end();
        if wants_close || !goes_on {
            return;
        }
    }
}

async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    connection: usize,
) -> Option<Request> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head: Vec<u8> = buffer.drain(..end + 4).collect();
    let mut lines = head[..end]
        .split(|&byte| byte == b'\n')
        .map(|line| line.trim_ascii_end());
    let first = String::from_utf8_lossy(lines.next()?).into_owned();
    let mut words = first.split(' ').map(str::to_owned);
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        Some((name, line[colon + 1..].trim_ascii().to_vec()))
    });
    let headers = headers.collect();
    let mut request = Request {
        method: words.next()?,
        target: words.next()?,
        headers,
        body: Vec::new(),
        at: Instant::now(),
        connection,
    };
    let length = request.header("content-length");
    let length = length.map_or(0, |length| length.parse().expect("a length"));
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    request.body = buffer.drain(..length).collect();
    Some(request)
}

/// Writes a reply; false when the connection is not to be used again.
async fn write_reply(stream: &mut TcpStream, reply: &Reply) -> bool {
    if let Some(hold) = &reply.hold {
        hold.pass().await;
    }
    let body = reply.framed_body();
    let shown = reply
        .stop_after
        .map_or(body.len(), |(bytes, _)| bytes.min(body.len()));
    let head = if reply.mute { Vec::new() } else { reply.head() };
    let message = [&head[..], &body[..shown]].concat();
    if stream.write_all(&message).await.is_err() {
        return false;
    }
    match reply.stop_after {
        Some((_, Stop::HangUp)) => false,
        Some((_, Stop::Silence)) => {
            // Ends when the client leaves.
            let _ = stream.read(&mut [0]).await;
            false
        }
        None => !matches!(reply.framing, Framing::UntilClose),
    }
}

impl Shared {
    fn reply_to(&self, request: &Request) -> Reply {
        let mut scripts = self.scripts.lock().expect("not poisoned");
        // Of a path with another query than scripted, the path alone is looked up.
        let path = request.target.split('?').next().unwrap_or_default();
        let key = if scripts.contains_key(&request.target) {
            &request.target
        } else {
            path
        };
        match scripts.get_mut(key) {
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
        .unwrap_or_else(|| Reply::status(404))
    }

    fn begin(&self, request: Request) {
        let mut at_once = self.at_once.lock().expect("not poisoned");
        at_once.now += 1;
        at_once.most = at_once.most.max(at_once.now);
        drop(at_once);
        self.requests.send_modify(|requests| requests.push(request));
    }

    fn end(&self) {
        self.at_once.lock().expect("not poisoned").now -= 1;
    }
}
