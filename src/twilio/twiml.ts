// The TwiML that the gateway answers with, built by Twilio's own package, which escapes it.
// https://www.twilio.com/docs/voice/twiml
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';

export interface ConnectStream {
  /** `wss://` without a query: Twilio may refuse one (31920). */
  readonly url: string;
  readonly token: string;
  /** Asked when the stream is over and the call is not. */
  readonly action: string;
}

/** Sends the call's sound to us and waits until the stream is over. */
export function connectStream({ url, token, action }: ConnectStream): string {
  const response = new VoiceResponse();
  response.connect({ action }).stream({ url }).parameter({ name: 'token', value: token });
  return response.toString();
}

/** A sentence in Twilio's own voice, then the end: for when the agent's voice can't be had. */
export function sayAndHangUp(text: string, language: string): string {
  const response = new VoiceResponse();
  // Not `say()`: its languages are a list of literals that ends with the package's release.
  response.addChild('Say', { language }).addText(text);
  response.hangup();
  return response.toString();
}

/** Connects the caller with `to`, a number or a `sip:` address. When they are done the call is over. */
export function dial(to: string): string {
  const response = new VoiceResponse();
  if (to.startsWith('sip:')) response.dial().sip(to);
  else response.dial(to);
  return response.toString();
}

export function hangUp(): string {
  const response = new VoiceResponse();
  response.hangup();
  return response.toString();
}

/** Sends Twilio to ask elsewhere. */
export function redirect(url: string): string {
  const response = new VoiceResponse();
  response.redirect({ method: 'POST' }, url);
  return response.toString();
}
