"""All of Painless in one container whose memory has no room for a reload."""

from pathlib import Path

import pytest
from incidents.container import Container, missing
from incidents.painless import Serving
from tests.front.clients import Target, until_seen

from painless.demo.ports import free_ports

POD = "127.0.0.2"
LITTLE = 6  # MiB that are left: enough for Python to compile, and too little for a second NGINX.
PLENTY = 200
NOT_FOUND = 404
WITHIN = 60.0  # Seconds for what takes ten, on a busy machine.


async def test_changes_wait_for_room_and_nobody_is_killed(state_dir: Path):
    """A change that memory has no room for is not tried, is told, and is served once there is room."""
    if why := missing():
        pytest.skip(why)
    [port] = free_ports(1, POD)
    with Container("no-room", memory=PLENTY) as container:
        painless = Serving(state_dir, {"shop": [POD]}, port, within=container.within)
        async with painless:
            container.limit_memory(container.memory + LITTLE)
            painless.folder.ingress("late", "late.example", "shop")
            event = await painless.event("reload_without_room", 1, WITHIN)
            assert "MiB higher" in str(event["problem"])
            assert [{"state": "no-room"}] == await painless.labels("painless_governor_state")
            container.limit_memory(PLENTY)
            # Nobody listens on the pod's port: 502 says that the host is known.
            late = Target(painless.port, "late.example")
            await until_seen(late, lambda answer: answer.status != NOT_FOUND, WITHIN)
            assert [{"state": "idle"}] == await painless.labels("painless_governor_state")
            assert container.killed == 0
