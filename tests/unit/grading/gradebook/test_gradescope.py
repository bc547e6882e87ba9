"""One result as Gradescope's autograders write it."""

from __future__ import annotations

import json

from sharklab.grading.gradebook.gradescope import gradescope
from tests.support import gradebook_sample as sample


def test_gradescope_has_score_and_tests() -> None:
    """The score is the sum after adjustments; each criterion is a test."""
    found = json.loads(gradescope(sample.late()))
    assert (4.5, 6) == (found["score"], len(found["tests"]))
    first = found["tests"][0]
    assert ("1.1", 4.0, 4.0, "passed") == tuple(
        first[key] for key in ("number", "score", "max_score", "status")
    )
    assert {"failed"} == {test["status"] for test in found["tests"][3:]}
    [taken], [refused] = sample.late().adjustments, sample.late().problems
    assert f"-0.5 points: {taken.reason}\n{refused.file}: {refused.reason}" == found["output"]
