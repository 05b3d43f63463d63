#include "plugins/learn/forest_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <type_traits>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::learn {

namespace {

constexpr std::string_view kForestHead = "millrace-forest 1";

template <class T>
void append_shortest(std::string& out, T value) {
  std::array<char, 64> buffer;
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}

void check_forest_bytes(std::size_t bytes) {
  if (bytes > kMostForestBytes)
    throw Failure{MR_EXHAUSTED, "forest file: it has more than 1 GiB: " + std::to_string(bytes) +
                                    " bytes: grow fewer trees"};
}

// Reads a forest file word by word. No number is believed that the rest of the file cannot bear
// out.
class ForestReader {
 public:
  ForestReader(std::string_view text, const IsStopping& is_stopping)
      : text_{text}, poll_{is_stopping} {}

  TextForest read() {
    if (!take(kForestHead) || !take("\n"))
      refuse("it is to begin with " + std::string{kForestHead});
    TextForest made;
    demand("words ");
    made.words = words_of(line());
    read_classes(made);
    read_terms(made);
    read_shares(made);
    read_trees(made);
    demand("end\n");
    if (at_ != text_.size()) refuse("nothing may follow the end");
    return made;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    const auto number = 1 + std::count(text_.begin(), text_.begin() + std::ptrdiff_t(at_), '\n');
    throw Failure{MR_DATA_INVALID, "forest file: line " + std::to_string(number) + ": " + why};
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void demand(std::string_view token) {
    if (!take(token)) refuse("here is to stand " + std::string{token.substr(0, token.size() - 1)});
  }
  template <class T>
  T number(char end) {
    poll_.step(8);
    T value{};
    const auto rest = text_.data() + text_.size();
    const auto read = std::from_chars(text_.data() + at_, rest, value);
    if (read.ec != std::errc{} || read.ptr == rest || *read.ptr != end)
      refuse("here is to stand a number");
    at_ = static_cast<std::size_t>(read.ptr - text_.data()) + 1;
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(value)) refuse("a number is to be finite");
    }
    return value;
  }
  // How many of something follow, each of at least `least_bytes`.
  std::size_t count(std::string_view what, std::size_t most, std::size_t least_bytes) {
    demand(what);
    const auto value = number<std::uint64_t>('\n');
    if (value > most || value > (text_.size() - at_) / least_bytes)
      refuse("there are too many " + std::string{what} +
             "or too little text: " + std::to_string(value));
    return value;
  }
  std::string_view line() {
    const auto end = text_.find('\n', at_);
    if (end == std::string_view::npos) refuse("the line has no end");
    const auto found = text_.substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }

