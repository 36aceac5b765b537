// Numbers and times as people read them.

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const shortTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const count = new Intl.NumberFormat();

export function timeOfDay(at: string | number): string {
  return clockTime.format(new Date(at));
}

export function hourAndMinute(at: string | number): string {
  return shortTime.format(new Date(at));
}

export function dateAndTime(at: string | number): string {
  return dayAndTime.format(new Date(at));
}

/** `65_000` is `1:05`, an hour more `1:01:05`. */
export function duration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, '0');
  return h === 0 ? `${m}:${tail}` : `${h}:${String(m).padStart(2, '0')}:${tail}`;
}

/** Whole milliseconds: what is below is noise. */
export function milliseconds(durationMs: number): string {
  return `${count.format(Math.round(durationMs))} ms`;
}

export function many(number: number, one: string, more = `${one}s`): string {
  return `${count.format(number)} ${number === 1 ? one : more}`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
}

/** Keys that the caller pressed are told as digits with spaces between; undefined when these are words. */
export function keysIn(text: string): readonly string[] | undefined {
  return /^[\d*#](?: [\d*#])*$/.test(text.trim()) ? text.trim().split(' ') : undefined;
}
