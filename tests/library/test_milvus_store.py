"""What is Milvus's own; what holds for every store is in test_protocol.py."""

import json
import socket

import numpy as np
import pytest

from stylize.errors import LibraryError, StyleExistsError
from stylize.library import Entry, StyleFilter, StyleLibrary, StyleRecord
from stylize.library.copying import copy_styles
from stylize.library.measure import Measure
from stylize.library.milvus_rows import CHUNK_CHARACTERS, chunks_of
from stylize.library.milvus_store import Address, MilvusStore
from stylize.library.sqlite_store import SqliteStore
from stylize.styles import StyleVector
from tests.fakes import DIMENSION, ENCODER

from .helpers import picture

MEASURE = Measure(ENCODER, DIMENSION)


@pytest.fixture
def store(milvus_url):
    store = MilvusStore(milvus_url, MEASURE)
    yield store
    store.close()


def entry(name, seed=0, original=None, **about):
    values = np.random.default_rng(seed).random(DIMENSION).astype(np.float32)
    return Entry(StyleRecord(name, StyleVector(values, ENCODER), **about), original)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("milvus://host:19531/art", Address("http://host:19531", "art", "host", 19531)),
        ("milvus+https://host/art", Address("https://host:19530", "art", "host", 19530)),
        ("milvus:///data/a%20b.db", Address("/data/a b.db", "styles")),
        ("milvus:///data/a.db#mine", Address("/data/a.db", "mine")),
        (
            "milvus://host/art?originals=s3://bucket/art/",
            Address("http://host:19530", "art", "host", 19530, "s3://bucket/art"),
        ),
        (
            "milvus:///data/a.db?originals=/pictures#mine",
            Address("/data/a.db", "mine", originals="/pictures"),
        ),
    ],
)
def test_addresses(url, expected):
    assert Address.read(url) == expected


@pytest.mark.parametrize(
    "url",
    ["milvus://host", "milvus://host/a-b", "milvus://host:x/a", "milvus:///data/a", "http://h/a"],
)
def test_addresses_of_nothing(url):
    with pytest.raises(LibraryError, match="names no library"):
        Address.read(url)


def test_options_that_are_not_known():
    with pytest.raises(LibraryError, match=r"there is \?originals=URL"):
        Address.read("milvus://host/art?pictures=/pictures")


def test_a_server_that_is_not_there():
    pytest.importorskip("pymilvus")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LibraryError, match=f"No library answers at 127.0.0.1:{port} within 10 s"):
        MilvusStore(f"milvus://127.0.0.1:{port}/styles", MEASURE)
    with pytest.raises(LibraryError, match="There is no folder /no/such"):
        MilvusStore("milvus:///no/such/file.db", MEASURE)


def test_a_library_of_another_encoder_is_only_read(store, milvus_url):
    store.put([entry("one")])
    other = Measure("f" * 64, DIMENSION)
    with pytest.raises(LibraryError, match=r"another style encoder\. Copy it"):
        MilvusStore(milvus_url, other)
    old = MilvusStore(milvus_url, other, read_only=True)
    assert old.get("one").stale
    query = StyleVector(np.ones(DIMENSION, np.float32), "f" * 64)
    assert old.nearest(query, 3, StyleFilter()) == []
    with pytest.raises(LibraryError, match="can only be read"):
        old.remove("one")


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("", "holds no styles"),
        ("[]", "holds no styles"),
        (
            json.dumps(
                {"format": "stylize-library", "version": 9, "encoder_sha256": "", "measure": ""}
            ),
            "has version 9 of its format, this program knows 1",
        ),
    ],
)
def test_other_collections_are_refused(store, milvus_url, description, message):
    row = {"key": "#about", "data": description, "point": [0.0, 0.0]}
    store._client.upsert(f"{Address.read(milvus_url).collection}_originals", row)
    with pytest.raises(LibraryError, match=message):
        MilvusStore(milvus_url, MEASURE)


def test_what_is_not_there_cannot_be_read_only(milvus_url):
    with pytest.raises(LibraryError, match="There is no library at"):
        MilvusStore(milvus_url, MEASURE, read_only=True)


def test_one_studio_sees_what_another_changed(store, milvus_url):
    """In one process at once; between machines after a moment, which docs/scaling.md tells."""
    other = MilvusStore(milvus_url, MEASURE)
    other.put([entry("one")])
    assert store.find(StyleFilter()) == ["one"]
    store.remove("one")
    assert other.get("one") is None


def test_tags_that_others_give_are_seen_after_a_while(milvus_url):
    now = [0.0]
    store = MilvusStore(milvus_url, MEASURE, clock=lambda: now[0])
    other = MilvusStore(milvus_url, MEASURE)
    assert store.tags(9) == []
    other.put([entry("one", tags=("sea",))])
    assert store.tags(9) == []
    now[0] = 30.0
    assert store.tags(9) == [("sea", 1)]
    other.close()


