// Leads: who is to be called, and what is known of them.
import type { FastifyInstance } from 'fastify';
import { ApiError } from './apiError.ts';
import { checked, leadChange, newLead, pageQuery } from './apiSchemas.ts';
import type { ServerContext } from './context.ts';
import { fromStore, nextOf, pageOf } from './storeAnswer.ts';

interface LeadParams {
  readonly Params: { readonly id: string };
}

export function leadRoutes(app: FastifyInstance, context: ServerContext): void {
  const { reader } = context.options;

  app.get('/v1/leads', async (request) => {
    const query = checked(pageQuery, request.query);
    const leads = await fromStore(context, reader.leads(pageOf(query)));
    const times = leads.map((lead) => lead.createdAt);
    return { leads, next: nextOf(times, query.limit) };
  });

  app.post('/v1/leads', async (request, reply) => {
    const lead = await fromStore(context, reader.createLead(checked(newLead, request.body)));
    return reply.code(201).header('location', `/v1/leads/${lead.id}`).send(lead);
  });

  app.get<LeadParams>('/v1/leads/:id', async (request) => {
    return found(await fromStore(context, reader.lead(request.params.id)));
  });

  app.patch<LeadParams>('/v1/leads/:id', async (request) => {
    const { name, phone, fields } = checked(leadChange, request.body);
    const change = {
      ...(name !== undefined && { name }),
      ...(phone !== undefined && { phone }),
      ...(fields !== undefined && { fields }),
    };
    return found(await fromStore(context, reader.updateLead(request.params.id, change)));
  });

  app.delete<LeadParams>('/v1/leads/:id', async (request, reply) => {
    if (await fromStore(context, reader.deleteLead(request.params.id))) return reply.code(204).send();
    throw noSuchLead();
  });
}

function noSuchLead(): ApiError {
  return new ApiError(404, 'not_found', 'no such lead');
}

function found<T>(lead: T | undefined): T {
  if (lead === undefined) throw noSuchLead();
  return lead;
}
