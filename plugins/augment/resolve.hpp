#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/augment/check.hpp"

namespace millrace::augment {

/// What the draws of one new record depend on.
struct DrawFrom {
  std::uint64_t seed = 0;     // of the job
  std::string_view node;      // name of the augment node
  std::string_view identity;  // of the new record
};

/// An operation with every choice made: what is done to one picture.
struct ResolvedOp {
  const OpSpec* spec = nullptr;
  Args args{{}};
  std::uint64_t seed = 0;

  [[nodiscard]] Step step(cv::Size size) const { return {args, size, seed}; }
};

/// Draws the arguments of step `index` of a node's chain, and appends the operation's resolved text
/// to `text`. Parameter j draws U(seed, node, "p<index>.<j>", identity); an operation that draws
/// more is given the seed U64(seed, node, "noise<index>", identity), unless one was written.
void resolve(const CheckedOp& op, std::size_t index, const DrawFrom& from, std::string& text);

/// Appends the resolved texts of a chain, joined by ",".
void resolve(const std::vector<CheckedOp>& chain, const DrawFrom& from, std::string& text);

/// Reads a resolved text of one operation back; nothing when it is none (`why` then says so).
std::optional<ResolvedOp> read_recipe(std::string_view text, std::string& why);

}  // namespace millrace::augment