def test_tags_counted_during_a_change_are_counted_anew(store, monkeypatch):
    upsert = store._client.upsert

    def count_first(*arguments, **options):
        store.tags(9)  # as a visitor would
        return upsert(*arguments, **options)

    monkeypatch.setattr(store._client, "upsert", count_first)
    store.put([entry("one", tags=("sea",))])
    assert store.tags(9) == [("sea", 1)]


def test_large_pictures_come_back_and_leave_nothing(store):
    original = np.random.default_rng(0).bytes(CHUNK_CHARACTERS * 2)
    assert len(chunks_of(original)) == 3
    store.put([entry("one", original=original), entry("two", 1, original=b"small")])
    assert store.original("one") == original
    assert store.original("two") == b"small"
    store.put([entry("one", original=original[:9])], replace=True)
    assert store.original("one") == original[:9]
    store.update("one", {"name": "three"})
    assert (store.original("one"), store.original("three")) == (None, original[:9])
    store.remove("three")
    store.remove("two")
    assert [row["key"] for row in store._query("", ["key"], 10, True)] == ["#about"]


def test_what_is_stopped_midway_is_taken_back(store, monkeypatch):
    store.put([entry("one", title="before")])
    upsert = store._client.upsert

    def fail(collection, rows, **options):
        upsert(collection, rows[:1], **options)
        raise ConnectionError("cut off")

    monkeypatch.setattr(store._client, "upsert", fail)
    with pytest.raises(LibraryError, match="does not answer: cut off"):
        store.put([entry("two", original=b"x"), entry("three")])
    assert store.find(StyleFilter()) == ["one"]
    assert [row["key"] for row in store._query("", ["key"], 10, True)] == ["#about"]


@pytest.mark.parametrize("word", ['"', "'", "100%", "a_b", "\\", "{x}", "日本", "or", "%"])
def test_words_of_any_signs_are_found(store, word):
    store.put([entry("one", title=f"x {word} y"), entry("two", title="10 aab")])
    assert store.find(StyleFilter(text=word)) == (["one"])
    assert store.count(StyleFilter(text=word, artist='"')) == 0


def test_pages_of_many(store):
    names = [f"s-{i:04}" for i in range(1203)]
    store.put([entry(name, i) for i, name in enumerate(names)])
    assert store.find(StyleFilter()) == names
    assert store.find(StyleFilter(), after="s-0500", limit=3) == names[501:504]
    assert store.count(StyleFilter()) == len(names)
    assert [name for name, _ in store.nearest(entry("", 7).record.vector, 1, StyleFilter())] == [
        "s-0007"
    ]


def test_copies_there_and_back(tmp_path, encoder, milvus_url):
    with StyleLibrary.open(tmp_path / "a", encoder=encoder, bundled=False) as library:
        for i in range(3):
            library.add(f"style-{i}", picture(i), title=f"Title {i}", tags=["b", "a"])
        library.add("no-original", picture(3), keep_original=False)
        library.add_vector("mix", library.blend({"style-0": 1, "style-1": 2}))
        source = library.store
        target = MilvusStore(milvus_url, library.measure)
        target.put([entry("own", 5)])
        report = copy_styles(source, target)
        assert (report.copied, report.known) == (5, 0)
        assert copy_styles(source, target) == type(report)(0, 5)
        target.remove("own")
        back = SqliteStore(tmp_path / "b.sqlite3", library.measure)
        target.remove("style-1")
        assert copy_styles(source, target) == type(report)(1, 4)  # goes on
        assert copy_styles(target, back).copied == 5
        assert [back.get(name) for name in library.names()] == library.list()
        assert back.original("style-2") == source.original("style-2")

        target.update("style-0", {"title": "Another"})
        with pytest.raises(StyleExistsError, match='"style-0" is another style over there'):
            copy_styles(source, target)
        assert copy_styles(source, target, replace=True).copied == 1
        assert target.get("style-0").title == "Title 0"
        back.close()


def test_a_copy_that_is_not_what_it_was_is_told(tmp_path, monkeypatch):
    stores = [SqliteStore(tmp_path / f"{name}.sqlite3", MEASURE) for name in "ab"]
    stores[0].put([entry("one", original=b"picture")])
    monkeypatch.setattr(stores[1], "original", lambda name: b"pictures")
    with pytest.raises(LibraryError, match='"one" is not what it was'):
        copy_styles(*stores)
    for store in stores:
        store.close()


# ------------------------------------------------------------------------------------- a server


