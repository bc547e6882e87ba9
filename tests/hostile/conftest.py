"""How long to look for files that break a reader: a little in the suite, as long as one likes by hand.

./sharklab test tests/hostile --fuzz 100
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

Fuzz = Callable[[SearchStrategy[Any], Callable[[Any], None], int], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that looks for longer, each time at other examples."""
    parser.addoption("--fuzz", type=int, default=1, help="as many times the examples of the suite")


@pytest.fixture
def fuzz(pytestconfig: pytest.Config) -> Fuzz:
    """Return a function that tries a check on examples of a strategy: in the suite always the same ones."""
    times: int = pytestconfig.getoption("fuzz")

    def run(strategy: SearchStrategy[Any], check: Callable[[Any], None], examples: int) -> None:
        bounds = settings(
            max_examples=examples * times,
            deadline=None,
            derandomize=times == 1,
            database=None,
            phases=[Phase.generate],  # to make a failing file smaller takes tshark hundreds of times
            suppress_health_check=list(HealthCheck),
        )

        @bounds
        @given(strategy)
        def look(example: Any) -> None:
            check(example)

        look()

    return run
