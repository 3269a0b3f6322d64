import 'react';

declare module 'react' {
  interface CSSProperties {
    /** What a style sheet computes with. */
    [name: `--${string}`]: string | number;
  }
}
