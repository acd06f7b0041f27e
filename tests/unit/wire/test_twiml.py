"""TwiML: what midcall runs, what it reads over, what it refuses."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import Client as OfficialClient
from twilio.twiml.voice_response import Dial as OfficialDial
from twilio.twiml.voice_response import VoiceResponse

from midcall.model.calls import CallEvent
from midcall.model.endpoints import Endpoint, Method
from midcall.model.errors import TwimlFault
from midcall.model.twiml import (
    Client,
    Dial,
    Document,
    Hangup,
    Parameter,
    Pause,
    Redirect,
    Reject,
    TwimlWarning,
    Verb,
)
from midcall.wire.twiml import parse
from midcall.wire.twiml_elements import MAX_WARNINGS


def only(text: str) -> Verb:
    """Return the one verb of a document that has no warnings."""
    document = parse(f"<Response>{text}</Response>")
    assert document.warnings == ()
    (verb,) = document.verbs
    return verb


def warned(text: str) -> tuple[list[int], Document]:
    """Return the codes of a document's warnings, and the document."""
    document = parse(f"<Response>{text}</Response>")
    return [warning.code for warning in document.warnings], document


def test_a_dial_of_the_official_library_is_understood() -> None:
    """What the official library writes comes out as it was meant."""
    response = VoiceResponse()
    dial = OfficialDial(
        action="/done",
        method="GET",
        timeout=12,
        time_limit=600,
        caller_id="client:desk",
        answer_on_bridge=True,
    )
    client = OfficialClient(
        status_callback="https://example.com/status",
        status_callback_event="initiated ringing answered completed",
        status_callback_method="GET",
    )
    client.identity("bob")
    client.parameter(name="custom + param", value=" žluťoučký & <kůň> ")
    dial.append(client)
    response.append(dial)
    document = parse(str(response))
    assert document == Document(
        (
            Dial(
                clients=(
                    Client(
                        identity="bob",
                        parameters=(Parameter("custom + param", " žluťoučký & <kůň> "),),
                        status_callback=Endpoint("https://example.com/status", Method.GET),
                        status_callback_events=frozenset(CallEvent),
                    ),
                ),
                action=Endpoint("/done", Method.GET),
                timeout_seconds=12,
                time_limit_seconds=600,
                caller_id="client:desk",
                answer_on_bridge=True,
            ),
        )
    )


def test_a_plain_dial_has_the_documented_defaults() -> None:
    """A ``<Dial>`` with nothing but an identity rings for 30 s and lasts four hours at most."""
    assert only("<Dial><Client> bob\n</Client></Dial>") == Dial(
        clients=(Client(identity="bob"),), timeout_seconds=30, time_limit_seconds=14_400
    )


def test_several_clients_are_rung_in_their_order() -> None:
    """Every ``<Client>`` of a ``<Dial>`` is kept, in order."""
    verb = only("<Dial><Client>b</Client><Client>a</Client></Dial>")
    assert isinstance(verb, Dial)
    assert [client.identity for client in verb.clients] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("<Pause/>", Pause(length_seconds=1)),
        ('<Pause length="5"/>', Pause(length_seconds=5)),
        ("<Hangup/>", Hangup()),
        ("<Reject/>", Reject()),
        ('<Reject reason="rejected"/>', Reject()),
        ('<Reject reason="busy"/>', Reject(busy=True)),
        ("<Redirect>next</Redirect>", Redirect(endpoint=Endpoint("next"))),
        (
            '<Redirect method="get"> https://a.example/?b=1&amp;c=2#rc=2 </Redirect>',
            Redirect(endpoint=Endpoint("https://a.example/?b=1&c=2#rc=2", Method.GET)),
        ),
    ],
)
def test_the_small_verbs_are_understood(text: str, verb: Verb) -> None:
    """Pause, Hangup, Reject and Redirect come out as they are written; URLs stay as they are."""
    assert only(text) == verb


def test_a_document_may_be_without_verbs() -> None:
    """An empty ``<Response>`` is a document that does nothing."""
    assert parse('<?xml version="1.0" encoding="UTF-8"?><Response/>') == Document(())


def test_comments_and_layout_are_nothing() -> None:
    """Comments, processing instructions and blanks change nothing."""
    text = "<!-- a --><Response>\n <?b c?> <!-- d --><Hangup/>\n</Response>\n"
    assert parse(text) == Document((Hangup(),))


def test_an_encoding_in_the_declaration_does_not_change_the_text() -> None:
    """The text has been decoded already; what the declaration says is over."""
    declaration = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    (verb,) = parse(f"{declaration}<Response><Dial><Client>José</Client></Dial></Response>").verbs
    assert verb == Dial(clients=(Client(identity="José"),))


@pytest.mark.parametrize("text", ["", "  \r\n\t "])
def test_an_empty_document_is_refused(text: str) -> None:
    """No text is 11770."""
    with pytest.raises(TwimlFault) as refused:
        parse(text)
    assert refused.value.twiml_code == 11770


