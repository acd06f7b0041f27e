"""Families and the calls that they are made of, in every store."""

import msgspec
import pytest

from midcall.core.ports import CallFilter, PutFamily, Store
from midcall.model.calls import Call, CallEvent, CallStatus
from midcall.model.endpoints import Endpoint, Method
from midcall.model.families import (
    Dialing,
    Fetching,
    Gathering,
    Origin,
    Pausing,
    Program,
    Speaking,
)
from midcall.model.sids import AccountSid
from midcall.model.twiml import (
    Client,
    Dial,
    Gather,
    Hangup,
    Number,
    Parameter,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
)
from tests.contract.store.records import (
    ACCOUNT,
    OTHER_ACCOUNT,
    URL,
    after,
    call,
    call_sid,
    family,
    full_family,
    given,
)

EVERYTHING = CallFilter()


async def listed(
    store: Store,
    filters: CallFilter = EVERYTHING,
    *,
    owner: AccountSid = ACCOUNT,
    offset: int = 0,
    limit: int = 50,
) -> list[Call]:
    """List an account's calls."""
    return await store.list_calls(owner, filters, offset=offset, limit=limit)


async def test_a_family_leaves_a_call_for_each_leg(store: Store) -> None:
    """Every leg of a family is found as a call."""
    parent = call(1)
    child = call(2, parent=parent.sid, status=CallStatus.RINGING)
    await store.commit([PutFamily(family(parent, child))])
    assert await store.find_call(parent.sid) == parent
    assert await store.find_call(child.sid) == child
    assert await store.find_call(call_sid(3)) is None


async def test_a_family_put_again_replaces_the_family_and_its_calls(store: Store) -> None:
    """A later family with the same SID is the only one that is left."""
    ringing = call(1, status=CallStatus.RINGING)
    answered = msgspec.structs.replace(
        ringing, status=CallStatus.IN_PROGRESS, answered_at=after(3), updated_at=after(3)
    )
    await store.commit([PutFamily(family(ringing))])
    await store.commit([PutFamily(family(answered))])
    assert await store.find_call(ringing.sid) == answered
    assert await store.live_families() == [family(answered)]
    assert await listed(store) == [answered]


DIAL = Dial(
    nouns=(
        Client(
            identity="bob",
            parameters=(Parameter("k", "v"),),
            url=Endpoint(URL),
            status_callback=Endpoint(URL),
            status_callback_events=frozenset({CallEvent.ANSWERED, CallEvent.INITIATED}),
        ),
        Number(number="+15005550006", send_digits="1"),
    ),
    action=Endpoint("/next", Method.GET),
    caller_id="client:carol",
    answer_on_bridge=True,
    ring_tone="de",
)
PROMPTS = (Say(text="Grüße", loop=0), Play(url=URL), Pause(length_seconds=3))
GATHER = Gather(prompts=PROMPTS, num_digits=4, finish_on_key="*")
REST = (
    *PROMPTS,
    DIAL,
    GATHER,
    Redirect(endpoint=Endpoint(URL)),
    Reject(busy=True),
    Hangup(),
)


@pytest.mark.parametrize(
    "program",
    [
        Program(),
        Program(
            activity=Fetching(
                origin=Origin(endpoint=Endpoint(URL), fallback=Endpoint(URL)),
                parameters={"To": "bob"},
                token="t",
            )
        ),
        Program(
            activity=Dialing(dial=DIAL, children=(call_sid(2),), waiting=DIAL.nouns),
            rest=REST,
            fetches=3,
        ),
        Program(activity=Speaking(token="t"), dialed=CallStatus.BUSY),
        Program(activity=Pausing(pause=Pause()), origin=Origin(text="<Response/>", template=True)),
        Program(activity=Gathering(gather=GATHER, prompts=PROMPTS, token="t", digits="12")),
    ],
    ids=["nothing", "fetching", "dialing", "speaking", "pausing", "gathering"],
)
async def test_a_family_comes_back_whole(store: Store, program: Program) -> None:
    """Legs, devices, timers and the place in the TwiML survive, whatever the family is doing."""
    whole = full_family(program)
    await store.commit([PutFamily(whole)])
    assert await store.live_families() == [whole]


