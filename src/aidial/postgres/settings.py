"""Settings of the embedded server: durable, quiet about values, sized for a small machine.

They are given on the command line at every start, so an upgrade of AiDial changes them too. The one
thing a newcomer would get wrong: PostgreSQL's log carries values in ERROR lines and in DETAIL, so both
are left out; the application logs its own errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLUSTER_NAME = "aidial-embedded"

_SETTINGS = {
    # who can connect: this machine, over TCP, with a password. No socket folder, so nothing to guard
    "cluster_name": CLUSTER_NAME,
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    # a call answered with 2xx survives kill -9 and a power cut
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # a small machine
    "shared_buffers": "128MB",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    # the log: one file a weekday, written over after a week; no statements, no values
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
}


def server_arguments(cluster: Path, logs: Path, port: int, changes: Mapping[str, str]) -> list[str]:
    """Return the arguments of `postgres`; `changes` wins over the settings above (tests turn fsync off)."""
    settings = {**_SETTINGS, "log_directory": str(logs), "port": str(port), **changes}
    arguments = ["-D", str(cluster)]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    return arguments
