"""An administrator at a shell: what each command says, and what it ends with."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import psycopg
import pytest

from aidial.postgres import PostgresUrls
from aidial_contract.errors import ERRORS
from aidial_contract.ids import parse_api_key
from aidial_contract.limits import DEFAULTS
from tests.support.postgres import PostgresServer

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
ISSUER = "http://127.0.0.1:1"
LONGEST_S = 300
"""Nothing hangs for so long, however busy the machine is."""
UNAVAILABLE = 69


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


def aidial(*words: str, env: Mapping[str, str] | None = None) -> Ran:
    """Run the command with nothing of AiDial's in the environment but `env`."""
    ours = ("AIDIAL_", "ZITADEL_", "NEXTAUTH_", "DATABASE_URL")
    usual = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) or name.startswith("AIDIAL_TEST_")
    }
    done = subprocess.run(
        [sys.executable, "-m", "aidial", *words],
        env={**usual, **(env or {})},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


LATE = ("the database does not answer", "FAIL  database reachable")


def patiently(*words: str, env: Mapping[str, str]) -> Ran:
    """The same at a database that is there: on a busy machine it may answer later than a command waits."""
    ran = aidial(*words, env=env)
    for _ in range(4):
        if ran.code != UNAVAILABLE or not any(words in ran.err + ran.out for words in LATE):
            break
        ran = aidial(*words, env=env)
    return ran


@pytest.fixture
def empty(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    return postgres_server.empty_database(f"shell_{worker_id}")


def owner(urls: PostgresUrls) -> dict[str, str]:
    return {"AIDIAL_DATABASE_OWNER_URL": urls.owner_url}


def bootstrap(
    urls: PostgresUrls,
    *,
    client: str = "harbour-dental",
    operator: str = "ops@aidial.example",
    admin: str = "alice@harbour-dental.example",
    master_key: str = MASTER_KEY,
) -> Ran:
    return patiently(
        *("bootstrap", "--operator-email", operator, "--partner", f"partner-of-{client}"),
        *("--partner-name", "Southern Cross Voice", "--client", client),
        *("--client-name", "Harbour Dental", "--admin-email", admin),
        env={**owner(urls), "AIDIAL_MASTER_KEY": master_key, "ZITADEL_ISSUER": ISSUER},
    )


def test_an_administrator_sets_up_an_installation_and_its_keys(empty: PostgresUrls) -> None:
    assert patiently("db", "current", env=owner(empty)).code == 1
    assert patiently("keys", "list", "--client", "harbour-dental", env=owner(empty)).code == 69
    assert patiently("db", "migrate", env=owner(empty)).code == 0
    assert patiently("db", "current", env=owner(empty)).code == 0
    made = bootstrap(empty)
    assert made.code == 0, made.err
    first = parse_api_key(made.out.strip())
    assert first is not None
    again = bootstrap(empty)
    assert (again.code, again.out) == (1, "")
    assert "there is a client harbour-dental already" in again.err

    created = patiently("keys", "create", "--client", "harbour-dental", env=owner(empty))
    key = parse_api_key(created.out.strip())
    assert key is not None
    listed = patiently("keys", "list", "--client", "harbour-dental", env=owner(empty)).out.splitlines()
    assert {line.split()[0] for line in listed} == {first.api_key_id, key.api_key_id}
    assert key.secret not in "".join(listed)
    revoke = ("keys", "revoke", key.api_key_id, "--client", "harbour-dental", "--reason", "lost")
    assert patiently(*revoke, env=owner(empty)).code == 0
    assert patiently(*revoke, env=owner(empty)).code == 1
    listed = patiently("keys", "list", "--client", "harbour-dental", env=owner(empty)).out.splitlines()
    assert [line.split()[4] for line in listed if line.startswith(key.api_key_id)] == ["revoked"]
    lifted = patiently("allowlist", "off", "--client", "harbour-dental", env=owner(empty))
    assert (lifted.code, lifted.err) == (1, "aidial: the allowlist of harbour-dental is not on\n")
    with psycopg.connect(empty.superuser_url) as connection:
        events = connection.execute("SELECT action FROM audit_events ORDER BY event_id").fetchall()
    assert [action for (action,) in events] == [
        "api_keys.key.created",
        "api_keys.key.created",
        "api_keys.key.revoked",
    ]


TOO_LONG = "x" * 201
BOOTSTRAP = {
    "--operator-email": "ops@aidial.example",
    "--partner": "southern-cross-voice",
    "--partner-name": "Southern Cross Voice",
    "--client": "harbour-dental",
    "--client-name": "Harbour Dental",
    "--admin-email": "alice@harbour-dental.example",
}
CLIENT = ("--client", "harbour-dental")
ON = (*CLIENT, "--month", "2026-12")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        *(
            (("bootstrap", *chain(*{**BOOTSTRAP, option: value}.items())), option)
            for option in ("--partner-name", "--client-name", "--project-name")
            for value in ("", TOO_LONG)
        ),
        (
            ("bootstrap", *chain(*{**BOOTSTRAP, "--admin-email": f"{TOO_LONG * 2}@a.example"}.items())),
            "--admin-email",
        ),
        (("keys", "create", *CLIENT, "--description", TOO_LONG), "--description"),
        (("keys", "create", *CLIENT, "--description", "two\nlines"), "--description"),
        (("service-accounts", "register", *CLIENT, "--subject", "1", "--name", TOO_LONG), "--name"),
        (("billing", "discount", *ON, "--description", TOO_LONG, "--percent", "5"), "--description"),
        (("billing", "adjust", *ON, "--description", "", "--cents", "5"), "--description"),
        (("billing", "adjust", *ON, "--description", "Much", "--cents", f"{10**30}"), "--cents"),
    ],
)
def test_text_the_database_would_refuse_is_refused_by_its_option(words: tuple[str, ...], option: str) -> None:
    ran = aidial(*words)
    assert (ran.code, ran.out) == (2, "")
    assert option in ran.err


