"""The settings as options of a command: `--port 9000` beats `MIDCALL_PORT=9000`.

A command takes all of them with one parameter, and gives what was stated to `settings.load`, which
alone checks values, so that a wrong one is refused in the same words wherever it came from:

    @app.command
    def dev(*, options: Annotated[Options, Parameter(name="*")] = Options()) -> None:
        settings = load(options.stated(), profile="dev")
"""

from dataclasses import dataclass, fields
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from midcall.app.schema import PREFIX, Settings


def _of(name: str) -> Parameter:
    about = Settings.model_fields[name].description
    return Parameter(help=f"{about} [{PREFIX}{name.upper()}]", show_default=False)


Text: TypeAlias = str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One option for each setting, as the text that was given; None was not given."""

    host: Annotated[Text, _of("host")] = None
    port: Annotated[Text, _of("port")] = None
    tls: Annotated[Text, _of("tls")] = None
    tls_cert: Annotated[Text, _of("tls_cert")] = None
    tls_key: Annotated[Text, _of("tls_key")] = None
    public_url: Annotated[Text, _of("public_url")] = None
    store: Annotated[Text, _of("store")] = None
    bus: Annotated[Text, _of("bus")] = None
    media: Annotated[Text, _of("media")] = None
    account_sid: Annotated[Text, _of("account_sid")] = None
    auth_token: Annotated[Text, _of("auth_token")] = None
    api_key_sid: Annotated[Text, _of("api_key_sid")] = None
    api_key_secret: Annotated[Text, _of("api_key_secret")] = None
    egress_allow: Annotated[Text, _of("egress_allow")] = None
    turn_urls: Annotated[Text, _of("turn_urls")] = None
    turn_secret: Annotated[Text, _of("turn_secret")] = None
    sequence_start: Annotated[Text, _of("sequence_start")] = None
    callback_format: Annotated[Text, _of("callback_format")] = None
    voice_sdk: Annotated[Text, _of("voice_sdk")] = None
    reconnect_seconds: Annotated[Text, _of("reconnect_seconds")] = None
    message_rate: Annotated[Text, _of("message_rate")] = None
    message_burst: Annotated[Text, _of("message_burst")] = None
    held_messages: Annotated[Text, _of("held_messages")] = None
    held_seconds: Annotated[Text, _of("held_seconds")] = None
    incoming_hold_seconds: Annotated[Text, _of("incoming_hold_seconds")] = None
    kept_uplinks: Annotated[Text, _of("kept_uplinks")] = None
    callback_retries: Annotated[Text, _of("callback_retries")] = None
    status_retries: Annotated[Text, _of("status_retries")] = None
    retry_jitter: Annotated[Text, _of("retry_jitter")] = None
    callback_horizon_seconds: Annotated[Text, _of("callback_horizon_seconds")] = None
    twiml_seconds: Annotated[Text, _of("twiml_seconds")] = None
    account_rate: Annotated[Text, _of("account_rate")] = None
    account_burst: Annotated[Text, _of("account_burst")] = None
    account_streams: Annotated[Text, _of("account_streams")] = None
    frame_rate: Annotated[Text, _of("frame_rate")] = None
    frame_burst: Annotated[Text, _of("frame_burst")] = None
    sockets_per_identity: Annotated[Text, _of("sockets_per_identity")] = None
    form_bytes: Annotated[Text, _of("form_bytes")] = None
    frame_bytes: Annotated[Text, _of("frame_bytes")] = None
    queued_bytes: Annotated[Text, _of("queued_bytes")] = None
    listen_seconds: Annotated[Text, _of("listen_seconds")] = None
    request_seconds: Annotated[Text, _of("request_seconds")] = None
    keep_calls_days: Annotated[Text, _of("keep_calls_days")] = None
    keep_content_days: Annotated[Text, _of("keep_content_days")] = None
    proxy_host: Annotated[Text, _of("proxy_host")] = None
    proxy_port: Annotated[Text, _of("proxy_port")] = None
    proxy_others: Annotated[Text, _of("proxy_others")] = None
    master_key: Annotated[Text, _of("master_key")] = None
    log_level: Annotated[Text, _of("log_level")] = None
    log_format: Annotated[Text, _of("log_format")] = None

    def stated(self) -> dict[str, str]:
        """Return what was given, by the setting's field."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: text for name, text in given.items() if text is not None}
