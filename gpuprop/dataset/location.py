"""Find a dataset by a path on a disk, a file URL, or that of an object store (`s3://` ...)."""

import os
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.request import url2pathname

from ..files.addresses import shown_url
from .local import LocalStore
from .objects import ObjectStore
from .requests import as_os_error
from .store import Store, described

if TYPE_CHECKING:
    from upath import UPath

# a path on a disk, a URL, or a UPath with the options of its store
AnyPath: TypeAlias = "str | os.PathLike[str] | UPath"

URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)
LOGIN = re.compile(r"[^@]*:[^@]*@", re.DOTALL)
ON_DISK = ("file", "local")
THIS_MACHINE = ("", "localhost")  # hosts of a file URL (RFC 8089)
# a URL that went through pathlib has one slash
ONE_SLASH = re.compile(r"(s3a?|gcs|gs|az|abfss?|memory|file|local):[/\\][^/\\]", re.IGNORECASE)


def open_store(path: AnyPath) -> Store:
    """Return the store of a directory. On a disk, nothing is read or created yet.

    Parameters
    ----------
    path : str, path or UPath
        A path on a disk, a URL, or a UPath with the options of its store.

    Raises
    ------
    TypeError
        It is none of these.
    ValueError
        The URL is not known, or has a password or a query.
    RuntimeError
        The package that reaches the store is not installed.
    OSError
        The store does not answer. Some stores connect already here.
    """
    if not isinstance(path, (str, os.PathLike)) and not hasattr(path, "fs"):
        raise TypeError(f"a directory is a path or a URL, not {path!r}")
    if ONE_SLASH.match(str(path)):
        raise ValueError(
            f"{shown_url(str(path))} is not a URL, which has two slashes: give it as text, not as "
            "a pathlib.Path"
        )
    if isinstance(path, Path):  # a UPath of a disk is one, too
        return LocalStore(Path(path))
    match = URL.match(str(path))
    if match is None:
        if "://" in str(path):
            raise ValueError(
                f"{shown_url(str(path))}: chained URLs are not supported, name the store alone"
            )
        return LocalStore(Path(cast("str | os.PathLike[str]", path)))
    if match["scheme"].lower() in ON_DISK:
        return LocalStore(_on_disk(str(path), match["scheme"].lower(), match["rest"]))
    return _in_a_store(path, match)


def _in_a_store(path: AnyPath, match: re.Match[str]) -> ObjectStore:
    if LOGIN.match(match["rest"]):
        raise ValueError(
            f"{shown_url(str(path))}: leave the login out of the URL: set it in the environment "
            "(for S3: AWS_ACCESS_KEY_ID and the secret key), or in Python as options of a "
            "UPath"
        )
    if "?" in match["rest"]:
        raise ValueError(
            f"{shown_url(str(path))}: a store has no query (?...): give options in the environment "
            "or as those of a UPath"
        )
    url = f"{match['scheme'].lower()}://{match['rest'].rstrip('/')}"
    try:
        made = path if hasattr(path, "fs") else import_module("upath").UPath(url)
        if isinstance(made, Path):  # from universal-pathlib, for a scheme that it does not know
            raise ValueError("there is no such store")
        return ObjectStore(cast(Path, made))
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"{url} needs fsspec and universal-pathlib ({error}): pip install 'gpuprop[remote]'"
        ) from error
    except ImportError as error:  # it names the package of the store
        raise RuntimeError(f"{url} cannot be reached: {error}") from error
    except ValueError as error:
        raise ValueError(f"{url} is not known: {error}") from error
    except Exception as error:
        raise described(as_os_error(error), cast(Path, url), "connecting") from error


def _on_disk(url: str, scheme: str, rest: str) -> Path:
    """Return the path of a file URL. ValueError for another machine or a relative path."""
    if scheme == "local":  # fsspec's scheme: the rest is the path, unchanged
        return Path(rest)
    host, slash, below = rest.partition("/")
    if host.lower() not in THIS_MACHINE:
        raise ValueError(
            f"{shown_url(url)} names another machine: write file:///PATH for a file of this one"
        )
    if not slash or not below.strip("/"):
        raise ValueError(
            f"{shown_url(url)} names no directory: write file:///PATH, or the path alone"
        )
    return Path(url2pathname(slash + below))
