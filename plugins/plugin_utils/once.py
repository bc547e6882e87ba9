# SPDX-License-Identifier: MIT
"""Spare Ansible work that it does again for each host: for one process that sets up all hosts of a class.

This uses internals of the ansible-core that requirements.txt pins.
"""

from __future__ import annotations

from copy import copy
from types import CodeType
from typing import Any

from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible.plugins.lookup import template as template_lookup
from jinja2 import Environment
from jinja2.environment import TemplateExpression

MARKS = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
)
"""The settings of an environment that decide how a text is read (jinja2.lexer.get_lexer)."""


class Facts(dict[str, dict[str, object]]):
    """The facts of the hosts in memory; Ansible's own cache reads JSON at each question."""

    def get(self, host: str) -> dict[str, object]:  # type: ignore[override]
        """Return the facts of a host. Raises KeyError without any."""
        return self[host]

    def set(self, host: str, facts: dict[str, object]) -> None:
        """Keep the facts of a host."""
        self[host] = facts

    def contains(self, host: str) -> bool:
        """Tell whether a host has facts."""
        return host in self

    def delete(self, host: str) -> None:
        """Forget the facts of a host. Raises KeyError without any."""
        del self[host]


class Codes:
    """The compiled code of each text: of templates (`compile`) and of expressions (`compile_expression`)."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], CodeType] = {}
        self._expression: tuple[Any, ...] | None = None

    def install(self) -> None:
        """Let Ansible's templates be compiled here, and let their look-up copy no value of a variable."""
        template_lookup.deepcopy = copy  # it only replaces whole values
        AnsibleEnvironment.compile = lambda *words, **options: self.compile(*words, **options)
        AnsibleEnvironment.compile_expression = lambda own, *words: self.compile_expression(own, *words)

    def compile(self, own: Any, source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
        """Do the work of jinja2.Environment.compile for the environment `own`, once for each text."""
        if isinstance(source, str):
            key = (source, name, filename, *rest, *_settings(own))
        elif self._expression:
            key = self._expression
        else:
            return Environment.compile(own, source, name, filename, *rest)
        if key not in self._known:
            self._known[key] = Environment.compile(own, source, name, filename, *rest)
        return self._known[key]

    def compile_expression(self, own: Any, source: str, undefined_to_none: bool = True) -> TemplateExpression:
        """Do the work of jinja2.Environment.compile_expression for `own`, once for each text."""
        key = ("expression", source, *_settings(own))
        if code := self._known.get(key):
            template = own.template_class.from_code(own, code, own.make_globals(None), None)
            return TemplateExpression(template, undefined_to_none)
        self._expression = key
        try:
            return Environment.compile_expression(own, source, undefined_to_none)
        finally:
            self._expression = None


def _settings(own: Any) -> tuple[Any, ...]:
    """Return the settings of the environment `own`, and of Ansible, that decide how a text is compiled."""
    context = _TemplateCompileContext.current(optional=True)
    return (context and context.escape_backslashes, *(getattr(own, mark) for mark in MARKS))


CODES = Codes()
