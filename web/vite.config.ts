import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [preact()],
  build: {
    outDir: "../src/maskwright/studio/static",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // The page's security policy allows nothing inline.
    assetsInlineLimit: 0,
  },
});
