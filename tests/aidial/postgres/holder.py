"""Holds an embedded PostgreSQL in a process of its own, so that a test can kill it in any way.

Prints one JSON line when the server is up: this process, the postmaster, the URLs, what was said. The
word `keep` on standard input makes it look after the server and print again; the end of input stops it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from aidial.postgres import EmbeddedPostgres, PostgresError


def main(folder: Path) -> int:
    said: list[str] = []
    server = EmbeddedPostgres(folder, on_progress=said.append)

    def report() -> None:
        state = {"pid": os.getpid(), "postmaster": server.pid, "urls": asdict(server.urls), "said": said}
        sys.stdout.write(json.dumps(state) + "\n")
        sys.stdout.flush()

    try:
        with server:
            report()
            for line in sys.stdin:
                if line.strip() == "keep":
                    server.keep_running()
                    report()
    except PostgresError as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
