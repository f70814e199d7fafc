#!/usr/bin/env python3
"""Serving beside nginx: the 100-entry feed, plain, in gzip and as a 304, from the daemon and as the very file that the
daemon wrote; then 2,000 subscribers that keep their connection; then latency at 300 requests a second, at rest and
while a thousand sources with news are polled.

    benches/serving.py target/release/feedmill

Needs nginx, wrk, h2load (nghttp2-client), taskset and curl; ports 7995 and 7996. Server and load have a core each but for the
latency, where they share both."""
import gzip
import os
import pathlib
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS, SECONDS, SUBSCRIBERS, SOURCES = 3, 3, 2000, 1000
OURS, THEIRS = "http://127.0.0.1:7995/all.atom", "http://127.0.0.1:7996/all.atom"
SERVER, LOAD = ["taskset", "-c", "0"], ["taskset", "-c", "1"]
chance = random.Random(7)
WORDS = ["".join(chance.choice("abcdefghijklmnoprstuvw") for _ in range(chance.randint(2, 9))) for _ in range(4000)]


def text(length):
    words = []
    while sum(map(len, words)) < length:
        words.append(WORDS[int(chance.random() ** 2 * len(WORDS))])
    return " ".join(words)


def feed(path, name, entries):
    """Writes a feed; `entries` are pairs of a number and the length of a body."""
    rows = "".join(
        f"<entry><id>tag:{name}.example,2026:{number}</id><title>{text(40)}</title><updated>2026-01-01T00:00:{number % 60:02}Z</updated>"
        f'<link href="https://{name}.example/{number}"/><author><name>{name}</name></author>'
        f'<content type="html">&lt;p&gt;{text(length)}&lt;/p&gt;</content></entry>'
        for number, length in entries
    )
    path.write_text(f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{name}</title><id>tag:{name}.example,2026:f</id>'
                    f"<updated>2026-01-01T00:00:00Z</updated>{rows}</feed>")


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


def rates():
    etags = {url: re.search(r"(?im)^etag: (\S+)", subprocess.run(["curl", "-sI", url], capture_output=True, text=True).stdout)[1] for url in (OURS, THEIRS)}
    print("| answer | nginx | Feedmill | of nginx |\n|--|--|--|--|")
    for kind in ("plain", "gzip", "304"):
        found = {OURS: [], THEIRS: []}
        for _ in range(ROUNDS):
            for url in found:
                field = {"plain": [], "gzip": ["-H", "Accept-Encoding: gzip"], "304": ["-H", f"If-None-Match: {etags[url]}"]}[kind]
                said = subprocess.run([*LOAD, "wrk", "-t1", "-c32", f"-d{SECONDS}s", *field, url], capture_output=True, text=True).stdout
                assert "Non-2xx or 3xx" not in said, said
                found[url].append(float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]))
        ours, theirs = statistics.median(found[OURS]), statistics.median(found[THEIRS])
        print(f"| {kind} | {theirs:,.0f}/s | {ours:,.0f}/s | {ours / theirs:.2f} |")


def subscribers(pid):
    def ask(connection):
        connection.sendall(b"GET /all.atom HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = connection.recv(65536)
            if not more:
                return False
            answer += more
        head, body = answer.split(b"\r\n\r\n", 1)
        left = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(body)
        while left > 0:
            left -= len(connection.recv(65536))
        return True

    before, kept = resident(pid), []
    for _ in range(SUBSCRIBERS):
        kept.append(socket.create_connection(("127.0.0.1", 7995)))
        assert ask(kept[-1])
    during = resident(pid)
    again = sum(ask(connection) for connection in kept)
    print(f"\n{SUBSCRIBERS} subscribers: {before} MB before, {during} MB with all, {again} of them answered again on the same connection")


def latency(folder, what):
    log = folder / "h2load.log"
    log.unlink(missing_ok=True)
    subprocess.run(["h2load", "--h1", "-c", "6", "--rps", "50", "-D", "8", f"--log-file={log}", "-H", "accept-encoding: gzip", OURS], check=True, capture_output=True)
    took = sorted(int(line.split()[2]) for line in log.read_text().splitlines())
    print(f"| {what} | {len(took)} | {took[len(took) // 2] / 1000:.1f} ms | {took[int(len(took) * 0.99)] / 1000:.1f} ms |")


def main(binary):
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o755)
        feed(folder / "main.atom", "main", [(number, chance.randint(2500, 4200)) for number in range(100)])
        news = lambda turn: [feed(folder / f"{n}.atom", f"s{n}", [(turn * 4 + i, 800) for i in range(12)]) for n in range(SOURCES)]
        news(0)
        sources = [f"[[source]]\nid = 's{n}'\nurl = 'file:{n}.atom'\ntags = ['many']\n" for n in range(SOURCES)]
        config = folder / "feedmill.toml"
        config.write_text("[server]\nlisten = '127.0.0.1:7995'\n[fetch]\nconcurrency = 64\n[[source]]\nid = 'main'\nurl = 'file:main.atom'\ntags = ['main']\n"
                          + "".join(sources) + "[[output]]\nname = 'all'\ntags = ['main']\ndirectory = 'public'\n[[output]]\nname = 'many'\ntags = ['many']\n")
        order = lambda *words: subprocess.run([binary, *words, "--config", config], check=True, capture_output=True)
        order("poll", "--all")
        daemon = subprocess.Popen([*SERVER, binary, "run", "--config", config], stderr=subprocess.DEVNULL)
        (folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{ worker_connections 1024; }}\n"
            "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=10; types { application/atom+xml atom; }\n"
            f"{''.join(f'{kind}_temp_path {folder}/{kind};' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))}\n"
            f"server {{ listen 127.0.0.1:7996; root {folder}/public; gzip_static on; gzip_vary on; }} }}")
        nginx = None
        try:
            public = folder / "public" / "all.atom"
            while not public.exists() or subprocess.run(["curl", "-sf", OURS], capture_output=True).stdout != public.read_bytes():
                time.sleep(0.2)
            public.with_suffix(".atom.gz").write_bytes(gzip.compress(public.read_bytes(), 9))
            nginx = subprocess.Popen([*SERVER, "nginx", "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL)
            time.sleep(1)
            print(f"{public.stat().st_size:,} bytes\n")
            rates()
            subscribers(daemon.pid)
            subprocess.run(["taskset", "-a", "-cp", "0,1", str(daemon.pid)], check=True, capture_output=True)
            print("\n| 300 requests a second | answers | median | 99th percentile |\n|--|--|--|--|")
            latency(folder, "at rest")
            for turn in (1, 2):
                news(turn)
                polls = subprocess.Popen([binary, "poll", "--all", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                latency(folder, f"while {SOURCES:,} sources with news are polled, 64 at once")
                polls.wait()
                latency(folder, "at rest")
        finally:
            for server in filter(None, (daemon, nginx)):
                server.terminate()
                server.wait(10)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
