"""The check that keeps large files out of the history."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "large_files.py"

pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="only in a checkout")


@pytest.fixture
def checker(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("large_files", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "LOCK", tmp_path / "models.lock")
    monkeypatch.setattr(module, "LIMIT_BYTES", 10)
    (tmp_path / "models.lock").write_text(
        '# Large files.\n\n[[file]]\nfile = "model.onnx"\nfrom = "training"\nsha256 = "old"\n'
    )
    (tmp_path / "model.onnx").write_bytes(b"a model of some size")
    (tmp_path / "other.bin").write_bytes(b"another large file")
    (tmp_path / "small.py").write_bytes(b"pass")
    return module


def test_large_files_must_be_named(checker):
    names = ["model.onnx", "other.bin", "small.py", "gone.bin", ""]
    (problem,) = checker.problems(names, hashes=False)
    assert problem.startswith("other.bin has 0 KiB")
    assert "models.lock" in problem


def test_before_a_commit_the_hash_must_be_the_named_one(checker):
    (problem,) = checker.problems(["model.onnx"], hashes=True)
    assert "--write" in problem
    checker.write()
    assert checker.problems(["model.onnx"], hashes=True) == []
    text = checker.LOCK.read_text()
    assert text.startswith('# Large files.\n\n[[file]]\nfile = "model.onnx"\nfrom = "training"\n')
    checker.write()
    assert checker.LOCK.read_text() == text


def test_files_that_are_gone_leave_the_list(checker, tmp_path):
    (tmp_path / "model.onnx").unlink()
    checker.LOCK.write_text(
        checker.LOCK.read_text() + '\n[[file]]\nfile = "other.bin"\nsha256 = ""\n'
    )
    checker.write()
    assert [entry["file"] for entry in checker.read()] == ["other.bin"]


def test_what_the_lock_names_is_there():
    spec = importlib.util.spec_from_file_location("large_files", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert {"file", "from", "sha256"} == set().union(*module.read())
    assert all((module.ROOT / entry["file"]).is_file() for entry in module.read())
