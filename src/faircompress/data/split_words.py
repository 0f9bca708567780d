"""Words for the three splits: those that leave no doubt, and those that are guessed and told."""

import re
import unicodedata

from faircompress.data.sources import SPLITS

SPELT = {  # besides their names, in any case
    "training": "train", "val": "validation", "valid": "validation", "dev": "validation",
    "validate": "validation",
    "development": "validation", "testing": "test",
}  # fmt: skip
MEANT = SPELT | {"eval": "validation", "evaluation": "validation", "holdout": "test"}
SPELLINGS = MEANT | {name: name for name in SPLITS}
ELSEWHERE = {  # short forms, and words of other languages without their accents
    "train": "tr trn trainval trainieren trainings entrainement apprentissage entrenamiento treino "
    "treinamento addestramento allenamento trening egitim 训练 訓練 学習 훈련 обучение",
    "validation": "va vl validierung validierungs validacion validacao validazione convalida "
    "validatie walidacja dogrulama 验证 驗證 検証 검증 валидация",
    "test": "te tst prueba pruebas teste testes prova testen testowy 测试 測試 テスト 테스트 тест",
}
GUESSED = SPELLINGS | {word: split for split, words in ELSEWHERE.items() for word in words.split()}
AROUND = {
    "set", "sets", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos",
    "split", "folder", "daten", "datensatz", "bilder",
}  # fmt: skip
ENDS = re.compile(r"(?:s?daten|s?menge|data|set|集)$")


def guessed_split(word: str) -> str | None:
    """Return the split that a word probably means, such as 1_train, test_set or Entrenamiento."""
    apart = unicodedata.normalize("NFKD", word.strip().casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    plain = unicodedata.normalize("NFC", plain)
    if plain in GUESSED:
        return GUESSED[plain]
    left = [part for part in re.split(r"[\W\d_]+", plain) if part and part not in AROUND]
    return GUESSED.get(left[0]) or GUESSED.get(ENDS.sub("", left[0])) if len(left) == 1 else None
