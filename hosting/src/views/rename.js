/** The dialog that asks for a new name. */
import { safeFileName } from '../file-name.js';
import { t } from '../i18n.js';
import { openDialog } from '../ui/dialog.js';
import { fill, h, setAttributes } from '../ui/dom.js';

/** Answers the new name, or null when it stays as it is. */
export async function renameDialog(name) {
  const input = h('input', { id: 'new-name', value: name, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'new-name-error' });
  const error = h('span', { id: 'new-name-error', class: 'field-error', role: 'alert' });
  const field = h('div', { class: 'field' }, h('label', { for: 'new-name' }, t('newName')), h('div', { class: 'field-box' }, input), error);
  const isGood = () => {
    const problem = nameProblem(input.value);
    fill(error, problem);
    setAttributes(input, { 'aria-invalid': problem ? 'true' : null });
    return problem === null;
  };
  const answer = openDialog({ title: t('renameTitle'), body: field, confirm: t('rename'), onConfirm: isGood });
  selectStem(input);
  if ((await answer) !== 'confirm') return null;
  const chosen = tidy(input.value);
  return chosen === name ? null : chosen;
}

const tidy = (typed) => typed.normalize('NFC').trim();

function nameProblem(typed) {
  const wanted = tidy(typed);
  if (wanted === '') return t('nameMissing');
  return safeFileName(wanted) === wanted ? null : t('nameNotAllowed');
}

/** What comes before the extension is what people mean to change. */
function selectStem(input) {
  input.focus();
  const dot = input.value.lastIndexOf('.');
  input.setSelectionRange(0, dot > 0 ? dot : input.value.length);
}
