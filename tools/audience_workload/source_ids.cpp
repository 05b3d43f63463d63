#include "tools/audience_workload/source_ids.hpp"

#include <fmt/format.h>

namespace millrace::workload {
namespace {

struct IdRange {
  int first, last;
};

void append_ids(std::vector<std::string>& ids, const char* prefix, int digits,
                const std::vector<IdRange>& ranges) {
  for (const auto& range : ranges) {
    for (int number = range.first; number <= range.last; ++number)
      ids.push_back(fmt::format("{}{:0{}}", prefix, number, digits));
  }
}

std::vector<std::string> make_forum_ids() {
  std::vector<std::string> ids;
  append_ids(ids, "WH_F", 4,
             {{2, 3},     {5, 8},     {11, 16},   {18, 19},   {21, 24},   {26, 29},
              {31, 36},   {39, 40},   {43, 44},   {46, 48},   {50, 61},   {63, 70},
              {73, 74},   {76, 87},   {89, 105},  {107, 113}, {115, 123}, {125, 126},
              {128, 136}, {138, 143}, {145, 146}, {148, 156}, {158, 164}, {166, 166},
              {168, 182}, {184, 195}, {201, 203}, {206, 206}, {208, 209}});
  return ids;
}

std::vector<std::string> make_news_ids() {
  std::vector<std::string> ids{"WH_CTN0026"};
  append_ids(ids, "WH_N", 4,
             {{1, 8},     {10, 10},   {12, 12},   {14, 15},   {17, 23},   {32, 32},   {38, 39},
              {42, 42},   {44, 45},   {47, 48},   {55, 55},   {58, 69},   {71, 71},   {87, 87},
              {96, 96},   {103, 103}, {105, 150}, {152, 183}, {186, 227}, {234, 237}, {239, 239},
              {242, 242}, {244, 245}, {251, 260}, {271, 272}, {280, 309}, {313, 322}, {327, 331},
              {334, 347}, {354, 357}, {360, 360}, {362, 362}, {364, 364}, {368, 385}, {387, 390},
              {406, 406}, {416, 420}, {442, 465}, {471, 475}, {494, 498}, {542, 550}, {570, 579},
              {585, 588}, {613, 620}, {631, 631}, {640, 643}, {645, 729}, {740, 754}, {759, 763}});
  append_ids(ids, "WH_NI", 3, {{1, 16}});
  return ids;
}

std::vector<std::string> make_blog_ids() {
  std::vector<std::string> ids;
  append_ids(ids, "WH_B", 4, {{2, 4}, {6, 11}, {13, 13}, {16, 24}, {26, 49}});
  return ids;
}

}  // namespace

const std::vector<std::string>& forum_ids() {
  static const auto ids = make_forum_ids();
  return ids;
}

const std::vector<std::string>& news_ids() {
  static const auto ids = make_news_ids();
  return ids;
}

const std::vector<std::string>& blog_ids() {
  static const auto ids = make_blog_ids();
  return ids;
}

}  // namespace millrace::workload
