// What PostgreSQL refuses in a text, and how it is taken out.

/**
 * The same text without NUL characters, which PostgreSQL's text and jsonb refuse, and with U+FFFD for
 * each half of a surrogate pair that stands alone, which jsonb refuses. What a model or a recogniser
 * says must never be the reason that a turn isn't stored.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '\u{FFFD}');
}

/** The same record with storable keys and values. */
export function storableFields(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [storableText(key), storableText(value)]),
  );
}
