"""Make text from hosts and packets safe to look at: nothing invisible, nothing that moves a cursor.

Command output may hold terminal escapes (ECMA-48), control characters and
bidirectional overrides (UAX 9) that show a reader something else than what is there.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles, links
)
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_PICTURES: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"⟨U+{code:04X}⟩" for code in _BIDI},
}


def visible(text: str) -> str:
    """Return `text` without terminal escapes, other control characters as pictures (U+2400...)."""
    return _ESCAPES.sub("", text.replace("\r\n", "\n")).translate(_PICTURES)


def clip(text: str, length: int) -> str:
    """Return `text` in at most `length` characters, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"