def test_an_administrator_registers_a_service_account_and_revokes_it(database_urls: PostgresUrls) -> None:
    client = f"robots-{os.getpid()}"
    with psycopg.connect(database_urls.superuser_url) as connection:
        connection.execute("INSERT INTO clients (client_id, name) VALUES (%s, 'Robots')", (client,))
    env = {**owner(database_urls), "ZITADEL_ISSUER": ISSUER}
    register = ("service-accounts", "register", "--client", client, "--subject", "318", "--name", "Runtime")
    made = patiently(*register, "--scope", "manage", env=env)
    assert (made.code, made.err) == (0, f"Runtime may act for {client} (manage).\n")
    account_id = made.out.strip()
    again = patiently(*register, env=env)
    assert (again.code, again.out) == (1, "")
    assert "already; revoke it first" in again.err
    (line,) = patiently("service-accounts", "list", "--client", client, env=env).out.splitlines()
    assert line.split()[:3] == [account_id, "manage", "active"]
    revoke = ("service-accounts", "revoke", account_id, "--client", client)
    assert [patiently(*revoke, env=env).code for _ in range(2)] == [0, 1]
    assert patiently("service-accounts", "revoke", "318", "--client", client, env=env).code == 1
    nobody = patiently(*register[:3], "nobody-here", *register[4:], env=env)
    assert (nobody.code, nobody.err) == (1, "aidial: there is no client nobody-here\n")
    assert aidial(*register, env=owner(database_urls)).code == 78


def test_introspection_without_who_we_are_is_named_with_all_that_is_missing() -> None:
    ran = aidial("api", env={"ZITADEL_INTROSPECTION": "true", "ZITADEL_ISSUER": ISSUER})
    assert ran.code == 78
    names = ("DATABASE_URL", "ZITADEL_INTROSPECTION_CLIENT_ID", "ZITADEL_INTROSPECTION_CLIENT_SECRET")
    assert all(f"{name}: missing" in ran.err for name in names)
    ran = aidial("api", env={"ZITADEL_INTROSPECTION": "maybe", "ZITADEL_ISSUER": ISSUER})
    assert "ZITADEL_INTROSPECTION: must be true or false" in ran.err
    assert "INTROSPECTION_CLIENT" not in ran.err


