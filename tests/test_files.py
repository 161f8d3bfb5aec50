"""A file is whole or not there, whatever ends the write; and every place that cannot be written has one error."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gno.errors import ResourceError
from gno.files import check_file, check_folder, make_folder, replacing, write_bytes, write_text

OLD = b"old" * 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file that is to be replaced."""
    path = tmp_path / "a.bin"
    path.write_bytes(OLD)
    return path


def child(code: str, *words: str) -> subprocess.Popen[str]:
    """A Python process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path, target: Path) -> None:
    write_bytes(target, b"new")
    write_text(str(tmp_path / "b.txt"), "Stra\u00dfe")
    assert target.read_bytes() == b"new"
    assert (tmp_path / "b.txt").read_bytes() == b"Stra\xc3\x9fe"
    assert sorted(os.listdir(tmp_path)) == ["a.bin", "b.txt"]


@pytest.mark.parametrize("aside", [None, "a.part"])
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit, OSError])
def test_an_error_leaves_the_old_file_alone(target: Path, aside: str | None, error: type[BaseException]) -> None:
    def break_off() -> None:
        with replacing(target, aside=target.with_name(aside) if aside else None) as path:
            path.write_bytes(b"half")
            raise error

    with pytest.raises(ResourceError if error is OSError else error):
        break_off()
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["a.bin"]


def test_an_error_of_whoever_writes_names_the_real_file(target: Path) -> None:
    with pytest.raises(ResourceError, match=r"a\.bin cannot be written; full") as caught, replacing(target) as aside:
        raise ResourceError(f"{aside} cannot be written", why="full")
    assert caught.value.what == f"{target} cannot be written"


def test_a_block_that_writes_nothing_is_an_error(target: Path) -> None:
    with pytest.raises(ResourceError, match="cannot be written"), replacing(target):
        pass
    assert target.read_bytes() == OLD


def test_a_kill_in_the_middle_leaves_the_old_file_and_the_next_write_ends_well(target: Path) -> None:
    code = """
        import sys, time
        from pathlib import Path
        from gno.files import replacing
        target = Path(sys.argv[1])
        with replacing(target, aside=target.with_name("a.part")) as aside:
            aside.write_bytes(b"new" * 500)
            print("half", flush=True)
            time.sleep(60)
    """
    with child(code, str(target)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    assert target.read_bytes() == OLD
    with replacing(target, aside=target.with_name("a.part")) as aside:
        aside.write_bytes(b"new")
    assert target.read_bytes() == b"new"
    assert os.listdir(target.parent) == ["a.bin"]


def test_kills_at_any_time_leave_one_of_the_whole_files(target: Path) -> None:
    code = """
        import sys
        from gno.files import write_bytes
        print("on", flush=True)
        for i in range(10**9):
            write_bytes(sys.argv[1], bytes([i % 256]) * 200_000)
    """
    for wait in (0.0, 0.03, 0.1):
        with child(code, str(target)) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        content = target.read_bytes()
        assert content == OLD or (len(content) == 200_000 and len(set(content)) == 1)


def test_a_limit_on_the_size_leaves_the_old_file(target: Path) -> None:
    code = """
        import resource, signal, sys
        from gno.errors import ResourceError
        from gno.files import write_bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))
        try:
            write_bytes(sys.argv[1], bytes(100_000), then="then resume the run")
        except ResourceError as error:
            print(error.exit_code, error.why, error.fix, sep="; ")
    """
    with child(code, str(target)) as process:
        out, err = process.communicate(timeout=60)
    assert (out, err) == ("6; File too large; free some space, then resume the run\n", "")
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["a.bin"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_every_failure_of_the_disk_is_one_class(
    target: Path, number: int, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(ResourceError, match=os.strerror(number)) as caught:
            write_bytes(target, b"new")
    assert ("free some space" in caught.value.fix) == (number in (errno.ENOSPC, errno.EDQUOT))
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["a.bin"]


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder with a file, and a user who may write neither."""
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), os.geteuid() == 0
        (folder / "a.bin").write_bytes(OLD)
        folder.chmod(0o555)
        if root:  # the rights of a folder are nothing to root
            try:
                os.seteuid(65534)
            except OSError:
                pytest.skip("no other user to be")
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_read_only_folder_stays_as_it_was(read_only: Path) -> None:
    for path in (read_only / "a.bin", read_only / "b.bin"):
        with pytest.raises(ResourceError, match="cannot be written") as caught:
            write_bytes(path, b"new")
        assert caught.value.exit_code == 6
    with pytest.raises(ResourceError):
        make_folder(read_only / "c")
    assert (read_only / "a.bin").read_bytes() == OLD
    assert os.listdir(read_only) == ["a.bin"]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (lambda folder: folder / "no" / "b", "there is no folder"),
        (lambda folder: folder / "a.bin" / "b", "there is no folder"),
        (lambda folder: folder, "a folder stands there"),
        (lambda folder: Path(os.devnull), "no plain file"),
    ],
)
def test_a_place_for_no_file_is_refused_before_anything_is_written(
    target: Path, place: Callable[[Path], Path], why: str
) -> None:
    path = place(target.parent)
    for write in (check_file, lambda p: write_bytes(p, b"new")):
        with pytest.raises(ResourceError, match=why):
            write(path)
    assert os.listdir(target.parent) == ["a.bin"]
    assert not Path(os.devnull).is_file()


def test_folders(target: Path) -> None:
    check_folder(target.parent / "x" / "y")
    make_folder(target.parent / "x" / "y")
    make_folder(target.parent / "x" / "y")
    assert (target.parent / "x" / "y").is_dir()
    for make in (check_folder, make_folder):
        for path in (target, target / "y"):
            with pytest.raises(ResourceError, match="is no folder"):
                make(path)


def test_what_takes_the_place_of_a_private_file_is_private(target: Path) -> None:
    target.chmod(0o600)
    write_bytes(target, b"new")
    assert target.stat().st_mode & 0o777 == 0o600


def test_nobody_can_tell_beforehand_where_is_written(target: Path) -> None:
    names = set()
    for _ in range(2):
        with replacing(target) as aside:
            names.add(aside.name)
            aside.write_bytes(b"new")
    assert len(names) == 2
