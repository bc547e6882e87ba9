"""Where the parts of the checkout lie: labs, roles and playbooks stand beside the code."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LABS = ROOT / "labs"
ROLES = ROOT / "roles"
PLAYBOOKS = ROOT / "playbooks"
SOURCE = Path(__file__).resolve().parent
