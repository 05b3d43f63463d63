#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

// Guides show code of files that are compiled or run. Above each block stands where it is from:
//   <!-- cut: sdk/template/url_suffix.cpp -->            the whole file
//   <!-- cut: sdk/template/url_suffix_test.cpp ... -->   lines that follow one another in it
//   <!-- cut: tests/out_of_tree/client/main.cpp git -->  the lines between "[git]" and "[/git]"
// The script walk runs their commands, and saves and builds what else they show.
namespace {

const std::filesystem::path kRoot{MR_SOURCE_DIR};

std::string read(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream{text};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string region_of(const std::filesystem::path& file, const std::string& region) {
  const std::string text = read(file);
  if (region.empty()) return joined(lines_of(text));
  std::vector<std::string> kept;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (line.find("[/" + region + "]") != std::string::npos) inside = false;
    if (inside) kept.push_back(line);
    if (line.find("[" + region + "]") != std::string::npos) inside = true;
  }
  return joined(kept);
}

std::vector<std::filesystem::path> guides() {
  std::vector<std::filesystem::path> found{kRoot / "README.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator{kRoot / "docs"}) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  return found;
}

}  // namespace

TEST_CASE("blocks that are said to be cut from a file are what stands in it", "[docs]") {
  const std::string kMark = "<!-- cut: ";
  int blocks = 0;
  for (const auto& guide : guides()) {
    const auto lines = lines_of(read(guide));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].compare(0, kMark.size(), kMark) != 0) continue;
      std::istringstream words{lines[i].substr(kMark.size())};
      std::string file, region;
      words >> file >> region;
      if (region == "-->") region.clear();
      INFO(guide.string() << ":" << i + 1);
      REQUIRE(i + 1 < lines.size());
      REQUIRE(lines[i + 1].compare(0, 3, "```") == 0);
      std::vector<std::string> block;
      for (std::size_t j = i + 2; j < lines.size() && lines[j] != "```"; ++j)
        block.push_back(lines[j]);
      if (region == "...") {
        CHECK(read(kRoot / file).find(joined(block)) != std::string::npos);
      } else {
        CHECK(joined(block) == region_of(kRoot / file, region));
      }
      ++blocks;
    }
  }
  CHECK(blocks > 0);
}

TEST_CASE(
    "all C++ of the guides is cut from a file that is compiled, or saved and built by the walk",
    "[docs]") {
  for (const auto& guide : guides()) {
    const auto lines = lines_of(read(guide));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i] != "```cpp") continue;
      INFO(guide.string() << ":" << i + 1);
      const bool is_cut = i > 0 && lines[i - 1].starts_with("<!-- cut: ");
      const bool is_saved =
          i > 1 && lines[i - 1].empty() && lines[i - 2].find("Save it as `") != std::string::npos;
      CHECK((is_cut || is_saved));
    }
  }
}

TEST_CASE("the guide to plugins names every conformance check", "[docs]") {
  const auto guide = read(kRoot / "docs/writing-a-plugin.md");
  for (const auto& check : millrace::testing::conformance_checks()) {
    INFO(check.name);
    CHECK(guide.find("| `" + std::string{check.name} + "` |") != std::string::npos);
  }
}

TEST_CASE("links between the pages lead somewhere", "[docs]") {
  for (const auto& guide : guides()) {
    std::string text;  // without the code
    bool inside = false;
    for (const std::string& line : lines_of(read(guide))) {
      if (line.compare(0, 3, "```") == 0) inside = !inside;
      if (!inside) text += line + "\n";
    }
    for (auto at = text.find("]("); at != std::string::npos; at = text.find("](", at + 2)) {
      const auto end = text.find(')', at);
      std::string target = text.substr(at + 2, end - at - 2);
      target = target.substr(0, target.find('#'));
      if (target.empty() || target.find("://") != std::string::npos) continue;
      INFO(guide.string() << ": " << target);
      CHECK(std::filesystem::exists(guide.parent_path() / target));
    }
  }
}
