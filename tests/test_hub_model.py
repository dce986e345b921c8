"""Which model is used: pinned, checked, and every mistake explained."""

import hashlib

import huggingface_hub
import pytest

from stylize.errors import ModelFileError
from stylize.hub_model import VARIABLE, model_folder

REVISION = "ab" * 20
MODEL_JSON = b'{"name": "mine"}'
SHA256 = hashlib.sha256(MODEL_JSON).hexdigest()
SPEC = f"someone/model@{REVISION}#{SHA256}"
FILES = {
    "model.json": MODEL_JSON,
    "paint.int8.onnx": b"a graph",
    "README.md": b"not needed",
    "sub/evil.onnx": b"not a part of a model",
}


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """A Hub with one repository; returns what was asked of it."""
    asked = []

    def list_repo_files(repo, *, revision):
        asked.append((repo, revision, "list"))
        return list(FILES)

    def hf_hub_download(repo, name, *, revision):
        asked.append((repo, revision, name))
        (tmp_path / name).write_bytes(FILES[name])
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "list_repo_files", list_repo_files)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hf_hub_download)
    return asked


def test_without_the_variable_the_bundled_model_is_used(monkeypatch, asked):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert model_folder() is None
    assert asked == []


def test_a_folder_is_taken_as_it_is(monkeypatch, asked, tmp_path):
    assert model_folder(str(tmp_path)) == tmp_path
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert model_folder() == tmp_path
    assert asked == []


def test_the_variable_names_the_model(monkeypatch, asked, tmp_path):
    monkeypatch.setenv(VARIABLE, SPEC)
    assert model_folder() == tmp_path
    assert asked


def test_only_the_model_is_fetched_and_only_at_the_pinned_revision(asked, tmp_path):
    assert model_folder(SPEC) == tmp_path
    assert {(repo, revision) for repo, revision, _ in asked} == {("someone/model", REVISION)}
    assert {name for *_, name in asked} == {"list", "model.json", "paint.int8.onnx"}


def test_another_model_json_is_refused(asked):
    wrong = "0" * 64
    with pytest.raises(ModelFileError, match="not the expected one") as caught:
        model_folder(f"someone/model@{REVISION}#{wrong}")
    assert SHA256[:12] in str(caught.value)
    assert wrong[:12] in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        "someone/model",
        f"someone/model@{REVISION}",
        f"someone/model@main#{SHA256}",
        f"someone/model@{REVISION[:12]}#{SHA256}",
        f"someone/model@{REVISION}#{SHA256[:-1]}",
        f"model@{REVISION}#{SHA256}",
        f"some one/model@{REVISION}#{SHA256}",
        f"../model/x@{REVISION}#{SHA256}",
        f"{SPEC}\n",
        "no/such/folder",
        "x" * 5000,
        " ",
    ],
)
def test_a_malformed_variable_is_explained_before_anything_is_fetched(asked, spec):
    with pytest.raises(ModelFileError, match="look like user/repo@"):
        model_folder(spec)
    assert asked == []


def test_a_hub_out_of_reach_is_explained(monkeypatch):
    def list_repo_files(repo, *, revision):
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "list_repo_files", list_repo_files)
    with pytest.raises(ModelFileError, match="cannot be downloaded \\(no route\\)"):
        model_folder(SPEC)
