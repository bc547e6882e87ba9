"""Write the generated parts of the documentation, each from the code that it describes.

    ./sharklab test tests/docs/test_generate.py --renew

That test keeps every file equal to its code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docs.generate import ansible, commands, escapes, faults, floors, lab_file, vocabulary
from sharklab.paths import ROOT

FILES: Mapping[str, Callable[[str], str]] = {
    "docs/ansible.md": ansible.page,
    "docs/architecture.md": floors.page,
    "docs/authoring.md": lambda text: faults.page(vocabulary.page(text)),
    "docs/commands.md": commands.page,
    "docs/lab-file.md": lab_file.page,
    "docs/providers.md": escapes.page,
    "src/sharklab/lab/vocabulary.schema.json": vocabulary.schema,
}
"""Files with generated parts; each function takes the text of its file and returns the renewed text."""


def renew() -> None:
    """Write every file of `FILES` anew."""
    for name, renewed in FILES.items():
        file = ROOT / name
        file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")
