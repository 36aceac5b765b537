import assert from 'node:assert/strict';
import test from 'node:test';
import type { TurnEffect, TurnSettings, TurnTimer } from '../../src/turn/state.ts';
import { TurnWatch } from '../helpers/turnWatch.ts';
import { plainTurnSettings as settings } from '../helpers/turnSettings.ts';

const { keys } = settings;
const KEY_MS = 250;

/** A caller at the keypad: time goes on by itself, and timers ring when it has come to them. */
class Keypad {
  readonly watch: TurnWatch;
  readonly effects: TurnEffect[] = [];
  atMs = 1_000;
  utterance = 0;
  readonly #due = new Map<TurnTimer, number>();

  constructor(own: Partial<TurnSettings> = {}) {
    this.watch = new TurnWatch({ ...settings, ...own });
    this.#tell({ kind: 'opened', line: { kind: 'greeting' } });
  }

  /** The agent says it, to the end, and the floor is the caller's. */
  asks(text: string): this {
    const replyId = this.begins(text);
    this.#tell({ kind: 'replyHeard', replyId, heardText: text, text, whole: true });
    this.#tell({ kind: 'replyPlayed', replyId, atMs: this.atMs });
    return this;
  }

  /** The agent begins to speak. */
  begins(text: string): number {
    const replyId = this.watch.onLine ?? -1;
    this.#tell({ kind: 'replyStarted', replyId });
    this.#tell({ kind: 'replyHeard', replyId, heardText: '', text, whole: true });
    return replyId;
  }

  presses(pressed: string): this {
    for (const key of pressed) {
      this.waits(KEY_MS);
      this.#tell({ kind: 'keyPressed', atMs: this.atMs, key });
    }
    return this;
  }

  voice(): this {
    this.#tell({ kind: 'voiceStarted', atMs: this.atMs, voiceAtMs: this.atMs - 80 });
    return this;
  }

  words(text: string): this {
    this.#tell({ kind: 'words', atMs: this.atMs, utterance: this.utterance, text, final: false });
    return this;
  }

  /** The last words on an utterance that was finished. */
  final(text: string, utterance = this.utterance - 1): this {
    this.#tell({ kind: 'words', atMs: this.atMs, utterance, text, final: true });
    return this;
  }

  silence(): this {
    this.waits(200);
    this.#tell({ kind: 'voiceStopped', atMs: this.atMs, silenceAtMs: this.atMs - 200 });
    return this;
  }

  says(text: string): this {
    return this.voice().words(text).silence().final(text);
  }

  waits(durationMs: number): this {
    const untilMs = this.atMs + durationMs;
    for (;;) {
      const next = [...this.#due].filter(([, due]) => due <= untilMs).sort((a, b) => a[1] - b[1])[0];
      if (next === undefined) break;
      this.#due.delete(next[0]);
      this.atMs = Math.max(this.atMs, next[1]);
      this.#tell({ kind: 'timerRang', timer: next[0], atMs: this.atMs });
    }
    this.atMs = untilMs;
    return this;
  }

  /** What the caller was answered. */
  get released(): readonly string[] {
    return this.watch.released;
  }

  count(kind: TurnEffect['kind']): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }

  told(): readonly string[] {
    return this.effects
      .filter((effect) => effect.kind === 'keyed')
      .map(({ turn, text, final }) => `${turn}: ${text}${final ? '.' : ''}`);
  }

  #tell(event: Parameters<TurnWatch['tell']>[0]): void {
    const commits = this.watch.commits;
    const effects = this.watch.tell(event);
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'startTimer') this.#due.set(effect.timer, this.atMs + effect.delayMs);
      if (effect.kind === 'stopTimer') this.#due.delete(effect.timer);
    }
    for (let open = this.watch.commits - commits; open > 0; open -= 1) {
      this.utterance += 1;
      this.#tell({ kind: 'committed', utterance: this.utterance - 1 });
    }
  }
}

const HELLO = 'Hello, this is Robin.';

test('a caller who only types is answered after the silence that follows the last key, once', () => {
  const pad = new Keypad().asks(HELLO).presses('417');
  assert.deepEqual(pad.released, []);
  pad.waits(1_999);
  assert.deepEqual(pad.released, []);
  pad.waits(1);
  assert.deepEqual(pad.released, ['4 1 7']);
  assert.equal(pad.count('prepare'), 1, 'no reply is made for each key');
  assert.equal(pad.count('commit'), 0, 'nobody spoke: no words are asked for');
});

