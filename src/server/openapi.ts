// The API's description, made from the schemas that check it.
import { z } from 'zod';
import {
  callPage,
  callRef,
  callsQuery,
  callWithTurns,
  errorAnswer,
  health,
  latencyAnswer,
  latencyQuery,
  leadAnswer,
  leadChange,
  leadPage,
  newCall,
  newLead,
  newSoftphoneCall,
  pageQuery,
  readiness,
  recordingMarkers,
  sayText,
  socketTicket,
  softphoneNext,
  softphoneStream,
  transferTo,
} from './apiSchemas.ts';

interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status: number;
  /** A schema, or the type of what isn't JSON; nothing when there is no body. */
  readonly answer?: z.ZodType | string;
  /** Asked by the carrier with its signature, or by anybody; else by a bearer of the admin token. */
  readonly asked?: 'carrier' | 'anybody';
}

const eventsQuery = z.object({ callSid: z.string().optional() });

const hopsQuery = z.object({ overflow: z.string().optional() });

const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/calls',
    summary: 'Calls, newest first; a search looks at a bounded number, and `next` goes on behind them',
    query: callsQuery,
    status: 200,
    answer: callPage,
  },
  {
    method: 'post',
    path: '/v1/calls',
    summary: 'Place an outgoing call',
    body: newCall,
    status: 202,
    answer: callRef,
  },
  {
    method: 'get',
    path: '/v1/calls/{callSid}',
    summary: 'One call with its turns',
    status: 200,
    answer: callWithTurns,
  },
  {
    method: 'delete',
    path: '/v1/calls/{callSid}',
    summary: 'Delete a call with all that was kept of it; 409 while it is under way',
    status: 204,
  },
  {
    method: 'get',
    path: '/v1/calls/{callSid}/recording',
    summary: 'Stereo recording, caller left, agent right; one byte range is honoured',
    status: 200,
    answer: 'audio/wav',
  },
  {
    method: 'get',
    path: '/v1/calls/{callSid}/recording/markers',
    summary: 'Where in the recording a number was said, and is silent',
    status: 200,
    answer: recordingMarkers,
  },
  {
    method: 'post',
    path: '/v1/calls/{callSid}/hangup',
    summary: 'End a live call',
    status: 202,
    answer: callRef,
  },
  {
    method: 'post',
    path: '/v1/calls/{callSid}/transfer',
    summary: 'Connect a live call with somebody else',
    body: transferTo,
    status: 202,
    answer: callRef,
  },
  {
    method: 'post',
    path: '/v1/calls/{callSid}/say',
    summary: 'Have the agent say this next',
    body: sayText,
    status: 202,
    answer: callRef,
  },
  {
    method: 'post',
    path: '/v1/softphone/calls',
    summary: 'A call from a browser: what its page needs to open the media stream',
    body: newSoftphoneCall,
    status: 201,
    answer: softphoneStream,
  },
  {
    method: 'post',
    path: '/v1/softphone/calls/{callSid}/stream-ended',
    summary: 'What comes next for a call from a browser whose stream is over',
    query: hopsQuery,
    status: 200,
    answer: softphoneNext,
  },
  {
    method: 'post',
    path: '/v1/softphone/calls/{callSid}/hung-up',
    summary: 'The caller of a call from a browser has gone; its stream may have said so or not',
    status: 204,
  },
  {
    method: 'get',
    path: '/v1/leads',
    summary: 'Leads, newest first',
    query: pageQuery,
    status: 200,
    answer: leadPage,
  },
  {
    method: 'post',
    path: '/v1/leads',
    summary: 'Create a lead',
    body: newLead,
    status: 201,
    answer: leadAnswer,
  },
  { method: 'get', path: '/v1/leads/{id}', summary: 'One lead', status: 200, answer: leadAnswer },
  {
    method: 'patch',
    path: '/v1/leads/{id}',
    summary: 'Change a lead; `fields` are merged into the ones it has',
    body: leadChange,
    status: 200,
    answer: leadAnswer,
  },
  {
    method: 'delete',
    path: '/v1/leads/{id}',
    summary: 'Delete a lead; its calls stay',
    status: 204,
  },
  {
    method: 'get',
    path: '/v1/latency',
    summary: 'How long callers waited lately, by stage: percentiles over the stored turns, whole and by time',
    query: latencyQuery,
    status: 200,
    answer: latencyAnswer,
  },
  {
    method: 'get',
    path: '/v1/events',
    summary: 'WebSocket: live events, JSON, one a message',
    query: eventsQuery,
    status: 101,
  },
  {
    method: 'post',
    path: '/v1/events/ticket',
    summary: 'A ticket for one such WebSocket, for pages in a browser',
    status: 201,
    answer: socketTicket,
  },
  {
    method: 'get',
    path: '/v1/openapi.json',
    summary: 'This description',
    status: 200,
    answer: 'application/json',
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus text or OpenMetrics, by Accept',
    status: 200,
    answer: 'text/plain',
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'The process answers',
    status: 200,
    answer: health,
    asked: 'anybody',
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'New calls are taken; 503 when not',
    status: 200,
    answer: readiness,
    asked: 'anybody',
  },
  {
    method: 'post',
    path: '/twilio/voice',
    summary: 'A call came in or was answered',
    status: 200,
    answer: 'text/xml',
    asked: 'carrier',
  },
  {
    method: 'post',
    path: '/twilio/stream-ended',
    summary: 'A stream is over',
    status: 200,
    answer: 'text/xml',
    asked: 'carrier',
  },
  { method: 'post', path: '/twilio/status', summary: "A call's progress", status: 204, asked: 'carrier' },
  {
    method: 'post',
    path: '/twilio/amd',
    summary: 'Who answered an outgoing call',
    status: 204,
    asked: 'carrier',
  },
  {
    method: 'post',
    path: '/twilio/recording',
    summary: "A recording's progress",
    status: 204,
    asked: 'carrier',
  },
  {
    method: 'get',
    path: '/twilio/media',
    summary:
      'WebSocket: the media stream of a call; a browser bears a ticket among its protocols instead of a signature',
    status: 101,
    asked: 'carrier',
  },
];

/** OpenAPI 3.1 of everything that is answered on `publicUrl`. */
export function openApi(publicUrl: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Turnpike',
      version: '1',
      description: 'A realtime media-stream gateway for phone voice agents.',
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      securitySchemes: {
        admin: { type: 'http', scheme: 'bearer' },
        carrier: { type: 'apiKey', in: 'header', name: 'X-Twilio-Signature' },
      },
    },
  };
}

function describe(operation: Operation): Record<string, unknown> {
  const { summary, path, query, body, asked } = operation;
  const security = asked === 'anybody' ? [] : [{ [asked ?? 'admin']: [] }];
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: jsonSchema(schema, 'output'),
  }));
  return {
    summary,
    security,
    parameters: [...inPath, ...inQuery],
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(body, 'input') } },
      },
    }),
    responses: { [operation.status]: answerOf(operation), default: ERROR_ANSWER },
  };
}

function answerOf({ summary, answer }: Operation): Record<string, unknown> {
  if (answer === undefined) return { description: summary };
  const content =
    typeof answer === 'string'
      ? { [answer]: {} }
      : { 'application/json': { schema: jsonSchema(answer, 'output') } };
  return { description: summary, content };
}

const ERROR_ANSWER = {
  description: 'Refused or failed',
  content: { 'application/json': { schema: jsonSchema(errorAnswer, 'output') } },
};

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