async def test_a_family_that_is_over_is_not_loaded_again(store: Store) -> None:
    """Families are live until every leg has ended; their calls stay."""
    ended = [call(n, status=CallStatus.COMPLETED) for n in (1, 2)]
    half = [call(3, status=CallStatus.COMPLETED), call(4, parent=call_sid(3))]
    await store.commit([PutFamily(family(*ended)), PutFamily(family(*half))])
    assert await store.live_families() == [family(*half)]
    over = [msgspec.structs.replace(one, status=CallStatus.FAILED) for one in half]
    await store.commit([PutFamily(family(*over))])
    assert await store.live_families() == []
    assert len(await listed(store)) == 4


async def test_calls_are_listed_newest_first(store: Store) -> None:
    """The newest call comes first; of two in one instant, the one that was added later."""
    calls = [call(n, age=10 - n // 2) for n in range(8)]
    await store.commit([PutFamily(family(one)) for one in calls])
    newest_first = calls[::-1]
    assert await listed(store) == newest_first
    assert await listed(store, offset=3, limit=2) == newest_first[3:5]
    assert await listed(store, offset=8) == []


async def test_a_step_of_a_call_leaves_its_place_in_the_list(store: Store) -> None:
    """Putting an older family again does not make its calls newer."""
    older, newer = family(call(1)), family(call(2))
    await store.commit([PutFamily(older), PutFamily(newer), PutFamily(older)])
    assert [one.sid for one in await listed(store)] == [call_sid(2), call_sid(1)]


async def test_another_accounts_calls_are_not_listed(store: Store) -> None:
    """A list is of one account."""
    await store.commit(
        [PutFamily(family(call(1))), PutFamily(family(call(2, owner=OTHER_ACCOUNT)))]
    )
    assert [one.sid for one in await listed(store)] == [call_sid(1)]
    assert [one.sid for one in await listed(store, owner=OTHER_ACCOUNT)] == [call_sid(2)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (CallFilter(), [2, 3, 1, 4]),
        (CallFilter(to_address="client:bob"), [2, 3, 1]),
        (CallFilter(from_address="client:carol"), [4]),
        (CallFilter(parent_call_sid=call_sid(1)), [2]),
        (CallFilter(status=CallStatus.RINGING), [2]),
        (CallFilter(status=CallStatus.COMPLETED, from_address="client:carol"), [4]),
        (CallFilter(status=CallStatus.RINGING, from_address="client:carol"), []),
        (CallFilter(status=CallStatus.BUSY), []),
        (CallFilter(started_from=after(-20)), [2, 3]),
        (CallFilter(started_before=after(-20)), [1, 4]),
        (CallFilter(started_from=after(-40), started_before=after(-10)), [3, 1]),
        (CallFilter(started_from=after(-20), status=CallStatus.RINGING), [2]),
        (CallFilter(ended_from=after(-15)), [3]),
        (CallFilter(ended_before=after(-15)), [4]),
        (CallFilter(ended_from=after(-30), ended_before=after(0)), [3, 4]),
        (CallFilter(ended_from=after(-30), from_address="client:carol"), [4]),
        (
            CallFilter(
                to_address="client:bob",
                from_address="client:alice",
                parent_call_sid=call_sid(1),
                status=CallStatus.RINGING,
            ),
            [2],
        ),
    ],
    ids=given,
)
async def test_a_list_of_calls_can_be_narrowed(
    store: Store, filters: CallFilter, expected: list[int]
) -> None:
    """Every filter that is given has to hold; the ones that are not given hold always.

    A call that is not over ended at no time.
    """
    over = CallStatus.COMPLETED
    calls = [
        call(1, age=40),
        call(2, parent=call_sid(1), status=CallStatus.RINGING),
        call(3, status=over, age=20, ended_at=after(-15)),
        call(
            4,
            from_address="client:carol",
            to_address="dave",
            status=over,
            age=50,
            ended_at=after(-30),
        ),
    ]
    await store.commit([PutFamily(family(one)) for one in calls])
    assert [one.sid for one in await listed(store, filters)] == [call_sid(n) for n in expected]
    assert await listed(store, filters, owner=OTHER_ACCOUNT) == []
