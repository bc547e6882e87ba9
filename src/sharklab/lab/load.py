"""Read `lab.yml` into a `Lab`, or say everything that is wrong with it, with lines and hints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sharklab import paths, state, yaml_file
from sharklab.errors import InputError
from sharklab.lab import criteria, matrices, roles, schema
from sharklab.lab.model import (
    Capture,
    Exam,
    Exercise,
    ExpectedConversation,
    FilledLab,
    Host,
    HostStart,
    Lab,
    Network,
    Probe,
    Service,
    Text,
)
from sharklab.message import DID_YOU_MEAN, N_, NN_, Message, nearest

FILE = "lab.yml"


def names() -> list[str]:
    """Return the names of the labs in `labs/`, sorted."""
    return sorted(file.parent.name for file in paths.LABS.glob("*/lab.yml"))


def find(lab: str) -> Path:
    """Return the `lab.yml` that `lab` means: a folder, a lab in `labs/`, or a lab that has a seat here.

    Raises InputError when there is none, with the nearest name as a hint.
    """
    named = paths.lab_folder(lab) or paths.LABS / lab
    if (named / FILE).is_file():
        return named / FILE
    folders = [] if paths.lab_folder(lab) else _folders_of_seats(lab)
    if len(folders) == 1:
        return folders[0] / FILE
    if folders:
        raise InputError(
            N_("the lab {name} is in several folders"),
            place=Message(N_("LAB")),
            hint=N_("name one of them: {folders}"),
            name=lab,
            folders=folders,
        )
    near = nearest(lab, names())
    raise InputError(
        N_("there is no lab named {name!r}"),
        place=Message(N_("LAB")),
        hint=DID_YOU_MEAN if near else N_("the labs are: {known}; name another lab by its folder: ./mylab"),
        name=lab,
        near=near,
        known=", ".join(names()),
    )


def _folders_of_seats(name: str) -> list[Path]:
    """Return the folders, sorted, that hold the lab `name` and from which seats here were started."""
    if not state.PLAIN_NAME.fullmatch(name):
        return []
    plans = state.find(state.seats_folder() / name, "*/plan.json")
    folders = {Path(json.loads(plan.read_text(encoding="utf-8"))["path"]) for plan in plans}
    return sorted(folder for folder in folders if (folder / FILE).is_file())


@cache
def read(file: Path) -> Lab:
    """Return the lab that `file` describes. Raises InputError with every problem of its shape."""
    data = yaml_file.read_file(file).data
    refuse(file, list(schema.faults(schema.read(), data)) or list(criteria.faults(data)))
    return build(Lab, data, file.parent)


def read_named(lab: str) -> Lab:
    """Return the lab that `lab` (a lab's name or a folder) means. Raises as `find` and `read` do."""
    return read(find(lab))


def refuse(file: Path, faults: Sequence[schema.Fault]) -> None:
    """Raise InputError with every fault that was found in `file`, each with its line; return without any."""
    if not faults:
        return
    document, count = yaml_file.read_file(file), len(faults)
    raise InputError(
        NN_("the lab has {count} problem", "the lab has {count} problems"),
        place=str(file),
        problems=tuple(_problem(file, document, *fault) for fault in faults),
        count=count,
    )


def glance(file: Path) -> tuple[Text, tuple[str, ...]]:
    """Return a lab's title and its hosts' names without checking the rest: enough for a list, and quick.

    Raises InputError when even these cannot be read.
    """
    try:
        data = yaml_file.read(file.read_text(encoding="utf-8")).data
        return dict(data["title"]), tuple(map(str, data["hosts"]))
    except (OSError, UnicodeDecodeError, yaml_file.YamlError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            N_("the file does not describe a lab"),
            place=str(file),
            hint=N_("find the reason with: sharklab lint"),
        ) from error


LabType = TypeVar("LabType", Lab, FilledLab)


def build(kind: type[LabType], data: Mapping[str, Any], folder: Path) -> LabType:
    """Return the lab, of the `kind` that is asked for, of schema-valid `data`; its prose lies in `folder`."""
    return kind(
        name=data["lab"],
        path=folder,
        title=dict(data["title"]),
        summary=dict(data["summary"]),
        networks=tuple(_network(name, entry or {}) for name, entry in data["networks"].items()),
        hosts=tuple(host(data, name, entry, folder) for name, entry in data["hosts"].items()),
        exercises=(
            *(matrices.exercise(entry) for entry in data.get("matrices", ())),
            *(_exercise(entry) for entry in data["exercises"]),
        ),
        matrices=tuple(matrices.matrix(entry) for entry in data.get("matrices", ())),
        exam=Exam(**data["exam"]) if "exam" in data else None,
        data=data,
    )


def _network(name: str, entry: Mapping[str, Any]) -> Network:
    return Network(name, title=dict(entry.get("title", {})), internet=entry.get("internet", False))


def host(data: Mapping[str, Any], name: str, entry: Mapping[str, Any], folder: Path) -> Host:
    """Return the host `name` of the lab in `folder` that was built from `data`, as `entry` describes it."""
    ports = matrices.port_states(data, name) if matrices.ROLE in entry["roles"] else []
    return Host(
        name=name,
        title=dict(entry["title"]),
        networks=tuple(entry["networks"]),
        roles=roles.whole(entry["roles"], entry.get("vars", {}), folder),
        vars={**entry.get("vars", {}), **({"port_states_ports": ports} if ports else {})},
        numbers=dict(entry.get("numbers", {})),
        needs=tuple(entry.get("needs", ())),
    )


def _exercise(entry: Mapping[str, Any]) -> Exercise:
    conversation = entry.get("conversation")
    return Exercise(
        id=entry["id"],
        part=entry.get("part", ""),
        title=dict(entry["title"]),
        text=dict(entry.get("text", {})),
        conversation=ExpectedConversation(**conversation) if conversation else None,
        captures=tuple(_capture(capture) for capture in entry.get("captures", ())),
        probes=tuple(_probe(probe) for probe in entry.get("probes", ())),
        checks=tuple(criteria.check(check) for check in entry.get("checks", ())),
        questions=tuple(entry.get("questions", ())),
        criteria=tuple(criteria.criterion(criterion) for criterion in entry.get("criteria", ())),
        services=tuple(_service(service) for service in entry.get("services", ())),
        anywhere=entry.get("anywhere", False),
        hints={name: criteria.hints(given) for name, given in entry.get("hints", {}).items()},
        faults=tuple(tuple(listed) for listed in entry.get("faults", ())),
        start={name: _start(given) for name, given in entry.get("start", {}).items()},
    )


def _start(entry: Mapping[str, Any]) -> HostStart:
    return HostStart(tuple(entry.get("without", ())), dict(entry.get("vars", {})))


def _capture(entry: Mapping[str, Any]) -> Capture:
    return Capture(**{"filter": "", **entry, "names": tuple(entry.get("names", ()))})


def _probe(entry: Mapping[str, Any]) -> Probe:
    lists = {key: tuple(entry[key]) for key in ("run", "exit", "after") if key in entry}
    return Probe(**{**entry, **lists})


def _service(entry: Mapping[str, Any]) -> Service:
    return Service(**{**entry, "transports": tuple(entry["transports"])})


def _problem(file: Path, document: yaml_file.Document, where: schema.Path, problem: InputError) -> InputError:
    """Return the problem with its place in the file."""
    keys = ".".join(map(str, where))
    problem.place = f"{file}:{document.line(where)}" + (f" {keys}" if keys else "")
    return problem
