"""Snapshots as Apache Arrow files: a directory of IPC or Parquet parts, written at the disk's speed and read back an instant at a time.

plan says what a run will write before it is written, files makes a file appear complete or not at all, manifest is the record of a
directory, write fills it and read opens it.
"""

from .plan import Plan, elements_digest, plan_snapshots
from .read import Snapshots, open_snapshots
from .write import Report, write_plan, write_snapshots

__all__ = ["Plan", "Report", "Snapshots", "elements_digest", "open_snapshots", "plan_snapshots", "write_plan", "write_snapshots"]
