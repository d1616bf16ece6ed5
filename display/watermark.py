"""The sign of training on a picture: a dashed line down both edges of the panel, which makes way for what is drawn there."""

from __future__ import annotations

from PIL import Image

DASH = 4
"""Pixels lit, and as many dark."""

WAY = 6
"""Pixels beside a dash that are dark, or it is left out: letters are not crowded."""


def watermark(image: Image.Image) -> Image.Image:
    """A picture of mode "1" with the dashes on it; the one that was given stays as it is."""
    marked = image.copy()
    for top in range(0, image.height, 2 * DASH):
        for edge, beside in ((0, 0), (image.width - 1, image.width - WAY)):
            if image.crop((beside, top, beside + WAY, top + DASH)).getbbox() is None:
                marked.paste(1, (edge, top, edge + 1, min(top + DASH, image.height)))
    return marked
