// A coffee bar: people call from its app, order by messages, and are answered by messages.
//
// The call's Voice URL is /voice. It subscribes to the call's messages before it answers, so that
// none is missed; /messages gets them, and sends prices back into the call.

"use strict";

const http = require("node:http");
const twilio = require("twilio");

const PRICES = { espresso: 2.2, cappuccino: 3.1 };

/** Make the server. `origin` returns the URL under which it is reached, `client` is the library's. */
function createApp({ client, authToken, origin }) {
  const routes = {
    async "/voice"(fields) {
      await client
        .calls(fields.CallSid)
        .userDefinedMessageSubscriptions.create({ callback: `${origin()}/messages` });
      return '<Response><Say>What may it be?</Say><Pause length="600"/></Response>';
    },
    async "/messages"(fields) {
      const order = JSON.parse(fields.Content);
      const price = PRICES[order.drink];
      const answer = price ? { price: price * order.cups } : { sorry: "we are out of that" };
      await client.calls(fields.CallSid).userDefinedMessages.create({
        content: JSON.stringify(answer),
        // Callbacks come at least once: a repeat must not be answered twice.
        idempotencyKey: fields.Sid,
      });
      return "";
    },
  };

  return http.createServer(async (request, response) => {
    try {
      const fields = await readFields(request);
      const signature = request.headers["x-twilio-signature"] ?? "";
      const signed = twilio.validateRequest(
        authToken, signature, `${origin()}${request.url}`, fields);
      if (!signed || !(request.url in routes)) {
        response.writeHead(signed ? 404 : 403).end();
        return;
      }
      const body = await routes[request.url](fields);
      response.writeHead(200, { "Content-Type": "text/xml" }).end(body);
    } catch (error) {
      console.error(error);
      response.writeHead(500).end();
    }
  });
}

async function readFields(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const json = request.headers["content-type"]?.startsWith("application/json");
  return json ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
}

module.exports = { createApp };
