"""dataset/ knows no satellites: a directory of text files is as crash-safe as snapshots are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gpuprop.dataset.contents import Files, Kind
from gpuprop.dataset.entries import FileEntry, PartEntry, RunFacts
from gpuprop.dataset.fields import FieldError, check_fields, integer
from gpuprop.dataset.inventory import Inventory
from gpuprop.dataset.location import open_store
from gpuprop.dataset.manifest import Manifest
from gpuprop.dataset.merge import merge, merge_if_complete
from gpuprop.dataset.session import Job, JobOptions, claim
from gpuprop.dataset.shards import Shard
from gpuprop.dataset.sink import NewFile
from gpuprop.dataset.store import Store
from gpuprop.dataset.verify import verify
from gpuprop.errors import DamagedError, ForeignFileError, PlanDiffersError

DAY = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Squares:
    """Each part has one line: the square of its number, after the text of the plan."""

    plan: Mapping[str, Any]
    format: str = "text"
    ending: bytes = b"end\n"

    @staticmethod
    def of(plan: Mapping[str, Any]) -> "Squares":
        check_fields("its plan", plan, {"parts": integer(1)})
        return Squares(plan)

    @property
    def files(self) -> Files:
        return Files("squares", "numbers", "txt", self.plan["parts"])

    def check_companion(self, entry: FileEntry) -> None:
        if entry.rows != 1:
            raise FieldError("the numbers are one row")

    def check_part(self, entry: PartEntry) -> None:
        if entry.rows != 1:
            raise FieldError("a part is one row")

    def check_ends(self, store: Store, entry: PartEntry) -> None:
        if str(entry.part**2).encode() not in store.read(entry.file, entry.bytes):
            raise DamagedError("it is another part")

    def text(self, file: str) -> bytes:
        return f"plan of {self.plan['parts']} squares".encode()

    def text_range(self, file: str, size: int) -> tuple[int, int]:
        return 0, min(size, 100)

    def was_cut(self, read: Callable[[int, int], bytes], size: int) -> bool:
        return False


SQUARES = Kind("squares", "numbers", "square", "write_squares", Squares.of)
PLAN = {"parts": 7, "step": 1}


def write(directory: Path, most: int = 7, plan: Mapping[str, Any] = PLAN, **how: Any) -> Job:
    """Write at most so many of the missing parts."""
    store = open_store(directory)
    with claim(store, SQUARES, plan, RunFacts(engine="test"), JobOptions(**how)) as job:
        contents = job.manifest.contents

        def put(name: str, line: object) -> tuple[str, int, int, str]:
            with NewFile(store, name) as file:
                file.write(contents.text(name) + f"\n{line}\nend\n".encode())
            return name, 1, file.bytes, file.digest

        if job.writes_companion:
            job.manifest.companion = FileEntry(*put(contents.files.companion, "numbers"))
        for index in [index for parts in job.todo for index in parts][:most]:
            found = put(contents.files.part(index), index**2)
            job.commit(PartEntry(*found, part=index, first=DAY, last=DAY, status={0: 1}))
    return job


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.suffix == ".txt"
    }


def test_an_interrupted_run_resumes_with_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "whole")
    write(tmp_path / "cut", most=3)
    assert not Manifest.read(open_store(tmp_path / "cut"), SQUARES).complete
    job = write(tmp_path / "cut", resume=True)
    assert (job.resumed, job.manifest.complete) == (3, True)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert len(contents(tmp_path / "whole")) == 8


def test_shards_become_one_run(tmp_path: Path) -> None:
    store = open_store(tmp_path / "shards")
    for number in (1, 2, 3):
        write(tmp_path / "shards", shard=Shard(3, number))
        assert merge_if_complete(store, SQUARES, 3) == (number == 3)
    write(tmp_path / "whole")
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")
    assert merge(store, SQUARES).parts == 7 and verify(store, SQUARES).sound


def test_damage_is_found_dropped_and_repaired(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    write(tmp_path)
    whole = contents(tmp_path)
    (tmp_path / "squares" / "part-000002.txt").write_bytes(
        (tmp_path / "squares" / "part-000004.txt").read_bytes()
    )
    (finding,) = verify(store, SQUARES).findings
    assert (finding.part, finding.file) == (2, "squares/part-000002.txt")
    assert finding.command == "write_squares(..., resume=True)"
    assert verify(store, SQUARES, drop=True).dropped == ["squares/part-000002.txt"]
    job = write(tmp_path, resume=True)
    assert job.resumed == 6 and contents(tmp_path) == whole


def test_another_plan_and_foreign_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path, most=1)
    with pytest.raises(PlanDiffersError, match="step: 1 there, 2 asked for"):
        write(tmp_path, plan={**PLAN, "step": 2}, resume=True)
    (tmp_path / "squares" / "mine.txt").write_text("my own file")
    with pytest.raises(ForeignFileError, match=r"mine\.txt"):
        write(tmp_path, overwrite=True)
    assert Inventory.of(open_store(tmp_path), SQUARES).foreign == ["squares/mine.txt"]
    assert (tmp_path / "squares" / "mine.txt").read_text() == "my own file"
