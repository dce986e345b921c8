"""A painting service on Ray Serve: many engines behind one address, for studios that do not paint.

It answers what `stylize studio --engine-url` asks. A studio's own API cannot be shared out: a
picture is uploaded, asked for and fetched in three requests, which one process has to answer. Here
a request holds all that a picture is made of, so any replica can answer it.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import io
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from stylize import __version__
from stylize.controls import Controls
from stylize.errors import ControlError, StylizeError, WorkerError
from stylize.extras import needs_extra
from stylize.images import load_image
from stylize.regions import MAX_REGIONS, Region, load_mask
from stylize.styles import StyleVector, check_encoder
from stylize.workers.ray_pool import join_cluster

if TYPE_CHECKING:
    from stylize.engine import Engine

_MOST_BYTES = 512 << 20  # of a question
_WAITING = 4  # questions a replica holds: one is painted, one is read meanwhile
_UNREADABLE = "The question cannot be read. Take the same version on both sides."
_END_S = 60  # for what was asked before the end


class PaintService:
    """A replica: an engine that answers ``/healthz`` and what `RemoteEngine` asks of it.

    Answers are JSON. What is wrong with a question is told as ``error``, with status 422.
    """

    def __init__(self, start: Callable[[], Engine]) -> None:
        """Open the engine.

        Args:
            start: Makes it.
        """
        self._engine = start()
        self._painting = threading.Lock()  # one picture after the other

    async def __call__(self, request: Any) -> Any:
        """Answer a request of Starlette."""
        from starlette.responses import JSONResponse

        route = request.url.path.strip("/")
        if route == "healthz":
            return JSONResponse(self._about())
        answers = {"encode_style": encode_style, "stylize_with_vector": stylize_with_vector}
        if request.method != "POST" or route not in answers:
            return JSONResponse({"detail": "There is nothing of that name."}, 404)
        if int(request.headers.get("content-length", _MOST_BYTES + 1)) > _MOST_BYTES:
            return JSONResponse({"detail": f"{_MOST_BYTES >> 20} MB are the most."}, 413)
        body = await request.body()
        status, answer = await asyncio.to_thread(self._answer, answers[route], body)
        return JSONResponse(answer, status)

    def _about(self) -> dict[str, str]:
        return {
            "status": "ok",
            "kind": "service",
            "version": __version__,
            "precision": self._engine.precision,
            "model_sha256": self._engine.model_sha256,
            "encoder_sha256": self._engine.encoder_sha256,
        }

    def _answer(
        self, answer: Callable[[Engine, Mapping[str, Any]], dict[str, Any]], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        try:
            with self._painting:
                return 200, answer(self._engine, json.loads(body))
        except StylizeError as error:
            return 422, {"error": str(error)}
        except (ValueError, TypeError, LookupError):
            return 422, {
                "error": "The question cannot be read. Take the same version on both sides."
            }


def encode_style(engine: Engine, question: Mapping[str, Any]) -> dict[str, Any]:
    """Encode a style ``picture``; return its ``values`` and the ``encoder_sha256``."""
    style = engine.encode_style(load_image(_file(question["picture"])))
    return {"values": style.values.tolist(), "encoder_sha256": style.encoder_sha256}


def stylize_with_vector(engine: Engine, question: Mapping[str, Any]) -> dict[str, Any]:
    """Paint a ``content`` in the style of a ``vector``; return the ``picture``, a PNG.

    See `stylize.studio.remote_engine.RemoteEngine.stylize` for what else there is.
    """
    encoder = str(question["encoder_sha256"])

    def style_of(values: Any) -> StyleVector:
        style = StyleVector(np.asarray(values, np.float32), encoder)
        check_encoder(style, engine.encoder_sha256)
        return style

    regions = question["regions"]
    if len(regions) > MAX_REGIONS:
        raise ControlError(f"A picture can have up to {MAX_REGIONS} regions; got {len(regions)}.")
    result = engine.stylize(
        load_image(_file(question["content"])),
        style_of(question["vector"]),
        controls=Controls(**question["controls"]),
        max_side_px=question["max_side_px"] or None,
        regions=[
            Region(
                load_mask(_file(region["mask"])),
                None if region["vector"] is None else style_of(region["vector"]),
                float(region["feather_px"]),
            )
            for region in regions
        ],
        fast=bool(question["fast"]),
    )
    file = io.BytesIO()
    result.save(file, "PNG", compress_level=1)
    return {"picture": base64.b64encode(file.getvalue()).decode()}


def _file(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)


@contextmanager
def serving(
    start: Callable[[], Engine],
    address: str,
    *,
    replicas: int | None = None,
    threads: int = 1,
    host: str = "127.0.0.1",
    port: int = 7860,
    json_logs: bool = False,
) -> Iterator[int]:
    """Serve until the end of the block, which waits for what was asked before.

    Args:
        start: Makes the engine of each replica. Must be picklable.
        address: Of a Ray cluster; see `stylize.workers.ray_pool.RayPool`.
        replicas: How many engines. Default: as many as there are cores for.
        threads: Cores that each of them takes.
        host: Where the service listens, on every machine that has replicas.
        port: See there.
        json_logs: Let Ray Serve log a line of JSON each.

    Yields:
        How many replicas there are.

    Raises:
        MissingExtraError: Ray Serve is not installed.
        WorkerError: The cluster cannot be reached, has too few cores, or the replicas cannot be
            started.
    """
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")  # on a busy machine
    ray = join_cluster(address)
    try:
        with needs_extra("ray"):
            serve: Any = importlib.import_module("ray.serve")
        cores = int(ray.cluster_resources().get("CPU", 0))
        count = replicas or cores // threads
        if not 1 <= count <= cores // threads:
            raise WorkerError(
                f"The Ray cluster has {cores} cores, too few for {max(1, count)} replicas of "
                f"{threads} threads. Start fewer."
            )
        logs = {"encoding": "JSON" if json_logs else "TEXT"}
        try:
            serve.start(
                proxy_location="EveryNode",
                http_options={"host": host, "port": port},
                logging_config=logs,
            )
            kind = serve.deployment(
                name="stylize",
                num_replicas=count,
                max_ongoing_requests=_WAITING,
                ray_actor_options={"num_cpus": threads},
                graceful_shutdown_timeout_s=_END_S,
                logging_config=logs,
            )(PaintService)
            serve.run(kind.bind(start), name="stylize", route_prefix="/")
        except (RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise WorkerError(f"Ray Serve cannot serve at {host}:{port} ({error}).") from error
        try:
            yield count
        finally:
            serve.shutdown()
    finally:
        ray.shutdown()
