// The official Node library, pointed at midcall; and a task as JSON on standard input.
import { readFileSync } from 'node:fs';
import twilio from 'twilio';

export const client = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
client.api.baseUrl = process.env.MIDCALL_URL;

export const task = JSON.parse(readFileSync(0, 'utf8'));

export function answer(value) {
  process.stdout.write(JSON.stringify(value));
}
