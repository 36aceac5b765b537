// Light or dark: as the system has it, unless the operator has said otherwise. Kept in this browser.
import { store, type Store } from './store.ts';

export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
const KEPT_AS = 'turnpike.theme';

export const theme: Store<Theme> = store<Theme>('auto');

/** Takes what was kept, and keeps what is chosen from now on. */
export function keepTheme(): void {
  const kept = THEMES.find((one) => one === localStorage.getItem(KEPT_AS));
  if (kept !== undefined) theme.set(kept);
  const show = (): void => {
    document.documentElement.dataset['theme'] = theme.get();
    localStorage.setItem(KEPT_AS, theme.get());
  };
  show();
  theme.watch(show);
}
