"""The flow, in its order; each step takes what the one before it left, and none reaches back.

    load → seat → plan → image → up → provision → run → analyse → judge → report

`prepare` does load, seat and plan; `up` adds image, hosts and provisioning; `run` adds evidence.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sharklab import __version__, checks, i18n, state
from sharklab.author import lint
from sharklab.checks.outcome import Verdict
from sharklab.cli import ended_hosts, image_proof, seats
from sharklab.errors import InputError, MachineryError
from sharklab.evidence import run_folder
from sharklab.hosts import (
    borrowed,
    configuration,
    durable,
    faults,
    image,
    inventory,
    playbook,
    providers,
    seat_provider,
)
from sharklab.hosts.image import choice
from sharklab.hosts.providers import existing, this_computer
from sharklab.hosts.providers.provider import NewHosts
from sharklab.lab import diary, fault_choice, plan_file, seat, start
from sharklab.lab.matrices import FAST
from sharklab.lab.model import Lab, Plan, Seat
from sharklab.lab.plan import make_plan
from sharklab.message import N_, Message
from sharklab.progress import Progress

SET_UP = N_("set up the seat's own values")
SOLVE_AGAIN = N_("run sharklab solve again; if the work needs another exercise, solve that one first")


@dataclass(frozen=True)
class Run:
    """The results of a run: its folder, the verdicts, and the files of its report."""

    folder: Path
    plan: Plan
    verdicts: tuple[Verdict, ...]
    reports: tuple[Path, ...]

    @property
    def achieved(self) -> bool:
        """True when every exercise came about as it should."""
        return all(verdict.achieved for verdict in self.verdicts)


def prepare(name: str, student: str, pace: str = FAST, fault: str = "") -> Plan:
    """Return the plan of a solved seat that is about to exist: its subnets are registered, no host runs.

    With `fault`, the seat has this fault in place of the one that the course's secret chose. Raises
    InputError when the lab names no such fault.
    """
    lab = lint.load_named(name)
    own = seat.register(lab, student)
    return plan_of(lab, fault_choice.try_one(lab, own, fault) if fault else own, pace)


def look_up(name: str, student: str) -> Plan:
    """Return the plan that `prepare` would return now; the course's register stays as it is."""
    lab = lint.load_named(name)
    return plan_of(lab, seat.look_up(lab, student))


def plan_of(lab: Lab, own: Seat, pace: str = FAST) -> Plan:
    """Return the plan of a solved seat of `lab`, with the addresses of machines that it borrows."""
    own = fault_choice.with_tried(lab, own)
    return make_plan(lab, borrowed.with_addresses(own, borrowed.read(own.folder)), pace)


def to_begin(plan: Plan, solved: bool) -> Plan:
    """Return the plan of a seat for a student: in the state that it has, a new one in the start state.

    `solved` asks for a solved seat. Raises InputError when the seat exists in its start state.
    """
    own = plan_file.state_of(plan.seat.folder)
    if own is None:
        own = ((), ()) if solved else (start.exercises(plan.source), ())
    elif solved and own[0]:
        raise _not_solved(plan, "--solved")
    return make_plan(plan.source, plan.seat, plan.pace, *own)


def refuse_start(plan: Plan) -> None:
    """Raise InputError if the seat of `plan` exists and began in its start state: it is a student's."""
    own = plan_file.state_of(plan.seat.folder)
    if own and own[0]:
        raise _not_solved(plan, "sharklab run")


def _not_solved(plan: Plan, place: str) -> InputError:
    return InputError(
        N_("this seat is in its start state, for a student's own work"),
        place=place,
        hint=N_(
            "use another seat for the solved lab: --student solved; or remove this one: sharklab down {lab}"
        ),
        lab=plan.lab.name,
    )


def borrow(plan: Plan, machines: Path | None, agree: existing.Agree) -> Plan:
    """Return the plan at the addresses of machines that exist already, once it is known what they are.

    `machines` is the Ansible inventory that names them; without it, they are those that the seat has.
    `agree` hears what will change.
    Raises InputError when a machine cannot be a host of the lab, or the person does not agree.
    """
    if machines is None and borrowed.read(plan.seat.folder):
        return plan
    if machines is None:
        raise InputError(
            N_("the inventory of the machines is missing"),
            place="--provider existing",
            hint="sharklab up {lab} --provider existing --inventory hosts.yml",
            lab=plan.lab.name,
        )
    faults.refuse_borrowed(plan)
    with seats.hold(plan.seat):
        own = existing.borrow(plan, machines, agree)
        seat_provider.write(own.seat.folder, existing.Existing.name)
        existing.record_state(own)
    return own


