"""The posts that the SDK sends beside its signalling, each with the Access Token in a header."""

import aiohttp
import pytest

from midcall.gateway.server import INSIGHTS_BYTES
from tests.support.site import Site

PATH = "/insights?.twilio.com/v4/EndpointEvents"
"""What becomes of the SDK's path with our ``home`` in it."""


async def test_the_browser_may_post(site: Site) -> None:
    """The preflight allows the SDK's headers from any origin, also towards a private network."""
    headers = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-twilio-token",
        "Access-Control-Request-Private-Network": "true",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.options(site.url + PATH, headers=headers) as response,
    ):
        assert response.status == 204
        allowed = response.headers["Access-Control-Allow-Headers"]
        assert {"content-type", "x-twilio-token"} <= set(allowed.split(", "))
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Allow-Private-Network"] == "true"


async def test_a_post_is_taken(site: Site) -> None:
    """The SDK's report is answered with 200, which its browser may see."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            site.url + PATH,
            json={"group": "call-message"},
            headers={"X-Twilio-Token": "confidential"},
        ) as response,
    ):
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "confidential" not in site.output


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_post_has_a_limit(site: Site, chunked: bool) -> None:
    """More than a report can have is refused, whether or not its length is told beforehand."""
    body = b"x" * (INSIGHTS_BYTES + 1)

    async def chunks() -> object:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async with (
        aiohttp.ClientSession() as session,
        session.post(site.url + PATH, data=chunks() if chunked else body) as response,
    ):
        assert response.status == 413


async def test_there_is_nothing_to_read(site: Site) -> None:
    """Reports are taken here, and read at the call that they are of."""
    async with aiohttp.ClientSession() as session, session.get(site.url + PATH) as response:
        assert response.status == 405


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_running_server_says_that_it_is_well(site: Site, path: str) -> None:
    """Both probes are content with a server that takes work."""
    async with aiohttp.ClientSession() as session, session.get(site.url + path) as response:
        assert response.status == 200
