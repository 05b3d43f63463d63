#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::learn {

/// The places of a character in a word that the dictionary does not know: it begins one, ends one,
/// stands in its middle, or is one. In the order of their letters, by which jieba decides ties.
enum class Place : std::uint8_t { Begin, End, Middle, Single };

/// The hidden Markov model of jieba's finalseg: log probabilities of places, of their order, and of
/// characters (U+4E00 to U+9FD5) at them. Immutable. [any thread]
class CharacterModel {
 public:
  static constexpr char32_t kFirst = 0x4E00, kLast = 0x9FD5;
  static constexpr bool knows(char32_t character) {
    return character >= kFirst && character <= kLast;
  }

  /// Reads prob_start.py, prob_trans.py and prob_emit.py, given as text. Throws Failure with
  /// DataInvalid.
  static CharacterModel read(std::string_view start, std::string_view transitions,
                             std::string_view emissions);

  /// Most likely places of `characters`, each of which it knows (Viterbi's algorithm, with jieba's
  /// order of additions, so that rounding and ties are its own). `from` is scratch.
  void place(const char32_t* characters, std::size_t count, std::vector<std::uint8_t>& from,
             std::vector<Place>& places) const;

 private:
  static constexpr double kNever = -3.14e100;
  using ByPlace = std::array<double, 4>;

  ByPlace start_{kNever, kNever, kNever, kNever};
  std::array<ByPlace, 4> transitions_{};  // from, to
  std::vector<ByPlace> emissions_;        // by character - kFirst
};

}  // namespace millrace::learn