def build_image(
    lab: Lab, os: str, hosts: providers.Provider, progress: Progress, begun: tuple[str, ...] = ()
) -> image.Layers:
    """Return the layers of `lab`'s `hosts`, after building the missing ones.

    With `begun` (`Plan.start`) they are those of the start state. An image holds no value of a student. That
    of the system `auto` has proved itself on this machine.
    """
    golden = make_plan(lab, seat.sample(lab), begun=begun)

    def bake(plan: Plan) -> None:
        plan_file.save(plan)
        inventory.save(plan)
        playbook.run("bake", inventory.file(plan), lab=lab.path, progress=progress.note)

    def make(name: str) -> image.Layers:
        with progress.step(N_("image of {lab}"), lab=lab.name):
            return hosts.image(golden, name, bake, progress.note)

    def find_fault(made: image.Layers) -> Message | None:
        steps = image_proof.Steps(
            up=lambda plan: bring_up(plan, hosts, made, progress),
            run=lambda plan, folder: _run_golden(
                solve(plan, begun, hosts, progress), hosts, folder, progress
            ),
            down=hosts.down,
        )
        return image_proof.find_fault(hosts.adapt(golden), made, steps, progress.note)

    return choice.make_system(os, make, find_fault, progress.note)


def solve(plan: Plan, ids: Sequence[str], hosts: providers.Provider, progress: Progress) -> Plan:
    """Do the work of the exercises `ids` on the hosts of `plan`, and return the plan of the seat after it.

    The seat counts as solved from the beginning of this work: then nothing that was done is forgotten. Raises
    MachineryError when a role fails.
    """
    if not ids:
        return plan
    done = tuple(dict.fromkeys([*plan.solved, *ids]))
    whole = hosts.adapt(make_plan(plan.source, plan.seat, plan.pace, plan.start, done))
    roles = start.roles_to_apply(whole.lab, ids)
    plan_file.save(whole)
    inventory.save(whole)
    variables = {"solve_roles": {host: list(names) for host, names in roles.items()}}
    title = N_("do the work of: {exercises}")
    with progress.step(title, exercises=", ".join(ids)), ended_hosts.explain(whole, hosts):
        try:
            if roles:
                where = inventory.file(whole)
                playbook.run("solve", where, variables, lab=whole.lab.path, progress=progress.note)
            faults.repair(whole, ids, progress=progress.note)
        except playbook.PlaybookFailed as error:
            error.hint_id = SOLVE_AGAIN
            raise
    return whole


def _run_golden(plan: Plan, hosts: providers.Provider, folder: Path, progress: Progress) -> list[str]:
    """Run the lab on a golden seat, with the run in `folder`, and return the exercises that failed."""
    _collect(plan, hosts, folder, progress)
    done = write_reports(folder, tuple(i18n.languages()), progress)
    return [verdict.exercise for verdict in done.verdicts if not verdict.achieved]


def up(plan: Plan, provider: str, os: str, progress: Progress) -> None:
    """Bring the hosts of `plan` up and provision them; doing it again mends what is missing."""
    hosts = providers.get(provider)
    layers = layers_of(plan, hosts, os, progress)
    with seats.hold(plan.seat):
        diary.begin(plan.seat)
        bring_up(hosts.adapt(plan), hosts, layers, progress)


def layers_of(plan: Plan, hosts: providers.Provider, os: str, progress: Progress) -> image.Layers:
    """Return the layers of the hosts of `plan`, after building the missing ones.

    Borrowed machines have none.
    """
    if not hosts.bakes:
        return image.NOTHING
    if os == choice.AUTO:  # a seat stays what it is
        os = _system(plan) or os
    return build_image(plan.source, os, hosts, progress, plan.start)


