"""What the demo says when everything runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aidial.console import say
from aidial.seed.tenants import CLIENTS, PARTNER, PEOPLE

if TYPE_CHECKING:
    from aidial.demo.environment import Effective
    from aidial.demo.folder import DemoFolder
    from aidial.demo.memory import Secrets
    from aidial.seed.tenants import DemoPerson


def tell(folder: DemoFolder, known: Effective, secrets: Secrets, *, seconds: float) -> None:
    """Where to look, who may sign in, and last the line other tools wait for.

    Passwords are shown on a terminal only: elsewhere the output is likely kept in a file.
    """
    on_terminal = sys.stdout.isatty()
    say("")
    say(f"  Portal             {known.portal_url}")
    say(f"  API                {known.api_url}/v1  (description: {known.api_url}/v1/openapi.json)")
    say(f"  Identity provider  {known.issuer}")
    say(f"  Logs               {folder.logs}")
    say("")
    say("  Who may sign in")
    for person in PEOPLE:
        told = f"  {secrets.people[person.email].password}" if on_terminal else ""
        factor = "  + one-time code" if person.second_factor else ""
        say(f"    {person.email:<38}{person.role:<17}{_where(person):<21}{told}{factor}")
    say("")
    say(f"  Passwords, one-time secrets and API keys: {folder.manifest}")
    say("")
    say(f"AiDial is ready: {known.portal_url} (after {seconds:.0f} s; Ctrl-C stops it)")


def _where(person: DemoPerson) -> str:
    if person.partner_org_id:
        return PARTNER.name
    names = {client.client_id: client.business.name for client in CLIENTS}
    return names[person.client_ids[0]] if person.client_ids else "AiDial"
