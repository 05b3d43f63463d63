#include "plugins/augment/source_renderer.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "plugins/records/naming.hpp"
#include "plugins/records/record_edit.hpp"

namespace millrace::augment {
namespace {

// The name of the node that made the record: of ...#NODE:K at the end of its identity.
std::string_view last_node(std::string_view identity) {
  const auto colon = identity.rfind(':');
  const auto hash = identity.substr(0, colon).rfind('#');
  if (colon == std::string_view::npos || hash == std::string_view::npos) return {};
  return identity.substr(hash + 1, colon - hash - 1);
}

// A full disk, or a store that is away or takes no writes, meets every picture that follows too.
// That concerns the job; what is wrong with one address concerns its record alone.
bool concerns_all_pictures(const Failure& failure) {
  return failure.code() == MR_EXHAUSTED || failure.code() == MR_UNAVAILABLE ||
         failure.code() == MR_IO;
}

void append_escaped(std::string& out, std::string_view path) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
}

// qiniu:///zone/bucket/key becomes BASE/bucket/key.
std::string public_url(std::string_view base, std::string_view stored) {
  constexpr std::string_view kScheme = "qiniu:///";
  const auto behind_zone = stored.find('/', kScheme.size());
  std::string url{base.substr(0, base.find_last_not_of('/') + 1)};
  append_escaped(url, stored.substr(std::min(behind_zone, stored.size())));
  return url;
}

}  // namespace

// The work on one source.
class SourceRenderer::Rendering {
 public:
  Rendering(SourceRenderer& renderer, Context& context, std::span<const RecipeRow> rows,
            std::vector<RenderedRow>& rendered)
      : renderer_{renderer},
        context_{context},
        rows_{rows},
        rendered_{rendered},
        plans_(rows.size()) {}

