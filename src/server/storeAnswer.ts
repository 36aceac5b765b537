// What the store says, for routes.
import { errorText } from '../base/errors.ts';
import { LeadConflict } from '../store/leadConflict.ts';
import { ApiError } from './apiError.ts';
import type { ServerContext } from './context.ts';

/** The store's answer; 409 when it says that a lead's number is taken, 503 when it doesn't answer. */
export async function fromStore<T>(context: ServerContext, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LeadConflict) {
      throw new ApiError(409, 'lead_conflict', "the phone number is another lead's");
    }
    context.options.logger.warn({ error: errorText(error) }, 'the store did not answer');
    throw new ApiError(503, 'store_unavailable', 'the database does not answer');
  }
}

/** What to ask the store for a page, and what comes after the page that it gave. */
export function pageOf(query: { readonly limit: number; readonly before?: string | undefined }): {
  readonly limit: number;
  readonly before?: Date;
} {
  return query.before === undefined
    ? { limit: query.limit }
    : { limit: query.limit, before: new Date(query.before) };
}

/** A page that is not full is the last one. */
export function nextOf(times: readonly Date[], limit: number): string | null {
  const last = times.at(-1);
  return last === undefined || times.length < limit ? null : last.toISOString();
}
