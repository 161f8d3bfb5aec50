"""Build sdist and wheel, install the wheel into a clean environment, and see that it starts.

The clean environment sees the dependencies of the one that runs this, so that torch is not downloaded twice.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command, and say what it said where it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Build, install, start."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        run(sys.executable, "-m", "build", "--outdir", here / "dist")  # the wheel is built from the sdist
        (wheel,) = (here / "dist").glob("*.whl")
        (sdist,) = (here / "dist").glob("*.tar.gz")
        clean = here / "venv"
        venv.create(clean, with_pip=True)
        python = clean / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", wheel)
        (packages,) = clean.glob("lib/python*/site-packages")
        (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        place = run(python, "-I", "-c", "import gno; print(gno.__file__)", cwd=here).strip()
        if not place.startswith(str(packages.resolve())) and not place.startswith(str(packages)):
            sys.exit(f"gno was imported from {place}, not from the wheel")
        run(clean / "bin" / "gno", "--help", cwd=here)
        print(f"{sdist.name} and {wheel.name}: installed, imported, started")


if __name__ == "__main__":
    main()
