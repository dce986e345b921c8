"""What every store must do, seen through the library in front of it."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from stylize.errors import (
    ControlError,
    ImageError,
    LibraryError,
    StyleExistsError,
    StyleNotFoundError,
    StyleVectorError,
)
from stylize.library import Entry, StyleFilter, StyleRecord
from stylize.styles import StyleVector, blend
from tests.fakes import DIMENSION, FakeEngine

from .helpers import picture


def fill(library, count=6):
    for i in range(count):
        library.add(
            f"style-{i}", picture(i), title=f"Title {i}", artist="Émile Dürer" if i % 2 else "Bo",
            year=str(1900 + i), movement="Op Art", tags=["even"] if i % 2 == 0 else ["odd", "x"],
        )  # fmt: skip


def test_a_new_library_is_empty(library):
    assert library.names() == []
    assert library.list() == []
    assert len(library) == 0
    assert library.search(picture(0)) == []
    assert library.search_palette(["red"]) == []


def test_add_keeps_everything(library, encoder):
    about = {
        "title": "Nuit étoilée", "artist": "Ann", "year": "c. 1831", "movement": "Ukiyo-e",
        "license": "CC0", "source": "here", "notes": "two\nlines",
    }  # fmt: skip
    added = library.add("nuit", picture(1), tags=["Sea", "blue", "sea "], **about)
    got = library.get("nuit")
    assert got == added
    assert {key: getattr(got, key) for key in about} == about
    assert got.tags == ("blue", "sea")
    assert got.vector == encoder.encode_style(picture(1))
    assert got.created_at == got.updated_at != ""
    assert (got.bundled, got.stale, got.has_original) == (False, False, True)
    with Image.open(io.BytesIO(got.thumbnail)) as thumbnail:
        assert thumbnail.format == "WEBP"
        assert thumbnail.size == (96, 80)
    assert library.original("nuit").size == (96, 80)
    assert "nuit" in library
    assert "night" not in library


def test_large_pictures_get_small_thumbnails(library):
    record = library.add("large", picture(2, (1500, 600)))
    with Image.open(io.BytesIO(record.thumbnail)) as thumbnail:
        assert max(thumbnail.size) == 256
    assert max(library.original("large").size) == 1024


def test_original_can_be_left_out(library):
    record = library.add("private", picture(3), keep_original=False)
    assert not record.has_original
    assert not library.get("private").has_original
    assert library.original("private") is None


def test_a_name_is_taken_once(library):
    library.add("one", picture(0), title="first")
    with pytest.raises(StyleExistsError, match=r'"one" already.*replace'):
        library.add("one", picture(1))
    assert library.get("one").title == "first"
    library.add("one", picture(1), title="second", replace=True)
    assert library.get("one").title == "second"
    assert library.names() == ["one"]
    assert library.search(picture(1), 1)[0].similarity == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["", "Upper", "a b", "-a", "a--b", "é", "a/../b", "x" * 65, "a\n"])
def test_unusable_names_are_refused(library, name):
    with pytest.raises(LibraryError, match="cannot be the name"):
        library.add(name, picture(0))


def test_unknown_names_suggest_close_ones(library):
    library.add("great-wave", picture(0))
    with pytest.raises(StyleNotFoundError, match="Did you mean great-wave"):
        library.get("great-wabe")
    with pytest.raises(StyleNotFoundError):
        library.remove("great-wabe")
    with pytest.raises(StyleNotFoundError):
        library.update("great-wabe", title="x")


@pytest.mark.parametrize("name", ["", "../x", "a\0b", "\udcff"])
def test_what_cannot_be_a_name_is_not_found(library, name):
    assert name not in library
    with pytest.raises(StyleNotFoundError):
        library.get(name)
    with pytest.raises(StyleNotFoundError):
        library.original_bytes(name)


def test_changes_may_depend_on_what_was_there(library, encoder):
    before = library.add("one", picture(0))
    other = encoder.encode_style(picture(1))
    library.store.update("one", {"vector": other}, made_from=encoder.encode_style(picture(2)))
    assert library.get("one").vector == before.vector
    library.store.update("one", {"vector": other}, made_from=before.vector)
    assert library.get("one").vector == other


def test_update_changes_only_what_is_given(library):
    before = library.add("one", picture(0), title="old", artist="Ann", tags=["a"])
    after = library.update("one", title="new", tags=["b", "c"])
    assert (after.title, after.artist, after.tags) == ("new", "Ann", ("b", "c"))
    assert after.vector == before.vector
    assert after.thumbnail == before.thumbnail
    assert after.created_at == before.created_at
    assert library.names(text="new") == ["one"]
    assert library.names(text="old") == []
    with pytest.raises(TypeError, match="vector"):
        library.update("one", vector=before.vector)


def test_rename(library):
    fill(library, 2)
    assert library.update("style-0", new_name="better").name == "better"
    assert library.names() == ["better", "style-1"]
    assert "style-0" not in library
    assert library.original("better") is not None
    with pytest.raises(StyleExistsError):
        library.update("better", new_name="style-1")
    library.add("style-0", picture(5))  # the old name is free again
    assert library.names() == ["better", "style-0", "style-1"]


def test_remove(library):
    fill(library, 3)
    library.remove("style-1")
    assert library.names() == ["style-0", "style-2"]
    assert all(match.record.name != "style-1" for match in library.search(picture(1)))
    library.add("style-1", picture(1))
    assert library.search(picture(1), 1)[0].record.name == "style-1"


def test_list_pages(library):
    fill(library)
    assert [r.name for r in library.list(limit=2, after="style-2")] == ["style-3", "style-4"]
    assert [r.name for r in library.list(limit=2, after="style-2-gone")] == ["style-3", "style-4"]
    assert library.list(limit=0) == []
    assert library.list(after="style-99") == []
    wanted = [r.name for r in library.list(tags=("even",))]
    assert [r.name for r in library.list(limit=2, tags=("even",))] == wanted[:2]
    assert [r.name for r in library.list(after=wanted[1], tags=("even",))] == wanted[2:]


def test_count_and_tags(library):
    assert (library.count(), library.tags(3)) == (0, [])
    fill(library)
    assert library.count() == len(library) == len(library.names())
    assert library.count(text="title 3") == 1
    assert library.count(text="“Title”, 3.") == 1
    assert library.count(text="…") == 0
    library.add("irises", picture(99), title="Irises", artist="Vincent van Gogh", year="1889")
    assert library.names(text="Vincent van Gogh, 1889") == ["irises"]
    library.remove("irises")
    counts = {tag: library.count(tags=(tag,)) for tag, _ in library.tags(99)}
    assert dict(library.tags(99)) == counts
    assert library.tags(1) == library.tags(99)[:1]
    most = library.tags(1)[0]
    library.remove(library.names(tags=(most[0],))[0])
    assert (most[0], most[1] - 1) in library.tags(99)


def test_points(library):
    fill(library)
    names, points = library.points()
    assert names == library.names()
    expected = library.measure.points_of([record.vector for record in library.list()])
    np.testing.assert_allclose(points, expected, atol=1e-6)
    names, points = library.points(text="title 3")
    assert (names, points.shape) == (library.names(text="title 3"), (1, library.measure.point_size))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"text": "TITLE 3"}, [3]),
        ({"text": "durer emile"}, [1, 3, 5]),
        ({"text": "op art even"}, [0, 2, 4]),
        ({"text": "nothing"}, []),
        ({"artist": "emile durer"}, [1, 3, 5]),
        ({"artist": "emile"}, []),
        ({"movement": "op art", "tags": ("odd", "X")}, [1, 3, 5]),
        ({"tags": ("odd", "even")}, []),
        ({"year_from": 1902, "year_to": 1904}, [2, 3, 4]),
        ({"year_from": 1902, "year_to": 1904, "tags": ("even",)}, [2, 4]),
        ({"bundled": True}, []),
        ({"bundled": False}, [0, 1, 2, 3, 4, 5]),
        ({"stale": True}, []),
        ({"license": "CC0"}, []),
    ],
)
def test_filters(library, conditions, expected):
    fill(library)
    names = [f"style-{i}" for i in expected]
    assert library.names(**conditions) == names
    assert library.names(StyleFilter(**conditions)) == names
    assert sorted(m.record.name for m in library.search(picture(9), 10, **conditions)) == names


def test_filters_by_colour(library):
    library.add("red", Image.new("RGB", (64, 64), (190, 30, 40)))
    library.add("blue", Image.new("RGB", (64, 64), (30, 50, 140)))
    both = Image.new("RGB", (64, 64), (190, 30, 40))
    both.paste((30, 50, 140), (0, 0, 32, 64))
    library.add("both", both)
    assert library.names(colors=["red"]) == ["both", "red"]
    assert library.names(colors=["navy", "#c01020"]) == ["both"]
    assert [m.record.name for m in library.search_palette(["navy", "#c01020"], 1)] == ["both"]
    assert [m.record.name for m in library.search_palette(["red"], 3)][::2] == ["red", "blue"]
    with pytest.raises(ControlError, match="is not a colour"):
        library.search_palette(["reddish"])


def test_unknown_conditions_are_a_mistake(library):
    with pytest.raises(TypeError, match="artists"):
        library.names(artists="x")
    with pytest.raises(ValueError, match="k must"):
        library.search(picture(0), 0)


def test_search_is_exact(library, encoder):
    fill(library, 16)
    query = encoder.encode_style(picture(77))
    points = library.store.measure.points_of([r.vector for r in library.list()])
    cosines = points @ library.store.measure.points_of([query])[0]
    expected = [library.names()[i] for i in np.argsort(-cosines)[:10]]
    found = library.search(query, 10)
    assert [match.record.name for match in found] == expected
    assert [match.similarity for match in found] == pytest.approx(np.sort(cosines)[::-1][:10])


def test_search_by_name_leaves_itself_out(library):
    fill(library)
    found = library.search("style-2", 3)
    assert len(found) == 3
    assert "style-2" not in [match.record.name for match in found]
    assert library.search(picture(2), 1)[0].record.name == "style-2"


def test_vectors_of_another_encoder_are_not_mixed(library):
    fill(library, 2)
    foreign = FakeEngine(9).encode_style(picture(0))
    with pytest.raises(StyleVectorError, match="another style encoder"):
        library.search(foreign)
    with pytest.raises(StyleVectorError, match="another style encoder"):
        library.add_vector("foreign", foreign)
    library.put([Entry(StyleRecord("old", foreign))])  # as an import without originals does
    assert library.get("old").stale
    assert library.names(stale=True) == ["old"]
    assert "old" not in [match.record.name for match in library.search(picture(0))]
    for use in (lambda: library.blend({"old": 1.0}), lambda: library.search("old")):
        with pytest.raises(StyleVectorError, match="its picture was not kept: add that"):
            use()
    library.reencode("old", picture(0))
    assert not library.get("old").stale
    assert library.search(picture(0), 1)[0].similarity == pytest.approx(1, abs=1e-5)


def test_vectors_of_a_wrong_length_are_refused(library, encoder):
    wrong = StyleVector(np.ones(DIMENSION + 1, np.float32), encoder.encoder_sha256)
    with pytest.raises(StyleVectorError, match=f"{DIMENSION + 1} values.*have {DIMENSION}"):
        library.add_vector("wrong", wrong)
    with pytest.raises(StyleVectorError, match=f"{DIMENSION + 1} values"):
        library.search(wrong)
    assert library.names() == []


def test_blend_and_add_vector(library):
    fill(library, 2)
    a, b = (library.get(f"style-{i}").vector for i in range(2))
    mix = library.blend({"style-0": 3, "style-1": 1})
    assert mix == blend([a, b], [3, 1])
    record = library.add_vector("mix", mix, title="Mine", tags=["blend"])
    assert library.get("mix") == record
    assert library.get("mix").thumbnail == b""
    with pytest.raises(StyleNotFoundError):
        library.blend({"none": 1})
    with pytest.raises(ControlError):
        library.blend({"style-0": 0})


def test_put_is_all_or_nothing(library, encoder):
    fill(library, 1)
    vector = encoder.encode_style(picture(5))
    entries = [Entry(StyleRecord(name, vector)) for name in ("new-1", "style-0", "new-2")]
    with pytest.raises(StyleExistsError, match="style-0"):
        library.put(entries)
    assert library.names() == ["style-0"]
    assert library.get("style-0").title == "Title 0"
    library.put(entries, replace=True)
    assert library.names() == ["new-1", "new-2", "style-0"]
    library.put([])


def test_constant_picture_is_allowed_with_a_warning(library, caplog):
    library.add("white", Image.new("RGB", (64, 64), "white"))
    assert "one single colour" in caplog.text
    fill(library, 3)
    assert len(library.search("white")) == 3
    assert all(np.isfinite(match.similarity) for match in library.search("white"))


def test_too_small_picture_is_refused(library):
    with pytest.raises(ImageError, match="32 px"):
        library.add("tiny", picture(0, (31, 200)))


def test_overlong_texts_are_refused(library):
    with pytest.raises(LibraryError, match="title of the style has 301 characters"):
        library.add("long", picture(0), title="x" * 301)
    with pytest.raises(LibraryError, match="50 tags"):
        library.add("long", picture(0), tags=[f"t{i}" for i in range(51)])
    assert library.add("ok", picture(0), title=" a\x00b\x1b ").title == "ab"


def test_transparent_pictures(library):
    image = picture(4).convert("RGBA")
    image.putalpha(128)
    record = library.add("glass", image)
    with Image.open(io.BytesIO(record.thumbnail)) as thumbnail:
        assert thumbnail.mode == "RGB"


def test_content_is_recognized(library):
    fill(library, 3)
    assert library.find_content(picture(1)) == "style-1"
    assert library.find_content(picture(50)) is None
    library.remove("style-1")
    assert library.find_content(picture(1)) is None


def test_many_threads(library):
    errors = []

    def work(number):
        try:
            for i in range(8):
                name = f"thread-{number}-{i}"
                library.add(name, picture(number * 8 + i))
                assert library.get(name).name == name
                assert library.search(name, 3) is not None
                if i % 4 == 3:
                    library.remove(name)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(library) == 36
    for record in library.list():
        assert library.search(record.vector, 1)[0].similarity == pytest.approx(1, abs=1e-5)
