// Subscribes {callback, method?} to the call {callSid}, or removes {remove}; prints the answer.
import { answer, client, task } from './client.mjs';

const { callSid, remove, ...parameters } = task;
const subscriptions = client.calls(callSid).userDefinedMessageSubscriptions;
if (remove) {
  answer({ removed: await subscriptions(remove).remove() });
} else {
  const { sid, uri } = await subscriptions.create(parameters);
  answer({ sid, uri });
}
