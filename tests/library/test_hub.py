"""Push and pull against a small server that speaks as much of the Hub's HTTP API as is needed."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stylize.errors import LibraryError, StyleExistsError
from stylize.library import StyleLibrary
from stylize.library.hub import STYLES_FILE, pull_styles, push_styles
from tests.fakes import FakeEngine

from .helpers import picture

REPOSITORY = "ada/styles"


class Hub(ThreadingHTTPServer):
    """Repositories as lists of commits, each with all of its files."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories = {}  # name -> {commit hash: {path: bytes}}, oldest first
        self.private = {}
        self.refuse = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repository, files):
        commits = self.repositories[repository]
        before = list(commits.values())[-1] if commits else {}
        oid = hashlib.sha1(repr((len(commits), sorted(files))).encode()).hexdigest()
        commits[oid] = before | files
        return oid


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", headers=(), kind="application/json"):
        body = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers:
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def not_found(self, code):
        self.answer(404, {"error": "not found"}, [("X-Error-Code", code)])

    def do_POST(self):
        hub, body = self.server, self.body()
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'ada'}/{asked['name']}"
            assert asked["type"] == "dataset"
            if name in hub.repositories:
                return self.answer(409, {"error": "exists", "url": f"{hub.url}/datasets/{name}"})
            hub.repositories[name] = {}
            hub.private[name] = asked.get("private") or asked.get("visibility") == "private"
            hub.commit(name, {})
            return self.answer(200, {"url": f"{hub.url}/datasets/{name}"})
        if self.path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        name, action = self.path.removeprefix("/api/datasets/").rsplit("/", 2)[:2]
        if action == "preupload":
            files = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                for f in json.loads(body)["files"]
            ]
            return self.answer(200, {"files": files})
        if action == "commit" and hub.refuse:
            return self.answer(hub.refuse, {"error": "no room left"})
        if action == "commit":
            lines = [json.loads(line) for line in body.splitlines()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            oid = hub.commit(name, files)
            url = f"{hub.url}/datasets/{name}/commit/{oid}"
            return self.answer(200, {"success": True, "commitOid": oid, "commitUrl": url})
        return self.not_found("Unknown")

    def do_GET(self):
        hub, path = self.server, self.path.split("?")[0]
        if path.startswith("/api/datasets/"):
            parts = path.removeprefix("/api/datasets/").split("/")
            name, revision = "/".join(parts[:2]), parts[3] if len(parts) > 3 else "main"
        else:
            parts = path.removeprefix("/datasets/").split("/")
            name, revision = "/".join(parts[:2]), parts[3]
        if name not in hub.repositories:
            return self.not_found("RepoNotFound")
        commits = hub.repositories[name]
        oid = list(commits)[-1] if revision == "main" else revision
        if oid not in commits:
            return self.not_found("RevisionNotFound")
        files = commits[oid]
        if path.startswith("/api/"):
            siblings = [{"rfilename": f, "size": len(data)} for f, data in files.items()]
            return self.answer(200, {"id": name, "sha": oid, "siblings": siblings, "tags": []})
        data = files.get("/".join(parts[4:]))
        if data is None:
            return self.not_found("EntryNotFound")
        headers = [("ETag", f'"{hashlib.sha1(data).hexdigest()}"'), ("X-Repo-Commit", oid)]
        return self.answer(200, data, headers, "application/octet-stream")

    do_HEAD = do_GET


@pytest.fixture
def hub():
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def full(encoder):
    library = StyleLibrary.in_memory(encoder=encoder, bundled=False)
    for i in range(3):
        library.add(f"style-{i}", picture(i), title=f"Title {i}")
    return library


@pytest.fixture
def empty(encoder):
    return StyleLibrary.in_memory(encoder=encoder, bundled=False)


def push(library, hub, names=None, **options):
    return push_styles(library, REPOSITORY, names, endpoint=hub.url, token="hf_test", **options)


def pull(library, hub, repository=REPOSITORY, **options):
    return pull_styles(library, repository, endpoint=hub.url, token="hf_test", **options)


def test_push_then_pull(hub, full, empty):
    revision = push(full, hub, originals=True)
    assert hub.private[REPOSITORY]
    card = hub.repositories[REPOSITORY][revision]["README.md"].decode()
    assert "3 styles" in card
    assert f"stylize library pull {REPOSITORY}" in card
    report, taken = pull(empty, hub)
    assert taken == revision
    assert report.added == ("style-0", "style-1", "style-2")
    for name in full.names():
        assert empty.get(name).vector == full.get(name).vector
        assert empty.original_bytes(name) == full.original_bytes(name)


def test_a_revision_stays_what_it_was(hub, full, empty):
    first = push(full, hub, ["style-0"])
    hub.commit(REPOSITORY, {"README.md": b"my own words"})
    second = push(full, hub, ["style-1"])
    assert hub.repositories[REPOSITORY][second]["README.md"] == b"my own words"
    report, taken = pull(empty, hub, revision=first)
    assert (report.added, taken) == (("style-0",), first)
    report, taken = pull(empty, hub, revision="main")
    assert (report.added, taken) == (("style-1",), second)


def test_conflicts_are_those_of_an_import(hub, full):
    push(full, hub)
    assert pull(full, hub)[0].unchanged == ("style-0", "style-1", "style-2")
    full.update("style-0", title="Changed")
    with pytest.raises(StyleExistsError, match="style-0"):
        pull(full, hub)
    assert pull(full, hub, on_conflict="replace")[0].replaced == ("style-0",)


def test_another_encoder(hub, full):
    push(full, hub)
    newer = StyleLibrary.in_memory(encoder=FakeEngine(4), bundled=False)
    assert pull(newer, hub)[0].stale == ("style-0", "style-1", "style-2")


def test_what_can_go_wrong(hub, full, empty):
    with pytest.raises(LibraryError, match="no dataset repository ada/none"):
        pull(empty, hub, "ada/none")
    with pytest.raises(LibraryError, match="give it as user/name"):
        pull(empty, hub, "a/b/c")
    push(full, hub)
    with pytest.raises(LibraryError, match="no such revision"):
        pull(empty, hub, revision="0" * 40)
    hub.commit(REPOSITORY, {STYLES_FILE: b"hello"})
    with pytest.raises(LibraryError, match="not a readable zip"):
        pull(empty, hub)
    hub.repositories["ada/bare"] = {}
    hub.commit("ada/bare", {"data.csv": b""})
    with pytest.raises(LibraryError, match=r"holds no styles\.zip"):
        pull(empty, hub, "ada/bare")
    hub.refuse = 403
    with pytest.raises(LibraryError, match="no room left"):
        push(full, hub)
    assert empty.names() == []


def test_no_server(full, hub):
    nowhere = hub.url
    hub.server_close()
    with pytest.raises(LibraryError, match="cannot be reached"):
        pull_styles(full, REPOSITORY, endpoint=nowhere)
