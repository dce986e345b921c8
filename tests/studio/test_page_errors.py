import gradio as gr
import pytest

from stylize.errors import TOO_LITTLE_MEMORY, OutOfMemoryError, StylizeError
from stylize.studio.page_errors import show_errors


@pytest.mark.parametrize("error", [MemoryError(), OutOfMemoryError(TOO_LITTLE_MEMORY)])
def test_too_little_memory_is_told(error):
    @show_errors
    def paint():
        raise error

    @show_errors
    def paint_many():
        yield 1
        raise error

    with pytest.raises(gr.Error, match="not enough memory"):
        paint()
    many = paint_many()
    assert next(many) == 1
    with pytest.raises(gr.Error, match="not enough memory"):
        next(many)


def test_names_of_others_are_no_markup():
    @show_errors
    def paint():
        raise StylizeError("no <img src=x>")

    with pytest.raises(gr.Error, match="no &lt;img src=x&gt;"):
        paint()


def test_other_errors_are_left_to_gradio():
    @show_errors
    def paint():
        raise KeyError("secret")

    with pytest.raises(KeyError):
        paint()
