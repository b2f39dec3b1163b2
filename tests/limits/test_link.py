"""Ways to a store: by address, by socket, with TLS, with a password, to a database of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aidial_contract.limits import Rate
from aidial_limits import SharedWindows
from tests.support.store import Store, running_store

WANTED = ((Rate("link", 5, 60, ""), "one key"),)


@pytest.fixture
def own_store() -> Iterator[Store]:
    with running_store() as running:
        yield running


async def counts(url: str) -> bool:
    """Whether requests are counted there."""
    windows = SharedWindows(url, timeout_ms=10_000)
    try:
        return await windows.open() and (await windows.take(WANTED)).standings[0].left == 4
    finally:
        windows.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "store")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


@asynccontextmanager
async def behind_tls(store: Store, files: tuple[Path, Path]) -> AsyncIterator[int]:
    """A port at which TLS ends before the store."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", store.port)
        for one in (pump(reader, ours), pump(theirs, writer)):
            tasks.add(asyncio.create_task(one))

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    server = await asyncio.start_server(join, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_store_is_found_by_address_and_by_socket(own_store: Store) -> None:
    assert await counts(f"valkey://127.0.0.1:{own_store.port}")
    own_store.empty()
    assert await counts(f"unix://{own_store.socket}")


async def test_a_database_of_its_own_is_another_place(own_store: Store) -> None:
    assert await counts(f"redis://127.0.0.1:{own_store.port}/3")
    assert own_store.names() == []
    assert not await counts(f"redis://127.0.0.1:{own_store.port}/9999")


async def test_a_password_is_shown_and_a_wrong_one_counts_nothing(own_store: Store) -> None:
    own_store.require("s3cret")
    assert await counts(f"redis://:s3cret@127.0.0.1:{own_store.port}")
    assert not await counts(f"redis://:wrong@127.0.0.1:{own_store.port}")
    assert not await counts(f"redis://127.0.0.1:{own_store.port}")


async def test_a_certificate_is_checked(own_store: Store, tmp_path: Path) -> None:
    files = certificate(tmp_path)
    async with behind_tls(own_store, files) as port:
        assert await counts(f"rediss://127.0.0.1:{port}?ssl_ca_certs={files[0]}")
        assert not await counts(f"rediss://127.0.0.1:{port}")
