// A small, strict XML reader: what Twilio's would refuse is refused here, so that a mistake in TwiML
// shows in a test and not on a call. No DTD, no namespaces, no processing instructions but the first.

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
}

export type XmlResult =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly message: string };

const DEPTH_MAX = 32;
const NAME = String.raw`[A-Za-z_][\w.-]*`;
const DECLARATION = /<\?xml\s+version\s*=\s*(["'])1\.[01]\1(?:\s+[a-z]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*\?>/y;
const SPACE_OR_COMMENT = /(?:\s|<!--(?:[^-]|-[^-])*-->)*/y;
const COMMENT = /<!--(?:[^-]|-[^-])*-->/y;
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/y;
const OPEN = new RegExp(`<(${NAME})`, 'y');
const CLOSE = new RegExp(String.raw`</(${NAME})\s*>`, 'y');
const ATTRIBUTE = new RegExp(String.raw`\s+(${NAME})\s*=\s*(?:"([^"<]*)"|'([^'<]*)')`, 'y');
const OPEN_END = /\s*(\/?)>/y;
const TEXT = /[^<]+/y;
const REFERENCE = /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What a reader of the text below throws, and `parseXml` turns into data. */
class XmlFault extends Error {}

/** Never throws: the text comes from the network. */
export function parseXml(text: string): XmlResult {
  try {
    return { ok: true, root: new Reader(text).document() };
  } catch (error) {
    if (error instanceof XmlFault) return { ok: false, message: error.message };
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlElement {
    if (this.#text.startsWith('\uFEFF')) this.#at = 1;
    this.#take(DECLARATION);
    this.#take(SPACE_OR_COMMENT);
    const root = this.#element(0);
    this.#take(SPACE_OR_COMMENT);
    if (this.#at < this.#text.length) this.#fail('something follows the document');
    return root;
  }

  #element(depth: number): XmlElement {
    if (depth > DEPTH_MAX) this.#fail('the elements are nested too deeply');
    const name = this.#take(OPEN)?.[1] ?? this.#fail('an element is missing or not well formed');
    const attributes = new Map<string, string>();
    for (let found = this.#take(ATTRIBUTE); found !== undefined; found = this.#take(ATTRIBUTE)) {
      const [, key = '', double, single] = found;
      if (attributes.has(key)) this.#fail(`the attribute '${key}' comes twice`);
      attributes.set(key, this.#resolved(double ?? single ?? ''));
    }
    const end = this.#take(OPEN_END) ?? this.#fail(`the tag of <${name}> is not well formed`);
    return { name, attributes, children: end[1] === '/' ? [] : this.#children(name, depth) };
  }

  #children(name: string, depth: number): (XmlElement | string)[] {
    const children: (XmlElement | string)[] = [];
    for (;;) {
      const text = this.#take(TEXT)?.[0];
      const cdata = text === undefined ? this.#take(CDATA)?.[1] : undefined;
      const closing = text === undefined && cdata === undefined ? this.#take(CLOSE)?.[1] : undefined;
      if (text !== undefined) {
        if (text.includes(']]>')) this.#fail("']]>' in text");
        children.push(this.#resolved(text));
      } else if (cdata !== undefined) {
        children.push(cdata);
      } else if (closing !== undefined) {
        if (closing !== name) this.#fail(`</${closing}> closes <${name}>`);
        return children;
      } else if (this.#take(COMMENT) === undefined) {
        if (this.#at >= this.#text.length) this.#fail(`<${name}> is not closed`);
        children.push(this.#element(depth + 1));
      }
    }
  }

  #resolved(text: string): string {
    return text.replaceAll(REFERENCE, (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? this.#fail(`the entity ${all} is unknown`);
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      if (!isCharacter(code)) this.#fail(`${all} is not a character`);
      return String.fromCodePoint(code);
    });
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #fail(message: string): never {
    throw new XmlFault(`${message}, at character ${this.#at}`);
  }
}

/** What XML 1.0 allows by number. */
function isCharacter(code: number): boolean {
  if (code === 9 || code === 10 || code === 13) return true;
  return (
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x1_0000 && code <= 0x10_ffff)
  );
}
