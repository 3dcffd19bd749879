"""An S3-compatible object store: files put, sent back, listed, measured and deleted, by pyarrow.

The key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or wherever else the SDK looks. pyarrow.fs
is imported when a store is opened. Not here: what lies in a store (resources/raw/cold.py, resources/shared).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, Protocol
from urllib.parse import parse_qsl, urlsplit

from resources.errors import LivestatsError
from resources.fs import access

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import FileSystem

OPTIONS = ("endpoint_override", "region", "scheme", "force_virtual_addressing", "tls_ca_file_path")
"""What may stand behind the `?` of a place: options of pyarrow.fs.S3FileSystem."""

CHECKSUMS = "AWS_REQUEST_CHECKSUM_CALCULATION"
"""Variable of the SDK: whether it puts a checksum behind each object."""
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")  # where it looks itself

_ERRORS = (OSError, ValueError)  # pyarrow's are of these
_PIECE_BYTES = 1 << 20
_OUT_S = 60.0
"""After a failure nothing more is asked for so long: thousands of files would each wait."""


class StoreError(LivestatsError):
    """The store could not do what was asked of it; the message says what it said."""


class MissingObject(StoreError, LivestatsError):
    """The store answers, and has no such object; the message names it."""


class Target(Protocol):
    """Takes bytes: a file, or a digest behind one."""

    def write(self, data: bytes, /) -> object:
        """Take a piece."""
        ...


@dataclass(frozen=True)
class Place:
    """Where objects lie: a bucket, a prefix, and how the store is reached."""

    bucket: str
    prefix: str  # without slashes at its ends; "" is possible
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Place:
        """A place from `s3://bucket/prefix?option=value`. Raises ValueError, which quotes nothing of it."""
        try:
            parts = urlsplit(text)
            given = parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True)
            bucket = parts.hostname or ""
            has_login = "@" in parts.netloc
        except ValueError as error:
            raise ValueError(_FORM) from error
        if has_login:
            raise ValueError(
                "the address holds a key, which would stand in files. Take it out: it comes from "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        if parts.scheme != "s3" or not bucket or parts.netloc != bucket or parts.fragment:
            raise ValueError(_FORM)
        if strange := sorted({name for name, _ in given} - {*OPTIONS}):
            raise ValueError(f"there is no option {strange[0]!r}. Known: {', '.join(OPTIONS)}.")
        return cls(bucket, parts.path.strip("/"), tuple(sorted(given)))

    @property
    def text(self) -> str:
        """The place without options, for messages."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def path_of(self, key: str) -> str:
        """The path of an object, as pyarrow wants it."""
        return "/".join(part for part in (self.bucket, self.prefix, key) if part)


_FORM = (
    "write it like s3://BUCKET/PREFIX?endpoint_override=https://store.example.com&region=REGION, "
    "in which all from the ? on may lack."
)


def _fault(place: Place, error: Exception) -> str:
    return f"{place.text} cannot be used: {' '.join(str(error).split()).rstrip('.')}."


def put_plainly(endpoint: str | None) -> None:
    """Have the SDK of AWS put bytes as they are into a store at `endpoint`; None: where it looks itself.

    Else it puts them in chunks, with a checksum behind the last, and stores that do not know of it keep
    all of that as content (seen with s3rver). Whoever has set the variable, has decided.
    """
    if endpoint or any(os.environ.get(name) for name in _ENDPOINTS):
        os.environ.setdefault(CHECKSUMS, "when_required")


@cache
def open_store(place: Place) -> ObjectStore:
    """The store of a place; nothing is asked of it yet. Raises StoreError."""
    from pyarrow import fs

    options: dict[str, Any] = dict(place.options)
    put_plainly(options.get("endpoint_override"))
    if "force_virtual_addressing" in options:
        options["force_virtual_addressing"] = options["force_virtual_addressing"].lower() == "true"
    # A small object is then put by one request, in the place of three.
    try:
        found = fs.S3FileSystem(
            **options, allow_delayed_open=True, connect_timeout=10, request_timeout=60
        )
    except _ERRORS as error:
        raise StoreError(_fault(place, error)) from error
    return ObjectStore(place, found)


@dataclass
class ObjectStore:
    """The objects of one place. All methods raise StoreError, also if there is no such bucket."""

    place: Place
    files: FileSystem
    _failure: tuple[float, str] = field(default=(0.0, ""))

    def put(self, source: BinaryIO, key: str) -> None:
        """Store what is read from `source` as an object, in the place of one of that key."""
        self._refuse_if_out()
        try:
            # By default pyarrow compresses what is called .zst.
            with self.files.open_output_stream(self.place.path_of(key), compression=None) as target:
                while piece := source.read(_PIECE_BYTES):
                    target.write(piece)
        except _ERRORS as error:
            self._failed(error)

    def get(self, key: str, target: Target) -> None:
        """Write an object into `target`. Raises MissingObject if there is none."""
        with self._opened(key) as source:
            while piece := self._piece(source):
                target.write(piece)

    def _opened(self, key: str) -> NativeFile:
        self._refuse_if_out()
        try:
            return self.files.open_input_stream(self.place.path_of(key), compression=None)
        except FileNotFoundError as error:
            self._check_bucket()
            raise MissingObject(f"{self.place.text} has no {key}.") from error
        except _ERRORS as error:
            self._failed(error)

    def _piece(self, source: NativeFile) -> bytes:
        try:
            return bytes(source.read(_PIECE_BYTES))
        except _ERRORS as error:
            self._failed(error)

    def size(self, key: str) -> int | None:
        """Bytes of an object; None if there is none."""
        self._refuse_if_out()
        try:
            found = self.files.get_file_info(self.place.path_of(key))
        except _ERRORS as error:
            self._failed(error)
        if not found.is_file:
            self._check_bucket()
            return None
        return int(found.size)

    def keys(self, folder: str) -> list[str]:
        """The keys of all objects below a folder, in order."""
        from pyarrow import fs

        self._refuse_if_out()
        base = self.place.path_of(folder)
        selector = fs.FileSelector(base, allow_not_found=True, recursive=True)
        try:
            found = self.files.get_file_info(selector)
        except _ERRORS as error:
            self._failed(error)
        return sorted(f"{folder}{one.path.removeprefix(base)}" for one in found if one.is_file)

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        self._refuse_if_out()
        try:
            self.files.delete_file(self.place.path_of(key))
        except FileNotFoundError:
            return
        except _ERRORS as error:
            self._failed(error)

    def _check_bucket(self) -> None:
        """Raise StoreError if the bucket is not there: that says nothing of its objects."""
        from pyarrow import fs

        bucket = self.place.bucket
        try:
            if self.files.get_file_info(bucket).type == fs.FileType.NotFound:
                raise FileNotFoundError(f"there is no bucket {bucket}")
        except _ERRORS as error:
            self._failed(error)

    def _refuse_if_out(self) -> None:
        at_s, text = self._failure
        if text and time.monotonic() - at_s < _OUT_S:
            raise StoreError(text)

    def _failed(self, error: Exception) -> NoReturn:
        if access.is_local(error):  # of reading what was to be put
            raise error
        text = _fault(self.place, error)
        self._failure = time.monotonic(), text
        raise StoreError(text) from error
