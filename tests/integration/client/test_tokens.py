"""Who a Python device is: tokens that are taken, refused, renewed, or over their time."""

import asyncio
from collections.abc import Callable

import pytest

from midcall.client import Device, VoiceError
from tests.integration.client.conftest import NewDevice
from tests.integration.gateway.inside import Inside
from tests.support.softphone import PATIENCE_SECONDS

Name = Callable[[str], str]


@pytest.mark.parametrize(
    ("token", "code"),
    [("no token", 20101), ("", 31102), ("forged", 31202), ("expired", 20104)],
)
async def test_a_token_that_is_refused_is_raised_by_its_code(
    device: NewDevice, name: Name, site: Inside, token: str, code: int
) -> None:
    """Whoever registers or calls is told at once, and again as ``error``."""
    ours = site.credentials
    made = {
        "forged": ours.token(name("alice"), secret="0" * 32),
        "expired": ours.token(name("alice"), seconds=-1),
    }
    alice = Device(made.get(token, token), url=site.url)
    told: list[int] = []
    alice.on("error", lambda error, _call: told.append(error.code))
    async with alice:
        with pytest.raises(VoiceError) as refused:
            await alice.register()
        assert refused.value.code == code
        with pytest.raises(VoiceError) as refused:
            await alice.connect()
        assert refused.value.code == code
        assert alice.state == "unregistered"
    assert code in told


async def test_a_token_that_allows_no_calls_cannot_register(
    device: NewDevice, name: Name, site: Inside
) -> None:
    """The grant is missed by its code, and calling is still possible."""
    token = site.credentials.token(name("alice"), site.application_sid, incoming=False)
    alice = device(name("alice"), token=token)
    with pytest.raises(VoiceError) as refused:
        await alice.register()
    assert refused.value.code == 20151
    call = await alice.connect({"To": name("bob")})
    await call.wait_for("ringing", PATIENCE_SECONDS)


async def test_a_device_can_be_called_only_while_it_is_registered(
    device: NewDevice, name: Name
) -> None:
    """Registering and unregistering are told, and doing either twice does no harm."""
    alice, bob = device(name("alice")), device(name("bob"))
    seen: list[str] = []
    for event in ("registering", "registered", "unregistered"):
        bob.on(event, lambda event=event: seen.append(event))
    await bob.register()
    await bob.register()
    await bob.unregister()
    assert seen == ["registering", "registered", "unregistered"]
    call = await alice.connect({"To": name("bob")})
    await call.wait_for("disconnect", PATIENCE_SECONDS)
    assert not bob.calls
    await bob.register()
    assert bob.state == "registered"


async def test_an_app_is_told_in_time_to_renew_its_token(
    device: NewDevice, name: Name, site: Inside
) -> None:
    """A token with less than ten seconds left is told of at once; another one takes its place."""
    alice = device(name("alice"), token=site.credentials.token(name("alice"), seconds=9))
    told = asyncio.ensure_future(alice.wait_for("token_will_expire", PATIENCE_SECONDS))
    await alice.register()
    assert await told is alice
    fresh = site.credentials.token(name("alice"))
    await alice.update_token(fresh)
    assert alice.token == fresh
    assert alice.state == "registered"


async def test_a_token_that_cannot_replace_the_one_before_is_raised(
    device: NewDevice, name: Name, site: Inside
) -> None:
    """Somebody else's token is refused, and the device stays who it is."""
    alice = device(name("alice"))
    await alice.register()
    before = alice.token
    with pytest.raises(VoiceError) as refused:
        await alice.update_token(site.credentials.token(name("mallory")))
    assert refused.value.code == 20151
    assert alice.token == before
    call = await alice.connect({"To": name("bob")})
    await call.wait_for("ringing", PATIENCE_SECONDS)


async def test_a_server_that_is_not_there_is_raised(name: Name, site: Inside) -> None:
    """A page that is no signalling is told at once, with what the server said."""
    async with Device("token", url=f"{site.url}/nothing-here") as alice:
        with pytest.raises(VoiceError) as refused:
            await alice.register()
    assert (refused.value.code, refused.value.name) == (31005, "ConnectionError")
