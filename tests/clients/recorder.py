"""A reverse proxy on loopback that remembers what each request was answered with.

newsboat keeps status codes to itself; standing between it and the daemon shows them.
"""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


class Recorder:
    """Forwards GET to `port` of this machine, from a port of its own."""

    def __init__(self, port):
        self.statuses = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(port))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def _handler(self, port):
        statuses = self.statuses

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
                upstream.request("GET", self.path, headers=headers)
                answer = upstream.getresponse()
                body = answer.read()
                upstream.close()
                statuses.append(answer.status)
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
