"""Sentences of other programs: they really say what is marked for translation."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

import pytest
import yaml
from babel.messages.extract import extract_from_file

from sharklab import library_messages, yaml_file

BROKEN = {
    "a: b: c": "mapping values are not allowed in this context",
    "a: - 1": "block sequence entries are not allowed in this context",
    "a: 'it's'": "did not find expected key",
    "- a\nb: 1": "did not find expected '-' indicator",
    "- a\n - b\n-c": "could not find expected ':'",
    "a: [1, 2\nb: 3": "did not find expected ',' or ']'",
    "a: {x: 1\nb: 3": "did not find expected ',' or '}'",
    "[a]]": "did not find expected <document start>",
    "a:\n\tb: 1": "found character that cannot start any token",
    "a: *x": "found undefined alias",
    'a: "x': "found unexpected end of stream",
    'a: "\\q"': "found unknown escape character",
}


@pytest.mark.parametrize(("text", "sentence"), BROKEN.items())
def test_libyaml_says_it(text: str, sentence: str) -> None:
    """What is wrong with YAML is said in libyaml's own words."""
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml_file.read(text)
    assert (caught.value.problem, sentence in library_messages.LIBYAML) == (sentence, True)


def test_libyaml_has_an_example_for_each() -> None:
    """Each of its sentences is one that an author can meet."""
    assert set(library_messages.LIBYAML) == set(BROKEN.values())


def test_argparse_says_it() -> None:
    """Each of its sentences is one that it translates."""
    found = extract_from_file("python", Path(argparse.__file__), keywords={"_": None})
    assert set(library_messages.ARGPARSE) - {message for _, message, *_ in found} == set()


def test_system_says_it() -> None:
    """Each of its sentences is that of an error number."""
    assert set(library_messages.SYSTEM) - {os.strerror(number) for number in errno.errorcode} == set()
