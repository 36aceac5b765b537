// Leads: who is to be called and what is known of them; adding and changing them, and calling one.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, failureText, tell } from '../api.ts';
import { dateAndTime } from '../format.ts';
import { useAction } from '../hooks.ts';
import type { PageProps } from '../pages.ts';
import { FormDialog } from '../parts/dialog.tsx';
import { LeadForm } from '../parts/leadForm.tsx';
import { linkTo } from '../address.ts';
import { goTo } from '../route.ts';
import { useShortcuts } from '../shortcuts.ts';
import type { LeadAnswer, LeadPageAnswer } from '../wire.ts';

const PAGE_ROWS = 50;

type Open = { readonly kind: 'new' } | { readonly kind: 'edit' | 'call'; readonly lead: LeadAnswer };

export function LeadsPage({ rest: [leadId] }: PageProps): VNode {
  const [leads, setLeads] = useState<readonly LeadAnswer[]>();
  const [next, setNext] = useState<string | null>(null);
  const [failure, setFailure] = useState<string>();
  const [open, setOpen] = useState<Open>();
  const load = async (before: string | null): Promise<void> => {
    try {
      const search = before === null ? '' : `&before=${encodeURIComponent(before)}`;
      const page = await ask<LeadPageAnswer>(`/v1/leads?limit=${PAGE_ROWS}${search}`);
      setLeads((kept) => (before === null ? page.leads : [...(kept ?? []), ...page.leads]));
      setNext(page.next);
      setFailure(undefined);
    } catch (error) {
      setFailure(failureText(error));
    }
  };
  useEffect(() => void load(null), []);
  useEffect(() => {
    if (leadId === undefined) return;
    void ask<LeadAnswer>(`/v1/leads/${encodeURIComponent(leadId)}`).then(
      (lead) => setOpen({ kind: 'edit', lead }),
      (error: unknown) => setFailure(failureText(error)),
    );
  }, [leadId]);
  useShortcuts([{ keys: 'n', what: 'Leads: add one', run: () => setOpen({ kind: 'new' }) }]);
  const close = (changed: boolean): void => {
    setOpen(undefined);
    if (leadId !== undefined) goTo(linkTo('leads'), true);
    if (changed) void load(null);
  };
  return (
    <>
      <div class="page-head">
        <h1>Leads</h1>
        <button type="button" class="primary end" onClick={() => setOpen({ kind: 'new' })}>
          Add a lead
        </button>
      </div>
      {failure !== undefined && (
        <p class="notice bad" role="alert">
          {failure}
        </p>
      )}
      {leads?.length === 0 && <p class="empty">There is no lead yet.</p>}
      {leads !== undefined && leads.length > 0 && (
        <ul class="rows">
          {leads.map((lead) => (
            <li key={lead.id} class="row lead-row" data-lead={lead.id}>
              <span class="row-who">
                <strong>{lead.name}</strong>
                <span class="quiet small number">{lead.phone}</span>
              </span>
              <Fields fields={lead.fields} />
              <span class="quiet small number row-date">{dateAndTime(lead.updatedAt)}</span>
              <span class="row-buttons">
                <button
                  type="button"
                  onClick={() => setOpen({ kind: 'edit', lead })}
                  aria-label={`Edit ${lead.name}`}
                >
                  Edit
                </button>
                <button
                  type="button"
                  onClick={() => setOpen({ kind: 'call', lead })}
                  aria-label={`Call ${lead.name}`}
                >
                  Call
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {next !== null && (
        <p class="more">
          <button type="button" onClick={() => void load(next)}>
            Older leads
          </button>
        </p>
      )}
      {open?.kind === 'new' && <LeadForm lead={undefined} onClose={close} />}
      {open?.kind === 'edit' && <LeadForm lead={open.lead} onClose={close} />}
      {open?.kind === 'call' && <PlaceCall lead={open.lead} onClose={() => close(false)} />}
    </>
  );
}

function Fields({ fields }: { readonly fields: LeadAnswer['fields'] }): VNode {
  return (
    <span class="row-fields small quiet">
      {Object.entries(fields).map(([name, value]) => (
        <span key={name}>
          {name}: <span class="value">{value}</span>
        </span>
      ))}
    </span>
  );
}

function PlaceCall({ lead, onClose }: { readonly lead: LeadAnswer; readonly onClose: () => void }): VNode {
  const { busy, failure, run } = useAction();
  const call = async (): Promise<void> => {
    await run(async () => {
      const { callSid } = await tell<{ readonly callSid: string }>('POST', '/v1/calls', {
        to: lead.phone,
        leadId: lead.id,
      });
      goTo(linkTo('call', [callSid]));
    });
  };
  return (
    <FormDialog
      title={`Call ${lead.name}?`}
      does="Call"
      busy={busy}
      failure={failure}
      onClose={onClose}
      onSubmit={() => void call()}
    >
      <p>
        The agent calls <span class="number">{lead.phone}</span> and knows what stands in the lead’s fields.
      </p>
    </FormDialog>
  );
}
