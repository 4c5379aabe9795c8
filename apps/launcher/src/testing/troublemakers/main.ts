/** The process of `start-troublemaker.ts`: does what the JSON of its first argument says until it is killed. */
import { constants, setPriority } from 'node:os';
import type { Figures } from './figures.ts';
import { flood } from './flood.ts';
import { largeDocument } from './large-document.ts';
import { poison } from './poison.ts';
import { slowReaders } from './slow-readers.ts';
import type { Trouble } from './start-troublemaker.ts';

const REPORT_MS = 200;

setPriority(constants.priority.PRIORITY_LOW);
const trouble = JSON.parse(process.argv[2] ?? '') as Trouble;
const figures: Figures = {};
setInterval(() => process.stdout.write(`${JSON.stringify(figures)}\n`), REPORT_MS);
switch (trouble.kind) {
  case 'slow-readers':
    await slowReaders(trouble, figures);
    break;
  case 'flood':
    await flood(trouble, figures);
    break;
  case 'large-document':
    await largeDocument(trouble, figures);
    break;
  case 'poison':
    await poison(trouble, figures);
    break;
}
