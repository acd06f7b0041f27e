"""Every operation of the REST API, asked with whatever its own description allows, and does not.

``SOAK_EXAMPLES`` in the environment sets how many requests each operation gets; the default takes a
few seconds.

- No answer is a 5xx.
- Each has a status, a content type and a body as the document says; an error is the one problem.

Event streams are left out: they do not end. So is waiting for a reply, which nobody gives.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from midcall.core.ports import (
    AddEntry,
    AddExchange,
    AddMessage,
    AddNotification,
    AddSubscription,
    PutApplication,
)
from midcall.model.accounts import Application
from midcall.model.endpoints import Endpoint
from midcall.model.messages import MessageState, Subscription
from midcall.model.sids import ApplicationSid
from midcall.rest.routes import document
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import (
    ACCOUNT,
    AT,
    KEY,
    LIVE,
    OVER,
    OWN_TOKEN,
    SUBSCRIPTION,
    owed,
    uplink,
)
from tests.integration.rest.test_every_operation import EXCHANGE, NOTIFICATION

EXAMPLES: Final = int(os.environ.get("SOAK_EXAMPLES", "3"))

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def described() -> Iterator[tuple[str, APIOperation[Any, Any, Any, Any]]]:
    """Yield the operations of the document by their names, without the streams."""
    for found in schemathesis.openapi.from_dict(document()).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        id: str = operation.definition.raw["operationId"]
        if not id.startswith("Stream"):
            yield id, operation


OPERATIONS: Final = dict(described())

APPLICATION: Final = Application(
    sid=ApplicationSid("AP" + "1" * 32),
    account_sid=ACCOUNT.sid,
    friendly_name="",
    created_at=AT,
    updated_at=AT,
)

THERE: Final[Mapping[str, Sequence[str]]] = {
    "AccountSid": [ACCOUNT.sid],
    "ApplicationSid": [APPLICATION.sid],
    "CallSid": [LIVE, OVER],
    "CallbackId": [owed(1).token, owed(2, call=OVER).token],
    "KeySid": [KEY.sid],
    "MessageSid": [uplink(1).sid],
    "NotificationSid": [NOTIFICATION.sid],
    "SubscriptionSid": [SUBSCRIPTION],
}
"""What a path can name that is there, at least until it is deleted."""


@pytest.fixture(scope="module")
def stocked() -> Iterator[Site]:
    """Serve an account that has something of everything."""
    site = Site("sqlite:///:memory:")
    subscription = Subscription(
        sid=SUBSCRIPTION,
        account_sid=ACCOUNT.sid,
        call_sid=LIVE,
        callback=Endpoint("https://example.com/"),
        created_at=AT,
    )
    site.commit(
        PutApplication(APPLICATION),
        AddNotification(NOTIFICATION),
        AddExchange(EXCHANGE),
        AddSubscription(subscription),
        *(AddMessage(uplink(1, call, state=MessageState.FAILED)) for call in (LIVE, OVER)),
        AddEntry(owed(1)),
        AddEntry(owed(2, call=OVER)),
    )
    yield site
    site.stop()


def cases(id: str) -> st.SearchStrategy[Any]:
    """Return requests for an operation, such as its description allows and others."""
    operation = OPERATIONS[id]
    names = [name for name in THERE if f"{{{name}}}" in operation.path]
    named = st.fixed_dictionaries({name: st.sampled_from(THERE[name]) for name in names})
    return st.tuples(named, st.sampled_from(GenerationMode)).flatmap(
        lambda drawn: operation.as_strategy(drawn[1], path_parameters=drawn[0])
    )


@pytest.mark.parametrize("id", OPERATIONS)
def test_every_answer_is_as_described(stocked: Site, id: str) -> None:
    """Whatever is asked, the server has an answer, and its description told of it."""

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=cases(id))
    def ask(case: Case[Any]) -> None:
        if isinstance(case.body, dict):
            case.body.pop("ReplyTimeout", None)
        response = case.call(base_url=stocked.url, headers={"Authorization": OWN_TOKEN}, timeout=30)
        case.validate_response(response, checks=CHECKS)

    ask()
