"""The server is killed in the middle of everything, and started again: nothing is missing."""

import json
import signal
from pathlib import Path

from tests.acceptance.support.browsers import Chromium
from tests.acceptance.support.customer import Customer, Reply
from tests.acceptance.support.libraries import make_client
from tests.acceptance.support.people import sids, wait_for_event
from tests.acceptance.support.phones import Callers
from tests.acceptance.support.servers import Midcall


def test_a_call_survives_the_death_of_its_server(
    chromium: Chromium, customer: Customer, tmp_path: Path
) -> None:
    """Messages both ways go on, in order and with their SIDs, and both hear each other again."""
    midcall = Midcall(tmp_path).start()
    people = Callers(chromium, midcall)
    try:
        alice, bob = people.phone("alice"), people.phone("bob")
        alice.dial("bob")
        bob.accept()
        alice.wait_until("open")
        bob.wait_until("open")
        alice.wait_for_audio()
        client = make_client(midcall)
        parent, child = alice.call_sid, bob.call_sid
        hook = customer.endpoint(Reply(status=503))
        client.calls(parent).user_defined_message_subscriptions.create(callback=hook.url)
        said = alice.send({"before": "the end"})
        alice.wait_until_acknowledged(said)
        hook.wait()
        messages = client.calls(child).user_defined_messages
        sent = [str(messages.create(content=json.dumps({"n": n})).sid) for n in range(3)]

        midcall.stop(signal.SIGKILL)
        hook.answering = lambda _request: Reply(status=204)
        later = alice.send({"while": "nobody was there"})
        midcall.start()
        sent += [str(messages.create(content=json.dumps({"n": n})).sid) for n in range(3, 6)]

        wait_for_event(alice, "reconnected")
        wait_for_event(bob, "reconnected")
        bob.received(sent[-1])
        assert list(dict.fromkeys(sids(bob))) == sent
        alice.wait_until_acknowledged(later)
        told = hook.wait_for(lambda one: one.json()["Sid"] == later, "what she said meanwhile")
        assert told.json()["SequenceNumber"] == "1"
        assert [one.json()["Sid"] for one in hook.requests].index(said) == 0
        alice.wait_for_audio()
        bob.wait_for_audio()
        alice.hang_up()
        bob.wait_until_over()
    finally:
        people.leave()
        midcall.stop()
