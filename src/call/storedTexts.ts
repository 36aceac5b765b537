// What was stored of a call lately: a number that was said over several turns is known with its last digits, and what is
// stored of the others is put right then. Outlives the stream, as the conversation does.
import type { CallWriter, TurnRow } from '../store/port.ts';
import type { Privacy } from './privacy.ts';

/** A number that is dictated over more turns than these stays in the first of them. */
const CORRECTED_TURNS_MAX = 8;
/** Fields noted on the lead that are put right; of more the oldest stay as they are. */
const CORRECTED_FIELDS_MAX = 64;

export class StoredTexts {
  readonly #privacy: Privacy;
  readonly #leadId: string | undefined;
  readonly #writer: Pick<CallWriter, 'leadFields'>;
  /** The last rows, by their turn. */
  readonly #rows = new Map<number, TurnRow>();
  /** What was noted on the lead, as it was stored. */
  readonly #fields = new Map<string, string>();
  /** So many card and social-security numbers were known when they were last looked through. */
  #numbersCorrected = 0;

  constructor(privacy: Privacy, leadId: string | undefined, writer: Pick<CallWriter, 'leadFields'>) {
    this.#privacy = privacy;
    this.#leadId = leadId;
    this.#writer = writer;
  }

  /** A row that is about to be stored. Answers it as it may be: what was said before may have become known meanwhile. */
  row(row: TurnRow): TurnRow {
    const corrected = this.#corrected(row);
    keep(this.#rows, row.index, corrected, CORRECTED_TURNS_MAX);
    return corrected;
  }

  /** Something was learnt about the person: noted on the lead, without what is nobody's business. */
  fields(fields: Readonly<Record<string, string>>): void {
    if (this.#leadId === undefined) return;
    const told: Record<string, string> = {};
    for (const [name, value] of Object.entries(fields)) {
      told[name] = this.#privacy.ofExchange(value);
      keep(this.#fields, name, told[name], CORRECTED_FIELDS_MAX);
    }
    this.#writer.leadFields(this.#leadId, told);
  }

  /** If numbers have become known since this was asked last: puts the fields right, and answers the rows that were not. */
  putRight(): readonly TurnRow[] {
    if (this.#privacy.numbersKnown === this.#numbersCorrected) return [];
    this.#numbersCorrected = this.#privacy.numbersKnown;
    this.#putFieldsRight();
    const rows: TurnRow[] = [];
    for (const [index, row] of this.#rows) {
      const corrected = this.#corrected(row);
      if (corrected === row) continue;
      this.#rows.set(index, corrected);
      rows.push(corrected);
    }
    return rows;
  }

  #putFieldsRight(): void {
    const changed: Record<string, string> = {};
    for (const [name, value] of this.#fields) {
      const told = this.#privacy.ofThePast(value);
      if (told !== value) changed[name] = told;
    }
    for (const [name, value] of Object.entries(changed)) this.#fields.set(name, value);
    if (this.#leadId !== undefined && Object.keys(changed).length > 0)
      this.#writer.leadFields(this.#leadId, changed);
  }

  /** In the light of the numbers that are known by now; the same row when it tells none of them. */
  #corrected(row: TurnRow): TurnRow {
    const privacy = this.#privacy;
    if (privacy.numbersKnown === 0) return row;
    const callerText = privacy.ofThePast(row.callerText);
    const agentText = privacy.ofThePast(row.agentText);
    const heardText = privacy.ofThePast(row.heardText);
    const same = callerText === row.callerText && agentText === row.agentText && heardText === row.heardText;
    return same ? row : { ...row, callerText, agentText, heardText };
  }
}

/** The oldest goes. */
function keep<K, V>(kept: Map<K, V>, key: K, value: V, max: number): void {
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= max) break;
    kept.delete(oldest);
  }
}
