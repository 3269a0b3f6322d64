// Fields of filters.
import { useEffect, useRef, useState } from 'react';
import { useApp } from './app-state.js';

export function Choice({
  name,
  value,
  values,
  set,
}: {
  name: string;
  value: string | undefined;
  values: readonly string[];
  set: (value: string | undefined) => void;
}) {
  const { t } = useApp();
  return (
    <select
      aria-label={name}
      value={value ?? ''}
      onChange={(event) => set(event.target.value || undefined)}
      style={{ maxWidth: 200 }}
    >
      <option value="">{`${name}: ${t('any')}`}</option>
      {values.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

/** A field whose value counts once the person has paused. */
export function Text({
  name,
  value,
  set,
  placeholder,
  width = 200,
  isSearch = false,
}: {
  name: string;
  value: string | number | undefined;
  set: (value: string | undefined) => void;
  placeholder?: string;
  width?: number;
  isSearch?: boolean;
}) {
  const [text, setText] = useState(String(value ?? ''));
  const sent = useRef(String(value ?? ''));
  // What comes from elsewhere, and not what was typed here, cut of its spaces.
  useEffect(() => {
    if (String(value ?? '') === sent.current) return;
    sent.current = String(value ?? '');
    setText(sent.current);
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      set(text.trim() || undefined);
    }, 250);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      aria-label={name}
      placeholder={placeholder ?? name}
      value={text}
      onChange={(event) => setText(event.target.value)}
      style={{ width }}
      {...(isSearch && { 'data-search': true })}
    />
  );
}
