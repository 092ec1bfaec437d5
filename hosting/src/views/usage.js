/** How much of the quota is used. */
import { formatBytes, formatNumber } from '../format.js';
import { t } from '../i18n.js';
import { fill, h, setAttributes } from '../ui/dom.js';

const NEARLY_FULL = 0.9;

/** `{ element, update(profile) }`; a skeleton until the first profile. */
export function usagePanel() {
  const body = h('div', { class: 'usage-body' }, h('span', { class: 'skeleton line' }), h('span', { class: 'skeleton line short' }));
  const element = h('section', { class: 'card usage', 'aria-label': t('usageTitle') }, h('h2', {}, t('usageTitle')), body);
  let parts = null;

  const update = (profile) => {
    if (!profile) return;
    if (!parts) {
      parts = newParts();
      fill(body, parts.total, parts.meter, parts.details, parts.warning);
    }
    show(parts, profile);
  };
  return { element, update };
}

function newParts() {
  return {
    total: h('p', { class: 'usage-total' }),
    meter: h('meter', { min: 0, 'aria-label': t('usageLabel') }),
    details: h('p', { class: 'usage-details' }),
    warning: h('p', { class: 'usage-warning', role: 'status' }),
  };
}

function show({ total, meter, details, warning }, { usage, quota }) {
  const left = Math.max(quota.bytes - usage.bytes, 0);
  const sum = t('usageOf', { used: formatBytes(usage.bytes), quota: formatBytes(quota.bytes) });
  const isNearlyFull = usage.bytes >= quota.bytes * NEARLY_FULL || usage.files >= quota.files * NEARLY_FULL;
  fill(total, sum);
  setAttributes(meter, { max: quota.bytes, high: quota.bytes * NEARLY_FULL, value: usage.bytes, 'aria-valuetext': sum });
  const count = t('usageFiles', { count: formatNumber(usage.files), quota: formatNumber(quota.files) });
  fill(details, h('span', {}, t('usageLeft', { left: formatBytes(left) })), h('span', {}, count));
  fill(warning, isNearlyFull ? t('usageNearlyFull') : null);
}
