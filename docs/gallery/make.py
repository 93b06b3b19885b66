"""Make the pictures of gallery.md with the commands that are printed there.

    python docs/gallery/make.py [DIRECTORY]

The build of the site calls `build`. Text and pictures cannot differ: the blocks of `sh` on the page
are run, in their order, and what the page shows is kept. Nothing is downloaded.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "gallery.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"\]\(gallery/pictures/([\w.-]+)\)")  # images and links


def blocks() -> list[str]:
    """Return the blocks of commands of the page, in their order."""
    return BLOCK.findall(PAGE.read_text("utf-8"))


def shown() -> list[str]:
    """Return the names of the files that the page shows or links to."""
    return list(dict.fromkeys(SHOWN.findall(PAGE.read_text("utf-8"))))


def build(directory: str | os.PathLike[str]) -> list[Path]:
    """Run the commands of the page, and put the files that it shows into a directory.

    Parameters
    ----------
    directory
        Is made if it does not exist. Files of the same names are replaced, once all are made.

    Returns
    -------
    list of Path
        The files, in the order of the page.

    Raises
    ------
    RuntimeError
        If a command fails, with what it printed; and if no command writes a file that the page
        shows.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    with tempfile.TemporaryDirectory(dir=target, prefix=".making-") as work:
        for block in blocks():
            done = subprocess.run(
                ["bash", "-eu", "-o", "pipefail", "-c", block],
                cwd=work,
                env=os.environ | {"PATH": path, "MPLBACKEND": "agg"},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(
                    f"{PAGE.name}: this failed:\n{block}\n{done.stdout}{done.stderr}"
                )
        missing = [name for name in shown() if not Path(work, name).is_file()]
        if missing:
            raise RuntimeError(f"{PAGE.name} shows {', '.join(missing)}, which no command writes")
        for name in shown():
            os.replace(Path(work, name), target / name)
    return [target / name for name in shown()]


if __name__ == "__main__":
    for file in build(sys.argv[1] if len(sys.argv) > 1 else HERE / "pictures"):
        print(file)
