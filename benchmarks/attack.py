"""What the three worlds of the studio do about attacks: docs/security.md has the table.

    python benchmarks/attack.py [--world public] [-o benchmarks/results/attack.json]

Each world gets a server of its own with the real engine. What came back is told in words, and
whether it is what the page promises. Exit status 1 where it is not. Linux only.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from machine import describe_machine
from PIL import Image

CODE = "0000-0000"  # of the teacher
OTHER = "127.0.0.2"  # another visitor of the same machine
SPACE = {"SPACE_ID": "attack/studio", "SPACE_HOST": "attack-studio.hf.space"}
MARKUP = "<img src=https://evil.example/x>"

SERVER = """
import sys
from dataclasses import replace
from pathlib import Path
from PIL import Image
from stylize import Engine, StyleLibrary
from stylize.studio import StudioSettings, launch
world, port, folder, code = sys.argv[1:]
engine = Engine(threads=2)
library = StyleLibrary.open(Path(folder) / "library.db", encoder=engine)
if "of-the-owner" not in library:
    library.add("of-the-owner", Image.effect_noise((64, 64), 60).convert("RGB"))
settings = StudioSettings()
if world == "lan":
    settings = replace(StudioSettings.for_classroom(class_wall=True), teacher_code=code)
if world == "public":
    settings = StudioSettings.for_space()
host = "0.0.0.0" if world == "lan" else "127.0.0.1"
launch(engine, library, settings=settings, host=host, port=int(port))
"""


@dataclass
class World:
    """A server under attack.

    Attributes:
        name: ``home``, ``lan`` or ``public``.
        url: Its address.
        process: Its process.
        temporary: Its temporary folder.
        secret: A picture of its owner, which nobody may have.
        start: Starts it again, after it was killed.
    """

    name: str
    url: str
    process: subprocess.Popen[bytes]
    temporary: Path
    secret: Path
    start: Callable[[], subprocess.Popen[bytes]]

    @property
    def has_api(self) -> bool:
        """A class has the children's page alone."""
        return self.name != "lan"

    def visitor(self, address: str = "127.0.0.1", **headers: str) -> httpx.Client:
        """A visitor with an address of this machine."""
        transport = httpx.HTTPTransport(local_address=address)
        return httpx.Client(base_url=self.url, transport=transport, headers=headers, timeout=120)

    def memory_mb(self, key: str) -> int:
        """``VmRSS`` now, ``VmHWM`` at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(
            int(line.split()[1]) * 1024 // 10**6
            for line in status.splitlines()
            if line.startswith(f"{key}:")
        )


Outcome = tuple[bool, str]  # whether it is as promised, and what came back


def ask(visitor: httpx.Client, name: str, values: dict[str, Any]) -> Any:
    """Call an endpoint; returns what it gives, or the text of its error."""
    posted = visitor.post(f"/gradio_api/call/v2/{name}", json=values)
    if posted.status_code != 200:
        return f"{posted.status_code}: {posted.json().get('detail')}"
    answer = visitor.get(f"/gradio_api/call/{name}/{posted.json()['event_id']}").text
    found = json.loads(answer.split("data: ")[-1])
    return found["error"] if isinstance(found, dict) and "error" in found else found


def press(visitor: httpx.Client, number: int, data: list[Any], visit: str) -> Any:
    """Call a function of the page as its own scripts do."""
    body = {"data": data, "fn_index": number, "session_hash": visit}
    if visitor.post("/gradio_api/queue/join", json=body).status_code != 200:
        return "busy"
    with visitor.stream("GET", f"/gradio_api/queue/data?session_hash={visit}") as stream:
        for line in stream.iter_lines():
            message = json.loads(line[6:]) if line.startswith("data: ") else {}
            if message.get("msg") == "process_completed":
                output = message["output"]
                return output.get("error") if "error" in output else output.get("data")
    return None


def functions(world: World, page: str | None = None) -> Iterator[tuple[int, int]]:
    """Number, and number of inputs, of all functions, or those of one page."""
    config = world.visitor().get("/config").json()
    wanted = None if page is None else config["page"][page]["dependencies"]
    for item in config["dependencies"]:
        if item["backend_fn"] and (wanted is None or item["id"] in wanted):
            yield item["id"], len(item["inputs"])


def picture(size: tuple[int, int] = (64, 48)) -> bytes:
    """A small photograph, as PNG."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, "PNG")
    return file.getvalue()


