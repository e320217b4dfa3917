import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import starlight from '@astrojs/starlight';
import svelte from '@astrojs/svelte';
import { defineConfig } from 'astro/config';

import { loadContent } from '../src/content/content.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const content = await loadContent(root);

/** What every island of a guide needs anyway comes in one request and not in pieces of a few hundred bytes. */
const together = [
  { name: 'svelte', test: /node_modules\/svelte\/|astrojs\/svelte/ },
  { name: 'learner', test: /site\/src\/(islands\/api|progress\/record)\.ts$/ },
];

export default defineConfig({
  srcDir: './src',
  outDir: './dist',
  publicDir: './public',
  build: { format: 'directory' },
  devToolbar: { enabled: false },
  vite: {
    environments: { client: { build: { rolldownOptions: { output: { codeSplitting: { groups: together } } } } } },
  },
  integrations: [
    starlight({
      title: 'Data Engineering Mastery Journal',
      description: 'Learn data engineering by breaking real pipelines on real engines.',
      customCss: ['./src/styles/journal.css', './src/styles/exercise.css'],
      // Code is highlighted by our own renderer, which knows what a block is.
      expressiveCode: false,
      credits: false,
      pagination: false,
      components: {
        Head: './src/components/Head.astro',
        Search: './src/components/Search.astro',
        SiteTitle: './src/components/SiteTitle.astro',
      },
      sidebar: [
        { label: 'Roadmap', link: '/' },
        { label: 'Plan', link: '/plan/' },
        { label: 'Review', link: '/review/' },
        { label: 'Log', link: '/log/' },
        { label: 'Your figures', link: '/figures/' },
        { label: 'Portfolio', link: '/export/' },
        ...content.groups.map(({ title, guides }) => ({
          label: title,
          items: guides.map((guide) => ({
            label: `${guide.number} ${guide.title}`,
            link: guide.written ? `/concepts/${guide.id}/` : '/#roadmap',
            attrs: guide.written ? {} : { class: 'unwritten', title: 'Not written yet' },
          })),
        })),
        {
          label: 'Projects and challenges',
          items: content.labs
            .filter(({ written }) => written)
            .map(({ title, path }) => ({ label: title, link: `/${path}/` })),
        },
        {
          label: 'Workshop',
          items: [
            { label: 'Engines', link: '/engines/' },
            { label: 'Glossary', link: '/glossary/' },
            { label: 'Resources', link: '/resources/' },
          ],
        },
      ],
    }),
    svelte(),
    hashScripts(),
  ],
});

/** The server allows just the inline scripts that the build has: their hashes go to dist/csp.json. */
function hashScripts() {
  return {
    name: 'hash-scripts',
    hooks: {
      'astro:build:done': ({ dir }) => {
        const dist = fileURLToPath(dir);
        const hashes = new Set();
        for (const name of readdirSync(dist, { recursive: true })) {
          if (!String(name).endsWith('.html')) continue;
          const html = readFileSync(`${dist}/${name}`, 'utf8');
          for (const [, attributes, body] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)) {
            if (/\bsrc=/.test(attributes) || /type="application\/(?!javascript)/.test(attributes)) continue;
            hashes.add(`sha256-${createHash('sha256').update(body).digest('base64')}`);
          }
        }
        writeFileSync(`${dist}/csp.json`, JSON.stringify({ scriptHashes: [...hashes].sort() }));
      },
    },
  };
}
