/** Labelled fields and the forms made of them: what is wrong stands beside its field, and focus goes there. */
import { t } from '../i18n.js';
import { fill, h, setAttributes } from './dom.js';
import { icon } from './icons.js';

/**
 * `{ row, input, check, report }`: a labelled input with a place for what is wrong with it.
 *
 * `problem(value)` answers the sentence against a value, or null. `check()` shows it and answers whether all is well.
 */
export function field({ id, label, hint, trailing, problem = () => null, ...attributes }) {
  const error = h('span', { id: `${id}-error`, class: 'field-error' });
  const describedBy = hint ? `${id}-error ${id}-hint` : `${id}-error`;
  const input = h('input', { id, name: id, 'aria-describedby': describedBy, ...attributes });
  const report = (sentence) => {
    fill(error, sentence);
    setAttributes(input, { 'aria-invalid': sentence ? 'true' : null });
  };
  const check = () => {
    const sentence = problem(input.value);
    report(sentence);
    return !sentence;
  };
  input.addEventListener('input', () => report(null));
  const row = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('div', { class: 'field-box' }, input, trailing),
    hint && h('span', { id: `${id}-hint`, class: 'hint' }, hint),
    error,
  );
  return { row, input, check, report };
}

/** A field for a password, with a button that shows it. */
export function passwordField({ id = 'password', ...rest }) {
  const reveal = h('button', { type: 'button', class: 'reveal', 'aria-controls': id }, t('showPassword'));
  const password = field({ id, type: 'password', trailing: reveal, ...rest });
  reveal.addEventListener('click', () => {
    const isShown = password.input.type === 'text';
    password.input.type = isShown ? 'password' : 'text';
    fill(reveal, t(isShown ? 'showPassword' : 'hidePassword'));
  });
  return password;
}

/** Checks all fields and moves to the first that is wrong; true when none is. */
export function checkFields(fields) {
  const wrong = fields.filter(({ check }) => !check());
  wrong[0]?.input.focus();
  return wrong.length === 0;
}

/**
 * A form that checks its fields, calls `act(values)` with what was typed by field id, and shows what went wrong.
 *
 * `problem(error)` answers `{ sentence, field }`, where `field` is the id of the field it is about, if any.
 * `act` may answer nodes, which then stand in place of the form's fields.
 */
export function actionForm({ name, fields, submit, act, problem, attributes = {} }) {
  const message = h('div', { class: 'form-message' });
  const button = h('button', { type: 'submit', class: 'button primary wide' }, submit);
  const form = h('form', { novalidate: true, 'aria-label': name, ...attributes }, fields.map(({ row }) => row), message, button);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isBusy(button) || !checkFields(fields)) return;
    fill(message);
    const values = Object.fromEntries(fields.map(({ input }) => [input.name, input.value]));
    await whileBusy(button, async () => {
      try {
        const outcome = await act(values);
        if (outcome) form.replaceChildren(outcome);
      } catch (error) {
        showProblem(message, fields, problem(error));
      }
    });
  });
  return form;
}

/** Shows a failure, and marks the field it is about. */
export function showProblem(message, fields, { sentence, field: id }) {
  fill(message, errorNote(sentence));
  const culprit = fields.find(({ input }) => input.id === id);
  if (!culprit) return;
  setAttributes(culprit.input, { 'aria-invalid': 'true' });
  culprit.input.focus();
}

export const errorNote = (sentence) => h('p', { class: 'error', role: 'alert' }, icon('alert'), h('span', {}, sentence));

const isBusy = (button) => button.getAttribute('aria-busy') === 'true';

/** Marks `button` while `work` runs; it keeps the focus, and a second press does nothing. */
export async function whileBusy(button, work) {
  if (isBusy(button)) return;
  setAttributes(button, { 'aria-busy': 'true', 'aria-disabled': 'true' });
  try {
    await work();
  } finally {
    setAttributes(button, { 'aria-busy': null, 'aria-disabled': null });
  }
}
