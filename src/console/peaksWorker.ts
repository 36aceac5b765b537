// Reads a recording's shape beside the page, so that nothing stutters meanwhile.
import { readPeaks, type Peaks } from './peaks.ts';

export type PeaksNews = { readonly peaks: Peaks } | { readonly failure: string };

addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  void read(data);
});

async function read(blob: Blob): Promise<void> {
  try {
    for await (const peaks of readPeaks(blob)) postMessage({ peaks } satisfies PeaksNews);
  } catch (error) {
    postMessage({ failure: String(error) } satisfies PeaksNews);
  }
}
