/** What {@link repeatWhileVisible} needs of the page; `document` itself outside of tests. */
export type Visibility = Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;

/**
 * Runs `task` now and again `everyMs` after it has ended, while the page is visible: a tab in the background asks
 * nothing, and looks at once when it is shown again. Ends when `isWanted` says no. `task` must not reject.
 */
export function repeatWhileVisible(
  task: () => Promise<void>,
  everyMs: number,
  isWanted: () => boolean,
  page: Visibility = document,
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRunning = false;
  const run = async () => {
    clearTimeout(timer);
    if (!isWanted()) return page.removeEventListener('visibilitychange', onChange);
    if (isRunning || page.visibilityState !== 'visible') return;
    isRunning = true;
    await task();
    isRunning = false;
    timer = setTimeout(() => void run(), everyMs);
  };
  const onChange = () => void run();
  page.addEventListener('visibilitychange', onChange);
  void run();
}
