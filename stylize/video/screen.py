"""A page on this machine that shows pictures as they come: a stream of JPEGs, as cameras have it.

OpenCV's own windows are no part of its package for servers, and need a desktop.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_HOST = "127.0.0.1"
_QUALITY = 88
_BOUNDARY = "frame"
_PATIENCE_S = 0.5  # until a stream sees that the screen is closed
_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Stylize Studio</title>
<meta name="viewport" content="width=device-width">
<style>html,body{margin:0;height:100%;background:#111}
img{width:100%;height:100%;object-fit:contain}</style>
<img src="/stream" alt="Stylize Studio">
"""


class Screen:
    """Shows the newest picture to all who look at a page; use it in a ``with`` block.

    Attributes:
        url: Of the page.
    """

    def __init__(self, port: int = 0) -> None:
        """Open the page.

        Args:
            port: 0: any that is free.
        """
        self._changed = threading.Condition()
        self._jpeg: bytes | None = None
        self._number = 0
        self.is_closed = False
        screen = self

        class Handler(_Handler):
            shown = screen

        self._server = ThreadingHTTPServer((_HOST, port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{_HOST}:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def show(self, pixels: Bytes) -> None:
        """Show a picture, (H, W, 3) RGB."""
        _, coded = cv2.imencode(
            ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        with self._changed:
            self._jpeg = coded.tobytes()
            self._number += 1
            self._changed.notify_all()

    def after(self, number: int) -> tuple[int, bytes | None]:
        """Wait a moment for a picture after one of a number; return its own number and JPEG."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self.is_closed, _PATIENCE_S)
            return self._number, self._jpeg if self._number > number else None


class _Handler(BaseHTTPRequestHandler):
    shown: Screen
    server: ThreadingHTTPServer

    def do_GET(self) -> None:
        # Pages of other names may not read it, wherever those names lead.
        hosts = [f"{name}:{self.server.server_port}" for name in (_HOST, "localhost")]
        if self.headers.get("Host") not in hosts:
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            self._begin("text/html; charset=utf-8", len(_PAGE))
            self.wfile.write(_PAGE)
        elif self.path == "/stream":
            self._begin(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _begin(self, kind: str, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def _stream(self) -> None:
        number = 0
        try:
            self.wfile.write(f"--{_BOUNDARY}\r\n".encode())
            while not self.shown.is_closed:
                number, jpeg = self.shown.after(number)
                if jpeg is None:
                    continue
                # A part is shown once the next one begins: its boundary follows at once.
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode())
        except OSError:  # nobody looks any more
            return

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing."""
