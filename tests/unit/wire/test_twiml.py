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
    Gather,
    Hangup,
    Number,
    Parameter,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    TwimlWarning,
    Verb,
)
from midcall.wire.twiml import parse
from midcall.wire.twiml_elements import MAX_WARNINGS
from midcall.wire.twiml_table import ELEMENTS


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
                nouns=(
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
        nouns=(Client(identity="bob"),), timeout_seconds=30, time_limit_seconds=14_400
    )


def test_several_clients_are_rung_in_their_order() -> None:
    """Every ``<Client>`` of a ``<Dial>`` is kept, in order."""
    verb = only("<Dial><Client>b</Client><Client>a</Client></Dial>")
    assert isinstance(verb, Dial)
    assert verb.nouns == (Client(identity="b"), Client(identity="a"))


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
    assert verb == Dial(nouns=(Client(identity="José"),))


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
        ("<Record/>", "Record in Response is refused: nothing is recorded"),
        ("<Start><Stream/></Start>", "Start in Response is refused"),
        ("<dial/>", "dial does not belong in Response"),
        ("<Dance/>", "Dance does not belong in Response"),
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
        ('<Dial timeout="soon"/>', 13212, Dial(nouns=())),
        ('<Dial timeout="0"/>', 13212, Dial(nouns=())),
        ('<Dial timeout="-1"/>', 13212, Dial(nouns=())),
        ('<Dial timeout="1.5"/>', 13212, Dial(nouns=())),
        ('<Dial timeout="٣"/>', 13212, Dial(nouns=())),
        ('<Dial timeout="99999999999999999999"/>', 13212, Dial(nouns=())),
        ('<Dial timeLimit="x"/>', 13216, Dial(nouns=())),
        ('<Dial action="/a" method="PUT"/>', 13210, Dial(nouns=(), action=Endpoint("/a"))),
        ('<Dial answerOnBridge="yes"/>', 13219, Dial(nouns=())),
        ('<Dial record="true"/>', 12200, Dial(nouns=())),
        ('<Dial Timeout="5"/>', 12200, Dial(nouns=())),
        ('<Dial hangupOnStar="1"/>', 13213, Dial(nouns=())),
        ('<Dial sequential="yes"/>', 13218, Dial(nouns=())),
        ('<Dial ringTone="loud"/>', 13220, Dial(nouns=())),
        ('<Dial events="ringing"/>', 12200, Dial(nouns=())),
        ("<Dial>bob</Dial>", 13223, Dial(nouns=())),
        ("<Dial><Number>bob</Number></Dial>", 13223, Dial(nouns=())),
        ("<Dial><Number>+0123</Number></Dial>", 13223, Dial(nouns=())),
        ("<Dial><Number/></Dial>", 13223, Dial(nouns=())),
        ("<Dial><Sip>sip:bob@a.example</Sip></Dial>", 12200, Dial(nouns=())),
        (
            "<Dial>+15551234567<Client>bob</Client></Dial>",
            12200,
            Dial(nouns=(Client(identity="bob"),)),
        ),
        ("<Dial><Say>hello</Say></Dial>", 13215, Dial(nouns=())),
        ("<Dial><Client/></Dial>", 12200, Dial(nouns=())),
        ('<Pause length="long"/>', 13910, Pause()),
        ("<Pause>5</Pause>", 12200, Pause()),
        ('<Say loop="-1">a</Say>', 13510, Say(text="a")),
        ('<Say language="!">a</Say>', 13512, Say(text="a")),
        (f"<Say>{'a' * 4097}</Say>", 13521, Say(text="a" * 4096)),
        ('<Play loop="x">a.wav</Play>', 13410, Play(url="a.wav")),
        ('<Play digits="12x">a.wav</Play>', 13430, Play(url="a.wav")),
        ('<Play digits="12">a.wav</Play>', 12200, Play(url="a.wav")),
        ('<Gather finishOnKey="A"/>', 13310, Gather()),
        ('<Gather finishOnKey="#*"/>', 13311, Gather()),
        ('<Gather method="PUT"/>', 13312, Gather()),
        ('<Gather timeout="auto"/>', 13313, Gather()),
        ('<Gather numDigits="0"/>', 13314, Gather()),
        ("<Gather><Dial/></Gather>", 13320, Gather()),
        ('<Gather><Say loop="x">a</Say></Gather>', 13322, Gather(prompts=(Say(text="a"),))),
        ('<Gather input="fax"/>', 13326, Gather()),
        ('<Gather input="speech"/>', 12200, Gather()),
        ('<Gather input="dtmf speech"/>', 12200, Gather()),
        ('<Gather actionOnEmptyResult="1"/>', 13338, Gather()),
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


