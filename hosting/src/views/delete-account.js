/** Deleting the account: asked twice, and proven again when the sign-in is old, all in one dialog. */
import { t } from '../i18n.js';
import { deleteAccount } from '../jobs.js';
import { fill, h } from '../ui/dom.js';
import { field } from '../ui/fields.js';
import { formDialog } from '../ui/form-dialog.js';
import { callProblem } from './call-problem.js';
import { identityProof } from './prove.js';
import { proofProblem } from './settings-sign-in.js';

const GUEST_WORD = 'DELETE';

export async function openDeletion({ session, development, onDeleted }) {
  const expected = session.isGuest ? GUEST_WORD : session.email;
  const confirmation = confirmationField(expected);
  const step = h('div', { class: 'dialog-step' }, confirmation.row);
  let proof = null;

  const askForProof = () => {
    proof = identityProof(session, development);
    fill(step, h('p', {}, t('deleteProve')), proof.nodes, proof.fields.map(({ row }) => row));
    proof.fields[0]?.input.focus();
  };
  // One field stands for whatever the step is about, so that the dialog checks and marks the right ones.
  const check = () => (proof ? proof.fields.every((each) => each.check()) : confirmation.check());
  const done = await formDialog({
    title: t('deleteAccountTitle'),
    lead: t('deleteAccountBody'),
    fields: [{ ...confirmation, row: step, check }],
    confirm: t('deleteAccountConfirm'),
    danger: true,
    act: async () => {
      if (proof && !(await proof.prove())) return false;
      try {
        await deleteAccount(expected);
        return true;
      } catch (error) {
        if (error.reason !== 'recent-sign-in-required' || session.isGuest || proof) throw error;
        askForProof();
        return false;
      }
    },
    problem: (error) => (error.code?.startsWith('auth/') || error.code?.startsWith('drop/') ? proofProblem(error) : callProblem(error)),
  });
  proof?.stop();
  if (done) onDeleted();
}

function confirmationField(expected) {
  const isSame = (value) => value.trim().toLowerCase() === expected.toLowerCase();
  const problem = (value) => (isSame(value) ? null : t('deleteConfirmWrong', { expected }));
  return field({ id: 'delete-confirm', label: t('deleteConfirmLabel', { expected }), autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', problem });
}
