"""``stylize train``, ``export``, ``quantize`` and ``evaluate``: what needs torch."""

from __future__ import annotations


def train() -> None:
    """Train."""


def export() -> None:
    """Export."""


def quantize() -> None:
    """Quantize."""


def evaluate() -> None:
    """Evaluate."""
