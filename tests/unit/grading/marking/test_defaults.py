"""The criteria that follow from a lab, and the titles of what they ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.grading.marking.defaults import CELL, criteria, names, title, title_of
from sharklab.lab.model import (
    AllOf,
    AnyOf,
    Asked,
    Check,
    Condition,
    Criterion,
    CriterionStep,
    Hint,
    Not,
    Plan,
)
from tests.support import matrix_sample, report_run

FIN, UDP, PORT = Check("fin"), Check("udp_exchange"), Asked("server_port")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return a plan with one exercise and no criterion of its author's."""
    return report_run.seal(tmp_path_factory.mktemp("ssh"), ["ssh"])


def derived(plan: Plan, **values: object) -> list[str]:
    """Return the ids of the criteria of the exercise with some values changed."""
    [exercise] = plan.lab.exercises
    return [each.id for each in criteria(plan.lab, replace(exercise, **values))]  # type: ignore[arg-type]


def test_criteria_follow_from_checks_and_questions(plan: Plan) -> None:
    """What only a run records earns nothing: the check of probes and that of sockets are left out."""
    checks = ["handshake", "traffic", "fin", "clean"]
    questions = ["server_address", "server_port", "local_port", "transport"]
    assert [*checks, *questions] == derived(plan)
    [exercise] = plan.lab.exercises
    assert {1.0} == {each.points for each in criteria(plan.lab, exercise)}


def test_names_are_those_of_the_criteria(plan: Plan) -> None:
    """Those of the author, those that follow, and those of a matrix."""
    [exercise] = plan.lab.exercises
    own = replace(exercise, criteria=(Criterion("mine", (CriterionStep(1, FIN),)),))
    for one in (exercise, own):
        assert [each.id for each in criteria(plan.lab, one)] == names(plan.lab, one)
    faulty = replace(exercise, checks=(Check("dns"),), questions=("server_adress",))
    assert ["dns", "server_adress"] == names(plan.lab, faulty)


def test_criteria_tell_almost_everything_from_nothing(plan: Plan) -> None:
    """A check with parts earns its point in steps, and has its own title; so does a port that changes."""
    [exercise] = plan.lab.exercises
    found = {each.id: each for each in criteria(plan.lab, exercise)}
    assert [3, 4, 4, 1] == [len(found[name].steps) for name in ("handshake", "traffic", "fin", "clean")]
    assert FIN == found["fin"].whole == found["fin"].steps[-1].condition
    assert title(FIN) == title_of(found["fin"])
    almost, exact = [step.condition for step in found["local_port"].steps]
    assert (Asked("local_port", almost=True), Asked("local_port")) == (almost, exact)
    assert title(almost) != title(exact)
    asked = replace(exercise, questions=("dns_server_port",))
    half, whole = [step.condition for step in criteria(plan.lab, asked)[-1].steps]
    assert (Asked("dns_server_port", almost=True), Asked("dns_server_port")) == (half, whole)
    assert len({title(half).msgid, title(whole).msgid, title(almost).msgid}) == 3


def test_criteria_of_a_check_that_is_there_twice(plan: Plan) -> None:
    """Each has an id of its own; an unknown check has none."""
    checks = (FIN, Check("fin", {"by": "client"}), Check("nonsense"))
    assert ["fin", "fin-2"] == derived(plan, checks=checks, questions=())


def test_criteria_without_captures_ask_what_the_server_shows(plan: Plan) -> None:
    """A question to packets cannot be answered without a capture."""
    assert ["process"] == derived(plan, checks=(), captures=(), questions=("server_port", "process"))


def test_criteria_of_the_author_come_first(plan: Plan) -> None:
    """They replace what would follow, and take the hints of the exercise along, after their own."""
    own, more = Hint({"en": "own"}), Hint({"en": "more"})
    [exercise] = plan.lab.exercises
    wanted = (
        Criterion("one", (CriterionStep(2.0, FIN),), hints=(own,)),
        Criterion("two", (CriterionStep(1.0, UDP),)),
    )
    found = criteria(plan.lab, replace(exercise, criteria=wanted, hints={"one": (more,)}))
    assert [("one", (own, more)), ("two", ())] == [(each.id, each.hints) for each in found]


def test_criteria_of_a_matrix_are_its_states() -> None:
    """A step for each tool that must be there and sends packets; together a state is worth a point."""
    plan = matrix_sample.planned()
    for matrix in plan.lab.matrices:
        [exercise] = [each for each in plan.lab.exercises if each.id == matrix.id]
        found = criteria(plan.lab, exercise)
        assert set(matrix.states) >= {each.id for each in found}
        for criterion in found:
            assert 1.0 == pytest.approx(criterion.points)
            cells = [step.condition for step in criterion.steps if isinstance(step.condition, Check)]
            assert {CELL} == {cell.kind for cell in cells}
            assert {cell.params["tool"] for cell in cells} <= {t.id for t in matrix.tools if not t.optional}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (PORT, "Port of the server"),
        (Asked("colour"), "colour"),
        (FIN, "End of the connection"),
        (Check("nonsense"), "nonsense"),
        (Not(FIN), "Not: End of the connection"),
        (AllOf((FIN, PORT, Asked("colour"))), "End of the connection and Port of the server and colour"),
        (AnyOf((FIN, PORT)), "End of the connection or Port of the server"),
    ],
)
def test_title_of_a_condition(condition: Condition, words: str) -> None:
    """A condition is called by its parts; what the lab does not know, by its name."""
    assert words == str(title(condition))


@pytest.mark.parametrize(
    ("steps", "given", "words"),
    [
        ((FIN,), {}, "End of the connection"),
        ((FIN, PORT), {}, "End of the connection, Port of the server"),
        ((FIN,), {"en": "The end", "fr": "La fin"}, "The end"),
        ((Check(CELL, {"tool": "nc", "state": "open"}),), {}, "Port open"),
    ],
)
def test_title_of_a_criterion(steps: tuple[Condition, ...], given: dict[str, str], words: str) -> None:
    """The author's title, or those of its steps."""
    criterion = Criterion("one", tuple(CriterionStep(1.0, each) for each in steps), given)
    assert words == str(title_of(criterion))


def test_title_of_a_step_is_its_authors() -> None:
    """A step has a title of its own, or its condition's."""
    assert "SYN" == str(title_of(CriterionStep(1.0, FIN, {"en": "SYN"})))
