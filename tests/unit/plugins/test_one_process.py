"""The strategy `one_process`: what Ansible does without processes is the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from sharklab import paths

PLAYBOOK = """
- hosts: all
  gather_facts: false
  strategy: sharklab.lab.one_process
  tasks:
    - {name: Fails on one, ansible.builtin.assert: {that: inventory_hostname != 'b'}}
    - name: Own value
      ansible.builtin.set_fact: {own: "{{ inventory_hostname }}-{{ lookup('pipe', 'echo $PPID') }}"}
    - {name: Fact, ansible.builtin.set_fact: {kept: "k-{{ inventory_hostname }}", cacheable: true}}
    - {name: Next, ansible.builtin.include_tasks: more.yml}
"""
MORE = """
- {name: Tell, ansible.builtin.debug: {msg: 'own {{ own }} of {{ item }}'}, loop: [1, 2]}
- name: Template
  ansible.builtin.debug: {msg: "{{ lookup('ansible.builtin.template', 'text.j2') }}"}
  when: ansible_facts['kept'] == 'k-' ~ inventory_hostname
"""
TEXT = "text of {{ inventory_hostname }} with {{ own }} and {{ ansible_facts['kept'] }}"
"""Two hosts take it: it is compiled once, and has the values of each."""


def test_each_host_takes_its_own_values_in_one_process(tmp_path: Path) -> None:
    """A task that all hosts share is filled in for each; a host that fails stops, and no other."""
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    (tmp_path / "more.yml").write_text(MORE)
    (tmp_path / "text.j2").write_text(TEXT)
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        "a,b,c",
        "-c",
        "local",
        "play.yml",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.findall(r"own (\w)-(\d+) of (\d)", done.stdout)
    assert {(host, item) for host, _, item in told} == {(host, item) for host in "ac" for item in "12"}
    assert 1 == len({process for _, process, _ in told}), done.stdout
    assert (2, 1) == (done.returncode, done.stdout.count("failed=1"))
    texts = re.findall(r"text of (\w) with (\w)-\d+ and k-(\w)", done.stdout)
    assert [("a", "a", "a"), ("c", "c", "c")] == sorted(texts), done.stdout
