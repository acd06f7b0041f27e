// The phone: the unmodified Voice SDK on one side, the screen on the other.
//
// Opened as /phone?identity=alice; with several identities the phones stand side by side.
//
// For scripts and tests, `window.phones` holds every phone and `window.phone` the first. Stable are:
// `device` (the SDK's Device), `call` (its Call on the screen, or null), `identity`, `received` and
// `sent` (arrays of {content, voiceEventSid, …}; `sent` has a `state`: sending, acknowledged,
// failed), `calls` (every call so far, as {call, events}), `errors` (what was reported),
// `dial(to, parameters)` and `send(content)`.

import { MessageList, NotJson, contentOf } from '/phone/messages.js';
import { DEVICE_STATES, Screen } from '/phone/screen.js';
import { makeSounds } from '/phone/sounds.js';
import { Refused, fetchToken, takeTokenFromFragment } from '/phone/tokens.js';

const TOKEN_EXPIRED = 20104;
// What the SDK makes of a refused token: its signature, its key, its text, its grants, its lifetime.
const TOKEN_REFUSED = new Set([20101, 20151, 31102, 31105, 31202, 31203, 31207]);
const NO_TRANSPORT = 31009; // the SDK keeps the frame and sends it once it is connected again

// What the server may answer to a message instead of an `ack`. The SDK makes 31000 of codes that it
// does not know.
const MESSAGE_REFUSALS = new Set([31000, 31100, 31206, 31210, 31211, 31212]);

const CALL_EVENTS = ['ringing', 'accept', 'messageReceived', 'messageSent', 'mute', 'warning',
  'reconnecting', 'reconnected', 'error', 'cancel', 'reject', 'disconnect'];

class Phone {
  constructor(root, identity, sounds) {
    Object.assign(this, { identity, sounds, device: null, call: null });
    Object.assign(this, { sent: [], received: [], calls: [], errors: [] });
    this.screen = new Screen(root);
    this.screen.showIdentity(identity);
    this.messages = new MessageList(
      this.screen.part.messages, this.screen.part.empty, document.getElementById('message'));
    this.wire();
  }

