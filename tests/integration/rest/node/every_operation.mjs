// Drives every REST operation with the official Node library, and looks at what it makes of the
// answers. Arguments: a JSON object with url, accountSid, authToken, live, over and notification.

import assert from "node:assert/strict";
import twilio from "twilio";

const site = JSON.parse(process.argv[2]);
const client = twilio(site.accountSid, site.authToken);
client.api.baseUrl = site.url;
client.monitor.baseUrl = site.url;

const sids = (list) => list.map((one) => one.sid);

// Messages and subscriptions
const live = client.calls(site.live);
const message = await live.userDefinedMessages.create({ content: '{"a":1}' });
assert.match(message.sid, /^KX[0-9a-f]{32}$/);
assert.ok(message.dateCreated instanceof Date);
const subscription = await live.userDefinedMessageSubscriptions.create({
  callback: "https://example.com/messages",
  method: "GET",
});
assert.equal(await live.userDefinedMessageSubscriptions(subscription.sid).remove(), true);

// What the original does not have, and the library no names for
const own = async (method, path, data = undefined) => {
  const uri = `${site.url}/2010-04-01/Accounts/${site.accountSid}${path}`;
  const answer = await client.request({ method, uri, data });
  assert.ok(answer.statusCode < 300, `${method} ${path} ${answer.statusCode}`);
  return answer;
};
const listen = async (path) => {
  const uri = `${site.url}/2010-04-01/Accounts/${site.accountSid}${path}`;
  const pair = Buffer.from(`${site.accountSid}:${site.authToken}`).toString("base64");
  const answer = await fetch(uri, { headers: { Authorization: `Basic ${pair}` } });
  assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
  const reader = answer.body.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /^id: \d+\n\n/);
  await reader.cancel();
};
const ofOver = `/Calls/${site.over}/UserDefinedMessages`;
const [said] = (await own("get", `${ofOver}.json`)).body.user_defined_messages;
assert.equal((await own("get", `${ofOver}/${said.sid}.json`)).body.state, "failed");
assert.equal((await own("get", `${ofOver}/Stream.json`)).statusCode, 204);
const everything = (await own("get", "/UserDefinedMessages.json")).body.user_defined_messages;
assert.equal(everything.length, 2);
const sent = await own("post", "/UserDefinedMessages.json", { To: "client:amy", Content: "1" });
assert.deepEqual(sent.body.results.map((one) => one.status), [201]);
for (const of of ["", `/Calls/${site.live}`]) {
  const many = `${of}/UserDefinedMessageSubscriptions`;
  const made = (await own("post", `${many}.json`, { Callback: "https://example.com/" })).body;
  const listed = (await own("get", `${many}.json`)).body.user_defined_message_subscriptions;
  assert.deepEqual(listed, [(await own("get", `${many}/${made.sid}.json`)).body]);
  assert.equal((await own("delete", `${many}/${made.sid}.json`)).statusCode, 204);
  await listen(`${of}/UserDefinedMessages/Stream`);
}
assert.equal((await own("get", `/Calls/${site.over}/Timeline.json`)).body.timeline.length, 3);
const [endpoint] = (await own("get", "/Endpoints.json")).body.endpoints;
assert.equal(endpoint.host, "example.com");
const [dead] = (await own("get", "/Callbacks.json")).body.callbacks;
assert.equal((await own("get", `/Callbacks/${dead.id}.json`)).body.state, "dead");
const again = await own("post", `/Callbacks/${dead.id}.json`, { State: "pending" });
assert.equal(again.body.state, "pending");
assert.deepEqual((await own("post", "/Callbacks/Redrive.json")).body, { redriven: 0 });

// Applications
const application = await client.applications.create({
  friendlyName: "Desk",
  voiceUrl: "https://example.com/voice",
});
assert.equal((await client.applications(application.sid).fetch()).voiceMethod, "POST");
assert.equal(
  (await client.applications(application.sid).update({ voiceMethod: "GET" })).voiceMethod,
  "GET",
);
assert.deepEqual(sids(await client.applications.list({ friendlyName: "Desk" })), [application.sid]);

