"""Everything that can be set: names, defaults, checks of each value alone, and what follows.

A field is an environment variable and an option of the same name (see `settings`, `options`). Its
description is the option's help.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from midcall.app import parsing
from midcall.app.parsing import Network
from midcall.core.limits import FRAME_BYTES, KEPT_UPLINKS, WAITING_DOWNLINKS

PREFIX: Final = "MIDCALL_"
_SDK: Final = Path("node_modules/@twilio/voice-sdk/dist/twilio.min.js")


def _text(parse: Callable[[str], Any]) -> BeforeValidator:
    """Parse what is text, and leave what already is a value."""
    return BeforeValidator(lambda given: parse(given) if isinstance(given, str) else given)


def _word(text: str) -> str:
    return text.strip().lower()


def _secret(given: SecretStr) -> SecretStr:
    parsing.parse_secret(given.get_secret_value())
    return given


def _turn_secret(given: SecretStr) -> SecretStr:
    parsing.parse_turn_secret(given.get_secret_value())
    return given


def _default_public_url(fields: dict[str, Any]) -> str:
    # A page is a secure context, and may use the microphone, on localhost; loopback addresses and
    # the wildcard have no better name.
    address = parsing.find_address(fields["host"])
    nameless = address is not None and (address.is_loopback or address.is_unspecified)
    scheme = "http" if fields["tls"] == "off" else "https"
    return parsing.compose_origin(
        scheme, "localhost" if nameless else fields["host"], fields["port"]
    )


def _default_proxy_port(fields: dict[str, Any]) -> int:
    # What programs are led to must have a certificate for Twilio's names: that of the local CA.
    local, port = fields.get("tls") == "auto", fields.get("port", 65535)
    return port + 1 if local and port < 65535 else 0


def find_voice_sdk() -> Path | None:
    """Find the SDK's script where npm puts it: at or above this directory, or in the checkout."""
    here = Path.cwd()
    places = (here, *here.parents, *Path(__file__).resolve().parents)
    return next((place / _SDK for place in places if (place / _SDK).is_file()), None)


