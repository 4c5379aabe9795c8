import { problemText } from '../api/api-problem.ts';
import { showDeadEnd } from './dead-end.ts';
import { element } from './element.ts';

/** Nobody should have to press a button only because a node restarts. */
const RETRY_MS = 5_000;

/** The page while the server does not answer what a page needs to begin. Tries again by itself. */
export function showUnreachable(parent: HTMLElement, error: unknown, retry: () => void): void {
  const button = element('button', { type: 'button', class: 'button primary' }, 'Try now');
  const timer = setTimeout(retry, RETRY_MS);
  button.addEventListener('click', () => {
    clearTimeout(timer);
    retry();
  });
  showDeadEnd(parent, {
    testId: 'unreachable',
    title: 'The page could not be opened',
    paragraphs: [[problemText(error)], ['It is tried again every few seconds.']],
    ways: [button],
  });
}