@pytest.mark.parametrize(
    "text",
    [
        "not XML",
        "<Response>",
        "<Response></response>",
        '<Response a="1" a="2"/>',
        "<Response/><Response/>",
        ' <?xml version="1.0"?><Response/>',
        "<Response>\x01</Response>",
        "<Response>\ud800</Response>",
        "<Response>&nbsp;</Response>",
        "{}",
    ],
)
def test_what_is_not_xml_is_refused(text: str) -> None:
    """Text that is not well-formed XML is 12100."""
    with pytest.raises(TwimlFault) as refused:
        parse(text)
    assert refused.value.twiml_code == 12100


BOMB = (
    '<!DOCTYPE Response [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<Response><Dial><Client>&b;</Client></Dial></Response>"
)
EXTERNAL = (
    '<!DOCTYPE Response [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<Response><Dial><Client>&a;</Client></Dial></Response>"
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        EXTERNAL,
        "<!DOCTYPE Response><Response/>",
        '<!DOCTYPE Response SYSTEM "http://a.example/a.dtd"><Response/>',
        '<!DOCTYPE Response [<!ENTITY % a SYSTEM "http://a.example/a"> %a;]><Response/>',
    ],
)
def test_bombs_and_external_entities_are_refused(text: str) -> None:
    """A document with a DTD is 12100, whatever the DTD says."""
    with pytest.raises(TwimlFault) as refused:
        parse(text)
    assert refused.value.twiml_code == 12100
    assert "DTD" in refused.value.reason


@pytest.mark.parametrize("text", ["<response/>", "<html/>", '<Response xmlns="http://a.example"/>'])
def test_another_root_is_refused(text: str) -> None:
    """A root that is not ``Response``, case included, is 12102."""
    with pytest.raises(TwimlFault) as refused:
        parse(text)
    assert refused.value.twiml_code == 12102


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("<Say>hello</Say>", "Say is not supported yet"),
        ("<Gather/>", "Gather is not supported yet"),
        ("<dial/>", "dial is unknown"),
        ("<Dance/>", "Dance is unknown"),
    ],
)
def test_a_verb_that_cannot_be_run_is_skipped(text: str, part: str) -> None:
    """The rest of the document stays; a warning 12200 names the verb."""
    codes, document = warned(f"{text}<Hangup/>")
    assert codes == [12200]
    assert part in document.warnings[0].text
    assert document.verbs == (Hangup(),)


@pytest.mark.parametrize(
    ("text", "code", "verb"),
    [
        ('<Dial timeout="soon"/>', 13212, Dial(clients=())),
        ('<Dial timeout="0"/>', 13212, Dial(clients=())),
        ('<Dial timeout="-1"/>', 13212, Dial(clients=())),
        ('<Dial timeout="1.5"/>', 13212, Dial(clients=())),
        ('<Dial timeout="٣"/>', 13212, Dial(clients=())),
        ('<Dial timeout="99999999999999999999"/>', 13212, Dial(clients=())),
        ('<Dial timeLimit="x"/>', 13216, Dial(clients=())),
        ('<Dial action="/a" method="PUT"/>', 13210, Dial(clients=(), action=Endpoint("/a"))),
        ('<Dial answerOnBridge="yes"/>', 13219, Dial(clients=())),
        ('<Dial record="true"/>', 12200, Dial(clients=())),
        ('<Dial Timeout="5"/>', 12200, Dial(clients=())),
        ("<Dial>+15551234567</Dial>", 12200, Dial(clients=())),
        ("<Dial>bob</Dial>", 12200, Dial(clients=())),
        ("<Dial><Number>+15551234567</Number></Dial>", 12200, Dial(clients=())),
        ("<Dial><Say>hello</Say></Dial>", 13215, Dial(clients=())),
        ("<Dial><Client/></Dial>", 12200, Dial(clients=())),
        ('<Pause length="long"/>', 13910, Pause()),
        ("<Pause>5</Pause>", 12200, Pause()),
        ('<Redirect method="PUT">a</Redirect>', 13710, Redirect(endpoint=Endpoint("a"))),
        ("<Redirect>a<b/></Redirect>", 12200, Redirect(endpoint=Endpoint("a"))),
        ('<Reject reason="tired"/>', 13810, Reject()),
        ("<Hangup><Say/></Hangup>", 12200, Hangup()),
        ('<Hangup loudly="true"/>', 12200, Hangup()),
    ],
)
def test_a_mistake_in_a_verb_is_a_warning_under_its_code(text: str, code: int, verb: Verb) -> None:
    """The verb stays, with the default where its value cannot be used."""
    codes, document = warned(text)
    assert codes == [code]
    assert document.verbs == (verb,)


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ('<Client url="/a">bob</Client>', Client(identity="bob")),
        ('<Client Identity="a">bob</Client>', Client(identity="bob")),
        ('<Client statusCallbackEvent="rang">bob</Client>', Client(identity="bob")),
        ("<Client>bob<Say/></Client>", Client(identity="bob")),
        ("<Client>amy<Identity>bob</Identity></Client>", Client(identity="bob")),
        ('<Client>bob<Parameter value="a"/></Client>', Client(identity="bob")),
        ('<Client>bob<Parameter name="" value="a"/></Client>', Client(identity="bob")),
    ],
)
def test_a_mistake_in_a_client_is_a_warning(text: str, client: Client) -> None:
    """The client is rung all the same."""
    codes, document = warned(f"<Dial>{text}</Dial>")
    assert codes == [12200]
    assert document.verbs == (Dial(clients=(client,)),)