def own_layers(plan: Plan, hosts: providers.Provider) -> image.Layers:
    """Return the layers that the hosts of a seat were made from, whatever has changed in the lab since.

    Raises MachineryError if they are gone. Borrowed machines have none.
    """
    if not hosts.bakes:
        return image.NOTHING
    return this_computer.layers_named((plan.seat.folder / "layers").read_text())


def _system(plan: Plan) -> str | None:
    """Return the operating system of a seat that is there, None for a new one."""
    file = plan.seat.folder / "layers"
    return image.system_of(Path(file.read_text().partition("\n")[0])) if file.exists() else None


def bring_up(plan: Plan, hosts: providers.Provider, layers: image.Layers, progress: Progress) -> None:
    """Bring the hosts of a seat up and set them up, as far as that is not done."""
    begin(plan, hosts)
    if is_at_work(plan):
        _start_hosts(plan, hosts, layers, progress)
        return
    if new := make_new(plan, hosts, layers):
        _personalise_disks(plan, new, progress)
        _start_hosts(plan, hosts, layers, progress)
    else:
        _start_and_set_up(plan, hosts, layers, progress)
    finish(plan, hosts, progress)


def begin(plan: Plan, hosts: providers.Provider) -> None:
    """Write the files of a seat that its hosts are made from; hosts that are lost for good are made again."""
    hosts.forget_lost(plan.seat)
    plan_file.save(plan)
    inventory.save(plan)
    seat_provider.write(plan.seat.folder, hosts.name)


def is_at_work(plan: Plan) -> bool:
    """Tell whether a student works on the seat: its hosts only start, and nothing sets them up again.

    Else the student's work would be undone, or kept as the start state.
    """
    return bool(plan.start) and _note_file(plan).exists()


def make_new(plan: Plan, hosts: providers.Provider, layers: image.Layers) -> NewHosts | None:
    """Make the hosts of a new seat as `Provider.make` does."""
    return hosts.make(plan, layers) if hosts.bakes and _is_from(plan, layers) else None


def _start_and_set_up(
    plan: Plan, hosts: providers.Provider, layers: image.Layers, progress: Progress
) -> None:
    """Start the hosts, and set them up over SSH."""
    title, name = SET_UP, "personalise"
    if not hosts.bakes:
        title, name = N_("apply all roles"), "site"
    elif not _is_from(plan, layers):
        title, name = N_("apply all roles again: they have changed since the seat was made"), "site"
    facts = _start_hosts(plan, hosts, layers, progress)
    if name == "personalise":
        inventory.save(plan, facts)
    with progress.step(title), ended_hosts.explain(plan, hosts):
        playbook.run(name, inventory.file(plan), lab=plan.lab.path, progress=progress.note)


def finish(plan: Plan, hosts: providers.Provider, progress: Progress) -> None:
    """Inject the faults, keep the start state, and note that the seat is set up."""
    if plan.start and plan.seat.faults:
        with progress.step(N_("inject the faults")):
            faults.inject(plan, set(plan.start) - set(plan.solved), progress.note)
    if plan.start:
        with progress.step(N_("keep the start state")):
            hosts.keep(plan)
    if plan.lab.exam:
        with progress.step(N_("note the configuration at the beginning of the exam")):
            configuration.keep(plan)
    durable.save(plan.seat)
    state.write(_note_file(plan), _fingerprint(plan), 0o600, durable=True)


def _personalise_disks(plan: Plan, new: NewHosts, progress: Progress) -> None:
    """Set up the seat's own values before its hosts boot: they cost less then, and nothing restarts."""
    inventory.save(plan, new.facts, new.roots)
    with progress.step(SET_UP):
        playbook.run(
            "personalise",
            inventory.file(plan),
            lab=plan.lab.path,
            disks=new.disks.values(),
            progress=progress.note,
        )
    inventory.save(plan, new.facts)


def _start_hosts(
    plan: Plan, hosts: providers.Provider, layers: image.Layers, progress: Progress
) -> Mapping[str, Mapping[str, object]]:
    with progress.step(N_("hosts of {lab} for {student}"), lab=plan.lab.name, student=plan.seat.student):
        return hosts.up(plan, layers, progress.note)


