// For knex's own command line, against a PostgreSQL: `npm run knex -- migrate:status`.
import type { Knex } from 'knex';
import { migrationSource } from './src/store/migrations.ts';

const config: Knex.Config = {
  client: 'pg',
  connection: process.env['DATABASE_URL'] ?? 'postgres://localhost/turnpike',
  migrations: { migrationSource },
};

export default config;
