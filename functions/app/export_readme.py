"""The README.txt of an export, in the language of whose export it is."""

from __future__ import annotations

_ENGLISH = """\
Your data from Drop
===================

This is everything Drop keeps about you, as it was on {date} (UTC).
{parts}
profile.json          your name, language, quota and usage
account.json          how you sign in
picture.*             your profile picture, if you have one
documents/*.jsonl     one line of JSON for each file, share and job: names, sizes, times, states
files/<year>/         your files under their own names, by the year they were added
trash/                files that were in your trash
manifest*.json        what is in this archive: name, size and SHA-256 of every file,
                      and the files that were deleted while it was made

Two files of one name are told apart by a number. Characters that some systems do not allow in names
became an underscore; documents/files.jsonl has the names as you gave them. Times are ISO 8601 in UTC.
"""

_ENGLISH_PARTS = """
It comes in {count} archives. Unpack all of them into the same folder.
"""

_KOREAN = """\
Drop에서 내보낸 내 데이터
=========================

{date} (UTC) 기준으로 Drop에 보관된 내 데이터 전체입니다.
{parts}
profile.json          이름, 언어, 저장 용량과 사용량
account.json          로그인 방법
picture.*             프로필 사진 (있는 경우)
documents/*.jsonl     파일, 공유, 작업마다 한 줄씩 적은 JSON: 이름, 크기, 시각, 상태
files/<연도>/         원래 이름 그대로인 내 파일 (추가한 연도별)
trash/                휴지통에 있던 파일
manifest*.json        이 압축 파일의 내용: 파일마다 이름, 크기, SHA-256 값,
                      그리고 만드는 동안 삭제된 파일

이름이 같은 파일은 번호를 붙여 구분했습니다. 일부 시스템에서 이름에 쓸 수 없는 문자는 밑줄로 바꾸었으며,
원래 이름은 documents/files.jsonl에 있습니다. 시각은 UTC 기준 ISO 8601 형식입니다.
"""

_KOREAN_PARTS = """
압축 파일 {count}개로 나뉘어 있습니다. 모두 같은 폴더에 풀어 주세요.
"""


def readme(locale: str, date: str, parts: int) -> str:
    """The text for an export of `date` in so many archives. `locale` is "ko", or anything for English."""
    text, several = (_KOREAN, _KOREAN_PARTS) if locale == "ko" else (_ENGLISH, _ENGLISH_PARTS)
    return text.format(date=date, parts=several.format(count=parts) if parts > 1 else "")
