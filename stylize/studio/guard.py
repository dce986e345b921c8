"""Who may talk to the server, and what its answers allow a browser to do.

It stands before everything else, Gradio's own routes included. Gradio lets any website talk to a
page that is served on anything but localhost, and asks for no ``Host``: a site whose name is made
to point at this machine ("DNS rebinding") would be taken for the page itself.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from stylize.studio.front import Front
from stylize.studio.gradio_internals import App
from stylize.studio.settings import StudioSettings

Scope = Mapping[str, Any]
Headers = list[tuple[bytes, bytes]]

# What Gradio can do and this page does not use: not served.
_CLOSED = re.compile(
    r"/(gradio_api/(process_recording|component_server|proxy=|stream/|custom_component/|run-history"
    r"|runs|deep_link|dev/|vibe-|undo-vibe-|profiling|file=https?:|file/|token|user)"
    r"|monitoring|log(in|out)|pwa_icon)"
)
_FORM = b"multipart/form-data"
_CORS = (b"access-control-", b"vary")


@dataclass(frozen=True)
class Callers:
    """Who may talk to the server.

    Attributes:
        hosts: Names under which the page may be called, beside addresses in digits, which no
            website can have; ``*`` allows every name.
        origins: Websites that may use the API and show the page in a frame, such as
            ``https://school.example``; ``*`` allows every one.
        frames: More websites that may show the page in a frame only.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: StudioSettings, host: str) -> Callers:
        """Return who may call a page of these settings that is served on an address.

        Args:
            settings: Name further hosts and origins.
            host: Address or name that the server listens on.
        """
        name = socket.gethostname().lower()
        hosts = {"localhost", host.lower(), name, f"{name}.local", *settings.allowed_hosts}
        frames = set()
        if os.environ.get("SPACE_ID"):
            hosts.add(os.environ.get("SPACE_HOST", "").lower())
            frames = {"https://huggingface.co"}
        return cls(frozenset(hosts - {""}), frozenset(settings.allowed_origins), frozenset(frames))

    def may_name(self, host: str) -> bool:
        """Say whether a request with this ``Host`` is for this page."""
        name = _name_of(host)
        return name in self.hosts or "*" in self.hosts or _is_address(name)

    def may_come_from(self, origin: str, host: str) -> bool:
        """Say whether a request that a page of this origin makes is welcome."""
        if origin in self.origins or "*" in self.origins:
            return True
        return urlsplit(origin).netloc.lower() == host.lower() != ""

    @property
    def policy(self) -> str:
        """The content security policy. Gradio makes functions of texts, and styles in the page."""
        frames = "*" if "*" in self.origins else " ".join(sorted(self.origins | self.frames))
        return "; ".join(
            [
                "default-src 'self'",
                "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "media-src 'self' data: blob:",
                "font-src 'self' data:",
                "connect-src 'self' data: blob:",
                "worker-src 'self' blob:",
                "object-src 'none'",
                "base-uri 'self'",
                "form-action 'self'",
                f"frame-ancestors 'self' {frames}".strip(),
            ]
        )


@dataclass
class Guard:
    """Refuses foreign hosts, foreign websites and too large requests; sets security headers.

    Attributes:
        app: What is guarded, an ASGI application.
        callers: Who may talk to it.
        max_json_bytes: Largest request that is no upload.
        max_form_bytes: Largest upload, of all its files together.
    """

    app: Any
    callers: Callers
    max_json_bytes: int
    max_form_bytes: int
    _headers: Headers = field(init=False)

    def __post_init__(self) -> None:
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", self.callers.policy.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request, or let it through."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = given.get(b"host", ""), given.get(b"origin")
        refused = self._refusal(scope, host, origin)
        if refused is not None:
            await _answer(send, *refused, self._headers)
            return
        extra = self._headers + _cors(given, origin, host)
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in given:
            await _answer(send, 200, "OK", extra)
            return
        is_form = given.get(b"content-type", "").lower().startswith(_FORM.decode())
        most = self.max_form_bytes if is_form else self.max_json_bytes
        if int(given.get(b"content-length") or 0) > most:
            await _answer(send, 413, f"{most} bytes are the limit of a request here.", extra)
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = [h for h in message.get("headers", ()) if not h[0].lower().startswith(_CORS)]
                message = {**message, "headers": kept + extra}
            await send(message)

        await self.app(scope, _at_most(receive, most), guarded)

    def _refusal(self, scope: Scope, host: str, origin: str | None) -> tuple[int, str] | None:
        if not self.callers.may_name(host):
            return 403, (
                f"This page is not served as {_name_of(host)[:100]!r}. Whoever runs it can allow "
                "that name: stylize studio --allow-host NAME, or STYLIZE_ALLOWED_HOSTS."
            )
        if origin is not None and not self.callers.may_come_from(origin, host):
            return 403, (
                "Other websites may not use this page. Whoever runs it can allow one: "
                "stylize studio --allow-origin URL, or STYLIZE_ALLOWED_ORIGINS."
            )
        if _CLOSED.match(scope["path"].removeprefix(scope.get("root_path", ""))):
            return 404, "Not served."
        return None


class GuardedApp(App):
    """Gradio's application behind a `Front` and a `Guard`, in the place of Gradio's laxer one."""

    def __init__(self, callers: Callers, settings: StudioSettings, **options: Any) -> None:
        super().__init__(**options)
        self._callers = callers
        self._settings = settings

    def build_middleware_stack(self) -> Any:
        """Put the guard before all else."""
        megabytes = self._settings.max_upload_mb * 1_000_000
        return Guard(
            Front(super().build_middleware_stack()),
            self._callers,
            max_json_bytes=2 * megabytes,  # a drawing and regions, as text a third longer
            max_form_bytes=megabytes * self._settings.max_batch,
        )


def is_loopback(host: str) -> bool:
    """Say whether only this computer can reach an address."""
    name = _name_of(host)
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def _name_of(host: str) -> str:
    """Return a host without port and brackets, in lower case; nothing where it is none."""
    if _is_address(host):
        return host
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cors(given: Mapping[bytes, str], origin: str | None, host: str) -> Headers:
    """Return the headers by which a browser lets another website read; it was allowed before."""
    if origin is None or urlsplit(origin).netloc.lower() == host.lower():
        return [(b"vary", b"Origin")]
    asked = given.get(b"access-control-request-headers", "content-type")
    return [
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", asked.encode("latin-1")),
        (b"access-control-max-age", b"600"),
    ]


def _at_most(receive: Any, most: int) -> Any:
    """Count what arrives: a request need not say how long it is."""
    left = most

    async def counted() -> Any:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            return {"type": "http.disconnect"}
        return message

    return counted


async def _answer(send: Any, status: int, text: str, headers: Headers) -> None:
    body = text.encode()
    head = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    head.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
