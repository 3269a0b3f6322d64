import { createContext, type ReactNode, useContext, useEffect, useLayoutEffect, useMemo, useState } from 'react';
import { type Language, preferredLanguage, type TextName, translate } from './texts.js';

interface AppState {
  readonly language: Language;
  readonly t: (name: TextName, values?: Readonly<Record<string, string | number>>) => string;
  /** Whether pages ask again by themselves. */
  readonly isLive: boolean;
  /** How far back pages look, in milliseconds. */
  readonly rangeMs: number;
  readonly hasLetterKeys: boolean;
  change(next: Partial<Settings>): void;
}

interface Settings {
  language: Language;
  isLive: boolean;
  rangeMs: number;
  hasLetterKeys: boolean;
  theme: 'light' | 'dark';
}

const Context = createContext<(AppState & Settings) | undefined>(undefined);

const systemTheme = matchMedia('(prefers-color-scheme: dark)');

/** What all pages share: language, theme, whether they are live. Kept by the browser. */
export function AppStateProvider({ children }: { children: ReactNode }) {
  const [settings, setSettings] = useState<Settings>(() => ({
    language: preferredLanguage(),
    isLive: true,
    rangeMs: Number(localStorage.getItem('rangeMs') ?? 900_000),
    hasLetterKeys: localStorage.getItem('hasLetterKeys') !== 'false',
    theme: (localStorage.getItem('theme') as 'light' | 'dark' | null) ?? (systemTheme.matches ? 'dark' : 'light'),
  }));
  // Before the effects of charts, which read the theme's colours.
  useLayoutEffect(() => {
    document.documentElement.dataset['theme'] = settings.theme;
    document.documentElement.lang = settings.language;
  }, [settings.theme, settings.language]);
  useEffect(() => {
    const follow = () => {
      if (localStorage.getItem('theme') !== null) return;
      setSettings((before) => ({ ...before, theme: systemTheme.matches ? 'dark' : 'light' }));
    };
    systemTheme.addEventListener('change', follow);
    return () => systemTheme.removeEventListener('change', follow);
  }, []);
  const value = useMemo(
    () => ({
      ...settings,
      t: (name: TextName, values?: Readonly<Record<string, string | number>>) =>
        translate(settings.language, name, values),
      change: (next: Partial<Settings>) => {
        for (const name of ['language', 'theme', 'rangeMs', 'hasLetterKeys'] as const) {
          if (next[name] !== undefined) localStorage.setItem(name, String(next[name]));
        }
        setSettings((before) => ({ ...before, ...next }));
      },
    }),
    [settings],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useApp(): AppState & Settings {
  const state = useContext(Context);
  if (state === undefined) throw new Error('within AppStateProvider');
  return state;
}

/** Keys of a page; not in fields, and letters only where they are wanted (WCAG 2.1.4). */
export function useKeys(keys: Readonly<Record<string, () => unknown>>): void {
  const { hasLetterKeys } = useApp();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]')) return;
      if (key.length === 1 && !hasLetterKeys) return;
      // A dialog has its own keys.
      if (document.querySelector('[role="dialog"]') !== null) return;
      const act = keys[key];
      // `false`: not now, another may take it.
      if (act === undefined || act() === false) return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [keys, hasLetterKeys]);
}
