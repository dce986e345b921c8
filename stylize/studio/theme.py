"""Colours, type and spacing of the page: calm paper and ink, system fonts, nothing from outside."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color
from gradio.themes.utils.fonts import Font

from stylize.studio import texts

STATIC_DIR = Path(__file__).parent / "static"
CSS_PATH = STATIC_DIR / "style.css"
INK = Color(
    "#eef3f6", "#d9e5eb", "#b5ccd8", "#8ab0c2", "#5d90a8", "#3a748f",
    "#235f7b", "#1b4e66", "#153f53", "#0f2f3f", "#0a202b", name="ink",
)  # fmt: skip
PAPER = Color(
    "#fbfaf8", "#f4f2ee", "#e8e4dd", "#d6d0c6", "#a9a196", "#7c746a",
    "#5f584f", "#47413a", "#2c2824", "#1d1a17", "#141210", name="paper",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Return the page's theme, in light and dark."""
    sans = [Font(name) for name in ("ui-sans-serif", "system-ui", "Segoe UI", "sans-serif")]
    mono = [Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")]
    base = gr.themes.Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=PAPER,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        font=sans,
        font_mono=mono,
    )
    return base.set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="#ece7df",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="#b3aba0",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="#191613",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="#b3aba0",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        block_info_text_size="*text_xs",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#37322c",
        panel_border_width="0px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#25211d",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="#4a443c",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="#1e3440",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_300",
        button_primary_background_fill_hover_dark="*primary_200",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#0a202b",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="*neutral_50",
        button_secondary_background_fill_dark="#2a2622",
        button_secondary_background_fill_hover_dark="#37322c",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="#4a443c",
        button_border_width="1px",
        button_large_text_weight="500",
        button_small_text_weight="500",
        layout_gap="14px",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )


# The page's own scripts, in the order in which they need each other.
_SCRIPTS = (
    "base", "gradio", "connection", "session", "library", "camera", "crop", "content", "zoom",
    "export", "preview", "viewer", "controls", "picker", "pixels", "pad", "regions", "map",
    "pictures", "look", "progress", "film", "curve", "kids", "wall", "header", "ready",
)  # fmt: skip


def script() -> str:
    """Return the page's own components and their texts, as one script."""
    parts = [texts.script()]
    parts += [(STATIC_DIR / f"{name}.js").read_text("utf-8") for name in _SCRIPTS]
    return "\n".join(parts)


def head(script_url: str) -> str:
    """Return what goes into the page's head, before all else."""
    first = (STATIC_DIR / "first.js").read_text("utf-8")
    frame = (STATIC_DIR / "page.css").read_text("utf-8")
    return (
        f'<meta name="referrer" content="no-referrer">\n<script>\n{first}</script>\n'
        f'<script defer src="{script_url}"></script>\n<style>\n{frame}</style>\n'
    )


# Three strokes of a brush, drawn so that no file has to be fetched.
MARK = """<svg viewBox="0 0 32 32" fill="none" stroke-width="5" stroke-linecap="round"
aria-hidden="true"><path d="M5 21C9 8 15 7 27 8" stroke="#d9a441"/>
<path d="M7 26C12 15 18 15 28 15" stroke="#c8553d"/>
<path d="M14 28c3-5 7-6 13-6" stroke="#2f7396"/></svg>"""

# What is seen until Gradio's scripts have arrived.
OPENING = f"""<div id="st-opening"><header>{MARK}<b>Stylize Studio</b></header>
<p role="status"></p></div>"""
