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


@pytest.fixture(params=["sqlite", "memory"])
def library(request, tmp_path, encoder):
    """An empty library in front of every store: what holds for one must hold for all."""
    path = tmp_path / "data" if request.param == "sqlite" else ":memory:"
    with StyleLibrary.open(path, encoder=encoder, bundled=False) as opened:
        yield opened


@pytest.fixture
def on_disk(tmp_path, encoder):
    with StyleLibrary.open(tmp_path / "data", encoder=encoder, bundled=False) as opened:
        yield opened
