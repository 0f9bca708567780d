"""Words for the three splits: those that leave no doubt, and those that are guessed and told."""

import re
import unicodedata

from faircompress.data.sources import SPLITS

SPELT = {  # besides their names, in any case
    "training": "train", "val": "validation", "valid": "validation", "dev": "validation",
    "validate": "validation",
    "development": "validation", "testing": "test",
}  # fmt: skip
HELD_OUT = dict.fromkeys(
    ("holdout", "hold-out", "hold_out", "heldout", "held-out", "held_out"), "test"
)
MEANT = SPELT | {"eval": "validation", "evaluation": "validation"} | HELD_OUT
SPELLINGS = MEANT | {name: name for name in SPLITS}
ELSEWHERE = {  # short forms, and words of other languages without their accents
    "train": "tr trn trainval learn learning derivation "
    "trainieren trainings entrainement apprentissage entrenamiento treino "
    "treinamento addestramento allenamento trening egitim 训练 訓練 学習 훈련 обучение",
    "validation": "va vl vld vali tune tuning "
    "validierung validierungs validacion validacao validazione convalida "
    "validatie walidacja dogrulama 验证 驗證 検証 검증 валидация",
    "test": "te tst external inference predict prediction unseen "
    "prueba pruebas teste testes prova testen testowy 测试 測試 テスト 테스트 тест",
}
GUESSED = SPELLINGS | {word: split for split, words in ELSEWHERE.items() for word in words.split()}
AROUND = {
    "set", "sets", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos",
    "split", "folder", "daten", "datensatz", "bilder", "internal", "external", "public", "private",
}  # fmt: skip
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # as in PublicTest
OUT = re.compile(r"h[eo]ld[\W_]*out")
ENDS = re.compile(r"(?:s?daten|s?menge|data|set|集)$")


def guessed_split(word: str) -> str | None:
    """Return the split that a word probably means, such as 1_train, test_set or Entrenamiento.

    What was validated elsewhere ("external validation") is a test.
    """
    apart = unicodedata.normalize("NFKD", CAMEL.sub("_", word.strip()).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    plain = OUT.sub("holdout", unicodedata.normalize("NFC", plain))
    if plain in GUESSED:
        return GUESSED[plain]
    parts = [part for part in re.split(r"[\W\d_]+", plain) if part]
    left = [part for part in parts if part not in AROUND]
    meant = {GUESSED.get(part) or GUESSED.get(ENDS.sub("", part)) for part in left}
    found = meant.pop() if len(meant) == 1 else None
    return "test" if found == "validation" and "external" in parts else found
