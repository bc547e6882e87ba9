"""Each module that decides points has a test file of its name; the plugin of the tests measures its lines."""

from __future__ import annotations

import pytest

from tests import individual_coverage


@pytest.mark.parametrize("module", individual_coverage.modules())
def test_module_has_a_test_file_of_its_own(module: str) -> None:
    """A reader who changes a module knows where its tests are."""
    assert individual_coverage.own_tests(module).exists()
