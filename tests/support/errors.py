"""Catch the error of a call, to compare its parts: its place and values last longer than its sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from sharklab.errors import SharklabError

Error = TypeVar("Error", bound=SharklabError)


def error_of(kind: type[Error], call: Callable[..., object], *arguments: Any, **options: Any) -> Error:
    """Return the error of the `kind` that `call` raises. Fails if it raises none, or another."""
    with pytest.raises(kind) as raised:
        call(*arguments, **options)
    return raised.value
