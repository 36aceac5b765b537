// Rows that a disk has refused, as bytes: they are written before any newer one when it takes rows again, so that the order
// in the spool stays that of their numbers.

export interface EncodedRow {
  readonly number: number;
  readonly bytes: Buffer;
}

/** Some ten thousand turns: as many as wait in memory, from where they may still reach the database. */
const OWED_BYTES_MAX = 32 * 1024 * 1024;

export class OwedRows {
  #rows: readonly EncodedRow[] = [];

  get count(): number {
    return this.#rows.length;
  }

  /** All that is owed, and then `rows`, which are newer. */
  before(rows: readonly EncodedRow[]): readonly EncodedRow[] {
    return this.#rows.length === 0 ? rows : [...this.#rows, ...rows];
  }

  /** These are owed now, and nothing else; beyond the bound the oldest are not. */
  set(rows: readonly EncodedRow[]): void {
    let bytes = 0;
    let from = rows.length;
    while (from > 0) {
      bytes += rows[from - 1]?.bytes.length ?? 0;
      if (bytes > OWED_BYTES_MAX) break;
      from -= 1;
    }
    this.#rows = from === 0 ? rows : rows.slice(from);
  }

  /** Rows up to this number are committed or given up. */
  settled(number: number): void {
    const [oldest] = this.#rows;
    if (oldest === undefined || oldest.number > number) return;
    this.#rows = this.#rows.filter((row) => row.number > number);
  }
}
