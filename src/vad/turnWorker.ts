// The thread that runs the turn model: one turn at a time. A run that fails ends it.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { TurnOnnx } from './turnOnnx.ts';
import type { FromTurnModel, ToTurnModel, TurnWorkerData } from './turnModelThread.ts';

if (parentPort === null) throw new Error('this module is for a worker thread');
const port: MessagePort = parentPort;

const data: TurnWorkerData = workerData;
const model = await TurnOnnx.open(data.file);
const tell = (message: FromTurnModel): void => port.postMessage(message);

async function obey(message: ToTurnModel): Promise<void> {
  if (message.kind === 'judge') {
    tell({ kind: 'judged', probability: await model.probability(message.mulaw) });
    return;
  }
  await model.close();
  port.close();
}

// A rejection is handled by nobody on purpose: it ends the thread, and the main thread hears of it.
let last = Promise.resolve();
port.on('message', (message: ToTurnModel) => {
  last = last.then(() => obey(message));
});
tell({ kind: 'ready' });
