"""What every Space of the Hugging Face Hub needs: a name, and refusals that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

from stylize.errors import StylizeError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class DeployError(StylizeError):
    """The Space could not be made; the message says what to do."""


def check_name(space: str) -> None:
    """Raise if a Space cannot have this name.

    Raises:
        DeployError: It is not USER/NAME.
    """
    if not _NAME.fullmatch(space):
        raise DeployError(f"A Space is named USER/NAME, for example me/studio; got {space!r}.")


@contextmanager
def explained(space: str, hardware: str | None = None) -> Iterator[None]:
    """Turn the Hub's refusals into what a user can do about them."""
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise DeployError(
            "There is no token of the Hugging Face Hub. Run `hf auth login` with a token that may "
            "write, or set HF_TOKEN."
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        said = error.server_message or str(error)
        owner = space.partition("/")[0]
        advice = {
            401: "The token is missing or not valid. Run `hf auth login`, or set HF_TOKEN.",
            402: (
                f"The account {owner} has no plan that allows this Space"
                f"{f' on {hardware}' if hardware else ''}. Choose other --hardware (free accounts "
                "may host Gradio Spaces on zero-a10g) or a paid plan."
            ),
            403: (
                f"The token may not write to {owner}. Take one with the right to write, or a "
                "namespace of your own; new Spaces may also need a paid plan."
            ),
            404: f"The Hub does not know {owner}; check the name.",
            409: f"There is a Space {space} already. Choose another name, or --update it.",
            429: "The Hub asks to slow down; try again in some minutes.",
        }.get(status or 0, "Try again later.")
        raise DeployError(f"{advice} (The Hub said: {said})") from error
    except OSError as error:
        raise DeployError(f"The Hub cannot be reached: {error}. Check the connection.") from error
