import { problemText } from '../api/api-problem.ts';
import { element } from './element.ts';

export type FieldOptions = {
  readonly label: string;
  readonly name: string;
  readonly type?: 'text' | 'email' | 'password' | 'number';
  readonly value?: string;
  readonly autocomplete?: AutoFill;
  readonly isOptional?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly inputMode?: 'numeric' | 'text';
  /** Said below the field, and read out with it. */
  readonly hint?: string;
};

export type Field = { readonly root: HTMLElement; readonly input: HTMLInputElement };

let fieldCount = 0;

/** A labelled text field; browser tests find the input by `data-testid`, which is its name. */
export function field(options: FieldOptions): Field {
  fieldCount += 1;
  const id = `field-${fieldCount}`;
  const input = element('input', {
    id,
    name: options.name,
    type: options.type ?? 'text',
    'data-testid': options.name,
    autocomplete: options.autocomplete ?? 'off',
    ...(options.isOptional ? {} : { required: '' }),
    ...(options.minLength === undefined ? {} : { minlength: String(options.minLength) }),
    ...(options.maxLength === undefined ? {} : { maxlength: String(options.maxLength) }),
    ...(options.inputMode === undefined ? {} : { inputmode: options.inputMode }),
    ...(options.hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }),
  });
  input.value = options.value ?? '';
  const root = element('div', { class: 'field' }, element('label', { for: id }, options.label), input);
  if (options.hint !== undefined)
    root.append(element('p', { class: 'hint', id: `${id}-hint` }, options.hint));
  return { root, input };
}

export type Choice<Value extends string> = { readonly value: Value; readonly label: string };

/** A select whose value is one of `choices`. `label` is for those who do not see it, unless a label stands beside. */
export function select<Value extends string>(
  label: string,
  choices: readonly Choice<Value>[],
  chosen: Value,
  testId: string,
) {
  const root = element('select', { 'aria-label': label, 'data-testid': testId });
  for (const { value, label: text } of choices) root.append(element('option', { value }, text));
  root.value = chosen;
  return {
    root,
    value: (): Value => choices.find(({ value }) => value === root.value)?.value ?? chosen,
  };
}

/** Where something reports that it failed; empty most of the time. */
export function failureLine(): { readonly root: HTMLElement; show(error: unknown): void; clear(): void } {
  const root = element('p', { class: 'failure', role: 'alert', 'data-testid': 'failure', hidden: '' });
  return {
    root,
    show(error) {
      root.textContent = problemText(error);
      root.hidden = false;
    },
    clear() {
      root.hidden = true;
      root.textContent = '';
    },
  };
}

export type FormOptions = {
  readonly fields: readonly HTMLElement[];
  readonly submit: string;
  readonly testId: string;
  /** A form in one line, for a page that has several. */
  readonly isInline?: boolean;
  /** Rejects with what went wrong; the form shows it. */
  run(): Promise<void>;
};

/** A form that is sent once at a time and says what went wrong. */
export function form({ fields, submit, testId, isInline, run }: FormOptions): HTMLFormElement {
  const button = element('button', { type: 'submit', class: 'button primary' }, submit);
  const failure = failureLine();
  const root = element(
    'form',
    { class: isInline ? 'form inline' : 'form', 'data-testid': testId },
    ...fields,
    button,
    failure.root,
  );
  root.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.disabled) return;
    void busy(button, failure, run);
  });
  return root;
}

/** Runs what a button starts: the button waits, and `failure` says what went wrong. */
export async function busy(
  button: HTMLButtonElement,
  failure: ReturnType<typeof failureLine>,
  run: () => Promise<void>,
): Promise<void> {
  failure.clear();
  button.disabled = true;
  try {
    await run();
  } catch (error) {
    failure.show(error);
  } finally {
    button.disabled = false;
  }
}

/** A button that runs something; `failure` says what went wrong. */
export function actionButton(
  label: string,
  options: {
    readonly kind?: 'primary' | 'quiet' | 'danger';
    readonly testId: string;
    readonly describe?: string;
  },
  failure: ReturnType<typeof failureLine>,
  run: () => Promise<void>,
): HTMLButtonElement {
  const button = element(
    'button',
    {
      type: 'button',
      class: `button ${options.kind ?? ''}`.trim(),
      'data-testid': options.testId,
      ...(options.describe === undefined ? {} : { 'aria-label': options.describe, title: options.describe }),
    },
    label,
  );
  button.addEventListener('click', () => void busy(button, failure, run));
  return button;
}
