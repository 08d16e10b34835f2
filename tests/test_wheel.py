"""What is installed elsewhere is whole: the wheel starts without the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.repositories import Repo

ROOT = Path(__file__).parents[1]
START = """\
import sys
sys.path[:0] = sys.argv[1:3]
import bot
assert bot.__file__.startswith(sys.argv[1]), bot.__file__
from bot.__main__ import main
sys.argv[1:] = sys.argv[3:]
main()
"""
"""Isolated, and with folders that no `.pth` file is read of: the checkout is not found."""


@pytest.mark.slow
def test_the_wheel_starts_where_nothing_of_the_checkout_is(tmp_path: Path) -> None:
    built = tmp_path / "dist"
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = built.glob("commitcast-*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packed.extractall(installed)
    assert not [name for name in names if name.startswith("tests/")]
    repo = Repo(tmp_path / "repo")
    repo.commit({"a": "1"}, "Add a thing")
    page = tmp_path / "digest.html"
    arguments = ("digest", str(repo.path), "--lang", "zh", "--output", str(page))
    libraries = sysconfig.get_path("purelib")
    command = (sys.executable, "-I", "-S", "-c", START, str(installed), libraries, *arguments)
    environment = {"PATH": "/usr/bin:/bin", "COMMITCAST_DATA": str(tmp_path / "data")}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Add a thing" in page.read_text(encoding="utf-8")
