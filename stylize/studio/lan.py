"""Addresses for a class: where tablets of the same network find the page, as text and QR code."""

from __future__ import annotations

import io
import socket


def lan_address() -> str:
    """Return this computer's address in the local network; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a UDP socket only picks its own end here
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def qr_code(text: str) -> str:
    """Return a QR code made of characters, for a terminal; made on this computer."""
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(text)
    stream = io.StringIO()
    code.print_ascii(out=stream, invert=True)
    return stream.getvalue()


def invitation(url: str, *, teacher_code: str | None = None) -> str:
    """Return what to show a class: the address, its QR code, and for the teacher the code."""
    lines = [f"Open on the tablets: {url}", qr_code(url)]
    if teacher_code is not None:
        lines.append(f"Teacher's view: {url}/teacher with the code {teacher_code}")
    return "\n".join(lines)
