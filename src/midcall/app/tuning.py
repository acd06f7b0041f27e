"""The settings as each room takes them."""

from datetime import timedelta

from midcall.app.settings import Settings
from midcall.core.messages.rate import Rate
from midcall.core.messages.settings import MessageSettings
from midcall.core.outbox.retry import MESSAGES, STATUS_CALLBACKS, Schedule
from midcall.core.retention import Keeping
from midcall.delivery.attempt import Limits as AttemptLimits
from midcall.delivery.worker import DeliverySettings
from midcall.gateway.limits import Limits as GatewayLimits
from midcall.rest.desk import RestLimits
from midcall.wire.callbacks import CallbackFormat
from midcall.wire.turn import TurnServers


def messages(settings: Settings) -> MessageSettings:
    """How messages are taken."""
    return MessageSettings(
        uplink_rate=Rate(settings.message_rate, settings.message_burst),
        first_sequence_number=settings.sequence_start,
        waiting_downlinks=settings.held_messages,
        kept_uplinks=settings.kept_uplinks,
    )


def delivery(settings: Settings) -> DeliverySettings:
    """How callbacks leave."""
    return DeliverySettings(
        callback_format=CallbackFormat(settings.callback_format),
        messages=Schedule(
            delays=settings.callback_retries,
            horizon=settings.callback_horizon_seconds,
            least_attempts=MESSAGES.least_attempts,
            longest_retry_after=MESSAGES.longest_retry_after,
            jitter=settings.retry_jitter,
        ),
        status_callbacks=Schedule(
            delays=settings.status_retries,
            horizon=STATUS_CALLBACKS.horizon,
            least_attempts=STATUS_CALLBACKS.least_attempts,
            longest_retry_after=STATUS_CALLBACKS.longest_retry_after,
            jitter=settings.retry_jitter,
        ),
    )


def documents(settings: Settings) -> AttemptLimits:
    """How long an application may take to answer with TwiML."""
    return AttemptLimits(read_seconds=settings.twiml_seconds, total_seconds=settings.twiml_seconds)


def gateway(settings: Settings) -> GatewayLimits:
    """What one device may ask of the server."""
    return GatewayLimits(
        listen_seconds=settings.listen_seconds,
        queued_bytes=settings.queued_bytes,
        sockets_per_identity=settings.sockets_per_identity,
        frames_per_second=settings.frame_rate,
        frames_burst=settings.frame_burst,
        held_seconds=settings.held_seconds,
        incoming_hold_seconds=settings.incoming_hold_seconds,
    )


def rest(settings: Settings) -> RestLimits:
    """What one client may ask of the server."""
    return RestLimits(
        form_bytes=settings.form_bytes,
        body_seconds=settings.request_seconds,
        account_rate=Rate(settings.account_rate, settings.account_burst),
        account_streams=settings.account_streams,
    )


def keeping(settings: Settings) -> Keeping:
    """For how long things are kept."""
    return Keeping(
        held=timedelta(seconds=settings.held_seconds) or None,
        calls=timedelta(days=settings.keep_calls_days) or None,
        content=timedelta(days=settings.keep_content_days) or None,
    )


def turn_servers(settings: Settings) -> TurnServers:
    """Which STUN and TURN servers clients are told of."""
    secret = settings.turn_secret
    return TurnServers(
        urls=settings.turn_urls, secret=secret.get_secret_value() if secret is not None else ""
    )