def upload(visitor: httpx.Client, data: bytes, name: str = "a.png") -> dict[str, str]:
    """Upload a file."""
    answer = visitor.post("/gradio_api/upload", files={"files": (name, data)})
    return {"path": answer.json()[0]}


# ---------------------------------------------------------------------------------------- attacks


def name_files(world: World) -> Outcome:
    """Requests name a picture of the server, in any place of any function."""
    missing = world.secret.with_name("missing.png")
    meta = {"meta": {"_type": "gradio.FileData"}}
    tried = told = 0
    with world.visitor() as visitor:
        for number, inputs in functions(world):
            for form in ({}, meta):
                said = []
                for path in (missing, missing, world.secret):
                    data = [{"path": str(path), **form}] * inputs
                    answer = press(visitor, number, data, f"v{number}")
                    said.append(json.dumps(answer).replace(path.name, "NAME"))
                tried += 1
                told += said[0] == said[1] != said[2]
    return told == 0, f"{tried - told} of {tried} say the same as of a file that is not there"


def fetch_files(world: World) -> Outcome:
    """Files of the server are fetched by their paths."""
    path = str(world.secret)
    hidden = [path, f"/proc/self/root{path}", "/etc/passwd", f"{world.temporary}/../..{path}"]
    urls = [f"/gradio_api/file={name}" for name in hidden]
    urls += [f"/gradio_api/file/{name}" for name in hidden]
    urls += [
        f"/gradio_api/file={name.replace('/', '%2f').replace('..', '%2e%2e')}" for name in hidden
    ]
    urls += [
        f"/static/../../..{path}",
        f"/assets/..%2f..%2f..{path}",
        "/gradio_api/proxy=https://a.b/",
    ]
    with world.visitor() as visitor:
        codes = [visitor.get(url).status_code for url in urls]
    refused = sum(code >= 400 for code in codes)
    return refused == len(urls), f"{refused} of {len(urls)} refused"


def other_names(world: World) -> Outcome:
    """A website reaches the page under a name of its own (DNS rebinding)."""
    with world.visitor(Host="evil.example") as visitor:
        codes = {visitor.get(path).status_code for path in ("/", "/config", "/gradio_api/info")}
    return codes == {403}, f"{sorted(codes)}"


def other_websites(world: World) -> Outcome:
    """A website calls the page, uploads, shows it in a frame."""
    with world.visitor(Origin="https://evil.example") as visitor:
        asked = [visitor.get("/config"), visitor.post("/gradio_api/upload", files={"files": b"a"})]
    allowed = sum("access-control-allow-origin" in answer.headers for answer in asked)
    with world.visitor() as visitor:
        policy = visitor.get("/").headers["content-security-policy"]
    frames = policy.partition("frame-ancestors ")[2]
    codes = sorted({answer.status_code for answer in asked})
    held = codes == [403] and not allowed and "evil" not in frames and "*" not in frames
    return held, f"{codes}, frames of {frames}"


def owners_library(world: World) -> Outcome:
    """A visitor looks for the owner's own styles."""
    with world.visitor() as visitor:
        if not world.has_api:
            code = visitor.post("/gradio_api/call/list_styles", json={"data": []}).status_code
            return code in (404, 500), "no such endpoint"
        names = [style["name"] for style in ask(visitor, "list_styles", {})[0]]
    seen = "of-the-owner" in names
    return seen == (world.name == "home"), "shown to the owner" if seen else "not there"


def markup(world: World) -> Outcome:
    """Markup in the name of a style."""
    if not world.has_api:
        return True, "no such endpoint"
    with world.visitor() as visitor:
        content = upload(visitor, picture())
        said = ask(visitor, "stylize", {"content": content, "style": MARKUP})
    return "<img" not in said and "&lt;img" in said, "escaped"


