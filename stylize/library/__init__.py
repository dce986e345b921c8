"""The style library: styles by name, kept for good, found again, blended and shared."""

from stylize.library.catalogue import StyleEncoder
from stylize.library.library import StyleLibrary
from stylize.library.opening import data_folder
from stylize.library.pictures import check_style_picture
from stylize.library.records import (
    Match,
    StyleFilter,
    StyleRecord,
    free_name,
    numbered_names,
    slugify,
)
from stylize.library.sharing import ImportReport
from stylize.library.store import Entry, StyleStore

__all__ = [
    "Entry",
    "ImportReport",
    "Match",
    "StyleEncoder",
    "StyleFilter",
    "StyleLibrary",
    "StyleRecord",
    "StyleStore",
    "check_style_picture",
    "data_folder",
    "free_name",
    "numbered_names",
    "slugify",
]
