// TwiML as the carrier reads it: text in, verbs and complaints out. What it does not know is reported
// with Twilio's number for it, and the rest is run, as Twilio does.
// https://www.twilio.com/docs/voice/twiml
import { parseXml, type XmlElement } from './carrierXml.ts';

export interface StreamNoun {
  /** As written: relative or absolute. */
  readonly url: string;
  readonly name: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly statusCallback: string | undefined;
  readonly statusCallbackMethod: HttpMethod;
}

export type HttpMethod = 'GET' | 'POST';

export type Verb =
  | {
      readonly kind: 'connect';
      readonly action: string | undefined;
      readonly method: HttpMethod;
      readonly stream: StreamNoun;
    }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'play'; readonly url: string }
  | { readonly kind: 'pause'; readonly lengthMs: number }
  | { readonly kind: 'dial'; readonly to: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'redirect'; readonly url: string; readonly method: HttpMethod }
  | { readonly kind: 'reject'; readonly reason: 'rejected' | 'busy' }
  | { readonly kind: 'hangup' };

export interface TwimlComplaint {
  readonly code: number;
  readonly message: string;
}

export interface Twiml {
  /** Undefined when the document can't be read at all. */
  readonly verbs: readonly Verb[] | undefined;
  readonly complaints: readonly TwimlComplaint[];
}

/** The document can't be parsed. */
export const DOCUMENT_PARSE_FAILURE = 12_100;
/** An unknown verb or attribute, or a value that the schema does not allow. */
export const SCHEMA_WARNING = 12_200;
const STREAM_HANDSHAKE = 31_920;
const STREAM_SCHEME = 31_922;
const STREAM_URL_MALFORMED = 31_923;
const STREAM_TRACK = 31_941;
/** Name and value of a <Parameter> together stay below this. */
const PARAMETER_CHARS_LIMIT = 500;

/** Attributes that a verb may have; those not acted on are allowed all the same. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  Connect: ['action', 'method'],
  Stream: ['url', 'name', 'track', 'statusCallback', 'statusCallbackMethod'],
  Parameter: ['name', 'value'],
  Say: ['voice', 'language', 'loop'],
  Play: ['loop', 'digits'],
  Pause: ['length'],
  Dial: ['action', 'method', 'timeout', 'callerId', 'answerOnBridge', 'timeLimit', 'hangupOnStar', 'record'],
  Number: ['sendDigits', 'url', 'method', 'statusCallback', 'statusCallbackEvent', 'statusCallbackMethod'],
  Sip: [
    'username',
    'password',
    'url',
    'method',
    'statusCallback',
    'statusCallbackEvent',
    'statusCallbackMethod',
  ],
  Redirect: ['method'],
  Reject: ['reason'],
  Hangup: [],
};

/** Never throws. `documentUrl` is the address that relative ones start from. */
export function parseTwiml(text: string): Twiml {
  const complaints: TwimlComplaint[] = [];
  const document = parseXml(text);
  if (!document.ok || document.root.name !== 'Response') {
    const message = document.ok ? `the root is <${document.root.name}>, not <Response>` : document.message;
    return { verbs: undefined, complaints: [{ code: DOCUMENT_PARSE_FAILURE, message }] };
  }
  const complain: Complain = (code, message) => complaints.push({ code, message });
  const verbs = elements(document.root, complain).flatMap((element) => verbOf(element, complain) ?? []);
  return { verbs, complaints };
}

type Complain = (code: number, message: string) => void;

function verbOf(element: XmlElement, complain: Complain): Verb | undefined {
  const { attributes } = element;
  checkAttributes(element, complain);
  switch (element.name) {
    case 'Connect':
      return connectOf(element, complain);
    case 'Say':
      return { kind: 'say', text: textOf(element) };
    case 'Play':
      return { kind: 'play', url: textOf(element) };
    case 'Pause':
      return { kind: 'pause', lengthMs: secondsOf(attributes.get('length') ?? '1', complain) * 1_000 };
    case 'Dial':
      return dialOf(element, complain);
    case 'Redirect':
      return { kind: 'redirect', url: textOf(element), method: methodOf(attributes.get('method'), complain) };
    case 'Reject':
      return { kind: 'reject', reason: attributes.get('reason') === 'busy' ? 'busy' : 'rejected' };
    case 'Hangup':
      return { kind: 'hangup' };
    default:
      complain(SCHEMA_WARNING, `<${element.name}> is not a verb that is known here`);
      return undefined;
  }
}

