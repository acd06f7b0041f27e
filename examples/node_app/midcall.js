// What the tests need of midcall: a server in a process of its own, and a phone in another.

"use strict";

const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const { mkdtemp, rm } = require("node:fs/promises");
const { createServer } = require("node:net");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const twilio = require("twilio");

const hex = () => randomBytes(16).toString("hex");

/** Start `midcall dev` on a free port, with an account of its own, and wait until it is ready. */
async function startMidcall() {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), "midcall-"));
  const account = {
    url: `http://127.0.0.1:${port}`,
    accountSid: `AC${hex()}`,
    authToken: hex(),
    keySid: `SK${hex()}`,
    keySecret: hex(),
  };
  const child = spawn(process.env.MIDCALL ?? "midcall", ["dev"], {
    cwd: directory,
    env: {
      ...process.env,
      MIDCALL_HOST: "127.0.0.1",
      MIDCALL_PORT: String(port),
      MIDCALL_PROXY_PORT: "0",
      MIDCALL_TLS: "off",
      MIDCALL_STORE: "sqlite:///:memory:",
      MIDCALL_MEDIA: "none",
      MIDCALL_ACCOUNT_SID: account.accountSid,
      MIDCALL_AUTH_TOKEN: account.authToken,
      MIDCALL_API_KEY_SID: account.keySid,
      MIDCALL_API_KEY_SECRET: account.keySecret,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await lineWith(child, "midcall is ready");

  const client = twilio(account.accountSid, account.authToken);
  client.api.baseUrl = account.url;
  return {
    ...account,
    client,
    token(identity, outgoingApplicationSid) {
      const { AccessToken } = twilio.jwt;
      const token = new AccessToken(account.accountSid, account.keySid, account.keySecret, {
        identity,
      });
      token.addGrant(new AccessToken.VoiceGrant({ outgoingApplicationSid, incomingAllow: true }));
      return token.toJwt();
    },
    async stop() {
      await ended(child);
      await rm(directory, { recursive: true });
    },
  };
}

/** Start a phone: `do` writes a command, `next` waits for an event of a name. */
function startPhone(url, token) {
  const child = spawn(process.env.PYTHON ?? "python3", ["-m", "midcall.testing", "--url", url], {
    env: { ...process.env, ACCESS_TOKEN: token },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const events = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    do(command, more = {}) {
      child.stdin.write(`${JSON.stringify({ do: command, ...more })}\n`);
    },
    async next(name) {
      for (;;) {
        const { value, done } = await events.next();
        if (done) throw new Error(`the phone ended before '${name}'`);
        const event = JSON.parse(value);
        if (event.event === name) return event;
        if (event.event === "error") throw new Error(value);
      }
    },
    leave: () => ended(child),
  };
}

async function lineWith(child, text) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes(text)) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error(`midcall ended before it said '${text}'`);
}

function ended(child) {
  return new Promise((resolve) => {
    child.on("exit", resolve);
    child.kill("SIGTERM");
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

module.exports = { startMidcall, startPhone };
