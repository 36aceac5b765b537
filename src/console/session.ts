// Who is asking: the admin token, kept for this tab alone. It goes out in the `Authorization` header of requests and is
// never part of an address; sockets get a ticket of one use for it.
import { store, type Store } from './store.ts';

const KEPT_AS = 'turnpike.token';

export type Access =
  /** Not asked yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'granted' }
  /** A token is wanted; `refused`: the last one was wrong. */
  | { readonly kind: 'wanted'; readonly refused: boolean }
  /** Without a token only the gateway's own machine is served, and this is another one. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unreachable'; readonly message: string };

export const access: Store<Access> = store<Access>({ kind: 'unknown' });

/** Headers for a request to the gateway. */
export function credentials(): Readonly<Record<string, string>> {
  const token = sessionStorage.getItem(KEPT_AS);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Asks whether this browser may look, with the token if one is given; told by `access`. */
export async function logIn(token?: string): Promise<void> {
  if (token !== undefined) sessionStorage.setItem(KEPT_AS, token);
  try {
    const response = await fetch(new URL('../v1/leads?limit=1', document.baseURI), {
      headers: credentials(),
    });
    access.set(accessOf(response.status));
  } catch {
    access.set({ kind: 'unreachable', message: 'The gateway does not answer.' });
  }
}

/** The token was refused in the middle of something, or the operator leaves. */
export function logOut(): void {
  sessionStorage.removeItem(KEPT_AS);
  access.set({ kind: 'wanted', refused: false });
}

export function hasToken(): boolean {
  return sessionStorage.getItem(KEPT_AS) !== null;
}

function accessOf(status: number): Access {
  if (status === 401) {
    const refused = hasToken();
    sessionStorage.removeItem(KEPT_AS);
    return { kind: 'wanted', refused };
  }
  if (status === 403) return { kind: 'elsewhere' };
  // A database that is away keeps nobody from looking at live calls.
  return { kind: 'granted' };
}