def test_the_known_stages_of_a_list_are_kept() -> None:
    """A stage that does not exist is warned of, the others are told."""
    codes, document = warned(
        '<Dial><Client statusCallback="/s" statusCallbackEvent="ringing rang">bob</Client></Dial>'
    )
    assert codes == [12200]
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    assert verb.clients[0].status_callback_events == {CallEvent.RINGING}
    assert verb.clients[0].status_callback == Endpoint("/s")


def test_parameters_may_repeat_and_may_be_empty() -> None:
    """Parameters are kept in order, with their repeats; a missing value is empty."""
    verb = only(
        "<Dial><Client><Identity>bob</Identity>"
        '<Parameter name="a" value="1"/><Parameter name="a" value=""/><Parameter name="b"/>'
        "</Client></Dial>"
    )
    assert isinstance(verb, Dial)
    assert verb.clients[0].parameters == (
        Parameter("a", "1"),
        Parameter("a", ""),
        Parameter("b", ""),
    )


def test_a_dial_rings_ten_clients_at_most() -> None:
    """What is over ten is left out with a warning."""
    codes, document = warned("<Dial>" + "<Client>bob</Client>" * 12 + "</Dial>")
    assert codes == [12200]
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    assert len(verb.clients) == 10


def test_an_identity_over_the_limit_is_left_out() -> None:
    """256 characters ring, 257 do not."""
    codes, document = warned(
        f"<Dial><Client>{'a' * 256}</Client><Client>{'b' * 257}</Client></Dial>"
    )
    assert codes == [12200]
    assert document.verbs == (Dial(clients=(Client(identity="a" * 256),)),)


def test_a_redirect_to_nowhere_is_skipped() -> None:
    """A ``<Redirect>`` without a URL would fetch the same document for ever."""
    codes, document = warned("<Redirect> </Redirect><Hangup/>")
    assert codes == [12200]
    assert document.verbs == (Hangup(),)


def test_text_and_attributes_of_the_root_are_warned_of() -> None:
    """Text beside the verbs, and attributes of ``Response``, are read over."""
    document = parse('<Response version="2">hello<Hangup/></Response>')
    assert [warning.code for warning in document.warnings] == [12200, 12200]
    assert document.verbs == (Hangup(),)


def test_warnings_have_a_limit() -> None:
    """A document of nothing but mistakes gives a bounded list that says how many there were."""
    _, document = warned("<A/>" * 1000)
    assert len(document.warnings) == MAX_WARNINGS + 1
    assert document.warnings[-1] == TwimlWarning(12200, f"{1000 - MAX_WARNINGS} more warnings")


def test_a_warning_repeats_little_of_a_long_name() -> None:
    """A name of ten thousand characters does not travel on."""
    _, document = warned(f"<{'A' * 10_000}/>")
    assert len(document.warnings[0].text) < 100


def test_depth_does_not_exhaust_the_stack() -> None:
    """A document nested thousands deep is read or refused like any other."""
    codes, _ = warned("<A>" * 9000 + "</A>" * 9000)
    assert codes == [12200]


@given(st.text())
def test_any_text_is_a_document_or_a_fault(text: str) -> None:
    """Whatever a server answers, there is a document or a ``TwimlFault``."""
    with contextlib.suppress(TwimlFault):
        parse(text)


NAMES = st.sampled_from(
    ["Dial", "Client", "Identity", "Parameter", "Pause", "Redirect", "Reject", "Say", "x"]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["action", "method", "timeout", "name", "value", "length", "statusCallbackEvent", "reason"]
    ),
    st.text("a0 -/", max_size=4),
    max_size=3,
)


def element(name: str, attributes: dict[str, str], inner: list[str]) -> str:
    """Write an element."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(inner)}</{name}>"


ELEMENTS = st.recursive(
    st.text("ab1 ", max_size=4),
    lambda inner: st.builds(element, NAMES, ATTRIBUTES, st.lists(inner, max_size=3)),
    max_leaves=12,
)


@given(st.lists(ELEMENTS, max_size=4))
def test_any_tree_of_known_names_is_a_document(trees: list[str]) -> None:
    """Known names in any arrangement never raise, and a dial never rings nobody's name."""
    document = parse(f"<Response>{''.join(trees)}</Response>")
    for verb in document.verbs:
        if isinstance(verb, Dial):
            assert all(client.identity for client in verb.clients)
            assert verb.timeout_seconds > 0
