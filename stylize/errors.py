"""Errors whose messages are written for the user's eyes.

::

    StylizeError
    ├── ImageError          a picture that cannot be read, is too small, too large, ...
    ├── VideoError          a film that cannot be read or written
    ├── ControlError        a slider, weight or mask outside of what it may be
    ├── StyleVectorError    a style vector that is damaged or belongs to another model
    ├── StyleNotFoundError  no style of that name (the message lists close ones)
    ├── StyleExistsError    a style of that name is already there
    ├── LibraryError        the style library's file cannot be opened, read or written
    ├── ModelFileError      a model file is missing, damaged or of an unknown version
    ├── ProviderError       what should compute (a graphics card, ...) is not there or does not work
    ├── WorkerError         processes that paint cannot be started or reached, or die again
    ├── MissingExtraError   a part of the package whose requirements are not installed
    └── TrainingError       data, checkpoint or disk do not allow training, export or quantization

Each message says what was wrong, what the limit is and what to do about it. It is in English, and
where `stylize.messages.say` made it, it carries its code and values, so that the studio's page can
say it in the visitor's language. Wrong use by a programmer raises ``ValueError`` or ``TypeError``.
"""

from __future__ import annotations

from stylize.messages import Message, say


class StylizeError(Exception):
    """Base of all errors whose message is meant for the user."""

    @property
    def message(self) -> Message:
        """The text, with ``code`` and ``values``; the code is empty where there is none."""
        text = self.args[0] if len(self.args) == 1 else str(self)
        return text if isinstance(text, Message) else Message(str(text))


class ImageError(StylizeError):
    """A picture cannot be read or does not have a usable size."""


class VideoError(StylizeError):
    """A film cannot be read or written."""


class ControlError(StylizeError):
    """A control (strength, weight, mask, ...) has a value that it may not have."""


class StyleVectorError(StylizeError):
    """A style vector is damaged or was made by another style encoder."""


class StyleNotFoundError(StylizeError):
    """No style has the given name."""


class StyleExistsError(StylizeError):
    """A style of the given name exists already."""


class LibraryError(StylizeError):
    """The style library cannot be opened, read or written."""


class ModelFileError(StylizeError):
    """A model file is missing, damaged or of an unknown version."""


class ProviderError(StylizeError):
    """What should compute, a graphics card for example, is not there or does not work."""


class OutOfMemoryError(StylizeError, MemoryError):
    """There is not enough memory for what was asked."""

    def __init__(self) -> None:
        super().__init__(say("memory"))

    def __reduce__(self) -> tuple[type[OutOfMemoryError], tuple[()]]:
        return type(self), ()


class WorkerError(StylizeError):
    """Processes that paint cannot be started or reached."""


class TaskLostError(WorkerError):
    """Two processes have died over one task, which is then given up."""


class MissingExtraError(StylizeError, ImportError):
    """A part of the package is used whose requirements (an extra) are not installed."""


class TrainingError(StylizeError):
    """Data, checkpoint or disk do not allow training, export or quantization."""
