// Sends {content, idempotencyKey?} to the call {callSid}; prints what the library made of the answer.
import { answer, client, task } from './client.mjs';

const { callSid, ...parameters } = task;
const message = await client.calls(callSid).userDefinedMessages.create(parameters);
answer({
  sid: message.sid,
  callSid: message.callSid,
  accountSid: message.accountSid,
  isDate: message.dateCreated instanceof Date && !Number.isNaN(message.dateCreated.getTime()),
});
