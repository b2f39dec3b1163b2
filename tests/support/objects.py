"""A real S3 server (SeaweedFS, from a wheel) on this machine: `with running_objects() as objects:`.

The one thing a newcomer would get wrong: it is one process over a folder of its own and dies with the block;
its key is made up each time.
"""

from __future__ import annotations

import json
import random
import secrets
import socket
import subprocess
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

STARTED_WITHIN_S = 60.0
TRIES = 3
PORTS = range(20_000, 30_000)
"""Below those the kernel hands out: nobody takes one before the server, which binds them late, does."""


class NotStartedError(RuntimeError):
    """The server ended by itself; the text is the last it said."""


@dataclass(frozen=True, slots=True)
class Objects:
    """A server with an empty bucket; `environ` is what the API is told of it."""

    port: int
    key_id: str
    secret: str

    def url(self, port: int | None = None) -> str:
        """The storage URL, by another way when one is given."""
        return f"s3://recordings-test/kept?endpoint=http://127.0.0.1:{port or self.port}&region=us-east-1"

    def environ(self, port: int | None = None) -> dict[str, str]:
        """The API's settings."""
        return {
            "AIDIAL_STORAGE_URL": self.url(port),
            "AIDIAL_STORAGE_KEY_ID": self.key_id,
            "AIDIAL_STORAGE_SECRET": self.secret,
        }


@contextmanager
def running_objects() -> Iterator[Objects]:
    """The server, ready, with its bucket."""
    with tempfile.TemporaryDirectory(prefix="aidial-objects-") as folder:
        objects, server = _started(Path(folder), TRIES)
        try:
            yield objects
        finally:
            server.kill()
            server.wait()


def _started(folder: Path, tries: int) -> tuple[Objects, subprocess.Popen[bytes]]:
    objects, log = Objects(_free_port(), "test-key", secrets.token_hex(16)), folder / "log"
    server = _start(folder / f"try-{tries}", objects, log)
    try:
        _make_bucket(objects, server, log)
    except BaseException as failure:
        server.kill()
        server.wait()
        if isinstance(failure, NotStartedError) and tries > 1:
            return _started(folder, tries - 1)
        raise
    return objects, server


def _start(folder: Path, objects: Objects, log: Path) -> subprocess.Popen[bytes]:
    folder.mkdir()
    config = folder / "s3.json"
    identity = {
        "name": "aidial",
        "credentials": [{"accessKey": objects.key_id, "secretKey": objects.secret}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    with log.open("wb") as output:
        return subprocess.Popen(_command(folder, config, objects.port), stdout=output, stderr=output)


def _command(folder: Path, config: Path, port: int) -> list[str]:
    program = Path(sysconfig.get_path("scripts")) / "weed"
    ports = {name: _free_port() for name in ("master", "volume", "filer")}
    grpc = {f"{name}.port.grpc": _free_port() for name in ports}
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3": "true",
        "s3.port": port,
        "s3.port.grpc": _free_port(),
        # On unless told otherwise, at ports of their own that a second server would find taken.
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.config": config,
        "master.volumeSizeLimitMB": 64,
        "volume.max": 8,
        **{f"{name}.port": one for name, one in ports.items()},
        **grpc,
    }
    return [str(program), "server", *(f"-{k}={v}" for k, v in options.items())]


def _free_port() -> int:
    """A port nobody listens at; chance keeps other workers off it."""
    while True:
        port = random.choice(PORTS)  # noqa: S311 - no secret
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _make_bucket(objects: Objects, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the server and make the bucket with a signed PUT."""
    place = f"http://127.0.0.1:{objects.port}"
    store = S3Store(
        "recordings-test",
        endpoint=place,
        region="us-east-1",
        access_key_id=objects.key_id,
        secret_access_key=objects.secret,
        client_options={"allow_http": True},
    )
    end = time.monotonic() + STARTED_WITHIN_S
    while True:
        if server.poll() is not None:
            raise NotStartedError(log.read_text(errors="replace")[-2_000:])
        assert time.monotonic() < end, "the S3 server never answered"
        try:
            signed = _signed_bucket_url(store)
            with urllib.request.urlopen(urllib.request.Request(signed, method="PUT"), timeout=5):  # noqa: S310 - our own
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)


def _signed_bucket_url(store: S3Store) -> str:
    return obstore.sign(store, "PUT", "", timedelta(minutes=5))
