// Models of texts against jieba and scikit-learn, in turn in one run: CPU seconds of one core each,
// and how many times ours is as fast. learn_bench [TEXTS [AVERAGE_CHARACTERS]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "plugins/learn/documents.hpp"
#include "plugins/learn/forest.hpp"
#include "plugins/learn/logistic.hpp"
#include "plugins/learn/term_counter.hpp"
#include "plugins/learn/tfidf.hpp"
#include "plugins/learn/word_tables.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

namespace {

using namespace millrace::learn;
using Texts = std::vector<std::string>;

constexpr std::uint32_t kLabels = 4;
constexpr std::size_t kCountedTexts = 200;  // one search for each term takes the peer that long

double cpu_seconds(const std::function<void()>& work) {
  const auto begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// The words of the dictionary that have Chinese characters only, by the order of the file.
Texts dictionary_words() {
  std::ifstream file{std::string{kWordFolder} + "/dict.txt"};
  Texts words;
  for (std::string line; std::getline(file, line);) {
    if (static_cast<unsigned char>(line[0]) >= 0xE4)
      words.push_back(line.substr(0, line.find(' ')));
  }
  return words;
}

struct Workload {
  Texts texts, terms;
  std::vector<std::uint32_t> labels;
};

// Texts of common and rare words; each eighth word says the label.
Workload make_workload(std::size_t count, std::size_t characters) {
  const auto words = dictionary_words();
  std::mt19937 random{1};
  const auto below = [&](std::size_t bound) { return random() % bound; };
  Workload made;
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint32_t>(below(kLabels));
    std::string text;
    for (auto left = 1 + below(2 * characters / 3); left > 0; --left) {
      const auto place = std::min({below(20'000), below(20'000), below(20'000)});
      text += words[(place * 17 + (left % 8 == 0 ? label * 97 + 40'000 : 0)) % words.size()];
      if (left % 9 == 0) text += "，";
    }
    made.texts.push_back(std::move(text));
    made.labels.push_back(label);
  }
  for (std::size_t i = 0; i < 10'000; ++i) made.terms.push_back(words[i * 17 % words.size()]);
  std::sort(made.terms.begin(), made.terms.end());
  made.terms.erase(std::unique(made.terms.begin(), made.terms.end()), made.terms.end());
  return made;
}

void write(const std::filesystem::path& path, const Texts& texts) {
  std::ofstream file{path, std::ios::binary};
  for (const auto& text : texts) file << text << '\0';
}

std::map<std::string, double> peer_seconds(const Workload& workload) {
  const millrace::test::TemporaryFolder folder;
  write(folder / "texts", workload.texts);
  write(folder / "terms", workload.terms);
  Texts labels;
  for (const auto label : workload.labels) labels.push_back(std::to_string(label));
  write(folder / "labels", labels);
  const std::string command = "/usr/bin/python3 " MR_SOURCE_DIR
                              "/tests/bench/peers/learn_peer.py '" +
                              folder.path().string() + "' > '" + folder.path().string() + "/out'";
  if (std::system(command.c_str()) != 0) {
    fmt::print(stderr, "the peers do not run: install python3-jieba and python3-sklearn\n");
    std::exit(1);
  }
  std::map<std::string, double> seconds;
  std::ifstream out{folder / "out"};
  std::string name;
  for (double value = 0; out >> name >> value;) seconds[name] = value;
  return seconds;
}

std::map<std::string, double> our_seconds(const Workload& workload) {
  std::map<std::string, double> seconds;
  const auto tables = debian_word_tables();
  Texts documents;
  for (const auto words : {Words::Accurate, Words::Full}) {
    documents.clear();
    DocumentMaker maker{words, tables};
    seconds[std::string{to_string(words)}] = cpu_seconds([&] {
      for (const auto& text : workload.texts) documents.emplace_back(maker.document(text));
    });
  }
  SparseRows rows;
  seconds["tfidf"] = cpu_seconds([&] {
    TfIdfLearner learner{{.most_terms = 5000, .least_documents = 2}};
    for (const auto& document : documents) learner.add(document);
    static_cast<void>(learner.finish(rows));
  });
  seconds["logistic"] = cpu_seconds([&] {
    for (std::uint32_t one = 0; one < kLabels; ++one) {
      std::vector<std::uint8_t> flags;
      for (const auto label : workload.labels) flags.push_back(label == one ? 1 : 0);
      static_cast<void>(fit_logistic(rows, flags, {}));
    }
  });
  seconds["forest"] =
      cpu_seconds([&] { static_cast<void>(fit_forest(rows, workload.labels, kLabels, {})); });
  const TermCounter counter{workload.terms};
  TermCounter::Scratch scratch;
  seconds["counts"] =
      cpu_seconds([&] {
        for (int round = 0; round < 100; ++round) {
          for (std::size_t i = 0; i < kCountedTexts && i < workload.texts.size(); ++i)
            counter.count(workload.texts[i], scratch);
        }
      }) /
      100;
  return seconds;
}

std::size_t argument(int count, char** values, int place, std::size_t otherwise) {
  return place < count ? std::strtoul(values[place], nullptr, 10) : otherwise;
}

}  // namespace

int main(int count, char** values) {
  const auto workload =
      make_workload(argument(count, values, 1, 5000), argument(count, values, 2, 200));
  auto peers = peer_seconds(workload);
  auto ours = our_seconds(workload);
  double our_total = 0, peer_total = 0;
  fmt::print("{:<10} {:>10} {:>10} {:>8}\n", "work", "ours s", "peer s", "ratio");
  for (const auto& [name, seconds] : peers) {
    fmt::print("{:<10} {:>10.4f} {:>10.4f} {:>8.1f}\n", name, ours[name], seconds,
               seconds / ours[name]);
    if (name == "counts") continue;
    our_total += ours[name];
    peer_total += seconds;
  }
  fmt::print("{:<10} {:>10.4f} {:>10.4f} {:>8.1f}\n", "all models", our_total, peer_total,
             peer_total / our_total);
}