class Settings(BaseSettings):
    """Checked settings. Reads nothing by itself; `settings.load` does."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
    )

    host: Annotated[str, AfterValidator(parsing.parse_host)] = Field(
        "localhost",
        description="Name or address to listen on; a name means each address that it has.",
    )
    port: int = Field(8443, ge=1, le=65535, description="TCP port for everything.")
    tls: Annotated[Literal["auto", "off", "files"], _text(_word)] = Field(
        "auto",
        description="auto: certificates of a local CA, made when missing; files: those in TLS_CERT"
        " and TLS_KEY; off: plain HTTP for a TLS-terminating proxy in front.",
    )
    tls_cert: Path | None = Field(None, description="PEM file: the certificate and its chain.")
    tls_key: Path | None = Field(None, description="PEM file: the certificate's private key.")
    public_url: Annotated[str, AfterValidator(parsing.parse_public_url)] = Field(
        default_factory=_default_public_url,
        description="Origin at which clients reach this server.",
    )
    store: Annotated[str, AfterValidator(parsing.parse_store)] = Field(
        "sqlite:///midcall.db", description="sqlite:///path; everything accepted is kept there."
    )
    bus: Annotated[str, AfterValidator(parsing.parse_bus)] = Field(
        "memory:", description="memory: (a single node)."
    )
    media: Annotated[Literal["aiortc", "none"], _text(_word)] = Field(
        "aiortc", description="aiortc: audio in this process; none: signalling and messages only."
    )
    account_sid: Annotated[str, AfterValidator(parsing.parse_account_sid)] | None = Field(
        None, description="The account to have from the start."
    )
    auth_token: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(
        None, description="Its auth token: 32 or more letters and digits."
    )
    api_key_sid: Annotated[str, AfterValidator(parsing.parse_key_sid)] | None = Field(
        None, description="An API key of that account."
    )
    api_key_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(
        None, description="Its secret, which signs Access Tokens: 32 or more letters and digits."
    )
    egress_allow: Annotated[tuple[Network, ...], NoDecode, _text(parsing.parse_networks)] = Field(
        (), description="CIDRs that callbacks may reach beside public addresses, or none."
    )
    turn_urls: Annotated[tuple[str, ...], NoDecode, _text(parsing.parse_turn_urls)] = Field(
        (),
        description="STUN and TURN servers that the Tokens resource hands out, with commas between"
        " them, or none.",
    )
    turn_secret: Annotated[SecretStr, AfterValidator(_turn_secret)] | None = Field(
        None,
        description="The secret shared with the TURN servers (coturn: static-auth-secret), which"
        " makes their credentials.",
    )
    sequence_start: int = Field(0, ge=0, le=1, description="First SequenceNumber of a call leg.")
    callback_format: Annotated[Literal["json", "form"], _text(_word)] = Field(
        "json", description="Body of a message callback."
    )
    voice_sdk: Path | None = Field(
        default_factory=find_voice_sdk, description="The Voice SDK's twilio.min.js for /phone."
    )
    # Below 30 s the SDK, which tries that long to come back, would find its call gone.
    reconnect_seconds: int = Field(
        30, ge=30, description="How long a call waits for a device whose socket was lost."
    )
    message_rate: int = Field(50, ge=1, description="SDK messages a second, for each leg.")
    message_burst: int = Field(100, ge=1, description="SDK messages at once, for each leg.")
    held_messages: int = Field(
        WAITING_DOWNLINKS, ge=1, description="Messages that may wait for the device of one leg."
    )
    held_seconds: int = Field(
        0, ge=0, description="How long each may wait; 0: until the call ends."
    )
    incoming_hold_seconds: float = Field(
        2.5,
        ge=0,
        le=60,
        description="How long messages wait for the app to answer an incoming call: the Voice SDK"
        " rings for up to 2 s before the app hears of it.",
    )
    kept_uplinks: int = Field(
        KEPT_UPLINKS, ge=1, description="SDK messages of one leg that are kept for a subscription."
    )
    callback_retries: Annotated[tuple[float, ...], NoDecode, _text(parsing.parse_delays)] = Field(
        (1, 2, 5, 15, 30, 60, 300, 600, 900, 1200),
        description="Seconds until a message callback that failed is tried again, the first time,"
        " the second, and so on.",
    )
    status_retries: Annotated[tuple[float, ...], NoDecode, _text(parsing.parse_delays)] = Field(
        (1, 5, 15, 60, 300), description="The same for status callbacks and receipts."
    )
    retry_jitter: float = Field(
        0.2,
        ge=0,
        le=1,
        description="By how much of itself each of these may be shorter, by chance.",
    )
    callback_horizon_seconds: int = Field(
        3600, ge=1, description="The age past which a message callback is given up."
    )
    twiml_seconds: int = Field(
        15, ge=1, le=60, description="How long an application may take to answer with TwiML."
    )
    account_rate: int = Field(500, ge=1, description="REST requests a second, for each account.")
    account_burst: int = Field(1000, ge=1, description="REST requests at once, for each account.")
    account_streams: int = Field(100, ge=1, description="Event streams of one account at a time.")
    frame_rate: int = Field(
        200, ge=1, description="Frames a second that are read from one signalling socket."
    )
    frame_burst: int = Field(1000, ge=1, description="Frames at once from one signalling socket.")
    sockets_per_identity: int = Field(
        50, ge=1, description="Signalling sockets of one identity at a time."
    )
    form_bytes: int = Field(
        128 * 1024, ge=1024, description="The largest body of a REST request, in bytes."
    )
    frame_bytes: int = Field(
        FRAME_BYTES, ge=1024, description="The largest signalling frame, in bytes."
    )
    queued_bytes: int = Field(
        1024 * 1024,
        ge=64 * 1024,
        description="What may wait for a socket that is not read, in bytes; past it, it is closed.",
    )
    listen_seconds: float = Field(
        10, ge=0.1, description="How long a signalling socket may take to present its token."
    )
    request_seconds: float = Field(
        15,
        ge=0.1,
        description="How long the head of an HTTP request may take to arrive, and a body.",
    )
    keep_calls_days: int = Field(
        30, ge=0, description="Days after its end at which a call is removed; 0: never."
    )
    keep_content_days: int = Field(
        0,
        ge=0,
        description="Days after a call's end at which its messages, callbacks and requests are"
        " removed; 0: with the call.",
    )
    proxy_host: Annotated[str, AfterValidator(parsing.parse_host)] = Field(
        "127.0.0.1", description="Address that the forward proxy of `midcall env` listens on."
    )
    proxy_port: int = Field(
        default_factory=_default_proxy_port,
        ge=0,
        le=65535,
        description="Its TCP port, by default the next one after PORT if TLS is auto; 0: no proxy.",
    )
    proxy_others: Annotated[Literal["refuse", "tunnel"], _text(_word)] = Field(
        "refuse", description="What it does about hosts that are not midcall's own or Twilio's."
    )
    master_key: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(
        None,
        description="Seals auth tokens and key secrets in the store: 32 or more letters, digits.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _text(_word)] = Field(
        "info", description="The least important that is logged."
    )
    log_format: Annotated[Literal["text", "json"], _text(_word)] = Field(
        "text", description="For people or for programs."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but the arguments; `load` adds the environment."""
        return (init_settings,)

    @property
    def store_path(self) -> Path | None:
        """The store's file, or None when it is in memory."""
        if self.store == parsing.IN_MEMORY:
            return None
        return Path(self.store.removeprefix("sqlite:///"))

    @property
    def store_key(self) -> str | None:
        """What seals the secrets in the store."""
        return self.master_key.get_secret_value() if self.master_key is not None else None

    @property
    def tls_directory(self) -> Path:
        """Where the local CA and its certificate are kept: beside the store."""
        store = self.store_path
        return (store.parent if store else Path()) / "midcall-tls"

    @property
    def public_host(self) -> str:
        """Host of `public_url`, IPv6 without brackets."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def insights_home(self) -> str:
        """The `home` that `connected` names, so that tokens stay on this site.

        The Voice SDK posts its insights, each with the Access Token, to
        `https://eventgw.<home>.twilio.com/v4/EndpointEvents`, built by plain interpolation. With
        `voice.example.com:8443/insights?` as home that is `/insights` at
        `eventgw.voice.example.com:8443`, and Twilio's name is pushed into the query.

        A loopback address is written `localhost`, whose subdomains browsers resolve to loopback.
        With any other IP address the URL cannot be parsed (`eventgw.192.0.2.1` is neither name
        nor address), so browsers send the posts to nobody: no insights, and no leak.
        """
        parts = urlsplit(self.public_url)
        host = parts.hostname or ""
        address = parsing.find_address(host)
        if address is not None and address.is_loopback:
            host = "localhost"
        # The SDK says https whatever we are; only the port of https may be left out.
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        origin = parsing.compose_origin("https", host, port)
        return f"{origin.removeprefix('https://')}/insights?"
