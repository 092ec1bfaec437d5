/** 에뮬레이터에서만 보이는 문장. */
export default {
  devTitle: '에뮬레이터 계정',
  devLead: '비밀번호 없이 한 번에. 내 컴퓨터에서만 보입니다.',
  devSignIn: ({ name }) => `${name} 계정으로 로그인`,
  devAdmin: '관리자',
  devMissing: '에뮬레이터에 이 계정이 없습니다. 시드 데이터로 시작하거나 계정을 만들어 주세요.',

  devOpenMail: '메일 열기 (에뮬레이터)',
  devNoMail: '에뮬레이터에 그런 메일이 없습니다.',
  devGoogleTitle: 'Google 로그인 흉내 내기',
  devGoogleLead: '에뮬레이터에서는 Google 창이 열리지 않습니다. 원하는 사람으로 로그인하세요.',
  devGoogleConfirm: '계속',
};
