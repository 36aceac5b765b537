// Twilio's signature on webhooks and on the upgrade of a media stream.
// https://www.twilio.com/docs/usage/security#validating-requests
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';

/** Base64 of an HMAC-SHA1: anything else is refused before a single hash is computed. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

/** Form fields as they came; a repeated field is an array. */
export type SignedParameters = Readonly<Record<string, unknown>>;

/**
 * Whether `signature` (the `X-Twilio-Signature` header) is the account's over this URL and these
 * form fields. Never throws. The URL is the one that Twilio was given, built from PUBLIC_URL and
 * the request's path and query as received, never from a header of the request.
 *
 * A slash more or less at the end of the path is the same address to Twilio, and so is the
 * scheme's own port; `validateRequest` compares each candidate in constant time. It adds port 80
 * to a `wss` address, so 443 is offered here.
 */
export function isSigned(
  authToken: string,
  signature: unknown,
  url: string,
  parameters: SignedParameters,
): boolean {
  if (typeof signature !== 'string' || !SIGNATURE.test(signature)) return false;
  if (!URL.canParse(url)) return false;
  const fields = { ...parameters };
  return candidates(url).some((candidate) => {
    try {
      return validateRequest(authToken, signature, candidate, fields);
    } catch {
      // A field that is neither text nor a list of text was not signed by Twilio.
      return false;
    }
  });
}

/** The URL without its fragment, with and without a slash after the path, and with `wss`'s own port. */
function candidates(url: string): string[] {
  const [address = ''] = url.split('#', 1);
  const queryAt = address.indexOf('?');
  const path = queryAt < 0 ? address : address.slice(0, queryAt);
  const query = queryAt < 0 ? '' : address.slice(queryAt);
  const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
  return [path, other].flatMap((each) => {
    const ported = each.replace(/^(wss:\/\/[^/:?@]+)(?=\/|$)/i, '$1:443');
    return ported === each ? [each + query] : [each + query, ported + query];
  });
}
