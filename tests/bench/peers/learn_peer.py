"""What jieba and scikit-learn take, in CPU seconds: learn_peer.py FOLDER.

FOLDER has texts (each ends with a zero byte), terms (the same), labels (a number for each text). Prints a line "NAME SECONDS" for
each piece of work that learn_bench.cpp measures.
"""
import logging
import sys
import time

import jieba
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

jieba.setLogLevel(logging.ERROR)
jieba.initialize()


def read(name):
    with open(f"{sys.argv[1]}/{name}", encoding="utf-8", newline="") as file:
        return file.read().split("\0")[:-1]


def measure(name, work):
    begin = time.process_time()
    result = work()
    print(name, time.process_time() - begin, flush=True)
    return result


texts, terms = read("texts"), read("terms")
labels = [int(label) for label in read("labels")]
documents = measure("full", lambda: [" ".join(jieba.cut(text, cut_all=True)) for text in texts])
measure("accurate", lambda: [" ".join(jieba.cut(text)) for text in texts])
rows = measure("tfidf", lambda: TfidfVectorizer(max_features=5000, min_df=2, stop_words="english").fit_transform(documents))
measure("logistic", lambda: [
    SGDClassifier(loss="log_loss", penalty="elasticnet", l1_ratio=0.9, n_iter_no_change=10, class_weight="balanced",
                  random_state=1).fit(rows, [label == one for label in labels]) for one in range(4)])
measure("forest", lambda: RandomForestClassifier(100, random_state=1).fit(rows, labels))
measure("counts", lambda: [[text.count(term) for term in terms] for text in texts[:200]])
