"""A small server with the face of the Hub."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SPACE = "someone/studio"


class Hub(ThreadingHTTPServer):
    """Answers as the Hub does to what a deployment asks; remembers what it was sent."""

    def __init__(self, *, refuse=None, stage="RUNNING"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuse, self.stage = refuse, stage
        self.created, self.files = None, {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, data, status=200, kind="application/json"):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status >= 400:
            self.send_header("X-Error-Message", data.get("error", ""))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_POST(self):
        hub, body = self.server, self.body()
        if self.path == "/api/repos/create":
            if hub.refuse:
                return self.answer({"error": "refused by the test"}, hub.refuse)
            hub.created = json.loads(body)
            return self.answer({"url": f"{hub.url}/spaces/{SPACE}", "name": SPACE})
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            wanted = json.loads(body)["files"]
            files = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for f in wanted]  # fmt: skip
            return self.answer({"files": files})
        if "/commit/" in self.path:
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    hub.files[entry["value"]["path"]] = entry["value"]["content"]
            return self.answer(
                {"commitOid": "a" * 40, "commitUrl": f"{hub.url}/spaces/{SPACE}/commit/abc"}
            )
        return self.answer({"error": f"unknown {self.path}"}, 404)

    def do_GET(self):
        hub = self.server
        if self.path.endswith("/runtime"):
            runtime = {"stage": hub.stage, "hardware": {"current": "cpu-basic"}}
            return self.answer(runtime)
        if "/logs/" in self.path:
            line = json.dumps(
                {"data": "no matching distribution\n", "timestamp": "2026-01-01T00:00:00.000Z"}
            )
            return self.answer(f"data: {line}\n\n".encode(), kind="text/event-stream")
        if (
            "/tree/" in self.path
            or "/revision/" in self.path
            or self.path.startswith("/api/spaces")
        ):
            info = {"id": SPACE, "_id": "1", "sha": "b" * 40, "siblings": [], "private": False}
            return self.answer([] if "/tree/" in self.path else info)
        return self.answer({"error": f"unknown {self.path}"}, 404)
