/** The process of `start-troublemaker.ts`: does what the JSON of its first argument says, as whom the second says, until it is killed. */
import { constants, setPriority } from 'node:os';
import type { Credentials } from '@kryton/server/testing/sign-up.ts';
import type { Figures } from './figures.ts';
import { flood } from './flood.ts';
import { largeDocument } from './large-document.ts';
import { poison } from './poison.ts';
import { slowReaders } from './slow-readers.ts';
import type { Trouble } from './start-troublemaker.ts';
import { socketsOf } from './trouble-socket.ts';

const REPORT_MS = 200;

setPriority(constants.priority.PRIORITY_LOW);
const trouble = JSON.parse(process.argv[2] ?? '') as Trouble;
const figures: Figures = {};
const open = socketsOf(JSON.parse(process.argv[3] ?? '') as Credentials);
setInterval(() => process.stdout.write(`${JSON.stringify(figures)}\n`), REPORT_MS);
switch (trouble.kind) {
  case 'slow-readers':
    await slowReaders(trouble, open, figures);
    break;
  case 'flood':
    await flood(trouble, open, figures);
    break;
  case 'large-document':
    await largeDocument(trouble, open, figures);
    break;
  case 'poison':
    await poison(trouble, open, figures);
    break;
}