def wrong_calls(world: World) -> Outcome:
    """Calls with values of every wrong kind."""
    wrong: list[Any] = [None, True, -1, 1e308, "a", "https://a.b/c.png", "data:,", [], {}, [[]]]
    with world.visitor() as visitor:
        if world.has_api:
            content = upload(visitor, picture())
            answers = [ask(visitor, "stylize", {"content": content, "style": v}) for v in wrong]
            answers += [ask(visitor, "stylize", {"content": v, "style": "senecio"}) for v in wrong]
            answers += [ask(visitor, "encode_style", {"picture": v}) for v in wrong]
        else:
            ((number, _), *_) = functions(world, "")
            answers = [press(visitor, number, [v], "wrong") for v in wrong]
        alive = visitor.get("/").status_code == 200
    explained = sum(isinstance(answer, str) for answer in answers)
    return alive and explained == len(answers), f"{explained} of {len(answers)} explained"


def large_requests(world: World) -> Outcome:
    """60 MB of JSON, with and without its length."""
    codes = []
    with world.visitor() as visitor:
        for content in (b"[" * 60_000_000, iter([b"[" * 1_000_000] * 60)):
            try:
                codes.append(
                    str(visitor.post("/gradio_api/queue/join", content=content).status_code)
                )
            except httpx.HTTPError:
                codes.append("cut off")
    return not {"200", "500"} & set(codes), ", ".join(codes)


def hostile_pictures(world: World) -> Outcome:
    """Small files that unpack to gigabytes."""
    webp = io.BytesIO()
    Image.new("RGBA", (16, 16)).save(webp, "WEBP", lossless=True)
    data = bytearray(webp.getvalue())
    at = data.index(b"VP8L") + 9
    head = int.from_bytes(data[at : at + 4], "little") >> 28 << 28 | 9899 | 9899 << 14
    data[at : at + 4] = head.to_bytes(4, "little")
    thin = io.BytesIO()
    Image.new("L", (2_490_000, 16)).save(thin, "PNG")
    idle = world.memory_mb("VmRSS")
    with world.visitor() as visitor:
        if world.has_api:
            files = [upload(visitor, bytes(data)), upload(visitor, thin.getvalue())]
            said = [ask(visitor, "encode_style", {"picture": file}) for file in files]
        else:
            ((number, _), *_) = functions(world, "")
            urls = [
                f"data:image/png;base64,{base64.b64encode(b).decode()}"
                for b in (data, thin.getvalue())
            ]
            said = [
                press(visitor, number, [{"drawing": url, "style": "senecio"}], "big")
                for url in urls
            ]
    more = max(0, world.memory_mb("VmHWM") - idle)
    refused = sum(isinstance(answer, str) for answer in said)
    return refused == 2 and more < 1000, f"{refused} of 2 refused, at most {more} MB"


def flood(world: World) -> Outcome:
    """One visitor asks 300 times and fetches nothing; another asks once."""
    number, make = _painting(world)
    with world.visitor() as one, world.visitor(OTHER) as other:
        values = make(one)
        taken = 0
        for _ in range(300):
            body = {"data": values, "fn_index": number, "session_hash": "flood"}
            taken += one.post("/gradio_api/queue/join", json=body).status_code == 200
        start = time.monotonic()
        answer = press(other, number, make(other), "other")
        waited = time.monotonic() - start
    held = taken < 300 and isinstance(answer, list) and waited < 60
    return held, f"{300 - taken} of 300 refused; the other has its picture after {waited:.1f} s"


def _painting(world: World) -> tuple[int, Callable[[httpx.Client], list[Any]]]:
    """A function that paints, and what makes its values."""
    if world.name == "lan":
        url = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"
        ((number, _), *_) = functions(world, "")
        return number, lambda _: [{"drawing": url, "style": "senecio"}]
    config = world.visitor().get("/config").json()
    number = next(d["id"] for d in config["dependencies"] if d["api_name"] == "stylize")
    controls = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0]
    return number, lambda visitor: [upload(visitor, picture()), "senecio", *controls]


def silent_connections(world: World) -> Outcome:
    """450 connections over which nothing comes."""
    port = int(world.url.rpartition(":")[2])
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(450)]
    with world.visitor(OTHER) as other:
        start = time.monotonic()
        answered = other.get("/").status_code == 200
        waited = time.monotonic() - start
    for connection in silent:
        connection.close()
    return answered and waited < 10, f"another visitor is answered after {waited:.1f} s"