function connectOf(element: XmlElement, complain: Complain): Verb | undefined {
  const nouns = elements(element, complain);
  const [noun] = nouns;
  if (noun?.name !== 'Stream' || nouns.length > 1) {
    complain(SCHEMA_WARNING, '<Connect> needs one <Stream> and nothing else');
    return undefined;
  }
  const stream = streamOf(noun, complain);
  if (stream === undefined) return undefined;
  const { attributes } = element;
  return {
    kind: 'connect',
    action: attributes.get('action'),
    method: methodOf(attributes.get('method'), complain),
    stream,
  };
}

function streamOf(element: XmlElement, complain: Complain): StreamNoun | undefined {
  checkAttributes(element, complain);
  const { attributes } = element;
  const url = attributes.get('url') ?? '';
  const track = attributes.get('track') ?? 'inbound_track';
  const failure = streamFailure(url, track);
  if (failure !== undefined) {
    complain(failure.code, failure.message);
    return undefined;
  }
  return {
    url,
    name: attributes.get('name'),
    parameters: parametersOf(element, complain),
    statusCallback: attributes.get('statusCallback'),
    statusCallbackMethod: methodOf(attributes.get('statusCallbackMethod'), complain),
  };
}

function streamFailure(url: string, track: string): TwimlComplaint | undefined {
  if (url === '') return { code: STREAM_URL_MALFORMED, message: '<Stream> has no url' };
  if (/^[a-z][a-z\d+.-]*:/i.test(url) && !URL.canParse(url)) {
    return { code: STREAM_URL_MALFORMED, message: `<Stream url> '${url}' is malformed` };
  }
  if (/^[a-z][a-z\d+.-]*:/i.test(url) && !/^wss:\/\//i.test(url)) {
    return { code: STREAM_SCHEME, message: `<Stream url> must be wss, not '${url}'` };
  }
  if (url.includes('?')) return { code: STREAM_HANDSHAKE, message: '<Stream url> has a query' };
  if (track !== 'inbound_track') {
    return { code: STREAM_TRACK, message: `<Connect><Stream> knows no track '${track}'` };
  }
  return undefined;
}

function parametersOf(element: XmlElement, complain: Complain): Record<string, string> {
  const parameters: [string, string][] = [];
  for (const child of elements(element, complain)) {
    checkAttributes(child, complain);
    const name = child.attributes.get('name');
    const value = child.attributes.get('value');
    if (child.name !== 'Parameter' || name === undefined || value === undefined) {
      complain(SCHEMA_WARNING, `<Stream> holds a <${child.name}> that is not <Parameter name value>`);
    } else if (name.length + value.length >= PARAMETER_CHARS_LIMIT) {
      complain(SCHEMA_WARNING, `<Parameter name="${name}"> has ${PARAMETER_CHARS_LIMIT} characters or more`);
    } else {
      parameters.push([name, value]);
    }
  }
  return Object.fromEntries(parameters);
}

function dialOf(element: XmlElement, complain: Complain): Verb | undefined {
  const numbers = element.children.filter((child) => typeof child !== 'string');
  for (const child of numbers) checkAttributes(child, complain);
  const [first] = numbers;
  const to = first === undefined ? textOf(element) : textOf(first);
  if (to !== '' && (first === undefined || ATTRIBUTES[first.name] !== undefined)) {
    return { kind: 'dial', to, attributes: element.attributes };
  }
  complain(SCHEMA_WARNING, '<Dial> names nobody');
  return undefined;
}

function checkAttributes(element: XmlElement, complain: Complain): void {
  const allowed = ATTRIBUTES[element.name];
  if (allowed === undefined) return;
  for (const name of element.attributes.keys()) {
    if (!allowed.includes(name)) complain(SCHEMA_WARNING, `<${element.name}> has no attribute '${name}'`);
  }
}

/** The elements within; text between them (but for white space) is a complaint. */
function elements(element: XmlElement, complain: Complain): XmlElement[] {
  return element.children.flatMap((child) => {
    if (typeof child !== 'string') return child;
    if (child.trim() !== '') complain(SCHEMA_WARNING, `<${element.name}> holds text`);
    return [];
  });
}

function textOf(element: XmlElement): string {
  return element.children
    .map((child) => (typeof child === 'string' ? child : textOf(child)))
    .join('')
    .trim();
}

function methodOf(value: string | undefined, complain: Complain): HttpMethod {
  const method = (value ?? 'POST').toUpperCase();
  if (method === 'GET' || method === 'POST') return method;
  complain(SCHEMA_WARNING, `the method '${method}' is neither GET nor POST`);
  return 'POST';
}

function secondsOf(value: string, complain: Complain): number {
  if (/^\d{1,5}$/.test(value)) return Number(value);
  complain(SCHEMA_WARNING, `'${value}' is not a length in seconds`);
  return 1;
}
