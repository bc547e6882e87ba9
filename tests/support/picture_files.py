"""Pictures of pages for the documentation: with few colours, so that they open quickly."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

from playwright.sync_api import FloatRect, Page

MOST_COLOURS = 256
"""Colours of a PNG whose pixels have one byte (PNG specification, 11.2.2)."""

STEPS = (17, 51)
"""Distances between two shades of a colour: the finest that leaves few enough colours is taken."""

PIXELS = """async ([png, step]) => {
  const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (one) => one.charCodeAt(0))]));
  const pen = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  pen.drawImage(picture, 0, 0);
  const data = pen.getImageData(0, 0, picture.width, picture.height).data, colours = new Map(), pixels = [];
  for (let at = 0; at < data.length; at += 4) {
    const colour = [0, 1, 2].map((part) => Math.round(data[at + part] / step) * step);
    const name = colour.join();
    if (!colours.has(name)) colours.set(name, [colours.size, colour]);
    pixels.push(colours.get(name)[0]);
  }
  return [picture.width, picture.height, [...colours.values()].flatMap(([, colour]) => colour), pixels];
}"""


def save(page: Page, file: Path, area: FloatRect) -> None:
    """Save a part of a page as a PNG."""
    png = base64.b64encode(page.screenshot(clip=area)).decode()
    for step in STEPS:
        width, height, colours, pixels = page.evaluate(PIXELS, [png, step])
        if len(colours) <= 3 * MOST_COLOURS:
            break
    rows = (bytes(pixels[at : at + width]) for at in range(0, width * height, width))
    head = struct.pack(">2I5B", width, height, 8, 3, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    parts = ((b"IHDR", head), (b"PLTE", bytes(colours)), (b"IDAT", body), (b"IEND", b""))
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
