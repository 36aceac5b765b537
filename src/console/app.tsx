// The frame round every page: navigation, what the connection is worth, the theme, and the door before it all.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { timeOfDay } from './format.ts';
import { feedState } from './hooks.ts';
import { Door } from './login.tsx';
import { PAGES } from './pages.ts';
import { Readiness } from './parts/readiness.tsx';
import { ShortcutList } from './parts/shortcutList.tsx';
import { linkTo } from './address.ts';
import { goTo, route } from './route.ts';
import { access, hasToken, logIn, logOut } from './session.ts';
import { listenForShortcuts, useShortcuts } from './shortcuts.ts';
import { PhoneBar } from './softphone/phoneBar.tsx';
import { useStore } from './store.ts';
import { theme, THEMES, type Theme } from './theme.ts';

export function App(): VNode {
  const allowed = useStore(access);
  useEffect(() => {
    void logIn();
  }, []);
  return allowed.kind === 'granted' ? <Frame /> : <Door access={allowed} />;
}

function Frame(): VNode {
  const { path, rest, query } = useStore(route);
  const page = PAGES.find((one) => one.path === path);
  const [keysShown, setKeysShown] = useState(false);
  useEffect(listenForShortcuts, []);
  useShortcuts([
    { keys: '?', what: 'This list', run: () => setKeysShown(true) },
    ...PAGES.flatMap(({ key, title, path: to }) =>
      key === undefined ? [] : [{ keys: `g ${key}`, what: `Go to ${title}`, run: () => goTo(linkTo(to)) }],
    ),
  ]);
  useEffect(() => {
    document.title = `${page?.title ?? 'Not found'} · Turnpike`;
  }, [page]);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <header class="side">
        <a class="wordmark" href={linkTo('live')}>
          Turnpike
        </a>
        <nav aria-label="Pages">
          <ul>
            {PAGES.filter((one) => one.key !== undefined).map((one) => (
              <li key={one.path}>
                <a href={linkTo(one.path)} aria-current={one.path === path ? 'page' : undefined}>
                  {one.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-foot">
          <Connection />
          <ThemeSwitch />
          <button type="button" class="plain" onClick={() => setKeysShown(true)}>
            Keyboard <kbd>?</kbd>
          </button>
          {hasToken() && (
            <button type="button" class="plain" onClick={logOut}>
              Log out
            </button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Readiness />
        {page?.path !== 'phone' && <PhoneBar />}
        {page === undefined ? <h1>There is no such page</h1> : <page.View rest={rest} query={query} />}
      </main>
      {keysShown && <ShortcutList onClose={() => setKeysShown(false)} />}
    </div>
  );
}

/** Whether what the page shows is so now, or was so when the line broke. */
function Connection(): VNode {
  const state = useStore(feedState);
  const words = {
    none: ' ',
    connecting: 'Connecting …',
    live: 'Up to date',
    lost: state.kind === 'lost' ? `As of ${timeOfDay(state.sinceMs)}, reconnecting …` : '',
  }[state.kind];
  return (
    <p class={`connection ${state.kind}`} role="status">
      {words}
    </p>
  );
}

/** The address is the page's own business, so this link does by hand what it says. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

const THEME_NAMES: Readonly<Record<Theme, string>> = { auto: 'As the system', light: 'Light', dark: 'Dark' };

function ThemeSwitch(): VNode {
  const now = useStore(theme);
  return (
    <label class="theme">
      <span class="visually-hidden">Colours</span>
      <select value={now} onChange={(event) => theme.set(event.currentTarget.value as Theme)}>
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {THEME_NAMES[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
