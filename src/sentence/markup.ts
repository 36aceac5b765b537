// What is known of tags and entities in a model's text.

/** A model's private thoughts and what was never meant to be read: dropped with all that is inside. */
const HIDDEN_TAGS = new Set([
  'think',
  'thinking',
  'thought',
  'reasoning',
  'analysis',
  'scratchpad',
  'script',
  'style',
]);
/** Long enough to recognise the longest closing tag of those. */
export const HIDDEN_TAIL_CHARS = 16;

const LINE_TAGS = new Set('br p div li ul ol tr table h1 h2 h3 h4 h5 h6'.split(' '));

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  mdash: '—',
  ndash: '–',
  hellip: '…',
  rsquo: '’',
  lsquo: '‘',
  rdquo: '”',
  ldquo: '“',
  deg: '°',
  euro: '€',
  pound: '£',
  cent: '¢',
  copy: '©',
};

/** What stands between `<` and `>`, told apart. */
export type Tag =
  | { readonly kind: 'hidden'; readonly name: string }
  /** Begins or ends a line: `<br>`, `</p>`. */
  | { readonly kind: 'line' }
  | { readonly kind: 'address'; readonly text: string }
  | { readonly kind: 'other' };

const ADDRESS = /^(?:https?:|mailto:|[^\s@]+@)\S*$/iu;
const TAG = /^(\/?)([A-Za-z][A-Za-z0-9]*)/u;
const CODE_POINT = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/iu;

export function readTag(inside: string): Tag {
  if (ADDRESS.test(inside)) return { kind: 'address', text: inside };
  const [, slash = '', rawName = ''] = TAG.exec(inside) ?? [];
  const name = rawName.toLowerCase();
  if (HIDDEN_TAGS.has(name) && slash === '' && !inside.endsWith('/')) return { kind: 'hidden', name };
  return LINE_TAGS.has(name) ? { kind: 'line' } : { kind: 'other' };
}

/** What `&name;` or `&#39;` stands for; undefined when it stands for nothing known. */
export function entityText(name: string): string | undefined {
  const [, hex, decimal] = CODE_POINT.exec(name) ?? [];
  if (hex === undefined && decimal === undefined) return ENTITIES[name.toLowerCase()];
  const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const character = codePoint >= 0x20 && codePoint <= 0x10_ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
  return character ? String.fromCodePoint(codePoint) : undefined;
}
