"""What an administrator may call a database, and that a slip of the pen never shows the password."""

from __future__ import annotations

import pytest

from aidial_contract.database_url import database_url

TAKEN = (
    "postgresql://aidial_app@db/aidial",
    "postgres://aidial_app:word@db:5432/aidial",
    "postgresql://u:a:b@db/aidial",
    "postgresql://u:pässwörd$w!d*(x)@db.example.com./aidial",
    "postgresql://u:s%2Fb%40c%3A%25%23@db/aidial",
    "postgresql://u:p@[::1]/aidial",
    "postgresql://u:p@[fe80::1%25eth0]:5433/aidial",
    "postgresql://u:p@h1:5432,h2,h3:5433/aidial?target_session_attrs=primary",
    "postgresql:///aidial",
    "postgresql:///aidial?host=h1,h2&port=5432,5433",
    "postgresql://u:p@/aidial?host=/var/run/postgresql&port=5433",
    "postgresql://u@%2Fvar%2Frun%2Fpostgresql/aidial",
    "postgresql://u@db:/aidial",
    "postgresql://u@db?sslmode=verify-full&sslrootcert=/etc/ca.pem&application_name=x&connect_timeout=5",
    "postgresql://db/aidial?user=foo@server&password=p%26q&options=-c%20search_path%3Dx",
)
REFUSED = (
    *(f"postgresql://u:s3cret{one}other+half@127.0.0.1/aidial" for one in "/?#@[]% \t"),
    "postgresql://u:1234/s3cret@127.0.0.1/aidial",
    "postgresql://u:[1]s3cret@127.0.0.1/aidial",
    "postgresql://u:s3cret%00@127.0.0.1/aidial",
    "postgresql//u:s3cret@127.0.0.1/aidial",
    "postgresql:u:s3cret@127.0.0.1/aidial",
    "u:s3cret@127.0.0.1/aidial",
    "mysql://u:s3cret@db/aidial",
    "postgresql+psycopg://u:s3cret@db/aidial",
    *(
        f"postgresql://u:s3cret@{one}/aidial"
        for one in ("h:port", "h:0", "h:70000", "h:5_4", "h1,,h2", "h..x")
    ),
    *(f"postgresql://u:s3cret@{one}/aidial" for one in ("::1", "[::1", "[::1]x", "a[::1]")),
    *(f"postgresql://u:s3cret@h/aidial?{one}" for one in ("sslmode", "sslmode=foo", "port=x", "host=h:x")),
    "postgresql://u:s3cret@h/aidial?target_session_attrs=x",
)


@pytest.mark.parametrize("url", TAKEN)
def test_every_form_a_driver_takes_is_kept_as_it_is(url: str) -> None:
    assert database_url(f" {url}\n") == url


@pytest.mark.parametrize("url", REFUSED)
def test_what_a_driver_would_stumble_over_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"must (be a postgresql URL|have one of these)") as refused:
        database_url(url)
    said = f"{refused.value}"
    assert not any(part in said for part in ("s3cret", "half", "127", "foo"))


def test_a_scheme_is_lower_case_to_every_driver() -> None:
    assert database_url("PostgreSQL://u:p@db/aidial") == "postgresql://u:p@db/aidial"
