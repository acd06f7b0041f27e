"""A program as one writes it for Twilio: nothing in it knows of midcall."""

import json
import sys

from twilio.rest import Client

call_sid, callback = sys.argv[1:]
client = Client()
call = client.calls(call_sid)
message = call.user_defined_messages.create(content=json.dumps({"from": "a program"}))
subscription = call.user_defined_message_subscriptions.create(callback=callback)
calls = client.calls.list(status="in-progress")
json.dump(
    {
        "message": message.sid,
        "subscription": subscription.sid,
        "calls": [one.sid for one in calls],
    },
    sys.stdout,
)
