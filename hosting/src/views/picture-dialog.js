/** Choosing the square of a picture: drag it or use the arrow keys, and make it larger with the slider. */
import { t } from '../i18n.js';
import { cutSquare, readPicture, savePicture } from '../picture.js';
import { toast } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { formDialog } from '../ui/form-dialog.js';

const VIEW = 240;
const MOST_ZOOM = 4;
const KEY_STEP = 8;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export async function changePicture(session, file) {
  let bitmap;
  try {
    bitmap = await readPicture(file);
  } catch {
    return toast(t('pictureBroken'), { kind: 'error' });
  }
  const cropper = squareCropper(bitmap);
  await formDialog({
    title: t('pictureTitle'),
    fields: [{ row: cropper.element, input: cropper.zoom, check: () => true }],
    confirm: t('usePicture'),
    act: async () => {
      await savePicture(session, await cutSquare(bitmap, cropper.square()));
      toast(t('pictureSaved'));
    },
    problem: () => ({ sentence: t('pictureFailed') }),
  });
  bitmap.close();
}

/** `{ element, zoom, square() }`: the part in view as `{ x, y, side }` in pixels of the bitmap. */
function squareCropper(bitmap) {
  const shorter = Math.min(bitmap.width, bitmap.height);
  const canvas = h('canvas', { class: 'cropper', width: VIEW * 2, height: VIEW * 2, tabindex: 0, role: 'img', 'aria-label': t('cropLabel') });
  const zoom = h('input', { id: 'picture-zoom', type: 'range', min: 1, max: MOST_ZOOM, step: 0.01, value: 1 });
  let center = { x: bitmap.width / 2, y: bitmap.height / 2 };

  const side = () => shorter / Number(zoom.value);
  const square = () => ({ x: center.x - side() / 2, y: center.y - side() / 2, side: side() });
  const draw = () => {
    const half = side() / 2;
    center = { x: clamp(center.x, half, bitmap.width - half), y: clamp(center.y, half, bitmap.height - half) };
    const { x, y } = square();
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, x, y, side(), side(), 0, 0, canvas.width, canvas.height);
  };
  const move = (dx, dy) => {
    const scale = side() / canvas.clientWidth;
    center = { x: center.x - dx * scale, y: center.y - dy * scale };
    draw();
  };
  zoom.addEventListener('input', draw);
  canvas.addEventListener('pointerdown', ({ pointerId }) => canvas.setPointerCapture(pointerId));
  canvas.addEventListener('pointermove', (event) => canvas.hasPointerCapture(event.pointerId) && move(event.movementX, event.movementY));
  canvas.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    move(arrow[0] * KEY_STEP, arrow[1] * KEY_STEP);
  });
  draw();
  const slider = h('div', { class: 'cropper-zoom' }, h('label', { for: 'picture-zoom' }, t('zoom')), zoom);
  return { element: h('div', { class: 'cropper-area' }, canvas, h('p', { class: 'hint' }, t('cropHint')), slider), zoom, square };
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
