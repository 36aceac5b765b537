// A lead, to be added or changed.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { tell } from '../api.ts';
import { useAction } from '../hooks.ts';
import type { LeadAnswer } from '../wire.ts';
import { FormDialog } from './dialog.tsx';

interface Field {
  readonly name: string;
  readonly value: string;
}

export interface LeadFormProps {
  /** Undefined: a new one. */
  readonly lead: LeadAnswer | undefined;
  readonly onClose: (changed: boolean) => void;
}

export function LeadForm({ lead, onClose }: LeadFormProps): VNode {
  const [name, setName] = useState(lead?.name ?? '');
  const [phone, setPhone] = useState(lead?.phone ?? '');
  const [fields, setFields] = useState<readonly Field[]>(() =>
    Object.entries(lead?.fields ?? {}).map(([field, value]) => ({ name: field, value })),
  );
  const { busy, failure, run } = useAction();
  /** What a lead has already keeps its name: the API merges fields and takes none away. */
  const kept = Object.keys(lead?.fields ?? {}).length;
  const change = (place: number, next: Field): void => setFields(fields.with(place, next));
  const save = async (): Promise<void> => {
    const named = fields.filter((field) => field.name.trim() !== '');
    const body = {
      name: name.trim(),
      phone: phone.replace(/[\s()-]/g, ''),
      fields: Object.fromEntries(named.map((field) => [field.name.trim(), field.value])),
    };
    const saved = await run(() =>
      lead === undefined ? tell('POST', '/v1/leads', body) : tell('PATCH', `/v1/leads/${lead.id}`, body),
    );
    if (saved) onClose(true);
  };
  return (
    <FormDialog
      title={lead === undefined ? 'Add a lead' : `Edit ${lead.name}`}
      does="Save"
      busy={busy}
      failure={failure}
      onClose={() => onClose(false)}
      onSubmit={() => void save()}
    >
      <label for="lead-name">Name</label>
      <input
        id="lead-name"
        value={name}
        maxLength={200}
        required
        autofocus
        autocomplete="off"
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <label for="lead-phone">Phone</label>
      <input
        id="lead-phone"
        type="tel"
        value={phone}
        required
        autocomplete="off"
        placeholder="+15550100123"
        onInput={(event) => setPhone(event.currentTarget.value)}
      />
      <fieldset>
        <legend>What is known of them</legend>
        {fields.map((field, place) => (
          <div key={place} class="field">
            <input
              aria-label={`Name of field ${place + 1}`}
              value={field.name}
              maxLength={64}
              readOnly={place < kept}
              placeholder="name"
              onInput={(event) => change(place, { ...field, name: event.currentTarget.value })}
            />
            <input
              aria-label={`Value of ${field.name === '' ? `field ${place + 1}` : field.name}`}
              value={field.value}
              maxLength={1_000}
              placeholder="value"
              onInput={(event) => change(place, { ...field, value: event.currentTarget.value })}
            />
          </div>
        ))}
        <button type="button" class="plain" onClick={() => setFields([...fields, { name: '', value: '' }])}>
          + Field
        </button>
      </fieldset>
    </FormDialog>
  );
}
