import os
import uuid

import pytest

from stylize.library import StyleLibrary
from tests.fakes import FakeEngine

from .helpers import write_bundle


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No test may see or touch the folders of the person who runs it."""
    monkeypatch.setenv("STYLIZE_DATA_DIR", str(tmp_path / "default-data"))
    monkeypatch.setenv("STYLIZE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def encoder():
    return FakeEngine()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    return write_bundle(tmp_path_factory.mktemp("package") / "styles_library")


@pytest.fixture(scope="session")
def milvus_file(tmp_path_factory):
    """Milvus in this process, kept open: it takes a moment to start.

    On a busy machine it does not answer in time now and then, so it has to be asked for.
    """
    if not os.environ.get("STYLIZE_TEST_MILVUS"):
        pytest.skip("STYLIZE_TEST_MILVUS=1 tests the library on Milvus")
    pytest.importorskip("milvus_lite")
    pymilvus = pytest.importorskip("pymilvus")
    path = tmp_path_factory.mktemp("milvus") / "styles.db"
    client = pymilvus.MilvusClient(str(path))
    yield path
    client.close()


@pytest.fixture
def milvus_url(milvus_file):
    """A collection that nobody else uses."""
    return f"milvus://{milvus_file}#styles_{uuid.uuid4().hex}"


@pytest.fixture
def milvus_with_originals(milvus_file):
    """A collection that keeps its pictures in a store of their own."""
    pytest.importorskip("fsspec")
    name = uuid.uuid4().hex
    return f"milvus://{milvus_file}?originals=memory://{name}#styles_{name}"


@pytest.fixture(params=["sqlite", "memory", "milvus", "milvus_with_originals"])
def library(request, tmp_path, encoder):
    """An empty library in front of every store: what holds for one must hold for all."""
    if request.param == "milvus":
        path = request.getfixturevalue("milvus_url")
    elif request.param == "milvus_with_originals":
        path = request.getfixturevalue("milvus_with_originals")
    else:
        path = tmp_path / "data" if request.param == "sqlite" else ":memory:"
    with StyleLibrary.open(path, encoder=encoder, bundled=False) as opened:
        yield opened


@pytest.fixture
def on_disk(tmp_path, encoder):
    with StyleLibrary.open(tmp_path / "data", encoder=encoder, bundled=False) as opened:
        yield opened
