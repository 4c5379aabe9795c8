import { element, icon } from './element.ts';

let dialogCount = 0;

/**
 * Opens a modal dialog with `content` under a heading. Escape, the button in its corner and a click beside it close
 * it; the focus goes back to where it was. Resolves when it is closed.
 */
export function openDialog(
  title: string,
  testId: string,
  content: (close: () => void) => readonly HTMLElement[],
): Promise<void> {
  dialogCount += 1;
  const headingId = `dialog-${dialogCount}`;
  const dialog = element('dialog', { class: 'dialog', 'aria-labelledby': headingId, 'data-testid': testId });
  const close = () => dialog.close();
  const cross = element(
    'button',
    { type: 'button', class: 'button quiet square', 'aria-label': 'Close', 'data-testid': 'close-dialog' },
    icon('cross'),
  );
  cross.addEventListener('click', close);
  const head = element('div', { class: 'dialog-head' }, element('h2', { id: headingId }, title), cross);
  dialog.append(element('div', { class: 'dialog-body' }, head, ...content(close)));
  // The body covers the whole dialog: what hits the dialog itself hit its backdrop.
  dialog.addEventListener('pointerdown', (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
  });
}

/** Asks before something that cannot be undone. */
export async function confirmDanger(question: {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
}): Promise<boolean> {
  let isConfirmed = false;
  await openDialog(question.title, 'confirm', (close) => {
    const confirm = element(
      'button',
      { type: 'button', class: 'button danger', 'data-testid': 'confirm-yes' },
      question.confirm,
    );
    confirm.addEventListener('click', () => {
      isConfirmed = true;
      close();
    });
    // The first button in order has the focus: the one that does no harm.
    const cancel = element('button', { type: 'button', class: 'button', autofocus: '' }, 'Cancel');
    cancel.addEventListener('click', close);
    return [element('p', {}, question.text), element('div', { class: 'dialog-actions' }, cancel, confirm)];
  });
  return isConfirmed;
}
