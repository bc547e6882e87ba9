"""Renew every generated part of the documentation."""

from __future__ import annotations

from docs.generate import renew

renew()
