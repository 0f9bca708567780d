"""Rows at the end of a table that sum it up, and are none of the test set."""

import numpy as np
import pandas as pd

SUMMARIES = (
    "mean", "average", "avg", "total", "totals", "grand total", "subtotal", "sum", "std", "sd",
    "median", "count", "min", "max", "25%", "50%", "75%", "overall",
    # German, French, Spanish, Portuguese and Italian
    "summe", "gesamt", "gesamtsumme", "insgesamt", "mittelwert", "mittel", "durchschnitt",
    "anzahl", "zwischensumme", "somme", "moyenne", "ensemble", "totaux", "médiane",
    "effectif", "suma", "promedio", "media", "mediana", "cuenta", "totales", "soma",
    "média", "contagem", "somma", "totale", "totali", "conteggio",
    # Dutch, Swedish, Polish and Turkish
    "totaal", "som", "gemiddelde", "aantal", "summa", "medelvärde", "totalt", "razem",
    "średnia", "ogółem", "toplam", "ortalama",
    # Russian, Chinese, Japanese, Korean and Arabic
    "итого", "всего",
    "сумма", "среднее",
    "合计", "总计", "平均", "平均值",
    "合計", "総計", "小計", "합계", "평균",
    "المجموع",
    "المتوسط",
)  # fmt: skip
BEHIND = r"\s*[:=(\[].*$"  # such as a colon, or how many


def summary_rows(names: pd.Series) -> np.ndarray:
    """Return which rows sum up the others, ``(rows,)``, bool.

    Such are the last rows of a table whose names are words of a summary, in any usual language,
    each once, where all others have a number in their name. So "Max" among people's names is a row,
    and so is a group "min" of several rows.

    Args:
        names: Column of the rows' names, or the table's first.
    """
    none = np.zeros(len(names), dtype=bool)
    if pd.api.types.is_numeric_dtype(names) or pd.api.types.is_bool_dtype(names):
        return none
    texts = names.astype(object).map(str).str.strip().str.lower()
    found = texts.str.replace(BEHIND, "", regex=True).isin(SUMMARIES).to_numpy(bool)
    count = int(found.sum())
    if not 0 < count < len(names) or not found[-count:].all() or texts[found].duplicated().any():
        return none
    return found if texts[~found].str.contains(r"\d").all() else none
