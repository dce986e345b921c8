"""An engine that lets others paint: another studio by its API, or what `stylize serve` serves."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import httpx
from PIL import Image

from stylize.controls import Controls
from stylize.errors import StylizeError, WorkerError
from stylize.images import load_image, prepare_image
from stylize.messages import Message, say
from stylize.regions import Region
from stylize.styles import StyleVector, check_encoder

logger = logging.getLogger(__name__)

_CONNECT_S = 10.0
_PAINT_S = 600.0  # without a word from the other studio
_TRIES = 2
_MOST_SAID = 300  # characters


class RemoteEngine:
    """Encodes styles and stylizes pictures on another machine. Threads may share one.

    Pictures travel as PNG, so that the result is the same to the last bit. The other studio's
    limits hold.

    Attributes:
        precision: That of the other studio, as are the identities.
        encoder_sha256: Identity of its style encoder.
        model_sha256: Identity of its model.
        paints_films: No: a film is many pictures that know of each other.
    """

    paints_films = False

    def __init__(self, url: str) -> None:
        """Find the other studio.

        Args:
            url: Its address, such as ``http://painter:7860``.

        Raises:
            WorkerError: There is no studio at that address, or it refuses this one.
        """
        self._url = url.rstrip("/")
        timeout = httpx.Timeout(_PAINT_S, connect=_CONNECT_S)
        # Other machines of this network, not the web: proxies are not asked.
        self._client = httpx.Client(base_url=self._url, timeout=timeout, trust_env=False)
        try:
            answer = self._client.get("/healthz", timeout=_CONNECT_S)
            if answer.status_code == httpx.codes.FORBIDDEN:
                raise WorkerError(
                    f"The studio at {url} refuses this name ({_said(answer)}). Start it with "
                    f"--allow-host {answer.url.host}, or give its address in digits."
                )
            about = answer.raise_for_status().json()
            self._is_service = about.get("kind") == "service"
            self.precision = str(about["precision"])
            self.model_sha256 = str(about["model_sha256"])
            self.encoder_sha256 = str(about["encoder_sha256"])
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise WorkerError(
                f"No studio answers at {url} within {_CONNECT_S:g} s ({error}). Start one there "
                "with stylize studio --host, of this version, and give its address as "
                "http://HOST:PORT."
            ) from error

    def warm_up(self) -> None:
        """Do nothing: the other studio is warm."""

    def encode_style(self, image: Image.Image) -> StyleVector:
        """Encode a style picture.

        Raises:
            StylizeError: What the other studio says.
            WorkerError: It cannot be reached.
        """
        found = self._call("encode_style", lambda: {"picture": self._upload(prepare_image(image))})
        if found["encoder_sha256"] != self.encoder_sha256:
            raise WorkerError(say("engine_changed"))
        return StyleVector(found["values"], self.encoder_sha256)

    def stylize(
        self,
        content: Image.Image,
        style: StyleVector,
        *,
        controls: Controls | None = None,
        max_side_px: int | None = None,
        regions: Sequence[Region] = (),
        fast: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Image.Image:
        """Paint a content in a style; see `stylize.engine.Engine.stylize`.

        Progress is told at the beginning and at the end.

        Raises:
            StyleVectorError: A style was made by another style encoder.
            StylizeError: What the other studio says.
            WorkerError: It cannot be reached.
        """
        for used in (style, *(region.style for region in regions)):
            if used is not None:
                check_encoder(used, self.encoder_sha256)
        content = prepare_image(content)
        if progress is not None:
            progress(0.0)

        def question() -> dict[str, Any]:
            return {
                "content": self._upload(content),
                "vector": style.values.tolist(),
                "controls": asdict(controls or Controls()),
                "regions": [
                    {
                        "mask": self._upload(region.mask),
                        "vector": None if region.style is None else region.style.values.tolist(),
                        "feather_px": region.feather_px,
                    }
                    for region in regions
                ],
                "max_side_px": max_side_px or 0,
                "fast": fast,
                "encoder_sha256": self.encoder_sha256,
            }

        def fetch(file: Any) -> bytes:
            if self._is_service:
                return base64.b64decode(file["picture"])
            path = f"/gradio_api/file={file['path']}"
            return self._client.get(path).raise_for_status().content

        result = load_image(self._call("stylize_with_vector", question, fetch))
        if progress is not None:
            progress(1.0)
        return result

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _call(
        self,
        endpoint: str,
        question: Callable[[], dict[str, Any]],
        fetch: Callable[[Any], Any] = lambda found: found,
    ) -> Any:
        """Ask, once more if the other studio has been started anew meanwhile."""
        for left in reversed(range(_TRIES)):
            try:
                return fetch(self._ask(endpoint, question()))
            except httpx.HTTPStatusError as error:
                refusal = _refusal(error.response)
                logger.warning("The studio at %s refuses: %s", self._url, error)
                if refusal is not None:
                    raise WorkerError(refusal) from error
                if not left:
                    raise WorkerError(say("engine_away")) from error
            except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
                logger.warning("The studio at %s does not answer: %r", self._url, error)
                if not left:
                    raise WorkerError(say("engine_away")) from error
        raise AssertionError("unreachable")

    def _ask(self, endpoint: str, question: dict[str, Any]) -> Any:
        if self._is_service:
            answer = self._client.post(f"/{endpoint}", json=question)
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                raise StylizeError(_message_of(answer.json()))
            return answer.raise_for_status().json()
        path = f"/gradio_api/call/v2/{endpoint}"
        event = self._client.post(path, json=question).raise_for_status().json()["event_id"]
        kind = ""
        with self._client.stream("GET", f"/gradio_api/call/{endpoint}/{event}") as answer:
            if answer.is_error:
                answer.read()  # to be told
            for line in answer.raise_for_status().iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "complete":
                    return json.loads(value)[0]
                elif name == "data" and kind == "error":
                    raise StylizeError(_message_of(json.loads(value)))
        raise httpx.RemoteProtocolError("the answer was cut off")

    def _upload(self, image: Image.Image) -> Any:
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=1)
        if self._is_service:
            return base64.b64encode(file.getvalue()).decode()
        answer = self._client.post(
            "/gradio_api/upload", files={"files": ("picture.png", file.getvalue(), "image/png")}
        )
        (path,) = answer.raise_for_status().json()
        return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _refusal(answer: httpx.Response) -> Message | None:
    """What to tell of an answer that would be no other at once; None: ask once more."""
    codes = httpx.codes
    if answer.status_code == codes.REQUEST_ENTITY_TOO_LARGE:
        return say("engine_too_large", answer=_said(answer))
    if answer.status_code == codes.SERVICE_UNAVAILABLE:
        return say("engine_busy", answer=_said(answer))
    # A studio that has just been started does not know what was asked of the one before.
    if codes.is_client_error(answer.status_code) and answer.status_code != codes.NOT_FOUND:
        return say("engine_refuses", answer=_said(answer))
    return None


def _said(answer: httpx.Response) -> str:
    """The words of a refusal: of Gradio, of the studio's guard, or of a proxy before them."""
    kind = answer.headers.get("content-type", "")
    text = ""
    if kind.startswith("application/json"):
        with contextlib.suppress(ValueError, LookupError, TypeError):
            text = str(answer.json()["detail"])
    elif kind.startswith("text/plain"):
        text = answer.text
    return text.strip()[:_MOST_SAID] or f"{answer.status_code} {answer.reason_phrase}"


def _message_of(data: Any) -> str:
    """What the other studio says of an error; its faults say nothing."""
    text = data.get("error") if isinstance(data, dict) else data
    return str(text) if text else say("engine_away")
