"""The table of TwiML: what it says is what the reader does."""

import re
from pathlib import Path

import pytest

from midcall.wire.twiml import parse
from midcall.wire.twiml_table import ELEMENTS, Attribute, Element, Support, find

VALUES = {
    "action": "/next",
    "callerId": "client:desk",
    "digits": "12",
    "events": "call-progress-event",
    "finishOnKey": "*",
    "input": "dtmf",
    "language": "de-DE",
    "name": "a",
    "reason": "busy",
    "ringTone": "de",
    "sendDigits": "12",
    "statusCallback": "/status",
    "statusCallbackEvent": "ringing",
    "url": "/whisper",
    "value": "1",
    "answerOnBridge": "true",
    "hangupOnStar": "true",
    "sequential": "true",
    "actionOnEmptyResult": "true",
    "method": "GET",
    "statusCallbackMethod": "GET",
}
"""A value of each supported attribute that is not its default; a number where none is named."""

NEEDED = {"method": "url action", "statusCallbackMethod": "statusCallback", "value": "name"}
"""Attributes without which another has no effect."""

TEXTS = {
    "Client": "bob",
    "Identity": "bob",
    "Number": "+15551234567",
    "Say": "hello",
    "Play": "",
    "Redirect": "/next",
}

PARENTS = {"Dial": "", "Gather": "", "Client": "bob", "Response": ""}


def written(element: Element, parent: str, attributes: dict[str, str]) -> str:
    """Write a document with an element in one of its parents."""
    values = "".join(f' {name}="{value}"' for name, value in attributes.items())
    text = TEXTS.get(element.name, "")
    if element.name == "Play" and "digits" not in attributes:
        text = "a.wav"
    inner = f"<{element.name}{values}>{text}</{element.name}>"
    if element.name == "Identity":
        inner = f"<Client>{inner}</Client>"
    elif parent != "Response":
        inner = f"<{parent}>{PARENTS[parent]}{inner}</{parent}>"
    if parent == "Client":
        inner = f"<Dial>{inner}</Dial>"
    return f"<Response>{inner}</Response>"


def places(support: Support) -> list[tuple[Element, str]]:
    """Return each supported element in each of its parents, if it has such attributes."""
    return [
        (element, parent)
        for element in ELEMENTS
        for parent in element.within
        if element.support is Support.SUPPORTED
        and any(one.support is support for one in element.attributes)
    ]


def attributes(support: Support) -> list[tuple[Element, str, Attribute]]:
    """Return each attribute of a kind in each place."""
    return [
        (element, parent, one)
        for element, parent in places(support)
        for one in element.attributes
        if one.support is support
    ]


def name_of(value: object) -> str | None:
    """Name a test's parameter."""
    return value.name if isinstance(value, Element | Attribute) else None


def around(element: Element, attribute: Attribute) -> dict[str, str]:
    """Return the attributes that this one needs to have an effect."""
    needed = NEEDED.get(attribute.name, "").split()
    return {name: VALUES[name] for name in needed if element.find_attribute(name)}


@pytest.mark.parametrize(
    ("element", "parent", "attribute"), attributes(Support.SUPPORTED), ids=name_of
)
def test_a_supported_attribute_has_an_effect(
    element: Element, parent: str, attribute: Attribute
) -> None:
    """With it a document says something else than without it, and nothing is warned of."""
    base = around(element, attribute)
    value = VALUES.get(attribute.name, "7")
    document = parse(written(element, parent, base | {attribute.name: value}))
    assert document.warnings == ()
    if (element.name, attribute.name) == ("Gather", "input"):
        return  # Its only value with an effect is its default.
    without = parse(written(element, parent, base))
    assert document.verbs != without.verbs


@pytest.mark.parametrize(
    ("element", "parent", "attribute"), attributes(Support.IGNORED), ids=name_of
)
def test_an_ignored_attribute_is_a_warning_with_its_name(
    element: Element, parent: str, attribute: Attribute
) -> None:
    """It is told under 12200, with the table's note."""
    (warning,) = parse(written(element, parent, {attribute.name: "true"})).warnings
    assert warning.code == 12200
    assert f"attribute {attribute.name} of {element.name} is ignored" in warning.text
    assert attribute.note in warning.text


@pytest.mark.parametrize(
    "element",
    [one for one in ELEMENTS if one.support is Support.REFUSED],
    ids=name_of,
)
def test_a_refused_element_is_left_out_with_a_warning(element: Element) -> None:
    """It is told under 12200 wherever what it stands in is supported, and is not run."""
    for parent in element.within:
        if parent not in {"Response", "Dial"}:
            continue
        document = parse(written(element, parent, {}))
        (warning,) = document.warnings
        assert warning.code == 12200
        assert f"element {element.name} in {parent} is refused: {element.note}" == warning.text
        assert len(document.verbs) == (parent == "Dial")


def test_an_element_is_found_by_its_place() -> None:
    """The same name may be another element elsewhere, or none."""
    assert find("Gather", "Say") is find("Response", "Say")
    assert find("Dial", "Queue") is not find("Response", "Queue")
    assert find("Dial", "Say") is None


def test_no_place_is_taken_twice() -> None:
    """One element for each name in each parent, one attribute for each name in an element."""
    taken = [(parent, one.name) for one in ELEMENTS for parent in one.within]
    assert len(taken) == len(set(taken))
    for one in ELEMENTS:
        names = [attribute.name for attribute in one.attributes]
        assert len(names) == len(set(names)), one.name


LIBRARY = Path(__file__).parents[3] / "node_modules/twilio/lib/twiml"

needs_library = pytest.mark.skipif(
    not LIBRARY.exists(), reason="the official Node library is not installed"
)


@needs_library
def test_every_verb_and_noun_of_the_official_library_is_in_the_table() -> None:
    """What the library can write into a response, a dial, a client or a gather is known."""
    source = (LIBRARY / "VoiceResponse.js").read_text(encoding="utf-8")
    parents = {
        "response": "Response",
        "dial": "Dial",
        "client": "Client",
        "gather": "Gather",
        "say": "Say",
        "start": "Start",
        "stop": "Stop",
        "connect": "Connect",
    }
    found = re.findall(r'this\.(\w+)\.ele\("([\w-]+)"', source)
    known = [(parents[owner], name) for owner, name in found if owner in parents]
    assert len(known) > 50
    assert [place for place in known if find(*place) is None] == []


@needs_library
def test_every_attribute_of_the_official_library_is_in_the_table() -> None:
    """What the library can write into an element that the table has is known."""
    source = (LIBRARY / "VoiceResponse.d.ts").read_text(encoding="utf-8")
    names: dict[str, set[str]] = {}
    for one in ELEMENTS:
        names.setdefault(one.name, set()).update(attribute.name for attribute in one.attributes)
    checked = 0
    for owner, body in re.findall(r"interface (\w+)Attributes \{(.*?)\n    \}", source, re.DOTALL):
        if owner in names:
            checked += 1
            written = set(re.findall(r'^ +"?([\w:-]+)"?\?: ', body, re.MULTILINE))
            assert written - names[owner] == set(), owner
    assert checked > 30
