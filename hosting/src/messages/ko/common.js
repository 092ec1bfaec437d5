/** 모든 화면의 문장. */
export default {
  appName: 'Drop',
  tagline: '나만의 파일 보관함',
  skipToContent: '본문으로 건너뛰기',
  languageLabel: '언어',
  themeLabel: '화면 모드',
  themeDevice: '기기 설정에 맞춤',
  themeLight: '밝게',
  themeDark: '어둡게',
  loading: '불러오는 중…',
  close: '닫기',
  cancel: '취소',
  save: '저장',

  startFailedTitle: 'Drop을 시작하지 못했습니다',
  startFailedBody: '서버에서 설정을 받지 못했습니다. 연결을 확인하고 다시 시도해 주세요.',
  tryAgain: '다시 시도',

  dismissNotification: '알림 닫기',
  showPassword: '비밀번호 보기',
  hidePassword: '비밀번호 숨기기',
};
