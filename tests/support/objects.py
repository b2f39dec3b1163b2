"""A real S3 server (SeaweedFS, from a wheel) on this machine: `with running_objects() as objects:`.

The one thing a newcomer would get wrong: it is one process over a folder of its own and dies with the block;
its key is made up each time.
"""

from __future__ import annotations

import json
import secrets
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

from tests.portal.kernel.scripted import free_socket

STARTED_WITHIN_S = 60.0


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
        objects = Objects(_free_port(), "test-key", secrets.token_hex(16))
        config = Path(folder) / "s3.json"
        identity = {
            "name": "aidial",
            "credentials": [{"accessKey": objects.key_id, "secretKey": objects.secret}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
        server = subprocess.Popen(
            _command(folder, config, objects.port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _make_bucket(objects, server)
            yield objects
        finally:
            server.kill()
            server.wait()


def _command(folder: str, config: Path, port: int) -> list[str]:
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
        "s3.config": config,
        "master.volumeSizeLimitMB": 64,
        "volume.max": 8,
        **{f"{name}.port": one for name, one in ports.items()},
        **grpc,
    }
    return [str(program), "server", *(f"-{k}={v}" for k, v in options.items())]


def _free_port() -> int:
    listener, port = free_socket()
    listener.close()
    return port


def _make_bucket(objects: Objects, server: subprocess.Popen[bytes]) -> None:
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
        assert server.poll() is None, "the S3 server ended"
        assert time.monotonic() < end, "the S3 server never answered"
        try:
            signed = _signed_bucket_url(store)
            with urllib.request.urlopen(urllib.request.Request(signed, method="PUT"), timeout=5):  # noqa: S310 - our own
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)


def _signed_bucket_url(store: S3Store) -> str:
    return obstore.sign(store, "PUT", "", timedelta(minutes=5))
