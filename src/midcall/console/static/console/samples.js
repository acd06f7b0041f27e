// Programs that send a message to a call and subscribe to its messages, with this server filled in.
//
// How each library is pointed here is what docs/how-to/point-the-helper-libraries.md says.

const CALLBACK = 'https://example.com/messages';
const CONTENT = '{"hello": "from the server"}';

/** What a shell is told: who asks, and which CA to trust. */
export function shell(account) {
  return {
    variables: `export TWILIO_ACCOUNT_SID=${account}\nexport TWILIO_AUTH_TOKEN=…   # the auth token above`,
    trust: ['CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE']
      .map((name) => `export ${name}=$PWD/midcall-tls/ca.pem`).join('\n'),
  };
}

function portOf(origin) {
  const { port, protocol } = new URL(origin);
  return port || (protocol === 'https:' ? '443' : '80');
}

/** `code({origin, host, account, call})` composes the program. */
export const SAMPLES = [
  {
    name: 'Node',
    code: ({ origin, call }) => `import twilio from 'twilio';

const client = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
client.api.baseUrl = '${origin}';

const call = client.calls('${call}');
await call.userDefinedMessageSubscriptions.create({ callback: '${CALLBACK}' });
const message = await call.userDefinedMessages.create({ content: '${CONTENT}' });
console.log(message.sid);`,
  },
  {
    name: 'Python',
    code: ({ origin, call }) => `import os
from twilio.rest import Client

client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
client.api.base_url = "${origin}"

call = client.calls("${call}")
call.user_defined_message_subscriptions.create(callback="${CALLBACK}")
message = call.user_defined_messages.create(content='${CONTENT}')
print(message.sid)`,
  },
  {
    name: 'Java',
    note: 'Midcall is the HTTP client of a few lines that moves requests to this server; it is in the how-to page.',
    code: ({ origin, call }) => `import com.twilio.Twilio;
import com.twilio.http.TwilioRestClient;
import com.twilio.rest.api.v2010.account.call.UserDefinedMessage;
import com.twilio.rest.api.v2010.account.call.UserDefinedMessageSubscription;
import java.net.URI;

String account = System.getenv("TWILIO_ACCOUNT_SID");
Twilio.setRestClient(new TwilioRestClient.Builder(account, System.getenv("TWILIO_AUTH_TOKEN"))
    .httpClient(new Midcall("${origin}"))
    .build());

String call = "${call}";
UserDefinedMessageSubscription.creator(call, URI.create("${CALLBACK}")).create();
var message = UserDefinedMessage.creator(call, "${CONTENT.replaceAll('"', '\\"')}").create();
System.out.println(message.getSid());`,
  },
  {
    name: 'C#',
    code: ({ origin, call }) => `using Twilio;
using Twilio.Clients;
using Twilio.Http;
using Twilio.Rest.Api.V2010.Account.Call;

var account = Environment.GetEnvironmentVariable("TWILIO_ACCOUNT_SID");
var token = Environment.GetEnvironmentVariable("TWILIO_AUTH_TOKEN");
var http = new SystemNetHttpClient(new System.Net.Http.HttpClient(new Midcall()));
TwilioClient.SetRestClient(new TwilioRestClient(account, token, httpClient: http));

var call = "${call}";
UserDefinedMessageSubscriptionResource.Create(new Uri("${CALLBACK}"), call);
var message = UserDefinedMessageResource.Create(pathCallSid: call, content: "${CONTENT.replaceAll('"', '\\"')}");
Console.WriteLine(message.Sid);

class Midcall() : DelegatingHandler(new HttpClientHandler())
{
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellation)
    {
        request.RequestUri = new UriBuilder(request.RequestUri!)
            { Scheme = "${new URL(origin).protocol.slice(0, -1)}", Host = "${new URL(origin).hostname}", Port = ${portOf(origin)} }.Uri;
        return base.SendAsync(request, cancellation);
    }
}`,
  },
  {
    name: 'PHP',
    code: ({ origin, call }) => `<?php
use Twilio\\Http\\CurlClient;
use Twilio\\Rest\\Client;

class Midcall extends CurlClient
{
    public function options(string $method, string $url, ...$rest): array
    {
        return parent::options($method, str_replace('https://api.twilio.com', '${origin}', $url), ...$rest);
    }
}

$client = new Client(getenv('TWILIO_ACCOUNT_SID'), getenv('TWILIO_AUTH_TOKEN'), null, null, new Midcall());

$call = $client->calls('${call}');
$call->userDefinedMessageSubscriptions->create('${CALLBACK}');
$message = $call->userDefinedMessages->create('${CONTENT}');
echo $message->sid, "\\n";`,
  },
  {
    name: 'Go',
    code: ({ origin, host, call }) => `package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

type midcall struct{}

func (midcall) RoundTrip(request *http.Request) (*http.Response, error) {
	moved := request.Clone(request.Context())
	moved.URL.Scheme, moved.URL.Host, moved.Host = "${new URL(origin).protocol.slice(0, -1)}", "${host}", "${host}"
	return http.DefaultTransport.RoundTrip(moved)
}

func main() {
	account := os.Getenv("TWILIO_ACCOUNT_SID")
	base := &client.Client{
		Credentials: client.NewCredentials(account, os.Getenv("TWILIO_AUTH_TOKEN")),
		HTTPClient:  &http.Client{Transport: midcall{}},
	}
	base.SetAccountSid(account)
	rest := twilio.NewRestClientWithParams(twilio.ClientParams{Client: base})

	subscription := &api.CreateUserDefinedMessageSubscriptionParams{}
	subscription.SetCallback("${CALLBACK}")
	if _, err := rest.Api.CreateUserDefinedMessageSubscription("${call}", subscription); err != nil {
		panic(err)
	}
	params := &api.CreateUserDefinedMessageParams{}
	params.SetContent(\`${CONTENT}\`)
	message, err := rest.Api.CreateUserDefinedMessage("${call}", params)
	if err != nil {
		panic(err)
	}
	fmt.Println(*message.Sid)
}`,
  },
  {
    name: 'Twilio CLI',
    note: 'The CLI has no setting for its host: let api.twilio.com lead to this server first, as the how-to page says.',
    code: ({ call }) => `twilio api:core:calls:user-defined-message-subscriptions:create \\
  --call-sid ${call} --callback ${CALLBACK}
twilio api:core:calls:user-defined-messages:create \\
  --call-sid ${call} --content '${CONTENT}'`,
  },
  {
    name: 'curl',
    code: ({ origin, account, call }) => `curl -sS -u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN" \\
  --data-urlencode 'Callback=${CALLBACK}' \\
  ${origin}/2010-04-01/Accounts/${account}/Calls/${call}/UserDefinedMessageSubscriptions.json
curl -sS -u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN" \\
  --data-urlencode 'Content=${CONTENT}' \\
  ${origin}/2010-04-01/Accounts/${account}/Calls/${call}/UserDefinedMessages.json`,
  },
  {
    name: 'Browser',
    note: 'The token is an Access Token: midcall token prints one, or your server makes it with an API key.',
    code: ({ host }) => `import { Device } from '@twilio/voice-sdk';

const device = new Device(token, { chunderw: '${host}' });
const call = await device.connect({ params: { To: 'bob' } });
call.on('messageReceived', (message) => console.log(message.content));
call.on('ringing', () => call.sendMessage({
  content: { hello: 'from the browser' }, messageType: 'user-defined-message',
}));`,
  },
];
