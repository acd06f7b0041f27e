"""Problems: the error JSON that every official library reads."""

import json

import msgspec

from midcall.model.errors import Fault, NoReply, NotFound
from midcall.model.messages import MessageState
from midcall.model.sids import MessageSid
from midcall.wire.problems import problem


def test_a_fault_is_shown_with_the_four_keys() -> None:
    """A 404 reads as in the original, its path in the message."""
    path = "/2010-04-01/Accounts/AC/Calls/CA.json"
    assert json.loads(msgspec.json.encode(problem(NotFound(path)))) == {
        "code": 20404,
        "message": f"The requested resource {path} was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


def test_a_fault_inside_says_nothing_of_itself() -> None:
    """The root fault is a 500 without details."""
    shown = problem(Fault("the disk is full"))
    assert (shown.code, shown.status) == (20500, 500)
    assert "disk" not in shown.message


def test_a_reply_that_did_not_come_says_which_message_waits_for_it() -> None:
    """The message is there: ``details`` name it and how far it has come."""
    sid = MessageSid("KX" + "1" * 32)
    shown = json.loads(msgspec.json.encode(problem(NoReply(sid, MessageState.HELD, 5))))
    assert (shown["code"], shown["status"]) == (20504, 504)
    assert shown["details"] == {"sid": sid, "state": "held"}
