// The console's entry: one page in a browser, on which operators see calls and act on them.
import { render } from 'preact';
import { App } from './app.tsx';
import { followAddress } from './route.ts';
import { keepTheme } from './theme.ts';

keepTheme();
followAddress();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
