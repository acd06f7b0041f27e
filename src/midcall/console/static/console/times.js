// Times in the reader's zone; the exact one is in `datetime` and shown on pointing at it.

const DAY = { day: 'numeric', month: 'short' };
const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };

/** Show a time; `precise` adds the milliseconds. What is not a time shows nothing. */
export function time(text, { precise = false } = {}) {
  const at = new Date(text ?? NaN);
  const element = document.createElement('time');
  if (Number.isNaN(at.getTime())) return element;
  element.dateTime = at.toISOString();
  element.title = `${at.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' })}`;
  element.textContent = shown(at, precise);
  return element;
}

function shown(at, precise) {
  const clock = at.toLocaleTimeString(undefined, CLOCK)
    + (precise ? `.${String(at.getMilliseconds()).padStart(3, '0')}` : '');
  if (at.toDateString() === new Date().toDateString()) return clock;
  const sameYear = at.getFullYear() === new Date().getFullYear();
  return `${at.toLocaleDateString(undefined, sameYear ? DAY : { ...DAY, year: 'numeric' })}, ${clock}`;
}

/** Write seconds as `4:05` or `1:04:05`. */
export function lasting(seconds) {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const tail = String(rest).padStart(2, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** How long a call lasted, or has lasted so far: then it counts on. */
export function duration(call) {
  const element = document.createElement('span');
  element.className = 'duration';
  if (call.status === 'in-progress') {
    element.dataset.since = String(Date.parse(call.start_time));
    element.textContent = count(element);
  } else if (call.duration !== null) {
    element.textContent = lasting(Number(call.duration));
  }
  return element;
}

function count(element) {
  return lasting(Math.max(0, (Date.now() - Number(element.dataset.since)) / 1000));
}

setInterval(() => {
  for (const element of document.querySelectorAll('[data-since]')) element.textContent = count(element);
}, 1000);
