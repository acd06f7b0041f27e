// How the audio was, as the SDK measured it: small drawings with the figures in words beside them.

import { el, svg } from '/console/static/elements.js';

const WIDTH = 240;
const HEIGHT = 56;
const MOST_POINTS = 240;
const LOUDEST = 32767; // the SDK's audio levels are those of 16-bit samples

const CHARTS = [
  { title: 'Jitter', unit: 'ms', lines: [['jitter', 1]], least: 10 },
  { title: 'Round trip', unit: 'ms', lines: [['rtt', 1]], least: 50 },
  { title: 'Packets lost', unit: '%', lines: [['packets_lost_fraction', 1]], least: 1 },
  {
    title: 'Audio level', unit: '%', least: 10,
    lines: [['audio_input_level', 100 / LOUDEST, 'microphone'], ['audio_output_level', 100 / LOUDEST, 'speaker']],
  },
];

/** Make the charts; `show(items)` draws the samples among a timeline's items. */
export function charts() {
  const element = el('div', { class: 'charts' });
  let drawn = null;
  function show(items) {
    const samples = items.filter(({ kind }) => kind === 'quality').slice(-MOST_POINTS);
    const print = `${samples.length} ${samples.at(-1)?.date}`;
    if (print === drawn) return;
    drawn = print;
    element.hidden = samples.length < 2;
    element.replaceChildren(...(element.hidden ? [] : CHARTS.map((each) => chart(each, samples)).filter(Boolean)));
  }
  element.hidden = true;
  return { element, show };
}

function chart({ title, unit, lines, least }, samples) {
  const drawn = lines.map(([name, factor, label]) => ({
    label, values: samples.map(({ date, details }) => [Date.parse(date), Number(details[name]) * factor])
      .filter(([, value]) => Number.isFinite(value)),
  })).filter(({ values }) => values.length > 1);
  if (!drawn.length) return null;
  const words = drawn.map(({ label, values }) => `${label ? `${label} ` : ''}${inWords(values, unit)}`).join('; ');
  const span = [Date.parse(samples[0].date), Date.parse(samples.at(-1).date)];
  const top = Math.max(least, ...drawn.flatMap(({ values }) => values.map(([, value]) => value)));
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('path', { class: 'ground', d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }),
    drawn.map(({ values }, index) => svg('polyline', { class: `line-${index}`, points: points(values, span, top) })));
  return el('figure', {}, el('figcaption', {}, el('strong', {}, title), ' ', el('span', { class: 'soft' }, words)), picture);
}

function inWords(values, unit) {
  const numbers = values.map(([, value]) => value);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)].map(rounded);
  const range = low === high ? '' : `, ${low} to ${high}`;
  return `${rounded(numbers.at(-1))} ${unit}${range}`;
}

function rounded(value) {
  return String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}

function points(values, [start, end], top) {
  const across = (at) => ((at - start) / Math.max(end - start, 1)) * WIDTH;
  const up = (value) => HEIGHT - 2 - (value / top) * (HEIGHT - 6);
  return values.map(([at, value]) => `${across(at).toFixed(1)},${up(value).toFixed(1)}`).join(' ');
}
