"""The nouns: calls, user-defined messages, endpoints, TwiML verbs, outbox entries, errors.

Nothing here decides, parses or talks to anyone. Records are frozen ``msgspec.Struct``s: a call's
whole state is written to the store as one document after every decision, and a struct with a tag
survives that trip where a plain dataclass in a union would not (docs/decisions/0002).
"""