test('the end key ends the turn at once and is no part of it', () => {
  const pad = new Keypad().asks(HELLO).presses('417#');
  assert.deepEqual(pad.released, ['4 1 7']);
});

test('the end key ends a turn of words as well', () => {
  const pad = new Keypad().asks(HELLO).voice().words('my name is');
  pad.silence().final('my name is');
  assert.deepEqual(pad.released, []);
  pad.presses('#');
  assert.deepEqual(pad.released, ['my name is']);
});

test('words and keys stand in the order of time', () => {
  const pad = new Keypad().asks(HELLO).says('My number is').presses('417').says('and my name is Bob.');
  pad.waits(1_500);
  assert.deepEqual(pad.released, ['My number is 4 1 7 and my name is Bob.']);
});

test('words that are recognised late stand before the keys that followed them', () => {
  const pad = new Keypad().asks(HELLO).voice().presses('4');
  pad.final('my number is').presses('17').words('and that is all.').silence().final('and that is all.');
  pad.waits(1_500);
  assert.deepEqual(pad.released, ['my number is 4 1 7 and that is all.']);
});

test('the clear key takes back what is being keyed, and alone it is a key like others', () => {
  assert.deepEqual(new Keypad().asks(HELLO).presses('41*72#').released, ['7 2']);
  assert.deepEqual(new Keypad().asks(HELLO).presses('*').waits(2_000).released, ['*']);
  const empty = new Keypad().asks(HELLO).presses('41*').waits(3_000);
  assert.deepEqual(empty.released, []);
  assert.equal(empty.watch.state.phase.kind, 'listening');
  assert.ok(empty.watch.timers.has('idle'), 'the agent asks whether anybody is there');
});

test('an end key with nothing before it is the answer itself, and is not taken for a clear key', () => {
  const pad = new Keypad().asks(HELLO).presses('#');
  assert.deepEqual(pad.released, ['#']);
  pad.presses('**').waits(2_000);
  assert.equal(pad.released.at(-1), '*');
});

test('as many digits as the question asked for end the turn', () => {
  const ask = (question: string) => new Keypad().asks(question);
  assert.deepEqual(ask('What are the last four digits?').presses('4171').released, ['4 1 7 1']);
  assert.deepEqual(ask('What is your phone number?').presses('5551234567').released, ['5 5 5 1 2 3 4 5 6 7']);
  const withCountry = ask('What is your phone number?').presses('1555123456');
  assert.deepEqual(withCountry.released, [], 'with the country one more is to come');
  assert.equal(withCountry.presses('7').released.length, 1);
});

test('a number that may be whole waits a shorter time than one that cannot be', () => {
  const zip = new Keypad().asks('What is your zip code?').presses('12345').waits(1_499);
  assert.deepEqual(zip.released, []);
  assert.equal(zip.waits(1).released.length, 1);
  const part = new Keypad().asks('What is your zip code?').presses('1234').waits(1_999);
  assert.deepEqual(part.released, []);
  const choice = new Keypad().asks('Is that right?').presses('1').waits(1_500);
  assert.equal(choice.released.length, 1);
  const mixed = new Keypad().asks('What is your zip code?').says('one two three').presses('45').waits(1_500);
  assert.deepEqual(mixed.released, ['one two three 4 5'], 'digits that were said count as well');
});

test('as many keys as the settings allow end the turn, and more are dropped and told', () => {
  const pad = new Keypad({ keys: { ...keys, digitsMax: 2 } }).asks(HELLO).presses('41');
  assert.deepEqual(pad.released, ['4 1']);
  pad.presses('7A');
  assert.deepEqual(pad.released, ['4 1']);
  assert.equal(pad.count('keyDropped'), 2);
});

test('a key over the agent interrupts it, however short it is', () => {
  const pad = new Keypad();
  pad.begins('Hello. What are the last four digits?');
  pad.presses('4');
  assert.equal(pad.count('interrupt'), 1);
  pad.presses('171').final('').waits(2_000);
  assert.deepEqual(pad.released, ['4 1 7 1']);
});

test('a key interrupts an agent whom no voice interrupts, and not a greeting that has to be heard', () => {
  const deaf = { ...settings.interruption, enabled: false };
  const pad = new Keypad({ interruption: deaf });
  pad.begins(HELLO);
  assert.equal(pad.presses('4').count('interrupt'), 1);
  const legal = new Keypad();
  const replyId = legal.begins(HELLO);
  legal.watch.tell({
    kind: 'replyHeard',
    replyId,
    heardText: '',
    text: HELLO,
    whole: true,
    protectedMs: 900,
  });
  assert.equal(legal.presses('4').count('interrupt'), 0);
});

