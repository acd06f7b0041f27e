"""A coffee bar: people call from its app, order by messages, and are answered by messages.

The call's Voice URL is ``/voice``. It subscribes to the call's messages before it answers, so that
none is missed; ``/messages`` gets them, and sends prices back into the call.
"""

import json
import os
from typing import Any

from flask import Flask, Response, abort, request, url_for
from twilio.request_validator import RequestValidator
from twilio.rest import Client

PRICES = {"espresso": 2.2, "cappuccino": 3.1}


def create_app(client: Client, auth_token: str) -> Flask:
    """Make the application. ``client`` is the official library's, ``auth_token`` its account's."""
    app = Flask(__name__)
    validator = RequestValidator(auth_token)

    @app.before_request
    def only_signed() -> None:
        fields: dict[str, Any] = request.get_json() if request.is_json else request.form.to_dict()
        given = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(request.url, fields, given):
            abort(403)

    @app.post("/voice")
    def voice() -> Response:
        callback = url_for("messages", _external=True)
        call = client.calls(request.form["CallSid"])
        call.user_defined_message_subscriptions.create(callback=callback, method="POST")
        document = '<Response><Say>What may it be?</Say><Pause length="600"/></Response>'
        return Response(document, content_type="text/xml")

    @app.post("/messages")
    def messages() -> tuple[str, int]:
        callback = request.get_json()
        order = json.loads(callback["Content"])
        price = PRICES.get(order.get("drink"))
        answer = {"price": price * order["cups"]} if price else {"sorry": "we are out of that"}
        client.calls(callback["CallSid"]).user_defined_messages.create(
            content=json.dumps(answer),
            # Callbacks come at least once: a repeat must not be answered twice.
            idempotency_key=callback["Sid"],
        )
        return "", 204

    return app


def from_environment() -> Flask:
    """Make the application that ``flask --app app:from_environment run`` serves."""
    auth_token = os.environ["TWILIO_AUTH_TOKEN"]
    client = Client(os.environ["TWILIO_ACCOUNT_SID"], auth_token)
    if "MIDCALL_PUBLIC_URL" in os.environ:
        client.api.base_url = os.environ["MIDCALL_PUBLIC_URL"]
    return create_app(client, auth_token)
