import { defineConfig } from 'vite';

export default defineConfig({
  root: 'page',
  build: {
    outDir: '../dist-page',
    emptyOutDir: true,
    target: 'es2023',
    // No file as text within another: the page's policy allows files of its own only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    // "use client" says nothing to a page that has no server.
    rolldownOptions: { onLog: (level, log, next) => log.code === 'MODULE_LEVEL_DIRECTIVE' || next(level, log) },
  },
});
