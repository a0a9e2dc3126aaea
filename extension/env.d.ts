// What the build puts in place of `import.meta.env` (wxt.config.ts): the flavour is its mode.

interface ImportMeta {
  readonly env: { readonly MODE: string };
}

// What the engine shares with its second file (vite.shared.ts).
declare module "virtual:tabwire-shared" {
  export const shared: readonly unknown[];
}
