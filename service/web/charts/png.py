"""Charts as PNG: an SVG file drawn by resvg with the fonts in this folder, and nothing else."""

from pathlib import Path
from typing import Final

import resvg_py

from service.domain.errors import invalid_field
from service.web.messages import plain_text

FONTS: Final = Path(__file__).parent / "fonts"
FONT_FILES: Final = [str(FONTS / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
FONT_FAMILY: Final = "DejaVu Sans"

SCALE: Final = 2
"""Pixels of a PNG for each pixel of its SVG, unless there would be too many."""

MAX_PIXELS: Final = 5_000_000
MAX_SVG_LETTERS: Final = 1_000_000
"""Limits of one picture: 5 million pixels take 20 megabytes and half a second."""


def choose_size(width: int, height: int, scale: float = SCALE) -> tuple[int, int]:
    """Return the width and height in pixels of the PNG of an SVG of this size."""
    scale = min(scale, (MAX_PIXELS / (width * height)) ** 0.5)
    return max(int(width * scale), 1), max(int(height * scale), 1)


def draw_png(svg: str, width: int, height: int, scale: float = SCALE) -> bytes:
    """Return the PNG of an SVG of this width and height, as large as ``choose_size`` says.

    Raises InvalidInputError if the SVG is too large. It must be one of ours: resvg reads files that
    an SVG names.
    """
    if len(svg) > MAX_SVG_LETTERS:
        raise invalid_field("chart", plain_text("charts.file.too_large"))
    pixel_width, pixel_height = choose_size(width, height, scale)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            width=pixel_width,
            height=pixel_height,
            skip_system_fonts=True,
            font_files=FONT_FILES,
            font_family=FONT_FAMILY,
            sans_serif_family=FONT_FAMILY,
        )
    )
