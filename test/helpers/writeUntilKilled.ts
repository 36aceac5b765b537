// A process of its own that stores turns in the embedded database at argv[2] and tells each one that
// is committed, until it is killed.
import { systemClock } from '../../src/base/clock.ts';
import { openStore } from '../../src/store/store.ts';

const dataDir = process.argv[2] ?? '';
const store = await openStore({
  databaseUrl: undefined,
  dataDir,
  migrate: true,
  batching: true,
  clock: systemClock,
  onDropped: (rows) => process.stdout.write(`dropped ${rows}\n`),
  onCommit: () => undefined,
  onError: (error) => process.stdout.write(`error ${String(error)}\n`),
});
const startedAt = new Date(systemClock.wallMs());
store.writer.callStarted({
  callSid: 'CA1',
  direction: 'inbound',
  agent: '',
  from: '',
  to: '',
  leadId: undefined,
  startedAt,
});
for (let index = 0; ; index += 1) {
  void store.writer.turnFinished({
    callSid: 'CA1',
    part: 0,
    index,
    callerText: 'words '.repeat(20),
    agentText: '',
    heardText: '',
    interrupted: false,
    source: 'generated',
    speculated: false,
    startedAt,
    timings: {},
  });
  await store.writer.flush(10_000);
  process.stdout.write(`committed ${index}\n`);
}