  void read_classes(TextForest& made) {
    for (auto left = count("classes ", kMostForestClasses, 3); left > 0; --left) {
      const auto bytes = number<std::uint32_t>(' ');
      if (bytes >= text_.size() - at_) refuse("the name of a class has no end");
      made.classes.emplace_back(text_.substr(at_, bytes));
      at_ += bytes;
      demand("\n");
    }
    if (made.classes.empty()) refuse("there is no class");
    made.forest.classes = static_cast<std::uint32_t>(made.classes.size());
  }
  void read_terms(TextForest& made) {
    std::vector<std::string> terms;
    std::vector<double> idf;
    for (auto left = count("terms ", kMostForestTerms, 3); left > 0; --left) {
      idf.push_back(number<double>(' '));
      terms.emplace_back(line());
      if (terms.size() > 1 && terms[terms.size() - 2] >= terms.back())
        refuse("terms are to ascend");
    }
    made.forest.columns = static_cast<std::uint32_t>(terms.size());
    made.features = {std::move(terms), std::move(idf)};
  }
  void read_shares(TextForest& made) {
    Forest& forest = made.forest;
    const std::size_t classes = forest.classes;
    const auto rows = count("shares ", text_.size(), 2 * classes);
    forest.shares.assign(classes * classes, 0);
    for (std::size_t i = 0; i < classes; ++i) forest.shares[i * classes + i] = 1;
    for (std::size_t i = 1; i <= rows * classes; ++i)
      forest.shares.push_back(number<float>(i % classes == 0 ? '\n' : ' '));
  }
  void read_trees(TextForest& made) {
    Forest& forest = made.forest;
    const auto share_rows = forest.shares.size() / forest.classes;
    const auto trees = count("trees ", kMostForestTrees, 11);
    if (trees == 0) refuse("there is no tree");
    for (std::size_t tree = 0; tree < trees; ++tree) {
      const auto nodes = count("tree ", text_.size(), 4);
      // Places of the nodes that are to come, the next one last: in preorder each is reached once.
      std::vector<std::uint32_t> ahead{0};
      for (std::uint32_t i = 0; i < nodes; ++i) {
        if (ahead.empty() || ahead.back() != i) refuse("nodes are not in preorder");
        ahead.pop_back();
        read_node(forest, share_rows, i, nodes, ahead);
      }
      if (!ahead.empty()) refuse("a right child is missing");
      forest.begins.push_back(forest.nodes.size());
    }
  }
  void read_node(Forest& forest, std::size_t share_rows, std::uint32_t place, std::size_t nodes,
                 std::vector<std::uint32_t>& ahead) {
    ForestNode node;
    if (take("= ")) {
      node.next = number<std::uint32_t>('\n');
      if (node.next >= share_rows) refuse("there is no such row of shares");
    } else {
      const auto column = number<std::uint32_t>(' ');
      if (column >= forest.columns) refuse("there is no such term");
      node.column = static_cast<std::int32_t>(column);
      node.threshold = number<float>(' ');
      node.next = number<std::uint32_t>('\n');
      if (node.next <= place + 1 || node.next >= nodes) refuse("there is no such right child");
      ahead.push_back(node.next);
      ahead.push_back(place + 1);
    }
    forest.nodes.push_back(node);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  StopPoll poll_;
};

}  // namespace

std::string write_forest_file(const TextForest& made, const IsStopping& is_stopping) {
  StopPoll poll{is_stopping};
  const Forest& forest = made.forest;
  std::string out{kForestHead};
  out.append("\nwords ").append(to_string(made.words));
  out.append("\nclasses ").append(std::to_string(forest.classes)).append("\n");
  for (const auto& name : made.classes)
    out.append(std::to_string(name.size())).append(" ").append(name).append("\n");
  out.append("terms ").append(std::to_string(forest.columns)).append("\n");
  for (std::size_t i = 0; i < made.features.terms().size(); ++i) {
    append_shortest(out, made.features.idf()[i]);
    out.append(" ").append(made.features.terms()[i]).append("\n");
  }
  const std::size_t classes = forest.classes;
  out.append("shares ")
      .append(std::to_string(forest.shares.size() / classes - classes))
      .append("\n");
  for (auto i = classes * classes; i < forest.shares.size(); ++i) {
    poll.step(8);
    append_shortest(out, forest.shares[i]);
    out += (i + 1) % classes == 0 ? '\n' : ' ';
  }
  out.append("trees ").append(std::to_string(forest.trees())).append("\n");
  for (std::size_t tree = 0; tree < forest.trees(); ++tree) {
    const auto begin = forest.begins[tree], end = forest.begins[tree + 1];
    out.append("tree ").append(std::to_string(end - begin)).append("\n");
    for (auto i = begin; i < end; ++i) {
      const ForestNode& node = forest.nodes[i];
      poll.step(8);
      if (node.column == ForestNode::kLeaf) {
        out += "= ";
      } else {
        append_shortest(out, node.column);
        out += ' ';
        append_shortest(out, node.threshold);
        out += ' ';
      }
      append_shortest(out, node.next);
      out += '\n';
    }
  }
  out += "end\n";
  check_forest_bytes(out.size());
  return out;
}

TextForest read_forest_file(std::string_view text, const IsStopping& is_stopping) {
  check_forest_bytes(text.size());
  return ForestReader{text, is_stopping}.read();
}

}  // namespace millrace::learn