test('keys over an agent that must not be interrupted are answered when it has finished', () => {
  const pad = new Keypad({ keys: { ...keys, interrupts: false } });
  const replyId = pad.begins(HELLO);
  pad.presses('41#');
  assert.equal(pad.count('interrupt'), 0);
  pad.watch.tell({ kind: 'replyPlayed', replyId, atMs: pad.atMs });
  pad.utterance = 1;
  pad.watch.tell({ kind: 'committed', utterance: 0 });
  pad.final('');
  assert.deepEqual(pad.released, ['4 1']);
});

test('a key while a sound over the agent is judged interrupts it', () => {
  const pad = new Keypad();
  pad.begins(HELLO);
  pad.voice().presses('4');
  assert.equal(pad.count('interrupt'), 1);
  assert.equal(pad.watch.state.phase.kind, 'listening');
});

test('a key before the first frame of the answer takes the turn back, and the number goes on', () => {
  const pad = new Keypad().asks(HELLO).presses('41').waits(2_000);
  assert.deepEqual(pad.released, ['4 1']);
  pad.presses('7#');
  assert.equal(pad.count('withhold'), 1);
  assert.deepEqual(pad.released, ['4 1', '4 1 7']);
});

test('what is keyed behind an end key is a number of its own', () => {
  const pad = new Keypad().asks(HELLO).presses('1234#56#');
  assert.equal(pad.released.at(-1), '1 2 3 4, 5 6');
});

test('an end key after a turn that is over already does nothing', () => {
  const thinking = new Keypad().asks('What are the last four digits?').presses('4171#');
  assert.deepEqual(thinking.released, ['4 1 7 1']);
  assert.equal(thinking.count('withhold'), 0);
  const speaking = new Keypad().asks('What are the last four digits?').presses('4171');
  speaking.begins('Thank you.');
  speaking.presses('#');
  assert.equal(speaking.count('interrupt'), 0, 'it was late');
  speaking.presses('#');
  assert.equal(speaking.count('interrupt'), 1, 'this one is meant');
});

test('a key before a line that has not begun waits for the line', () => {
  const pad = new Keypad().presses('4');
  assert.deepEqual(pad.released, []);
  pad.asks(HELLO).final('').waits(2_000);
  assert.deepEqual(pad.released, ['4']);
});

test('a noise does not keep what was keyed: the end key counts at once, the silence as well', () => {
  const ended = new Keypad().asks(HELLO).voice().presses('41#').final('', 0).final('', 1);
  assert.deepEqual(ended.released, ['4 1']);
  const silent = new Keypad().asks(HELLO).voice().presses('41').waits(2_000).final('');
  assert.deepEqual(silent.released, ['4 1']);
  const after = new Keypad().asks(HELLO).presses('41').voice().waits(2_000).final('');
  assert.deepEqual(after.released, ['4 1']);
});

test('who speaks after keys is heard out', () => {
  const pad = new Keypad().asks(HELLO).presses('41').voice().words('wait, that was').waits(2_100);
  assert.deepEqual(pad.released, []);
  pad.words('wait, that was wrong.').silence().final('wait, that was wrong.').waits(1_500);
  assert.deepEqual(pad.released, ['4 1 wait, that was wrong.']);
});

test('who goes on speaking behind an end key takes the turn back', () => {
  const pad = new Keypad().asks(HELLO).voice().words('my number is').presses('41');
  pad.final('my number is').presses('#').words('and also').waits(2_100);
  assert.deepEqual(pad.released, [], 'the words came before it was decided');
  pad.words('and also this.').silence().final('and also this.').waits(1_500);
  assert.deepEqual(pad.released, ['my number is 4 1, and also this.']);

  const decided = new Keypad().asks(HELLO).voice().presses('41#').final('', 0).final('', 1);
  assert.deepEqual(decided.released, ['4 1']);
  decided.words('and one more thing').waits(2_100);
  assert.equal(decided.count('withhold'), 1);
  decided.silence().final('and one more thing.').waits(1_500);
  assert.equal(decided.released.at(-1), '4 1, and one more thing.');
});

test('keys are told as they are pressed and once when they are ended', () => {
  assert.deepEqual(new Keypad().asks(HELLO).presses('41#').told(), ['1: 4', '1: 4 1', '1: 4 1.']);
  assert.deepEqual(new Keypad().asks(HELLO).presses('4').waits(2_000).told(), ['1: 4', '1: 4.']);
});
