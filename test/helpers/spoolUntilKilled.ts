// A process of its own that spools rows in the folder at argv[2] and tells the number of each that is safe, until it is killed.
import { systemClock } from '../../src/base/clock.ts';
import { Spool } from '../../src/store/spool.ts';

const spool = await Spool.open({
  folder: process.argv[2] ?? '',
  clock: systemClock,
  segmentBytes: 20_000,
  onLost: () => process.exit(2),
  onError: () => process.exit(3),
});
for (let number = 1; ; number += 1) {
  const kept = await spool.append(number, {
    kind: 'leadFields',
    leadId: 'lead',
    fields: { words: 'words '.repeat(20) },
    at: new Date(number),
  });
  if (!kept) process.exit(4);
  process.stdout.write(`${number}\n`);
}
