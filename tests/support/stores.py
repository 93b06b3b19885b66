"""Object stores for tests: one in memory that counts what it is asked for and can fail, and moto,
which speaks S3's protocol here.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

import fsspec
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from fsspec.spec import AbstractBufferedFile
from patience import PATIENCE_S
from upath.registry import register_implementation

SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
SECRET = "a-secret-that-nobody-is-to-see"


class CountedStore(MemoryFileSystem):
    """An object store in memory, `counted://`: an object appears when its upload is completed, as
    in S3.

    requests: (what, path, bytes) in order. failing: called with the number of a request and what it
    is before it is done, and again after that (done=True); what it raises is what the caller gets.
    uploads: those that are neither completed nor aborted. listed: what is remembered, whatever
    changes, until invalidate_cache().
    """

    protocol = "counted"
    store: dict = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    requests: list = []  # noqa: RUF012
    uploads: set = set()  # noqa: RUF012
    listed: dict = {}  # noqa: RUF012
    failing = None

    @classmethod
    def reset(cls):
        cls.failing = None
        for state in (cls.store, cls.requests, cls.uploads, cls.listed):
            state.clear()

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("counted://"))

    @contextmanager
    def _asked(self, what, path, size=0):
        number = len(self.requests)
        self.requests.append((what, path, size))
        if self.failing:
            type(self).failing(number, what, False)
        yield
        if self.failing:
            type(self).failing(number, what, True)

    def _listed(self, what, path, look):
        """From what it remembers, as stores do in fsspec."""
        if (what, path) not in self.listed:
            with self._asked("head" if what == "info" else "list", path):
                self.listed[what, path] = look()
        return self.listed[what, path]

    def invalidate_cache(self, path=None):
        self.listed.clear()

    def find(self, path, **options):
        return self._listed("find", path, lambda: super(CountedStore, self).find(path, **options))

    def ls(self, path, detail=True, **options):
        return self._listed(
            "ls", path, lambda: super(CountedStore, self).ls(path, detail, **options)
        )

    def info(self, path, **options):
        return self._listed("info", path, lambda: super(CountedStore, self).info(path, **options))

    def cat_file(self, path, start=None, end=None, **options):
        data = super().cat_file(path, start, end)
        with self._asked("get", path, len(data)):
            return data

    def pipe_file(self, path, value, mode="overwrite", **options):
        with self._asked("put", path, len(value)):
            name = self._strip_protocol(path)
            self.store[name] = MemoryFile(self, name, bytes(value))

    def rm_file(self, path):
        with self._asked("delete", path):
            self.store.pop(self._strip_protocol(path), None)

    def _open(self, path, mode="rb", block_size=None, autocommit=True, **options):
        if mode != "wb":
            with self._asked("open", path):
                return super()._open(path, mode, block_size, autocommit, **options)
        return _Upload(self, self._strip_protocol(path), mode, block_size or 8192, autocommit)


class _Upload(AbstractBufferedFile):
    def _initiate_upload(self):
        with self.fs._asked("begin", self.path):
            self.pieces = []
            self.fs.uploads.add(self)

    def _upload_chunk(self, final=False):
        data = self.buffer.getvalue()
        with self.fs._asked("piece", self.path, len(data)):
            self.pieces.append(data)
        if final and self.autocommit:
            self.commit()

    def commit(self):
        with self.fs._asked("complete", self.path):
            self.fs.store[self.path] = MemoryFile(self.fs, self.path, b"".join(self.pieces))
            self.fs.uploads.discard(self)

    def discard(self):
        with self.fs._asked("abort", self.path):
            self.fs.uploads.discard(self)


fsspec.register_implementation("counted", CountedStore, clobber=True)
register_implementation("counted", "upath.implementations.memory.MemoryPath", clobber=True)


def contents(directory):
    """Every object under a name, but the manifest, by its name there."""
    fs, base = directory.fs, directory.path.rstrip("/") + "/"
    fs.invalidate_cache()
    found = {name.removeprefix(base): fs.cat_file(name) for name in fs.find(directory.path)}
    return {name: data for name, data in found.items() if name != "manifest.json"}


@contextmanager
def s3_server():
    """A server on this machine alone, in a process of its own; the environment is set so that
    fsspec finds it. Its address.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    settings = {
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FSSPEC_S3_ENDPOINT_URL": url,
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    fsspec.config.set_conf_env(fsspec.config.conf)
    try:
        yield url
    finally:
        fsspec.config.conf.pop("s3", None)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        process.stdin.close()
        process.wait(PATIENCE_S)
