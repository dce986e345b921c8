"""Contact sheets, and the zip of many pictures."""

import io
import unicodedata
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.studio.batch import pictures_in, style_choices, zip_files
from stylize.studio.texts import title_of, titled_like

# Names that differ in case, accents, signs and points alone, and names like those given to others.
STEMS = [
    "a",
    "A",
    "a-2",
    "A-2",
    "a 2",
    "a.",
    "a!",
    "\u00e9",
    "e\u0301",
    "\u00c9",
    "\u00df",
    "ss",
    "!",
    "picture",
]
STEMS += ["x" * 60, "x" * 61, "CON", "\ufb01", "fi"]


@given(st.lists(st.tuples(st.sampled_from(STEMS), st.sampled_from([".png", ".PNG"])), max_size=12))
def test_no_two_pictures_get_one_name_on_unpacking(tmp_path_factory, wanted):
    folder = tmp_path_factory.mktemp("made")
    paths = []
    for number, (stem, suffix) in enumerate(wanted):
        place = folder / str(number)
        place.mkdir()
        paths.append(place / f"{stem}{suffix}")
        paths[-1].write_text(str(number))
    with zipfile.ZipFile(io.BytesIO(zip_files([str(path) for path in paths]))) as archive:
        names = archive.namelist()
        contents = [archive.read(name).decode() for name in names]
    # What file systems without case, or with one form of accents, would make of them.
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(names)
    assert contents == [str(number) for number in range(len(wanted))]


def test_pictures_of_a_folder_come_by_name_wherever_their_uploads_lie():
    paths = ["/up/f3/a.png", "/up/01/c.JPG", "/up/9a/notes.txt", "/up/77/b.webp", "/up/00/.d.png"]
    assert pictures_in(paths) == ["/up/f3/a.png", "/up/77/b.webp", "/up/01/c.JPG"]


def test_bundled_styles_are_offered_by_their_title_in_the_visitors_language(library):
    record = replace(library.get(library.names()[0]), name="starry-night", title="The Starry Night")
    bundled = replace(record, bundled=True)
    assert title_of(bundled, "de") == "Sternennacht"
    assert title_of(bundled, "en") == "The Starry Night"
    assert title_of(record, "de") == "The Starry Night"  # of the visitor, who named it so
    assert title_of(replace(bundled, name="unheard-of"), "de") == "The Starry Night"


@pytest.mark.parametrize("words", ["STERNENNACHT", "sternen", "nacht, stern"])
def test_styles_are_found_by_their_title_in_the_visitors_language(words):
    assert titled_like(words, "de") == ["starry-night"]
    assert not titled_like(words, "es")
    assert not titled_like("", "de")


def test_a_style_of_the_visitors_is_no_bundled_one_of_its_name(library):
    assert "starry-night" in library
    assert not style_choices(library, text="sternennacht", language="de")
