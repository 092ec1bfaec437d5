"""Draws the icons of the installed page in public/icons, after the logo in public/favicon.svg.

.venv/bin/python hosting/draw_icons.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

FOLDER: Final = Path(__file__).parent / "public/icons"
GREEN: Final = "#0b6e5f"
PALE: Final = "#e9f7f1"
GRID: Final = 64
"""The logo is drawn on a grid of 64 by 64."""
SMOOTH: Final = 8
"""How much larger it is drawn before it is made small, so that edges are smooth."""

Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]

DROP: Final[tuple[Curve, ...]] = (
    ((32, 9), (40.2, 18.3), (48, 27.3), (48, 36.2)),
    ((48, 36.2), (48, 45.6), (40.9, 53), (32, 53)),
    ((32, 53), (23.1, 53), (16, 45.6), (16, 36.2)),
    ((16, 36.2), (16, 27.3), (23.8, 18.3), (32, 9)),
)
ARROW: Final[tuple[tuple[Point, ...], ...]] = (((32, 24), (32, 39)), ((25, 32.5), (32, 39.5), (39, 32.5)))
ARROW_WIDTH: Final = 4.5


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rounded = {"192": 192, "512": 512}
    for name, size in rounded.items():
        save(icon(size, corner=16), name)
    # The systems cut these to a shape of their own: colour up to the edge, and the drop well inside.
    save(icon(512, corner=0, scale=0.78), "maskable-512")
    save(icon(180, corner=0, scale=0.86), "apple-touch-icon")


def icon(size: int, *, corner: float, scale: float = 1.0) -> Image.Image:
    """`corner` is the radius on the grid; `scale` makes the drop smaller around the middle."""
    image = Image.new("RGBA", (size * SMOOTH, size * SMOOTH))
    draw = ImageDraw.Draw(image)
    unit = size * SMOOTH / GRID

    def place(point: Point) -> Point:
        x, y = ((value - GRID / 2) * scale + GRID / 2 for value in point)
        return x * unit, y * unit

    draw.rounded_rectangle((0, 0, *image.size), corner * unit, fill=GREEN)
    draw.polygon([place(point) for curve in DROP for point in along(curve)], fill=PALE)
    width = ARROW_WIDTH * scale * unit
    for line in ARROW:
        points = [place(point) for point in line]
        draw.line(points, fill=GREEN, width=round(width), joint="curve")
        for x, y in points:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=GREEN)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def along(curve: Curve, steps: int = 60) -> list[Point]:
    """Points of a cubic Bézier curve."""
    return [at(curve, step / steps) for step in range(steps)]


def at(curve: Curve, t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (
        sum(weight * point[axis] for weight, point in zip(weights, curve, strict=True)) for axis in (0, 1)
    )
    return x, y


def save(image: Image.Image, name: str) -> None:
    image.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
