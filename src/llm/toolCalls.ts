// Tool calls out of the pieces in which servers send them.
import type { ToolCallPart } from './completion.ts';
import type { ToolCall } from './port.ts';

/** A model that wants more than this at once has lost its way. */
const CALLS_MAX = 16;
/** What a tool could sensibly be told. */
const ARGUMENTS_CHARS_MAX = 64 * 1024;

export interface ToolCallAssembly {
  /** Answers false when there are too many calls or one is too long: the answer is no answer then. */
  add(part: ToolCallPart): boolean;
  /** The calls so far in the order they began; those without a name are left out. */
  readonly calls: readonly ToolCall[];
}

/**
 * Pieces belong together by their id, else by `index`, else they go on with the last call. A named
 * piece begins another call when its id is new (some servers number every whole call 0) or when it has
 * neither id nor index. `makeId` stands in for an id that was never given.
 */
export function toolCallAssembly(makeId: () => string): ToolCallAssembly {
  const open: { index: number | undefined; id: string | undefined; name: string; argumentsText: string }[] =
    [];

  function find(part: ToolCallPart) {
    if (part.id !== undefined) {
      const same = open.find((call) => call.id === part.id);
      if (same !== undefined) return same;
    }
    const candidate =
      part.index === undefined ? open.at(-1) : open.findLast((call) => call.index === part.index);
    if (candidate === undefined) return undefined;
    if (part.name === undefined || candidate.name === '') return candidate;
    const another = part.id === undefined ? part.index === undefined : candidate.id !== undefined;
    return another ? undefined : candidate;
  }

  return {
    add(part) {
      let call = find(part);
      if (call === undefined) {
        if (open.length >= CALLS_MAX) return false;
        call = { index: part.index, id: part.id, name: '', argumentsText: '' };
        open.push(call);
      }
      call.id ??= part.id;
      // The first piece has the whole name; a server that repeats it does not mean it twice.
      if (call.name === '') call.name = part.name ?? '';
      call.argumentsText += part.argumentsText;
      return call.argumentsText.length <= ARGUMENTS_CHARS_MAX;
    },
    get calls() {
      return open
        .filter((call) => call.name !== '')
        .map((call) => ({
          id: (call.id ??= makeId()),
          name: call.name,
          // A tool without parameters is called with nothing by some; history must hold JSON.
          argumentsText: call.argumentsText.trim() === '' ? '{}' : call.argumentsText,
        }));
    },
  };
}