def test_a_key_of_nobody_is_refused(database_urls: PostgresUrls) -> None:
    ran = patiently("keys", "create", "--client", "nobody-here", env=owner(database_urls))
    assert (ran.code, ran.out, ran.err) == (1, "", "aidial: there is no client nobody-here\n")


def test_the_doctor_names_what_is_wrong(database_urls: PostgresUrls) -> None:
    configured = {
        "DATABASE_URL": database_urls.app_url,
        "AIDIAL_MASTER_KEY": MASTER_KEY,
        "ZITADEL_ISSUER": ISSUER,
        "AIDIAL_API_AUDIENCE": "aidial-api",
    }
    ran = patiently("doctor", env=configured)
    assert ran.code == 69
    marks = {line[6:].split(":")[0]: line[:4].strip() for line in ran.out.splitlines()}
    assert marks["migrations at head"] == marks["row-level security forced"] == "ok"
    assert marks["role is bound by row-level security"] == "ok"
    assert marks["issuer reachable"] == "FAIL"
    gone = aidial("doctor", env={**configured, "DATABASE_URL": "postgresql://aidial_app:pw@127.0.0.1:1/x"})
    assert "FAIL  database reachable" in gone.out
    assert "pw@" not in gone.out
    assert aidial("doctor").code == 78


def clients_of(urls: PostgresUrls) -> list[str]:
    with psycopg.connect(urls.superuser_url) as connection:
        return [row[0] for row in connection.execute("SELECT client_id FROM clients ORDER BY 1")]


def test_another_master_key_than_the_databases_is_refused_before_it_does_harm(empty: PostgresUrls) -> None:
    assert patiently("db", "migrate", env=owner(empty)).code == 0
    assert bootstrap(empty).code == 0
    other = base64.b64encode(bytes(range(1, 33))).decode()
    configured = {
        "DATABASE_URL": empty.app_url,
        "AIDIAL_MASTER_KEY": other,
        "ZITADEL_ISSUER": ISSUER,
        "AIDIAL_API_AUDIENCE": "aidial-api",
    }
    for server in ("api", "worker"):
        ran = patiently(server, env=configured)
        assert ran.code == 78, ran
        assert "AIDIAL_MASTER_KEY is not the one this database was made with" in ran.err
        assert other not in ran.err
    assert patiently("doctor", env=configured).code == 78

    ran = bootstrap(empty, client="second-clinic", operator="o@aidial.example", master_key=other)
    assert (ran.code, ran.out) == (78, "")
    seeded = {**owner(empty), "AIDIAL_MASTER_KEY": other}
    assert patiently("seed", "--calls", "1", "--client", "harbour-dental", env=seeded).code == 78
    assert clients_of(empty) == ["harbour-dental"]


def test_a_first_tenant_is_made_whole_or_not_at_all(empty: PostgresUrls) -> None:
    assert patiently("db", "migrate", env=owner(empty)).code == 0
    assert bootstrap(empty).code == 0
    for admin, code in (("Ops@clinic.example", 2), ("Alice@harbour-dental.example", 1)):
        ran = bootstrap(empty, client="clinic", operator="ops@clinic.example", admin=admin)
        assert (ran.code, ran.out) == (code, ""), ran
        assert clients_of(empty) == ["harbour-dental"]
    ran = bootstrap(empty, client="clinic", operator="ops@clinic.example", admin="sue@clinic.example")
    assert ran.code == 0, ran.err
    assert clients_of(empty) == ["clinic", "harbour-dental"]


