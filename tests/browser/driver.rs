//! A real Chromium, driven over WebDriver (W3C) and the few commands of its own that ChromeDriver adds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// ChromeDriver; it ends when dropped, and the browser of its session before it.
struct Driver {
    child: Child,
    port: String,
    session: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // A test that failed has not closed the session, and the browser would stay.
        if let Ok(mut stream) = TcpStream::connect(format!("127.0.0.1:{}", self.port)) {
            let _ = stream.set_read_timeout(Some(crate::origin::PATIENCE));
            let _ = write!(
                stream,
                "DELETE /session/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                self.session
            );
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser with one window.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
}

/// A command of ChromeDriver's own, below the session.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.0
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    /// Starts ChromeDriver on a free port and a Chromium without a window.
    pub(crate) async fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver; `.ci/run browser` installs it");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut driver = Driver {
            child,
            port: String::new(),
            session: String::new(),
        };
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("a port");
        std::thread::spawn(move || lines.for_each(drop));
        let wanted = json!({
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--force-color-profile=srgb", "--window-size=1280,900", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--no-proxy-server"
            ]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().expect("an object").clone());
        let client = builder
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session");
        let session = client.session_id().await.expect("a session");
        driver.session = session.unwrap_or_default();
        driver.port = port;
        Self {
            client,
            _driver: driver,
        }
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.client
            .issue_cmd(Own("goog/cdp/execute", body))
            .await
            .expect(command)
    }

    /// What was logged since the last look: `browser` or `performance`.
    async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self
            .client
            .issue_cmd(Own("se/log", json!({"type": kind})))
            .await
            .expect("a log");
        entries.as_array().cloned().unwrap_or_default()
    }

    /// Messages of the console since the last look.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        entries
            .iter()
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Requests since the last look: URL and what for (`Document`, `Image`, …).
    pub(crate) async fn requests(&self) -> Vec<(String, String)> {
        let entries = self.log("performance").await;
        let sent = entries.iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &event["message"];
            (message["method"] == "Network.requestWillBeSent").then(|| {
                let parameters = &message["params"];
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                (
                    text(&parameters["request"]["url"]),
                    text(&parameters["type"]),
                )
            })
        });
        sent.filter(|(url, _)| !url.starts_with("data:")).collect()
    }

    /// A window of so many CSS pixels.
    pub(crate) async fn size(&self, width: u32, height: u32, is_phone: bool) {
        let scale = if is_phone { 2 } else { 1 };
        let parameters = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": is_phone});
        self.devtools("Emulation.setDeviceMetricsOverride", parameters)
            .await;
    }

    /// `light` or `dark`; `medium` is empty or `print`.
    pub(crate) async fn scheme(&self, scheme: &str, medium: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({"media": medium, "features": features}),
        )
        .await;
    }

    /// What a script gives.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect(script)
    }

    pub(crate) async fn text(&self, script: &str) -> String {
        self.run(script)
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) async fn number(&self, script: &str) -> f64 {
        self.run(script).await.as_f64().unwrap_or(f64::NAN)
    }

    /// Waits until a script gives true.
    pub(crate) async fn until(&self, script: &str) {
        let deadline = tokio::time::Instant::now() + crate::origin::PATIENCE;
        while self.run(script).await != true {
            assert!(
                tokio::time::Instant::now() < deadline,
                "never: {script}; at {:?}: {}",
                self.client.current_url().await,
                self.text("return document.body.innerText").await
            );
            tokio::task::yield_now().await;
        }
    }

    /// A key, to whatever has the focus.
    pub(crate) async fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { key } else { "" };
            self.devtools(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "text": text}),
            )
            .await;
        }
    }

    /// Opens a page and waits until all its pictures are there or failed. Lazy ones are brought into view.
    pub(crate) async fn open(&self, url: &str) {
        self.console().await;
        self.requests().await;
        self.client.goto(url).await.expect(url);
        self.until("return document.readyState === 'complete'")
            .await;
    }

    /// Scrolls down and up, so that everything lazy is loaded.
    pub(crate) async fn scroll(&self) {
        self.run("for (const image of document.images) image.loading = 'eager';")
            .await;
        self.until("return [...document.images].every((image) => image.complete)")
            .await;
    }

    /// The sum of layout shifts since the page began (<https://wicg.github.io/layout-instability/>).
    pub(crate) async fn shift(&self) -> f64 {
        let script = "const done = arguments[arguments.length - 1]; let sum = 0;
            new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; }).observe({type: 'layout-shift', buffered: true});
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)));";
        self.client
            .execute_async(script, Vec::new())
            .await
            .expect("shifts")
            .as_f64()
            .unwrap_or(f64::NAN)
    }

    /// What axe-core finds: rule and where. Everything it knows is asked, best practices too.
    pub(crate) async fn axe(&self, source: &str) -> Vec<String> {
        self.client
            .execute(source, Vec::new())
            .await
            .expect("axe-core");
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}).then((result) => done(result.violations.flatMap((rule) =>
                rule.nodes.map((node) => rule.id + ': ' + node.html.slice(0, 200) + ' ' + (node.failureSummary || '').slice(0, 300)))));";
        let found = self
            .client
            .execute_async(script, Vec::new())
            .await
            .expect("axe runs");
        { found.as_array().into_iter().flatten() }
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
