// Prints whether twilio.validateRequest accepts {url, signature, fields}.
import twilio from 'twilio';
import { answer, task } from './client.mjs';

const { url, signature, fields } = task;
answer(twilio.validateRequest(process.env.TWILIO_AUTH_TOKEN, signature, url, fields));
