#include "plugins/learn/character_model.hpp"

#include <span>
#include <string>

#include <millrace/context.hpp>

#include "plugins/learn/python_table.hpp"

namespace millrace::learn {

namespace {

constexpr std::string_view kPlaceLetters = "BEMS";

std::size_t place_of(char32_t letter, std::string_view name) {
  const auto found =
      letter < 0x80 ? kPlaceLetters.find(static_cast<char>(letter)) : std::string_view::npos;
  if (found == std::string_view::npos)
    throw Failure{MR_DATA_INVALID, std::string{name} + ": places are B, E, M and S"};
  return found;
}

// What may stand before a place, the smaller one first.
constexpr std::array<std::array<std::uint8_t, 2>, 4> kBefore{{{1, 3}, {0, 2}, {0, 2}, {1, 3}}};

}  // namespace

CharacterModel CharacterModel::read(std::string_view start, std::string_view transitions,
                                    std::string_view emissions) {
  CharacterModel model;
  for (auto& row : model.transitions_) row.fill(kNever);
  model.emissions_.assign(kLast - kFirst + 1, {kNever, kNever, kNever, kNever});
  read_python_table("prob_start.py", start, 1, [&](std::span<const char32_t> keys, double value) {
    model.start_[place_of(keys[0], "prob_start.py")] = value;
  });
  read_python_table(
      "prob_trans.py", transitions, 2, [&](std::span<const char32_t> keys, double value) {
        model.transitions_[place_of(keys[0], "prob_trans.py")][place_of(keys[1], "prob_trans.py")] =
            value;
      });
  std::size_t known = 0;
  read_python_table("prob_emit.py", emissions, 2,
                    [&](std::span<const char32_t> keys, double value) {
                      const auto place = place_of(keys[0], "prob_emit.py");
                      if (!knows(keys[1])) return;
                      model.emissions_[keys[1] - kFirst][place] = value;
                      ++known;
                    });
  if (known == 0) throw Failure{MR_DATA_INVALID, "prob_emit.py: it has no Chinese character"};
  return model;
}

void CharacterModel::place(const char32_t* characters, std::size_t count,
                           std::vector<std::uint8_t>& from, std::vector<Place>& places) const {
  places.resize(count);
  from.resize(count);
  if (count == 0) return;
  ByPlace likely;
  const auto& first = emissions_[characters[0] - kFirst];
  for (std::size_t y = 0; y < 4; ++y) likely[y] = start_[y] + first[y];
  for (std::size_t i = 1; i < count; ++i) {
    const auto& emission = emissions_[characters[i] - kFirst];
    ByPlace next;
    unsigned chosen = 0;  // bit y: place y comes from the larger of its two
    for (std::size_t y = 0; y < 4; ++y) {
      const auto [smaller, larger] = kBefore[y];
      const double by_smaller = likely[smaller] + transitions_[smaller][y] + emission[y];
      const double by_larger = likely[larger] + transitions_[larger][y] + emission[y];
      const bool is_larger = by_larger >= by_smaller;
      next[y] = is_larger ? by_larger : by_smaller;
      chosen |= unsigned{is_larger} << y;
    }
    from[i] = static_cast<std::uint8_t>(chosen);
    likely = next;
  }
  constexpr std::size_t kEnd = 1, kSingle = 3;
  auto y = likely[kSingle] >= likely[kEnd] ? kSingle : kEnd;
  for (std::size_t i = count; i-- > 0;) {
    places[i] = static_cast<Place>(y);
    y = kBefore[y][(from[i] >> y) & 1U];
  }
}

}  // namespace millrace::learn
