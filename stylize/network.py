"""Other computers: whether they answer at all."""

from __future__ import annotations

import socket


def why_unreachable(host: str, port: int, *, patience_s: float) -> str:
    """Return why nothing answers at an address, empty if something does.

    Args:
        host: Name or address.
        port: Of TCP.
        patience_s: How long to wait for an answer, in seconds.
    """
    try:
        socket.create_connection((host, port), timeout=patience_s).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
