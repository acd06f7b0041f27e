"""What the Dockerfile, compose.yaml, the unit and the proxies' files say is true here."""

import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
import yaml
from starlette.applications import Starlette

from midcall.app.health import Health
from midcall.app.schema import PREFIX, Settings
from midcall.app.settings import SettingsError, load
from tests.acceptance.support.processes import REPOSITORY
from tests.docs.served import serving
from tests.docs.stage import without_proxies
from tests.support.site import MIDCALL

DEPLOY = REPOSITORY / "deploy"
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "midcall.service").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))
EXAMPLE = (DEPLOY / "midcall.env.example").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    """Return the arguments of every such instruction of the Dockerfile."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [
        line.removeprefix(name).strip() for line in joined.splitlines() if line.startswith(name)
    ]


def copied() -> Iterator[str]:
    """Yield every path that the Dockerfile copies from the repository."""
    for arguments in instructions("COPY"):
        words = shlex.split(arguments)
        if not words[0].startswith("--from"):
            yield from words[:-1]


def settings_of(text: str) -> dict[str, str]:
    """Read the lines of an environment file."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


# --- the image


def test_every_path_that_the_image_copies_is_here() -> None:
    """The Dockerfile copies nothing that is missing, and .dockerignore lets it all through."""
    paths = list(copied())
    let_through = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "src/" in paths
    for path in paths:
        assert (REPOSITORY / path).exists(), path
        parts = path.rstrip("/").split("/")
        above = {"!" + "/".join(parts[: n + 1]) for n in range(len(parts))}
        assert above & set(let_through), path


def test_the_image_has_locked_packages_only() -> None:
    """Every installation from an index checks hashes; the project itself brings no packages in."""
    runs = " ".join(instructions("RUN"))
    installs = re.findall(r"pip install ([^&]*)", runs)
    assert len(installs) == 3
    for arguments in installs:
        assert "--require-hashes" in arguments or "--no-deps --no-index" in arguments
    assert "npm ci" in runs


def test_the_image_starts_the_server_without_privileges() -> None:
    """The program is `midcall serve`, the user is not root, and the volume is the store's."""
    assert instructions("ENTRYPOINT") == ['["midcall"]']
    assert instructions("CMD") == ['["serve"]']
    assert instructions("USER") == ["10001"]
    (volume,) = instructions("VOLUME")
    (environment,) = instructions("ENV")
    given = dict(word.split("=", 1) for word in shlex.split(environment))
    assert given["MIDCALL_STORE"].startswith(f"sqlite:///{volume}/")
    assert given["MIDCALL_VOICE_SDK"] in DOCKERFILE.partition("COPY --from=sdk")[2]


def test_the_last_stage_has_no_tools_for_building() -> None:
    """What the image is built with stays behind: pip's builder, npm, the sources."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "/builder" not in last
    assert "npm" not in last
    assert "COPY src/" not in last


def test_settings_named_in_packaging_exist() -> None:
    """No file names a setting that there is not."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    files = [DOCKERFILE, UNIT, EXAMPLE, (REPOSITORY / "compose.yaml").read_text()]
    for text in files:
        assert set(re.findall(r"MIDCALL_[A-Z_]+", text)) <= known


# --- health


def is_healthy(url: str, host: str | None = None) -> bool:
    """Ask as the image's HEALTHCHECK does."""
    at = urlsplit(url)
    settings = {
        "MIDCALL_HOST": host or str(at.hostname),
        "MIDCALL_PORT": str(at.port),
        "MIDCALL_TLS": "off" if at.scheme == "http" else "files",
    }
    done = subprocess.run(
        [sys.executable, DEPLOY / "ready.py"],
        env={**without_proxies(os.environ), **settings},
        check=False,
    )
    return done.returncode == 0


@pytest.mark.parametrize("tls", [False, True])
def test_a_server_is_healthy_while_it_takes_work(tls: bool) -> None:
    """The check fails until the server is ready, and when nobody listens any more."""
    health = Health()
    certificate = trustme.CA().issue_cert("voice.example.com") if tls else None
    with serving(Starlette(routes=health.routes()), certificate) as url:
        assert not is_healthy(url)
        health.ready = True
        assert is_healthy(url)
        assert is_healthy(url, host="0.0.0.0")
    assert not is_healthy(url)


# --- compose


def test_compose_runs_the_image_with_what_the_example_needs() -> None:
    """The two services are on the machine's network, and midcall listens where Caddy asks."""
    midcall, caddy = COMPOSE["services"]["midcall"], COMPOSE["services"]["caddy"]
    assert midcall["network_mode"] == caddy["network_mode"] == "host"
    listens = f"{midcall['environment']['MIDCALL_HOST']}:{midcall['environment']['MIDCALL_PORT']}"
    assert f"reverse_proxy {listens}" in (DEPLOY / "Caddyfile").read_text()
    assert midcall["environment"]["MIDCALL_TLS"] == "off"
    for volume in caddy["volumes"] + midcall["volumes"]:
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (REPOSITORY / source).exists(), source


def test_both_proxies_answer_for_the_insights_name_too() -> None:
    """The Voice SDK puts `eventgw.` in front of the host, so the proxies know that name."""
    assert "eventgw.{$VOICE_HOST" in (DEPLOY / "Caddyfile").read_text()
    assert (
        "server_name voice.example.com eventgw.voice.example.com;"
        in (DEPLOY / "nginx.conf").read_text()
    )


# --- settings


def filled_in(tmp_path: Path) -> dict[str, str]:
    """Return the example's settings with the four that are left open."""
    return {
        **settings_of(EXAMPLE),
        "MIDCALL_STORE": f"sqlite:///{tmp_path}/midcall.db",
        "MIDCALL_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "MIDCALL_AUTH_TOKEN": secrets.token_hex(24),
        "MIDCALL_API_KEY_SID": "SK" + secrets.token_hex(16),
        "MIDCALL_API_KEY_SECRET": secrets.token_hex(24),
    }


def test_the_example_of_settings_is_enough_for_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the account and the key filled in, `midcall serve` has nothing against it."""
    for name, text in filled_in(tmp_path).items():
        monkeypatch.setenv(name, text)
    assert load({}, profile="serve").public_url == "https://voice.example.com"


def test_the_example_of_settings_is_refused_while_it_is_not_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them it names the four that are missing."""
    for name, text in settings_of(EXAMPLE).items():
        monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError) as refused:
        load({"store": f"sqlite:///{tmp_path}/midcall.db"}, profile="serve")
    missing = sorted(problem.partition(":")[0] for problem in refused.value.problems)
    named = ("ACCOUNT_SID", "API_KEY_SECRET", "API_KEY_SID", "AUTH_TOKEN")
    assert missing == [f"MIDCALL_{name}" for name in named]


# --- the unit


def test_the_unit_runs_a_command_that_there_is() -> None:
    """The unit starts `midcall serve`, and does not try again what a setting prevents."""
    (start,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    program, command = start.split()
    assert Path(program).name == Path(MIDCALL).name
    assert command == "serve"
    assert f"RestartPreventExitStatus={SettingsError.exit_code}" in UNIT
    (directory,) = re.findall(r"^WorkingDirectory=(.*)$", UNIT, re.MULTILINE)
    assert settings_of(EXAMPLE)["MIDCALL_STORE"].startswith(f"sqlite:///{directory}/")
