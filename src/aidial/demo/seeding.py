"""The demo's calls: how many of each line, and their delivery while the tree is watched."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from aidial.console import progress_bar
from aidial.demo.memory import load_plan, save
from aidial.seed.tenants import CLIENTS, KEYS
from aidial.seeding import Batch, Seeding, deliver
from aidial.stops import CommandStopped, Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial.demo.folder import DemoFolder
    from aidial.demo.memory import Secrets, SeedPlan
    from aidial.processes import Supervisor

# Parts of a thousand, in the order of CLIENTS and of their lines; front desks are busier than nights.
SHARES = ((360, 140), (210, 70), (220,))
_STOP_LIMIT_S = 3.0


def batches(secrets: Secrets, count: int) -> list[Batch]:
    """`count` calls over every line of every client; the first line gets what rounding leaves."""
    keys = {key.client_id: secrets.api_key(key) for key in KEYS if key.scope == "manage"}
    made = [
        Batch(
            business=client.business,
            project_id=project_id,
            count=count * share // 1000,
            key=keys[client.client_id],
        )
        for client, shares in zip(CLIENTS, SHARES, strict=True)
        for project_id, share in zip(client.project_ids, shares, strict=True)
    ]
    left = count - sum(batch.count for batch in made)
    first = made[0]
    made[0] = Batch(
        business=first.business, project_id=first.project_id, count=first.count + left, key=first.key
    )
    return [batch for batch in made if batch.count]


def seed_once(
    folder: DemoFolder,
    secrets: Secrets,
    tree: Supervisor,
    *,
    api_url: str,
    count: int,
    say: Callable[[str], None],
) -> None:
    """Deliver the demo's calls unless an earlier start has; goes on where one was interrupted.

    `CommandStopped` when the API refuses a call or does not answer.
    """
    plan = load_plan(folder, count)
    if plan.count != count:
        say(f"This demo was made with {plan.count:,} calls and keeps them; --reset starts anew")
    if plan.done:
        return
    seeding = _delivered(batches(secrets, plan.count), plan, tree, api_url)
    if not seeding.complete:
        raise CommandStopped(
            f"the demo's calls could not be delivered: {seeding.problem}. "
            f"{seeding.answered:,} of {seeding.total:,} are in; the API's log is {folder.logs / 'api.log'}. "
            "Start again to go on.",
            Exit.UNAVAILABLE,
        )
    save(folder.plan, msgspec.structs.replace(plan, done=True))


def _delivered(work: list[Batch], plan: SeedPlan, tree: Supervisor, api_url: str) -> Seeding:
    """Deliver in a thread: signals and the children stay the main thread's business."""
    seeding = Seeding(sum(batch.count for batch in work))
    thread = threading.Thread(
        target=deliver,
        args=(work, api_url, seeding),
        kwargs={"until": plan.until, "days": plan.days, "seed": plan.seed},
        name="seeding",
        daemon=True,
    )
    with progress_bar("Delivering calls", seeding.total) as show:
        thread.start()
        try:
            while thread.is_alive():
                tree.check()
                show(seeding.answered)
                thread.join(0.2)
        finally:
            seeding.stop.set()
            thread.join(_STOP_LIMIT_S)
        show(seeding.answered)
    return seeding
