/** The page's own line icons, and which one stands for which kind of file. */
import { drawing } from './dom.js';

const PATHS = {
  upload: ['M12 15V4', 'm7 9 5-5 5 5', 'M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3'],
  download: ['M12 4v11', 'm7 10 5 5 5-5', 'M4 17v1a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-1'],
  trash: ['M4 7h16', 'M9 7V5a1 1 0 0 1 1-1h4a1 1 0 0 1 1 1v2', 'm6 7 1 12a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1l1-12', 'M10 11v5', 'M14 11v5'],
  close: ['m6 6 12 12', 'M18 6 6 18'],
  retry: ['M20 12a8 8 0 1 1-2.3-5.7', 'M20 4v5h-5'],
  device: ['M4 5h16v11H4z', 'M9 20h6', 'M12 16v4'],
  light: ['M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z', 'M12 2.5v2', 'M12 19.5v2', 'M2.5 12h2', 'M19.5 12h2', 'm5.3 5.3 1.4 1.4', 'm17.3 17.3 1.4 1.4', 'm18.7 5.3-1.4 1.4', 'm6.7 17.3-1.4 1.4'],
  dark: ['M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z'],
  link: ['M10 13.5a4 4 0 0 0 6 .4l2.5-2.5a4 4 0 0 0-5.7-5.7l-1.3 1.3', 'M14 10.5a4 4 0 0 0-6-.4l-2.5 2.5a4 4 0 0 0 5.7 5.7l1.3-1.3'],
  copy: ['M9 9h11v11H9z', 'M5 15H4V4h11v1'],
  share: ['M12 14V4', 'm8.5 7 3.5-3.5L15.5 7', 'M7 11H5v9h14v-9h-2'],
  pause: ['M9 6v12', 'M15 6v12'],
  play: ['m8 5.5 10 6.5-10 6.5z'],
  folder: ['M3.5 6h6l2 2.5h9V19h-17z'],
  check: ['m5 12.5 4.5 4.5L19 7.5'],
  alert: ['M12 8v5', 'M12 16.5v.01', 'M12 3.5 2.5 20h19z'],
  back: ['M19 12H5', 'm11 6-6 6 6 6'],
  chevron: ['m7 10 5 5 5-5'],
  globe: ['M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z', 'M3.5 12h17', 'M12 3.5c-5 5-5 12 0 17', 'M12 3.5c5 5 5 12 0 17'],
  lock: ['M6 11h12v9H6z', 'M8.5 11V8a3.5 3.5 0 0 1 7 0v3'],
  mail: ['M3.5 6h17v12h-17z', 'm4 7 8 6 8-6'],
  devices: ['M3 6h12v9H3z', 'M1.5 18H13', 'M17 9h5v10h-5z'],
  sparkle: ['M12 4v4', 'M12 16v4', 'M4 12h4', 'M16 12h4', 'm6.5 6.5 2.5 2.5', 'm15 15 2.5 2.5', 'm17.5 6.5-2.5 2.5', 'm9 15-2.5 2.5'],
  image: ['M4 5h16v14H4z', 'm4 16 4.5-4.5L13 16l3-3 4 4', 'M15.5 9.5v.01'],
  video: ['M3 6h12v12H3z', 'm15 11 6-3.5v9L15 13z'],
  audio: ['M9 17V6l10-2v11', 'M9 17a2.5 2.5 0 1 1-2.5-2.5A2.5 2.5 0 0 1 9 17z', 'M19 15a2.5 2.5 0 1 1-2.5-2.5A2.5 2.5 0 0 1 19 15z'],
  text: ['M6 3h8l4 4v14H6z', 'M14 3v4h4', 'M9 12h6', 'M9 16h6'],
  archive: ['M4 5h16v4H4z', 'M5.5 9v10h13V9', 'M10 13h4'],
  search: ['M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'm15.5 15.5 4.5 4.5'],
  rows: ['M4 6h16', 'M4 12h16', 'M4 18h16'],
  grid: ['M4 4h7v7H4z', 'M13 4h7v7h-7z', 'M4 13h7v7H4z', 'M13 13h7v7h-7z'],
  more: ['M4.7 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0', 'M11.2 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0', 'M17.7 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0'],
  eye: ['M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z', 'M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z'],
  pencil: ['m4 20 1-4L16 5l3 3L8 19z', 'm13.5 7.5 3 3'],
  share: ['M12 15V4', 'm8 7.5 4-3.5 4 3.5', 'M8 11H6v9h12v-9h-2'],
  restore: ['M4 12a8 8 0 1 0 2.3-5.7', 'M4 4v5h5'],
  keyboard: ['M3 6h18v12H3z', 'M7 10h.01', 'M11 10h.01', 'M15 10h.01', 'M8 14h8'],
  back: ['m14 6-6 6 6 6'],
  forward: ['m10 6 6 6-6 6'],
  zoom: ['M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'm15.5 15.5 4.5 4.5', 'M10.5 8v5', 'M8 10.5h5'],
  file: ['M6 3h8l4 4v14H6z', 'M14 3v4h4'],
};

const ARCHIVES = /zip|tar|gzip|x-7z|rar|compressed/;
const DOCUMENTS = /pdf|json|xml|javascript|document|presentation|sheet|word|excel/;

export const icon = (name) => drawing('icon', PATHS[name]);

/** "image", "video", "audio", "text", "archive" or "file" for a content type. */
export function kindOf(contentType = '') {
  const family = contentType.split('/')[0];
  if (['image', 'video', 'audio', 'text'].includes(family)) return family;
  if (ARCHIVES.test(contentType)) return 'archive';
  return DOCUMENTS.test(contentType) ? 'text' : 'file';
}
