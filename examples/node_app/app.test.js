// The coffee bar, called and messaged as people would: the application runs as it is.

"use strict";

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { createApp } = require("./app.js");
const { startMidcall, startPhone } = require("./midcall.js");

let midcall, server, phone;

before(async () => {
  midcall = await startMidcall();
  const { client, authToken } = midcall;
  const origin = () => `http://127.0.0.1:${server.address().port}`;
  server = createApp({ client, authToken, origin });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const application = await client.applications.create({ voiceUrl: `${origin()}/voice` });
  phone = startPhone(midcall.url, midcall.token("alice", application.sid));
});

after(async () => {
  await phone?.leave();
  server?.close();
  await midcall?.stop();
});

test("an order is answered with its price", { timeout: 60_000 }, async () => {
  phone.do("dial");
  const { call_sid } = await phone.next("open");
  phone.do("send", { content: { drink: "espresso", cups: 2 } });
  assert.deepEqual((await phone.next("message")).content, { price: 4.4 });
  phone.do("send", { content: { drink: "tea", cups: 1 } });
  assert.deepEqual((await phone.next("message")).content, { sorry: "we are out of that" });
  phone.do("hang_up");
  await phone.next("closed");
  const call = await midcall.client.calls(call_sid).fetch();
  assert.equal(call.status, "completed");
});

test("strangers are turned away", { timeout: 60_000 }, async () => {
  const url = `http://127.0.0.1:${server.address().port}/messages`;
  const response = await fetch(url, { method: "POST", body: "Content=%7B%7D" });
  assert.equal(response.status, 403);
});