  void run() {
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].type == "image") {
        wanted.push_back(i);
      } else {
        fail({i}, "unsupported_type", "only records of the type image can be augmented");
      }
    }
    if (wanted.empty()) return;
    try {
      fetch();
      plan(wanted);
      turn_without_loss();
      decode_and_grow();
    } catch (const RecordFailure& failure) {
      // What has been rendered or has failed by itself is out of the plans.
      std::erase_if(wanted, [&](std::size_t i) { return is_settled(i); });
      fail(wanted, failure.code(), failure.what());
    }
  }

 private:
  static constexpr std::string_view kFetchFailed = "fetch_failed";

  [[nodiscard]] const RenderSettings& settings() const { return renderer_.settings_; }
  [[nodiscard]] bool is_settled(std::size_t i) const { return plans_[i].is_settled; }

  void stop_if_asked() {
    if (context_.stopping()) throw Failure{MR_CANCELLED, "stopped while rendering"};
  }

  void fetch() {
    stop_if_asked();
    try {
      bytes_ = context_.read_all(rows_.front().url, settings().max_bytes);
    } catch (const Failure& failure) {
      if (failure.code() == MR_CANCELLED) throw;
      throw RecordFailure{failure.code() == MR_EXHAUSTED ? "too_large" : kFetchFailed,
                          failure.what()};
    }
    const auto format = sniff_format(bytes_);
    if (!format)
      throw RecordFailure{"not_an_image", "the first bytes are those of no known picture format"};
    format_ = *format;
    const auto extent = read_extent(bytes_, format_);
    if (!extent) {
      throw RecordFailure{"decode_failed",
                          "the header of the " + std::string{to_string(format_)} + " is broken"};
    }
    settings().limits.check(extent->width, extent->height, "the picture");
    size_ = {static_cast<int>(extent->width), static_cast<int>(extent->height)};
  }

  void plan(const std::vector<std::size_t>& wanted) {
    for (const auto i : wanted) {
      try {
        plans_[i].chain =
            plan_chain(rows_[i].ops, size_, format_, settings().limits, renderer_.recipes_);
      } catch (const RecordFailure& failure) {
        fail({i}, failure.code(), failure.what());
      }
    }
  }

  void turn_without_loss() {
    if (format_ != ImageFormat::Jpeg || !settings().is_lossless) return;
    std::map<Turn, std::vector<std::size_t>> by_turn;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (plans_[i].chain && plans_[i].chain->turn) by_turn[*plans_[i].chain->turn].push_back(i);
    }
    for (const auto& [turn, copies] : by_turn) {
      stop_if_asked();
      const auto turned = renderer_.codec_.jpeg().turn(bytes_, turn);
      if (!turned) return;  // neither will the others: it depends on the picture
      store(*turned, Encoding{ImageFormat::Jpeg}, copies);
    }
  }

  void decode_and_grow() {
    ChainTree tree;
    bool is_needed = false;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (is_settled(i) || !plans_[i].chain) continue;
      tree.add(*plans_[i].chain, i);
      is_needed = true;
    }
    if (!is_needed) return;
    auto picture = renderer_.pool_.take();
    std::string why;
    if (!renderer_.codec_.decode(bytes_, format_, picture, why))
      throw RecordFailure{"decode_failed", why};
    ChainTree::Harvest harvest;
    harvest.finished = [this](const cv::Mat& result, const Encoding& encoding,
                              const std::vector<std::size_t>& copies) {
      stop_if_asked();
      std::string reason;
      const auto encoded = renderer_.codec_.encode(result, encoding, reason);
      if (encoded.empty()) return fail(copies, "encode_failed", reason);
      store(encoded, encoding, copies);
    };
    harvest.failed = [this](const std::vector<std::size_t>& copies, const std::string& reason) {
      fail(copies, "op_failed", reason);
    };
    tree.run(std::move(picture), renderer_.pool_, harvest);
  }

  void store(std::string_view encoded, const Encoding& encoding,
             const std::vector<std::size_t>& copies) {
    for (const auto i : copies) {
      const auto& row = rows_[i];
      auto url = records::generated_url(settings().prefix, row.url, row.identity, row.ops,
                                        extension_of(encoding.format));
      try {
        context_.put(url, encoded);
      } catch (const Failure& failure) {
        if (failure.code() == MR_CANCELLED) throw;
        if (concerns_all_pictures(failure))
          throw Failure{failure.code(), "store picture " + url + ": " + failure.what()};
        fail({i}, "store_failed", failure.what());
        continue;
      }
      finish(i, std::move(url));
    }
  }

  void finish(std::size_t i, std::string url) {
    const auto& row = rows_[i];
    if (!settings().public_base.empty()) url = public_url(settings().public_base, url);
    std::vector<DroppedBox> dropped;
    RenderedRow out{row.row, std::move(url), {}, {}};
    out.label = move_label(row.label, plans_[i].chain->movements, settings().boxes, dropped);
    const std::string ops = "augment(" + std::string{row.ops} + ")";
    records::RecordEdit edit{.url = out.url, .source_url = row.url, .ops = ops, .label = {}};
    if (!out.label.empty()) edit.label = out.label;
    out.record = records::edit_record(row.record, edit);
    for (const auto& box : dropped) {
      record_event(Level::Info, "box_dropped",
                   "too little of a box is left after " + std::string{box.op} + ": " +
                       box.box_class + " of " + box.label,
                   row);
    }
    rendered_.push_back(std::move(out));
    context_.count("generated");
    plans_[i].is_settled = true;
  }

  // One event for each root and node, however many copies there were to be.
  void fail(const std::vector<std::size_t>& copies, std::string_view code, std::string_view why) {
    const RecipeRow* last = nullptr;
    for (const auto i : copies) {
      const auto& row = rows_[i];
      const bool is_told = last != nullptr && last->line == row.line && last->file == row.file &&
                           last_node(last->identity) == last_node(row.identity);
      if (!is_told) record_event(Level::Error, code, why, row);
      last = &row;
      context_.count("failed");
      plans_[i].is_settled = true;
    }
  }

  void record_event(Level level, std::string_view code, std::string_view why,
                    const RecipeRow& row) {
    context_.record_event({.level = level,
                           .code = code,
                           .message = why,
                           .file = row.file,
                           .line = row.line,
                           .url = row.url,
                           .op = last_node(row.identity)});
  }

  struct Copy {
    std::optional<ChainPlan> chain;
    bool is_settled = false;  // rendered or failed
  };

  SourceRenderer& renderer_;
  Context& context_;
  std::span<const RecipeRow> rows_;
  std::vector<RenderedRow>& rendered_;
  std::vector<Copy> plans_;

  std::string bytes_;
  ImageFormat format_ = ImageFormat::Png;
  cv::Size size_;
};

void SourceRenderer::render(Context& context, std::span<const RecipeRow> rows,
                            std::vector<RenderedRow>& rendered) {
  Rendering{*this, context, rows, rendered}.run();
  recipes_.clear();
}

}  // namespace millrace::augment
