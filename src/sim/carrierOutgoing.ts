// A call that the gateway asks the carrier to place: it rings, somebody answers or nobody does, and a
// machine may listen for who it is. https://www.twilio.com/docs/voice/answering-machine-detection
import { sleep, type Clock } from '../base/clock.ts';
import type { CarrierCall, StatusCallback } from './carrierCall.ts';
import type { TwimlSource } from './carrierProgram.ts';
import type { HttpMethod } from './carrierTwiml.ts';

export interface CallRequest {
  readonly to: string;
  readonly from: string;
  readonly source: TwimlSource;
  readonly statusCallback: StatusCallback | undefined;
  /** How long it may ring. */
  readonly timeoutMs: number;
  readonly detection: Detection | undefined;
}

/** Whether the call waits for the verdict, or is told of it later. */
export type Detection =
  | { readonly kind: 'sync' }
  | { readonly kind: 'async'; readonly callbackUrl: string; readonly method: HttpMethod };

/** What the one who is called does. */
export type Answer =
  | {
      readonly kind: 'answer';
      readonly afterMs: number;
      /** `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `fax`, `unknown`, … */
      readonly answeredBy?: string;
      /** From the answer to the verdict. */
      readonly detectionMs?: number;
    }
  | { readonly kind: 'busy' | 'failed'; readonly afterMs: number }
  /** Lets it ring. */
  | { readonly kind: 'no-answer' };

const DETECTION_MS = 3_000;
/** It is `queued` for a moment: the request that placed it is answered first. */
const QUEUED_MS = 20;

/** From `queued` to the end of the call. Never rejects. */
export async function placeOutgoing(
  call: CarrierCall,
  request: CallRequest,
  answer: Answer,
  clock: Clock,
): Promise<void> {
  const over = new AbortController();
  // `ended` never rejects.
  void call.ended.then(() => over.abort());
  if (!(await waited(clock, QUEUED_MS, over.signal))) return;
  call.progress('initiated');
  call.progress('ringing');
  const afterMs = answer.kind === 'no-answer' ? Infinity : answer.afterMs;
  if (!(await waited(clock, Math.min(afterMs, request.timeoutMs), over.signal))) return;
  if (answer.kind === 'no-answer' || afterMs > request.timeoutMs) {
    call.finish({ by: 'unanswered', status: 'no-answer' });
  } else if (answer.kind === 'answer') {
    await answered(call, request, answer, clock, over.signal);
  } else {
    call.finish({ by: 'unanswered', status: answer.kind });
  }
}

async function answered(
  call: CarrierCall,
  { source, detection }: CallRequest,
  { answeredBy = 'human', detectionMs = DETECTION_MS }: Extract<Answer, { kind: 'answer' }>,
  clock: Clock,
  over: AbortSignal,
): Promise<void> {
  call.answer();
  const verdict = { AnsweredBy: answeredBy, MachineDetectionDuration: String(Math.round(detectionMs)) };
  if (detection?.kind === 'sync') {
    if (!(await waited(clock, detectionMs, over))) return;
    await call.run(source.kind === 'url' ? { ...source, extra: verdict } : source);
    return;
  }
  const running = call.run(source);
  if (detection?.kind === 'async' && (await waited(clock, detectionMs, over))) {
    const { accountSid, callSid } = call.identity;
    call.post(detection.callbackUrl, detection.method, {
      AccountSid: accountSid,
      CallSid: callSid,
      ...verdict,
    });
  }
  await running;
}

/** False when the call ended first. */
async function waited(clock: Clock, durationMs: number, over: AbortSignal): Promise<boolean> {
  try {
    await sleep(clock, durationMs, over);
    return true;
  } catch {
    return false;
  }
}