@pytest.fixture
def server_url(milvus_file, tmp_path):
    """milvus-lite, spoken to over the network as a Milvus server is."""
    server = pytest.importorskip("milvus_lite.adapter.grpc.server")
    running, database, port = server.start_server_in_thread(str(tmp_path / "server"))
    yield f"milvus://127.0.0.1:{port}/art"
    running.stop(grace=None).wait()
    database.close()


def test_two_studios_share_a_server(server_url, tmp_path):
    own = SqliteStore(tmp_path / "own.sqlite3", MEASURE)
    own.put([entry(f"style-{n:03}", n, bytes([n]) * 100_000, tags=("sea",)) for n in range(30)])
    one, other = MilvusStore(server_url, MEASURE), MilvusStore(server_url, MEASURE)
    assert copy_styles(own, one).copied == 30
    assert copy_styles(other, own).known == 30
    vector = own.get("style-007").vector
    assert other.nearest(vector, 1, StyleFilter(tags=("sea",)))[0][0] == "style-007"
    other.remove("style-007")
    assert one.get("style-007") is None
    with pytest.raises(StyleExistsError):
        one.put([entry("style-008")])
    one.close()
    other.close()
    own.close()


# -------------------------------------------------------------------- pictures in another store


@pytest.fixture
def pictures(tmp_path):
    return tmp_path / "pictures"


@pytest.fixture
def kept(milvus_url, pictures):
    pytest.importorskip("fsspec")
    here, _, collection = milvus_url.partition("#")
    store = MilvusStore(f"{here}?originals={pictures}#{collection}", MEASURE)
    yield store
    store.close()


def files_in(pictures):
    return sorted(path.read_bytes() for path in pictures.iterdir())


def test_pictures_lie_in_the_store_as_they_are(kept, milvus_url, pictures):
    large = bytes(range(256)) * 1000
    kept.put([entry("one", original=large), entry("two", original=b"2"), entry("three")])
    assert files_in(pictures) == sorted([large, b"2"])
    other = MilvusStore(milvus_url, MEASURE)  # it is noted in the collection
    assert [other.original(name) for name in ("one", "two", "three", "no")] == [
        large, b"2", None, None,
    ]  # fmt: skip
    kept.update("one", {"name": "first", "title": "First"})
    assert other.original("first") == large
    kept.put([entry("two", original=b"new")], replace=True)
    assert other.original("two") == b"new"
    assert files_in(pictures) == sorted([large, b"new"])
    kept.remove("first")
    kept.put([entry("two")], replace=True)
    assert files_in(pictures) == []


def test_what_fails_leaves_no_picture(kept, pictures, monkeypatch):
    kept.put([entry("old", original=b"old")])

    def fail(*_, **__):
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(kept._client, "upsert", fail)
        with pytest.raises(LibraryError, match="gone"):
            kept.put([entry("new", original=b"new")])
    assert files_in(pictures) == [b"old"]
    with pytest.raises(StyleExistsError):
        kept.put([entry("old", original=b"other")])
    assert files_in(pictures) == [b"old"]
    assert kept.find(StyleFilter()) == ["old"]


def test_a_store_that_cannot_be_written_to_makes_no_library(milvus_url, pictures):
    pytest.importorskip("fsspec")
    pictures.touch()
    here, _, collection = milvus_url.partition("#")
    with pytest.raises(LibraryError, match="cannot be written to"):
        MilvusStore(f"{here}?originals={pictures}#{collection}", MEASURE)
    with pytest.raises(LibraryError, match="There is no library"):
        MilvusStore(milvus_url, MEASURE, read_only=True)


def test_pictures_do_not_move(kept):
    here, _, collection = kept._url.partition("#")
    with pytest.raises(LibraryError, match=r"keeps its pictures in .*pictures\. Leave"):
        MilvusStore(f"{here}x#{collection}", MEASURE)


def test_a_library_in_milvus_alone_does_not_move_its_pictures(store, milvus_url, tmp_path):
    here, _, collection = milvus_url.partition("#")
    with pytest.raises(LibraryError, match="keeps its pictures in Milvus itself"):
        MilvusStore(f"{here}?originals={tmp_path}#{collection}", MEASURE)


def test_a_copy_is_looked_at_with_its_pictures(kept, tmp_path, pictures):
    own = SqliteStore(tmp_path / "own.sqlite3", MEASURE)
    own.put([entry("one", 1, b"picture"), entry("two", 2)])
    assert copy_styles(own, kept).copied == 2
    assert copy_styles(own, kept).known == 2
    (file,) = pictures.iterdir()
    file.write_bytes(b"damaged")
    with pytest.raises(LibraryError, match="damaged"):
        copy_styles(own, kept)
    own.close()
