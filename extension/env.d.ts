// What the build puts in place of `import.meta.env` (wxt.config.ts): the flavour is its mode.

interface ImportMeta {
  readonly env: { readonly MODE: string };
}
