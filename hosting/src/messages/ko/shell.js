/** 이 기기에 설치된 앱으로서의 페이지 문장. */
export default {
  newVersion: 'Drop의 새 버전이 준비되었습니다.',
  newVersionReload: '새로 고침',
  newVersionLater: '나중에',
};