  wire() {
    const { screen } = this;
    screen.onSubmit('token-form', () => this.useToken(screen.part.token.value.trim()));
    screen.onSubmit('dial-form', () => this.dial());
    screen.onSubmit('composer', () => this.send());
    screen.on('accept', 'click', () => this.accept());
    screen.on('reject', 'click', () => this.call.reject());
    screen.on('hangup', 'click', () => this.call.disconnect());
    screen.on('mute', 'click', () => this.call.mute(!this.call.isMuted()));
    screen.on('copy', 'click', () => screen.copyCallSid());
    screen.on('alert-dismiss', 'click', () => screen.say(''));
    screen.on('content', 'keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      screen.part.composer.requestSubmit();
    });
  }

  /** Show an error of the SDK or of the server as a sentence with its code. */
  report(error, about) {
    this.errors.push(error);
    const sentence = (error.originalError?.message ?? error.message).replace(/^\w+ \(\d+\): /, '');
    this.screen.say(error.code ? `${sentence} (error ${error.code})` : sentence, about);
  }

  // --- The device -----------------------------------------------------------------------------

  async start(token) {
    if (token) await this.useToken(token);
    else if (document.body.dataset.mints === 'yes') await this.renewToken();
    else this.screen.askForToken('Waiting for a token');
  }

  async renewToken() {
    if (document.body.dataset.mints !== 'yes') {
      this.screen.askForToken('The token runs out; paste a fresh one');
      return;
    }
    try {
      await this.useToken(await fetchToken(this.identity));
    } catch (error) {
      this.report(error, 'connection');
      if (error instanceof Refused) this.screen.askForToken('No token to be had');
    }
  }

  async useToken(token) {
    this.screen.forgetToken();
    this.screen.unsay('connection');
    try {
      if (this.device) this.device.updateToken(token);
      else this.openDevice(token);
      if (this.device.state === 'unregistered') await this.device.register();
    } catch (error) {
      // The SDK rejects without a reason when an event said it already.
      if (error) this.report(error, 'connection');
    }
  }

  openDevice(token) {
    this.device = new Twilio.Device(token, {
      // Internal option: which host the signalling is on. The others are public.
      chunderw: location.host,
      // By default the SDK fetches its sounds from a host of its own.
      sounds: this.sounds,
      maxCallSignalingTimeoutMs: 30000,
      // An error shows the very code that the server gave.
      enableImprovedSignalingErrorPrecision: true,
      logLevel: 'silent',
    });
    for (const state of DEVICE_STATES) this.device.on(state, () => this.onDeviceState());
    this.device.on('incoming', (call) => this.take(call));
    this.device.on('tokenWillExpire', () => this.renewToken());
    this.device.on('error', (error) => this.onDeviceError(error));
    this.onDeviceState();
  }

  onDeviceState() {
    const { state, identity } = this.device;
    this.screen.showRegistration(state);
    if (state !== 'registered') return;
    this.identity = identity ?? this.identity;
    this.screen.showIdentity(this.identity);
    this.screen.unsay('connection');
  }

  onDeviceError(error) {
    if (error.code === NO_TRANSPORT) return;
    this.report(error, this.device.state === 'registered' ? 'call' : 'connection');
    if (error.code === TOKEN_EXPIRED) this.renewToken();
    if (TOKEN_REFUSED.has(error.code)) this.screen.askForToken('The token was refused');
  }

  // --- The call -------------------------------------------------------------------------------

  /** Call somebody. Scripts say whom and with what: `phone.dial('bob', {topic: 'billing'})`. */
  async dial(to = this.screen.part.callee.value.trim(), parameters = this.parameters()) {
    this.screen.say('');
    this.screen.showEnd('');
    try {
      const To = to.replace(/^client:/, '');
      this.take(await this.device.connect({ params: { ...parameters, To } }), To);
    } catch (error) {
      this.report(error);
    }
    return this.call;
  }

  /** What was typed as parameters: `name=value` lines. */
  parameters() {
    const lines = this.screen.part.parameters.value.split('\n').filter((line) => line.includes('='));
    return Object.fromEntries(lines.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }));
  }

  accept() {
    this.call.accept();
    this.screen.showCall(this.call);
  }

  /** Listen to a call, coming or going, and put it on the screen if that is free. */
  take(call, to) {
    const events = [];
    this.calls.push({ call, events, to });
    for (const event of CALL_EVENTS) call.on(event, () => events.push(event));
    call.on('messageReceived', (message) => this.onMessage(message));
    call.on('messageSent', ({ voiceEventSid }) => this.settle(voiceEventSid, 'acknowledged'));
    call.on('error', (error) => this.onCallError(call, error));
    call.on('volume', (input, output) => {
      if (this.call === call) this.screen.showLevels(input, output);
    });
    for (const event of ['ringing', 'accept', 'mute', 'reconnecting', 'reconnected']) {
      call.on(event, () => this.refresh(call));
    }
    for (const event of ['cancel', 'reject', 'disconnect', 'error']) {
      call.on(event, () => this.refresh(call));
    }
    call.on('transportClose', () => {
      // The device forgets a call that only rings; the server lets it ring anew.
      if (call.status() === 'pending') this.letGo(call);
    });
    if (!this.call) this.put(call);
  }

  put(call) {
    this.call = call;
    const { to } = this.calls.find((seen) => seen.call === call);
    const caller = (call.parameters.From ?? 'Somebody').replace(/^client:/, '');
    this.screen.showPeer(to ?? caller, to === undefined ? call.customParameters : []);
    this.screen.showCall(call);
  }

  refresh(call) {
    // The SDK emits some events just before it changes the status.
    queueMicrotask(() => {
      if (this.call !== call) return;
      if (call.status() === 'closed') this.letGo(call);
      else this.screen.showCall(call);
    });
  }

  /** Take a call that is over off the screen; another one that rings takes its place. */
  letGo(call) {
    if (this.call !== call) return;
    this.pending().forEach((record) => record.show('failed'));
    this.screen.showEnd(this.epitaph(call));
    const next = this.calls.find((seen) => seen.call !== call && seen.call.status() === 'pending');
    if (next) {
      this.put(next.call);
    } else {
      this.call = null;
      this.screen.showCall(null);
    }
  }

  /** What became of a call, in a sentence. The SDK does not say why the other side ended it. */
  epitaph(call) {
    const { events } = this.calls.find((seen) => seen.call === call);
    const { peer } = this.screen;
    if (events.includes('accept')) return `The call with ${peer} has ended.`;
    if (events.includes('reject')) return `You rejected the call from ${peer}.`;
    return call.direction === 'INCOMING' ? `You missed a call from ${peer}.` : `${peer} did not answer.`;
  }

  onCallError(call, error) {
    this.report(error);
    // The SDK does not say which message was refused; where several could be meant, none is blamed.
    const pending = this.pending();
    if (MESSAGE_REFUSALS.has(error.code) && pending.length === 1) pending[0].show('failed');
  }

  // --- Messages -------------------------------------------------------------------------------

  onMessage(message) {
    const record = { ...message, direction: 'received' };
    this.received.push(record);
    this.messages.add(record);
  }

  /** Send what is in the box. Scripts say what: `phone.send({any: 'JSON'})`. */
  send(content) {
    this.screen.say('');
    try {
      const box = this.screen.part.content;
      const value = content ?? contentOf(box.value);
      const voiceEventSid = this.call.sendMessage({
        content: value, contentType: 'application/json', messageType: 'user-defined-message',
      });
      const record = { content: value, voiceEventSid, direction: 'sent', state: 'sending' };
      this.sent.push(record);
      this.messages.add(record);
      if (content === undefined) box.value = '';
      return voiceEventSid;
    } catch (error) {
      if (error instanceof NotJson) this.screen.say(error.message);
      else this.report(error);
      return null;
    }
  }

  pending() {
    return this.sent.filter(({ state }) => state === 'sending');
  }

  settle(voiceEventSid, state) {
    this.sent.find((record) => record.voiceEventSid === voiceEventSid)?.show(state);
  }
}

function open() {
  const identities = new URLSearchParams(location.search).getAll('identity');
  const token = takeTokenFromFragment();
  if (document.body.dataset.sdk !== 'yes') return;
  if (!identities.length && !token) {
    document.getElementById('who').hidden = false;
    return;
  }
  const place = document.getElementById('phones');
  const sounds = makeSounds();
  window.phones = (identities.length ? identities : ['']).map((identity, index) => {
    const root = document.getElementById('phone').content.firstElementChild.cloneNode(true);
    place.append(root);
    const phone = new Phone(root, identity, sounds);
    phone.start(index === 0 ? token : null);
    return phone;
  });
  [window.phone] = window.phones;
  document.title = `${identities.join(', ') || 'phone'} · midcall`;
}

open();
