"""A picture under construction: SVG elements that escape their text by construction.

Colours and strokes are the page's style sheet's business: elements only carry classes,
so that a picture follows the reader's light or dark mode and prints in ink.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree


class Drawing:
    """An inline SVG picture with a title and a description for those who do not see it."""

    def __init__(self, name: str, css: str, width: int, title: str, description: str) -> None:
        """Start a picture; `name` makes its ids unique in the page, `width` is in user units."""
        self.width = width
        labels = f"{name}-title {name}-desc"
        self._root = ElementTree.Element("svg", {"class": css, "role": "img", "aria-labelledby": labels})
        for tag, text in (("title", title), ("desc", description)):
            element = ElementTree.SubElement(self._root, tag, {"id": f"{name}-{tag}"})
            element.text = text

    @contextmanager
    def group(self, css: str, **attributes: str) -> Iterator[None]:
        """Put everything that is drawn during the block into a group."""
        outer, self._root = self._root, self._add("g", css, **attributes)
        yield
        self._root = outer

    def _add(self, tag: str, css: str, **attributes: float | str) -> ElementTree.Element:
        values = {name.replace("_", "-"): _number(value) for name, value in attributes.items()}
        return ElementTree.SubElement(self._root, tag, {"class": css, **values})

    def line(self, css: str, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a straight line."""
        self._add("line", css, x1=x1, y1=y1, x2=x2, y2=y2)

    def box(self, css: str, x: float, y: float, width: float, height: float, radius: float = 0) -> None:
        """Draw a rectangle."""
        self._add("rect", css, x=x, y=y, width=width, height=height, rx=radius)

    def dot(self, css: str, x: float, y: float, radius: float) -> None:
        """Draw a small circle."""
        self._add("circle", css, cx=x, cy=y, r=radius)

    def cloud(self, css: str, x: float, y: float, width: float, height: float) -> None:
        """Draw a cloud that fills the place of a rectangle: a flat base, and four round parts on it."""
        points = ((0.2, 0.4, 0.2), (0.45, 0.1, 0.16), (0.75, 0.25, 0.18), (0.8, 1.0, 0.2))
        arcs = [
            f"A{radius * width:g} {radius * width:g} 0 0 1 {x + right * width:g} {y + down * height:g}"
            for right, down, radius in points
        ]
        start = f"M{x + 0.2 * width:g} {y + height:g}"
        self._add("path", css, d=f"{start}{''.join(arcs)}Z")

    def head(self, css: str, x: float, y: float, outward: bool) -> None:
        """Draw an arrow's head whose tip is at (x, y)."""
        back = x - 10 if outward else x + 10
        self._add("path", css, d=f"M{x:g} {y:g}L{back:g} {y - 4.5:g}L{back:g} {y + 4.5:g}Z")

    def text(self, css: str, x: float, y: float, text: str, anchor: str = "start") -> None:
        """Write `text` with its base line at y; `anchor` is start, middle or end."""
        self._add("text", css, x=x, y=y, text_anchor=anchor).text = text

    def svg(self, height: float) -> str:
        """Return the picture as an SVG element, `height` in user units."""
        self._root.set("viewBox", f"0 0 {self.width} {height:g}")
        return ElementTree.tostring(self._root, encoding="unicode")


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
