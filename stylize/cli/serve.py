"""``stylize serve``: paint for studios on other machines, on a Ray cluster."""

from __future__ import annotations

import sys
import threading
from typing import Annotated

import typer

from stylize.cli.common import ModelOption, PrecisionOption, ProviderOption, open_engine
from stylize.cli.output import say
from stylize.hub_model import model_folder


def serve(
    cluster: Annotated[
        str,
        typer.Option(
            "--ray",
            metavar="auto|ADDRESS",
            help="The Ray cluster; auto: the one that is there, or this computer.",
        ),
    ] = "auto",
    replicas: Annotated[
        int | None,
        typer.Option(
            min=1, max=4096, help="How many engines.", show_default="one for each core or threads"
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Cores of each engine.")] = 1,
    host: Annotated[
        str, typer.Option(help="Where to listen, on every machine that has engines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Of the address.")] = 7860,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    provider: ProviderOption = None,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Let Ray Serve log a line of JSON each.")
    ] = False,
) -> None:
    """Paint for other studios, by many engines behind one address: Ray Serve.

    A studio that is started with --engine-url http://HOST:PORT lets them paint. There is no
    password: the address belongs into a network of your own. Ctrl+C or SIGTERM ends the service
    when what was asked is answered.
    """
    from stylize.workers.engines import EngineStart
    from stylize.workers.ray_serve import serving

    engine = open_engine(precision, threads, model, provider)
    start = EngineStart.like(engine, model_folder(model), workers=1, threads=threads)
    with serving(
        start, cluster, replicas=replicas, threads=threads, host=host, port=port,
        json_logs=json_logs,
    ) as count:  # fmt: skip
        engines = "One engine paints" if count == 1 else f"{count} engines paint"
        say(f"{engines}. Start studios with --engine-url http://{host}:{port}")
        sys.stdout.flush()  # this command has no end at which it would be
        threading.Event().wait()
