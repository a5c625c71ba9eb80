"""The book's pictures, a module each: `draw(*arguments)` returns a `Picture`.

In:  the words after the picture's name in `{picture} name …`.
Out: SVG in the page's own colours (`currentColor` and the class `accent`), so that it follows
     light and dark, with a text that says what is to be seen.
To add a picture: add a module with `draw`.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class Picture:
    svg: str
    caption: str


def canvas(width: float, height: float, says: str) -> ET.Element:
    """An empty picture with its text for those who do not see it."""
    svg = ET.Element("svg", viewBox=f"0 0 {width:g} {height:g}", role="img", xmlns="http://www.w3.org/2000/svg")
    svg.set("aria-label", says)
    svg.set("style", f"max-width: {width:g}px")
    ET.SubElement(svg, "title").text = says
    return svg


def add(parent: ET.Element, tag: str, text: str = "", **attributes: object) -> ET.Element:
    """An element; `stroke_width=2` is stroke-width, and numbers are rounded to a tenth."""
    named = {
        name.rstrip("_").replace("_", "-"): f"{value:.1f}".removesuffix(".0")
        if isinstance(value, float)
        else str(value)
        for name, value in attributes.items()
    }
    made = ET.SubElement(parent, tag, named)
    made.text = text or None
    return made


def drawn(svg: ET.Element, caption: str) -> Picture:
    return Picture(ET.tostring(svg, encoding="unicode"), caption)