ONE_PARAMETER = Client(identity="bob", parameters=(Parameter("a", "1"),))


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ('<Client clientNotificationUrl="/a">bob</Client>', Client(identity="bob")),
        ('<Client url="/a" method="PUT">bob</Client>', Client(identity="bob", url=Endpoint("/a"))),
        ('<Client>bob<Parameter name="a" value="1">b</Parameter></Client>', ONE_PARAMETER),
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
    assert document.verbs == (Dial(nouns=(client,)),)


def test_the_known_stages_of_a_list_are_kept() -> None:
    """A stage that does not exist is warned of, the others are told."""
    codes, document = warned(
        '<Dial><Client statusCallback="/s" statusCallbackEvent="ringing rang">bob</Client></Dial>'
    )
    assert codes == [12200]
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    assert verb.nouns[0].status_callback_events == {CallEvent.RINGING}
    assert verb.nouns[0].status_callback == Endpoint("/s")


def test_parameters_may_repeat_and_may_be_empty() -> None:
    """Parameters are kept in order, with their repeats; a missing value is empty."""
    verb = only(
        "<Dial><Client><Identity>bob</Identity>"
        '<Parameter name="a" value="1"/><Parameter name="a" value=""/><Parameter name="b"/>'
        "</Client></Dial>"
    )
    parameters = (Parameter("a", "1"), Parameter("a", ""), Parameter("b", ""))
    assert verb == Dial(nouns=(Client(identity="bob", parameters=parameters),))


def test_every_attribute_of_a_dial_counts() -> None:
    """A ``<Dial>`` that says everything comes out with all of it, its nouns in their order."""
    verb = only(
        '<Dial hangupOnStar="true" ringTone="de" sequential="true" events="call-progress-event">'
        '<Number url="/a" sendDigits="wW1#" statusCallback="/s" statusCallbackMethod="GET"'
        ' statusCallbackEvent="answered">+15551234567</Number>'
        '<Client url="/b" method="GET">bob</Client>'
        "</Dial>"
    )
    assert verb == Dial(
        nouns=(
            Number(
                number="+15551234567",
                send_digits="www1#",
                url=Endpoint("/a"),
                status_callback=Endpoint("/s", Method.GET),
                status_callback_events=frozenset({CallEvent.ANSWERED}),
            ),
            Client(identity="bob", url=Endpoint("/b", Method.GET)),
        ),
        hangup_on_star=True,
        ring_tone="de",
        sequential=True,
        progress_events=True,
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+15551234567", "+15551234567"),
        (" +49 (30) 1234-567 ", "+49301234567"),
        ("415-123-4567", "+14151234567"),
        ("1 415.123.4567", "+14151234567"),
    ],
)
def test_the_text_of_a_dial_may_be_a_number(text: str, number: str) -> None:
    """A number in ``<Dial>`` itself is called as one in ``<Number>`` is, in E.164."""
    dialled = Dial(nouns=(Number(number=number),))
    assert only(f"<Dial>{text}</Dial>") == dialled
    assert only(f"<Dial><Number>{text}</Number></Dial>") == dialled


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("<Say> Hello,\n  Bob. </Say>", Say(text="Hello, Bob.")),
        ('<Say language="de-DE" loop="0">Ja</Say>', Say(text="Ja", language="de-DE", loop=0)),
        ("<Play>https://a.example/a.mp3</Play>", Play(url="https://a.example/a.mp3")),
        ('<Play loop="3">a.wav</Play>', Play(url="a.wav", loop=3)),
        ('<Play digits="1w2"/>', Play(digits="1w2")),
        ("<Gather/>", Gather()),
        ('<Gather finishOnKey=""/>', Gather(finish_on_key="")),
        ('<Gather input="dtmf" finishOnKey="*"/>', Gather(finish_on_key="*")),
        (
            '<Gather action="/g" method="GET" timeout="3" numDigits="4" actionOnEmptyResult="true">'
            '<Say>a</Say><Pause length="2"/><Play>b</Play></Gather>',
            Gather(
                prompts=(Say(text="a"), Pause(length_seconds=2), Play(url="b")),
                action=Endpoint("/g", Method.GET),
                timeout_seconds=3,
                num_digits=4,
                action_on_empty_result=True,
            ),
        ),
    ],
)
def test_what_is_heard_and_pressed_is_understood(text: str, verb: Verb) -> None:
    """Say, Play and Gather come out as they are written."""
    assert only(text) == verb


