"""Where the forward proxy listens, and whom it may tunnel."""

from typing import Any

import pytest

from midcall.app.refusals import refuse_open_proxy
from midcall.app.settings import Settings, SettingsError, load


@pytest.mark.parametrize(
    ("stated", "port"),
    [
        ({}, 8444),
        ({"port": 9443}, 9444),
        ({"port": 9443, "proxy_port": 1}, 1),
        ({"proxy_port": 0}, 0),
        ({"tls": "off"}, 0),
        ({"tls": "files"}, 0),
        ({"port": 65535}, 0),
    ],
)
def test_the_proxy_is_beside_a_server_with_a_local_ca(stated: dict[str, Any], port: int) -> None:
    """Where the certificate is not midcall's own, nothing is led to it unasked."""
    assert Settings(**stated).proxy_port == port


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"tls": "off", "proxy_port": 8444}, "must be 0 with MIDCALL_TLS=off"),
        ({"port": 9443, "proxy_port": 9443}, "must differ from MIDCALL_PORT"),
    ],
)
def test_a_proxy_that_cannot_work_is_refused(stated: dict[str, Any], sentence: str) -> None:
    """A proxy needs a TLS listener behind it, and a port of its own."""
    with pytest.raises(SettingsError) as refused:
        load(stated, profile="dev")
    (problem,) = refused.value.problems
    assert problem.startswith(f"MIDCALL_PROXY_PORT: {sentence}")


def test_an_open_proxy_is_refused() -> None:
    """`serve` tunnels to every host for this machine only."""
    open_to_all = {"proxy_host": "0.0.0.0", "proxy_port": 8444, "proxy_others": "tunnel"}
    with pytest.raises(SettingsError) as refused:
        load(open_to_all, profile="serve")
    wanted = "MIDCALL_PROXY_HOST: must be a loopback address with MIDCALL_PROXY_OTHERS=tunnel"
    assert any(problem.startswith(wanted) for problem in refused.value.problems)
    with pytest.raises(SettingsError) as refused:
        load({**open_to_all, "proxy_others": "refuse"}, profile="serve")
    assert not any("PROXY" in problem for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("host", "refused"),
    [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("::", True), ("192.0.2.1", True)],
)
def test_only_loopback_is_this_machine_only(host: str, refused: bool) -> None:
    """The wildcard address is everybody's."""
    assert bool(list(refuse_open_proxy(host))) == refused
