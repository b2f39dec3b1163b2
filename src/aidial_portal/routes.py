"""The portal's table: every row of every surface. The table is the router.

The one thing a newcomer would get wrong: a route that is not listed here does not exist; adding a surface is
adding its `rows()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_portal.surfaces.assets import rows as assets
from aidial_portal.surfaces.auth import rows as auth
from aidial_portal.surfaces.health import rows as health
from aidial_portal.surfaces.projects import rows as projects
from aidial_portal.surfaces.session import rows as session
from aidial_portal.surfaces.sessions import rows as sessions

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route


def all_rows() -> tuple[Route, ...]:
    """Every row, made anew for each application."""
    surfaces = (assets, auth, health, projects, session, sessions)
    return tuple(row for surface in surfaces for row in surface.rows())
