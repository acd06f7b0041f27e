// The parts of one phone on the page, and how they show the state of the device and the call.
//
// The screen decides nothing: it is told the state and shows it. What people do, the phone hears.

const STATUS = {
  pending: 'is calling',
  connecting: 'connecting…',
  ringing: 'ringing…',
  open: 'connected',
  reconnecting: 'connection lost, reconnecting…',
  closed: 'ended',
};

// What the page calls the states of the SDK's Device.
const REGISTRATION = {
  registered: 'Ready for calls',
  registering: 'Connecting…',
  unregistered: 'Not connected, trying again…',
  destroyed: 'Closed',
};

/** The states of the SDK's Device; each is an event of the same name, too. */
export const DEVICE_STATES = Object.keys(REGISTRATION);

export class Screen {
  constructor(root) {
    this.root = root;
    this.part = Object.fromEntries(
      [...root.querySelectorAll('[data-part]')].map((element) => [element.dataset.part, element]));
    setInterval(() => this.showDuration(), 1000);
  }

  on(name, event, listener) {
    this.part[name].addEventListener(event, listener);
  }

  onSubmit(name, listener) {
    this.on(name, 'submit', (event) => {
      event.preventDefault();
      listener();
    });
  }

  /** Show a sentence that needs attention, until it is dismissed; none hides it. */
  say(sentence, about = 'call') {
    this.part['alert-text'].textContent = sentence;
    this.part.alert.dataset.about = about;
    this.part.alert.hidden = !sentence;
  }

  /** Take back what was said about something that is no longer so. */
  unsay(about) {
    if (this.part.alert.dataset.about === about) this.say('');
  }

  showIdentity(identity) {
    this.part.identity.textContent = identity || 'phone';
    this.part['token-identity'].textContent = identity || 'alice';
  }

  showRegistration(state) {
    this.root.dataset.registration = state;
    // Without a token nothing is tried; why there is none is said already.
    if (state === 'registered' || this.part['token-form'].hidden) {
      this.part.registration.textContent = REGISTRATION[state];
    }
    this.part.dial.disabled = state !== 'registered';
  }

  askForToken(why) {
    this.part['token-form'].hidden = false;
    this.part.registration.textContent = why;
  }

  forgetToken() {
    this.part['token-form'].hidden = true;
    this.part.token.value = '';
  }

  /** Show who is at the other end, and what came along with the call. */
  showPeer(name, customParameters) {
    this.peer = name;
    this.part.peer.textContent = name;
    const shown = [...customParameters].map(([key, value]) => {
      const code = document.createElement('code');
      code.textContent = `${key}=${value}`;
      return code;
    });
    this.part.custom.replaceChildren(...shown);
    this.part['custom-facts'].hidden = !shown.length;
  }

  /** Show what became of the last call. */
  showEnd(sentence) {
    this.part.end.textContent = sentence;
  }

  /** Show a call as it is now, or that there is none. */
  showCall(call) {
    const { part } = this;
    const hadFocus = this.root.contains(document.activeElement);
    const status = call?.status() ?? 'none';
    const isOpen = status === 'open' || status === 'reconnecting';
    const mayWrite = isOpen || status === 'ringing';
    const sid = call?.parameters.CallSid;
    this.root.dataset.call = status;
    part['dial-form'].hidden = Boolean(call);
    part.call.hidden = !call;
    part.status.textContent = STATUS[status] ?? '';
    part.accept.hidden = part.reject.hidden = status !== 'pending';
    part.hangup.hidden = part.mute.hidden = status === 'pending';
    part.mute.disabled = !isOpen;
    part.mute.setAttribute('aria-pressed', String(isOpen && call.isMuted()));
    part.content.disabled = part.send.disabled = !mayWrite;
    part['call-sid'].textContent = sid ?? 'not known yet';
    part.copy.disabled = !sid;
    if (status === 'open') this.openedAt ??= Date.now();
    if (!isOpen) {
      this.openedAt = null;
      this.showLevels(0, 0);
    }
    this.showDuration();
    if (hadFocus) this.moveFocus(mayWrite ? part.content : call ? part.hangup : part.callee);
  }

  /** Move the focus on when what had it is gone; never away from somebody who is typing. */
  moveFocus(next) {
    const current = document.activeElement;
    if (current === document.body || current.disabled || !current.checkVisibility()) next.focus();
  }

  showDuration() {
    const seconds = this.openedAt ? Math.floor((Date.now() - this.openedAt) / 1000) : null;
    this.part.duration.textContent = seconds === null ? ''
      : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }

  showLevels(input, output) {
    this.part['input-level'].value = input;
    this.part['output-level'].value = output;
  }

  /** Copy the CallSid, or at least select it where the browser forbids copying. */
  async copyCallSid() {
    const { copy, 'call-sid': sid } = this.part;
    try {
      await navigator.clipboard.writeText(sid.textContent);
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(sid);
      copy.textContent = 'Selected';
    }
    setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
  }
}
