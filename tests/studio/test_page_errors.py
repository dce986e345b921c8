import gradio as gr
import pytest

from stylize.errors import ImageError, OutOfMemoryError, StylizeError
from stylize.messages import say
from stylize.studio import page_errors
from stylize.studio.page_errors import show_errors


@pytest.mark.parametrize("error", [MemoryError(), OutOfMemoryError()])
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


@pytest.mark.parametrize(
    ("asked", "title", "text"),
    [
        ("de", "Fehler", "Das Bild hat &lt;b&gt; MB; hier sind 5 MB die Grenze."),
        ("", "Error", "The picture has &lt;b&gt; MB; 5 MB are the limit here."),  # a program
        ("tlh", "Error", "The picture has &lt;b&gt; MB; 5 MB are the limit here."),
    ],
)
def test_a_page_is_answered_in_its_language(monkeypatch, asked, title, text):
    headers = {"x-studio-language": asked}
    monkeypatch.setattr(page_errors, "request_header", lambda name: headers.get(name, ""))

    @show_errors
    def paint():
        raise ImageError(say("too_many_bytes", size="<b>", most=5))

    with pytest.raises(gr.Error) as info:
        paint()
    assert info.value.title == title
    assert str(info.value.message).startswith(text)


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