def test_markup_in_speech_leaves_its_text() -> None:
    """The text of SSML is spoken where it stands; each name is warned of once."""
    codes, document = warned(
        '<Say>One <break/><emphasis level="strong">two <sub alias="x">three</sub></emphasis>'
        "<break/>, four</Say>"
    )
    assert document.verbs == (Say(text="One two three, four"),)
    assert codes == [12200] * 3
    assert [warning.text.split()[1] for warning in document.warnings] == [
        "break",
        "emphasis",
        "sub",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [("<Say> </Say>", 13520), ("<Play/>", 12200), ('<Play digits="x"/>', 13430)],
)
def test_a_prompt_that_nobody_would_hear_is_skipped(text: str, code: int) -> None:
    """A prompt without text, URL or digits is left out, in the document and in a ``<Gather>``."""
    codes, document = warned(f"{text}<Hangup/>")
    assert code in codes
    assert document.verbs == (Hangup(),)
    codes, document = warned(f"<Gather>{text}</Gather>")
    assert code in codes
    assert document.verbs == (Gather(),)


def test_a_dial_rings_ten_clients_at_most() -> None:
    """What is over ten is left out with a warning."""
    codes, document = warned("<Dial>" + "<Client>bob</Client>" * 12 + "</Dial>")
    assert codes == [12200]
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    assert len(verb.nouns) == 10


def test_an_identity_over_the_limit_is_left_out() -> None:
    """256 characters ring, 257 do not."""
    codes, document = warned(
        f"<Dial><Client>{'a' * 256}</Client><Client>{'b' * 257}</Client></Dial>"
    )
    assert codes == [12200]
    assert document.verbs == (Dial(nouns=(Client(identity="a" * 256),)),)


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


NAMES = st.sampled_from(sorted({one.name for one in ELEMENTS} | {"x"}))
ATTRIBUTES = st.dictionaries(
    st.sampled_from(sorted({attribute.name for one in ELEMENTS for attribute in one.attributes})),
    st.text("a0 -/#", max_size=4),
    max_size=3,
)


def element(name: str, attributes: dict[str, str], inner: list[str]) -> str:
    """Write an element."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(inner)}</{name}>"


TREES = st.recursive(
    st.text("ab1 ", max_size=4),
    lambda inner: st.builds(element, NAMES, ATTRIBUTES, st.lists(inner, max_size=3)),
    max_leaves=12,
)


@given(st.lists(TREES, max_size=4))
def test_any_tree_of_known_names_is_a_document(trees: list[str]) -> None:
    """Known names in any arrangement never raise, and a dial never rings nobody's name."""
    document = parse(f"<Response>{''.join(trees)}</Response>")
    for verb in document.verbs:
        if isinstance(verb, Dial):
            assert all(noun.identity for noun in verb.nouns if isinstance(noun, Client))
            assert all(noun.number for noun in verb.nouns if isinstance(noun, Number))
            assert verb.timeout_seconds > 0
