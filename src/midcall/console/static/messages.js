// The messages of a phone: from text to content, and the list of what was sent and what arrived.

const SHORT = 60; // characters

/** Text that was meant as JSON and is not. */
export class NotJson extends Error {}

/** Turn what a person typed into content: JSON as it is, plain text into `{text}`. */
export function contentOf(text) {
  const trimmed = text.trim();
  try {
    return JSON.parse(trimmed);
  } catch (error) {
    // Somebody who starts with a bracket means JSON; to send it as text would hide the mistake.
    if (/^[{["]/.test(trimmed)) throw new NotJson(`This starts like JSON but is none: ${error.message}`);
    return { text: trimmed };
  }
}

/** Content as text: on one line if it is short, else with indentation. */
function shown(content) {
  const text = JSON.stringify(content, null, 2);
  // Strings keep what they are: a line break in one is written as a backslash and an n.
  const line = text.replace(/([[{])\n */g, '$1').replace(/\n *([\]}])/g, '$1').replace(/\n */g, ' ');
  return line.length <= SHORT ? line : text;
}

/** A list of messages in the page. Records are plain objects, so that scripts can read them. */
export class MessageList {
  constructor(list, empty, template) {
    Object.assign(this, { list, empty, template });
    // What is newest stays in sight, also when the list gets less room.
    new ResizeObserver(() => this.showNewest()).observe(list);
  }

  /** Show a message. `record` is {direction, content, voiceEventSid, state?}. */
  add(record) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    const part = (name) => item.querySelector(`[data-part="${name}"]`);
    item.dataset.direction = record.direction;
    part('whence').textContent = record.direction === 'sent' ? 'You sent' : 'Arrived';
    part('time').textContent = new Date().toLocaleTimeString();
    part('content').textContent = shown(record.content);
    part('sid').textContent = record.voiceEventSid;
    this.empty.hidden = true;
    this.list.append(item);
    this.showNewest();
    record.show = (state) => {
      record.state = state;
      item.dataset.state = state;
      part('state').textContent = state;
    };
    record.show(record.state ?? '');
    return record;
  }

  showNewest() {
    this.list.scrollTop = this.list.scrollHeight;
  }
}
