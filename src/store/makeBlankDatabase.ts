// `npm run blank-database`, a part of the build and of the tests: after it a gateway's first start is as quick as its second.
import { PGlite } from '@electric-sql/pglite';
import { makeBlankDatabase } from './blankDatabase.ts';

await makeBlankDatabase(async (folder) => {
  const database = await PGlite.create(folder);
  await database.close();
});
