// The thread that runs the voice model: batches in, one at a time and in order. A run that fails ends it.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openBatch } from './batch.ts';
import type { FromModel, ModelWorkerData, ToModel } from './modelThread.ts';
import { SileroModel } from './sileroModel.ts';

if (parentPort === null) throw new Error('this module is for a worker thread');
const port: MessagePort = parentPort;

const data: ModelWorkerData = workerData;
const batches = data.batches.map((memory) => openBatch(memory));
const model = await SileroModel.open();
const tell = (message: FromModel): void => port.postMessage(message);

async function obey(message: ToModel): Promise<void> {
  if (message.kind === 'close') {
    await model.close();
    port.close();
    return;
  }
  const batch = batches[message.batch];
  if (batch === undefined) throw new Error(`there is no batch ${message.batch}`);
  await model.run(batch, message.windows);
  tell({ kind: 'answered', batch: message.batch });
}

// Each waits for the one before: a lane's state must be written before its next window reads it.
// A rejection is handled by nobody on purpose: it ends the thread, and the main thread hears of it.
let last = Promise.resolve();
port.on('message', (message: ToModel) => {
  last = last.then(() => obey(message));
});
tell({ kind: 'ready' });
