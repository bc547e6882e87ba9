"""`--os auto` takes Rocky only if a golden seat works: on a stand-in, whole and with a broken role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.cli import flow, image_proof
from sharklab.hosts import providers
from sharklab.hosts.image import Image, Layers, choice
from sharklab.hosts.providers.baking import on_image
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.lab.model import Plan
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support.rocky import repository, standin

BROKEN = "[Service]\nExecStart=\nExecStart=/bin/false\n"


class Heard(Progress):
    """Keeps the details that are reported."""

    def __init__(self) -> None:
        super().__init__()
        self.details: list[Message] = []

    def note(self, detail: Message) -> None:
        """Keep a detail."""
        self.details.append(detail)


@pytest.fixture(scope="module")
def standin_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Return an image with Rocky's names, from which a lab is baked as from Rocky's own."""
    rpms = repository.build(tmp_path_factory.mktemp("rpms"))
    dressed = standin.layers(tmp_path_factory.mktemp("image"), rpms, ("root",))
    return Image("rocky9", "RedHat", dressed.folder, dressed.image)


@pytest.fixture(scope="module")
def auto(standin_image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let `auto` mean the stand-in, in a state folder apart; Debian's image has no layers."""
    nspawn = providers.get("nspawn")
    debian = standin_image.below
    assert debian

    def image(
        golden: Plan, os: str, bake: Callable[[Plan], None], progress: Callable[[Message], None]
    ) -> Layers:
        if os == choice.OTHER:
            return Layers(debian, debian.folder)
        return on_image(standin_image, golden, bake, CONTAINERS, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARKLAB_STATE", str(tmp_path_factory.mktemp("state")))
        patch.setattr(choice, "choose", lambda: (choice.PREFERRED, Message("the stand-in answers")))
        patch.setattr(nspawn, "image", image)
        yield


@pytest.fixture(scope="module")
def proved(auto: None) -> Layers:
    """Build the image of a lab by `auto`."""
    return _build(Heard())


def _build(progress: Progress) -> Layers:
    return flow.build_image(
        lint.load_named("tests/data/rocky-proof"), "auto", providers.get("nspawn"), progress
    )


def test_auto_takes_an_image_that_proves_itself(proved: Layers) -> None:
    """Units, ports and exercise are well; the record and the golden seat's report lie with the image."""
    assert "rocky9" == proved.image.os
    assert (proved.folder / "proof.report" / "run" / "report.en.html").exists()
    assert not proved.folder.with_name(f"{proved.folder.name}.proof").exists()


def test_auto_takes_debian_where_a_role_of_rocky_is_broken(proved: Layers) -> None:
    """One line names the unit of the role and the report, which has its journal; the fault is kept."""
    assert "rocky9" == proved.image.os
    settings = proved.folder / "server" / "etc/systemd/system/nginx.service.d/broken.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(BROKEN)
    (proved.folder / "proof.json").unlink()
    for is_kept in (False, True):
        progress = Heard()
        assert "debian12" == _build(progress).image.os
        [fault] = [detail.values["fault"] for detail in progress.details if "fault" in detail.values]
        assert (image_proof.SENTENCES["units"], ("server:nginx.service",)) == (
            fault.msgid,
            fault.values["names"],
        )
        assert is_kept == (2 == len(progress.details))
    assert "nginx.service" in (Path(fault.values["report"]) / "units.txt").read_text()
