"""The debugger over HTTP: notifications and alerts, with the official library and without."""

import pytest
from twilio.base.exceptions import TwilioRestException

from midcall.core.ports import AddNotification
from midcall.model.notifications import Level, Notification
from midcall.model.sids import AccountSid, CallSid, NotificationSid
from tests.integration.rest.conftest import Site
from tests.integration.rest.records import ACCOUNT, AT, BASE, LIVE, OTHER, OVER, OWN_KEY, basic


def told(
    digit: str,
    *,
    account: AccountSid = ACCOUNT.sid,
    call: CallSid | None = OVER,
    level: Level = Level.ERROR,
    day: int = 4,
) -> Notification:
    """Return an error or warning."""
    return Notification(
        sid=NotificationSid("NO" + digit * 32),
        account_sid=account,
        call_sid=call,
        code=11200,
        level=level,
        text="An attempt to retrieve content failed",
        created_at=AT.replace(day=day),
        request_url="https://example.com/voice",
        request_method="POST",
        request_variables="CallSid=CA1",
        response_body="<html>",
    )


ERROR = told("1", day=3)
WARNING = told("2", level=Level.WARNING)
OF_LIVE = told("3", call=LIVE, day=5)
OF_NO_CALL = told("4", call=None, day=6)
THEIRS = told("5", account=OTHER.sid)


@pytest.fixture
def debugged(site: Site) -> Site:
    """Serve an account to which some things happened."""
    site.commit(*map(AddNotification, (ERROR, WARNING, OF_LIVE, OF_NO_CALL, THEIRS)))
    return site


def test_the_official_library_lists_notifications(debugged: Site) -> None:
    """Newest first, only the account's own; or those of one call."""
    client = debugged.official()
    listed = client.notifications.list(page_size=3)
    assert [one.sid for one in listed] == [one.sid for one in (OF_NO_CALL, OF_LIVE, WARNING, ERROR)]
    assert [one.sid for one in client.calls(OVER).notifications.list()] == [
        WARNING.sid,
        ERROR.sid,
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Log=1", [WARNING]),
        ("Log=0", [OF_NO_CALL, OF_LIVE, ERROR]),
        ("MessageDate=2026-05-03", [ERROR]),
        ("MessageDate%3C=2026-05-05", [WARNING, ERROR]),
        ("MessageDate%3E=2026-05-05", [OF_NO_CALL, OF_LIVE]),
    ],
)
def test_notifications_are_narrowed(
    debugged: Site, query: str, expected: list[Notification]
) -> None:
    """By how bad they are, and by days."""
    listed = debugged.ask("GET", f"{BASE}/Notifications.json?{query}").json["notifications"]
    assert [one["sid"] for one in listed] == [one.sid for one in expected]


def test_the_official_library_fetches_a_notification(debugged: Site) -> None:
    """It shows what was sent and what came back; it is found at its call too, at no other."""
    client = debugged.official()
    found = client.notifications(ERROR.sid).fetch()
    assert (found.error_code, found.log, found.call_sid) == ("11200", "0", OVER)
    assert (found.request_variables, found.response_body) == ("CallSid=CA1", "<html>")
    assert client.calls(OVER).notifications(ERROR.sid).fetch().sid == ERROR.sid
    for look in (client.calls(LIVE).notifications(ERROR.sid), client.notifications(THEIRS.sid)):
        with pytest.raises(TwilioRestException) as refused:
            look.fetch()
        assert refused.value.code == 20404


def test_the_official_library_lists_alerts(debugged: Site) -> None:
    """Page by page, by the whole URLs that each page names."""
    alerts = debugged.official().monitor.v1.alerts.list(page_size=1)
    assert [one.sid for one in alerts] == [one.sid for one in (OF_NO_CALL, OF_LIVE, WARNING, ERROR)]
    assert [one.log_level for one in alerts] == ["error", "error", "warning", "error"]
    assert alerts[0].date_generated.isoformat() == "2026-05-06T03:02:01+00:00"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("LogLevel=warning", [WARNING]),
        ("LogLevel=debug", []),
        ("StartDate=2026-05-05", [OF_NO_CALL, OF_LIVE]),
        ("StartDate=2026-05-04&EndDate=2026-05-05", [OF_LIVE, WARNING]),
        ("EndDate=2026-05-03T03:02:01Z", [ERROR]),
        ("EndDate=2026-05-03T03:02:00Z", []),
    ],
)
def test_alerts_are_narrowed(debugged: Site, query: str, expected: list[Notification]) -> None:
    """By level, and by dates that include both ends."""
    listed = debugged.ask("GET", f"/v1/Alerts?{query}").json["alerts"]
    assert [one["sid"] for one in listed] == [one.sid for one in expected]


def test_the_official_library_fetches_an_alert(debugged: Site) -> None:
    """Its URL is on the host that was asked; another account's is not found."""
    alerts = debugged.official().monitor.v1.alerts
    found = alerts(ERROR.sid).fetch()
    assert (found.alert_text, found.resource_sid) == (ERROR.text, OVER)
    assert (found.request_variables, found.response_body) == ("CallSid=CA1", "<html>")
    assert found.url == f"{debugged.url}/v1/Alerts/{ERROR.sid}"
    with pytest.raises(TwilioRestException) as refused:
        alerts(THEIRS.sid).fetch()
    assert refused.value.code == 20404


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/Notifications.json?Log=2",
        f"{BASE}/Notifications.json?MessageDate=today",
        "/v1/Alerts?LogLevel=fatal",
        "/v1/Alerts?EndDate=9999-12-31",
    ],
)
def test_a_list_that_cannot_be_had_is_refused(standing: Site, path: str) -> None:
    """Nothing that was asked for is silently left out."""
    answer = standing.ask("GET", path)
    assert (answer.status, answer.json["code"]) == (400, 20001)


def test_alerts_are_for_who_asks(debugged: Site) -> None:
    """Without credentials nobody gets in, and each account sees its own, with a key too."""
    assert debugged.ask("GET", "/v1/Alerts", authorization=None).status == 401
    assert debugged.ask("GET", "/v1/Nothing").json["code"] == 20404
    theirs = debugged.ask("GET", "/v1/Alerts", authorization=basic(OTHER.sid, OTHER.auth_token))
    assert [one["sid"] for one in theirs.json["alerts"]] == [THEIRS.sid]
    assert len(debugged.ask("GET", "/v1/Alerts", authorization=OWN_KEY).json["alerts"]) == 4
