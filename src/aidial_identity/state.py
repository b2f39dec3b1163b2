"""What must survive a restart: single sign-on sessions, grants, refresh tokens, spent one-time codes.

The one thing a newcomer would get wrong: tokens and cookies are stored as SHA-256 digests; a copy of this
file signs nobody in. Every token belongs to a grant, and revoking the grant ends all of them.
"""

import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aidial_identity.files import touch_private

SCHEMA = """
create table if not exists sessions (sid text primary key, cookie text not null unique, subject text not null,
    auth_time integer not null, amr text not null, expires_at integer not null);
create table if not exists grants (grant_id text primary key, client_id text not null, subject text not null,
    sid text, scope text not null, auth_time integer, amr text not null, expires_at integer not null,
    revoked integer not null default 0);
create index if not exists grants_of_session on grants (sid);
create table if not exists refresh_tokens (token text primary key, grant_id text not null
    references grants on delete cascade, expires_at integer not null, used integer not null default 0);
create index if not exists refresh_tokens_of_grant on refresh_tokens (grant_id);
create table if not exists revoked_tokens (jti text primary key, expires_at integer not null);
create table if not exists otp_steps (subject text primary key, step integer not null);
"""


@dataclass(frozen=True)
class Session:
    """A browser that has signed in here. `auth_time` in seconds since 1970, `amr` as in the ID token."""

    sid: str
    subject: str
    auth_time: int
    amr: tuple[str, ...]


@dataclass(frozen=True)
class Grant:
    """What one sign-in gave one client; all its tokens hang on it. `sid` is None for machines."""

    grant_id: str
    client_id: str
    subject: str
    sid: str | None
    scope: tuple[str, ...]
    auth_time: int | None
    amr: tuple[str, ...]
    expires_at: int


def digest(secret: str) -> str:
    """What is stored in place of a token or a cookie."""
    return sha256(secret.encode()).hexdigest()


class State:
    """The SQLite file. Each method is one short transaction; times are whole seconds since 1970."""

    def __init__(self, path: Path, now: int) -> None:
        touch_private(path)
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute("pragma synchronous = normal")
        self.connection.execute("pragma foreign_keys = on")
        self.connection.executescript(SCHEMA)
        self.forget_expired(now)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def forget_expired(self, now: int) -> None:
        """Drop what time has ended."""
        self.connection.execute("delete from sessions where expires_at <= ?", (now,))
        self.connection.execute("delete from grants where expires_at <= ?", (now,))
        self.connection.execute("delete from revoked_tokens where expires_at <= ?", (now,))

    def open_session(self, session: Session, cookie: str, expires_at: int) -> None:
        """Keep a sign-in; one with the same sid is replaced, and its old cookie stops working."""
        self.connection.execute(
            "insert or replace into sessions values (?, ?, ?, ?, ?, ?)",
            (
                session.sid,
                digest(cookie),
                session.subject,
                session.auth_time,
                " ".join(session.amr),
                expires_at,
            ),
        )

    def session_of(self, cookie: str, now: int) -> Session | None:
        """The sign-in behind a cookie, unless it has ended."""
        row = self.connection.execute(
            "select sid, subject, auth_time, amr from sessions where cookie = ? and expires_at > ?",
            (digest(cookie), now),
        ).fetchone()
        return Session(row[0], row[1], row[2], tuple(row[3].split())) if row else None

    def end_session(self, sid: str) -> list[str]:
        """End a sign-in and everything it gave. Answers the client ids that held something."""
        self.connection.execute("delete from sessions where sid = ?", (sid,))
        rows = self.connection.execute(
            "update grants set revoked = 1 where sid = ? and revoked = 0 returning client_id", (sid,)
        ).fetchall()
        return sorted({row[0] for row in rows})

    def open_grant(self, grant: Grant) -> None:
        """Keep a grant, so that its tokens count."""
        self.connection.execute(
            "insert into grants values (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                grant.grant_id,
                grant.client_id,
                grant.subject,
                grant.sid,
                " ".join(grant.scope),
                grant.auth_time,
                " ".join(grant.amr),
                grant.expires_at,
            ),
        )

    def live_grant(self, grant_id: str, now: int) -> Grant | None:
        """The grant, unless it was revoked or has ended."""
        row = self.connection.execute(
            "select grant_id, client_id, subject, sid, scope, auth_time, amr, expires_at from grants"
            " where grant_id = ? and revoked = 0 and expires_at > ?",
            (grant_id, now),
        ).fetchone()
        if row is None:
            return None
        return Grant(
            row[0], row[1], row[2], row[3], tuple(row[4].split()), row[5], tuple(row[6].split()), row[7]
        )

    def revoke_grant(self, grant_id: str) -> None:
        """End every token of a grant."""
        self.connection.execute("update grants set revoked = 1 where grant_id = ?", (grant_id,))

    def add_refresh_token(self, token: str, grant_id: str, expires_at: int) -> None:
        """Keep one refresh token of a grant."""
        self.connection.execute(
            "insert into refresh_tokens values (?, ?, ?, 0)", (digest(token), grant_id, expires_at)
        )

    def grant_of_refresh_token(self, token: str) -> str | None:
        """The grant id of a refresh token, used or not."""
        row = self.connection.execute(
            "select grant_id from refresh_tokens where token = ?", (digest(token),)
        ).fetchone()
        return str(row[0]) if row else None

    def spend_refresh_token(self, token: str, now: int) -> bool:
        """Use a refresh token up. False: it was used before, or is too old."""
        changed = self.connection.execute(
            "update refresh_tokens set used = 1 where token = ? and used = 0 and expires_at > ?",
            (digest(token), now),
        )
        return changed.rowcount == 1

    def revoke_token(self, jti: str, expires_at: int) -> None:
        """End one access token before its time."""
        self.connection.execute("insert or ignore into revoked_tokens values (?, ?)", (jti, expires_at))

    def is_revoked(self, jti: str) -> bool:
        """Whether an access token was ended before its time."""
        query = "select 1 from revoked_tokens where jti = ?"
        return self.connection.execute(query, (jti,)).fetchone() is not None

    def spend_otp_step(self, subject: str, step: int) -> bool:
        """Accept the code of a time step once. False: that step, or a later one, was accepted before."""
        changed = self.connection.execute(
            "insert into otp_steps values (?, ?) on conflict (subject)"
            " do update set step = excluded.step where excluded.step > step",
            (subject, step),
        )
        return changed.rowcount == 1
