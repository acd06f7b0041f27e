"""Templates: values become text, whatever they are, and nothing else happens."""

import contextlib
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midcall.model.errors import TwimlFault
from midcall.model.twiml import Client, Dial, Parameter
from midcall.wire import templates
from midcall.wire.twiml import parse

DEFAULT = (
    "<Response><Dial><Client><Identity>{{To}}</Identity>"
    '{{#Parameters}}<Parameter name="{{name}}" value="{{value}}"/>{{/Parameters}}'
    "</Client></Dial></Response>"
)

XML_TEXT = st.text(
    st.characters(codec="utf-8", min_codepoint=0x20, exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r")
)


def test_a_request_fills_a_template_in() -> None:
    """The default application's document dials whom the caller named, with the caller's own."""
    text = templates.render(
        DEFAULT, {"To": "bob", "From": "client:amy"}, [Parameter("To", "bob"), Parameter("a", "1")]
    )
    assert parse(text).verbs == (
        Dial(
            nouns=(
                Client(identity="bob", parameters=(Parameter("To", "bob"), Parameter("a", "1"))),
            )
        ),
    )


@given(name=XML_TEXT.filter(bool), value=XML_TEXT)
@example(name='"/><Hangup/><x y="', value="{{To}}{{{To}}}")
@example(name="]]>", value="<!-- &amp; -->")
def test_values_are_text_and_never_markup(name: str, value: str) -> None:
    """Whatever a caller gives, the document keeps its shape and the value arrives unchanged."""
    text = templates.render(DEFAULT, {"To": "bob"}, [Parameter(name, value)])
    (verb,) = parse(text).verbs
    assert verb == Dial(nouns=(Client(identity="bob", parameters=(Parameter(name, value),)),))


@given(st.text())
def test_escaped_text_is_well_formed(text: str) -> None:
    """Any text at all can stand in an element and in an attribute after escaping."""
    escaped = templates.escape(text)
    fromstring(f'<a b="{escaped}">{escaped}</a>')


def test_characters_that_xml_has_not_are_replaced() -> None:
    """A control character from a caller does not break the document."""
    text = templates.render("<a>{{To}}</a>", {"To": "a\x00\x1b\ud800b"}, [])
    assert text == "<a>a\ufffd\ufffd\ufffdb</a>"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{To}}", "bob"),
        ("{{ To }}", "bob"),
        ("{{Missing}}", ""),
        ("{{#To}}yes{{/To}}{{^To}}no{{/To}}", "yes"),
        ("{{#Missing}}yes{{/Missing}}{{^Missing}}no{{/Missing}}", "no"),
        ("{{#Empty}}yes{{/Empty}}{{^Empty}}no{{/Empty}}", "no"),
        ("{{#Parameters}}{{name}}={{value}} to {{To}};{{/Parameters}}", "a=1 to bob;b=2 to bob;"),
        ("{{^Parameters}}none{{/Parameters}}", ""),
        ("{{#To}}{{#Parameters}}{{name}}{{/Parameters}}{{/To}}", "ab"),
        ("{{! a comment }}x", "x"),
        ("{{=<% %>=}}<% To %>", "bob"),
        ("no tags", "no tags"),
        ("", ""),
    ],
)
def test_mustache_means_what_its_manual_says(template: str, expected: str) -> None:
    """Variables, sections, inverted sections, comments and delimiters work."""
    own = [Parameter("a", "1"), Parameter("b", "2")]
    assert templates.render(template, {"To": "bob", "Empty": ""}, own) == expected


def test_an_empty_list_shows_its_inverted_section() -> None:
    """``{{^Parameters}}`` stands for a caller that gave none."""
    assert templates.render("{{^Parameters}}none{{/Parameters}}", {}, []) == "none"


def test_the_list_wins_over_a_parameter_of_its_name() -> None:
    """A caller's parameter that is called ``Parameters`` does not hide the list."""
    own = [Parameter("Parameters", "mine")]
    text = templates.render("{{#Parameters}}{{value}}{{/Parameters}}", {"Parameters": "mine"}, own)
    assert text == "mine"


@pytest.mark.parametrize(
    "template",
    [
        "{{To",
        "{{}}",
        "{{#To}}",
        "{{/To}}",
        "{{#To}}{{/From}}",
        "{{{To}}}",
        "{{&To}}",
        "{{>partial}}",
        "{{=}}",
        "{{#Parameters}}{{#Parameters}}x{{/Parameters}}{{/Parameters}}",
        "".join(f"{{{{#a{i}}}}}" for i in range(17))
        + "".join(f"{{{{/a{i}}}}}" for i in reversed(range(17))),
        "x" * (templates.TEMPLATE_CHARACTERS + 1),
    ],
    ids=lambda text: text[:40],
)
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    """It is 12100 when it is checked and when it is filled in."""
    with pytest.raises(TwimlFault) as refused:
        templates.check(template)
    assert refused.value.twiml_code == 12100
    with pytest.raises(TwimlFault):
        templates.render(template, {"To": "bob"}, [])


@pytest.mark.parametrize(
    "name", ["To.upper", "To.__class__", "__class__", "items", "keys", "pop", "fields.0", "."]
)
def test_a_name_is_looked_up_among_the_parameters_only(name: str) -> None:
    """No attribute or method of a Python object can be reached, called or shown."""
    assert templates.render(f"{{{{{name}}}}}", {"To": "bob"}, []) == ""
    section = f"{{{{#{name}}}}}seen{{{{/{name}}}}}"
    assert templates.render(section, {"To": "bob"}, [Parameter("a", "b")]) == ""


def test_no_file_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partial is refused even where a file of its name lies in the working directory."""
    (tmp_path / "secret.mustache").write_text("secret")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TwimlFault):
        templates.render("{{>secret}}", {}, [])


def test_a_document_that_grows_too_large_is_given_up() -> None:
    """Many parameters times a long section is 11750, not a full memory."""
    template = "{{#Parameters}}" + "x" * 16_000 + "{{/Parameters}}"
    with pytest.raises(TwimlFault) as refused:
        templates.render(template, {}, [Parameter("a", "b")] * 400)
    assert refused.value.twiml_code == 11750


@given(st.text("{}#^/&>=!.ab \n", max_size=40))
def test_any_template_is_filled_in_or_refused(template: str) -> None:
    """Braces in any arrangement give text or a ``TwimlFault``."""
    with contextlib.suppress(TwimlFault):
        templates.render(template, {"a": "1"}, [Parameter("b", "2")])
