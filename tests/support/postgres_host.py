"""A process of its own that holds the test run's PostgreSQL until the run is over.

No worker can hold it: workers end at different times, and the server would end with its worker. This
one ends on SIGTERM (the run is over) or when pytest's first process is gone (the run was killed).
Arguments: the run's folder, the process id of pytest's first process.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from aidial.postgres import EmbeddedPostgres

# Test data need not survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


def main(run_folder: Path, run_pid: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    run = os.pidfd_open(run_pid)
    with EmbeddedPostgres(run_folder / "postgres", settings=FAST) as server:
        ready = run_folder / "urls.json"
        unfinished = ready.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(asdict(server.urls)))
        unfinished.rename(ready)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        select.select([run], [], [])
    shutil.rmtree(run_folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