// Calls
const call = await client.calls.create({
  to: "client:amy",
  from: "shop",
  applicationSid: application.sid,
  timeout: 20,
  record: true,
});
assert.equal(call.status, "queued");
assert.equal(call.direction, "outbound-api");
assert.equal((await client.calls(call.sid).update({ status: "canceled" })).status, "canceled");
const over = await client.calls(site.over).fetch();
assert.ok(over.endTime instanceof Date);
const day = new Date("2026-05-04");
assert.ok(
  sids(await client.calls.list({ startTime: day, pageSize: 1 })).includes(site.over),
);
assert.deepEqual(await client.calls.list({ startTimeBefore: day }), []);
assert.deepEqual(sids(await client.calls.list({ endTimeAfter: day, to: "client:carol" })), [
  site.over,
]);
const events = await client.calls(site.over).events.list();
assert.equal(events[0].response.response_code, 200);

// The debugger
const warnings = await client.calls(call.sid).notifications.list({ log: 1 });
assert.equal(warnings[0].errorCode, "12200");
assert.equal(
  (await client.calls(call.sid).notifications(warnings[0].sid).fetch()).messageText,
  warnings[0].messageText,
);
const notifications = await client.notifications.list({ messageDate: day, pageSize: 1 });
assert.ok(sids(notifications).includes(site.notification));
assert.equal((await client.notifications(site.notification).fetch()).log, "0");
const alerts = await client.monitor.v1.alerts.list({ startDate: day, pageSize: 1 });
assert.ok(sids(alerts).includes(site.notification));
const alert = await client.monitor.v1.alerts(site.notification).fetch();
assert.equal(alert.logLevel, "error");
assert.ok(alert.dateGenerated instanceof Date);

// Phone numbers
const numbers = client.incomingPhoneNumbers;
const local = await numbers.local.create({ phoneNumber: "+14155550123" });
const mobile = await numbers.mobile.create({ phoneNumber: "+491715550123" });
const tollFree = await numbers.tollFree.create({ phoneNumber: "+18005550123" });
const made = await numbers.create({ areaCode: "510", voiceApplicationSid: application.sid });
assert.match(made.phoneNumber, /^\+1510555\d{4}$/);
assert.equal((await numbers(made.sid).fetch()).voiceApplicationSid, application.sid);
assert.equal((await numbers(made.sid).update({ friendlyName: "Desk" })).friendlyName, "Desk");
assert.equal((await numbers.list({ pageSize: 1 })).length, 4);
assert.deepEqual(sids(await numbers.tollFree.list()), [tollFree.sid]);
assert.ok(sids(await numbers.local.list()).includes(local.sid));
assert.ok(sids(await numbers.mobile.list()).includes(mobile.sid));
assert.equal(await numbers(made.sid).remove(), true);

// Keys, under both names
for (const [news, olds] of [
  [client.newKeys, client.keys],
  [client.newSigningKeys, client.signingKeys],
]) {
  const key = await news.create({ friendlyName: "Phones" });
  assert.match(key.secret, /^[0-9a-zA-Z]{32}$/);
  assert.equal((await olds(key.sid).fetch()).friendlyName, "Phones");
  assert.equal((await olds(key.sid).update({ friendlyName: "Door" })).friendlyName, "Door");
  assert.ok(sids(await olds.list()).includes(key.sid));
  assert.equal(await olds(key.sid).remove(), true);
}

// Accounts and TURN credentials
const accounts = client.api.v2010.accounts;
const sub = await accounts.create({ friendlyName: "Branch" });
assert.equal((await accounts(sub.sid).update({ status: "suspended" })).status, "suspended");
assert.equal((await accounts(sub.sid).fetch()).ownerAccountSid, site.accountSid);
assert.deepEqual(sids(await accounts.list({ status: "suspended" })), [sub.sid]);
const token = await client.tokens.create({ ttl: 60 });
assert.equal(token.iceServers[1].credential, token.password);

// What goes last
assert.equal(await client.calls(site.over).remove(), true);
assert.equal(await client.applications(application.sid).remove(), true);
await assert.rejects(client.calls(site.over).fetch(), (error) => {
  assert.equal(error.status, 404);
  assert.equal(error.code, 20404);
  assert.equal(error.moreInfo, "https://www.twilio.com/docs/errors/20404");
  return true;
});
