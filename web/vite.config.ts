import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// Designsystemet's rule for open dialogs makes the browser look at the whole document on every change.
const withoutDialogRule = {
  name: 'without-dialog-rule',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    if (!id.includes('designsystemet')) return null
    return code.replace(/body:has\([^{]*:modal[^{]*\)\s*\{[^}]*\}/g, '')
  },
}

export default defineConfig({
  plugins: [withoutDialogRule, svelte()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/auth': 'http://127.0.0.1:8080' } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
