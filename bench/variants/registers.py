"""List registers and spilled bytes of the CUDA kernels for several GPUs and register bounds.

    python bench/variants/registers.py --json bench/variants/registers.json

The figures are those of ptxas. Needs nvcc, but no GPU.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import machine

from gpuprop.engine.cuda.source import OPTIONS, source

CAPABILITIES = (75, 80, 86, 89, 90, 100, 120)  # nvcc 13 no longer supports 7.0
CHOSEN = "as chosen"
# __launch_bounds__ of every kernel
BOUNDS = (CHOSEN, "128", "128, 2", "128, 3", "128, 4", "128, 5", "256, 2")
ENTRY = re.compile(
    r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores"
    r".*?Used (\d+) registers",
    re.DOTALL,
)


def compiled(capability: int, bounds: str) -> dict[str, dict[str, int]]:
    """Compile the kernels; return the figures of ptxas for each."""
    text = source()
    if bounds != CHOSEN:
        text = re.sub(r"__launch_bounds__\([^)]*\)", f"__launch_bounds__({bounds})", text)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "joined.cu").write_text(text)
        command = [
            "nvcc",
            "-cubin",
            f"-arch=sm_{capability}",
            *OPTIONS,
            "-Xptxas",
            "-v",
            "-o",
            "joined.cubin",
            "joined.cu",
        ]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return {
        name: dict(registers=int(registers), spilled=int(spilled), stack=int(stack))
        for name, stack, spilled, registers in ENTRY.findall(done.stderr)
    }


def main() -> None:
    parser = machine.arguments(__doc__)
    options = parser.parse_args()
    if shutil.which("nvcc") is None:
        parser.error("nvcc is not installed")
    version = subprocess.run(
        ["nvcc", "--version"], check=True, capture_output=True, text=True
    ).stdout.splitlines()[-1]
    results: list[dict[str, Any]] = [
        dict(capability=number, bounds=CHOSEN, kernels=compiled(number, CHOSEN))
        for number in CAPABILITIES
    ]
    results += [
        dict(capability=90, bounds=bounds, kernels=compiled(90, bounds)) for bounds in BOUNDS[1:]
    ]
    for result in results:
        print(f"sm_{result['capability']}, __launch_bounds__({result['bounds']})")
        for name, figures in result["kernels"].items():  # type: ignore[attr-defined]
            print(
                f"    {name:24} {figures['registers']:4} registers, {figures['spilled']:4} bytes "
                "spilled"
            )
    machine.report(dict(compiler=version, compiled=results), options.json)


if __name__ == "__main__":
    main()
