"""The machine's clock is put back, or ahead, in the middle of a call: nobody has to wait for it."""

import ipaddress
from datetime import datetime, timedelta

import pytest

from midcall.app.hooks import Hooks
from midcall.app.time import utc_now
from midcall.model.messages import MessageState
from tests.integration.gateway.inside import Inside, running_inside
from tests.support.customer import Customer
from tests.support.softphone import Softphone

HOUR = timedelta(hours=1)


class Wall:
    """The time of day, and how far it is off."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def __call__(self) -> datetime:
        """Return the time of day as it is set."""
        return utc_now() + self.off


def _phone(site: Inside, identity: str) -> Softphone:
    """Give a device whose token is good whatever the clock says meanwhile."""
    token = site.credentials.token(identity, site.application_sid, seconds=4 * 3600)
    return Softphone(site.signalling, token)


@pytest.mark.parametrize(
    ("before", "after"),
    [(HOUR, timedelta(0)), (timedelta(0), HOUR)],
    ids=["put back", "put ahead"],
)
async def test_a_step_of_the_clock_holds_up_nobody(before: timedelta, after: timedelta) -> None:
    """Messages go both ways, more than a burst of them; what failed is tried again at once.

    Whoever comes with a token made by the right time is let in.
    """
    wall = Wall(before)
    loopback = (ipaddress.ip_network("127.0.0.0/8"),)
    async with (
        Customer() as customer,
        running_inside(
            hooks=Hooks(wall=wall),
            egress_allow=loopback,
            callback_retries=(0.05,) * 10,
            message_rate=1000,
            message_burst=1,
        ) as site,
        _phone(site, "alice") as alice,
        _phone(site, "bob") as bob,
    ):
        await bob.sign_in()
        await alice.sign_in()
        await alice.invite("To=bob")
        child = (await bob.find("invite"))["callsid"]
        await bob.accept(child)
        parent = (await alice.find("answer"))["callsid"]
        await site.subscribe(parent, customer.url("/messages"))
        first = await alice.message(parent, "before")
        await alice.find("ack")
        await customer.arrived("/messages")

        wall.off = after
        customer.statuses["/messages"] = 503
        second = await alice.message(parent, "after")
        await alice.find("ack")
        await customer.arrived("/messages", 3)
        del customer.statuses["/messages"]
        await site.reaches_state(parent, second, MessageState.DELIVERED)
        sids = [one.fields["Sid"] for one in customer.received["/messages"]]
        assert list(dict.fromkeys(sids)) == [first, second]
        sent = await site.send(child, '"down"')
        assert (await bob.find("message"))["voiceeventsid"] == sent
        await site.reaches_state(child, sent, MessageState.DELIVERED)
        async with site.phone("carol") as carol:
            if not wall.off:
                await carol.sign_in()
        await alice.hang_up(parent)
        await bob.find("hangup")