def test_a_database_that_was_never_migrated_is_told_to_be(empty: PostgresUrls) -> None:
    ran = patiently(
        "api",
        env={
            "DATABASE_URL": empty.app_url,
            "AIDIAL_MASTER_KEY": MASTER_KEY,
            "ZITADEL_ISSUER": ISSUER,
            "AIDIAL_API_AUDIENCE": "aidial-api",
        },
    )
    assert ran.code == 69
    assert "run: aidial db migrate" in ran.err


def test_a_server_whose_port_is_taken_is_to_be_started_again(database_urls: PostgresUrls) -> None:
    needs = {
        "api": {
            "DATABASE_URL": database_urls.app_url,
            "AIDIAL_MASTER_KEY": MASTER_KEY,
            "ZITADEL_ISSUER": ISSUER,
            "AIDIAL_API_AUDIENCE": "aidial-api",
        },
        "portal": {
            "NEXTAUTH_SECRET": "s" * 32,
            "NEXTAUTH_URL": "http://127.0.0.1:3000",
            "AIDIAL_API_BASE_URL": ISSUER,
            "AIDIAL_API_TIMEOUT_MS": "1000",
            "ZITADEL_ISSUER": ISSUER,
            "ZITADEL_CLIENT_ID": "portal",
            "ZITADEL_CLIENT_SECRET": "secret",
        },
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for command, env in needs.items():
            ran = patiently(command, "--port", str(taken.getsockname()[1]), env=env)
            assert ran.code == UNAVAILABLE, ran
            assert "address already in use" in ran.err + ran.out


@pytest.mark.parametrize("command", ["api", "portal", "worker", "doctor"])
def test_a_server_without_its_configuration_names_every_missing_value(command: str) -> None:
    ran = aidial(command)
    assert ran.code == 78
    said = ran.out + ran.err
    wanted = ["NEXTAUTH_SECRET", "AIDIAL_API_BASE_URL"] if command == "portal" else ["DATABASE_URL"]
    assert all(name in said for name in [*wanted, "ZITADEL_ISSUER"])


def test_a_worker_without_a_database_ends_with_a_sentence() -> None:
    ran = aidial(
        "worker",
        env={
            "DATABASE_URL": "postgresql://aidial_app:pw@127.0.0.1:1/aidial",
            "AIDIAL_MASTER_KEY": MASTER_KEY,
            "ZITADEL_ISSUER": ISSUER,
            "AIDIAL_API_AUDIENCE": "aidial-api",
        },
    )
    assert ran.code == 69
    assert "pw@" not in ran.err


MISNAMED = {
    "half a password": "postgresql://aidial_app:s3cretHALF/other+half@127.0.0.1/aidial",
    "no scheme": "postgresql//aidial_app:s3cretHALF@127.0.0.1/aidial",
    "no port": "postgresql://aidial_app:s3cretHALF@127.0.0.1:s3cretPORT/aidial",
    "no such mode": "postgresql://aidial_app:s3cretHALF@127.0.0.1/aidial?sslmode=s3cretMODE",
}


@pytest.mark.parametrize("url", MISNAMED.values(), ids=MISNAMED)
def test_a_database_named_badly_is_said_by_name_and_never_shown(url: str) -> None:
    others = {"AIDIAL_MASTER_KEY": MASTER_KEY, "ZITADEL_ISSUER": ISSUER, "AIDIAL_API_AUDIENCE": "aidial-api"}
    for command in ("api", "worker", "doctor"):
        ran = aidial(command, env={**others, "DATABASE_URL": url})
        assert ran.code == 78, ran
        assert "DATABASE_URL" in ran.out + ran.err
        assert "s3cret" not in ran.out + ran.err
    for words in (("db", "current"), ("keys", "list", "--client", "harbour-dental")):
        ran = aidial(*words, env={"AIDIAL_DATABASE_OWNER_URL": url, "DATABASE_URL": url})
        assert ran.code == 78, ran
        assert all(f"\n  {name}: must" in ran.err for name in ("AIDIAL_DATABASE_OWNER_URL", "DATABASE_URL"))
        assert "s3cret" not in ran.out + ran.err


def test_what_a_driver_alone_can_refuse_is_not_shown_either(database_urls: PostgresUrls) -> None:
    others = {"AIDIAL_MASTER_KEY": MASTER_KEY, "ZITADEL_ISSUER": ISSUER, "AIDIAL_API_AUDIENCE": "aidial-api"}
    url = "postgresql://aidial_app:s3cret@/aidial?host=127.0.0.1&port=5432,5433"
    for command in ("api", "worker", "doctor"):
        ran = aidial(command, env={**others, "DATABASE_URL": url})
        assert ran.code == 78, ran
        assert "cannot be used" in ran.out + ran.err
        assert "s3cret" not in ran.out + ran.err
        ran = aidial(command, env={**others, "DATABASE_URL": "postgresql:///aidial", "PGPORT": "s3cret"})
        assert (ran.code, "s3cret" in ran.out + ran.err) == (78, False), ran
    for words in (("keys", "list", "--client", "harbour-dental"), ("audit", "verify", "--no-checkpoints")):
        ran = aidial(*words, env={"DATABASE_URL": url})
        assert ran.code == UNAVAILABLE, ran
        assert "s3cret" not in ran.out + ran.err
    ran = aidial("db", "current", env={"DATABASE_URL": f"{database_urls.owner_url}?s3cret=1"})
    assert (ran.code, "s3cret" in ran.err) == (UNAVAILABLE, False), ran


def test_a_role_that_migrates_may_come_by_several_hosts(database_urls: PostgresUrls) -> None:
    place, _, path = database_urls.owner_url.rpartition("/")
    users, _, host = place.rpartition("@")
    several = f"{users}@127.0.0.1:1,{host}/{path}"
    assert patiently("db", "current", env={"AIDIAL_DATABASE_OWNER_URL": several}).code == 0


def test_the_lists_come_from_the_tables() -> None:
    errors = aidial("errors").out
    assert all(code in errors for code in ERRORS)
    routes = aidial("routes").out
    assert "/v1/calls/{call_id}/transcript" in routes
    assert "/api/health" in routes
    limits = aidial("limits").out
    assert all(row.setting in limits for row in DEFAULTS)
    assert "\x1b[" not in errors + routes + limits


def test_wrong_usage_ends_with_two_and_a_reader_who_leaves_is_no_failure() -> None:
    assert aidial("routes", "--app", "nothing").code == 2
    assert aidial("nothing").code == 2
    assert aidial("seed", "--project", "nonsense", "--key", "k").code == 2
    assert aidial("--version").out.startswith("aidial ")
    assert "Example: aidial demo" in aidial("demo", "--help").out


def test_limits_shows_what_holds_here_and_scales_rates_but_no_size() -> None:
    here = {"AIDIAL_LIMITS_SCALE": "2", "AIDIAL_LIMIT_READS": "900/6s", "AIDIAL_LIMIT_URI": "4KiB"}
    rows = {
        line.split()[0]: line.split()[1:3] for line in aidial("limits", env=here).out.splitlines() if line
    }
    assert rows["AIDIAL_LIMIT_DELIVERIES_BURST"] == ["1200/6s", "2400/6s"]
    assert rows["AIDIAL_LIMIT_READS"] == ["600/min", "1800/6s"]
    assert rows["AIDIAL_LIMIT_URI"] == ["8KiB", "4KiB"]
    assert rows["AIDIAL_LIMIT_CALL_BODY"] == ["10MiB", "10MiB"]


def test_limits_names_every_bad_number_and_every_name_that_is_no_limits() -> None:
    ran = aidial("limits", env={"AIDIAL_LIMIT_READS": "many", "AIDIAL_LIMIT_READ": "5"})
    assert ran.code == 78
    assert "AIDIAL_LIMIT_READS: must be a rate" in ran.err
    assert "AIDIAL_LIMIT_READ: no limit has this name" in ran.err
    assert "many" not in ran.err
