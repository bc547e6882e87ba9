"""Templates of a lab: a value that no reader can use is refused, with its place and a remedy."""

from __future__ import annotations

import pytest

from sharklab.errors import InputError
from sharklab.lab import template

NAMES = {"lab": "mylab", "port": 443, "hosts": {"server": {"ipv4": "192.0.2.1"}}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ lab.title }}", "neither text nor a number, but a builtin_function_or_method"),
        ("{{ hosts.server }}", "neither text nor a number, but a dict"),
        ("{{ hosts.desktop.ipv4 }}", "undefined name: 'dict object' has no attribute 'desktop'"),
        ("{{ lab + 1 }}", "not a valid template: can only concatenate str"),
        ("{{ lab", "not a valid template: unexpected end of template"),
    ],
)
def test_faulty_value_is_refused(text: str, said: str) -> None:
    """In lab.yml the place is a key, on a page it is a line."""
    with pytest.raises(InputError) as of_value:
        template.fill({"title": {"en": text}}, NAMES, "lab.yml")
    assert "lab.yml title.en" == of_value.value.place
    with pytest.raises(InputError) as of_page:
        template.fill_page(f"# Title\n\nA server: {text}\n", NAMES, "brief.en.md.j2")
    assert "brief.en.md.j2:3" == of_page.value.place
    assert said in of_value.value.message and said in of_page.value.message


def test_text_and_numbers_are_filled_in() -> None:
    """A page may use blocks of Jinja; the line of a block leaves no empty line."""
    page = "{{ lab }}, {{ port }}\n{% for host in hosts %}\n- {{ host }}\n{% endfor %}\n"
    assert "mylab, 443\n- server\n" == template.fill_page(page, NAMES, "brief.en.md.j2")
