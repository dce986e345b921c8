"""What those who run a page ask it: whether it works, and how much it does.

Nothing of visitors is in it: no names, no addresses, no pictures, only counts and times.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stylize import __version__
from stylize.extras import needs_extra
from stylize.studio.full_size import Stopped
from stylize.studio.gradio_internals import busy_events, waiting_events
from stylize.studio.visit import EngineLike

_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Health:
    """The route ``/healthz``: 200 while the page takes visitors, 503 once it is told to end."""

    def __init__(self, engine: EngineLike) -> None:
        self._engine = engine
        self._is_ending = False

    def end(self) -> None:
        """Say from now on that the page takes nothing new."""
        self._is_ending = True

    def route(self) -> Route:
        """Return the route of the web server."""
        return Route("/healthz", self._answer)

    def _answer(self, _: Request) -> Response:
        about = {
            "status": "ending" if self._is_ending else "ok",
            "version": __version__,
            "precision": self._engine.precision,
            "model_sha256": self._engine.model_sha256,
            "encoder_sha256": self._engine.encoder_sha256,
        }
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(about, 503 if self._is_ending else 200, headers=headers)


class Metrics:
    """The route ``/metrics``, in the format of Prometheus.

    Attributes:
        engine: The engine, counted: to be used in its place.
        page: The page, once it is built.
    """

    def __init__(self, engine: EngineLike) -> None:
        """Count the pictures of an engine.

        Raises:
            MissingExtraError: prometheus-client is not installed.
        """
        with needs_extra("metrics"):
            prometheus: Any = importlib.import_module("prometheus_client")
        self._prometheus = prometheus
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._seconds = prometheus.Histogram(
            "stylize_paint_seconds",
            "From the moment that a picture may be painted to the picture.",
            ["outcome"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._registry.register(self)
        self.engine = _Counted(engine, self._count)
        self._pool = getattr(engine, "pool", None)
        self.page: gr.Blocks | None = None

    def route(self) -> Route:
        """Return the route of the web server."""
        return Route("/metrics", self._answer)

    def collect(self) -> Iterator[Any]:
        """Look up what is not counted but there: the queue, the processes."""
        gauge = self._prometheus.metrics_core.GaugeMetricFamily
        if self.page is not None:
            waiting, running = len(waiting_events(self.page)), len(busy_events(self.page))
            yield gauge("stylize_requests_waiting", "Requests in the queue.", value=waiting)
            yield gauge("stylize_requests_running", "Requests being answered.", value=running)
        if self._pool is not None:
            yield gauge("stylize_workers", "Processes that paint.", value=self._pool.size)
        restarts = getattr(self._pool, "restarts", None)
        if restarts is not None:  # Ray does not tell
            counter = self._prometheus.metrics_core.CounterMetricFamily
            yield counter("stylize_worker_restarts", "Processes that died.", value=restarts)

    def _count(self, outcome: str, elapsed_s: float) -> None:
        self._seconds.labels(outcome).observe(elapsed_s)

    def _answer(self, _: Request) -> Response:
        data = self._prometheus.generate_latest(self._registry)
        return Response(data, media_type=self._prometheus.CONTENT_TYPE_LATEST)


class _Counted:
    """An engine whose pictures are counted."""

    def __init__(self, engine: EngineLike, count: Any) -> None:
        self._engine = engine
        self._count = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def stylize(self, *arguments: Any, **options: Any) -> Image.Image:
        start = time.perf_counter()
        outcome = "failed"
        try:
            result = self._engine.stylize(*arguments, **options)
            outcome = "painted"
            return result
        except Stopped:
            outcome = "stopped"
            raise
        finally:
            self._count(outcome, time.perf_counter() - start)
