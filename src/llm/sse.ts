// Server-sent events out of text that arrives in any pieces. Knows nothing of what the events say.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

export interface SseParser {
  /** The data of each event that this text completes. Never throws. */
  push(text: string): readonly string[];
  /** The stream is over: an event without its closing blank line counts, since some servers forget it. */
  end(): readonly string[];
  /** Characters of the event under way: what the reader must bound. */
  readonly heldChars: number;
  /** Lines that belong to no event stream: with no event at all, the answer was something else. */
  readonly strangeLines: number;
}

/** Lines end with \n, \r\n or \r; comments and fields other than `data` are passed over. */
export function sseParser(): SseParser {
  let line = '';
  let data: string | undefined;
  let afterCarriageReturn = false;
  let strangeLines = 0;

  function onLine(text: string, events: string[]): void {
    if (text === '') {
      if (data !== undefined) events.push(data);
      data = undefined;
    } else if (text.startsWith('data:')) {
      const value = text.slice(text.startsWith('data: ') ? 6 : 5);
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (!/^(?::|event|id|retry|data$)/.test(text)) {
      strangeLines += 1;
    }
  }

  return {
    push(text) {
      const events: string[] = [];
      let startsAt = 0;
      for (let at = 0; at < text.length; at += 1) {
        const char = text.charCodeAt(at);
        const isNewline = char === 0x0a;
        if (isNewline && afterCarriageReturn) {
          afterCarriageReturn = false;
          startsAt = at + 1;
          continue;
        }
        afterCarriageReturn = char === 0x0d;
        if (!isNewline && !afterCarriageReturn) continue;
        onLine(line + text.slice(startsAt, at), events);
        line = '';
        startsAt = at + 1;
      }
      line += text.slice(startsAt);
      return events;
    },
    end() {
      const events: string[] = [];
      onLine(line, events);
      onLine('', events);
      line = '';
      return events;
    },
    get heldChars() {
      return line.length + (data?.length ?? 0);
    },
    get strangeLines() {
      return strangeLines;
    },
  };
}
