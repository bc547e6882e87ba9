"""The verbs of this computer: the doctor and the test suite."""

from __future__ import annotations

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import GOOD, NOT_ACHIEVED


def doctor(args: Options) -> int:
    """Say what this machine can run."""
    from sharklab.cli import doctor as doctors

    findings = doctors.examine(network=args.network)
    say(args, doctors.render(findings, translate(args)), **doctors.to_plain(findings))
    return NOT_ACHIEVED if any(finding.status == "missing" for finding in findings) else GOOD


def test(args: Options) -> int:
    """Run the test suite."""
    from sharklab.cli import testing
    from sharklab.progress import Progress

    return testing.run(args.arguments, Progress(translate(args).gettext))
