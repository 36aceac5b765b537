// Calls, their turns, and leads.
import type { Knex } from 'knex';

/**
 * No foreign key from turns to calls: rows are written behind, and a turn must not be refused because
 * its call's row is late or was given up. `duration_ms` is kept by the database, so it is right
 * whichever of a call's two rows comes last.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table calls (
      call_sid text primary key,
      direction text not null,
      agent text not null,
      from_number text not null,
      to_number text not null,
      lead_id text,
      started_at timestamptz not null,
      outcome text,
      ended_at timestamptz,
      recording text,
      duration_ms double precision
        generated always as (extract(epoch from (ended_at - started_at)) * 1000) stored
    );
    create index calls_started_at on calls (started_at desc);

    create table turns (
      call_sid text not null,
      index integer not null,
      caller_text text not null,
      agent_text text not null,
      heard_text text not null,
      interrupted boolean not null,
      source text not null,
      speculated boolean not null,
      started_at timestamptz not null,
      endpoint_ms double precision,
      stt_final_ms double precision,
      llm_first_token_ms double precision,
      llm_first_sentence_ms double precision,
      tts_first_audio_ms double precision,
      first_frame_ms double precision,
      response_ms double precision,
      heard_ms double precision,
      primary key (call_sid, index)
    );
    create index turns_started_at on turns (started_at desc);

    create table leads (
      id uuid primary key default gen_random_uuid(),
      name text not null,
      phone text not null constraint leads_phone_unique unique,
      fields jsonb not null default '{}',
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index leads_created_at on leads (created_at desc);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table leads; drop table turns; drop table calls;');
}
