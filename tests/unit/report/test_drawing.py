"""A picture under construction: its elements, its numbers, and text that stays text."""

from __future__ import annotations

from xml.etree import ElementTree

from sharklab.report.drawing import Drawing


def drawn(drawing: Drawing) -> ElementTree.Element:
    """Return the picture as it is read from its text."""
    return ElementTree.fromstring(drawing.svg(50))  # noqa: S314 (our own picture)


def picture(title: str = "a title") -> Drawing:
    """Return an empty picture."""
    return Drawing("x", "ladder", 640, title, "a description")


def test_drawing_has_a_title_and_a_description() -> None:
    """Both are named by ids that are unique in the page."""
    root = drawn(picture())
    assert ("ladder", "img", "x-title x-desc") == (
        root.get("class"),
        root.get("role"),
        root.get("aria-labelledby"),
    )
    assert {"x-title": "a title", "x-desc": "a description"} == {
        element.get("id"): element.text for element in root
    }
    assert "0 0 640 50" == root.get("viewBox")


def test_drawing_escapes_text() -> None:
    """A hostile label is text, in the title too."""
    drawing = picture("<script>a</script>")
    drawing.text("label", 1, 2, "<b>x</b> & y", "middle")
    root = drawn(drawing)
    assert ["title", "desc", "text"] == [element.tag for element in root]
    assert ("<b>x</b> & y", "middle") == (root[2].text, root[2].get("text-anchor"))


def test_drawing_writes_short_numbers() -> None:
    """A whole number has no decimals; elements carry a class and no colour."""
    drawing = picture()
    drawing.line("axis", 0.0, 1.5, 640, 2)
    drawing.box("bar", 1, 2, 3, 4, 5)
    drawing.dot("end", 1, 2, 3.25)
    line, box, dot = (dict(element.items()) for element in drawn(drawing)[2:])
    assert {"class": "axis", "x1": "0", "y1": "1.5", "x2": "640", "y2": "2"} == line
    assert {"class": "bar", "x": "1", "y": "2", "width": "3", "height": "4", "rx": "5"} == box
    assert {"class": "end", "cx": "1", "cy": "2", "r": "3.25"} == dot


def test_drawing_points_heads_both_ways() -> None:
    """The tip of an arrow is where the line ends."""
    drawing = picture()
    drawing.head("arrow", 100, 20, outward=True)
    drawing.head("arrow", 100, 20, outward=False)
    out, back = (element.get("d") for element in drawn(drawing)[2:])
    assert ("M100 20L90 15.5L90 24.5Z", "M100 20L110 15.5L110 24.5Z") == (out, back)


def test_drawing_closes_a_cloud() -> None:
    """The cloud is one closed path of four arcs, from its lower left."""
    drawing = picture()
    drawing.cloud("cloud", 10, 20, 100, 40)
    path = drawn(drawing)[2].get("d") or ""
    assert (path.startswith("M30 60A"), path.count("A"), path.endswith("Z")) == (True, 4, True)


def test_drawing_puts_parts_into_a_group() -> None:
    """The group ends with its block: the next part is beside it."""
    drawing = picture()
    with drawing.group("machine", data_host="client"):
        drawing.dot("end", 1, 2, 3)
    drawing.dot("end", 4, 5, 6)
    group, dot = drawn(drawing)[2:]
    assert ("g", "client", ["circle"], "circle") == (
        group.tag,
        group.get("data-host"),
        [part.tag for part in group],
        dot.tag,
    )
