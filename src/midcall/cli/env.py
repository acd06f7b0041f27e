"""``midcall env``: the environment in which programs that were not changed find midcall.

They ask for Twilio's names through a proxy, as they would in a company's network; the proxy is
midcall's own and leads to midcall, whose certificate is good for those names. So a program needs to
know the proxy, the CA and the account, and nothing else.
"""

import asyncio
import contextlib
import json
import shlex
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from midcall.app import parsing
from midcall.app.settings import Settings
from midcall.cli.asking import credentials
from midcall.cli.program import NOTHING_STATED, Stated, app
from midcall.cli.refusing import Refused, carry_out, complain

Shell: TypeAlias = Literal["sh", "fish", "powershell", "json"]

LOOK_SECONDS: Final = 2.0
"""How long it may take to see whether the proxy is there."""

# Where systems keep their CAs in one file: Debian, Fedora, openSUSE, Alpine and macOS.
_SYSTEM_CAS: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Variables for one purpose, which a comment says; ``None`` is a variable to be taken away."""

    comment: str
    variables: Mapping[str, str | None]


@app.command
def env(*, shell: Shell = "sh", options: Stated = NOTHING_STATED) -> int:
    """Print what leads unmodified programs to this server: eval "$(midcall env)".

    Parameters
    ----------
    shell
        For which shell; json for programs.
    options
        The settings of the server.
    """
    return carry_out(options, lambda settings: _print_env(settings, shell))


async def _print_env(settings: Settings, shell: Shell) -> None:
    if settings.tls == "off" or not settings.proxy_port:
        raise Refused("there is no forward proxy with MIDCALL_TLS=off or MIDCALL_PROXY_PORT=0")
    ca = _find_ca(settings) if settings.tls == "auto" else None
    account, token = await credentials(settings)
    bundle = write_bundle(ca, read_system_cas()) if ca is not None else None
    parts = list(compose(settings, account, token, ca, bundle))
    await _look(settings)
    print(write_for(shell)(parts))


def compose(
    settings: Settings, account: str, token: str, ca: Path | None, bundle: Path | None
) -> Iterator[Part]:
    """Compose the environment. Without a CA of its own the server has a public one's certificate.

    ``bundle`` is a file with the system's CAs and ``ca``: most programs trust what one file says
    and nothing else.
    """
    proxy = parsing.compose_origin("http", _proxy_host(settings), settings.proxy_port)
    near = ",".join(dict.fromkeys(["localhost", "127.0.0.1", "::1", settings.public_host]))
    yield Part(
        "Programs ask this proxy for api.twilio.com, and it leads them to midcall.",
        {"HTTPS_PROXY": proxy, "https_proxy": proxy},
    )
    yield Part(
        "The Node library and the Twilio CLI look for the proxy here only.",
        {"HTTP_PROXY": proxy},
    )
    yield Part(
        "What is near needs no proxy.",
        {"NO_PROXY": near, "no_proxy": near},
    )
    if ca is not None:
        yield Part("Node trusts this CA beside those it knows.", {"NODE_EXTRA_CA_CERTS": str(ca)})
    if bundle is not None:
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TWILIO_CA_BUNDLE")
        yield Part(
            "Others trust one file and nothing else: it has the system's CAs and midcall's.",
            dict.fromkeys(names, str(bundle)),
        )
    yield Part("midcall's account.", {"TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": token})
    yield Part(
        "These would be taken before the account, or lead to other hosts.",
        dict.fromkeys(("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_REGION", "TWILIO_EDGE")),
    )


def _find_ca(settings: Settings) -> Path:
    ca = (settings.tls_directory / "ca.pem").resolve()
    if not ca.is_file():
        raise Refused(
            f"there is no {ca}: start `midcall dev` first, or name its store with --store"
        )
    return ca


def _proxy_host(settings: Settings) -> str:
    """Return where a program connects to; the wildcard address is this machine too."""
    address = parsing.find_address(settings.proxy_host)
    if address is not None and address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return settings.proxy_host


async def _look(settings: Settings) -> None:
    """Say so if nobody listens yet: what is printed is right all the same."""
    host, port = _proxy_host(settings), settings.proxy_port
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        complain(f"nothing listens on {host} port {port} yet: start `midcall dev`")
    else:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


# --- The bundle ----------------------------------------------------------------------------------


def read_system_cas() -> str:
    """Read the CAs that this system trusts, as PEM; empty if they are nowhere to be found."""
    standard = ssl.get_default_verify_paths().openssl_cafile
    for place in (standard, *_SYSTEM_CAS):
        with contextlib.suppress(OSError):
            return Path(place).read_text(encoding="utf-8", errors="replace")
    return ""


def write_bundle(ca: Path, system: str) -> Path:
    """Write ``bundle.pem`` beside a CA: that CA, and the system's. Replaced whole, if at all."""
    bundle = ca.with_name("bundle.pem")
    content = ca.read_text(encoding="utf-8") + "\n" + system
    if bundle.is_file() and bundle.read_text(encoding="utf-8") == content:
        return bundle
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=ca.parent, prefix=".bundle.", delete=False
    ) as stream:
        stream.write(content)
    written = Path(stream.name)
    written.chmod(0o644)
    written.replace(bundle)
    return bundle


# --- Shells --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Syntax:
    """How a shell is told, and what to type there."""

    usage: str
    put: Callable[[str, str], str]
    take_away: Callable[[str], str]


def _quote_for_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quote_for_powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_SH: Final = _Syntax(
    'eval "$(midcall env)"',
    lambda name, value: f"export {name}={shlex.quote(value)}",
    lambda name: f"unset {name}",
)
_FISH: Final = _Syntax(
    "midcall env --shell fish | source",
    lambda name, value: f"set -gx {name} {_quote_for_fish(value)}",
    lambda name: f"set -e {name}",
)
_POWERSHELL: Final = _Syntax(
    "midcall env --shell powershell | Out-String | Invoke-Expression",
    lambda name, value: f"$Env:{name} = {_quote_for_powershell(value)}",
    lambda name: f"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
)


_SYNTAX: Final[Mapping[str, _Syntax]] = {"sh": _SH, "fish": _FISH, "powershell": _POWERSHELL}


def write_for(shell: Shell) -> Callable[[list[Part]], str]:
    """Return what writes an environment for a shell."""
    if shell == "json":
        return _write_json
    syntax = _SYNTAX[shell]
    return lambda parts: "\n".join(_lines(syntax, parts))


def _lines(syntax: _Syntax, parts: list[Part]) -> Iterator[str]:
    yield f"# {syntax.usage}"
    for part in parts:
        yield f"# {part.comment}"
        for name, value in part.variables.items():
            yield syntax.take_away(name) if value is None else syntax.put(name, value)


def _write_json(parts: list[Part]) -> str:
    every = {name: value for part in parts for name, value in part.variables.items()}
    return json.dumps(every, indent=2)
