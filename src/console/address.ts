// Where a page stands, as text: the address's part behind `#`, which no server sees and which works below any path. Pure.

export interface Route {
  readonly path: string;
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** `#/calls/CA1?q=a` is path `calls`, rest `['CA1']`. An empty one is the first page. Never throws. */
export function parseRoute(hash: string): Route {
  const [address = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [path = '', ...rest] = address.split('/').map(decoded);
  return {
    path: path === '' ? 'live' : path,
    rest: rest.filter((part) => part !== ''),
    query: new URLSearchParams(search),
  };
}

/** The address of a page, for a link. */
export function linkTo(
  path: string,
  rest: readonly string[] = [],
  query?: Readonly<Record<string, string>>,
): string {
  const search = new URLSearchParams(
    Object.entries(query ?? {}).filter(([, value]) => value !== ''),
  ).toString();
  const address = [path, ...rest].map(encodeURIComponent).join('/');
  return `#/${address}${search === '' ? '' : `?${search}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
