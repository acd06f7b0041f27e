"""The OpenAPI 3.1 document of the REST API, made of the tables and classes that serve it.

Parameters come from the operations' declarations, answers from the resources' classes, sentences
from the docstrings of the verbs, and errors from the one shape that all of them have.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

import midcall
from midcall.rest.operations import PATH_NAMES, Events, Field, Listing, Operation, Place, Support
from midcall.wire.listings import Envelope, Meta
from midcall.wire.problems import Problem

Schema = dict[str, Any]

NOT_SERVED: Final[Mapping[str, str]] = {
    "/2010-04-01/Accounts/{AccountSid}/Conferences": "not in this version",
    "/2010-04-01/Accounts/{AccountSid}/SIP": "calls come over WebRTC only",
}
"""Paths of the original, with everything below them, that are not served, and why."""

SUPPORT: Final = "x-midcall-support"
"""What becomes of a parameter, where it is not simply supported."""

_REF: Final = "#/components/schemas/{name}"
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream"


def document(places: Iterable[tuple[str, Place]]) -> dict[str, Any]:
    """Return the document of what is at each path."""
    at = tuple(places)
    schemas = Schemas(
        _types(operation for _, place in at for operation in place.operations.values())
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "midcall",
            "version": midcall.__version__,
            "description": "The REST API of midcall: calls, and messages in the middle of them, in "
            "the shapes of Twilio's 2010-04-01 API.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": {
            path: {
                method.lower(): _operation(path, operation, schemas)
                for method, operation in sorted(place.operations.items())
            }
            for path, place in at
        },
        "components": {
            "schemas": schemas.named,
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "An account's SID and its auth token, or an API key's SID and "
                    "its secret.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of a session of the console, as good as the "
                    "account's own.",
                },
            },
        },
    }


class Schemas:
    """The schemas of all types of an API, those with a name as references to the components."""

    def __init__(self, types: Iterable[Any]) -> None:
        every = [*types, Problem, Meta]
        found, named = msgspec.json.schema_components(every, ref_template=_REF)
        self._found = {repr(type_): schema for type_, schema in zip(every, found, strict=True)}
        self.named = {name: _as_sent(schema) for name, schema in sorted(named.items())}

    def of(self, type_: Any) -> Schema:
        """Return a type's schema."""
        return dict(self._found[repr(type_)])


def _types(operations: Iterable[Operation]) -> Iterator[Any]:
    for operation in operations:
        fields = (*operation.headers, *operation.query, *operation.form)
        yield from (field.type for field in fields)
        match operation.answer:
            case None:
                pass
            case Listing(item=item) | Events(item=item):
                yield item
            case answer:
                yield answer


def _as_sent(schema: Schema) -> Schema:
    """Require what has a default as well: an answer always has it."""
    properties: dict[str, Schema] = schema.get("properties", {})
    with_default = [name for name, property in properties.items() if "default" in property]
    if not properties:
        return schema
    return {
        **schema,
        "properties": {
            name: {key: value for key, value in property.items() if key != "default"}
            for name, property in properties.items()
        },
        "required": sorted({*schema.get("required", ()), *with_default}),
    }


def _operation(path: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": _summary(operation.verb.__doc__ or ""),
        "parameters": [
            *(_path_parameter(name) for name in _PLACEHOLDER.findall(path)),
            *(_parameter(field, "header", schemas) for field in operation.headers),
            *(_parameter(field, "query", schemas) for field in operation.query),
        ],
        "responses": {
            **_responses(operation, schemas),
            "default": {
                "description": "What went wrong",
                "content": {_JSON: {"schema": schemas.of(Problem)}},
            },
        },
    }
    if operation.form:
        described["requestBody"] = {
            "required": any(field.required for field in operation.form),
            "content": {_FORM: {"schema": _form(operation.form, schemas)}},
        }
    return described


def _summary(docstring: str) -> str:
    return docstring.strip().partition("\n")[0].removesuffix(".").replace("``", "`")


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": PATH_NAMES[name].pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(field: Field, where: str, schemas: Schemas) -> dict[str, Any]:
    schema = _field_schema(field, schemas)
    about = schema.pop("description", None)
    parameter = {"name": field.name, "in": where, "required": field.required, "schema": schema}
    return parameter | ({"description": about} if about else {})


def _form(fields: Sequence[Field], schemas: Schemas) -> Schema:
    properties = {field.name: _field_schema(field, schemas) for field in fields}
    required = [field.name for field in fields if field.required]
    return {"type": "object", "properties": properties} | (
        {"required": required} if required else {}
    )


def _field_schema(field: Field, schemas: Schemas) -> Schema:
    schema = schemas.of(field.type)
    if field.about:
        schema["description"] = field.about
    if field.support is not Support.SUPPORTED:
        schema[SUPPORT] = field.support.value
    return schema


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    """Return the successes of an operation, by their status."""
    match operation.answer:
        case None:
            return {str(operation.status): {"description": "Done; the answer is empty"}}
        case Events(item=item):
            return {
                str(operation.status): {
                    "description": "Server-sent events, each with this as JSON in one `data` line",
                    "content": {_EVENTS: {"schema": schemas.of(item)}},
                },
                "204": {"description": "There is nothing to come any more; do not ask again"},
            }
        case Listing() as listing:
            return _success(operation, "A page of the list", _page(listing, schemas))
        case answer:
            return _success(operation, "The resource", schemas.of(answer))


def _success(operation: Operation, description: str, schema: Schema) -> dict[str, Any]:
    content = {_JSON: {"schema": schema}}
    return {str(operation.status): {"description": description, "content": content}}


def _page(listing: Listing, schemas: Schemas) -> Schema:
    """Return the schema of a page: what the envelope has, and the items among it."""
    items = {"type": "array", "items": schemas.of(listing.item)}
    if listing.meta:
        properties = {"meta": schemas.of(Meta)}
    else:
        _, envelope = msgspec.json.schema_components([Envelope], ref_template=_REF)
        properties = envelope[Envelope.__name__]["properties"]
    properties = {**properties, listing.name: items}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
