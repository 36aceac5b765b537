// The pages, in the order of the navigation. To add one: write `pages/<name>.tsx` with a component that takes the rest of
// the address, and add its line here. Everything else (navigation, key, title, address `#/<path>`) follows from the line.
import type { ComponentType } from 'preact';
import { CallPage } from './pages/callPage.tsx';
import { CallsPage } from './pages/callsPage.tsx';
import { LatencyPage } from './pages/latencyPage.tsx';
import { LeadsPage } from './pages/leadsPage.tsx';
import { LivePage } from './pages/livePage.tsx';
import { SoftphonePage } from './softphone/softphonePage.tsx';

export interface PageProps {
  /** What stands behind the page's own path: `#/calls/CA1` gives `['CA1']`. */
  readonly rest: readonly string[];
  /** What stands behind the `?` of `#/calls?q=teeth`. */
  readonly query: URLSearchParams;
}

export interface Page {
  /** The first part of the address, behind `#/`. */
  readonly path: string;
  /** In the navigation and the window's title. */
  readonly title: string;
  /** Pressed behind `g`, it goes there. Absent: the page is not in the navigation. */
  readonly key?: string;
  readonly View: ComponentType<PageProps>;
}

export const PAGES: readonly Page[] = [
  { path: 'live', title: 'Live', key: 'l', View: LivePage },
  { path: 'calls', title: 'Calls', key: 'c', View: CallsPage },
  { path: 'latency', title: 'Latency', key: 't', View: LatencyPage },
  { path: 'leads', title: 'Leads', key: 'd', View: LeadsPage },
  { path: 'phone', title: 'Softphone', key: 'p', View: SoftphonePage },
  { path: 'call', title: 'Call', View: CallPage },
];