def guess_code(world: World) -> Outcome:
    """The teacher's code is guessed 100 times, then given rightly."""
    if world.name != "lan":
        return True, "no class wall"
    with world.visitor() as child, world.visitor(OTHER) as teacher:

        def enter(visitor: httpx.Client, code: str) -> dict[str, str]:
            return dict(visitor.post("/gradio_api/studio/class", json={"code": code}).json())

        said = [enter(child, f"{guess:08}") for guess in range(1, 101)]
        right, free = enter(child, CODE), enter(teacher, CODE)
    waits = sum("Too many" in answer.get("error", "") for answer in said)
    held = waits >= 90 and "error" in right and "pass" in free
    return held, f"{100 - waits} of 100 tried, then refused; the teacher's device is let in"


def log(world: World) -> Outcome:
    """All of this fills the log."""
    size = (world.temporary / "log").stat().st_size
    return size < 200_000, f"{size // 1000} kB"


def outlive(world: World) -> Outcome:
    """The server is killed; its files are looked for, also by its successor's addresses."""
    with world.visitor() as visitor:
        path = upload(visitor, picture(), "of-a-visitor.png")["path"]
    world.process.kill()
    world.process.wait()
    left = Path(path).exists()
    world.process = world.start()
    swept = not Path(path).exists()
    with world.visitor() as visitor:
        code = visitor.get(f"/gradio_api/file={path}").status_code
    world.process.send_signal(signal.SIGTERM)
    world.process.wait(60)
    rest = list(world.temporary.glob("stylize-run-*"))
    held = left and swept and code >= 400 and not rest
    return held, f"swept by the next start, {code}; nothing left after SIGTERM"


ATTACKS = (
    name_files, fetch_files, other_names, other_websites, owners_library, markup, wrong_calls,
    large_requests, hostile_pictures, flood, silent_connections, guess_code, log, outlive,
)  # fmt: skip


def attack(name: str, port: int) -> dict[str, dict[str, Any]]:
    """Start a world and try everything."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        (folder / "tmp").mkdir()
        secret = folder / "of-the-owner.png"
        secret.write_bytes(picture())
        url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
        environment |= SPACE if name == "public" else {}

        def start() -> subprocess.Popen[bytes]:
            with (folder / "tmp" / "log").open("ab") as file:
                command = [sys.executable, "-c", SERVER, name, str(port), base, CODE]
                process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
            try:
                _wait_for(url, process)
            except TimeoutError:
                process.kill()
                raise
            return process

        world = World(name, url, start(), folder / "tmp", secret, start)
        found: dict[str, dict[str, Any]] = {}
        try:
            for each in ATTACKS:
                try:
                    held, came_back = each(world)
                except Exception as error:  # an attack that breaks off has not been held
                    held, came_back = False, f"broke off: {error!r}"
                title = str(each.__doc__).rstrip(".")
                found[title] = {"held": held, "came_back": came_back}
                print(f"{name:7}{'' if held else 'NOT HELD '}{title}: {came_back}", flush=True)
        finally:
            world.process.kill()
            world.process.wait()
            shutil.copy(folder / "tmp" / "log", Path(tempfile.gettempdir()) / f"attack-{name}.log")
    return found


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(url, timeout=20)
            return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise TimeoutError(f"{url} does not answer")


def main() -> None:
    """Attack all worlds, or one."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--world", choices=["home", "lan", "public"])
    parser.add_argument("--port", type=int, default=7950)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    worlds = [options.world] if options.world else ["home", "lan", "public"]
    found = {world: attack(world, options.port) for world in worlds}
    if options.world and options.out and options.out.exists():  # the others stay
        before = json.loads(options.out.read_text(encoding="utf-8"))["worlds"]
        found = before | found
    if options.out:
        result = {"machine": describe_machine("gradio", "onnxruntime", "pillow"), "worlds": found}
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(not item["held"] for items in found.values() for item in items.values()))


if __name__ == "__main__":
    main()
