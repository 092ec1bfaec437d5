/** 처음부터 필요한 문장의 한국어. 부분마다 파일 하나. 함수는 이름 붙은 값을 받아 한 문장을 돌려줍니다. */
import accounts from './ko/accounts.js';
import common from './ko/common.js';
import library from './ko/library.js';
import shell from './ko/shell.js';
import uploads from './ko/uploads.js';

export default { ...common, ...accounts, ...library, ...shell, ...uploads };
