"""Keys that arrive as RTP events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.media.digits import KEYS, Keypad


def event(code: int, duration: int = 160, *, ended: bool = False) -> bytes:
    """Write an event's payload."""
    return bytes([code, (0x80 if ended else 0) | 10]) + duration.to_bytes(2)


def key_press(code: int) -> list[bytes]:
    """Write the packets of one key press: six while it lasts, three at its end."""
    return [event(code, 160 * n) for n in range(1, 7)] + [event(code, 1120, ended=True)] * 3


def pressed(keypad: Keypad, packets: list[tuple[bytes, int]]) -> str:
    """Return the keys that are reported for packets with timestamps."""
    return "".join(keypad.press(payload, timestamp) or "" for payload, timestamp in packets)


@pytest.mark.parametrize(("code", "key"), list(enumerate(KEYS)))
def test_a_key_is_reported_once(code: int, key: str) -> None:
    """However many packets a key press takes, it is one key."""
    assert pressed(Keypad(), [(payload, 1000) for payload in key_press(code)]) == key


@given(st.sets(st.integers(0, 8), max_size=8))
def test_a_key_survives_the_loss_of_most_of_its_packets(lost: set[int]) -> None:
    """Any one packet of a key press is enough."""
    left = [(p, 1000) for index, p in enumerate(key_press(5)) if index not in lost]
    assert pressed(Keypad(), left) == "5"


def test_the_same_key_twice_is_two_keys() -> None:
    """A key that is pressed again has a new timestamp."""
    twice = [(p, 1000) for p in key_press(7)] + [(p, 4000) for p in key_press(7)]
    assert pressed(Keypad(), twice) == "77"


def test_a_key_held_long_is_one_key() -> None:
    """Where the duration is full, the event goes on under a new timestamp, and is the same key."""
    held = [(event(1, 0xFFFF), 1000), (event(1, 160), 1000 + 0xFFFF), (event(1, 320), 66_535)]
    assert pressed(Keypad(), held) == "1"


def test_a_late_packet_of_an_earlier_key_is_no_key() -> None:
    """What arrives of a key after the next one has begun is not reported again."""
    late = [(event(1), 1000), (event(2), 4000), (event(1, 1120, ended=True), 1000)]
    assert pressed(Keypad(), late) == "12"


def test_timestamps_wrap() -> None:
    """A later key is told from an earlier one across the wrap of the timestamp."""
    assert pressed(Keypad(), [(event(1), 0xFFFF_FF00), (event(2), 0x0000_0100)]) == "12"


@pytest.mark.parametrize("payload", [b"", b"\x01\x0a\x00", event(16), event(255)])
def test_what_is_no_key_is_passed_over(payload: bytes) -> None:
    """Cut-off payloads and events other than keys report nothing."""
    assert Keypad().press(payload, 1) is None


@given(st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 0xFFFF_FFFF))))
def test_anything_may_arrive(packets: list[tuple[bytes, int]]) -> None:
    """No packet breaks the keypad."""
    assert set(pressed(Keypad(), packets)) <= set(KEYS)
