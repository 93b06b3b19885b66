"""A directory that knows no satellites: on a disk or in an object store, its files complete or
absent, locked, shared out in shards.

store.py     where a directory is, and what is in it
local.py     a file on its way to a disk
objects.py   an object on its way into a store
sink.py      both: bytes are counted and hashed on the way
lock.py      one job per directory
shards.py    a share of the parts
"""
