import pytest

from midcall.core.outbox.replies import Answer, Failure, FailureKind
from midcall.delivery.following import Hop, next_hop
from midcall.model.endpoints import Endpoint, Method

POST = Hop(Endpoint("https://a.example/b/c?d=e", Method.POST))
GET = Hop(Endpoint("https://a.example/b/c?d=e", Method.GET))


def _redirect(status: int, location: str | None = "https://z.example/") -> Answer:
    return Answer(status=status, duration_ms=0, location=location)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_found_elsewhere_is_asked_for_by_get(status: int) -> None:
    """The parameters do not go along (RFC 9110, section 15.4)."""
    assert next_hop(POST, _redirect(status)) == Hop(
        Endpoint("https://z.example/", Method.GET), with_parameters=False
    )


@pytest.mark.parametrize("status", [307, 308])
def test_a_kept_request_goes_elsewhere_as_it_is(status: int) -> None:
    """Method and parameters stay."""
    assert next_hop(POST, _redirect(status)) == Hop(Endpoint("https://z.example/", Method.POST))


@pytest.mark.parametrize("status", [301, 307])
def test_a_get_goes_where_it_is_told(status: int) -> None:
    """Its parameters are in the query, which the location replaces."""
    hop = next_hop(GET, _redirect(status))
    assert hop == Hop(Endpoint("https://z.example/", Method.GET), with_parameters=False)


def test_a_location_may_be_relative() -> None:
    """It is resolved against the URL that answered."""
    hop = next_hop(POST, _redirect(308, "../x?y"))
    assert hop is not None
    assert hop.endpoint.url == "https://a.example/x?y"


@pytest.mark.parametrize("status", [200, 204, 300, 304, 305, 400, 500])
def test_other_answers_lead_nowhere(status: int) -> None:
    """A location alone is no redirect."""
    assert next_hop(POST, _redirect(status)) is None


def test_a_failure_leads_nowhere() -> None:
    """There is nothing to follow."""
    assert next_hop(POST, Failure(kind=FailureKind.TIMEOUT)) is None


def test_a_redirect_without_a_location_leads_to_no_url() -> None:
    """What comes next cannot be built, and that is what is told."""
    hop = next_hop(POST, _redirect(302, None))
    assert hop is not None
    assert hop.endpoint.url == ""
