// Whether a secret that was shown is the one that was expected.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares digests, so that neither the text nor its length shows in the time taken. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
