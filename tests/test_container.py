"""The container cannot be built here: its steps run in a plain folder, without the network."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from stylize.cli import app
from tests.conftest import TINY_MODEL

yaml = pytest.importorskip("yaml")
pytest.importorskip("hatchling")
pytest.importorskip("gradio")

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
# What ignores SIGHUP, as below nohup, goes on ignoring it.
STUDIO = """import runpy, signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
runpy.run_module("stylize.cli", run_name="__main__", alter_sys=True)"""
pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only in a checkout")


def steps(word: str) -> list[str]:
    """The steps of a kind, lines joined."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text("utf-8"))
    return [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{word} ")]


def options_exist(command: list[str]) -> bool:
    parameters = get_command(app).commands[command[1]].params
    known = {flag for parameter in parameters for flag in parameter.opts}
    return {word.partition("=")[0] for word in command if word.startswith("--")} <= known


def listens(process_id: int, number: int) -> bool:
    """Whether a process has a handler for a signal (Linux)."""
    (caught,) = re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{process_id}/status").read_text())
    return bool(int(caught, 16) >> (number - 1) & 1)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as the container has it: built of what is copied, and of nothing else."""
    folder = tmp_path_factory.mktemp("build")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    for step in steps("COPY"):
        *sources, target = shlex.split(step)
        if sources[0].startswith("--from"):
            continue
        for source in sources:
            assert source.partition("/")[0] in sent, source
            place = folder / target / Path(source).name if target.endswith("/") else folder / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
    (build,) = [step for step in steps("RUN") if "--no-build-isolation" in step]
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", *shlex.split(build.partition("bin/")[2])]
    subprocess.run(
        [*command, "--quiet", "--no-index", "--disable-pip-version-check", "--target", site],
        cwd=folder, check=True,
    )  # fmt: skip
    return site


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only on Linux")
def test_it_serves_is_healthy_and_ends(installed, tmp_path):
    (command,) = [json.loads(step) for step in steps("CMD")]
    assert options_exist(command)
    (health,) = [json.loads(step.partition("CMD ")[2]) for step in steps("HEALTHCHECK")]
    home = tmp_path / "nowhere"  # there is none for the user of the container
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "HOME": str(home),
        "STYLIZE_DATA_DIR": str(tmp_path), "STYLIZE_CACHE_DIR": str(tmp_path / "cache"),
        "STYLIZE_MODEL": str(TINY_MODEL), "TMPDIR": str(tmp_path),
    }  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [word.replace("7860", str(port)) for word in command]
    health = [sys.executable, *(word.replace("7860", str(port)) for word in health[1:])]
    server = subprocess.Popen(
        [sys.executable, "-c", STUDIO, *command[1:]], env=environment, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while subprocess.run(health, env=environment, stderr=subprocess.DEVNULL).returncode:
            with pytest.raises(subprocess.TimeoutExpired):  # it has not ended
                server.wait(0.2)
        while not listens(server.pid, signal.SIGHUP):  # the last one that it begins to listen to
            assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    finally:
        server.kill()
    assert not home.exists()


def test_dependencies_are_pinned_and_enough():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    lines = [
        *project["project"]["dependencies"], *project["build-system"]["requires"],
        *(line for extra in ("studio", "video", "milvus", "metrics") for line in extras[extra]),
    ]  # fmt: skip
    text = (ROOT / "container" / "requirements.lock").read_text("utf-8")
    locked = re.findall(r"^([\w.-]+)==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert {re.match(r"[\w.-]+", line)[0] for line in lines} <= set(locked)
    assert "torch" not in locked
    assert "://" not in text


def test_the_container_runs_as_nobody_special():
    assert steps("USER") == ["10001"]
    assert json.loads(steps("VOLUME")[0]) == ["/data", "/tmp"]


def test_studios_of_the_compose_file():
    text = (ROOT / "compose.yaml").read_text("utf-8")
    services = yaml.safe_load(text)["services"]
    studios = [service for name, service in services.items() if name.startswith("studio")]
    assert len(studios) == 2
    for studio in studios:
        assert options_exist(studio["command"])
        assert studio["read_only"] is True
        assert studio["cap_drop"] == ["ALL"]
        assert studio["depends_on"]["milvus"]["condition"] == "service_healthy"
    nginx = (ROOT / "docs" / "nginx.conf").read_text("utf-8")
    upstream = re.findall(r"server (127\.0\.0\.1:\d+)", nginx)
    assert [port.rpartition(":")[0] for s in studios for port in s["ports"]] == upstream
    assert re.fullmatch(r"milvusdb/milvus:v\d+\.\d+\.\d+", services["milvus"]["image"])
