"""A crash-safe directory of parts, on a disk or in an object store, independent of satellites.

store.py            the interface of a directory
local.py            a directory on a disk, with disk_file.py, regular_file.py and file_lock.py
objects.py          a directory in an object store, with upload.py and requests.py
location.py         a path or a URL -> a store
contents.py         what dataset/ must know about the files of a run
sink.py             a new file: complete or absent, counted and hashed
manifest.py         the record of a directory, with entries.py and fields.py, which checks them
shards.py           a share of the parts
check.py            a file compared with its manifest
inventory.py        which files of a directory are gpuprop's
session.py          lock a directory, begin or resume a run
merge.py            shards -> one run
verify.py           what is missing or damaged
resume_command.py   the command that writes it again
"""
