import { defineCollection } from 'astro:content';
import { docsSchema } from '@astrojs/starlight/schema';

// Pages are made by src/pages from the guides; the collection exists because Starlight reads its schema.
export const collections = { docs: defineCollection({ loader: () => [], schema: docsSchema() }) };
