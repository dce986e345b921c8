"""``stylize studio``: the page."""

from __future__ import annotations

import contextlib
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize.cli.common import (
    DataOption,
    ModelOption,
    PrecisionOption,
    ProviderOption,
    ThreadsOption,
    open_engine,
    open_library,
)
from stylize.cli.many import pooled_engine
from stylize.errors import ControlError, StylizeError
from stylize.extras import needs_extra
from stylize.hub_model import model_folder
from stylize.model_files import ModelFiles

if TYPE_CHECKING:
    from stylize.studio.visit import EngineLike

LAN_HOST = "0.0.0.0"


def studio(
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port to listen on.",
            show_default="the first free one from 7860",
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let other devices of your network open the page.")
    ] = False,
    trust_lan: Annotated[
        bool,
        typer.Option(
            "--trust-lan",
            help="Let everyone who can reach the page use and change your style library.",
        ),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which the page may be called; repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A website that may use and show the page; repeatable."),
    ] = None,
    classroom: Annotated[
        bool, typer.Option("--classroom", help="The children's page, with limits for a class.")
    ] = False,
    class_wall: Annotated[
        bool,
        typer.Option("--class-wall", help="Keep the children's pictures in memory for a wall."),
    ] = False,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve the API as tools of the Model Context Protocol.")
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            exists=True,
            dir_okay=False,
            help="Certificate for https: browsers lend the camera to secure pages only.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", exists=True, dir_okay=False, help="Key of the certificate."),
    ] = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    provider: ProviderOption = None,
    threads: ThreadsOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Paint in so many processes of their own; one that dies is replaced.",
            show_default="this one",
        ),
    ] = None,
    engine_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Let the studio of another machine paint."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS", help="Paint on all machines of a Ray cluster, likewise."
        ),
    ] = None,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Log to standard error, a line of JSON each.")
    ] = False,
    metrics: Annotated[
        bool,
        typer.Option("--metrics", help="Serve counts and times for Prometheus as /metrics."),
    ] = False,
    data: DataOption = None,
) -> None:
    """Open the studio, a page in the browser. Only this computer can reach it, unless --lan."""
    if lan and host:
        raise ControlError("--lan and --host exclude each other: --lan listens on all addresses.")
    if class_wall and not classroom:
        raise ControlError("--class-wall belongs to --classroom; give both.")
    if (certificate is None) != (key is None):
        raise ControlError("https needs both --certificate and --key.")
    elsewhere = (workers, cluster, model, precision, provider, threads)
    if engine_url and any(option is not None for option in elsewhere):
        raise ControlError(
            "--engine-url lets another studio paint: --workers, --cluster, --model, --precision, "
            "--provider and --threads are for that one."
        )
    with needs_extra("studio"):
        from stylize.studio import StudioSettings, launch

    if json_logs:
        from stylize.studio.logs import log_as_json

        log_as_json(sys.stderr)
    settings = StudioSettings.from_environment()
    if classroom:
        settings = StudioSettings.for_classroom(class_wall=class_wall)
    settings = replace(
        settings,
        allowed_hosts=(*settings.allowed_hosts, *(name.lower() for name in allow_host or ())),
        allowed_origins=(
            *settings.allowed_origins,
            *(url.rstrip("/") for url in allow_origin or ()),
        ),
    )
    with contextlib.ExitStack() as opened:
        if engine_url:
            from stylize.studio.remote_engine import RemoteEngine

            engine: EngineLike = opened.enter_context(closing(RemoteEngine(engine_url)))
        elif workers or cluster:
            own = open_engine(precision, threads, model, provider)
            pooled = opened.enter_context(
                pooled_engine(own, model_folder(model), workers, cluster, threads)
            )
            engine = pooled
            settings = replace(settings, engine_jobs=max(settings.engine_jobs, pooled.pool.size))
        else:
            engine = open_engine(precision, threads, model, provider)
        launch(
            engine,
            open_library(engine, data),
            settings=settings,
            host=LAN_HOST if lan else host or "127.0.0.1",
            port=port,
            trust_network=trust_lan,
            mcp=mcp,
            metrics=metrics,
            ssl_certfile=None if certificate is None else str(certificate),
            ssl_keyfile=None if key is None else str(key),
            on_device=None if engine_url else _on_device(model),
            announce=print,
        )


def _on_device(model: str | None) -> ModelFiles | None:
    """Return the model for browsers that paint themselves, if what they need is installed."""
    from stylize.site import built_site

    try:
        built_site()
    except StylizeError:
        return None
    return ModelFiles.open(model_folder(model))
