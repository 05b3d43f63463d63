"""Fits scikit-learn on made documents: scikit_oracle.py SEED DOCUMENTS MOST_TERMS LEAST_DOCUMENTS FOLDER.

Writes FOLDER/documents (each ends with a zero byte), FOLDER/flags (0 or 1 for each), and FOLDER/fitted: a line with the seed of
the shuffle and the number of terms; the terms, one a line; a line "column:value ..." for each document; then epochs,
intercept and coefficients of SGDClassifier, in one line.
"""
import random
import sys

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.linear_model import SGDClassifier

seed, count, most_terms, least_documents = map(int, sys.argv[1:5])
folder = sys.argv[5]
draw = random.Random(seed)
odd = ["İstanbul", "ΑΣ", "a", "_x", "x²", "½½", "1,000", "é\u0301a", "THE", "한국어", "😀😀", "ＡＢ", "ǅz"]
words = ["".join(chr(0x4E00 + 7 * draw.randrange(200)) for _ in range(draw.randrange(1, 4))) for _ in range(4 * most_terms)]
words += sorted(ENGLISH_STOP_WORDS)[:50] + odd
flags = [draw.randrange(2) for _ in range(count)]
documents = [
    " ".join(words[min(draw.randrange(len(words)), draw.randrange(len(words))) ^ (flag & draw.randrange(2))]
             for _ in range(draw.randrange(60))) for flag in flags]
vectorizer = TfidfVectorizer(max_features=most_terms, min_df=least_documents, stop_words="english")
rows = vectorizer.fit_transform(documents)
rows.sort_indices()
# What SGDClassifier draws from its random state: a seed of its data set, then that of the shuffle.
largest = np.iinfo(np.int32).max
state = np.random.RandomState(seed)
state.randint(1, largest)
shuffle = state.randint(largest)
model = SGDClassifier(loss="log_loss", penalty="elasticnet", l1_ratio=0.9, alpha=1e-4, n_iter_no_change=10, max_iter=1000,
                      tol=1e-3, class_weight="balanced", random_state=seed).fit(rows, flags)
with open(folder + "/documents", "wb") as file:
    file.write("".join(document + "\0" for document in documents).encode())
with open(folder + "/flags", "w") as file:
    file.write(" ".join(map(str, flags)))
with open(folder + "/fitted", "w", encoding="utf-8") as file:
    terms = vectorizer.get_feature_names_out()
    file.write(f"{shuffle} {len(terms)}\n" + "".join(term + "\n" for term in terms))
    for row in rows:
        file.write("".join(f"{column}:{value!r} " for column, value in zip(row.indices, row.data.tolist())) + "\n")
    file.write(f"{model.n_iter_} {model.intercept_[0]!r} " + " ".join(map(repr, model.coef_[0].tolist())) + "\n")
