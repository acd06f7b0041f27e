// A program as one writes it for Twilio: nothing in it knows of midcall.
const client = require('twilio')();

async function main(callSid, callback) {
  const call = client.calls(callSid);
  const message = await call.userDefinedMessages.create({
    content: JSON.stringify({ from: 'a program' }),
  });
  const subscription = await call.userDefinedMessageSubscriptions.create({ callback });
  const calls = await client.calls.list({ status: 'in-progress' });
  const told = { message: message.sid, subscription: subscription.sid, calls: calls.map((one) => one.sid) };
  process.stdout.write(JSON.stringify(told));
}

main(...process.argv.slice(2));
