// The code in docs/ is cut from files that are compiled and tested, and the guide names everything
// there is.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

namespace {

const std::filesystem::path kSource = MR_SOURCE_DIR;

std::string read(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

// A fenced block of a page: its language, the file named by "<!-- cut from FILE -->" before it, and
// its lines.
struct Block {
  std::string language, file, text;
};

std::vector<Block> blocks_of(const std::string& page) {
  constexpr std::string_view kMark = "<!-- cut from ";
  std::vector<Block> blocks;
  std::istringstream lines{page};
  std::string file;
  bool is_inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      if (!is_inside) {
        blocks.push_back({line.substr(3), file, ""});
        file.clear();
      }
      is_inside = !is_inside;
    } else if (is_inside) {
      blocks.back().text += line + "\n";
    } else if (line.starts_with(kMark)) {
      file = line.substr(kMark.size(), line.find(" -->") - kMark.size());
    } else if (!line.empty()) {
      file.clear();
    }
  }
  return blocks;
}

}  // namespace

TEST_CASE("code in the docs is cut from files of the tree", "[docs]") {
  std::size_t cut = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{kSource / "docs"}) {
    if (entry.path().extension() != ".md") continue;
    for (const auto& block : blocks_of(read(entry.path()))) {
      INFO(entry.path().string() << ":\n" << block.text);
      if (block.language == "cpp") CHECK_FALSE(block.file.empty());
      if (block.file.empty()) continue;
      ++cut;
      REQUIRE(std::filesystem::exists(kSource / block.file));
      CHECK(read(kSource / block.file).find(block.text) != std::string::npos);
    }
  }
  CHECK(cut >= 4);
}

TEST_CASE("the guide to plugins names every conformance check", "[docs]") {
  const auto guide = read(kSource / "docs/writing-a-plugin.md");
  for (const auto& check : millrace::testing::conformance_checks()) {
    INFO(check.name);
    CHECK(guide.find("| `" + std::string{check.name} + "` |") != std::string::npos);
  }
}