def _is_from(plan: Plan, layers: image.Layers) -> bool:
    """Tell whether the seat's hosts are made from `layers`; a new seat's will be.

    Hosts keep the layers that they began with. When these are not today's, because a role has
    changed, all of the roles are applied and not only what differs between seats.
    """
    file = plan.seat.folder / "layers"
    if not file.exists():
        state.write(file, layers.name, 0o600)
    return file.read_text() == layers.name


def _note_file(plan: Plan) -> Path:
    return plan.seat.folder / "provisioned"


def _fingerprint(plan: Plan) -> str:
    return image.fingerprint(inventory.list_setup_variables(plan))


def is_ready(plan: Plan, hosts: providers.Provider) -> bool:
    """Tell whether all hosts of `plan` run and were provisioned with just these values."""
    file = _note_file(plan)
    if not file.exists() or file.read_text() != _fingerprint(plan):
        return False
    return set(hosts.status(plan.seat).values()) == {"running"}


def run(plan: Plan, provider: str, os: str, languages: tuple[str, ...], progress: Progress) -> Run:
    """Run the lab's captures and probes on the seat (brought up if need be), judge and report."""
    hosts = providers.get(provider)
    layers = layers_of(plan, hosts, os, progress)
    plan = hosts.adapt(plan)
    with seats.hold(plan.seat):
        if not is_ready(plan, hosts):
            diary.begin(plan.seat)
            bring_up(plan, hosts, layers, progress)
        folder = state.runs_folder(plan.lab.name, plan.seat.student) / _run_id(time.time())
        _collect(plan, hosts, folder, progress)
        return write_reports(folder, languages, progress)


def _collect(plan: Plan, hosts: providers.Provider, folder: Path, progress: Progress) -> None:
    """Run captures and probes, and leave their evidence in `folder`, sealed."""
    started = time.time()
    state.folder(folder)
    plan_file.save(plan, folder)
    plan_file.save(plan)  # the hosts may be ready for it since a run with other probes
    inventory.save(plan)
    variables = {"run_folder": str(folder)}
    header = {"provider": hosts.name, "started": started, "complete": False}
    try:
        with progress.step(N_("captures and probes")), ended_hosts.explain(plan, hosts):
            gone = partial(ended_hosts.are_any, plan, hosts)
            playbook.run("run", inventory.file(plan), variables, progress=progress.note, should_stop=gone)
        _observe(plan, folder, progress)
        header["complete"] = True
    except KeyboardInterrupt:
        _stop(plan, variables, progress)
        raise
    except ended_hosts.HostEnded:
        with suppress(MachineryError):  # of the host that has ended
            _stop(plan, variables, progress)
        raise
    finally:
        run_folder.seal(folder, _header(plan, header))


def _stop(plan: Plan, variables: Mapping[str, str], progress: Progress) -> None:
    """End the captures of a run that ends early, and keep what they have."""
    with progress.step(N_("stop the captures")):
        playbook.run("run", inventory.file(plan), variables, tags="stop", progress=progress.note)


def _observe(plan: Plan, folder: Path, progress: Progress) -> None:
    """Look at the hosts, when the lab asks what they are like."""
    from sharklab.checks import host_demands
    from sharklab.evidence import host_state

    if host_demands.is_needed(plan):
        with progress.step(N_("record the state of the hosts")):
            host_state.save(host_state.observe(plan, host_demands.demands(plan)), folder)


def _run_id(started: float) -> str:
    """Return a name that sorts by time and is not given twice."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started)) + "-" + secrets.token_hex(2)


def _header(plan: Plan, more: Mapping[str, object]) -> dict[str, object]:
    return {
        "tool": f"sharklab {__version__}",
        "lab": plan.lab.name,
        "student": plan.seat.student,
        "seat": plan.seat.id,
        "pace": plan.pace,
        "ended": time.time(),
        **more,
    }


def write_reports(folder: Path, languages: tuple[str, ...], progress: Progress) -> Run:
    """Judge the run in `folder` and write its report in each language."""
    from sharklab.evidence import analysis  # these take longer to import than all that `up` needs
    from sharklab.report import render

    with progress.step(N_("report")):
        plan, evidence = analysis.analyse(folder)
        verdicts = checks.judge(plan, evidence)
        files: list[Path] = []
        for language in languages:
            files += render.write(render.compose(plan, evidence, verdicts, language))
    return Run(folder, plan, verdicts, tuple(files))
