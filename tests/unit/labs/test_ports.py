"""The lab ports as data: its bank of services is whole, its scans stay apart."""

from __future__ import annotations

import re

from sharklab.lab import load

LAB = load.read_named("ports")
FIRST_TABLE = {20, 21, 22, 23, 25, 53, 67, 68, 80, 123, 161, 162, 389, 443}
SECOND_TABLE = {21, 22, 23, 25, 53, 67, 68, 80, 110, 123, 143, 161, 162, 514}
SECOND_TABLE |= {443, 465, 989, 992, 993, 995, 1664, 2049, 3306}
"""Both tables of the course's text."""


def test_bank_has_every_service_of_the_course() -> None:
    """Each port of both tables is there once, in both languages."""
    bank = [service for exercise in LAB.exercises for service in exercise.services]
    assert sorted(FIRST_TABLE | SECOND_TABLE) == [service.port for service in bank]
    texts = [text for service in bank for text in (service.use, service.note) if text]
    assert {("en", "fr")} == {tuple(sorted(text)) for text in texts}


def test_scans_have_a_source_port_each() -> None:
    """No two scans that are captured share one, and neither Linux nor nmap gives one to another program."""
    exercises = [
        exercise for exercise in LAB.exercises if exercise.id != "elsewhere"
    ]  # one of two is refused
    runs = [probe.run for exercise in exercises for probe in exercise.probes if probe.run[0] == "nmap"]
    ports = [int(run[run.index("-g") + 1]) for run in runs if "-g" in run]
    assert len(ports) == len(set(ports)) > 5
    assert 1023 < min(ports) < max(ports) < 32768


def test_filters_of_scans_take_their_own_icmp_errors_alone() -> None:
    """A filter that takes a scan by its source port takes the ICMP errors about that port and no others."""
    filters = [capture.filter for exercise in LAB.exercises for capture in exercise.captures]
    errors = [each for each in filters if "icmp[28:2]" in each]
    assert len(errors) == 5
    assert all(len(set(re.findall(r"(310\d\d)", each))) == 1 for each in errors)
