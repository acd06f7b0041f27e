from urllib.parse import urlsplit

import pytest
from twilio.request_validator import RequestValidator

from midcall.delivery.egress import Egress
from midcall.delivery.twiml_source import HttpRecordingSource
from midcall.model.errors import TwimlFault
from midcall.model.sids import AccountSid
from midcall.store.sqlite import SqliteStore
from tests.integration.delivery.account import ACCOUNT, Clock, Entropy
from tests.integration.delivery.customer import StartCustomer, response

SOUND = b"RIFF\x00\x00\x00\x00WAVE"


def _source(store: SqliteStore, egress: Egress, largest_bytes: int = 1000) -> HttpRecordingSource:
    return HttpRecordingSource(
        store=store, egress=egress, clock=Clock(), entropy=Entropy(), largest_bytes=largest_bytes
    )


@pytest.fixture
def source(store: SqliteStore, egress: Egress) -> HttpRecordingSource:
    """A source that may ask loopback, for sounds of up to a thousand bytes."""
    return _source(store, egress)


async def _code(source: HttpRecordingSource, url: str) -> int:
    with pytest.raises(TwimlFault) as caught:
        await source.fetch_recording(ACCOUNT.sid, url)
    return caught.value.twiml_code


@pytest.mark.parametrize("content_type", ["audio/wav", "audio/mpeg", "Audio/X-Wav; codecs=1"])
async def test_a_sound_is_asked_for_by_a_signed_get(
    source: HttpRecordingSource, start_customer: StartCustomer, content_type: str
) -> None:
    """The official validator accepts the request; the sound comes back as it is."""
    customer = await start_customer(response(200, SOUND, Content_Type=content_type))
    url = customer.url("/hold.wav?a=b")
    assert await source.fetch_recording(ACCOUNT.sid, f"{url}#rc=2") == SOUND
    (request,) = customer.requests
    assert (request.method, request.target, request.body) == ("GET", "/hold.wav?a=b", b"")
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(ACCOUNT.auth_token).validate(url, {}, signature)


async def test_a_sound_is_asked_for_anew_each_time(
    source: HttpRecordingSource, start_customer: StartCustomer
) -> None:
    """One that was replaced is heard at once; each request can be told from the last."""
    customer = await start_customer(
        response(200, SOUND, Content_Type="audio/wav"),
        response(200, SOUND + b"new", Content_Type="audio/wav"),
    )
    url = customer.url()
    heard = [await source.fetch_recording(ACCOUNT.sid, url) for _ in range(2)]
    assert heard == [SOUND, SOUND + b"new"]
    tokens = {request.headers["I-Twilio-Idempotency-Token"] for request in customer.requests}
    assert len(tokens) == 2


async def test_a_redirect_to_a_sound_is_followed(
    source: HttpRecordingSource, start_customer: StartCustomer
) -> None:
    """Sounds often live in a store of objects under another name."""
    customer = await start_customer(
        response(302, Location="/there"), response(200, SOUND, Content_Type="audio/wav")
    )
    assert await source.fetch_recording(ACCOUNT.sid, customer.url("/here")) == SOUND


@pytest.mark.parametrize("content_type", ["text/xml", "application/octet-stream", "video/mp4", ""])
async def test_what_is_no_sound_is_a_fault(
    source: HttpRecordingSource, start_customer: StartCustomer, content_type: str
) -> None:
    """Under the code of ``<Play>`` for content types."""
    customer = await start_customer(response(200, SOUND, Content_Type=content_type))
    assert await _code(source, customer.url()) == 13420


async def test_a_sound_may_be_as_large_as_the_limit(
    source: HttpRecordingSource, start_customer: StartCustomer
) -> None:
    """One byte more is too large."""
    whole = response(200, SOUND.ljust(1000), Content_Type="audio/wav")
    over = response(200, SOUND.ljust(1001), Content_Type="audio/wav")
    customer = await start_customer(whole, over)
    assert len(await source.fetch_recording(ACCOUNT.sid, customer.url())) == 1000
    assert await _code(source, customer.url()) == 11750


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (response(404, SOUND, Content_Type="audio/wav"), 11200),
        (response(200, b"", Content_Type="audio/wav"), 11770),
        (b"SSH-2.0\r\n\r\n", 11206),
        (response(302, Location="/"), 11215),
    ],
)
async def test_a_sound_that_cannot_be_had_is_a_fault(
    source: HttpRecordingSource, start_customer: StartCustomer, answer: bytes, code: int
) -> None:
    """Under the codes that documents have."""
    customer = await start_customer(answer)
    assert await _code(source, customer.url()) == code


async def test_a_sound_from_a_private_address_is_refused(
    store: SqliteStore, guarded: Egress, start_customer: StartCustomer
) -> None:
    """Sounds pass the same guard as everything else."""
    customer = await start_customer(response(200, SOUND, Content_Type="audio/wav"))
    assert await _code(_source(store, guarded), customer.url()) == 11100
    assert customer.connections == 0


async def test_the_fault_of_a_sound_says_where(
    source: HttpRecordingSource, start_customer: StartCustomer
) -> None:
    """Without user and password, for whoever reads the debugger."""
    customer = await start_customer(response(404))
    parts = urlsplit(customer.url("/hold.wav"))
    with pytest.raises(TwimlFault) as caught:
        await source.fetch_recording(ACCOUNT.sid, f"http://u:secret@{parts.netloc}/hold.wav")
    assert caught.value.url == customer.url("/hold.wav")


async def test_an_unknown_account_hears_nothing(source: HttpRecordingSource) -> None:
    """There is no token to sign with."""
    with pytest.raises(TwimlFault) as caught:
        await source.fetch_recording(AccountSid("AC" + "9" * 32), "http://a.example/")
    assert caught.value.twiml_code == 10001
