// Where the browser stands, and going elsewhere.
import { parseRoute, type Route } from './address.ts';
import { store, type Store } from './store.ts';

export const route: Store<Route> = store(parseRoute(globalThis.location?.hash ?? ''));

/** From before anything is drawn on: an address that changes while the page comes up counts, too. */
export function followAddress(): void {
  const follow = (): void => route.set(parseRoute(location.hash));
  addEventListener('hashchange', follow);
  follow();
}

/** Goes to an address of `linkTo`; `replace` leaves no step to come back to. */
export function goTo(link: string, replace = false): void {
  if (!replace) location.hash = link;
  else {
    history.replaceState(null, '', link);
    route.set(parseRoute(link));
  }
}
