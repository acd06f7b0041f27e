"""The one door through which settings come in.

Each field of `Settings` is an environment variable `MIDCALL_<FIELD>` and an option `--<field>` (see
`options`); options beat the environment. The names are a public interface.

Invariants:

- `load` alone reads the environment. `Settings(...)` reads nothing, so that a test or an embedding
  program gets exactly what it wrote.
- A problem names its setting and never repeats a secret. All problems are told at once.
- Profile `dev` has a default for everything, and is safe on one's own machine only. Profile `serve`
  has none for what decides who can reach the server, read what it keeps or speak in its name.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from midcall.app import refusals
from midcall.app.schema import PREFIX, Settings

__all__ = ["Profile", "Settings", "SettingsError", "load"]

Profile: TypeAlias = Literal["dev", "serve"]
Problem: TypeAlias = tuple[str, str]  # the field, and what is wrong with it

_SECRETS: Final = ("auth_token", "api_key_secret", "turn_secret", "master_key")
# Not repeated when they are wrong: a token pasted into the SID's place is still a token.
_NOT_REPEATED: Final = (*_SECRETS, "account_sid", "api_key_sid")
_USER_IN_URL: Final = re.compile(r"//[^/@]*@")

# Only what would be wrong for an embedding program; every other default stands with its field.
_DEV: Final[Mapping[str, object]] = {"egress_allow": "127.0.0.0/8,::1/128"}

_STATED_FOR_SERVE: Final = (
    "host",
    "port",
    "public_url",
    "tls",
    "store",
    "media",
    "account_sid",
    "auth_token",
    "api_key_sid",
    "api_key_secret",
)


class SettingsError(Exception):
    """The settings cannot be used.

    A command prints `problems`, one a line, and exits with `exit_code`.
    """

    exit_code: Final = 2

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def load(overrides: Mapping[str, object], *, profile: Profile) -> Settings:
    """Read the settings from `overrides` (field to value or text), then the environment.

    An override that is None was not given. Raises `SettingsError` with every problem there is.
    """
    stated = _environment() | {
        name: value for name, value in overrides.items() if value is not None
    }
    defaults = _DEV if profile == "dev" else {}
    settings, problems = _check_each({**defaults, **stated})
    wrong = {name for name, _ in problems}
    problems += [
        (name, sentence)
        for name, sentence in _check_together(settings, stated, profile)
        if name not in wrong
    ]
    if problems:
        raise SettingsError(tuple(f"{PREFIX}{name.upper()}: {why}" for name, why in problems))
    return settings


def _environment() -> dict[str, Any]:
    return EnvSettingsSource(Settings)()


def _check_each(stated: Mapping[str, Any]) -> tuple[Settings, list[Problem]]:
    """Return the settings without the wrong ones, and what is wrong with those."""
    try:
        return Settings(**stated), []
    except ValidationError as error:
        # An error elsewhere also keeps a default from being derived; that is nobody's mistake.
        details = [each for each in error.errors() if str(each["loc"][0]) in stated]
    wrong = {str(each["loc"][0]) for each in details}
    right = {name: value for name, value in stated.items() if name not in wrong}
    return Settings(**right), [_sentence(each) for each in details]


def _sentence(detail: ErrorDetails) -> Problem:
    name = str(detail["loc"][0])
    match detail["type"]:
        case "value_error":
            sentence = str(detail["ctx"]["error"])
        case "extra_forbidden":
            return name, "there is no such setting"
        case "literal_error":
            sentence = f"must be {detail['ctx']['expected'].replace(chr(39), '')}"
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            sentence = "must be a whole number"
        case "float_parsing" | "float_type":
            sentence = "must be a number"
        case "greater_than_equal":
            sentence = f"must be {detail['ctx']['ge']} or more"
        case "less_than_equal":
            sentence = f"must be {detail['ctx']['le']} or less"
        case _:
            sentence = f"cannot be used ({detail['msg']})"
    if name in _NOT_REPEATED:
        return name, sentence
    # A URL may carry a password, above all one for a store that we do not support.
    given = _USER_IN_URL.sub("//…@", str(detail["input"]))
    return name, f"{sentence}, not '{given}'"


def _check_together(
    settings: Settings, stated: Mapping[str, object], profile: Profile
) -> Iterator[Problem]:
    yield from _check_files(settings)
    yield from _check_turn(settings)
    yield from _check_proxy(settings)
    if profile == "dev":
        yield from _check_pair(settings, "account_sid", "auth_token")
        yield from _check_pair(settings, "api_key_sid", "api_key_secret")
    else:
        for name in _STATED_FOR_SERVE:
            if name not in stated:
                yield name, "is missing; `midcall serve` assumes nothing"
        for name, sentences in _dangers(settings):
            # What nobody stated is missing already; its default is not the operator's doing.
            if name in stated:
                yield from ((name, sentence) for sentence in sentences)


def _check_files(settings: Settings) -> Iterator[Problem]:
    if settings.tls == "files":
        given = {"tls_cert": settings.tls_cert, "tls_key": settings.tls_key}
        unusable = {name for name, path in given.items() if not _is_readable(path)}
        for name in sorted(unusable):
            yield name, "must name a file that can be read, because MIDCALL_TLS is files"
        if settings.tls_cert and settings.tls_key and not unusable:
            for sentence in refusals.refuse_pair(settings.tls_cert, settings.tls_key):
                yield "tls_cert", sentence
    else:
        for name in ("tls_cert", "tls_key"):
            if getattr(settings, name) is not None:
                yield name, "is used with MIDCALL_TLS=files only"
    if settings.voice_sdk is not None and not _is_readable(settings.voice_sdk):
        yield "voice_sdk", f"must name a file that can be read, not {str(settings.voice_sdk)!r}"


def _check_turn(settings: Settings) -> Iterator[Problem]:
    """Want the secret where there is a TURN server, and only there: STUN needs none."""
    relays = any(url.startswith("turn") for url in settings.turn_urls)
    if relays and settings.turn_secret is None:
        yield "turn_secret", "is missing, and nothing opens the servers in MIDCALL_TURN_URLS"
    if settings.turn_secret is not None and not relays:
        yield "turn_urls", "must name a turn: or turns: server, because MIDCALL_TURN_SECRET is set"


def _check_proxy(settings: Settings) -> Iterator[Problem]:
    if settings.proxy_port and settings.tls == "off":
        yield "proxy_port", "must be 0 with MIDCALL_TLS=off: who asks for Twilio's names speaks TLS"
    if settings.proxy_port == settings.port:
        yield "proxy_port", "must differ from MIDCALL_PORT"


def _is_readable(path: Path | None) -> bool:
    return path is not None and path.is_file() and os.access(path, os.R_OK)


def _check_pair(settings: Settings, sid: str, secret: str) -> Iterator[Problem]:
    for missing, given in ((sid, secret), (secret, sid)):
        if getattr(settings, missing) is None and getattr(settings, given) is not None:
            yield missing, f"is missing, and {PREFIX}{given.upper()} means nothing without it"


def _dangers(settings: Settings) -> Iterator[tuple[str, Iterator[str]]]:
    yield "tls", refusals.refuse_local_ca(settings.tls)
    yield "public_url", refusals.refuse_plain_url(settings.public_url)
    yield "store", refusals.refuse_store(settings.store, settings.store_path)
    yield "egress_allow", refusals.refuse_egress(settings.egress_allow)
    if settings.proxy_port and settings.proxy_others == "tunnel":
        yield "proxy_host", refusals.refuse_open_proxy(settings.proxy_host)
    if settings.tls == "off":
        yield "host", refusals.refuse_plain_listening(settings.host)
    seen: set[str] = set()
    for name in _SECRETS:
        secret: SecretStr | None = getattr(settings, name)
        if secret is not None:
            yield name, refusals.refuse_secret(secret.get_secret_value(), others=frozenset(seen))
            seen.add(secret.get_secret_value())
