"""Each module has a test file of its name. The plugin of the tests measures those that decide points."""

from __future__ import annotations

import pytest

from tests import individual_coverage


@pytest.mark.parametrize("module", individual_coverage.modules_with_functions())
def test_module_has_a_test_file_of_its_own(module: str) -> None:
    """A reader who changes a module knows where its tests are."""
    assert individual_coverage.own_tests(module).exists()


def test_measured_modules_are_some_of_them() -> None:
    """The measurement has no module that was moved away."""
    assert set(individual_coverage.modules()) <= set(individual_coverage.modules_with_functions())
