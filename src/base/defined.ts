// Optional fields that are absent, not present and undefined.

export type Defined<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

/** The record without the fields that are undefined, for where the type says "absent". */
export function defined<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>;
}
