"""The bundled styles: read-only, found beside the user's own, encoded once per encoder."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.cache import CACHE_VARIABLE
from stylize.errors import LibraryError, ModelFileError, StyleExistsError
from stylize.library import StyleLibrary, bundled
from stylize.library.opening import DATA_VARIABLE
from stylize.library.records import check_name
from tests.fakes import FakeEngine

from .helpers import picture, write_bundle


@pytest.fixture
def both(tmp_path, encoder, bundle):
    with StyleLibrary.open(tmp_path / "data", encoder=encoder, bundled=bundle) as library:
        yield library


@pytest.fixture(autouse=True)
def _forget_loaded(monkeypatch):
    monkeypatch.setattr(bundled, "_loaded", {})


def test_the_shipped_credits_are_complete():
    folder = bundled.bundled_folder()
    credits = json.loads((folder / "styles.json").read_text(encoding="utf-8"))
    assert len(credits) >= 30
    assert {f"{c['name']}.jpg" for c in credits} == {p.name for p in folder.glob("*.jpg")}
    for credit in credits:
        check_name(credit["name"])
        assert all(credit[key] for key in ("title", "artist", "year", "movement", "source", "tags"))
        assert credit["license"] in ("Public domain", "CC0 1.0")
        with Image.open(folder / f"{credit['name']}.jpg") as image:
            assert 500 <= max(image.size) <= 768
    assert sum(path.stat().st_size for path in folder.glob("*.jpg")) < 8e6


def test_the_shipped_vectors_are_those_of_the_shipped_model():
    path = bundled.bundled_folder() / bundled.VECTORS_FILE
    if not path.exists():
        pytest.skip("the vectors are computed at first use")
    from stylize.engine import Engine

    try:
        engine = Engine()
    except ModelFileError:
        pytest.skip("there is no model")
    text = (path.parent / "styles.json").read_text(encoding="utf-8")
    identity = bundled._identity(engine, text)
    assert bundled._read_details(path, identity), "run benchmarks/encode_bundled.py"


def test_crops_find_their_painting_with_the_shipped_model():
    """On paintings that the measure knows, in views that it does not."""
    from stylize.engine import Engine

    try:
        library = StyleLibrary.in_memory(encoder=Engine(threads=1))
    except ModelFileError:
        pytest.skip("there is no model")
    missed = []
    for name in library.names():
        image = library.original(name)
        width, height = image.size
        crop = image.crop((width // 5, height // 5, width * 4 // 5, height * 4 // 5))
        if (found := library.search(crop, 1)[0].record.name) != name:
            missed.append((name, found))
    assert len(missed) <= 0.05 * len(library), missed


def test_bundled_styles_come_first(both):
    both.add("a-style", picture(1))
    assert both.names() == ["bundled-0", "bundled-1", "bundled-2", "a-style"]
    assert both.names(bundled=True) == ["bundled-0", "bundled-1", "bundled-2"]
    assert both.names(bundled=False) == ["a-style"]
    record = both.get("bundled-1")
    assert (record.bundled, record.year, record.artist) == (True, "c. 1881", "Ada Cézanne")
    assert record.has_original
    assert both.original("bundled-1").size == (96, 80)
    assert both.names(text="cezanne 1882") == ["bundled-2"]


def test_search_covers_both(both):
    both.add("mine", picture(5))
    assert {m.record.name for m in both.search(picture(5), 4)} == set(both.names())
    assert both.search(picture(1001), 1)[0].record.name == "bundled-1"
    assert [m.record.name for m in both.search(picture(1001), 4, bundled=False)] == ["mine"]
    assert len(both.search_palette(["red"], 2)) == 2
    both.blend({"mine": 1, "bundled-0": 1})


def test_bundled_styles_cannot_be_changed(both):
    for change in (
        lambda: both.add("bundled-0", picture(1)),
        lambda: both.add("bundled-0", picture(1), replace=True),
        lambda: both.add_vector("bundled-0", both.get("bundled-1").vector, replace=True),
        lambda: both.update("bundled-0", title="x"),
        lambda: both.remove("bundled-0"),
    ):
        with pytest.raises(StyleExistsError, match="bundled style, which cannot be changed"):
            change()
    both.add("mine", picture(1))
    with pytest.raises(StyleExistsError):
        both.update("mine", new_name="bundled-0")


@pytest.mark.parametrize("own_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_pages_go_over_both_stores(both, own_first, limit):
    both.add("a-style", picture(5))
    both.add("b-style", picture(6))
    whole = [record.name for record in both.list(own_first=own_first)]
    assert whole == (both.names()[3:] + both.names()[:3] if own_first else both.names())
    pages, after = [], ""
    while page := both.list(limit=limit, after=after, own_first=own_first):
        assert len(page) <= limit
        pages += [record.name for record in page]
        after = pages[-1]
    assert pages == whole
    # What was the last of a page may be gone when the next one is asked for.
    both.remove("a-style")
    rest = [r.name for r in both.list(after="a-style", own_first=own_first)]
    assert rest == whole[whole.index("a-style") + 1 :]


def test_the_users_own_style_wins_over_a_later_bundled_one(tmp_path, encoder, bundle):
    with StyleLibrary.open(tmp_path / "data", encoder=encoder, bundled=False) as library:
        library.add("bundled-0", picture(7), title="Mine")
    with StyleLibrary.open(tmp_path / "data", encoder=encoder, bundled=bundle) as library:
        assert library.get("bundled-0").title == "Mine"
        assert library.names() == ["bundled-0", "bundled-1", "bundled-2"]
        assert library.list(limit=1)[0].title == "Mine"
        assert library.count() == 3
        assert sorted(library.points()[0]) == library.names()
        own_first = [record.name for record in library.list(own_first=True)]
        assert own_first == ["bundled-0", "bundled-1", "bundled-2"]
        assert [r.name for r in library.list(after="bundled-0", own_first=True)] == own_first[1:]
        matches = library.search(picture(7), 5)
        assert [m.record.name for m in matches].count("bundled-0") == 1
        assert matches[0].record.title == "Mine"


def test_encoded_once_then_cached(tmp_path, bundle, monkeypatch):
    first = FakeEngine()
    library = StyleLibrary.in_memory(encoder=first, bundled=bundle)
    assert first.encoded == 3 * 5
    StyleLibrary.in_memory(encoder=first, bundled=bundle)
    assert first.encoded == 3 * 5  # shared within the process
    bundled._loaded.clear()
    second = FakeEngine()
    again = StyleLibrary.in_memory(encoder=second, bundled=bundle)
    assert second.encoded == 0  # read from the cache folder
    assert again.list() == library.list()
    np.testing.assert_array_equal(again.points()[1], library.points()[1])
    other = FakeEngine(1)
    StyleLibrary.in_memory(encoder=other, bundled=bundle)
    assert other.encoded == 3 * 5


def test_tunings_are_shipped_as_the_last_part_of_the_vectors(tmp_path):
    folder, tunings = write_bundle(tmp_path / "package"), tmp_path / "tunings"
    tunings.mkdir()
    np.save(tunings / "bundled-1.npy", np.array([9, -8], np.float32))
    bundled.build_vectors(FakeEngine(), folder, tunings=tunings)
    library = StyleLibrary.in_memory(encoder=FakeEngine(), bundled=folder)
    plain, tuned = (
        FakeEngine().encode_style(library.original(f"bundled-{index}")).values for index in (0, 1)
    )
    found = [library.get(f"bundled-{index}").vector.values for index in (0, 1)]
    np.testing.assert_allclose(found[0], plain, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found[1], [*tuned[:-2], 9, -8], rtol=1e-3, atol=1e-6)


def test_shipped_vectors_are_used_if_they_fit(tmp_path):
    folder = write_bundle(tmp_path / "package")
    path = bundled.build_vectors(FakeEngine(), folder)
    assert path.name == "vectors.npz"
    fitting = FakeEngine()
    library = StyleLibrary.in_memory(encoder=fitting, bundled=folder)
    assert fitting.encoded == 0
    whole = FakeEngine().encode_style(library.original("bundled-0"))
    found = library.get("bundled-0").vector.values
    np.testing.assert_allclose(found, whole.values, rtol=1e-3, atol=1e-6)
    newer = FakeEngine(3)
    StyleLibrary.in_memory(encoder=newer, bundled=folder)
    assert newer.encoded == 15


def test_a_damaged_cache_is_made_again(tmp_path, bundle):
    StyleLibrary.in_memory(encoder=FakeEngine(), bundled=bundle)
    (cache,) = (tmp_path / "cache").iterdir()
    cache.write_bytes(cache.read_bytes()[:100])
    bundled._loaded.clear()
    encoder = FakeEngine()
    StyleLibrary.in_memory(encoder=encoder, bundled=bundle)
    assert encoder.encoded == 15


def test_works_without_a_cache_folder(tmp_path, bundle, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STYLIZE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert len(StyleLibrary.in_memory(encoder=FakeEngine(), bundled=bundle)) == 3


def test_works_without_a_home_folder(bundle, monkeypatch):
    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # as for users of some containers
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", CACHE_VARIABLE, DATA_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    encoder = FakeEngine()
    library = StyleLibrary.open(encoder=encoder, bundled=bundle)
    assert len(library) == 3
    with pytest.raises(LibraryError, match=DATA_VARIABLE):
        library.add_vector("mine", library.get(library.names()[0]).vector)


def test_missing_pictures_are_reported(tmp_path, encoder):
    with pytest.raises(LibraryError, match="Install the package again"):
        StyleLibrary.in_memory(encoder=encoder, bundled=tmp_path / "nowhere")


def test_visits_do_not_see_each_other(encoder, bundle):
    one = StyleLibrary.in_memory(encoder=encoder, bundled=bundle)
    two = StyleLibrary.in_memory(encoder=encoder, bundled=bundle)
    one.add("mine", picture(1))
    assert "mine" not in two
    assert len(two) == 3


def test_crops_find_their_painting(tmp_path, encoder):
    """The measure learns from the bundled styles and serves for others too."""
    folder = write_bundle(tmp_path / "package", 12)
    library = StyleLibrary.in_memory(encoder=encoder, bundled=folder)
    paintings = [picture(i, (160, 160)) for i in range(30)]
    for i, painting in enumerate(paintings):
        library.add(f"style-{i}", painting)
    found = [
        library.search(painting.crop((20, 30, 120, 130)), 1)[0].record.name
        for painting in paintings
    ]
    hits = sum(name == f"style-{i}" for i, name in enumerate(found))
    assert hits >= 0.9 * len(paintings), found


def test_package_folder_is_preferred(tmp_path, monkeypatch):
    package = tmp_path / "stylize"
    (package / "bundled_styles").mkdir(parents=True)
    monkeypatch.setattr(bundled, "PACKAGE", package)
    assert bundled.bundled_folder() == package / "bundled_styles"
    (package / "bundled_styles").rmdir()
    assert bundled.bundled_folder() == Path(tmp_path / "styles_library")
