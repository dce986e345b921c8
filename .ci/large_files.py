"""Keep large files out of the history: only those that models.lock names may be committed.

Without arguments every tracked file is looked at: is each large one named? Files that are given, as
before a commit, must have the hash that is named, too. With ``--write`` the present hashes of all
named files are noted.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "models.lock"
LIMIT_BYTES = 512 * 1024


def problems(names: list[str], *, hashes: bool) -> list[str]:
    """Return what is wrong with files, a line each."""
    known = {entry["file"]: entry for entry in read()}
    found = []
    for name in names:
        path = ROOT / name
        if not path.is_file() or path.stat().st_size <= LIMIT_BYTES:
            continue
        if name not in known:
            found.append(
                f"{name} has {path.stat().st_size // 1024} KiB; from {LIMIT_BYTES // 1024} KiB on "
                "a file must be named in models.lock. See CONTRIBUTING.md."
            )
        elif hashes and known[name]["sha256"] != sha256(path):
            found.append(
                f"{name} is not the one of models.lock. Is this a model to release? Then run "
                "python .ci/large_files.py --write."
            )
    return found


def read() -> list[dict[str, str]]:
    """Return the entries of models.lock."""
    entries: list[dict[str, str]] = tomllib.loads(LOCK.read_text("utf-8"))["file"]
    return entries


def write() -> None:
    """Write models.lock with the present hashes; files that are gone leave it."""
    text = LOCK.read_text("utf-8")
    parts = [text.partition("[[file]]")[0].rstrip() + "\n"]
    for entry in read():
        path = ROOT / entry["file"]
        if path.is_file():
            lines = [f'{key} = "{value}"' for key, value in entry.items() if key != "sha256"]
            parts.append("\n".join(["[[file]]", *lines, f'sha256 = "{sha256(path)}"', ""]))
    LOCK.write_text("\n".join(parts), "utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Check, or write."""
    if sys.argv[1:] == ["--write"]:
        return write()
    names = sys.argv[1:]
    if not names:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
        names = done.stdout.decode().split("\0")  # none outside of a checkout
        found = problems(names, hashes=False)
    else:
        found = problems(names, hashes=True)
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
