"""The OpenAPI document: whole in itself, and holding what the original's has."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from midcall.rest import openapi, routes

ORIGINAL = Path(__file__).parents[4] / "shared" / "openapi-subset.json"

DOCUMENT: dict[str, Any] = json.loads(msgspec.json.encode(routes.document()))

REASONS: dict[tuple[str, str], str] = {}
"""What of the original's operations is left out, by path and name, and why. Nothing is yet."""


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation with its method and path, placeholders nameless."""
    for path, item in document["paths"].items():
        for method in ("get", "post", "delete"):
            if method in item:
                yield method, path, item[method]


def nameless(path: str) -> str:
    """Return a path whose placeholders have no names: ours say what kind of SID they are."""
    return re.sub(r"\{\w+\}", "{}", path)


def parameters(operation: Mapping[str, Any]) -> set[str]:
    """Return the names of an operation's parameters, except the path's."""
    names = {one["name"] for one in operation.get("parameters", ()) if one["in"] != "path"}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        names |= set(content["schema"]["properties"])
    return names


def fields(document: Mapping[str, Any], operation: Mapping[str, Any]) -> set[str]:
    """Return the fields of an operation's answer, of a list's items as ``[].name``."""
    (answer,) = (
        response for status, response in operation["responses"].items() if status != "default"
    )
    if "content" not in answer:
        return set()
    return set(_fields(document, answer["content"]["application/json"]["schema"], ""))


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, property in schema.get("properties", {}).items():
        yield at + name
        yield from _fields(document, property, f"{at}{name}.")
    if "items" in schema:
        yield from _fields(document, schema["items"], f"{at}[].")


def references(part: object) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        yield from (found for value in part.values() for found in references(value))
    elif isinstance(part, list):
        yield from (found for value in part for found in references(value))


def test_every_reference_leads_somewhere() -> None:
    """No schema is named that is not there, and none is there for nothing."""
    named = {reference.rpartition("/")[2] for reference in references(DOCUMENT)}
    assert named == set(DOCUMENT["components"]["schemas"])


def test_every_schema_is_one() -> None:
    """Each is valid JSON Schema (OpenAPI 3.1, section 4.8.24)."""
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_have_names_of_their_own() -> None:
    """An ``operationId`` names one operation (OpenAPI 3.1, section 4.8.10)."""
    names = [operation["operationId"] for _, _, operation in operations(DOCUMENT)]
    assert len(names) == len(set(names)) > 40


def test_every_path_parameter_is_described() -> None:
    """What stands in braces in a path is a parameter of each of its operations."""
    for _, path, operation in operations(DOCUMENT):
        described = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
        assert described == re.findall(r"\{(\w+)\}", path)


def test_a_resource_has_all_of_its_fields_and_no_other() -> None:
    """An answer leaves nothing out and adds nothing, so a client may rely on every field."""
    call = DOCUMENT["components"]["schemas"]["CallResource"]
    assert set(call["required"]) == set(call["properties"])
    assert call["additionalProperties"] is False
    assert "default" not in call["properties"]["price_unit"]


def test_a_parameter_without_effect_says_so() -> None:
    """``Record`` of a call is taken and does nothing; ``To`` is not marked."""
    create = DOCUMENT["paths"]["/2010-04-01/Accounts/{AccountSid}/Calls.json"]["post"]
    form = create["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form["properties"]["Record"][openapi.SUPPORT] == "accepted and ignored"
    assert openapi.SUPPORT not in form["properties"]["To"]
    assert form["required"] == ["To", "From"]


def test_a_stream_is_described_as_events() -> None:
    """It has a content type of its own, the header that a client comes back with, and an end."""
    stream = DOCUMENT["paths"]["/2010-04-01/Accounts/{AccountSid}/UserDefinedMessages/Stream.json"]
    described = stream["get"]
    assert set(described["responses"]) == {"200", "204", "default"}
    assert list(described["responses"]["200"]["content"]) == ["text/event-stream"]
    where = {one["name"]: one["in"] for one in described["parameters"]}
    assert where == {"AccountSid": "path", "Last-Event-ID": "header", "LastEventId": "query"}


def test_a_create_need_not_have_a_reply() -> None:
    """``reply`` is described, and not promised."""
    created = DOCUMENT["components"]["schemas"]["CreatedUserDefinedMessageResource"]
    assert "reply" in created["properties"]
    assert created["required"] == ["account_sid", "call_sid", "date_created", "sid"]
    problem = DOCUMENT["components"]["schemas"]["Problem"]
    assert set(problem["properties"]) - set(problem["required"]) == {"details"}


def test_what_the_original_does_not_have_says_so() -> None:
    """``ReplyTimeout`` is midcall's own; ``Content`` is not."""
    path = "/2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}/UserDefinedMessages.json"
    body = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
    form = body["application/x-www-form-urlencoded"]["schema"]
    own = {name for name, one in form["properties"].items() if openapi.SUPPORT in one}
    assert own == {"StatusCallback", "StatusCallbackMethod", "ReplyTimeout"}


@pytest.fixture(scope="module")
def original() -> dict[str, Any]:
    """Return the original's description, where it is at hand."""
    if not ORIGINAL.is_file():
        pytest.skip("the original's description is not at hand")
    read: dict[str, Any] = json.loads(ORIGINAL.read_text())
    return read


def served(original: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the original's operations, without those that are not served for a reason."""
    for method, path, operation in operations(original):
        if not any(path.startswith(prefix) for prefix in openapi.NOT_SERVED):
            yield method, path, operation


def test_nothing_of_the_original_is_missing_without_a_reason(original: dict[str, Any]) -> None:
    """Every operation, parameter and field of the resources that are served is here too."""
    ours = {(method, nameless(path)): one for method, path, one in operations(DOCUMENT)}
    missing: set[tuple[str, str]] = set()
    for method, path, theirs in served(original):
        one = ours.get((method, nameless(path)))
        if one is None:
            missing.add((path, method))
            continue
        missing |= {(path, name) for name in parameters(theirs) - parameters(one)}
        missing |= {(path, name) for name in fields(original, theirs) - fields(DOCUMENT, one)}
    assert missing == set(REASONS)


def test_what_is_required_there_is_required_here(original: dict[str, Any]) -> None:
    """A parameter that the original requires is no less required here."""
    ours = {(method, nameless(path)): one for method, path, one in operations(DOCUMENT)}
    for method, path, theirs in served(original):
        assert required(theirs) <= required(ours[method, nameless(path)]), path


def required(operation: Mapping[str, Any]) -> set[str]:
    """Return the names of the required parameters of a form."""
    return {
        name
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name in content["schema"].get("required", ())
    }


def test_every_reason_is_about_something(original: dict[str, Any]) -> None:
    """A path that is not served for a reason is one of the original's."""
    for prefix in openapi.NOT_SERVED:
        assert any(path.startswith(prefix) for path in original["paths"])
