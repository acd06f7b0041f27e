"""The server as people start it: what it prints works, and TLS from files works."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import trustme

from tests.support.site import Site
from tests.support.softphone import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(300)  # Starting a server is slow on a machine that is busy.

CURL = shutil.which("curl")


@pytest.fixture
def stopping() -> Iterator[Callable[[Site], Site]]:
    """Give a way to have a server ended with the test, and ended well."""
    sites: list[Site] = []

    def keep(site: Site) -> Site:
        sites.append(site)
        return site

    yield keep
    for site in sites:
        if site.running:
            assert site.stop() == 0


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Give a place for what ends with the test."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.mark.skipif(CURL is None, reason="there is no curl")
async def test_what_the_welcome_says_can_be_pasted(
    tmp_path: Path, stopping: Callable[[Site], Site], stack: AsyncExitStack
) -> None:
    """The two lines for the shell send a message to the newest active call, over TLS.

    The link to the console logs in, once. The directory has a space in its name, as people's
    directories have.
    """
    directory = tmp_path / "my calls"
    directory.mkdir()
    ca = directory / "midcall-tls" / "ca.pem"
    site = stopping(Site(directory, ca=ca, tls="auto"))
    await asyncio.to_thread(site.start)
    (application,) = (await site.rest("GET", "Applications"))["applications"]
    alice = site.phone("alice", application["sid"])
    bob = site.phone("bob")
    for phone in (alice, bob):
        stack.push_async_callback(phone.leave)
        await phone.sign_in()
    await alice.invite("To=bob&topic=tea")
    invite = await bob.expect("invite")
    assert invite["parameters"]["Params"] == "To=bob&topic=tea"
    await bob.accept(invite["callsid"])
    await site.reaches(invite["callsid"], "in-progress")

    pasted = site.output.partition("newest active call:")[2].partition("The official")[0]
    shell = await asyncio.create_subprocess_exec(
        "bash", "-euc", pasted, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(shell.communicate(), PATIENCE_SECONDS)
    assert shell.returncode == 0, err
    assert json.loads(out)["call_sid"] == invite["callsid"]
    assert (await bob.expect("message"))["content"] == {"hello": "from the server"}

    key = {"key": site.output.partition("/console#key=")[2].split()[0]}
    async with aiohttp.ClientSession(site.url) as browser:
        for status in (201, 401):
            async with browser.post("/console/session", json=key, ssl=site.tls or True) as answer:
                assert answer.status == status


async def test_a_server_with_everything_stated_serves_over_its_own_certificate(
    tmp_path: Path, stopping: Callable[[Site], Site], stack: AsyncExitStack
) -> None:
    """``midcall serve`` takes the operator's certificate, and says no more than where it is."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(tmp_path / "chain.pem", append=True)
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    site = Site(
        tmp_path,
        ca=tmp_path / "ca.pem",
        tls="files",
        tls_cert=str(tmp_path / "chain.pem"),
        tls_key=str(tmp_path / "key.pem"),
    )
    site.environment["MIDCALL_PUBLIC_URL"] = site.url
    await asyncio.to_thread(stopping(site).start, "serve")
    phone = site.phone("alice")
    stack.push_async_callback(phone.leave)
    await phone.sign_in()
    assert site.output == f"midcall is ready at {site.url}\n"
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{site.url}/phone/token?identity=alice", ssl=site.tls or True) as response,
    ):
        assert response.status in {403, 404}
