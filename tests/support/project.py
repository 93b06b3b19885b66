"""Where the project is, and the data beside it that is not part of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"
SHARED = ROOT.parent / "shared"
