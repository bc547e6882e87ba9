"""Which cookies of a class still count: a new link of a reader ends the cookies of the older ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.concurrency import run_in_threadpool

from sharklab.cli.workbench.client import DeskRefusal
from sharklab.cli.workbench.identity import Reader

FRESH = 5.0
"""Seconds for which the numbers count: `seats create` on the command line may give new links at any time."""


class Epochs:
    """The number of the present link of each reader, asked again when it is not fresh any more."""

    def __init__(self, ask: Callable[[], Mapping[str, int]]) -> None:
        """`ask` returns the number by `Reader.link_name`. Raises DeskRefusal."""
        self._ask = ask
        self._numbers: Mapping[str, int] = {}
        self._asked = -FRESH
        self._lock = threading.Lock()

    def knows(self, reader: Reader) -> bool:
        """Tell whether the cookie of a reader is of the present link, as far as is known here."""
        return self._numbers.get(reader.link_name) == reader.epoch

    async def has(self, reader: Reader) -> bool:
        """Tell the same of now."""
        if self._is_old:
            await run_in_threadpool(self._refresh)
        return self.knows(reader)

    async def forget(self) -> None:
        """Ask for the numbers again: there is a new link, or one was used."""
        self._asked = -FRESH
        await run_in_threadpool(self._refresh)

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._asked > FRESH

    def _refresh(self) -> None:
        """Ask, unless another reader's request did so meanwhile; without an answer the old numbers stay."""
        with self._lock, suppress(DeskRefusal):
            if self._is_old:
                self._numbers = self._ask()
                self._asked = time.monotonic()
