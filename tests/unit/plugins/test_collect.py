"""The action `collect`: what it unpacks of an archive that a student's host made."""

from __future__ import annotations

import io
import resource
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support import module_process

collect = module_process.load("action/collect.py")
LIMIT = 1000


def archive(folder: Path, *members: tarfile.TarInfo) -> Path:
    """Make an archive of `members`, each as long as it says."""
    path = folder / "evidence.tar"
    with tarfile.open(path, "w") as file:
        for member in members:
            file.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, size: int = 3, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """Return the entry of one file."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, "/etc/passwd"
    return info


def test_unpack_writes_evidence(tmp_path: Path) -> None:
    """The files of a recording are unpacked, with our own owner and mode."""
    source = archive(tmp_path, member("probes.json"), member("captures/web-1.pcap", 5))
    assert ["probes.json", "captures/web-1.pcap"] == collect.unpack(source, tmp_path / "out", LIMIT)
    assert (b"xxx", b"xxxxx") == tuple(
        (tmp_path / "out" / name).read_bytes() for name in ("probes.json", "captures/web-1.pcap")
    )


@pytest.mark.parametrize(
    "hostile",
    [
        member("../probes.json"),
        member("/etc/cron.d/x"),
        member("captures/../../x.pcap"),
        member("captures/.pcap"),
        member("manifest.json"),
        member("probes.json", 0, tarfile.SYMTYPE),
        member("probes.json", 0, tarfile.LNKTYPE),
        member("probes.json", 0, tarfile.FIFOTYPE),
        member("captures/x.pcap", 0, tarfile.DIRTYPE),
        member("captures/big.pcap", LIMIT + 1),
    ],
    ids=["up", "absolute", "inside up", "hidden", "other", "symlink", "hard link", "fifo", "folder", "big"],
)
def test_unpack_refuses_what_is_no_evidence(tmp_path: Path, hostile: tarfile.TarInfo) -> None:
    """Names that lead elsewhere, links, devices and too much are refused, and nothing of them is written."""
    source = archive(tmp_path, hostile)
    with pytest.raises(collect.UnexpectedContent):
        collect.unpack(source, tmp_path / "out", LIMIT)
    assert [] == [file for file in (tmp_path / "out").rglob("*") if not file.is_dir()]


def test_unpack_refuses_a_second_file_of_one_name(tmp_path: Path) -> None:
    """A file is not overwritten by a later one."""
    with pytest.raises(FileExistsError):
        collect.unpack(
            archive(tmp_path, member("probes.json"), member("probes.json")), tmp_path / "out", LIMIT
        )


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b" + b"x" * 1000, b"x" * 2000], ids=["empty", "gzip", "noise"]
)
def test_unpack_refuses_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    """Only a plain tar is read: nothing is decompressed."""
    (tmp_path / "evidence.tar").write_bytes(content)
    with pytest.raises(tarfile.TarError):
        collect.unpack(tmp_path / "evidence.tar", tmp_path / "out", LIMIT)


def test_replace_takes_the_place_of_an_earlier_run(tmp_path: Path) -> None:
    """What lay at the destination is gone."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "probes.json").touch()
    (tmp_path / "new").mkdir()
    collect.replace(tmp_path / "new", tmp_path / "old")
    assert [] == list((tmp_path / "old").iterdir())


@pytest.mark.parametrize("path", ["/a'\"\n!touch /tmp/x\n", "/a\r", "/\x1b[2J"])
def test_check_path_refuses_what_nobody_sees(path: str) -> None:
    """A line of its own would be a command of sftp, which it runs on the controller."""
    with pytest.raises(collect.UnexpectedContent):
        collect.check_path(path)


def test_limit_files_ends_a_program_that_writes_without_end(tmp_path: Path) -> None:
    """The limit is for the block alone."""
    target, before = tmp_path / "evidence.tar", resource.getrlimit(resource.RLIMIT_FSIZE)
    with collect.limit_files(LIMIT):
        done = subprocess.run(["cp", "/dev/zero", target], check=False, capture_output=True)
    assert done.returncode and target.stat().st_size <= LIMIT
    assert before == resource.getrlimit(resource.RLIMIT_FSIZE)
