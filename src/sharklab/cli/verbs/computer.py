"""The verbs of this computer: the doctor and the test suite."""

from __future__ import annotations

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import N_


def doctor(args: Options) -> int:
    """Say what this machine can run, or the cluster. Raises InputError for options that do not fit."""
    from sharklab.cli import doctor as doctors
    from sharklab.hosts import providers

    if args.provider:
        providers.get(args.provider)
    place = doctors.ExaminedPlace.CLUSTER if args.provider == "cluster" else doctors.ExaminedPlace.HERE
    if args.remote is not None and place is doctors.ExaminedPlace.HERE:
        raise InputError(N_("works only with --provider cluster"), place="--remote")
    if place is doctors.ExaminedPlace.CLUSTER:
        findings = doctors.examine_cluster(args.remote)
    else:
        findings = doctors.examine(network=args.network)
    say(args, doctors.render(findings, translate(args), place), **doctors.to_plain(findings))
    return NOT_ACHIEVED if any(finding.status == "missing" for finding in findings) else GOOD


def test(args: Options) -> int:
    """Run the test suite."""
    from sharklab.cli import testing
    from sharklab.progress import Progress

    return testing.run(args.arguments, Progress(translate(args).gettext))
