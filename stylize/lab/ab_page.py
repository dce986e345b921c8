"""The page of a blind comparison, served to this computer alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from stylize.errors import ControlError, StylizeError
from stylize.lab.ab import CHOICES, Comparison

ADDRESS = "127.0.0.1"
_LONGEST_ANSWER = 200  # bytes
_FAILED = HTTPStatus.INTERNAL_SERVER_ERROR

Pictures = Callable[[str, str], bytes]
"""Name of a pair and what of it (``a``, ``b``) -> PNG."""

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Which is better?</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; font: 16px system-ui, sans-serif; }
  body { margin: 0; height: 100vh; display: grid; grid-template-rows: auto 1fr auto; }
  header, footer { padding: .6rem 1rem; text-align: center; }
  main { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; padding: 0 1rem; min-height: 0; }
  main button { padding: 0; border: 3px solid transparent; background: none; min-height: 0;
    cursor: pointer; }
  main button:hover, main button:focus-visible { border-color: #b5542b; outline: none; }
  img { width: 100%; height: 100%; object-fit: contain; display: block; }
  footer button { font: inherit; padding: .5rem 1.5rem; }
  [aria-busy=true] img { opacity: .2; }
  [hidden] { display: none !important; }
</style>
<header role="status" id="state"></header>
<main id="pair" aria-busy="true">
  <button id="left"><img alt="The left picture"></button>
  <button id="right"><img alt="The right picture"></button>
</main>
<footer id="keys"><button id="equal">Equal</button>
  <p>Keys: ← the left is better, → the right is better, ↓ equal</p></footer>
<script>
  const sides = ["left", "right"], all = [...sides, "equal"];
  const id = (name) => document.getElementById(name);
  const keys = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "equal" };
  let index = null, busy = true;
  const wait = (yes) => { busy = yes; id("pair").ariaBusy = String(yes); };
  async function checked(response) {
    if (!response.ok) throw new Error(await response.text());
    return response;
  }
  async function load(image) {
    try {
      await image.decode();
    } catch (error) {
      await checked(await fetch(image.src));  // says what is wrong
      throw error;
    }
  }
  async function show(response) {
    if (!response.ok) wait(index === null);  // the same pair can be answered again
    const state = await (await checked(response)).json();
    index = state.next;
    const done = index === null;
    for (const part of ["pair", "keys"]) id(part).hidden = done;
    id("state").textContent = done
      ? `Done: ${state.count} pairs. The result is in the terminal; this page can be closed.`
      : `Which is the better picture? ${state.answered + 1} of ${state.count}`;
    if (!done) {
      const images = sides.map((side) => id(side).firstElementChild);
      sides.forEach((side, i) => { images[i].src = `picture/${index}/${side}`; });
      await Promise.all(images.map(load));
    }
    wait(done);
  }
  const fail = (error) => {
    id("state").textContent = error instanceof TypeError
      ? "There is no answer. Is it still running in the terminal?" : error.message;
  };
  function choose(choice) {
    if (busy) return;
    wait(true);
    fetch("answer", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ index, choice }) }).then(show).catch(fail);
  }
  for (const choice of all) id(choice).addEventListener("click", () => choose(choice));
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (keys[event.key] && !event.repeat) { event.preventDefault(); choose(keys[event.key]); }
  });
  fetch("state").then(show).catch(fail);
</script>
</html>
"""


class Server(ThreadingHTTPServer):
    """Shows the pairs of a comparison and takes the answers.

    Only this computer reaches it, and only who knows the token in its address. Pages of other
    sites do not: the host that they ask for, as well as their origin, is another.

    Attributes:
        url: Where the page is.
    """

    daemon_threads = True

    def __init__(self, comparison: Comparison, pictures: Pictures, *, port: int = 0) -> None:
        """Begin to listen.

        Args:
            comparison: What is judged.
            pictures: Where the pictures are.
            port: Of the page; 0: any that is free.

        Raises:
            ControlError: The port cannot be had.
        """
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise ControlError(
                f"Port {port} cannot be used ({error.strerror}). Name another --port, or leave it "
                "out."
            ) from error
        self.comparison, self.pictures = comparison, pictures
        self.lock = Lock()
        self.token = secrets.token_urlsafe(16)
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        self.url = f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def state(self) -> dict[str, int | None]:
        """Return what the page shows next."""
        comparison = self.comparison
        return {
            "next": comparison.next,
            "answered": len(comparison.answers),
            "count": len(comparison.pairs),
        }


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "stylize", ""

    def do_GET(self) -> None:
        """Send the page, its state or a picture."""
        match self._path():
            case [""]:
                self._send(_PAGE.encode(), "text/html; charset=utf-8")
            case ["state"]:
                self._send_state()
            case ["picture", number, ("left" | "right") as side] if number.isdecimal():
                index = int(number)
                comparison = self.server.comparison
                if index >= len(comparison.pairs):
                    self._refuse(HTTPStatus.NOT_FOUND)
                    return
                who = comparison.behind(index, "left" if side == "left" else "right")
                try:
                    picture = self.server.pictures(comparison.pairs[index], who)
                except (StylizeError, OSError) as error:
                    self._fail(error)
                    return
                self._send(picture, "image/png")
            case _:
                self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Take an answer."""
        length = self.headers.get("Content-Length", "")
        if self._path() != ["answer"] or self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        if not length.isdecimal() or int(length) > _LONGEST_ANSWER:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        try:
            given = json.loads(self.rfile.read(int(length)))
            index, choice = given["index"], given["choice"]
            if type(index) is not int or choice not in CHOICES:
                raise ValueError(choice)
            with self.server.lock:
                # The same key twice, or two windows: what was answered first stays.
                if index == self.server.comparison.next:
                    self.server.comparison.answer(index, choice)
        except (ValueError, KeyError, TypeError):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        except (StylizeError, OSError) as error:
            self._fail(error)
            return
        self._send_state()
        if self.server.comparison.next is None:
            self.server.shutdown()

    def _path(self) -> list[str] | None:
        """Return the parts of the path behind the token; None for who may not be here."""
        token, _, rest = self.path.removeprefix("/").partition("/")
        origin = self.headers.get("Origin")
        known = (
            self.headers.get("Host") in self.server.hosts
            and (origin is None or origin.removeprefix("http://") in self.server.hosts)
            and secrets.compare_digest(token.encode(), self.server.token.encode())
        )
        return rest.split("/") if known else None

    def _send_state(self) -> None:
        self._send(json.dumps(self.server.state()).encode(), "application/json")

    def _refuse(self, status: HTTPStatus) -> None:
        self._send(status.phrase.encode(), "text/plain", status)

    def _fail(self, error: Exception) -> None:
        self._send(str(error).encode(), "text/plain; charset=utf-8", _FAILED)

    def _send(self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal shows how to go on."""
