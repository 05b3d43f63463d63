#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/context.hpp>

#include "plugins/augment/chain_plan.hpp"
#include "plugins/augment/chain_tree.hpp"
#include "plugins/augment/formats/picture_codec.hpp"

namespace millrace::augment {

struct RenderSettings {
  std::string prefix;       // where pictures are stored, without a "/" at its end
  std::string public_base;  // of the addresses that records get; empty: they get those of the store
  PictureLimits limits{};
  std::uint64_t max_bytes = 64u << 20;  // of a source picture
  BoxRules boxes{};
  bool is_lossless = true;  // turns of JPEGs happen without decoding where that is exact
};

/// A generated record as it came: a recipe. Views into the batch.
struct RecipeRow {
  std::int64_t row = 0;
  std::string_view url, type, label, record, identity, ops, file;
  std::int64_t line = 0;
};

/// The same record with its picture stored.
struct RenderedRow {
  std::int64_t row = 0;
  std::string url, label, record;
};

/// Makes pictures of recipes. Keeps codecs and buffers from one source to the next. [one thread at
/// a time]
class SourceRenderer {
 public:
  explicit SourceRenderer(RenderSettings settings) : settings_{std::move(settings)} {}

  /// Renders all recipes of one source, which is fetched and decoded once at the most. What fails
  /// is told to the record log and counted as failed, the rest is counted as generated and appended
  /// to `rendered`, in any order.
  void render(Context& context, std::span<const RecipeRow> rows,
              std::vector<RenderedRow>& rendered);

 private:
  class Rendering;

  RenderSettings settings_;
  RecipeBook recipes_;
  PictureCodec codec_;
  PicturePool pool_;
};

}  // namespace millrace::augment
