/** A dialog with fields that does something when it is confirmed, and stays open with the reason when that fails. */
import { openDialog } from './dialog.js';
import { fill, h } from './dom.js';
import { checkFields, showProblem } from './fields.js';

/**
 * Answers a promise of whether it was done. `act(values)` gets what was typed by field id; answering false keeps the
 * dialog open. `problem(error)` puts a failure in words.
 */
export async function formDialog({ title, lead, fields = [], confirm, danger, act, problem }) {
  const message = h('div', { class: 'form-message' });
  const onConfirm = async (dialog) => {
    if (!checkFields(fields)) return false;
    fill(message);
    try {
      return await act(Object.fromEntries(fields.map(({ input }) => [input.id, input.value])), dialog);
    } catch (error) {
      showProblem(message, fields, problem(error));
      return false;
    }
  };
  const body = [lead && h('p', {}, lead), fields.map(({ row }) => row), message];
  return (await openDialog({ title, body, confirm, danger, onConfirm })) === 'confirm';
}
