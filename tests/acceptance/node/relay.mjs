// Takes callbacks as the official relays do: express.json(), express.urlencoded(), twilio.webhook().
// Prints its address, then a line for each request that passed, and for each that was refused.
import express from 'express';
import twilio from 'twilio';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const app = express();
app.use(express.json(), express.urlencoded({ extended: false }));
app.use((request, response, next) => {
  response.on('finish', () => {
    if (response.statusCode >= 400) say({ refused: response.statusCode });
  });
  next();
});
app.all('/callback', twilio.webhook(process.env.TWILIO_AUTH_TOKEN), (request, response) => {
  say({ method: request.method, body: request.body ?? {}, query: request.query });
  response.sendStatus(204);
});
const server = app.listen(0, '127.0.0.1', () => {
  say({ url: `http://127.0.0.1:${server.address().port}/callback` });
});
