"""The server around a page: where it may listen, who may call it, and how it ends."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from stylize.errors import StylizeError
from stylize.studio.environment import sweep_files, without_proxies
from stylize.studio.fair import bound_connections, refuse_new
from stylize.studio.gradio_internals import (
    ORJSONResponse,
    busy_events,
    get_upload_folder,
    waiting_events,
)
from stylize.studio.guard import Callers, GuardedApp
from stylize.studio.settings import StudioSettings

logger = logging.getLogger(__name__)

_LOOK_S = 0.05
_FETCH_S = 2.0  # visitors fetch a result right after they are told that it is there


def start(
    page: gr.Blocks,
    settings: StudioSettings,
    host: str,
    port: int | None,
    certificate: str | None,
    key: str | None,
    routes: list[Any],
    **options: Any,
) -> None:
    """Serve a page; returns once it answers.

    Raises:
        StylizeError: The address, the port or the certificate cannot be used.
    """
    check_address(host, port)
    _check_certificate(certificate, key)
    app = GuardedApp(
        Callers.of(settings, host), settings, routes=routes, default_response_class=ORJSONResponse
    )
    try:
        with without_proxies():
            page.launch(
                server_name=host,
                server_port=port,
                ssl_certfile=certificate,
                ssl_keyfile=key,
                ssl_verify=certificate is None,
                prevent_thread_lock=True,
                share=False,  # GRADIO_SHARE would open a tunnel for everyone
                ssr_mode=False,
                num_workers=0,
                _app=app,
                _frontend=False,  # else a page that takes a busy computer 3 s is not served
                **options,
            )
    except OSError as error:
        raise StylizeError(
            f"The page cannot be served on {host} ({error}). Name another --port."
        ) from error
    bound_connections(page.server)
    threading.Thread(
        target=_keep_sweeping, args=(page, settings.retention_s), name="uploads", daemon=True
    ).start()


def check_address(host: str, port: int | None) -> None:
    """Find out whether a server can listen there.

    Raises:
        StylizeError: It cannot; the message says why and what to do.
    """
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                if os.name == "posix":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except socket.gaierror as error:
        raise StylizeError(
            f"There is no address {host!r} ({error.strerror}). Leave --host out, or take --lan."
        ) from error
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: f"Port {port} is in use. Name another --port, or leave it out.",
            errno.EACCES: f"Port {port} is not for ordinary users. Name a --port from 1024.",
            errno.EADDRNOTAVAIL: f"{host} is no address of this computer. Leave --host out, or "
            "take --lan.",
        }
        reason = reasons.get(error.errno or 0, f"{host} cannot be listened on ({error}).")
        raise StylizeError(reason) from error


def wait(page: gr.Blocks, *, end_s: float = 60, on_end: Callable[[], None] = lambda: None) -> None:
    """Serve until Ctrl+C, or until the system asks the program to end; finish what was begun.

    Args:
        page: See there.
        end_s: How long that may take at most; Ctrl+C once more ends it at once.
        on_end: Called before.
    """
    told = threading.Event()
    with _signals(told):
        with contextlib.suppress(KeyboardInterrupt):
            while page.is_running and not told.wait(0.5):
                pass
        on_end()
        with contextlib.suppress(KeyboardInterrupt):
            finish(page, end_s)
        page.close(verbose=False)


def finish(page: gr.Blocks, end_s: float) -> None:
    """Let a page finish what it was asked for, and take nothing new.

    Args:
        page: It goes on being served.
        end_s: How long that may take at most.
    """
    refuse_new(page)
    waiting = len(waiting_events(page)) + len(busy_events(page))
    if not waiting:
        return
    logger.info("Requests to finish before the end: %d.", waiting)
    end = time.monotonic() + end_s
    while waiting_events(page) or busy_events(page):
        if time.monotonic() > end:
            logger.warning("Not everything was finished within %g s.", end_s)
            return
        time.sleep(_LOOK_S)
    time.sleep(_FETCH_S)


@contextlib.contextmanager
def _signals(told: threading.Event) -> Iterator[None]:
    names = [name for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        names = []
    # What is ignored stays so: a server that was started by nohup outlives its terminal.
    names = [name for name in names if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN]
    before = {name: signal.signal(getattr(signal, name), lambda *_: told.set()) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _keep_sweeping(page: gr.Blocks, retention_s: float) -> None:
    stopped = threading.Event()
    while page.is_running:
        stopped.wait(max(0.5, min(30.0, retention_s / 4)))
        sweep_files(Path(get_upload_folder()), retention_s)


def _check_certificate(certificate: str | None, key: str | None) -> None:
    if certificate is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise StylizeError(
            f"{certificate} and its key cannot be used for https ({error}). Both must be PEM files "
            "that belong together."
        ) from error
